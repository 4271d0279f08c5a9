"""Authorization codes: given to a browser once, taken back once (RFC 6749, section 4.1; RFC 7636)."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sekisho.decide.values import Secret
from sekisho.facts import UserPool, UserPoolClient, UserPoolUser
from sekisho.facts.pool_lookup import user_of_sub
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.oauth_request import Authorization
from sekisho.lab.idp.pool_context import PoolContext, Trail
from sekisho.lab.idp.sessions import Sessions
from sekisho.lab.idp.tickets import Record, Tickets
from sekisho.lab.idp.tokens import issued

LIFETIME: Final = timedelta(minutes=5)
"""Cognito Developer Guide, "Token endpoint": a code is good for five minutes."""


def code_for(
    context: PoolContext, asked: Authorization, user: UserPoolUser, auth_time: int
) -> tuple[str, Mapping[str, Secret | None]]:
    """Return a new code of a user who has signed in, and what to keep of it."""
    tickets = Tickets(context, asked.pool.pool, "code")
    record = {
        "sub": user.sub,
        "client": asked.client.client,
        "redirect_uri": asked.redirect_uri,
        "scopes": asked.scopes,
        "nonce": asked.nonce,
        "challenge": asked.challenge,
        "auth_time": auth_time,
        "session": "",
    }
    code = tickets.opened(record, LIFETIME)
    return code.reveal(), tickets.kept()


def exchanged(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, form: Mapping[str, str]
) -> tuple[dict[str, Any], Mapping[str, Secret | None], UserPoolUser]:
    """Return the tokens that a code obtains, what to keep, and whose they are.

    Raises:
        AwsError: ``invalid_grant``. A code that was used before revokes what it obtained then, and one whose
            proof is wrong is spent.
    """
    tickets = Tickets(context, pool.pool, "code")
    code = form.get("code", "")
    record = tickets.found(code)
    user = None if record is None else user_of_sub(context.facts, pool.pool, record["sub"])
    if record is None or user is None or record["client"] != client.client:
        raise trail.refused(PoolCode.CODE_UNKNOWN, _invalid_grant())
    sessions = Sessions(context, user)
    if record["session"]:
        sessions.revoked(record["session"])
        error = _invalid_grant()
        error.secrets = sessions.kept()
        raise trail.refused(PoolCode.CODE_REPLAYED, error)
    problem = _unproven(record, form)
    if problem is not None:
        tickets.closed(code)
        error = _invalid_grant()
        error.secrets = tickets.kept()
        raise trail.refused(problem, error, url=form.get("redirect_uri", ""), kind="the code's")
    if not user.enabled:
        raise trail.refused(PoolCode.USER_DISABLED, _invalid_grant(), sub=user.sub)
    trail.passed(PoolCode.CODE)
    session, refresh = sessions.opened(client, record["scopes"], record["nonce"], record["auth_time"])
    tickets.changed(code, session=session.id)
    tokens, secrets = issued(context, pool, client, user, session)
    trail.passed(PoolCode.ISSUED, client=client.client)
    kept = {**secrets, **sessions.kept(), **tickets.kept()}
    return {**tokens, "RefreshToken": refresh, "scopes": session.scopes}, kept, user


def _unproven(record: Record, form: Mapping[str, str]) -> PoolCode | None:
    if form.get("redirect_uri", "") != record["redirect_uri"]:
        return PoolCode.REDIRECT_UNKNOWN
    verifier = form.get("code_verifier", "")
    if not record["challenge"]:
        # RFC 9700, section 4.8.2: a verifier without a challenge is an attempt to do without one.
        return PoolCode.PKCE if verifier else None
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    made = Secret(base64.urlsafe_b64encode(digest).decode().rstrip("="))
    is_verifier = 43 <= len(verifier) <= 128
    return None if made.matches(record["challenge"]) and is_verifier else PoolCode.PKCE


def _invalid_grant() -> AwsError:
    return AwsError("invalid_grant", "the authorization code is not valid")
