"""The reason codes of the Security Token Service: why a session is made, or is not."""

from sekisho.decide.decision import ReasonCode


class StsCode(ReasonCode):
    """Stable identifiers; `aws_error` says what a client is told for each."""

    GRANTED = "sts.session-granted", "{session} until {expires}"
    FOUND = "sts.found", "{found}"

    PARAMETER = "sts.parameter-invalid", "{message}"
    ROLE_ARN = "sts.role-arn-invalid", "{role} is not the ARN of a role"
    SESSION_POLICY = "sts.session-policy-malformed", "the session policy is not JSON: {problem}"
    SESSION_POLICY_GRAMMAR = "sts.session-policy-grammar", "the session policy is not a policy: {problem}"
    POLICY_UNKNOWN = (
        "sts.session-policy-unknown",
        "there is no managed policy {policy} for a session of {role}",
    )
    PACKED_TOO_LARGE = (
        "sts.packed-too-large",
        "session policies and tags take up {percent} % of the space that a session has for them",
    )
    TAG_REPEATED = "sts.tag-repeated", "the tag {key} occurs twice; case does not count in tag keys"
    TAG_RESERVED = "sts.tag-reserved", "the tag {key} begins with `aws:`, which is AWS's own"
    TRANSITIVE_UNKNOWN = (
        "sts.transitive-tag-not-passed",
        "{key} is to be transitive and is not among the tags",
    )
    TRANSITIVE_FIXED = (
        "sts.transitive-tag-fixed",
        "the tag {key} came down the chain from {caller} and cannot be set again",
    )
    SOURCE_IDENTITY_FIXED = (
        "sts.source-identity-fixed",
        "the source identity is {have} since an earlier role of the chain and cannot become {wanted}",
    )

    MFA_INCOMPLETE = "sts.mfa-incomplete", "serial number and code of an MFA device go together"
    MFA_REFUSED = "sts.mfa-refused", "the code is not the one that the MFA device {serial} of {caller} shows"
    MFA_LOCKED = (
        "sts.mfa-locked",
        "the last codes for the MFA device {serial} of {caller} were wrong: none is looked at before {until}",
    )
    ROOT = "sts.root-may-not-assume", "{caller} is a root user, who may assume no role"
    FEDERATED_CALLER = (
        "sts.federated-user-may-not",
        "{caller} is a federated user, who may call nothing of STS but GetCallerIdentity",
    )
    SESSION_CALLER = "sts.session-may-not", "{action} takes long-term keys, and {caller} signs with a session"
    SESSION_NOT_FOR_STS = (
        "sts.session-not-for-sts",
        "{caller} signs with GetSessionToken's session, which may only AssumeRole and GetCallerIdentity",
    )
    SESSION_NOT_FOR_IAM = (
        "sts.session-not-for-iam",
        "IAM takes no calls from a session of {caller} that was obtained without a code of an MFA device",
    )
    FEDERATED_NOT_FOR_IAM = (
        "sts.federated-user-not-for-iam",
        "{caller} is a federated user, from whom IAM takes no calls",
    )
    NOT_A_PERSON = "sts.not-a-user", "{action} is for IAM users and the root user, not for {caller}"

    ROLE_UNKNOWN = "sts.role-unknown", "there is no role {role}"
    NOT_AUTHORIZED = "sts.not-authorized", "{caller} may not {action} on {role}"
    WEB_NOT_AUTHORIZED = "sts.web-identity-not-authorized", "{subject} of {issuer} may not {action} on {role}"

    DURATION_ROLE = "sts.duration-over-role", "{asked} s are more than the {maximum} s that {role} allows"
    DURATION_CHAINED = (
        "sts.duration-over-chaining",
        "{asked} s are more than the hour of a role that is assumed with temporary credentials",
    )

    TOKEN_MALFORMED = "sts.token-malformed", "the web identity token is no signed token: {problem}"
    PROVIDER_ID = (
        "sts.provider-id",
        "tokens of {provider} are not taken; leave ProviderId out for OpenID Connect",
    )
    PROVIDER_UNKNOWN = "sts.provider-unknown", "account {account} has no identity provider for {issuer}"
    AUDIENCE = (
        "sts.audience-not-registered",
        "the token is for {audience}; the provider {url} takes {registered}",
    )
    KEYS_UNREACHABLE = "sts.keys-unreachable", "the keys of {issuer} could not be had ({fault})"
    KEYS_TIMEOUT = "sts.keys-timeout", "{issuer} did not answer in time"
    KEYS_MALFORMED = "sts.keys-malformed", "{issuer} answered what is no set of keys: {problem}"
    SIGNATURE = "sts.token-signature", "the keys of {issuer} did not sign the token"
    CLAIM_MISSING = "sts.claim-missing", "the token lacks the claim {claim}"
    CLAIM_MALFORMED = "sts.claim-malformed", "the claim {claim} of the token is not {expected}"
    TOKEN_EXPIRED = "sts.token-expired", "the token expired at {expires}, and it is {now}"
    TOKEN_NOT_YET = "sts.token-not-yet-valid", "the token is valid from {begins}, and it is {now}"
    TOKEN_OLD = "sts.token-too-old", "the token was issued at {issued}, more than a day ago"

    KEY_UNKNOWN = "sts.access-key-unknown", "no account has the access key {key}"
    MESSAGE = "sts.message-invalid", "the encoded message was not made here, or was changed"


