"""What a bearer IAM token asks STS, and every reason not to ask.

A token is ``k8s-aws-v1.`` and the base64url of a presigned GetCallerIdentity URL. It
proves who made it only through STS, so this module decides whether the URL may be asked
at all; `sekisho.decide.authn.sts_answer` reads what STS says. Nothing here does I/O.

Source: aws-iam-authenticator ``pkg/token`` for the checks that it has. Stricter: 16 KiB
instead of 4 (session tokens alone may have 4096 bytes), no user information, port or
fragment, a complete SigV4 query, a bounded future.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sekisho.decide.authn.presigned_query import parse_query
from sekisho.decide.authn.sts_host import StsEndpoints, StsHostCode, partition_name, region_of
from sekisho.decide.authn.token_code import IamTokenCode as Code
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.values import Instant, Ref, Secret

PREFIX: Final = "k8s-aws-v1."
CLUSTER_HEADER: Final = "x-k8s-aws-id"
MAX_TOKEN_BYTES: Final = 16 * 1024
VALIDITY: Final = timedelta(minutes=15)
"""How long STS honours a presigned URL, whatever its ``X-Amz-Expires`` says."""
MAX_FUTURE: Final = timedelta(minutes=5)
MAX_EXPIRES_SECONDS: Final = 900

TOKEN: Final = Ref("token")

_ENCODED = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_VISIBLE = re.compile(rb"[\x21-\x7e]*")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?P<fragment>\#.*)?",
    re.ASCII,
)
_ACCESS_KEY = re.compile(r"[A-Za-z0-9_]{16,128}", re.ASCII)
_EXPIRES = re.compile(r"[0-9]{1,3}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CLUSTER_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenServer:
    """Who checks tokens: ``cluster_id`` is the cluster they must be made for.

    ``server_region`` is the region the server runs in ("" unknown). With
    ``refuse_foreign_scope`` a credential scoped to another region than the host's is
    refused here; without, STS refuses it and the step stays in the trace. It has no
    default because the choice is the operator's: the first saves a call to STS.
    ``own_hosts`` are further hosts, spelled with their port, whose STS answers for the server's
    region: the local endpoint that a client names where it cannot use AWS's own.

    Raises:
        ValueError: ``cluster_id`` is empty or cannot be a header value.
    """

    cluster_id: str
    endpoints: StsEndpoints
    server_region: str
    refuse_foreign_scope: bool
    own_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _CLUSTER_ID.fullmatch(self.cluster_id):
            raise ValueError("a cluster id is printable ASCII and not empty")


@dataclass(frozen=True, slots=True)
class StsQuestion:
    """The GET request that tells who made a token; sent once, redirects not followed.

    ``target`` is the path and query of ``https://HOST`` and, like the token, a credential.
    ``fingerprint`` (SHA-256 of the token) may key a cache of answers until ``expires_at``.
    ``notes`` are the steps that STS may refuse the request for.
    """

    host: str
    region: str
    partition: str
    target: Secret = field(repr=False)
    headers: tuple[tuple[str, str], ...]
    access_key_id: str
    signed_at: Instant
    expires_at: Instant
    fingerprint: str
    notes: tuple[Step, ...] = ()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a trace may show of the token."""
        return (
            ("access_key_id", self.access_key_id),
            ("host", self.host),
            ("signed_at", str(self.signed_at)),
            ("expires_at", str(self.expires_at)),
        )


