"""A refused signature as AWS spells it: code, HTTP status and text, by protocol family.

The same refusal has different names: an unknown key is InvalidClientTokenId to STS and IAM,
UnrecognizedClientException to EKS, AuthFailure to EC2 and InvalidAccessKeyId to S3.

Source: the "Common errors" page of each API reference; Amazon EC2 API Reference, "Error
codes"; the texts are those the services print.
"""

from enum import StrEnum

from sekisho.decide.decision import Decision, ReasonCode, Step
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.s3_error import s3_error
from sekisho.decide.proof.spelling import AwsError, filled


class Family(StrEnum):
    """How a service writes its errors.

    ``QUERY``: STS, IAM, CloudFormation. ``REST_JSON``: EKS, eks-auth. ``JSON``: Cognito,
    Organizations; there every client error is HTTP 400.
    """

    QUERY = "query"
    EC2 = "ec2"
    REST_JSON = "rest-json"
    JSON = "json"
    S3 = "s3"


class _Kind(StrEnum):
    MISSING = "missing"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    TIME = "time"
    MISMATCH = "mismatch"
    EXPIRED = "expired"


_NAMES: dict[Family, dict[_Kind, tuple[str, int]]] = {
    Family.QUERY: {
        _Kind.MISSING: ("MissingAuthenticationToken", 403),
        _Kind.INCOMPLETE: ("IncompleteSignature", 400),
        _Kind.UNKNOWN: ("InvalidClientTokenId", 403),
        _Kind.TIME: ("SignatureDoesNotMatch", 403),
        _Kind.MISMATCH: ("SignatureDoesNotMatch", 403),
        _Kind.EXPIRED: ("ExpiredToken", 403),
    },
    Family.EC2: {
        _Kind.MISSING: ("MissingAuthenticationToken", 403),
        _Kind.INCOMPLETE: ("IncompleteSignature", 400),
        _Kind.UNKNOWN: ("AuthFailure", 401),
        _Kind.TIME: ("RequestExpired", 400),
        _Kind.MISMATCH: ("SignatureDoesNotMatch", 403),
        _Kind.EXPIRED: ("RequestExpired", 400),
    },
    Family.REST_JSON: {
        _Kind.MISSING: ("MissingAuthenticationTokenException", 403),
        _Kind.INCOMPLETE: ("IncompleteSignatureException", 403),
        _Kind.UNKNOWN: ("UnrecognizedClientException", 403),
        _Kind.TIME: ("InvalidSignatureException", 403),
        _Kind.MISMATCH: ("InvalidSignatureException", 403),
        _Kind.EXPIRED: ("ExpiredTokenException", 403),
    },
    Family.JSON: {
        _Kind.MISSING: ("MissingAuthenticationTokenException", 400),
        _Kind.INCOMPLETE: ("IncompleteSignatureException", 400),
        _Kind.UNKNOWN: ("UnrecognizedClientException", 400),
        _Kind.TIME: ("InvalidSignatureException", 400),
        _Kind.MISMATCH: ("InvalidSignatureException", 400),
        _Kind.EXPIRED: ("ExpiredTokenException", 400),
    },
}

_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a message
_WRONG = (
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details."
)
_WRONG_AND_EXPECTED = (
    _WRONG + "\n\nThe Canonical String for this request should have been\n'{canonical_request}'"
    "\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
)

