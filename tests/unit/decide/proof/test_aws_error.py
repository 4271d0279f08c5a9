"""Refusals in the words of each protocol family: code, status and, where AWS's are known, texts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.proof import (
    AwsError,
    Code,
    Credential,
    Family,
    HttpRequest,
    Scope,
    Signed,
    aws_error,
    presign,
    sign_headers,
    verify,
)
from sekisho.decide.sts import user
from sekisho.decide.values import Instant, Ref, Secret

NOW = Instant.parse_amz("20310504T100000Z")
KEY = Credential(
    "ASIAEXAMPLE000000001",
    Secret("kelp/forest"),
    user("111122223333", "mira", "AIDAEXAMPLE000000001"),
    session_token=Secret("IQoJb3JpZ2lu"),
    expires=NOW + timedelta(hours=1),
)
MINUTE = timedelta(minutes=1)


def request(
    service: str, *, query: bool = False, at: Instant = NOW, region: str = "eu-north-1"
) -> HttpRequest:
    plain = HttpRequest("GET", "/", "Action=A", (("host", "h"),))
    sign = presign if query else sign_headers
    return sign(plain, KEY.keys, at, region=region, service=service)


def refusal(received: HttpRequest, service: str, now: Instant = NOW) -> Decision[Signed]:
    return verify(received, {KEY.access_key_id: KEY}.get, now, Scope(service, frozenset({"eu-north-1"})))


def without_authorization(received: HttpRequest) -> HttpRequest:
    return replace(received, headers=tuple(h for h in received.headers if h[0] != "authorization"))


def resigned(received: HttpRequest, old: str, new: str) -> HttpRequest:
    """Replace text inside the Authorization header and the query."""
    headers = tuple(
        (name, value.replace(old, new) if name == "authorization" else value)
        for name, value in received.headers
    )
    return replace(received, headers=headers, query=received.query.replace(old, new))


def unknown(received: HttpRequest) -> HttpRequest:
    return resigned(received, KEY.access_key_id, "ASIAEXAMPLE00000NONE")


def changed(received: HttpRequest) -> HttpRequest:
    return replace(received, query=received.query.replace("Action=A", "Action=B"))


LATER = NOW + timedelta(hours=1)
KINDS = {
    "unsigned": lambda service: refusal(without_authorization(request(service)), service),
    "incomplete": lambda service: refusal(resigned(request(service), "Signature", "Sig"), service),
    "unknown key": lambda service: refusal(unknown(request(service)), service),
    "too old": lambda service: refusal(request(service, at=NOW + -16 * MINUTE), service),
    "mismatch": lambda service: refusal(changed(request(service)), service),
    "session expired": lambda service: refusal(request(service, at=LATER), service, LATER),
}
SPELLINGS = {
    Family.QUERY: (
        "sts",
        {
            "unsigned": ("MissingAuthenticationToken", 403),
            "incomplete": ("IncompleteSignature", 400),
            "unknown key": ("InvalidClientTokenId", 403),
            "too old": ("SignatureDoesNotMatch", 403),
            "mismatch": ("SignatureDoesNotMatch", 403),
            "session expired": ("ExpiredToken", 403),
        },
    ),
    Family.EC2: (
        "ec2",
        {
            "unsigned": ("MissingAuthenticationToken", 403),
            "incomplete": ("IncompleteSignature", 400),
            "unknown key": ("AuthFailure", 401),
            "too old": ("RequestExpired", 400),
            "mismatch": ("SignatureDoesNotMatch", 403),
            "session expired": ("RequestExpired", 400),
        },
    ),
    Family.REST_JSON: (
        "eks",
        {
            "unsigned": ("MissingAuthenticationTokenException", 403),
            "incomplete": ("IncompleteSignatureException", 403),
            "unknown key": ("UnrecognizedClientException", 403),
            "too old": ("InvalidSignatureException", 403),
            "mismatch": ("InvalidSignatureException", 403),
            "session expired": ("ExpiredTokenException", 403),
        },
    ),
    Family.JSON: (
        "cognito-idp",
        {
            "unsigned": ("MissingAuthenticationTokenException", 400),
            "incomplete": ("IncompleteSignatureException", 400),
            "unknown key": ("UnrecognizedClientException", 400),
            "too old": ("InvalidSignatureException", 400),
            "mismatch": ("InvalidSignatureException", 400),
            "session expired": ("ExpiredTokenException", 400),
        },
    ),
    Family.S3: (
        "s3",
        {
            "unsigned": ("AccessDenied", 403),
            "incomplete": ("AuthorizationHeaderMalformed", 400),
            "unknown key": ("InvalidAccessKeyId", 403),
            "too old": ("RequestTimeTooSkewed", 403),
            "mismatch": ("SignatureDoesNotMatch", 403),
            "session expired": ("ExpiredToken", 400),
        },
    ),
}
ROWS = [
    (family, service, kind, spelled)
    for family, (service, row) in SPELLINGS.items()
    for kind, spelled in row.items()
]


@pytest.mark.parametrize(
    ("family", "service", "kind", "spelled"), ROWS, ids=[f"{row[0]}: {row[2]}" for row in ROWS]
)
def test_code_and_status(family: Family, service: str, kind: str, spelled: tuple[str, int]) -> None:
    error = aws_error(KINDS[kind](service), family)
    assert (error.code, error.http_status) == spelled
    assert "{" not in error.message


TEXTS = {
    "unsigned": (without_authorization(request("sts")), "Request is missing Authentication Token"),
    "unknown key": (unknown(request("sts")), "The security token included in the request is invalid."),
    "too old": (
        request("sts", at=NOW + -16 * MINUTE),
        (
            "Signature expired: 20310504T094400Z is now earlier than 20310504T094500Z "
            "(20310504T100000Z - 15 min.)"
        ),
    ),
    "too new": (
        request("sts", at=NOW + 16 * MINUTE),
        (
            "Signature not yet current: 20310504T101600Z is still later than 20310504T101500Z "
            "(20310504T100000Z + 15 min.)"
        ),
    ),
    "region": (
        request("sts", region="eu-west-1"),
        "Credential should be scoped to a valid region, not 'eu-west-1'.",
    ),
    "service and terminator": (
        resigned(request("iam"), "aws4_request", "aws5_request"),
        (
            "Credential should be scoped to correct service: 'sts'. "
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."
        ),
    ),
    "day": (
        resigned(request("sts"), "/20310504/", "/20310503/"),
        (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'20310503' != '20310504', from '20310504T100000Z'."
        ),
    ),
    "host": (
        resigned(request("sts"), "=host;", "="),
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    "credential": (
        resigned(request("sts"), "/aws4_request", ""),
        (
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            "got 'ASIAEXAMPLE000000001/20310504/eu-north-1/sts'"
        ),
    ),
    "parts of the header": (
        HttpRequest("GET", "/", "", (("host", "h"), ("authorization", "AWS4-HMAC-SHA256 Credential=a"))),
        (
            "Authorization header requires 'SignedHeaders' parameter. "
            "Authorization header requires 'Signature' parameter. "
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        ),
    ),
    "parts of the query": (
        HttpRequest("GET", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&X-Amz-Date=0", ()),
        (
            "AWS query-string parameters must include 'X-Amz-Credential'. "
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
            "Re-examine the query-string parameters."
        ),
    ),
}


@pytest.mark.parametrize(("received", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_texts_of_sts(received: HttpRequest, text: str) -> None:
    assert aws_error(refusal(received, "sts"), Family.QUERY).message == text


def test_a_mismatch_prints_what_should_have_been_signed_without_the_session_token() -> None:
    received = changed(request("sts"))
    text = aws_error(refusal(received, "sts"), Family.QUERY).message
    assert text.startswith(
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.\n\n"
        "The Canonical String for this request should have been\n'GET\n/\nAction=B\nhost:h\n"
        "x-amz-date:20310504T100000Z\nx-amz-security-token:***\n\nhost;x-amz-date;x-amz-security-token\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n\n"
        "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20310504T100000Z\n"
        "20310504/eu-north-1/sts/aws4_request\n"
    )
    assert "IQoJ" not in text


def test_ec2_keeps_its_own_texts() -> None:
    assert aws_error(refusal(unknown(request("ec2")), "ec2"), Family.EC2).message == (
        "AWS was not able to validate the provided access credentials"
    )


HEADERS = "The authorization header is malformed; "
PARSING = "Error parsing the X-Amz-Credential parameter; "
S3_CASES: dict[str, tuple[HttpRequest, AwsError]] = {
    "region in the header": (
        request("s3", region="us-east-1"),
        AwsError(
            "AuthorizationHeaderMalformed",
            400,
            HEADERS + "the region 'us-east-1' is wrong; expecting 'eu-north-1'",
            (("Region", "eu-north-1"),),
        ),
    ),
    "region in the query": (
        request("s3", region="us-east-1", query=True),
        AwsError(
            "AuthorizationQueryParametersError",
            400,
            PARSING + "the region 'us-east-1' is wrong; expecting 'eu-north-1'",
            (("Region", "eu-north-1"),),
        ),
    ),
    "presigned expired": (
        request("s3", at=NOW + -2 * MINUTE, query=True),
        AwsError(
            "AccessDenied",
            403,
            "Request has expired",
            (("X-Amz-Expires", "60"), ("ServerTime", "20310504T100000Z")),
        ),
    ),
    "presigned too new": (
        request("s3", at=NOW + 16 * MINUTE, query=True),
        AwsError(
            "AccessDenied",
            403,
            "Request is not valid yet",
            (("RequestTime", "20310504T101600Z"), ("ServerTime", "20310504T100000Z")),
        ),
    ),
    "header too new": (
        request("s3", at=NOW + 16 * MINUTE),
        AwsError(
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
            (("RequestTime", "20310504T101600Z"), ("ServerTime", "20310504T100000Z")),
        ),
    ),
    "version 2": (
        HttpRequest("GET", "/", "AWSAccessKeyId=A&Signature=B", ()),
        AwsError(
            "InvalidRequest",
            400,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
    ),
    "algorithm in the query": (
        resigned(request("s3", query=True), "HMAC-SHA256", "HMAC-SHA1"),
        AwsError(
            "AuthorizationQueryParametersError", 400, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'
        ),
    ),
    "header not signed": (
        replace(request("s3"), headers=(*request("s3").headers, ("x-amz-acl", "private"))),
        AwsError(
            "AccessDenied",
            403,
            "There were headers present in the request which were not signed",
            (("HeadersNotSigned", "x-amz-acl"),),
        ),
    ),
    "date in the header": (
        replace(
            request("s3"),
            headers=tuple((n, "now" if n == "x-amz-date" else v) for n, v in request("s3").headers),
        ),
        AwsError(
            "AuthorizationHeaderMalformed",
            400,
            HEADERS + "the date `now` is not in the ISO8601 long format",
        ),
    ),
}


@pytest.mark.parametrize(("received", "error"), S3_CASES.values(), ids=S3_CASES.keys())
def test_s3(received: HttpRequest, error: AwsError) -> None:
    assert aws_error(refusal(received, "s3"), Family.S3) == error


def test_s3_tells_what_it_would_have_signed() -> None:
    error = aws_error(refusal(changed(request("s3")), "s3"), Family.S3)
    assert [name for name, _ in error.details] == ["AWSAccessKeyId", "StringToSign", "CanonicalRequest"]
    assert "IQoJ" not in str(error)


FACTS = (
    "access_key_id algorithm canonical_request computed credential date earliest expected expires header "
    "headers host index latest missing name now payload_hash region service signed_at signed_headers stated "
    "string_to_sign terminator"
)
REFUSING = [code for code in Code if code not in (Code.SIGNED, Code.OTHER_FORM)]


@pytest.mark.parametrize("pointer", ["/headers/authorization", "/query/X-Amz-Signature"])
@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize("code", REFUSING)
def test_every_refusal_has_words_in_every_family(code: Code, family: Family, pointer: str) -> None:
    only_in_query = code is Code.EXPIRES_FORM and family is Family.S3
    place = "/query/X-Amz-Expires" if only_in_query else pointer
    step = Step(code, Ref("request", place), tuple((name, "X") for name in FACTS.split()))
    error = aws_error(Decision(Outcome.DENY, (step,)), family)
    assert error.code.isalnum()
    assert 400 <= error.http_status <= 403
    assert error.message


def test_what_is_allowed_has_no_error() -> None:
    with pytest.raises(ValueError, match="only a refusal"):
        aws_error(refusal(request("sts"), "sts"), Family.QUERY)
