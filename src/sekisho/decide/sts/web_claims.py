"""The claims of a web identity token: whom it is for, how long it holds, what it passes on.

Sources: OpenID Connect Core 1.0, section 2; RFC 7519, section 4.1; IAM User Guide, "Available keys for
AWS OIDC federation" and "Pass session tags in AWS STS" (`https://aws.amazon.com/tags`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sekisho.decide.decision import Repair
from sekisho.decide.proof.jws_token import UnverifiedToken
from sekisho.decide.sts.code import StsCode, StsFix
from sekisho.decide.sts.parameters import (
    ROLE_SECONDS,
    SessionParameters,
    session_violations,
    source_identity_violations,
)
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.sts.session import Tags
from sekisho.decide.values import Instant, Json, JsonObject, Ref

MAX_AGE: Final = timedelta(hours=24)
"""A token that was issued longer ago is not taken, whatever its expiry says."""

TAGS: Final = "https://aws.amazon.com/tags"
SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"
GOOGLE: Final = "https://accounts.google.com"

_AT = Ref("token").child("claims")
_SHOWN_KEYS = ("sub", "azp", "email")
_MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PassedByToken:
    """What the identity provider passes on to the session."""

    tags: Tags = ()
    transitive_keys: tuple[str, ...] = ()
    source_identity: str = ""


def audiences(claims: JsonObject) -> tuple[str, ...]:
    """Return whom the token is for: ``aud``, one or several; for Google ``azp`` where there is one."""
    azp = claims.get("azp")
    if claims.get("iss") == GOOGLE and isinstance(azp, str):
        return (azp,)
    aud = claims.get("aud")
    values = aud if isinstance(aud, list) else [aud]
    return tuple(value for value in values if isinstance(value, str))


def condition_keys(claims: JsonObject, prefix: str, audience: str) -> dict[str, str | tuple[str, ...]]:
    """Return the keys ``PREFIX:claim``; the prefix is the issuer without its scheme."""
    keys: dict[str, str | tuple[str, ...]] = {f"{prefix}:aud": audience}
    for name in _SHOWN_KEYS:
        value = claims.get(name)
        if isinstance(value, str):
            keys[f"{prefix}:{name}"] = value
    amr = claims.get("amr")
    if isinstance(amr, list):
        keys[f"{prefix}:amr"] = tuple(value for value in amr if isinstance(value, str))
    return keys


def refuse_times(claims: JsonObject, now: Instant) -> Refusal | None:
    """Return why the token does not hold at ``now``; None if it does. There is no leeway."""
    for name in ("exp", "iat"):
        if name not in claims:
            return refused(StsCode.CLAIM_MISSING, _AT.child(name), ("claim", name))
    times: dict[str, Instant] = {}
    for name in ("exp", "iat", "nbf"):
        if name not in claims:
            continue
        moment = _instant(claims[name])
        if moment is None:
            return refused(
                StsCode.CLAIM_MALFORMED, _AT.child(name), ("claim", name), ("expected", "a moment in seconds")
            )
        times[name] = moment
    renew = (Repair(StsFix.RENEW, (("issuer", str(claims.get("iss"))),)),)
    if now >= times["exp"]:
        facts = (("expires", str(times["exp"])), ("now", str(now)))
        epochs = (("exp_epoch", _epoch(times["exp"])), ("now_epoch", _epoch(now)))
        return refused(StsCode.TOKEN_EXPIRED, _AT.child("exp"), *facts, *epochs, repairs=renew)
    for name in ("nbf", "iat"):
        if name in times and now < times[name]:
            facts = (("begins", str(times[name])), ("now", str(now)))
            return refused(StsCode.TOKEN_NOT_YET, _AT.child(name), *facts)
    if now - times["iat"] > MAX_AGE:
        return refused(StsCode.TOKEN_OLD, _AT.child("iat"), ("issued", str(times["iat"])), repairs=renew)
    return None


def passed_by(token: UnverifiedToken) -> PassedByToken | Refusal:
    """Return the tags and the source identity in the token, or why they cannot be read."""
    source = token.claims.get(SOURCE_IDENTITY, "")
    if not isinstance(source, str) or (source and source_identity_violations(source)):
        return _malformed(SOURCE_IDENTITY, "2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -")
    value = token.claims.get(TAGS)
    if value is None:
        return PassedByToken(source_identity=source)
    found = _tags(value)
    if found is None or session_violations(SessionParameters(tags=found[0]), ROLE_SECONDS):
        return _malformed(TAGS, "principal_tags of one value each, and transitive_tag_keys")
    return PassedByToken(found[0], found[1], source)


def _tags(value: Json) -> tuple[Tags, tuple[str, ...]] | None:
    match value:
        case {"principal_tags": Mapping() as principal, **rest}:
            transitive = rest.get("transitive_tag_keys", [])
        case _:
            return None
    tags = [(key, one[0]) for key, one in principal.items() if isinstance(one, list) and len(one) == 1]
    passed = tuple((key, text) for key, text in tags if isinstance(text, str))
    if len(passed) != len(principal) or not isinstance(transitive, list):
        return None
    keys = tuple(key for key in transitive if isinstance(key, str))
    return (passed, keys) if len(keys) == len(transitive) else None


def _malformed(claim: str, expected: str) -> Refusal:
    return refused(StsCode.CLAIM_MALFORMED, _AT.child(claim), ("claim", claim), ("expected", expected))


def _instant(value: Json) -> Instant | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return Instant.from_epoch(value)
    except ValueError:
        return None


def _epoch(moment: Instant) -> str:
    return str(int(moment.epoch))
