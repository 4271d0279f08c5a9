"""InitiateAuth and RespondToAuthChallenge, by the user and by an administrator.

Source: Cognito user pools API Reference, the four operations; Developer Guide, "Authentication flows".
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from sekisho.facts import UserPool, UserPoolClient, UserPoolUser
from sekisho.facts.pool_lookup import pool_user
from sekisho.lab.aws.operation import Answer, Context, Parameters
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.pool_context import (
    PoolContext,
    Trail,
    existing_client,
    existing_pool,
    invalid,
    not_authorized,
    pool_of,
    unserved,
)
from sekisho.lab.idp.refresh import refreshed, session_of
from sekisho.lab.idp.secret_names import client_name
from sekisho.lab.idp.sign_in import (
    CHALLENGE,
    challenged,
    prove_client,
    recognise,
    signed_in,
    with_new_password,
)

_PASSWORD: Final = "USER_PASSWORD_AUTH"  # noqa: S105 - a flow
_ADMIN: Final = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
_REFRESH: Final = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
_ALLOWED_BY: Final = {
    _PASSWORD: frozenset({"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"}),
    **dict.fromkeys(_ADMIN, frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})),
    **dict.fromkeys(_REFRESH, frozenset({"ALLOW_REFRESH_TOKEN_AUTH"})),
}


def initiate_auth(context: PoolContext, parameters: Parameters) -> Answer:
    """Sign a user in, who has proven nothing yet."""
    trail = Trail()
    client = existing_client(context, parameters["ClientId"])
    pool = pool_of(context, client)
    if parameters["AuthFlow"] in _ADMIN:
        error = invalid("Initiate Auth method not supported.")
        raise trail.refused(PoolCode.FLOW_OFF, error, allowed="no", flow=parameters["AuthFlow"])
    return _initiated(context, trail, pool, client, parameters)


def admin_initiate_auth(context: Context, parameters: Parameters) -> Answer:
    """Sign a user in for an administrator, who has an AWS identity."""
    pool = existing_pool(context, parameters["UserPoolId"])
    client = existing_client(context, parameters["ClientId"], pool)
    return _initiated(context, Trail(), pool, client, parameters)


def respond_to_auth_challenge(context: PoolContext, parameters: Parameters) -> Answer:
    """Answer a challenge: a new password."""
    client = existing_client(context, parameters["ClientId"])
    return _responded(context, Trail(), pool_of(context, client), client, parameters)


def admin_respond_to_auth_challenge(context: Context, parameters: Parameters) -> Answer:
    """Answer a challenge for an administrator."""
    pool = existing_pool(context, parameters["UserPoolId"])
    client = existing_client(context, parameters["ClientId"], pool)
    return _responded(context, Trail(), pool, client, parameters)


def get_tokens_from_refresh_token(context: PoolContext, parameters: Parameters) -> Answer:
    """Return new tokens for a refresh token; of a rotating client a new refresh token too."""
    trail = Trail()
    client = existing_client(context, parameters["ClientId"])
    pool = pool_of(context, client)
    trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
    prove_by_secret(context, trail, client, parameters.get("ClientSecret"))
    result, secrets, user = refreshed(context, trail, pool, client, parameters["RefreshToken"])
    tokens = {name: value for name, value in result.items() if name != "scopes"}
    return Answer({"AuthenticationResult": tokens}, (), secrets, trail.allowed(), who(user))


def prove_by_secret(context: PoolContext, trail: Trail, client: UserPoolClient, given: str | None) -> None:
    """Return if ``given`` is the client's secret, or it is public and none was sent.

    Raises:
        AwsError: neither.
    """
    secret = context.secret(client_name(client.client))
    if secret is None and not given:
        return
    if secret is None:
        error = not_authorized(f"Client {client.client} is configured for public but secret was received")
        raise trail.refused(PoolCode.CLIENT_PUBLIC, error, client=client.client)
    if not given:
        error = not_authorized(
            f"Client {client.client} is configured with secret but secret was not received"
        )
        raise trail.refused(PoolCode.CLIENT_SECRET_MISSING, error, client=client.client)
    if not secret.matches(given):
        error = not_authorized("Invalid client secret")
        raise trail.refused(PoolCode.CLIENT_SECRET_WRONG, error, client=client.client)
    trail.passed(PoolCode.CLIENT_PROVEN)


def who(user: UserPoolUser) -> str:
    """Return how the journal names a user of a pool."""
    return f"{user.pool}/{user.sub}"


def _initiated(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, parameters: Parameters
) -> Answer:
    flow = parameters["AuthFlow"]
    trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
    if flow not in _ALLOWED_BY:
        error = unserved(f"the lab does not serve the flow {flow}; passwords travel by {_PASSWORD}")
        raise trail.refused(PoolCode.FLOW_UNSERVED, error, flow=flow)
    legacy = not any(one.startswith("ALLOW_") for one in client.flows)
    if not _ALLOWED_BY[flow] & set(client.flows) and not (flow in _REFRESH and legacy):
        sentence = "Auth flow not enabled for this client"
        error = invalid(f"{flow} flow not enabled for this client" if flow == _PASSWORD else sentence)
        raise trail.refused(PoolCode.FLOW_OFF, error, flow=flow, allowed=", ".join(client.flows))
    trail.passed(PoolCode.FLOW, flow=flow)
    given = parameters.get("AuthParameters") or {}
    if flow in _REFRESH:
        return _refreshed(context, trail, pool, client, given)
    name, password = _required(trail, given, "USERNAME"), _required(trail, given, "PASSWORD")
    prove_client(context, trail, client, (name,), given.get("SECRET_HASH"))
    found = recognise(context, trail, pool, client, name, password)
    if found.must_change:
        trail.passed(PoolCode.NEW_PASSWORD_NEEDED)
        session, secrets = challenged(context, client, found.user)
        return Answer(
            {
                "ChallengeName": CHALLENGE,
                "Session": session.reveal(),
                "ChallengeParameters": _challenge_parameters(found.user),
            },
            (),
            {**found.secrets, **secrets},
            trail.allowed(),
            who(found.user),
        )
    tokens, secrets = signed_in(context, trail, pool, client, found.user)
    answer = {"AuthenticationResult": tokens, "ChallengeParameters": {}}
    return Answer(answer, (), {**found.secrets, **secrets}, trail.allowed(), who(found.user))


def _refreshed(
    context: PoolContext,
    trail: Trail,
    pool: UserPool,
    client: UserPoolClient,
    given: Mapping[str, str],
) -> Answer:
    token = _required(trail, given, "REFRESH_TOKEN")
    names: tuple[str, ...] = ()
    if client.confidential and given.get("SECRET_HASH") is not None:
        user = session_of(context, trail, pool, client, token)[0]
        names = (user.username, user.sub)
    prove_client(context, trail, client, names, given.get("SECRET_HASH"))
    result, secrets, user = refreshed(context, trail, pool, client, token)
    tokens = {name: value for name, value in result.items() if name != "scopes"}
    answer = {"AuthenticationResult": tokens, "ChallengeParameters": {}}
    return Answer(answer, (), secrets, trail.allowed(), who(user))


def _responded(
    context: PoolContext, trail: Trail, pool: UserPool, client: UserPoolClient, parameters: Parameters
) -> Answer:
    trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
    challenge = parameters["ChallengeName"]
    if challenge != CHALLENGE:
        error = unserved(f"the lab does not serve the challenge {challenge}")
        raise trail.refused(PoolCode.FLOW_UNSERVED, error, flow=challenge)
    given = parameters.get("ChallengeResponses") or {}
    name, password = _required(trail, given, "USERNAME"), _required(trail, given, "NEW_PASSWORD")
    if not parameters.get("Session"):
        raise trail.refused(
            PoolCode.PARAMETER_MISSING, invalid("Missing required parameter Session"), name="Session"
        )
    if any(one.startswith("userAttributes.") for one in given):
        raise trail.refused(
            PoolCode.FLOW_UNSERVED,
            unserved("attributes are not changed together with the password"),
            flow="userAttributes",
        )
    prove_client(context, trail, client, (name,), given.get("SECRET_HASH"))
    user, events, secrets = with_new_password(context, trail, pool, client, parameters["Session"], password)
    if _sub_of(context, pool, name) != user.sub:
        error = not_authorized("Invalid session for the user.")
        raise trail.refused(PoolCode.CHALLENGE_UNKNOWN, error)
    tokens, more = signed_in(context, trail, pool, client, user)
    answer = {"AuthenticationResult": tokens, "ChallengeParameters": {}}
    return Answer(answer, events, {**secrets, **more}, trail.allowed(), who(user))


def _sub_of(context: PoolContext, pool: UserPool, name: str) -> str:
    """Return the sub of the user that a name names, empty for nobody."""
    found = pool_user(context.facts, pool, name)
    return "" if found is None else found.sub


def _challenge_parameters(user: UserPoolUser) -> dict[str, Any]:
    shown = {name: value for name, value in user.attributes if name != "sub"}
    return {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": "[]",
        "userAttributes": json.dumps(shown, separators=(",", ":"), ensure_ascii=False),
    }


def _required(trail: Trail, given: Mapping[str, str], name: str) -> str:
    value = given.get(name)
    if not value:
        error = invalid(f"Missing required parameter {name}")
        raise trail.refused(PoolCode.PARAMETER_MISSING, error, name=name)
    return value
