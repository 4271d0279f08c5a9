"""The endpoints that programs ask: ``/oauth2/token``, ``/oauth2/revoke``, ``/oauth2/userInfo``.

Sources: Cognito Developer Guide, "Token endpoint", "Revoke endpoint" and "userInfo endpoint"; RFC 6749,
sections 4.1.3, 5 and 6; RFC 7009.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from sekisho.facts import UserPool, UserPoolClient, UserPoolDomain
from sekisho.lab.aws.operation import Answer, AwsError
from sekisho.lab.idp.authentication import prove_by_secret, who
from sekisho.lab.idp.authorization_code import exchanged
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.oauth_request import bad_request, client_at
from sekisho.lab.idp.pool_context import PoolContext, Trail
from sekisho.lab.idp.refresh import refreshed, session_of
from sekisho.lab.idp.tokens import believed, readable_attributes


def token(
    context: PoolContext, domain: UserPoolDomain | None, form: Mapping[str, str], header: str
) -> Answer:
    """Return tokens for an authorization code or a refresh token.

    Raises:
        AwsError: its code is one of RFC 6749, section 5.2.
    """
    trail = Trail()
    client, pool = _proven(context, trail, domain, form, header)
    match form.get("grant_type"):
        case "authorization_code":
            result, secrets, user = exchanged(context, trail, pool, client, form)
        case "refresh_token":
            try:
                result, secrets, user = refreshed(context, trail, pool, client, form.get("refresh_token", ""))
            except AwsError as error:
                raise _told(error, "invalid_grant") from None
        case other:
            unknown = AwsError("unsupported_grant_type", "expected authorization_code or refresh_token")
            raise trail.refused(PoolCode.FLOW_UNSERVED, unknown, flow=f"grant_type {other}")
    return Answer(_output(result), (), secrets, trail.allowed(), who(user))


def revoke(
    context: PoolContext, domain: UserPoolDomain | None, form: Mapping[str, str], header: str
) -> Answer:
    """Revoke a refresh token and what it obtained; one that means nothing is as good as revoked.

    Raises:
        AwsError: the client is not proven, or the token is of another kind.
    """
    trail = Trail()
    client, pool = _proven(context, trail, domain, form, header)
    given = form.get("token", "")
    if not given:
        raise bad_request("token is missing")
    if given.count(".") == 2 or not client.revocation:
        error = AwsError("unsupported_token_type", "only refresh tokens of such a client are revoked")
        raise trail.refused(PoolCode.SESSION_UNKNOWN, error)
    try:
        user, sessions, session, _ = session_of(context, trail, pool, client, given)
    except AwsError:
        return Answer({}, (), {}, trail.allowed())
    sessions.revoked(session.id)
    return Answer({}, (), sessions.kept(), trail.allowed(), who(user))


def user_info(context: PoolContext, domain: UserPoolDomain | None, header: str) -> Answer:
    """Return the claims of the user of an access token with the scope ``openid``.

    Raises:
        AwsError: ``invalid_token``.
    """
    trail = Trail()
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text:
        error = AwsError("invalid_token", "expected a bearer token", 401)
        raise trail.refused(PoolCode.ACCESS_TOKEN_REFUSED, error, problem="there is none")
    try:
        found = believed(context, text.strip())
    except AwsError as error:
        raise _told(error, "invalid_token", 401) from None
    if "openid" not in found.scopes or (domain is not None and domain.pool != found.pool.pool):
        lacking = AwsError("invalid_token", "the access token lacks the scope openid", 401)
        raise trail.refused(PoolCode.ACCESS_TOKEN_REFUSED, lacking, problem="it lacks the scope openid")
    trail.passed(PoolCode.ACCESS_TOKEN, sub=found.user.sub)
    readable = readable_attributes(found.client, found.user, " ".join(found.scopes))
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in readable.items()
    }
    claims = {"sub": found.user.sub, **texts, "username": found.user.username}
    return Answer(claims, (), {}, trail.allowed(), who(found.user))


def _proven(
    context: PoolContext,
    trail: Trail,
    domain: UserPoolDomain | None,
    form: Mapping[str, str],
    header: str,
) -> tuple[UserPoolClient, UserPool]:
    """Return the client that asks, by HTTP Basic or in the form (RFC 6749, section 2.3.1)."""
    name, secret = _basic(header) if header else (form.get("client_id", ""), form.get("client_secret"))
    if header and form.get("client_id", name) != name:
        raise bad_request("client_id differs from the Authorization header")
    try:
        client, pool = client_at(context, domain, name)
        trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
        prove_by_secret(context, trail, client, secret)
    except AwsError as error:
        raise _told(error, "invalid_client", 401 if header else 400) from None
    return client, pool


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    name, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise bad_request("the Authorization header is no Basic credential")
    return unquote_plus(name), unquote_plus(secret)


def _told(error: AwsError, code: str, status: int = 400) -> AwsError:
    """Return a refusal under the name that OAuth has for it; the decision stays."""
    told = AwsError(code, code, status)
    told.decision, told.secrets = error.decision, error.secrets
    return told


def _output(result: Mapping[str, Any]) -> dict[str, Any]:
    scopes = result.get("scopes", "openid")
    return {
        **({"id_token": result["IdToken"]} if "openid" in scopes.split() or not scopes else {}),
        "access_token": result["AccessToken"],
        **({"refresh_token": result["RefreshToken"]} if "RefreshToken" in result else {}),
        "expires_in": result["ExpiresIn"],
        "token_type": "Bearer",
    }
