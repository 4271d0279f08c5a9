"""What an issuer says of itself: OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2.

An endpoint is believed where it is https (or loopback, for an issuer that is itself on loopback): a
document that sends credentials over an open line is refused as a whole.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.login_request import is_loopback_http
from sekisho.decide.authn.oidc.issuer_rules import is_same_but_for_slashes
from sekisho.decide.authn.oidc.model import ALGORITHMS, DEFAULT_ALGORITHMS
from sekisho.decide.values import Json, JsonObject, SekishoInputError, documents
from sekisho.decide.values.document_text import shown

MAX_URL_CHARS: Final = 2_048


@dataclass(frozen=True, slots=True)
class Metadata:
    """Endpoints (empty where the issuer has none) and what the issuer supports."""

    issuer: str
    authorization: str
    token: str
    keys: str
    device_authorization: str = ""
    revocation: str = ""
    end_session: str = ""
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    token_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    grants: tuple[str, ...] = ("authorization_code", "implicit")
    scopes: tuple[str, ...] = ()
    names_itself: bool = False
    """Whether every authorization response has the issuer as ``iss`` (RFC 9207, section 3)."""


def parse_metadata(body: bytes, issuer: str) -> Metadata:
    """Return what a discovery document holds.

    Raises:
        EnvironmentFailure: it is none, is about another issuer (section 4.3), or lacks an endpoint.
    """
    try:
        value: Json = documents.parse_json(body, "discovery")
    except SekishoInputError:
        raise trouble(issuer, "its discovery document is not JSON") from None
    if not isinstance(value, dict):
        raise trouble(issuer, "its discovery document is no JSON object")
    _check_issuer(value.get("issuer"), issuer)

    def endpoint(name: str, *, required: bool = False) -> str:
        url = value.get(name)
        if url is None and not required:
            return ""
        if not isinstance(url, str) or not _is_endpoint(url, issuer):
            raise trouble(issuer, f"its discovery document has no usable `{name}`: expected an https address")
        return url

    known = _texts(value, "id_token_signing_alg_values_supported") or DEFAULT_ALGORITHMS
    defaults = Metadata("", "", "", "")
    return Metadata(
        issuer,
        endpoint("authorization_endpoint", required=True),
        endpoint("token_endpoint", required=True),
        endpoint("jwks_uri", required=True),
        endpoint("device_authorization_endpoint"),
        endpoint("revocation_endpoint"),
        endpoint("end_session_endpoint"),
        tuple(name for name in ALGORITHMS if name in known),
        _texts(value, "token_endpoint_auth_methods_supported") or defaults.token_auth_methods,
        _texts(value, "grant_types_supported") or defaults.grants,
        _texts(value, "scopes_supported"),
        value.get("authorization_response_iss_parameter_supported") is True,
    )


def trouble(issuer: str, problem: str, *, can_retry: bool = False) -> EnvironmentFailure:
    """Return the failure of an issuer."""
    return EnvironmentFailure(f"ask {issuer}", problem, can_retry=can_retry)


def _check_issuer(found: Json, issuer: str) -> None:
    if found == issuer:
        return
    if not isinstance(found, str):
        raise trouble(issuer, "its discovery document names no issuer")
    near = "; they differ in the slash at the end" if is_same_but_for_slashes(found, issuer) else ""
    raise trouble(issuer, f"its discovery document is about another issuer, {shown(found)}{near}")


def _is_endpoint(url: str, issuer: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (is_loopback_http(url) and is_loopback_http(issuer))
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}")
    return (
        is_safe
        and is_plain
        and bool(parts.hostname)
        and parts.username is None
        and "#" not in url
        and len(url) <= MAX_URL_CHARS
    )


def _texts(value: JsonObject, name: str) -> tuple[str, ...]:
    found = value.get(name)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()
