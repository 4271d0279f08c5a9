"""The claims that every id token is held against before anybody asks for a key.

Source: OpenID Connect Core 1.0, sections 2 and 5.6.2; RFC 7519, section 4.1; go-oidc v2 as kube-apiserver
uses it: which types it reads, no leeway for ``exp``, a minute for ``nbf``, ``iat`` not compared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sekisho.decide.authn.oidc.code import OidcCode, OidcFix
from sekisho.decide.authn.oidc.model import JwtAuthenticator, setting
from sekisho.decide.authn.oidc.refusal import CLAIMS, MAX_SHOWN, RefusedError, fix, refused, shown, wrong_type
from sekisho.decide.values import Instant, Json, JsonObject, Secret

NBF_LEEWAY: Final = timedelta(minutes=1)
NAMES: Final = "_claim_names"
SOURCES: Final = "_claim_sources"

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_TEXTS: Final = ("sub", "nonce", "at_hash")
_MOST_SECONDS: Final = 2**63
_MAX_NUMBER_CHARS: Final = 40
_MOMENT: Final = "a moment in seconds since 1970"


@dataclass(frozen=True, slots=True)
class ClaimSource:
    """Where a distributed claim is: an address, and a token for it if one is needed."""

    endpoint: str
    access_token: Secret | None


def check_standard(claims: JsonObject, issuer: str, authenticator: JwtAuthenticator, now: Instant) -> None:
    """Check types, sources of claims, audience and times.

    Raises:
        RefusedError: the first that is wrong.
    """
    for name in _TEXTS:
        if not isinstance(claims.get(name), str | None):
            raise wrong_type(name, claims[name], "text")
    sources = claim_sources(claims)
    for claim, source in claim_names(claims).items():
        if not source or source not in sources:
            raise refused(OidcCode.CLAIM_SOURCE, CLAIMS.child(NAMES, claim), claim=claim[:MAX_SHOWN])
    _check_audience(claims, authenticator)
    _check_times(claims, issuer, now)


def claim_names(claims: JsonObject) -> Mapping[str, str]:
    """Return which claims lie at which source (`check_standard` made sure of the types)."""
    value = claims.get(NAMES)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise _not_a_mapping(NAMES, "names of sources")
    return {claim: str(source) for claim, source in value.items()}


def claim_sources(claims: JsonObject) -> Mapping[str, ClaimSource]:
    """Return the sources of distributed claims. An aggregated claim (``JWT``) has no endpoint."""
    value = claims.get(SOURCES)
    if value is None:
        return {}
    found: dict[str, ClaimSource] = {}
    for name, source in value.items() if isinstance(value, Mapping) else [("", None)]:
        members = source if isinstance(source, Mapping) else {"endpoint": 0}
        endpoint, token = members.get("endpoint"), members.get("access_token")
        if not isinstance(endpoint, str | None) or not isinstance(token, str | None):
            raise _not_a_mapping(SOURCES, "sources with endpoint and access_token")
        found[name] = ClaimSource(endpoint or "", Secret(token) if token else None)
    return found


def _not_a_mapping(name: str, of: str) -> RefusedError:
    # Without the value: it may hold access tokens.
    return refused(
        OidcCode.CLAIM_TYPE,
        CLAIMS.child(name),
        claim=name,
        value="of another form",
        expected=f"a mapping to {of}",
    )


def audiences(claims: JsonObject) -> tuple[str, ...]:
    """Return whom a token is for.

    Raises:
        RefusedError: ``aud`` is neither text nor a list of texts.
    """
    value = claims.get("aud")
    if value is None or isinstance(value, str):
        return () if value is None else (value,)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise wrong_type("aud", value, "text or a list of texts")
    return tuple(str(one) for one in value)


def _check_audience(claims: JsonObject, authenticator: JwtAuthenticator) -> None:
    found = audiences(claims)
    if set(found) & set(authenticator.audiences):
        return
    at = authenticator.audiences_at
    raise refused(
        OidcCode.AUDIENCE,
        CLAIMS.child("aud"),
        *(fix(OidcFix.ADD_AUDIENCE, at, audience=one[:MAX_SHOWN]) for one in found[:1]),
        claim="aud",
        value=shown(claims.get("aud")) if found else "nobody",
        setting=setting(at),
        accepted=", ".join(authenticator.audiences),
    )


def _check_times(claims: JsonObject, issuer: str, now: Instant) -> None:
    renew = fix(OidcFix.NEW_TOKEN, issuer=issuer)
    if "exp" not in claims:
        raise refused(OidcCode.EXPIRY_MISSING, CLAIMS.child("exp"), renew, claim="exp")
    for name in ("exp", "iat", "nbf"):
        is_absent = claims.get(name) is None if name == "nbf" else name not in claims
        if not is_absent and _seconds(claims[name]) is None:
            raise wrong_type(name, claims[name], _MOMENT)
    expires, begins = _seconds(claims["exp"]), _seconds(claims.get("nbf"))
    if expires is not None and expires < now.epoch:
        times = {"expires": _moment(expires), "now": str(now)}
        raise refused(
            OidcCode.EXPIRED, CLAIMS.child("exp"), renew, claim="exp", value=shown(claims["exp"]), **times
        )
    if begins is not None and begins > now.epoch + NBF_LEEWAY.total_seconds():
        times = {"begins": _moment(begins), "now": str(now)}
        clocks = fix(OidcFix.CLOCKS, issuer=issuer)
        raise refused(
            OidcCode.NOT_YET, CLAIMS.child("nbf"), clocks, claim="nbf", value=shown(claims["nbf"]), **times
        )


def _seconds(value: Json) -> int | None:
    """Return whole seconds; a number in quotes counts, as it does for kube-apiserver."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if len(value) > _MAX_NUMBER_CHARS or not _NUMBER.fullmatch(value):
            return None
        value = float(value) if set(value) & set(".eE") else int(value)
    if not -_MOST_SECONDS <= value < _MOST_SECONDS:
        return None
    return int(value)


def _moment(seconds: int) -> str:
    try:
        return str(Instant.from_epoch(seconds))
    except ValueError:
        return f"{seconds} s after 1970"