def fingerprint(token: str) -> str:
    """Return the SHA-256 of ``token``, whatever it is: it stands for it where the token itself may not."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class _RefusedError(Exception):
    """Carries the first failed check out of `_question`; never leaves this module."""

    def __init__(self, code: ReasonCode, **facts: str) -> None:
        super().__init__(code)
        self.step = Step(code, TOKEN, tuple(facts.items()))


def plan(token: str, server: TokenServer, now: Instant) -> Decision[StsQuestion]:
    """Return ALLOW with the question for STS, or the first check that ``token`` fails.

    Total. A token of another kind (no ``k8s-aws-v1.``) is NO_OPINION; every other failure is
    DENY. ALLOW means no more than that STS may be asked: see `sts_answer.conclude`.
    """
    try:
        question = _question(token, server, now)
    except _RefusedError as refused:
        other = refused.step.code is Code.PREFIX
        outcome = Outcome.NO_OPINION if other else Outcome.DENY
        return Decision(outcome, (refused.step,), (refused.step,))
    step = Step(Code.WELL_FORMED, TOKEN, question.facts())
    return Decision(Outcome.ALLOW, (step,), (*question.notes, step), question)


def _question(token: str, server: TokenServer, now: Instant) -> StsQuestion:
    url = _decoded(token)
    match = _URL.fullmatch(url)
    if match is None:
        raise _RefusedError(Code.URL)
    host, region = _location(match, server)
    raw_query = match["query"] or ""
    query = parse_query(raw_query)
    if isinstance(query, Step):
        raise _RefusedError(query.code, **dict(query.facts))
    _check_meaning(query)
    signed_at = _signed_at(query, now)
    access_key_id, notes = _scope(query, region, signed_at, server)
    return StsQuestion(
        host=host,
        region=region,
        partition=server.endpoints.partition,
        target=Secret(f"/?{raw_query}"),
        headers=((CLUSTER_HEADER, server.cluster_id), ("Accept", "application/json")),
        access_key_id=access_key_id,
        signed_at=signed_at,
        expires_at=signed_at + VALIDITY,
        fingerprint=fingerprint(token),
        notes=notes,
    )


def _decoded(token: str) -> str:
    # Characters are counted before they are encoded: a lone surrogate could not be.
    if len(token) > MAX_TOKEN_BYTES:
        raise _RefusedError(Code.TOO_LONG, limit=str(MAX_TOKEN_BYTES))
    if not token.startswith(PREFIX):
        raise _RefusedError(Code.PREFIX)
    text = token.removeprefix(PREFIX)
    if not _ENCODED.fullmatch(text):
        raise _RefusedError(Code.BASE64)
    try:
        payload = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _RefusedError(Code.BASE64) from None
    # Bits beyond the last byte must be zero: one URL has one token.
    if base64.urlsafe_b64encode(payload).rstrip(b"=") != text.encode():
        raise _RefusedError(Code.BASE64)
    if not _VISIBLE.fullmatch(payload):
        raise _RefusedError(Code.URL)
    return payload.decode("ascii")


def _location(url: re.Match[str], server: TokenServer) -> tuple[str, str]:
    """Check everything before the query; return host and region."""
    if url["scheme"].lower() != "https":
        raise _RefusedError(Code.SCHEME)
    userinfo, at, host = url["authority"].rpartition("@")
    if at or userinfo:
        raise _RefusedError(Code.USERINFO)
    if url["path"] != "/":
        raise _RefusedError(Code.PATH)
    if url["fragment"] is not None:
        raise _RefusedError(Code.FRAGMENT)
    return host, _region(host, server)


def _region(host: str, server: TokenServer) -> str:
    if host in server.own_hosts:
        return server.server_region
    if ":" in host:
        raise _RefusedError(Code.PORT)
    region = region_of(host, server.endpoints, server.server_region)
    if isinstance(region, StsHostCode):
        raise _RefusedError(
            region,
            host=host[:253],
            partition=partition_name(host, server.endpoints),
            expected=server.endpoints.partition,
        )
    return region


def _check_meaning(query: dict[str, str]) -> None:
    """Check that the URL asks GetCallerIdentity with a whole SigV4 signature over the cluster id."""
    if query.get("action") != "GetCallerIdentity":
        raise _RefusedError(Code.ACTION)
    if query.get("version") != "2011-06-15":
        raise _RefusedError(Code.VERSION)
    signed = query.get("x-amz-signedheaders", "").lower().split(";")
    if CLUSTER_HEADER not in signed:
        raise _RefusedError(Code.CLUSTER_NOT_SIGNED)
    if "host" not in signed:
        raise _RefusedError(Code.HOST_NOT_SIGNED)
    expires = query.get("x-amz-expires", "")
    if not _EXPIRES.fullmatch(expires) or int(expires) > MAX_EXPIRES_SECONDS:
        raise _RefusedError(Code.EXPIRES, limit=str(MAX_EXPIRES_SECONDS))
    if query.get("x-amz-algorithm") != "AWS4-HMAC-SHA256":
        raise _RefusedError(Code.ALGORITHM)
    if not _SIGNATURE.fullmatch(query.get("x-amz-signature", "")):
        raise _RefusedError(Code.SIGNATURE)


def _signed_at(query: dict[str, str], now: Instant) -> Instant:
    try:
        signed_at = Instant.parse_amz(query.get("x-amz-date", ""))
    except ValueError:
        raise _RefusedError(Code.DATE) from None
    # Differences, not sums: a date in the year 9999 has no "15 minutes later".
    if now - signed_at > VALIDITY:
        raise _RefusedError(Code.EXPIRED, signed_at=str(signed_at), now=str(now))
    if signed_at - now > MAX_FUTURE:
        raise _RefusedError(Code.FUTURE, signed_at=str(signed_at), now=str(now))
    return signed_at


def _scope(
    query: dict[str, str], region: str, signed_at: Instant, server: TokenServer
) -> tuple[str, tuple[Step, ...]]:
    """Check the credential scope (IAM User Guide, "Elements of an AWS API request signature").

    Returns the access key id, and a note where the scope is of another region than the host.
    """
    parts = query.get("x-amz-credential", "").split("/")
    if len(parts) != 5 or not _ACCESS_KEY.fullmatch(parts[0]):
        raise _RefusedError(Code.CREDENTIAL)
    access_key_id, date, scope_region, service, terminator = parts
    if (service, terminator) != ("sts", "aws4_request"):
        raise _RefusedError(Code.SCOPE_SERVICE)
    if date != query["x-amz-date"][:8]:
        raise _RefusedError(Code.SCOPE_DATE, signed_at=str(signed_at))
    if scope_region == region:
        return access_key_id, ()
    facts = {"scope_region": scope_region[:64], "host_region": region}
    code = Code.SCOPE_REGION
    partition = server.endpoints.partition_of(scope_region)
    if partition is not None and partition.name != server.endpoints.partition:
        code = Code.SCOPE_PARTITION
        facts |= {"partition": partition.name, "expected": server.endpoints.partition}
    if server.refuse_foreign_scope:
        raise _RefusedError(code, **facts)
    return access_key_id, (Step(code, TOKEN, tuple(facts.items())),)
