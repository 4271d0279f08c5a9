"""Stable codes of what a service account token comes to."""

from sekisho.decide.decision import ReasonCode


class ServiceAccountCode(ReasonCode):
    """One code per check, in the order in which kube-apiserver makes them."""

    ACCEPTED = "service-account.accepted", "the token is of {username}, issued by {issuer}"
    ISSUER = "service-account.other-issuer", "the token says that {found} issued it, this cluster is {issuer}"
    MALFORMED = "service-account.malformed", "the token is no signed token: {problem}"
    SIGNATURE = "service-account.signature", "the keys of {issuer} did not sign the token"
    CLAIMS = "service-account.claims", "the claims are not those of a service account token: {problem}"
    AUDIENCE = "service-account.audience", "the token is for {audiences}, and {wanted} was asked for"
    EXPIRED = "service-account.expired", "the token expired at {expires}, and it is {now}"
    NOT_YET = "service-account.not-yet-valid", "the token is valid from {begins}, and it is {now}"
    ACCOUNT_GONE = "service-account.deleted", "there is no service account {namespace}/{name}"
    ACCOUNT_OTHER = (
        "service-account.recreated",
        "the service account {namespace}/{name} was made anew: its uid is {found}, the token's {claimed}",
    )
    BOUND_GONE = (
        "service-account.bound-object-deleted",
        "the token ended with the {kind} {name} that it is bound to",
    )
    BOUND_OTHER = (
        "service-account.bound-object-recreated",
        "the {kind} {name} of the token was made anew: its uid is {found}, the token's {claimed}",
    )
    SECRET_OTHER = (
        "service-account.secret-other-token",
        "the token is not, or no longer, the one that the Secret {name} holds",
    )
    SECRET_INVALID = (
        "service-account.secret-marked-invalid",
        "the Secret {name} is marked: its token does not count since {since}",
    )
    STALE = (
        "service-account.stale",
        "the token was to be renewed at {warn_after}; it is {now}, and it still counts until {expires}",
    )


class ServiceAccountFix(ReasonCode):
    """What would turn a refusal."""

    NEW_TOKEN = "service-account.fix.new-token", "get a new token of {namespace}/{name}"
    FOR_AUDIENCE = "service-account.fix.for-audience", "get a token of {namespace}/{name} for {audience}"
