"""S3 without a signature in the headers: presigned URLs, moved and changed, and requests of nobody.

Plain HTTP through the lab's proxy; the error is S3's own XML and the journal has the code.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from e2e.hostile_wire import REGION, Answer, Doors, agent, now, render, rendered, signed, with_header
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.sign import presign
from sekisho.testing import RunningLab
from support.boto_lab import AWAY, HOME, Caller, codes_of, last_refusal, policy

HERE = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}


@pytest.fixture(scope="module")
def bucket(home: Caller) -> str:
    name = f"urls-{secrets.token_hex(4)}"
    for named in (name, f"{name}-other"):
        home.ask("s3", "create_bucket", Bucket=named, **HERE)
        for key in ("k", "other"):
            home.ask("s3", "put_object", Bucket=named, Key=key, Body=b"content")
    return name


@pytest.fixture
def doors(lab: RunningLab) -> Doors:
    return Doors.of(lab)


def host_of(bucket: str) -> str:
    return f"{bucket}.s3.{REGION}.amazonaws.com"


def sent(doors: Doors, request: HttpRequest) -> Answer:
    return doors.send(doors.aws(request.header("host")[0]), rendered(request))


def presigned(
    doors: Doors,
    bucket: str,
    *,
    seconds: int = 300,
    age: timedelta = timedelta(0),
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    query: str = "",
) -> HttpRequest:
    request = HttpRequest(method, "/k", query, (("host", host_of(bucket)), *headers))
    lifetime = timedelta(seconds=seconds)
    return presign(request, doors.keys(), now() + -age, region=REGION, service="s3", lifetime=lifetime)


def code_of(answer: Answer) -> str:
    root = ET.fromstring(answer.body)  # noqa: S314 - the lab's own answer
    assert root.tag == "Error"
    assert root.findtext("RequestId")
    return root.findtext("Code") or ""


Change = Callable[[HttpRequest, str], HttpRequest]


def moved(request: HttpRequest, bucket: str) -> HttpRequest:
    return with_header(request, "host", host_of(f"{bucket}-other"))


MOVED: dict[str, tuple[Change, str, str]] = {
    "another bucket": (moved, "SignatureDoesNotMatch", "proof.signature-mismatch"),
    "another host of the same bucket": (
        lambda request, bucket: replace(
            with_header(request, "host", f"s3.{REGION}.amazonaws.com"), path=f"/{bucket}/k"
        ),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "another region": (
        lambda request, bucket: with_header(request, "host", f"{bucket}.s3.eu-west-1.amazonaws.com"),
        "AuthorizationQueryParametersError",
        "proof.scope-region",
    ),
    "another key": (
        lambda request, _: replace(request, path="/other"),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "another method": (
        lambda request, _: replace(request, method="DELETE"),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "a parameter added": (
        lambda request, _: replace(request, query=f"{request.query}&versionId=null"),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "a subresource added": (
        lambda request, _: replace(request, query=f"acl&{request.query}"),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "a longer life": (
        lambda request, _: replace(request, query=request.query.replace("Expires=300", "Expires=301")),
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "fewer signed headers": (
        lambda request, _: replace(
            request, query=request.query.replace("SignedHeaders=host", "SignedHeaders=")
        ),
        "AuthorizationQueryParametersError",
        "proof.",
    ),
    "half of its parameters": (
        lambda request, _: replace(request, query=request.query.partition("&X-Amz-SignedHeaders")[0]),
        "AuthorizationQueryParametersError",
        "proof.",
    ),
}


def test_a_presigned_url_is_an_object(doors: Doors, bucket: str) -> None:
    answer = sent(doors, presigned(doors, bucket))
    assert (answer.status, answer.body) == (200, b"content")


@pytest.mark.parametrize("case", MOVED)
def test_a_presigned_url_that_was_changed(doors: Doors, bucket: str, case: str) -> None:
    change, code, step = MOVED[case]
    answer = sent(doors, change(presigned(doors, bucket), bucket))
    assert (400 <= answer.status < 500, code_of(answer)) == (True, code), answer.text
    assert codes_of(last_refusal(doors.lab))[0].startswith(step)


def test_a_signed_header_that_is_not_sent_is_missed(doors: Doors, bucket: str) -> None:
    kept = presigned(doors, bucket, headers=(("x-amz-request-payer", "requester"),))
    assert sent(doors, kept).status == 200
    dropped = replace(kept, headers=kept.headers[:1])
    answer = sent(doors, dropped)
    assert (answer.status, code_of(answer)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(("age", "status"), [(295, 200), (302, 403)])
def test_a_presigned_url_lives_as_long_as_it_says(doors: Doors, bucket: str, age: int, status: int) -> None:
    answer = sent(doors, presigned(doors, bucket, age=timedelta(seconds=age)))
    assert answer.status == status
    if status == 403:
        assert (code_of(answer), "Request has expired" in answer.text) == ("AccessDenied", True)
        assert codes_of(last_refusal(doors.lab)) == ["proof.presigned-expired"]


def test_policies_tell_a_presigned_request_and_its_age(doors: Doors, home: Caller, bucket: str) -> None:
    young = {"NumericGreaterThan": {"s3:signatureAge": "60000"}}
    text = policy(
        "s3:GetObject",
        Effect="Deny",
        Principal="*",
        Resource=f"arn:aws:s3:::{bucket}/*",
        Condition=young,
    )
    home.ask("s3", "put_bucket_policy", Bucket=bucket, Policy=text)
    assert sent(doors, presigned(doors, bucket, age=timedelta(seconds=50))).status == 200
    refused = sent(doors, presigned(doors, bucket, age=timedelta(seconds=65)))
    assert (refused.status, code_of(refused)) == (403, "AccessDenied")
    assert codes_of(last_refusal(doors.lab)) == ["iam.denied"]
    home.ask("s3", "delete_bucket_policy", Bucket=bucket)


def anonymous(doors: Doors, bucket: str, path: str = "/k", method: str = "GET", query: str = "") -> Answer:
    return sent(doors, HttpRequest(method, path, query, (("host", host_of(bucket)), ("user-agent", agent()))))


def test_nobody_reads_what_no_policy_opens(doors: Doors, bucket: str) -> None:
    for path in ("/k", "/no-such-key", "/"):
        answer = anonymous(doors, bucket, path)
        assert (answer.status, code_of(answer)) == (403, "AccessDenied")
        assert ET.fromstring(answer.body).findtext("Message") == "Access Denied"  # noqa: S314 - the lab's
    assert codes_of(last_refusal(doors.lab)) == ["iam.no-resource-policy-allows"]
    assert last_refusal(doors.lab)["who"] == "anonymous"
    assert anonymous(doors, bucket, method="HEAD").status == 403


def test_everybody_reads_what_a_public_policy_opens(doors: Doors, home: Caller, bucket: str) -> None:
    public = policy("s3:GetObject", Principal="*", Resource=f"arn:aws:s3:::{bucket}/k")
    home.ask("s3", "delete_public_access_block", Bucket=bucket)
    home.ask("s3", "put_bucket_policy", Bucket=bucket, Policy=public)
    answer = anonymous(doors, bucket)
    assert (answer.status, answer.body) == (200, b"content")
    for path, method, query in (
        ("/other", "GET", ""),
        ("/", "GET", ""),
        ("/", "GET", "policy"),
        ("/k", "DELETE", ""),
        ("/k", "PUT", ""),
        ("/k", "GET", "acl"),
        ("/k", "GET", "tagging"),
    ):
        refused = anonymous(doors, bucket, path, method, query)
        assert (refused.status, code_of(refused)) == (403, "AccessDenied"), (path, method, query)
    block = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    home.ask("s3", "put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert anonymous(doors, bucket).status == 403
    assert codes_of(last_refusal(doors.lab)) == ["s3.public-access-restricted"]
    home.ask("s3", "delete_public_access_block", Bucket=bucket)
    denied = policy("s3:*", Effect="Deny", Principal={"AWS": AWAY}, Resource=f"arn:aws:s3:::{bucket}/*")
    home.ask("s3", "put_bucket_policy", Bucket=bucket, Policy=denied)
    assert anonymous(doors, bucket).status == 403


@pytest.mark.parametrize("host", [f"kms.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"])
def test_only_s3_hears_who_signed_nothing(doors: Doors, host: str) -> None:
    answer = doors.send(
        doors.aws(host), render("POST", "/", [("host", host), ("x-amz-target", "TrentService.ListKeys")])
    )
    assert 400 <= answer.status < 500
    assert "MissingAuthenticationToken" in answer.text
    assert HOME not in answer.text


def smuggled(doors: Doors, request: HttpRequest) -> Answer:
    return sent(doors, signed(request, doors.keys(), service="s3"))


def test_what_moto_would_read_elsewhere_is_not_handed_over(doors: Doors, home: Caller, bucket: str) -> None:
    """Moto looks for the operation in any parameter, header and form; what was decided is what is done."""
    host = ("host", host_of(bucket))
    form = ("content-type", "application/x-www-form-urlencoded")
    # A header, a parameter of another operation, a form: none turns a read into something else.
    headers = (host, ("acl", ""), ("policy", ""), ("tagging", ""), ("uploads", ""))
    assert smuggled(doors, HttpRequest("GET", "/k", "", headers)).body == b"content"
    both = smuggled(doors, HttpRequest("GET", "/", "policy&location", (host,)))
    assert ("LocationConstraint" in both.text) != ("NoSuchBucketPolicy" in both.text)
    answer = smuggled(doors, HttpRequest("PUT", "/k", "", (host, form), b"tagging=&policy="))
    assert (answer.status, code_of(answer)) == (400, "SekishoUnserved")
    override = (host, ("x-http-method-override", "DELETE"), ("x-amz-account-id", AWAY))
    assert smuggled(doors, HttpRequest("GET", "/k", "", override)).status == 200
    assert home.ask("s3", "head_object", Bucket=bucket, Key="k")["ContentLength"] == 7


def test_json_that_looks_like_a_form_names_no_operation(doors: Doors, home: Caller) -> None:
    key = home.ask("kms", "create_key")["KeyMetadata"]["KeyId"]
    host = f"kms.{REGION}.amazonaws.com"
    json_type = ("content-type", "application/x-amz-json-1.1")
    target = ("x-amz-target", "TrentService.ListKeys")
    body = f'{{"Marker":"&Action=DisableKey&KeyId={key}&"}}'.encode()
    for query in ("", f"Action=DisableKey&KeyId={key}"):
        request = HttpRequest("POST", "/", query, (("host", host), json_type, target), body)
        answer = doors.send(doors.aws(host), rendered(signed(request, doors.keys(), service="kms")))
        assert answer.status < 500
    assert home.ask("kms", "describe_key", KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
