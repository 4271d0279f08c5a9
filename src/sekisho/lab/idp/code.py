"""Why a user pool let somebody in or did not; the journal has it where the answer must not say."""

from sekisho.decide.decision import ReasonCode


class PoolCode(ReasonCode):
    """What a user pool looked at, in the order in which it looks."""

    CLIENT = "pool.client", "the app client {client} belongs to the pool {pool}"
    CLIENT_UNKNOWN = "pool.client-unknown", "there is no app client {client} in this region and pool"
    FLOW = "pool.flow", "the app client allows {flow}"
    FLOW_OFF = "pool.flow-not-enabled", "the app client allows {allowed}; {flow} is none of them"
    FLOW_UNSERVED = "pool.flow-unserved", "the lab does not serve {flow}"
    PARAMETER_MISSING = "pool.parameter-missing", "the parameter {name} is missing"
    CLIENT_PROVEN = "pool.client-proven", "the caller proved to know the secret of the app client"
    CLIENT_SECRET_MISSING = (
        "pool.client-secret-missing",
        "the app client {client} has a secret, and the request does not prove to know it",
    )
    CLIENT_SECRET_WRONG = (
        "pool.client-secret-wrong",
        "the request does not prove to know the secret of the app client {client}",
    )
    CLIENT_PUBLIC = "pool.client-public", "the app client {client} has no secret, and one was sent"
    USER = "pool.user", "{name} names the user {sub}"
    USER_UNKNOWN = "pool.user-unknown", "the pool {pool} has no user of that name"
    USER_DISABLED = "pool.user-disabled", "the user {sub} is disabled"
    LOCKED = "pool.attempts-exceeded", "after {failures} wrong passwords the user is locked out until {until}"
    PASSWORD = "pool.password", "the password is right"
    PASSWORD_WRONG = "pool.password-wrong", "the password is wrong, for the time number {failures}"
    PASSWORD_EXPIRED = "pool.password-expired", "the temporary password ended {until}"
    PASSWORD_POLICY = "pool.password-policy", "the new password does not conform: {problem}"
    NEW_PASSWORD_NEEDED = "pool.new-password-required", "the password is temporary: a new one is asked for"
    CHALLENGE = "pool.challenge-answered", "the challenge {name} was answered"
    CHALLENGE_UNKNOWN = "pool.challenge-unknown", "no challenge is open under this session, or it has ended"
    SESSION = "pool.session", "the refresh token is of the sign-in at {time}"
    SESSION_UNKNOWN = "pool.session-unknown", "the refresh token is none of this app client, or was revoked"
    SESSION_EXPIRED = "pool.session-expired", "the refresh token ended {until}"
    ACCESS_TOKEN = "pool.access-token", "the access token is of the user {sub}"
    ACCESS_TOKEN_REFUSED = "pool.access-token-refused", "the access token is refused: {problem}"
    ISSUED = "pool.tokens-issued", "tokens were issued to the app client {client}"
    REDIRECT_UNKNOWN = "pool.redirect-unknown", "the app client does not list {url} as a {kind} URL"
    SCOPE_UNKNOWN = "pool.scope-unknown", "the app client does not allow the scope {scope}"
    CODE = "pool.code", "the authorization code is of this app client"
    CODE_UNKNOWN = "pool.code-unknown", "the authorization code is unknown, has ended or is another client's"
    CODE_REPLAYED = (
        "pool.code-replayed",
        "the authorization code was used before: what it obtained was revoked",
    )
    PKCE = "pool.pkce-mismatch", "the code_verifier is not what the code_challenge was made of"
    CSRF = "pool.csrf", "the form was not sent by the page that this browser was given"
    REQUEST = "pool.request-malformed", "the request is malformed: {problem}"
