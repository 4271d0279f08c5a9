"""A refusal of STS as AWS spells it: code, HTTP status and text.

Source: STS API Reference, the errors of each operation; the texts are those that the service prints,
where they are known. The caller never learns why a role is out of reach; the decision says it.
"""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.decision import Decision, ReasonCode
from sekisho.decide.proof.spelling import AwsError
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.refusal import first_code

_VALIDATION = ("ValidationError", 400)
_VALUE = ("InvalidParameterValue", 400)
_DENIED = ("AccessDenied", 403)
_TOKEN = ("InvalidIdentityToken", 400)
_NO_TOKEN = (("InvalidClientTokenId", 403), "The security token included in the request is invalid")
_EXPIRED = ("ExpiredTokenException", 400)
_PACKED = ("PackedPolicyTooLarge", 400)
_NO_KEYS = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
_NOT_WEB = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
_NOT_SIGNED = "User: {caller} is not authorized to perform: {action} on resource: {role}"

_TEXTS: Final[Mapping[ReasonCode, tuple[tuple[str, int], str]]] = {
    StsCode.PARAMETER: (_VALIDATION, "{message}"),
    StsCode.ROLE_ARN: (_VALIDATION, "{role} is invalid"),
    StsCode.SESSION_POLICY: (("MalformedPolicyDocument", 400), "This policy contains invalid Json"),
    StsCode.SESSION_POLICY_GRAMMAR: (("MalformedPolicyDocument", 400), "{text}"),
    StsCode.POLICY_UNKNOWN: (_VALIDATION, "Policy {policy} does not exist or is not attachable."),
    StsCode.TAG_REPEATED: (
        _VALUE,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    StsCode.TAG_RESERVED: (_VALIDATION, "Tag keys cannot start with 'aws:'"),
    StsCode.TRANSITIVE_UNKNOWN: (
        _VALUE,
        "The specified transitive tag key must be included in the requested tags.",
    ),
    StsCode.TRANSITIVE_FIXED: (
        _VALUE,
        (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive "
            "tag key from the calling session."
        ),
    ),
    StsCode.SOURCE_IDENTITY_FIXED: (
        _VALIDATION,
        "The source identity is already set for this assume role session",
    ),
    StsCode.MFA_INCOMPLETE: (
        _DENIED,
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    StsCode.MFA_REFUSED: (_DENIED, "MultiFactorAuthentication failed with invalid MFA one time pass code. "),
    StsCode.MFA_LOCKED: (_DENIED, "MultiFactorAuthentication failed with invalid MFA one time pass code. "),
    StsCode.ROOT: (_DENIED, "Roles may not be assumed by root accounts."),
    StsCode.FEDERATED_CALLER: (_DENIED, "User: {caller} is not authorized to perform: {action}"),
    StsCode.SESSION_CALLER: (_DENIED, "Cannot call {action} with session credentials"),
    StsCode.SESSION_NOT_FOR_STS: (_DENIED, "Cannot call {action} with session credentials"),
    StsCode.SESSION_NOT_FOR_IAM: _NO_TOKEN,
    StsCode.FEDERATED_NOT_FOR_IAM: _NO_TOKEN,
    StsCode.NOT_A_PERSON: (_DENIED, "{caller} is not authorized to perform: sts:{action}"),
    StsCode.NOT_AUTHORIZED: (_DENIED, _NOT_SIGNED),
    StsCode.WEB_NOT_AUTHORIZED: (_DENIED, _NOT_WEB),
    StsCode.DURATION_ROLE: (
        _VALIDATION,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    StsCode.DURATION_CHAINED: (
        _VALIDATION,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
    StsCode.TOKEN_MALFORMED: (
        _TOKEN,
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    ),
    StsCode.PROVIDER_ID: (
        _TOKEN,
        "Tokens of {provider} are not served; leave out ProviderId for OpenID Connect",
    ),
    StsCode.PROVIDER_UNKNOWN: (_TOKEN, "No OpenIDConnect provider found in your account for {issuer}"),
    StsCode.AUDIENCE: (_TOKEN, "Incorrect token audience"),
    StsCode.KEYS_UNREACHABLE: (_TOKEN, _NO_KEYS),
    StsCode.KEYS_TIMEOUT: (
        ("IDPCommunicationError", 400),
        "The identity provider did not answer in time. Retry your request.",
    ),
    StsCode.KEYS_MALFORMED: (_TOKEN, _NO_KEYS),
    StsCode.SIGNATURE: (_TOKEN, "The signature of the provided token could not be verified"),
    StsCode.CLAIM_MISSING: (_TOKEN, "Missing a required claim: {claim}"),
    StsCode.CLAIM_MALFORMED: (_TOKEN, "The claim {claim} must be {expected}"),
    StsCode.TOKEN_EXPIRED: (
        _EXPIRED,
        "Token expired: current date/time {now_epoch} must be before the expiration date/time {exp_epoch}",
    ),
    StsCode.TOKEN_NOT_YET: (_TOKEN, "Token is not valid before {begins}"),
    StsCode.TOKEN_OLD: (_EXPIRED, "Token too old"),
    StsCode.KEY_UNKNOWN: (_VALIDATION, "The access key {key} is not known"),
    StsCode.MESSAGE: (("InvalidAuthorizationMessageException", 400), "Message is not valid"),
}


def aws_error(decision: Decision[object]) -> AwsError:
    """Return how STS words the refusal in ``decision``.

    Raises:
        ValueError: ``decision`` allows, or is none of this room's: there is nothing to word.
    """
    code = first_code(decision)
    facts = dict(decision.decisive[0].facts)
    if code is StsCode.ROLE_UNKNOWN:
        # Whoever may not know the role must not learn here that it does not exist.
        text = _NOT_SIGNED.format_map(facts) if "caller" in facts else _NOT_WEB
        return AwsError(*_DENIED, text)
    if code is StsCode.PACKED_TOO_LARGE:
        return AwsError(*_PACKED, _packed_text(facts))
    if code not in _TEXTS:
        raise ValueError("the refusal is not one of STS's own")
    (name, status), text = _TEXTS[code]
    return AwsError(name, status, text.format_map(facts))


def _packed_text(facts: Mapping[str, str]) -> str:
    if facts["what"] == "tags":
        return f"Packed size of session tags consumes {facts['percent']}% of allotted space."
    return f"Packed policy consumes {facts['percent']}% of allotted space, please use smaller policy."