class StsNear(ReasonCode):
    """What almost matched."""

    ISSUER = (
        "sts.near.issuer",
        "the account has a provider for {url}, which differs from {issuer} in {difference}",
    )
    ROLE = "sts.near.role", "the account has the role {found}"
    KEY_SCHEME = (
        "sts.near.scheme-in-key",
        "the condition key {key} begins with a scheme; the issuer's keys are written without: {bare}",
    )
    KEY_ISSUER = (
        "sts.near.key-of-other-issuer",
        "the condition key {key} is of another issuer; the token's is {bare}",
    )
    WILDCARD = (
        "sts.near.wildcard-in-equals",
        "{operator} takes the wildcard in {written} literally; StringLike would fit {actual}",
    )
    NAMESPACE = (
        "sts.near.other-namespace",
        "the trust policy takes {written}; the token is of {actual}, in another namespace",
    )
    SUBJECT = "sts.near.other-subject", "the trust policy takes {written}; the token is of {actual}"
    CLAIM = (
        "sts.near.other-audience",
        "the trust policy takes the audience {written}; the token's is {actual}",
    )
    PROVIDER_CASE = (
        "sts.near.provider-case",
        "{written} differs from the provider {provider} in upper and lower case only",
    )
    PROVIDER_SCHEME = (
        "sts.near.scheme-in-provider",
        "{written} has a scheme in it; the provider is {provider}",
    )
    PROVIDER_ACCOUNT = (
        "sts.near.provider-of-other-account",
        "{written} is the provider of another account; the role's own is {provider}",
    )
    PROVIDER_OTHER = (
        "sts.near.other-provider",
        "the trust policy takes tokens of {written}, not of {provider}",
    )


class StsFix(ReasonCode):
    """What would turn a refusal."""

    SHORTEN = "sts.fix.shorten", "ask for at most {maximum} s"
    RAISE_MAXIMUM = "sts.fix.raise-maximum", "raise the maximum session duration of {role} to {asked} s"
    ADD_PROVIDER = (
        "sts.fix.add-provider",
        "create an OpenID Connect provider for {issuer} in account {account}",
    )
    ADD_AUDIENCE = "sts.fix.add-audience", "add {audience} to the client ids of the provider {url}"
    RENEW = "sts.fix.renew-token", "get a new token from {issuer}"
    CORRECT_TRUST = "sts.fix.correct-trust", "change the trust policy of {role} at {at}"
