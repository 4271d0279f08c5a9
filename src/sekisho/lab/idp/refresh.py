"""New tokens for a refresh token (Cognito Developer Guide, "Refresh tokens")."""

from collections.abc import Mapping
from typing import Any

from sekisho.decide.values import Instant, Secret
from sekisho.facts import UserPool, UserPoolClient, UserPoolUser
from sekisho.facts.pool_lookup import user_of_sub
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.pool_context import PoolContext, Trail, not_authorized
from sekisho.lab.idp.sessions import Sessions, SignIn, is_past, sub_of_token
from sekisho.lab.idp.tokens import issued


def refreshed(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, token: str
) -> tuple[dict[str, Any], Mapping[str, Secret | None], UserPoolUser]:
    """Return new tokens, what to keep, and whose they are; a rotating client gets a new refresh token too.

    Raises:
        AwsError: the refresh token is unknown, revoked, another client's or has ended.
    """
    user, sessions, session, ends = session_of(context, trail, pool, client, token)
    if is_past(context, ends):
        until = Instant.from_epoch(ends).rfc3339()
        if ends < session.ends:
            error = AwsError("RefreshTokenReuseException", "Refresh Token has been reused")
            raise trail.refused(PoolCode.SESSION_EXPIRED, error, until=until)
        error = not_authorized("Refresh Token has expired")
        raise trail.refused(PoolCode.SESSION_EXPIRED, error, until=until)
    if not user.enabled:
        raise trail.refused(PoolCode.USER_DISABLED, not_authorized("User is disabled."), sub=user.sub)
    trail.passed(PoolCode.SESSION, time=Instant.from_epoch(session.auth_time).rfc3339())
    tokens, secrets = issued(context, pool, client, user, session)
    trail.passed(PoolCode.ISSUED, client=client.client)
    tokens = {**tokens, "scopes": session.scopes}
    if not client.rotation:
        return tokens, secrets, user
    new = sessions.rotated(session, token, client.rotation_grace_seconds)
    return {**tokens, "RefreshToken": new}, {**secrets, **sessions.kept()}, user


def session_of(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, token: str
) -> tuple[UserPoolUser, Sessions, SignIn, float]:
    """Return whose refresh token it is, of which sign-in, and when it ends.

    Raises:
        AwsError: it is nobody's, or another client's.
    """
    sub = sub_of_token(token)
    user = user_of_sub(context.facts, pool.pool, sub)
    if user is not None:
        sessions = Sessions(context, user)
        found = sessions.of_token(token)
        if found is not None and found[0].client == client.client:
            return user, sessions, found[0], found[1]
    raise trail.refused(PoolCode.SESSION_UNKNOWN, not_authorized("Invalid Refresh Token"))