_TEXTS: dict[ReasonCode, tuple[_Kind, str]] = {
    Code.UNSIGNED: (_Kind.MISSING, "Request is missing Authentication Token"),
    Code.TWO_MECHANISMS: (_Kind.INCOMPLETE, "Only one of header and query-string authentication is allowed."),
    Code.ALGORITHM: (_Kind.INCOMPLETE, "Unsupported AWS 'algorithm': '{algorithm}'"),
    Code.REPEATED: (_Kind.INCOMPLETE, "Authentication parameter '{name}' must be given once."),
    Code.MISSING: (_Kind.INCOMPLETE, ""),
    Code.CREDENTIAL_FORM: (
        _Kind.INCOMPLETE,
        (
            "Credential must have exactly 5 slash-delimited elements, "
            "e.g. keyid/date/region/service/term, got '{credential}'"
        ),
    ),
    Code.DATE_FORM: (
        _Kind.INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    Code.KEY_UNKNOWN: (_Kind.UNKNOWN, _INVALID_TOKEN),
    Code.KEY_INACTIVE: (_Kind.UNKNOWN, _INVALID_TOKEN),
    Code.TOKEN_MISSING: (_Kind.UNKNOWN, _INVALID_TOKEN),
    Code.TOKEN_UNEXPECTED: (_Kind.UNKNOWN, _INVALID_TOKEN),
    Code.TOKEN_WRONG: (_Kind.UNKNOWN, _INVALID_TOKEN),
    Code.EXPIRED: (
        _Kind.TIME,
        "Signature expired: {signed_at} is now earlier than {earliest} ({now} - 15 min.)",
    ),
    Code.NOT_YET: (
        _Kind.TIME,
        "Signature not yet current: {signed_at} is still later than {latest} ({now} + 15 min.)",
    ),
    Code.SCOPE_REGION: (_Kind.MISMATCH, "Credential should be scoped to a valid region, not '{region}'."),
    Code.SCOPE_SERVICE: (_Kind.MISMATCH, "Credential should be scoped to correct service: '{expected}'."),
    Code.SCOPE_TERMINATOR: (
        _Kind.MISMATCH,
        "Credential should be scoped with a valid terminator: '{expected}', not '{terminator}'.",
    ),
    Code.SCOPE_DATE: (
        _Kind.MISMATCH,
        (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'{date}' != '{expected}', from '{signed_at}'."
        ),
    ),
    Code.HOST_OTHER: (_Kind.MISMATCH, _WRONG),
    Code.SIGNED_HEADERS_FORM: (_Kind.MISMATCH, _WRONG),
    Code.HOST_UNSIGNED: (
        _Kind.MISMATCH,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    Code.HEADER_ABSENT: (_Kind.MISMATCH, _WRONG),
    Code.SIGNATURE: (_Kind.MISMATCH, _WRONG_AND_EXPECTED),
    Code.SESSION_EXPIRED: (_Kind.EXPIRED, "The security token included in the request is expired"),
}
_EC2_TEXTS = {
    _Kind.UNKNOWN: "AWS was not able to validate the provided access credentials",
    _Kind.TIME: "Request has expired.",
    _Kind.EXPIRED: "Request has expired.",
}


def aws_error(decision: Decision[Signed], family: Family) -> AwsError:
    """Return how a service of ``family`` words the refusal in ``decision``.

    Raises:
        ValueError: ``decision`` allows: there is nothing to word.
    """
    if decision.allowed or not decision.decisive:
        raise ValueError("only a refusal is worded as an error")
    if family is Family.S3:
        return s3_error(decision.decisive[0])
    spelled = [_text(step) for step in decision.decisive]
    kind = spelled[0][0]
    code, status = _NAMES[family][kind]
    text = " ".join(text for _, text in spelled)
    if family is Family.EC2:
        text = _EC2_TEXTS.get(kind, text)
    return AwsError(code, status, text)


def _text(step: Step) -> tuple[_Kind, str]:
    """Return the kind and text of one refusing step.

    A code that only S3's rules produce never gets here; if one did, it would be a mismatch.
    """
    kind, template = _TEXTS.get(step.code, (_Kind.MISMATCH, _WRONG))
    if step.code is not Code.MISSING:
        return kind, filled(template, step)
    names = dict(step.facts)["missing"].split(", ")
    if step.at.pointer.startswith("/query"):
        parts = [f"AWS query-string parameters must include '{name}'." for name in names]
        return kind, " ".join([*parts, "Re-examine the query-string parameters."])
    return kind, " ".join(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        if name == "X-Amz-Date"
        else f"Authorization header requires '{name}' parameter."
        for name in names
    )
