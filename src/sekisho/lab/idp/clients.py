"""App clients of user pools (Cognito user pools API Reference, "CreateUserPoolClient" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from sekisho.decide.values import Secret
from sekisho.facts import Delete, Put, UserPool, UserPoolClient
from sekisho.facts.pool_lookup import pool_clients, pool_key
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page
from sekisho.lab.idp.attributes import STANDARD
from sekisho.lab.idp.pool_context import client_id, existing_client, existing_pool, invalid, opaque, unserved
from sekisho.lab.idp.secret_names import client_name

DEFAULT_FLOWS: Final = ("ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH")
"""What a client allows that names no flow (API Reference, "ExplicitAuthFlows")."""

SCOPES: Final = ("phone", "email", "openid", "profile", "aws.cognito.signin.user.admin")
_UNIT_SECONDS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_TOKENS: Final = ("AccessToken", "IdToken", "RefreshToken")
_BOUNDS: Final = {
    "AccessToken": (300, 86_400),
    "IdToken": (300, 86_400),
    "RefreshToken": (3_600, 315_360_000),
}
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")


def create_user_pool_client(context: Context, parameters: Parameters) -> Answer:
    """Create an app client; a confidential one's secret is answered."""
    pool = existing_pool(context, parameters["UserPoolId"])
    given = parameters.get("ClientSecret")
    if given and parameters.get("GenerateSecret"):
        raise invalid("GenerateSecret and ClientSecret cannot be specified together.")
    secret = Secret(given) if given else opaque(context.ids) if parameters.get("GenerateSecret") else None
    made = client_id(context.ids)
    client = UserPoolClient(pool.pool, made, "", context.now, context.now, secret is not None)
    client = _with_settings(pool, client, parameters)
    secrets: dict[str, Secret | None] = {} if secret is None else {client_name(made): secret}
    answer = {"UserPoolClient": _described(client, secret)}
    return Answer(answer, (Put(pool_key(client), client),), secrets)


def describe_user_pool_client(context: Context, parameters: Parameters) -> Answer:
    """Describe an app client with its secret, as AWS does to who may ask."""
    client = _named(context, parameters)
    return Answer({"UserPoolClient": _described(client, context.secret(client_name(client.client)))})


def list_user_pool_clients(context: Context, parameters: Parameters) -> Answer:
    """List the ids and names of a pool's app clients."""
    pool = existing_pool(context, parameters["UserPoolId"])
    all_ = [
        {"ClientId": one.client, "UserPoolId": one.pool, "ClientName": one.name}
        for one in pool_clients(context.facts, pool.pool)
    ]
    found, token = page(all_, parameters.get("NextToken"), parameters.get("MaxResults") or 60)
    return Answer({"UserPoolClients": found, **({"NextToken": token} if token else {})})


def update_user_pool_client(context: Context, parameters: Parameters) -> Answer:
    """Change an app client: what is not given goes back to its default, as AWS warns."""
    old = _named(context, parameters)
    pool = existing_pool(context, parameters["UserPoolId"])
    plain = UserPoolClient(old.pool, old.client, old.name, old.created, context.now, old.confidential)
    client = _with_settings(pool, plain, parameters)
    answer = {"UserPoolClient": _described(client, context.secret(client_name(client.client)))}
    return Answer(answer, (Put(pool_key(client), client),))


def delete_user_pool_client(context: Context, parameters: Parameters) -> Answer:
    """Delete an app client; tokens that it has stay what they are until they end."""
    client = _named(context, parameters)
    return Answer({}, (Delete(pool_key(client)),), {client_name(client.client): None})


OPERATIONS: dict[str, Operation] = {
    "CreateUserPoolClient": create_user_pool_client,
    "DeleteUserPoolClient": delete_user_pool_client,
    "DescribeUserPoolClient": describe_user_pool_client,
    "ListUserPoolClients": list_user_pool_clients,
    "UpdateUserPoolClient": update_user_pool_client,
}


def _named(context: Context, parameters: Parameters) -> UserPoolClient:
    pool = existing_pool(context, parameters["UserPoolId"])
    return existing_client(context, parameters["ClientId"], pool)


def _with_settings(pool: UserPool, client: UserPoolClient, parameters: Parameters) -> UserPoolClient:
    units = parameters.get("TokenValidityUnits") or {}
    access, id_, refresh = (_seconds(name, parameters, units) for name in _TOKENS)
    rotation = parameters.get("RefreshTokenRotation") or {}
    revocation = parameters.get("EnableTokenRevocation")
    client = replace(
        client,
        name=parameters.get("ClientName") or client.name,
        flows=tuple(sorted(parameters.get("ExplicitAuthFlows") or DEFAULT_FLOWS)),
        reads=_attributes(pool, parameters.get("ReadAttributes") or ()),
        writes=_attributes(pool, parameters.get("WriteAttributes") or ()),
        providers=_providers(parameters.get("SupportedIdentityProviders") or ()),
        callback_urls=tuple(map(_checked_url, parameters.get("CallbackURLs") or ())),
        logout_urls=tuple(map(_checked_url, parameters.get("LogoutURLs") or ())),
        default_redirect=parameters.get("DefaultRedirectURI") or "",
        oauth_enabled=bool(parameters.get("AllowedOAuthFlowsUserPoolClient")),
        oauth_flows=tuple(parameters.get("AllowedOAuthFlows") or ()),
        oauth_scopes=tuple(parameters.get("AllowedOAuthScopes") or ()),
        access_seconds=access,
        id_seconds=id_,
        refresh_seconds=refresh,
        units=tuple(units.get(name, _default_unit(name)) for name in _TOKENS) if units else (),
        challenge_minutes=parameters.get("AuthSessionValidity") or 3,
        hides_unknown_users=parameters.get("PreventUserExistenceErrors") == "ENABLED",
        revocation=revocation is not False,
        rotation=rotation.get("Feature") == "ENABLED",
        rotation_grace_seconds=rotation.get("RetryGracePeriodSeconds") or 0,
    )
    _check_flows(client)
    _check_oauth(client)
    return client


