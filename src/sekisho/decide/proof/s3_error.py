"""A refused signature in the words of Amazon S3.

Source: Amazon S3 API Reference, "Error responses", "List of error codes"; S3 words the same
fault differently for a signature in the Authorization header and one in the query.
"""

from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.spelling import AwsError, filled

_HEADER = "AuthorizationHeaderMalformed"
_QUERY = "AuthorizationQueryParametersError"
_QUERY_NEEDS = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
_WRONG = (
    "The request signature we calculated does not match the signature you provided. Check your key and "
    "signing method."
)
_MALFORMED = "The authorization header is malformed; "
_PARSING = "Error parsing the X-Amz-Credential parameter; "
_UNSUPPORTED = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
_NOT_SIGNED = "There were headers present in the request which were not signed"

_PLAIN: dict[ReasonCode, tuple[str, int, str]] = {
    Code.UNSIGNED: ("AccessDenied", 403, "Access Denied"),
    Code.TWO_MECHANISMS: (
        "InvalidArgument",
        400,
        (
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
            "Signature query string parameter or the Authorization header should be specified"
        ),
    ),
    Code.KEY_UNKNOWN: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Code.KEY_INACTIVE: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Code.TOKEN_MISSING: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Code.TOKEN_UNEXPECTED: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    Code.TOKEN_WRONG: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    Code.EXPIRED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Code.PRESIGNED_EXPIRED: ("AccessDenied", 403, "Request has expired"),
    Code.HOST_OTHER: ("SignatureDoesNotMatch", 403, _WRONG),
    Code.SIGNED_HEADERS_FORM: ("SignatureDoesNotMatch", 403, _WRONG),
    Code.HEADER_ABSENT: ("SignatureDoesNotMatch", 403, _WRONG),
    Code.SIGNATURE: ("SignatureDoesNotMatch", 403, _WRONG),
    Code.HOST_UNSIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Code.HEADERS_UNSIGNED: ("AccessDenied", 403, _NOT_SIGNED),
    Code.PAYLOAD_HASH_MISSING: (
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    ),
    Code.PAYLOAD_HASH_FORM: (
        "InvalidArgument",
        400,
        (
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER "
            "or a valid sha256 value."
        ),
    ),
    Code.PAYLOAD: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
    Code.CHUNKS_FORM: ("IncompleteBody", 400, "The request body terminated unexpectedly"),
    Code.CHUNK: ("SignatureDoesNotMatch", 403, _WRONG),
    Code.SESSION_EXPIRED: ("ExpiredToken", 400, "The provided token has expired."),
}

_NOT_VALID_YET = ("AccessDenied", 403, "Request is not valid yet")

_IN_CREDENTIAL: dict[ReasonCode, str] = {
    Code.CREDENTIAL_FORM: (
        'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    ),
    Code.SCOPE_REGION: "the region '{region}' is wrong; expecting '{expected}'",
    Code.SCOPE_SERVICE: 'incorrect service "{service}". This endpoint belongs to "{expected}".',
    Code.SCOPE_TERMINATOR: 'incorrect terminal "{terminator}". This endpoint uses "{expected}".',
    Code.SCOPE_DATE: 'incorrect date "{date}". This endpoint expects "{expected}".',
}

_IN_HEADER: dict[ReasonCode, str] = {
    Code.MISSING: "missing {missing}",
    Code.REPEATED: "{name} is given more than once",
    Code.DATE_FORM: "the date `{date}` is not in the ISO8601 long format",
}

_IN_QUERY: dict[ReasonCode, str] = {
    Code.MISSING: _QUERY_NEEDS,
    Code.REPEATED: "{name} is given more than once",
    Code.ALGORITHM: 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"',
    Code.DATE_FORM: "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    Code.EXPIRES_FORM: "X-Amz-Expires must be a number of seconds from 0 to 604800",
}

_DETAILS: dict[ReasonCode, tuple[tuple[str, str], ...]] = {
    Code.KEY_UNKNOWN: (("AWSAccessKeyId", "access_key_id"),),
    Code.EXPIRED: (("RequestTime", "signed_at"), ("ServerTime", "now")),
    Code.NOT_YET: (("RequestTime", "signed_at"), ("ServerTime", "now")),
    Code.PRESIGNED_EXPIRED: (("X-Amz-Expires", "expires"), ("ServerTime", "now")),
    Code.SCOPE_REGION: (("Region", "expected"),),
    Code.HOST_UNSIGNED: (("HeadersNotSigned", "headers"),),
    Code.HEADERS_UNSIGNED: (("HeadersNotSigned", "headers"),),
    Code.PAYLOAD: (("ClientComputedContentSHA256", "stated"), ("S3ComputedContentSHA256", "computed")),
    Code.SIGNATURE: (
        ("AWSAccessKeyId", "access_key_id"),
        ("StringToSign", "string_to_sign"),
        ("CanonicalRequest", "canonical_request"),
    ),
}


def s3_error(step: Step) -> AwsError:
    """Return S3's answer to the refusing ``step``; S3 names only the first fault."""
    code = step.code
    in_query = step.at.pointer.startswith("/query")
    facts = dict(step.facts)
    details = tuple((element, facts[fact]) for element, fact in _DETAILS.get(code, ()))
    if code in _PLAIN:
        return AwsError(*_PLAIN[code], details)
    if code is Code.NOT_YET:
        return AwsError(*(_NOT_VALID_YET if in_query else _PLAIN[Code.EXPIRED]), details)
    if code is Code.ALGORITHM and step.at.pointer != "/query/X-Amz-Algorithm":
        return AwsError("InvalidRequest", 400, _UNSUPPORTED)
    if in_query:
        text = _PARSING + _IN_CREDENTIAL[code] if code in _IN_CREDENTIAL else _IN_QUERY[code]
        return AwsError(_QUERY, 400, filled(text, step), details)
    text = _MALFORMED + (_IN_CREDENTIAL.get(code) or _IN_HEADER[code])
    return AwsError(_HEADER, 400, filled(text, step), details)
