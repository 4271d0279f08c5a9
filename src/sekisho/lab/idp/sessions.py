"""Sign-ins of a pool's users: what a refresh token stands for, and what revokes it.

A user's sign-ins are kept among the secrets, each with the hashes of its refresh tokens. An access token
names its sign-in (``origin_jti``); one that is no longer kept was revoked (Cognito Developer Guide,
"Revoking tokens").
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sekisho.decide.values import Instant, Secret
from sekisho.facts import UserPoolClient, UserPoolUser
from sekisho.lab.idp.pool_context import PoolContext, opaque
from sekisho.lab.idp.secret_names import sessions_name
from sekisho.lab.idp.tickets import token_hash

MAX_SESSIONS: Final = 200
"""How many sign-ins of a user are kept; the oldest are revoked first."""

KEPT_AFTER_END: Final = timedelta(days=1)
"""How long a sign-in outlives its refresh token: an access token of its last moment ends by then."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in. Times are epoch seconds; ``tokens`` pairs a refresh token's hash with its end.

    ``scopes`` is empty where the API signed in; ``event`` is the id that all its tokens carry.
    """

    id: str
    client: str
    event: str
    auth_time: int
    ends: float
    tokens: tuple[tuple[str, float], ...]
    scopes: str = ""
    nonce: str = ""


class Sessions:
    """The sign-ins of one user."""

    def __init__(self, context: PoolContext, user: UserPoolUser) -> None:
        self._context = context
        self._user = user
        kept = context.secret(sessions_name(user))
        value: dict[str, Any] = {"all": [], "out": 0.0} if kept is None else json.loads(kept.reveal())
        forgotten = (context.now + -KEPT_AFTER_END).epoch
        self._out: float = value["out"]
        self._all = [
            SignIn(**{**one, "tokens": tuple((hash_, ends) for hash_, ends in one["tokens"])})
            for one in value["all"]
            if one["ends"] > forgotten
        ]

    def opened(
        self, client: UserPoolClient, scopes: str = "", nonce: str = "", auth_time: int | None = None
    ) -> tuple[SignIn, str]:
        """Return a new sign-in and its refresh token."""
        now = self._context.now
        token = self._new_token()
        ends = (now + timedelta(seconds=client.refresh_seconds)).epoch
        ids = self._context.ids
        made = SignIn(
            ids.request_id(),
            client.client,
            ids.request_id(),
            int(now.epoch) if auth_time is None else auth_time,
            ends,
            ((token_hash(token), ends),),
            scopes,
            nonce,
        )
        self._all = [*self._all, made][-MAX_SESSIONS:]
        return made, token

    def of_token(self, token: str) -> tuple[SignIn, float] | None:
        """Return the sign-in of a refresh token and when the token ends; None for one of nobody's."""
        wanted = token_hash(token)
        for one in self._all:
            for hash_, ends in one.tokens:
                if hmac.compare_digest(hash_, wanted):
                    return one, ends
        return None

    def rotated(self, session: SignIn, token: str, grace_seconds: int) -> str:
        """Return a new refresh token of a sign-in; the one that asked ends after the grace period."""
        new, now = self._new_token(), self._context.now.epoch
        asked = token_hash(token)
        older = tuple(
            (hash_, min(ends, now + grace_seconds) if hash_ == asked else ends)
            for hash_, ends in session.tokens
        )
        tokens = (*older, (token_hash(new), session.ends))[-10:]
        self._all = [replace(one, tokens=tokens) if one.id == session.id else one for one in self._all]
        return new

    def is_open(self, session_id: str, issued: float) -> bool:
        """Tell whether a token was not revoked.

        One that names no sign-in was, if its user signed out since.
        """
        if not session_id:
            return issued > self._out
        return any(one.id == session_id for one in self._all)

    def revoked(self, session_id: str) -> None:
        """Revoke one sign-in."""
        self._all = [one for one in self._all if one.id != session_id]

    def revoked_all(self) -> None:
        """Revoke every sign-in of the user."""
        self._all = []
        self._out = self._context.now.epoch

    def kept(self) -> Mapping[str, Secret | None]:
        """Return what to keep of it all."""
        value: dict[str, Any] = {"all": [asdict(one) for one in self._all], "out": self._out}
        return {sessions_name(self._user): Secret(json.dumps(value))}

    def _new_token(self) -> str:
        return f"{self._user.sub}.{opaque(self._context.ids).reveal()}"


def sub_of_token(token: str) -> str:
    """Return the sub that a refresh token begins with; whether it is that user's the hash decides."""
    return token.partition(".")[0]


def is_past(context: PoolContext, epoch: float) -> bool:
    """Tell whether a moment has come."""
    return context.now >= Instant.from_epoch(epoch)
