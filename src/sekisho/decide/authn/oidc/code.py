"""What holding an id token against the configuration of issuers found, and what would help."""

from enum import StrEnum

from sekisho.decide.decision import ReasonCode


class OidcCode(ReasonCode):
    """Stable identifiers, in the order the checks are made."""

    NOT_A_JWT = "oidc.not-a-jwt", "not an id token: it is no JSON Web Token in compact form"
    ISSUER = "oidc.issuer-not-configured", "the token is of the issuer {issuer}; configured are {configured}"
    MALFORMED = "oidc.malformed", "the token cannot be read: {problem}"
    CLAIM_TYPE = "oidc.claim-type", "the claim `{claim}` is {value}; expected {expected}"
    CLAIM_SOURCE = "oidc.claim-source", "`_claim_names` has `{claim}` at a source that `_claim_sources` lacks"
    AUDIENCE = "oidc.audience", "the token is for {value}; {setting} takes {accepted}"
    EXPIRY_MISSING = "oidc.expiry-missing", "the token has no `exp` and counts as expired"
    EXPIRED = "oidc.expired", "the token expired at {expires}; it is {now}"
    NOT_YET = "oidc.not-yet-valid", "the token holds from {begins}; it is {now}"
    ALGORITHM = "oidc.algorithm", "the token is signed by {algorithm}; {setting} takes {accepted}"
    NOT_READY = "oidc.not-ready", "the issuer {issuer} was not discovered yet: {problem}"
    KEYS_UNAVAILABLE = "oidc.keys-unavailable", "the keys of the issuer {issuer} could not be had: {problem}"
    SIGNATURE = "oidc.signature", "the token is not signed by a key of {issuer}"
    DISTRIBUTED = "oidc.distributed-claim", "the claim `{claim}` lies elsewhere and cannot be had: {problem}"
    CLAIM_MISSING = "oidc.claim-missing", "the token has no claim `{claim}`, which {setting} reads"
    USERNAME_EMPTY = "oidc.username-empty", "{setting} makes an empty user name of the token"
    EMAIL_UNVERIFIED = (
        "oidc.email-unverified",
        "`email_verified` is {value}: {setting} takes no address that the issuer did not verify",
    )
    REQUIRED_MISSING = (
        "oidc.required-claim-missing",
        "the token has no claim `{claim}`; {setting} requires it",
    )
    REQUIRED_VALUE = (
        "oidc.required-claim-value",
        "the claim `{claim}` is {value}; {setting} requires `{required}`",
    )
    EXPRESSION = "oidc.expression-failed", "{setting} cannot be evaluated for the token: {problem}"
    EXPRESSION_TYPE = "oidc.expression-type", "{setting} yields {value}; expected {expected}"
    CLAIM_RULE = "oidc.claim-rule", "{setting} is false for the claims ({value}): {message}"
    USER_RULE = "oidc.user-rule", "{setting} is false for the user {username}: {message}"
    AUTHENTICATED = "oidc.authenticated", "{issuer} vouches for {username}"


class OidcClaim(ReasonCode):
    """What becomes of one claim of a token: exactly one of these."""

    USED = "oidc.claim-used", "the claim `{claim}` is used: {purpose}"
    CHECKED = "oidc.claim-checked", "the claim `{claim}` is checked: {purpose}"
    IGNORED = "oidc.claim-ignored", "the claim `{claim}` is ignored: nothing reads it"


class OidcNear(ReasonCode):
    """An issuer of the configuration that the token's all but is."""

    ISSUER = (
        "oidc.issuer-nearly",
        "{setting} is {configured}, the token says {issuer}: they differ in {difference}",
    )


class OidcFix(ReasonCode):
    """What would admit the token."""

    ADD_ISSUER = "oidc.add-issuer", "add an entry to jwt with issuer.url `{issuer}`, if it is to be trusted"
    ADD_AUDIENCE = "oidc.add-audience", "add `{audience}` to {setting}, if tokens for it are to be taken"
    NEW_TOKEN = "oidc.new-token", "get a new token from {issuer}"
    CLOCKS = "oidc.compare-clocks", "compare the clocks of this machine and of {issuer}"
    ALLOW_ALGORITHM = "oidc.allow-algorithm", "add `{algorithm}` to {setting}, if the issuer signs by it"
    RELEASE_CLAIM = (
        "oidc.release-claim",
        "have {issuer} put `{claim}` into the token, or name another claim in {setting}",
    )
    VERIFY_EMAIL = "oidc.verify-email", "have {issuer} verify the address, or map another claim in {setting}"
    REASSOCIATE = (
        "oidc.reassociate",
        "EKS changes no identity provider: disassociate `{provider}` and associate it again, {change}",
    )
    ASSOCIATE = (
        "oidc.associate-provider",
        "associate an identity provider with issuerUrl `{issuer}`, if it is to be trusted",
    )
    CHANGE_RULE = "oidc.change-rule", "change {setting}, or have {issuer} issue what it asks for"


class OidcFault(StrEnum):
    """The stable codes of a configuration that cannot be used (`InputFault.code`)."""

    CONFIGURATION = "oidc.configuration"
    FLAGS = "oidc.flags"
    PROVIDER = "oidc.identity-provider-config"
    PROVIDER_IN_USE = "oidc.identity-provider-in-use"
    PROVIDER_LIMIT = "oidc.identity-provider-limit"
    EXPRESSION = "oidc.expression"
    CEL_MISSING = "oidc.cel-missing"
