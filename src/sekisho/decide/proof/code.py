"""Reason codes of signature verification: stable, one per way a proof can fail."""

from sekisho.decide.decision import ReasonCode


class Code(ReasonCode):
    """What verification found; the order is the order of the checks."""

    SIGNED = "proof.signed", "the request is signed with {access_key_id} by {principal}"

    UNSIGNED = "proof.unsigned", "the request carries no signature"
    TWO_MECHANISMS = "proof.two-mechanisms", "the request is signed both in the query and in a header"
    ALGORITHM = "proof.algorithm-not-supported", "the algorithm `{algorithm}` is not AWS4-HMAC-SHA256"
    REPEATED = "proof.parameter-repeated", "`{name}` is given more than once"
    MISSING = "proof.parameter-missing", "the signature lacks {missing}"
    CREDENTIAL_FORM = (
        "proof.credential-malformed",
        "the credential `{credential}` is not KEY/DATE/REGION/SERVICE/aws4_request",
    )
    DATE_FORM = "proof.date-malformed", "the date `{date}` is not YYYYMMDDTHHMMSSZ"
    EXPIRES_FORM = "proof.expires-malformed", "X-Amz-Expires `{expires}` is not 0 to 604800 seconds"

    KEY_UNKNOWN = "proof.key-unknown", "no access key `{access_key_id}` exists"
    KEY_INACTIVE = "proof.key-inactive", "the access key {access_key_id} is inactive"
    TOKEN_MISSING = "proof.token-missing", "the temporary key {access_key_id} came without its session token"
    TOKEN_UNEXPECTED = (
        "proof.token-unexpected",
        "the long-term key {access_key_id} came with a session token",
    )
    TOKEN_WRONG = "proof.token-wrong", "the session token is not the one issued with {access_key_id}"

    EXPIRED = "proof.signature-expired", "signed at {signed_at}, before {earliest} ({now} - 15 minutes)"
    NOT_YET = "proof.signature-not-yet-current", "signed at {signed_at}, after {latest} ({now} + 15 minutes)"
    PRESIGNED_EXPIRED = (
        "proof.presigned-expired",
        "signed at {signed_at} for {expires} seconds; it is {now}",
    )

    SCOPE_REGION = "proof.scope-region", "signed for region `{region}`, not {expected}"
    SCOPE_SERVICE = "proof.scope-service", "signed for service `{service}`, not `{expected}`"
    SCOPE_TERMINATOR = "proof.scope-terminator", "the credential ends in `{terminator}`, not aws4_request"
    SCOPE_DATE = "proof.scope-date", "the credential's date `{date}` is not the day of {signed_at}"
    HOST_OTHER = "proof.host-not-served", "signed for host `{host}`, which is not this endpoint"
    SIGNED_HEADERS_FORM = (
        "proof.signed-headers-not-canonical",
        "the signed headers `{signed_headers}` are not lower-case names in ascending order",
    )
    HOST_UNSIGNED = "proof.host-not-signed", "the host header is not among the signed headers"
    HEADERS_UNSIGNED = "proof.headers-not-signed", "S3 wants these headers signed: {headers}"
    HEADER_ABSENT = "proof.signed-header-absent", "the signed header `{header}` is not in the request"
    PAYLOAD_HASH_MISSING = "proof.payload-hash-missing", "S3 wants an x-amz-content-sha256 header"
    PAYLOAD_HASH_FORM = "proof.payload-hash-malformed", "x-amz-content-sha256 is `{payload_hash}`"

    SIGNATURE = "proof.signature-mismatch", "the signature is not that of {access_key_id} for this request"
    PAYLOAD = "proof.payload-mismatch", "the body is not the one whose hash was signed"
    CHUNKS_FORM = "proof.chunks-malformed", "the body is not the aws-chunked encoding its signature announces"
    CHUNK = "proof.chunk-mismatch", "the signature of part {index} of the body is not right"
    SESSION_EXPIRED = "proof.session-expired", "the session of {access_key_id} expired at {expires}"

    OTHER_FORM = "proof.matches-other-form", "the signature would be right {variant}"


class RepairCode(ReasonCode):
    """What would turn a refusal; the facts are those of the refusing step."""

    SIGN_AGAIN = "proof.repair-sign-again", "sign again: the signature was made too long ago"
    SET_CLOCK = "proof.repair-set-clock", "set the client's clock: its signatures are dated in the future"
    SEND_TOKEN = "proof.repair-send-token", "send the session token issued together with {access_key_id}"
    DROP_TOKEN = "proof.repair-drop-token", "unset the session token: {access_key_id} is a long-term key"
    ACTIVATE = "proof.repair-activate-key", "set the status of {access_key_id} to Active"
    RENEW = "proof.repair-renew-session", "get new temporary credentials"
    REGION = "proof.repair-region", "sign for region {expected}"
    SERVICE = "proof.repair-service", "sign for service `{expected}`"
    SIGN_HEADER = "proof.repair-sign-host", "list the host header among the signed headers"
    ADD_HEADER = "proof.repair-send-header", "send the header `{header}` with the value that was signed"


class RequestFault(ReasonCode):
    """What makes an HTTP request no request; raised as an input error, never decided."""

    METHOD = "proof.request-method", "the method is not a token of at most 32 characters"
    PATH = "proof.request-path", "the path is not an absolute, percent-encoded path"
    QUERY = "proof.request-query", "the query is not percent-encoded UTF-8"
    HEADER = "proof.request-header", "a header is not a lower-case name and a one-line value"
    TOO_LARGE = "proof.request-too-large", "the request has too many or too long parts"
