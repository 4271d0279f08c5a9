"""Hide credentials in a canonical request before it is shown.

STS answers a wrong signature with the canonical request it expected; the session token in
it, and any other credential that travels in a header or parameter, is replaced by ``***``.
"""

from collections.abc import Iterable

MASK = "***"

_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-s3session-token",
        "x-amz-security-token",
        "x-amz-server-side-encryption-customer-key",
    }
)
_PARAMETERS = frozenset(
    {
        "authenticationcode1",
        "authenticationcode2",
        "newpassword",
        "oldpassword",
        "password",
        "samlassertion",
        "tokencode",
        "webidentitytoken",
        "x-amz-security-token",
        "x-amz-signature",
    }
)


def masked_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return ``headers`` with the values of credentials replaced."""
    return tuple((name, MASK if name in _HEADERS else value) for name, value in headers)


def masked_query(canonical_query: str) -> str:
    """Return a canonical query with the values of credentials replaced."""
    return "&".join(_masked_parameter(pair) for pair in canonical_query.split("&"))


def _masked_parameter(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}{equals}{MASK}" if name.lower() in _PARAMETERS else pair
