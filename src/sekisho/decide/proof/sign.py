"""Sign requests: for our own clients, and for tests that need a request somebody signed.

Source: IAM User Guide, "Create a signed AWS API request". `presign` adds its parameters in the
order the AWS CLI emits them, so that a token made here is the token made there.
"""

from dataclasses import replace
from datetime import timedelta

from sekisho.decide.proof import canonical
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.payload import UNSIGNED, sha256_hex
from sekisho.decide.values import Instant

KUBECTL_LIFETIME = timedelta(seconds=60)
"""What ``aws eks get-token`` writes into X-Amz-Expires; STS ignores it."""

_ADDED = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
_CHANGED_ON_THE_WAY = frozenset(
    {"connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"}
)


def sign_headers(
    request: HttpRequest, keys: SigningKeys, now: Instant, *, region: str, service: str
) -> HttpRequest:
    """Return ``request`` with an Authorization header that covers its headers, query and body.

    ``request`` holds a host header. For S3, ``x-amz-content-sha256`` is added unless it is there
    already (``UNSIGNED-PAYLOAD``); an earlier signature is replaced.
    """
    headers = tuple((name, value) for name, value in request.headers if name not in _ADDED)
    headers += (("x-amz-date", now.amz()),)
    if keys.session_token is not None:
        headers += (("x-amz-security-token", keys.session_token.reveal()),)
    payload_hash = sha256_hex(request.body)
    if service in canonical.S3_SERVICES:
        stated = request.header("x-amz-content-sha256")
        payload_hash = stated[0] if stated else payload_hash
        headers += () if stated else (("x-amz-content-sha256", payload_hash),)
    signed = replace(request, headers=headers)
    signature = _signature(signed, keys, now, region, service, payload_hash)
    authorization = (
        f"{canonical.ALGORITHM} Credential={keys.access_key_id}/{_scope(now, region, service)}, "
        f"SignedHeaders={';'.join(_signed_names(signed))}, Signature={signature}"
    )
    return replace(signed, headers=(*headers, ("authorization", authorization)))


def presign(
    request: HttpRequest,
    keys: SigningKeys,
    now: Instant,
    *,
    region: str,
    service: str,
    lifetime: timedelta = KUBECTL_LIFETIME,
) -> HttpRequest:
    """Return ``request`` with the signature in its query.

    ``request`` holds a host header and every header to sign (``x-k8s-aws-id``); the receiver has
    to see the same values. For S3 the body is left unsigned.
    """
    added = [
        ("X-Amz-Algorithm", canonical.ALGORITHM),
        ("X-Amz-Credential", f"{keys.access_key_id}/{_scope(now, region, service)}"),
        ("X-Amz-Date", now.amz()),
        ("X-Amz-Expires", str(int(lifetime.total_seconds()))),
        ("X-Amz-SignedHeaders", ";".join(_signed_names(request))),
    ]
    if keys.session_token is not None:
        added.append(("X-Amz-Security-Token", keys.session_token.reveal()))
    unsigned = _with_parameters(request, added)
    payload_hash = UNSIGNED if service in canonical.S3_SERVICES else sha256_hex(request.body)
    signature = _signature(unsigned, keys, now, region, service, payload_hash)
    return _with_parameters(unsigned, [("X-Amz-Signature", signature)])


def url_of(request: HttpRequest, scheme: str = "https") -> str:
    """Return the URL that asks for ``request`` at the host in its host header."""
    host = request.header("host")[0]
    return f"{scheme}://{host}{request.path}" + (f"?{request.query}" if request.query else "")


def _with_parameters(request: HttpRequest, parameters: list[tuple[str, str]]) -> HttpRequest:
    encoded = "&".join(f"{name}={canonical.uri_encode(value)}" for name, value in parameters)
    return replace(request, query=f"{request.query}&{encoded}" if request.query else encoded)


def _signed_names(request: HttpRequest) -> tuple[str, ...]:
    return tuple(sorted({name for name, _ in request.headers} - _CHANGED_ON_THE_WAY - {"authorization"}))


def _scope(now: Instant, region: str, service: str) -> str:
    return f"{now.amz()[:8]}/{region}/{service}/{canonical.TERMINATOR}"


def _signature(
    request: HttpRequest, keys: SigningKeys, now: Instant, region: str, service: str, payload_hash: str
) -> str:
    values = canonical.header_values(request.headers)
    text = canonical.canonical_request(
        request.method,
        canonical.canonical_path(request.path, service),
        canonical.canonical_query(request.query),
        ((name, values[name]) for name in _signed_names(request)),
        payload_hash,
    )
    key = canonical.signing_key(keys.secret.reveal(), now.amz()[:8], region, service)
    return canonical.signature(key, canonical.string_to_sign(now.amz(), _scope(now, region, service), text))
