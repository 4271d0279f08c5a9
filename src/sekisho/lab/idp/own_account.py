"""What users do with their own tokens, without an AWS identity: look, change the password, sign out.

Source: Cognito user pools API Reference, "GetUser", "ChangePassword", "GlobalSignOut" and "RevokeToken".
"""

from dataclasses import replace

from sekisho.facts import Put, UserStatus
from sekisho.facts.pool_lookup import pool_key
from sekisho.lab.aws.operation import Answer, AwsError, Parameters
from sekisho.lab.idp.authentication import prove_by_secret, who
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.passwords import Attempts, is_right, with_password
from sekisho.lab.idp.pool_context import PoolContext, Trail, existing_client, not_authorized, pool_of
from sekisho.lab.idp.refresh import session_of
from sekisho.lab.idp.secret_names import password_name
from sekisho.lab.idp.sessions import Sessions
from sekisho.lab.idp.tokens import API_SCOPE, AccessToken, believed, readable_attributes
from sekisho.lab.idp.user_output import attributes_output


def get_user(context: PoolContext, parameters: Parameters) -> Answer:
    """Describe the user of an access token, as far as its client may read."""
    trail = Trail()
    token = _own(context, trail, parameters)
    names = {"sub", *readable_attributes(token.client, token.user)}
    described = {"Username": token.user.username, "UserAttributes": attributes_output(token.user, names)}
    return Answer(described, (), {}, trail.allowed(), who(token.user))


def change_password(context: PoolContext, parameters: Parameters) -> Answer:
    """Change the password of the user of an access token, who has to know the present one."""
    trail = Trail()
    token = _own(context, trail, parameters)
    user, attempts = token.user, Attempts(context, token.pool)
    locked = attempts.locked_until(user.sub)
    if locked is not None:
        facts = {"failures": str(attempts.failures(user.sub)), "until": locked.rfc3339()}
        error = AwsError("LimitExceededException", "Attempt limit exceeded, please try after some time.")
        raise trail.refused(PoolCode.LOCKED, error, **facts)
    if not is_right(context, user, parameters.get("PreviousPassword") or ""):
        error = not_authorized("Incorrect username or password.")
        error.secrets = attempts.failed(user.sub)
        raise trail.refused(PoolCode.PASSWORD_WRONG, error, failures=str(attempts.failures(user.sub) + 1))
    try:
        kept = with_password(context, token.pool, user, parameters["ProposedPassword"])
    except AwsError as error:
        raise trail.refused(PoolCode.PASSWORD_POLICY, error, problem=error.message) from None
    trail.passed(PoolCode.PASSWORD)
    changed = replace(user, status=UserStatus.CONFIRMED, modified=context.now)
    secrets = {password_name(user): kept, **attempts.succeeded(user.sub)}
    return Answer({}, (Put(pool_key(changed), changed),), secrets, trail.allowed(), who(user))


def global_sign_out(context: PoolContext, parameters: Parameters) -> Answer:
    """Revoke every token of the user of an access token."""
    trail = Trail()
    token = _own(context, trail, parameters)
    sessions = Sessions(context, token.user)
    sessions.revoked_all()
    return Answer({}, (), sessions.kept(), trail.allowed(), who(token.user))


def revoke_token(context: PoolContext, parameters: Parameters) -> Answer:
    """Revoke a refresh token and every access token that it obtained; an unknown one is none to revoke."""
    trail = Trail()
    try:
        client = existing_client(context, parameters["ClientId"])
    except AwsError as error:
        told = AwsError("InvalidParameterException", "Invalid client id")
        told.decision = error.decision
        raise told from None
    pool = pool_of(context, client)
    trail.passed(PoolCode.CLIENT, client=client.client, pool=pool.pool)
    try:
        prove_by_secret(context, trail, client, parameters.get("ClientSecret"))
    except AwsError as error:
        told = AwsError("UnauthorizedException", error.message)
        told.decision = error.decision
        raise told from None
    token = parameters["Token"]
    if not client.revocation:
        off = AwsError("UnsupportedOperationException", "Revocation is not enabled for this client")
        raise trail.refused(PoolCode.FLOW_OFF, off, flow="EnableTokenRevocation", allowed="no")
    if token.count(".") == 2:
        other = AwsError("UnsupportedTokenTypeException", "Unsupported token type")
        raise trail.refused(PoolCode.SESSION_UNKNOWN, other)
    try:
        user, sessions, session, _ = session_of(context, trail, pool, client, token)
    except AwsError:
        # RFC 7009, section 2.2: a token that means nothing is as good as revoked.
        return Answer({}, (), {}, trail.allowed())
    sessions.revoked(session.id)
    return Answer({}, (), sessions.kept(), trail.allowed(), who(user))


def _own(context: PoolContext, trail: Trail, parameters: Parameters) -> AccessToken:
    token = believed(context, parameters["AccessToken"])
    trail.passed(PoolCode.ACCESS_TOKEN, sub=token.user.sub)
    if API_SCOPE not in token.scopes:
        error = not_authorized("Access Token does not have required scopes")
        raise trail.refused(PoolCode.ACCESS_TOKEN_REFUSED, error, problem=f"it lacks the scope {API_SCOPE}")
    return token