def _check_flows(client: UserPoolClient) -> None:
    allows = [flow.startswith("ALLOW_") for flow in client.flows]
    if any(allows) and not all(allows):
        raise invalid("Cannot specify ALLOW_ prefixed flows together with flows without this prefix.")
    if client.rotation and "ALLOW_REFRESH_TOKEN_AUTH" in client.flows:
        raise invalid("ALLOW_REFRESH_TOKEN_AUTH cannot be enabled when refresh token rotation is enabled.")


def _check_oauth(client: UserPoolClient) -> None:
    """Raise for settings of OAuth that do not fit together.

    Raises:
        AwsError: as Cognito refuses them, or what the lab does not serve.
    """
    for flow in ("implicit", "client_credentials"):
        if flow in client.oauth_flows:
            raise unserved(f"the OAuth flow {flow} is not served")
    for scope in client.oauth_scopes:
        if scope not in SCOPES:
            raise AwsError("ScopeDoesNotExistException", f"Invalid Scope requested: {scope}")
    if client.oauth_enabled and not (client.oauth_flows and client.oauth_scopes):
        raise invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use "
            "OAuth flows."
        )
    if client.oauth_enabled and not client.callback_urls:
        raise AwsError(
            "InvalidOAuthFlowException",
            "Callback URLs are required if code flow or implicit flow is selected.",
        )
    if client.default_redirect and client.default_redirect not in client.callback_urls:
        raise invalid("DefaultRedirectURI must be in the list of CallbackURLs.")


def _checked_url(text: str) -> str:
    """Return a URL to redirect to: absolute, without a fragment, HTTPS but on the own machine.

    Raises:
        AwsError: it is another one.
    """
    try:
        url = urlsplit(text)
        host = url.netloc.rpartition("@")[2]
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    except ValueError:
        raise invalid(f"Invalid URL: {text}") from None
    if not url.scheme or url.fragment or not text.isascii() or not text.isprintable() or "@" in url.netloc:
        raise invalid(f"Invalid URL: {text}")
    if url.scheme in ("javascript", "data", "vbscript", "file"):
        raise invalid(f"Invalid URL: {text}")
    if url.scheme in ("http", "https") and not name:
        raise invalid(f"Invalid URL: {text}")
    if url.scheme == "http" and name not in _LOCAL:
        raise invalid(f"cannot use the HTTP protocol: {text}")
    return text


def _providers(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name != "COGNITO":
            raise invalid(f"The provider {name} does not exist for User Pool.")
    return tuple(names)


def _attributes(pool: UserPool, names: tuple[str, ...]) -> tuple[str, ...]:
    known = {*STANDARD, *(one.name for one in pool.custom_attributes)}
    for name in names:
        if name not in known:
            raise invalid(f"Invalid read attributes specified while creating a client: {name}")
    return tuple(sorted(names))


def _default_unit(token: str) -> str:
    return "days" if token == _TOKENS[2] else "hours"


def _seconds(token: str, parameters: Parameters, units: Mapping[str, str]) -> int:
    given = parameters.get(f"{token}Validity")
    if not given:
        return 2_592_000 if token == _TOKENS[2] else 3_600
    seconds = int(given) * _UNIT_SECONDS[units.get(token, _default_unit(token))]
    least, most = _BOUNDS[token]
    if not least <= seconds <= most:
        raise invalid("Invalid range for token validity.")
    return seconds


def _described(client: UserPoolClient, secret: Secret | None) -> Mapping[str, Any]:
    units = client.units or tuple(map(_default_unit, _TOKENS))
    lifetimes = (client.access_seconds, client.id_seconds, client.refresh_seconds)
    in_units = [seconds // _UNIT_SECONDS[unit] for seconds, unit in zip(lifetimes, units, strict=True)]
    lists = {
        "ReadAttributes": client.reads,
        "WriteAttributes": client.writes,
        "SupportedIdentityProviders": client.providers,
        "CallbackURLs": client.callback_urls,
        "LogoutURLs": client.logout_urls,
        "AllowedOAuthFlows": client.oauth_flows,
        "AllowedOAuthScopes": client.oauth_scopes,
    }
    return {
        "UserPoolId": client.pool,
        "ClientName": client.name,
        "ClientId": client.client,
        **({"ClientSecret": secret.reveal()} if secret is not None else {}),
        "LastModifiedDate": client.modified,
        "CreationDate": client.created,
        "RefreshTokenValidity": in_units[2],
        **({"AccessTokenValidity": in_units[0], "IdTokenValidity": in_units[1]} if client.units else {}),
        "TokenValidityUnits": dict(zip(_TOKENS, units, strict=True)) if client.units else {},
        "ExplicitAuthFlows": list(client.flows),
        **{name: list(values) for name, values in lists.items() if values},
        **({"DefaultRedirectURI": client.default_redirect} if client.default_redirect else {}),
        "AllowedOAuthFlowsUserPoolClient": client.oauth_enabled,
        "PreventUserExistenceErrors": "ENABLED" if client.hides_unknown_users else "LEGACY",
        "EnableTokenRevocation": client.revocation,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": client.challenge_minutes,
        **(
            {
                "RefreshTokenRotation": {
                    "Feature": "ENABLED",
                    "RetryGracePeriodSeconds": client.rotation_grace_seconds,
                }
            }
            if client.rotation
            else {}
        ),
    }
