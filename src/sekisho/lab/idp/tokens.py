"""The tokens of a user pool: what stands in them, and whether one that comes back is to be believed.

Source: Cognito Developer Guide, "Understanding the identity (ID) token" and "Understanding the access token".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sekisho.decide.proof.jws import verify
from sekisho.decide.proof.jws_token import parse_token
from sekisho.decide.values import Json, JsonObject, Secret, SekishoInputError
from sekisho.facts import UserPool, UserPoolClient, UserPoolUser
from sekisho.facts.pool_lookup import groups_of, pool_client, user_of_sub, user_pool
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.pool_context import PoolContext, Trail, no_such_user, not_authorized
from sekisho.lab.idp.secret_names import signing_key_name
from sekisho.lab.idp.sessions import Sessions, SignIn
from sekisho.lab.idp.signing_keys import ALGORITHM, key_set, new_key, sign

API_SCOPE: Final = "aws.cognito.signin.user.admin"
"""The scope of an access token that the API gives: it may ask for its own user."""

_FIRST: Final = ("email_verified", "name", "email", "sub")
_BOOLEAN: Final = ("email_verified", "phone_number_verified")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token that was believed: whose it is, of which client and sign-in."""

    pool: UserPool
    client: UserPoolClient
    user: UserPoolUser
    session: str
    scopes: tuple[str, ...]


def issued(
    context: PoolContext, pool: UserPool, client: UserPoolClient, user: UserPoolUser, session: SignIn
) -> tuple[dict[str, Any], Mapping[str, Secret | None]]:
    """Return the tokens of a sign-in as AuthenticationResult has them, and the key if it is new."""
    key = context.secret(signing_key_name(pool.pool))
    secrets: dict[str, Secret | None] = {}
    if key is None:
        key = new_key()
        secrets[signing_key_name(pool.pool)] = key
    result = {
        "AccessToken": sign(_access_claims(context, pool, client, user, session), key),
        "ExpiresIn": client.access_seconds,
        "TokenType": "Bearer",
        "IdToken": sign(_id_claims(context, pool, client, user, session), key),
    }
    return result, secrets


def believed(context: PoolContext, text: str) -> AccessToken:
    """Return what an access token stands for.

    Raises:
        AwsError: it is malformed, another's, expired or revoked; the decision says which.
    """
    try:
        token = parse_token(text)
    except SekishoInputError as error:
        raise _refused("Invalid Access Token", error.faults[0].problem) from None
    issuer = token.claim("iss")
    pool = user_pool(context.facts, issuer.rpartition("/")[2])
    if pool is None or pool.issuer != issuer or context.region not in ("", pool.region):
        raise _refused("Could not verify signature for Access Token", "its issuer is no user pool here")
    key = context.secret(signing_key_name(pool.pool))
    proof = verify(token, () if key is None else key_set(key), (ALGORITHM,))
    if not proof.allowed:
        raise _refused("Could not verify signature for Access Token", proof.sentence())
    claims = token.claims
    ends, made = claims.get("exp"), claims.get("iat")
    if token.claim("token_use") != "access" or not isinstance(ends, int) or not isinstance(made, int):
        raise _refused("Invalid Access Token", "it is no access token")
    if context.now.epoch >= ends:
        raise _refused("Access Token has expired", "it has expired")
    client = pool_client(context.facts, token.claim("client_id"))
    user = user_of_sub(context.facts, pool.pool, token.claim("sub"))
    if client is None or client.pool != pool.pool:
        raise _refused("Invalid Access Token", "its app client is gone")
    if user is None:
        raise Trail().refused(PoolCode.ACCESS_TOKEN_REFUSED, no_such_user(), problem="its user is gone")
    if not user.enabled:
        raise _refused("User is disabled.", "its user is disabled")
    session = token.claim("origin_jti")
    if not Sessions(context, user).is_open(session, made):
        raise _refused("Access Token has been revoked", "it was revoked")
    return AccessToken(pool, client, user, session, tuple(token.claim("scope").split()))


def _refused(sentence: str, problem: str) -> AwsError:
    return Trail().refused(PoolCode.ACCESS_TOKEN_REFUSED, not_authorized(sentence), problem=problem)


def _id_claims(
    context: PoolContext, pool: UserPool, client: UserPoolClient, user: UserPoolUser, session: SignIn
) -> JsonObject:
    readable = readable_attributes(client, user, session.scopes)
    now = int(context.now.epoch)
    return {
        "sub": user.sub,
        **_groups(context, user),
        **_named(readable, ("email_verified",)),
        "iss": pool.issuer,
        "cognito:username": user.username,
        **_origin(client, session),
        "aud": client.client,
        "event_id": session.event,
        "token_use": "id",
        "auth_time": session.auth_time,
        **({"nonce": session.nonce} if session.nonce else {}),
        **_named(readable, ("name",)),
        **{name: value for name, value in readable.items() if name not in _FIRST},
        "exp": now + client.id_seconds,
        "iat": now,
        "jti": context.ids.request_id(),
        **_named(readable, ("email",)),
    }


def _access_claims(
    context: PoolContext, pool: UserPool, client: UserPoolClient, user: UserPoolUser, session: SignIn
) -> JsonObject:
    now = int(context.now.epoch)
    return {
        "sub": user.sub,
        **_groups(context, user),
        "iss": pool.issuer,
        **({"version": 2} if session.scopes else {}),
        "client_id": client.client,
        **_origin(client, session),
        "event_id": session.event,
        "token_use": "access",
        "scope": session.scopes or API_SCOPE,
        "auth_time": session.auth_time,
        "exp": now + client.access_seconds,
        "iat": now,
        "jti": context.ids.request_id(),
        "username": user.username,
    }


def readable_attributes(client: UserPoolClient, user: UserPoolUser, scopes: str = "") -> dict[str, Json]:
    """Return the attributes of a user that a client may read, under the scopes that were granted.

    ``openid`` alone and ``profile`` give all; ``email`` and ``phone`` beside ``openid`` their own
    (Developer Guide, "Scopes, M2M, and resource servers"). The API grants all.
    """
    granted = set(scopes.split())
    by_scope = {"email": ("email", "email_verified"), "phone": ("phone_number", "phone_number_verified")}
    is_all = not granted or "profile" in granted or not granted & {"email", "phone"}
    allowed = {name for scope in granted & set(by_scope) for name in by_scope[scope]}
    found: dict[str, Json] = {}
    for name, value in user.attributes:
        is_readable = name in client.reads if client.reads else not name.startswith("custom:")
        if is_readable and (is_all or name in allowed):
            found[name] = value.lower() == "true" if name in _BOOLEAN else value
    return found


def _named(readable: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: readable[name] for name in names if name in readable}


def _groups(context: PoolContext, user: UserPoolUser) -> dict[str, Json]:
    names: list[Json] = [group.name for group in groups_of(context.facts, user)]
    return {"cognito:groups": names} if names else {}


def _origin(client: UserPoolClient, session: SignIn) -> dict[str, Json]:
    return {"origin_jti": session.id} if client.revocation else {}
