"""Who signs in with a password: client, secret, user, lock-out, password, and whether it must be changed.

The API, the login page and the token endpoint all ask here. Each refusal carries the decision that the
journal keeps; what the client is told says no more than Cognito does.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sekisho.decide.values import Secret
from sekisho.facts import Event, Put, UserPool, UserPoolClient, UserPoolUser, UserStatus
from sekisho.facts.pool_lookup import pool_key, pool_user, user_of_sub
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.passwords import Attempts, is_right, kept_of, temporary_end, with_password
from sekisho.lab.idp.pool_context import PoolContext, Trail, not_authorized
from sekisho.lab.idp.secret_names import client_name, password_name
from sekisho.lab.idp.sessions import Sessions
from sekisho.lab.idp.tickets import Tickets, token_hash
from sekisho.lab.idp.tokens import issued

CHALLENGE: Final = "NEW_PASSWORD_REQUIRED"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A user whose password was right, and what is to be kept of the attempt."""

    user: UserPoolUser
    secrets: Mapping[str, Secret | None]

    @property
    def must_change(self) -> bool:
        """Whether the password is temporary."""
        return self.user.status is UserStatus.FORCE_CHANGE_PASSWORD


def prove_client(
    context: PoolContext, trail: Trail, client: UserPoolClient, names: tuple[str, ...], given: str | None
) -> None:
    """Return if ``given`` is the SECRET_HASH of one of ``names``, or the client is public and sends none.

    Raises:
        AwsError: the client has a secret and the request does not prove to know it.
    """
    secret = context.secret(client_name(client.client))
    if not client.confidential:
        if given is not None:
            error = not_authorized(f"Client {client.client} is configured for public but secret was received")
            raise trail.refused(PoolCode.CLIENT_PUBLIC, error, client=client.client)
        return
    if given is None:
        error = not_authorized(
            f"Client {client.client} is configured with secret but SECRET_HASH was not received"
        )
        raise trail.refused(PoolCode.CLIENT_SECRET_MISSING, error, client=client.client)
    hashes = [] if secret is None else [secret_hash(secret, client.client, name) for name in names]
    if not any([Secret(one).matches(given) for one in hashes]):  # noqa: C419 - all are compared
        error = not_authorized(f"Unable to verify secret hash for client {client.client}")
        raise trail.refused(PoolCode.CLIENT_SECRET_WRONG, error, client=client.client)
    trail.passed(PoolCode.CLIENT_PROVEN)


def secret_hash(secret: Secret, client: str, username: str) -> str:
    """Return the SECRET_HASH of a user name (Developer Guide, "Computing secret hash values")."""
    text = f"{username}{client}".encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(secret.reveal().encode(), text, hashlib.sha256)).decode()


def recognise(
    context: PoolContext,
    trail: Trail,
    pool: UserPool,
    client: UserPoolClient,
    name: str,
    password: str,
) -> Recognised:
    """Return the user that a name and a password are of.

    Raises:
        AwsError: nobody, or not now; its ``secrets`` count the attempt.
    """
    attempts = Attempts(context, pool)
    user = pool_user(context.facts, pool, name)
    watched = name if user is None else user.sub
    locked = attempts.locked_until(watched)
    if locked is not None:
        error = not_authorized("Password attempts exceeded")
        facts = {"failures": str(attempts.failures(watched)), "until": locked.rfc3339()}
        raise trail.refused(PoolCode.LOCKED, error, **facts)
    right = is_right(context, user, password)
    if user is None:
        error = AwsError("UserNotFoundException", "User does not exist.")
        if client.hides_unknown_users:
            error = not_authorized("Incorrect username or password.")
            error.secrets = attempts.failed(watched)
        raise trail.refused(PoolCode.USER_UNKNOWN, error, pool=pool.pool)
    trail.passed(PoolCode.USER, name=name, sub=user.sub)
    if not right:
        error = not_authorized("Incorrect username or password.")
        error.secrets = attempts.failed(watched)
        raise trail.refused(PoolCode.PASSWORD_WRONG, error, failures=str(attempts.failures(watched) + 1))
    if not user.enabled:
        raise trail.refused(PoolCode.USER_DISABLED, not_authorized("User is disabled."), sub=user.sub)
    _refuse_expired(context, trail, pool, user)
    trail.passed(PoolCode.PASSWORD)
    return Recognised(user, attempts.succeeded(watched))


def _refuse_expired(context: PoolContext, trail: Trail, pool: UserPool, user: UserPoolUser) -> None:
    kept = kept_of(context, user)
    if user.status is not UserStatus.FORCE_CHANGE_PASSWORD or kept is None:
        return
    end = temporary_end(pool, kept)
    if context.now >= end:
        error = not_authorized("Temporary password has expired and must be reset by an administrator.")
        raise trail.refused(PoolCode.PASSWORD_EXPIRED, error, until=end.rfc3339())


def challenged(
    context: PoolContext, client: UserPoolClient, user: UserPoolUser
) -> tuple[Secret, Mapping[str, Secret | None]]:
    """Return the session under which a user may answer with a new password, and what to keep of it."""
    tickets = Tickets(context, client.pool, "challenge")
    record = {"sub": user.sub, "client": client.client, "of": _temporary_of(context, user)}
    session = tickets.opened(record, timedelta(minutes=client.challenge_minutes))
    return session, tickets.kept()


def with_new_password(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, session: str, password: str
) -> tuple[UserPoolUser, tuple[Event, ...], Mapping[str, Secret | None]]:
    """Return the user that answered a challenge with a new password, and what becomes true.

    Raises:
        AwsError: there is no such challenge, or the password does not conform; the challenge then stays.
    """
    tickets = Tickets(context, pool.pool, "challenge")
    record = tickets.found(session)
    user = None if record is None else user_of_sub(context.facts, pool.pool, record["sub"])
    if (
        record is None
        or user is None
        or record["client"] != client.client
        or record["of"] != _temporary_of(context, user)
    ):
        error = not_authorized("Invalid session for the user, session can only be used once.")
        raise trail.refused(PoolCode.CHALLENGE_UNKNOWN, error)
    if not user.enabled:
        raise trail.refused(PoolCode.USER_DISABLED, not_authorized("User is disabled."), sub=user.sub)
    try:
        kept = with_password(context, pool, user, password)
    except AwsError as error:
        raise trail.refused(PoolCode.PASSWORD_POLICY, error, problem=error.message) from None
    tickets.closed(session)
    changed = replace(user, status=UserStatus.CONFIRMED, modified=context.now)
    trail.passed(PoolCode.CHALLENGE, name=CHALLENGE)
    return changed, (Put(pool_key(changed), changed),), {password_name(user): kept, **tickets.kept()}


def _temporary_of(context: PoolContext, user: UserPoolUser) -> str:
    """Return what tells a temporary password from the next: a challenge is about the one that was given."""
    kept = kept_of(context, user)
    if kept is None or user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
        return ""
    return token_hash(kept.hashes[-1])


def signed_in(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, user: UserPoolUser
) -> tuple[dict[str, Any], Mapping[str, Secret | None]]:
    """Return the tokens of a new sign-in through the API, and what to keep of it."""
    sessions = Sessions(context, user)
    session, refresh = sessions.opened(client)
    tokens, secrets = issued(context, pool, client, user, session)
    trail.passed(PoolCode.ISSUED, client=client.client)
    return {**tokens, "RefreshToken": refresh}, {**secrets, **sessions.kept()}
