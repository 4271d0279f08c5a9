"""Somebody who is signed in: the id token that was believed, and what renews it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.proof.jws_token import parse_token
from sekisho.decide.values import Instant, JsonObject, Secret, SekishoInputError
from sekisho.decide.values.document_text import on_one_line

_NAMES: Final = ("email", "preferred_username", "cognito:username", "name", "sub")

_MAX_SHOWN: Final = 200

Tell = Callable[[str], None]
"""Says one line to the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """An id token that was believed, its end and its claims."""

    text: Secret
    expires: Instant
    claims: JsonObject = field(repr=False)

    @property
    def subject(self) -> str:
        """Who it is about."""
        value = self.claims.get("sub")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who is signed in. ``nonce`` is that of the sign-in, empty if it had none."""

    token: IdToken
    refresh_token: Secret | None
    nonce: str = ""

    @property
    def who(self) -> str:
        """The name that people know the person by, fit for a terminal: issuers let people choose it."""
        claims = self.token.claims
        found = next((str(claims[name]) for name in _NAMES if claims.get(name)), "nobody")
        return on_one_line(found[:_MAX_SHOWN])


def read_kept(text: str) -> IdToken | None:
    """Return an id token that was believed before and kept, None for what is none."""
    try:
        claims = parse_token(text).claims
        return IdToken(Secret(text), expiry(claims), claims)
    except (SekishoInputError, ValueError, TypeError, KeyError, OverflowError):
        return None


def expiry(claims: JsonObject) -> Instant:
    """Return the end of a token whose ``exp`` was checked."""
    value = claims["exp"]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("exp is no number")
    return Instant.from_epoch(int(float(value)))
