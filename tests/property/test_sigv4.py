"""Laws of signing and verifying, with botocore's signers as the second opinion."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.proof import (
    Code,
    Credential,
    Family,
    HttpRequest,
    Scope,
    aws_error,
    presign,
    sign_headers,
    verify,
)
from sekisho.decide.proof.canonical import canonical_query
from sekisho.decide.sts import user
from sekisho.decide.values import Instant, Secret, SekishoInputError

NOW = Instant.parse_amz("20310504T100000Z")
MIRA = user("111122223333", "mira", "AIDAEXAMPLE000000001")
SECRET = "kelp/forest+harbor"
TOKEN = "IQoJb3JpZ2lu//+="
LONG_TERM = Credential("AKIAEXAMPLE000000001", Secret(SECRET), MIRA)
SESSION = Credential("ASIAEXAMPLE000000001", Secret(SECRET), MIRA, session_token=Secret(TOKEN))
KEYS = {key.access_key_id: key for key in (LONG_TERM, SESSION)}
SERVICES = ("sts", "eks", "s3")
HOST = "endpoint.amazonaws.com"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.from_regex(r"x-[a-z0-9-]{1,8}", fullmatch=True).filter(lambda name: not name.startswith("x-amz"))
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda pair: pair[0])
PARAMETERS = st.lists(
    st.tuples(TEXT.filter(lambda name: bool(name) and not name.lower().startswith("x-amz")), TEXT), max_size=4
)
# No client encodes a slash in a path: S3 takes `%2F` for the slash of the key and encodes it back to `/`.
SEGMENTS = TEXT.map(lambda text: text.replace("/", "|"))
PATHS = st.lists(st.one_of(SEGMENTS, st.sampled_from(["", ".", "..", "a:b", "~"])), max_size=4).map(
    lambda segments: "/" + "/".join(quote(segment, safe="-_.~") for segment in segments)
)


def encoded(parameters: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in parameters)


@st.composite
def requests(draw: st.DrawFn) -> HttpRequest:
    headers = (("host", HOST), *draw(HEADERS))
    method = draw(st.sampled_from(["GET", "POST", "PUT"]))
    return HttpRequest(method, draw(PATHS), encoded(draw(PARAMETERS)), headers, draw(st.binary(max_size=16)))


CREDENTIALS = st.sampled_from([LONG_TERM, SESSION])


def signed_by_us(request: HttpRequest, credential: Credential, service: str, *, query: bool) -> HttpRequest:
    sign = presign if query else sign_headers
    return sign(request, credential.keys, NOW, region="eu-north-1", service=service)


def ask(request: HttpRequest, service: str, now: Instant = NOW) -> list[str]:
    decision = verify(request, KEYS.get, now, Scope(service, frozenset({"eu-north-1"})))
    return [str(step.code) for step in decision.decisive]


@given(requests(), CREDENTIALS, st.sampled_from(SERVICES), st.booleans())
def test_what_we_sign_verifies(
    request: HttpRequest, credential: Credential, service: str, query: bool
) -> None:
    assert ask(signed_by_us(request, credential, service, query=query), service) == [Code.SIGNED]


def signature_place(request: HttpRequest) -> str:
    """The text that ends in the signature."""
    return request.query if "X-Amz-Signature" in request.query else request.header("authorization")[0]


@given(requests(), st.sampled_from(SERVICES), st.booleans(), st.integers(0, 63), st.integers(1, 15))
def test_no_other_signature_verifies(
    request: HttpRequest, service: str, query: bool, place: int, flip: int
) -> None:
    signed = signed_by_us(request, LONG_TERM, service, query=query)
    right = signature_place(signed)
    digit = int(right[len(right) - 64 + place], 16) ^ flip
    wrong = f"{right[: len(right) - 64 + place]}{digit:x}{right[len(right) - 63 + place :]}"
    forged = replace(
        signed,
        query=signed.query.replace(right, wrong),
        headers=tuple((name, wrong if value == right else value) for name, value in signed.headers),
    )
    assert ask(forged, service) == [Code.SIGNATURE]


@given(requests(), st.booleans(), st.sampled_from(["sts", "eks"]), st.data())
def test_no_change_of_what_is_signed_goes_unnoticed(
    request: HttpRequest, query: bool, service: str, data: st.DataObject
) -> None:
    signed = signed_by_us(request, LONG_TERM, service, query=query)
    index = data.draw(st.integers(0, len(request.headers) - 1))
    name, value = signed.headers[index]
    changes = {
        "method": replace(signed, method="PATCH"),
        "path": replace(signed, path=signed.path.rstrip("/") + "/more"),
        "parameter added": replace(signed, query=f"{signed.query}&more=".removeprefix("&")),
        "body": replace(signed, body=signed.body + b"x"),
        "header": replace(
            signed, headers=(*signed.headers[:index], (name, value + "x"), *signed.headers[index + 1 :])
        ),
        "header removed": replace(signed, headers=signed.headers[:index] + signed.headers[index + 1 :]),
        "header repeated": replace(signed, headers=(*signed.headers, (name, "x"))),
    }
    change = data.draw(st.sampled_from(sorted(changes)))
    assert ask(changes[change], service)[0] in (Code.SIGNATURE, Code.HEADER_ABSENT)


@given(requests(), st.data())
def test_no_parameter_can_be_left_out_or_changed(request: HttpRequest, data: st.DataObject) -> None:
    signed = signed_by_us(request, LONG_TERM, "sts", query=True)
    segments = signed.query.split("&")
    index = data.draw(st.integers(0, len(segments) - 1))
    kept = segments[:index] + segments[index + 1 :]
    assert ask(replace(signed, query="&".join(kept)), "sts") != [Code.SIGNED]
    changed = [*kept[:index], segments[index] + "1", *kept[index:]]
    assert ask(replace(signed, query="&".join(changed)), "sts") != [Code.SIGNED]


@given(st.text("ab%2dF5eE+&=/~ 01", max_size=24))
def test_the_canonical_query_is_the_decoded_one_encoded(text: str) -> None:
    try:
        request = HttpRequest("GET", "/", text, ())
    except SekishoInputError:
        return
    naive = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in request.parameters()
    )
    assert canonical_query(text) == "&".join(f"{name}={value}" for name, value in naive)


ORACLES = {
    ("eks", False): SigV4Auth,
    ("sts", False): SigV4Auth,
    ("s3", False): S3SigV4Auth,
    ("eks", True): SigV4QueryAuth,
    ("sts", True): SigV4QueryAuth,
    ("s3", True): S3SigV4QueryAuth,
}


def signed_by_botocore(
    request: HttpRequest, credential: Credential, service: str, *, query: bool
) -> tuple[HttpRequest, Instant]:
    """The request as botocore sends it, and the time it was signed at: botocore reads the clock itself."""
    token = None if credential.session_token is None else credential.session_token.reveal()
    keys = Credentials(credential.access_key_id, credential.secret.reveal(), token)
    url = f"https://{HOST}{request.path}" + (f"?{request.query}" if request.query else "")
    body = b"" if query else request.body  # its presigners move a form from the body into the query
    aws = AWSRequest(
        method=request.method,
        url=url,
        headers=dict(header for header in request.headers if header[0] != "host"),
        data=body,
    )
    ORACLES[service, query](keys, service, "eu-north-1").add_auth(aws)
    sent = urlsplit(aws.url)
    headers = tuple((name.lower(), value) for name, value in aws.headers.items())
    received = HttpRequest(request.method, sent.path, sent.query, (("host", HOST), *headers), body)
    parameters = dict(received.parameters())
    date = parameters["X-Amz-Date"] if query else received.header("x-amz-date")[0]
    return received, Instant.parse_amz(date)


@given(requests(), CREDENTIALS, st.sampled_from(sorted(ORACLES)))
def test_what_botocore_signs_verifies(
    request: HttpRequest, credential: Credential, oracle: tuple[str, bool]
) -> None:
    service, query = oracle
    signed, at = signed_by_botocore(request, credential, service, query=query)
    assert ask(signed, service, at + timedelta(seconds=30)) == [Code.SIGNED]


@given(requests(), CREDENTIALS, st.sampled_from(["sts", "eks"]))
def test_we_sign_as_botocore_does(request: HttpRequest, credential: Credential, service: str) -> None:
    theirs, at = signed_by_botocore(request, credential, service, query=False)
    ours = sign_headers(request, credential.keys, at, region="eu-north-1", service=service)
    assert ours.header("authorization") == theirs.header("authorization")


@pytest.mark.parametrize("credential", [LONG_TERM, SESSION], ids=["long-term", "session"])
def test_our_tokens_are_the_tokens_of_botocore(credential: Credential) -> None:
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    request = HttpRequest("GET", "/", query, (("host", HOST), ("x-k8s-aws-id", "eks-clu")))
    theirs, at = signed_by_botocore(request, credential, "sts", query=True)
    ours = presign(
        request, credential.keys, at, region="eu-north-1", service="sts", lifetime=timedelta(hours=1)
    )
    assert ours.query == theirs.query


def test_a_date_header_signed_by_botocore_verifies() -> None:
    request = HttpRequest("GET", "/", "", (("host", HOST), ("date", "now")))
    keys = Credentials(LONG_TERM.access_key_id, SECRET)
    aws = AWSRequest(method="GET", url=f"https://{HOST}/", headers={"Date": "now"})
    SigV4Auth(keys, "sts", "eu-north-1").add_auth(aws)
    headers = tuple((name.lower(), value) for name, value in aws.headers.items())
    received = replace(request, headers=(("host", HOST), *headers))
    at = Instant.parse_amz(aws.context["timestamp"])
    assert received.header("x-amz-date") == ()
    assert ask(received, "sts", at) == [Code.SIGNED]


NOISE = st.text(st.characters(max_codepoint=0xFF), max_size=24)
AUTH_NAMES = st.sampled_from(
    [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "x-amz-date",
    ]
)


@given(
    st.lists(
        st.tuples(st.one_of(AUTH_NAMES, TEXT), st.one_of(TEXT, st.just("AWS4-HMAC-SHA256"))), max_size=8
    ),
    st.lists(st.tuples(st.sampled_from(["authorization", "x-amz-date", "host", "date"]), NOISE), max_size=4),
    NOISE,
    st.sampled_from(SERVICES),
)
def test_nothing_crashes_the_verifier(
    parameters: list[tuple[str, str]], headers: list[tuple[str, str]], field: str, service: str
) -> None:
    scheme = [("authorization", f"AWS4-HMAC-SHA256 Credential=A/{field}, SignedHeaders=host, Signature=0")]
    for received in (headers, scheme):
        try:
            request = HttpRequest("GET", "/", encoded(parameters), tuple(received))
        except SekishoInputError:
            continue
        decision = verify(request, KEYS.get, NOW, Scope(service, frozenset({"eu-north-1"})))
        assert decision.outcome in (Outcome.DENY, Outcome.NO_OPINION)
        assert all(aws_error(decision, family).code for family in Family)
