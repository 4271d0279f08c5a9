"""Verification, one row per rule: the code, and both sides of each boundary."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.decide.decision import Decision, Outcome, decision_to_json
from sekisho.decide.proof import (
    Code,
    Credential,
    Form,
    HttpRequest,
    RepairCode,
    Scope,
    Signed,
    SigningKeys,
    presign,
    sign_headers,
    verify,
)
from sekisho.decide.sts import role_session, user
from sekisho.decide.values import Instant, Secret

NOW = Instant.parse_amz("20310504T100000Z")
MIRA = user("111122223333", "mira", "AIDAEXAMPLE000000001")
LONG_TERM = Credential("AKIAEXAMPLE000000001", Secret("kelp/forest"), MIRA)
INACTIVE = replace(LONG_TERM, access_key_id="AKIAEXAMPLE000000002", active=False)
SESSION = Credential(
    "ASIAEXAMPLE000000003",
    Secret("reef/tide"),
    role_session("111122223333", "app", "AROAEXAMPLE000000001", "ci"),
    session_token=Secret("IQoJb3JpZ2lu//+="),
    expires=Instant.parse_amz("20310504T110000Z"),
)
KEYS = {key.access_key_id: key for key in (LONG_TERM, INACTIVE, SESSION)}
STS = Scope("sts", frozenset({"eu-north-1"}))
S3 = Scope("s3", frozenset({"eu-north-1"}))
HOST = "sts.eu-north-1.amazonaws.com"
TOKEN_QUERY = "Action=GetCallerIdentity&Version=2011-06-15"

Edit = Callable[[HttpRequest], HttpRequest]


def get(*headers: tuple[str, str], path: str = "/", query: str = TOKEN_QUERY) -> HttpRequest:
    return HttpRequest("GET", path, query, (("host", HOST), *headers))


def presigned(
    credential: Credential = LONG_TERM,
    *headers: tuple[str, str],
    at: Instant = NOW,
    region: str = "eu-north-1",
    service: str = "sts",
    lifetime: timedelta = timedelta(seconds=60),
) -> HttpRequest:
    return presign(get(*headers), credential.keys, at, region=region, service=service, lifetime=lifetime)


def posted(
    credential: Credential = LONG_TERM,
    *headers: tuple[str, str],
    at: Instant = NOW,
    service: str = "sts",
    body: bytes = b"Action=GetCallerIdentity",
    path: str = "/",
) -> HttpRequest:
    request = HttpRequest("POST", path, "", (("host", HOST), *headers), body)
    return sign_headers(request, credential.keys, at, region="eu-north-1", service=service)


def with_query(request: HttpRequest, old: str, new: str) -> HttpRequest:
    assert old in request.query
    return replace(request, query=request.query.replace(old, new))


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    """Replace or (None) remove the header ``name``; append it if it is not there."""
    others = tuple(pair for pair in request.headers if pair[0] != name)
    return replace(request, headers=others if value is None else (*others, (name, value)))


def with_authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    value = request.header("authorization")[0]
    assert old in value
    return with_header(request, "authorization", value.replace(old, new))


def twice(request: HttpRequest, name: str) -> HttpRequest:
    return replace(request, headers=(*request.headers, (name, request.header(name)[0])))


def ask(request: HttpRequest, scope: Scope = STS, now: Instant = NOW) -> Decision[Signed]:
    return verify(request, KEYS.get, now, scope)


MINUTES = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)

STS_CASES: dict[str, tuple[HttpRequest, Code]] = {
    # presented
    "presigned": (presigned(), Code.SIGNED),
    "signed by header": (posted(), Code.SIGNED),
    "presigned by a session": (presigned(SESSION), Code.SIGNED),
    "signed by header by a session": (posted(SESSION), Code.SIGNED),
    "not signed": (get(), Code.UNSIGNED),
    "only a date among the parameters": (get(query="X-Amz-Date=20310504T100000Z"), Code.UNSIGNED),
    "signed twice": (with_header(presigned(), "authorization", "AWS4-HMAC-SHA256 x"), Code.TWO_MECHANISMS),
    "version 2 in the query": (get(query="AWSAccessKeyId=AKIA&Signature=x&Expires=1"), Code.ALGORITHM),
    "version 2 in the header": (get(("authorization", "AWS AKIA:sig")), Code.ALGORITHM),
    "version 4A": (with_authorization(posted(), "HMAC-SHA256", "ECDSA-P256-SHA256"), Code.ALGORITHM),
    "bearer token": (get(("authorization", "Bearer ey")), Code.ALGORITHM),
    "algorithm in the query in lower case": (with_query(presigned(), "AWS4", "aws4"), Code.ALGORITHM),
    "query without date": (with_query(presigned(), "X-Amz-Date", "X-Amz-Day"), Code.MISSING),
    "query without signature": (with_query(presigned(), "X-Amz-Signature", "Signature"), Code.MISSING),
    "query with a name in another case": (with_query(presigned(), "X-Amz-Date", "x-amz-date"), Code.MISSING),
    "query with an empty value": (with_query(presigned(), "host", ""), Code.MISSING),
    "header without signature": (with_authorization(posted(), "Signature", "Sig"), Code.MISSING),
    "header without date": (with_header(posted(), "x-amz-date", None), Code.MISSING),
    "header that is the algorithm alone": (get(("authorization", "AWS4-HMAC-SHA256")), Code.MISSING),
    "credential given twice": (
        with_query(presigned(), "X-Amz-Date", "X-Amz-Credential=AKIA&X-Amz-Date"),
        Code.REPEATED,
    ),
    "credential given twice in different case": (
        with_query(presigned(), "X-Amz-Date", "x-amz-credential=AKIA&X-Amz-Date"),
        Code.REPEATED,
    ),
    "two authorization headers": (twice(posted(), "authorization"), Code.REPEATED),
    "two dates": (twice(posted(), "x-amz-date"), Code.REPEATED),
    "two session tokens": (twice(posted(SESSION), "x-amz-security-token"), Code.REPEATED),
    "two signatures in one header": (
        with_authorization(posted(), "Signature=", "Signature=00, Signature="),
        Code.REPEATED,
    ),
    "credential of four parts": (with_authorization(posted(), "/aws4_request", ""), Code.CREDENTIAL_FORM),
    "credential of six parts in the query": (
        with_query(presigned(), "aws4_request", "aws4_request%2F"),
        Code.CREDENTIAL_FORM,
    ),
    "date that is none": (with_query(presigned(), "T100000Z", "T250000Z"), Code.DATE_FORM),
    "date header that is none": (with_header(posted(), "x-amz-date", "today"), Code.DATE_FORM),
    "fields without spaces between": (with_authorization(posted(), ", ", ","), Code.SIGNED),
    "unknown fields are passed over": (
        with_authorization(posted(), "SignedHeaders", "Extra=1, SignedHeaders"),
        Code.SIGNED,
    ),
    # key and token
    "unknown key": (presigned(replace(LONG_TERM, access_key_id="AKIAEXAMPLE00000NONE")), Code.KEY_UNKNOWN),
    "key id that is none": (presigned(replace(LONG_TERM, access_key_id="../mira")), Code.CREDENTIAL_FORM),
    "key id of other characters": (presigned(replace(LONG_TERM, access_key_id="AKIA-é")), Code.KEY_UNKNOWN),
    "inactive key": (presigned(INACTIVE), Code.KEY_INACTIVE),
    "session without its token": (presigned(replace(SESSION, session_token=None)), Code.TOKEN_MISSING),
    "session with another token": (
        posted(replace(SESSION, session_token=Secret("IQoJb3JpZ2lu//+"))),
        Code.TOKEN_WRONG,
    ),
    "long-term key with a token": (
        presigned(replace(LONG_TERM, session_token=Secret("IQoJ"))),
        Code.TOKEN_UNEXPECTED,
    ),
    "key is looked at before the date": (presigned(INACTIVE, at=NOW + WEEK), Code.KEY_INACTIVE),
    # time
    "15 minutes old": (presigned(at=NOW + -15 * MINUTES), Code.SIGNED),
    "15 minutes and a second old": (presigned(at=NOW + -15 * MINUTES + -SECOND), Code.EXPIRED),
    "15 minutes ahead": (presigned(at=NOW + 15 * MINUTES), Code.SIGNED),
    "15 minutes and a second ahead": (presigned(at=NOW + 15 * MINUTES + SECOND), Code.NOT_YET),
    "header 15 minutes old": (posted(at=NOW + -15 * MINUTES), Code.SIGNED),
    "header 15 minutes and a second old": (posted(at=NOW + -15 * MINUTES + -SECOND), Code.EXPIRED),
    "STS ignores X-Amz-Expires": (
        presigned(at=NOW + -14 * MINUTES, lifetime=timedelta(seconds=1)),
        Code.SIGNED,
    ),
    "STS ignores a longer X-Amz-Expires": (presigned(at=NOW + -16 * MINUTES, lifetime=WEEK), Code.EXPIRED),
    "date is looked at before the signature": (
        with_query(presigned(at=NOW + -16 * MINUTES), "Version", "version"),
        Code.EXPIRED,
    ),
    # scope and coverage
    "another region": (presigned(region="eu-west-1"), Code.SCOPE_REGION),
    "another service": (presigned(service="iam"), Code.SCOPE_SERVICE),
    "another terminator": (with_query(presigned(), "aws4_request", "aws5_request"), Code.SCOPE_TERMINATOR),
    "another day": (with_authorization(posted(), "20310504", "20310503"), Code.SCOPE_DATE),
    "host not signed": (with_query(presigned(), "=host", "=date"), Code.HOST_UNSIGNED),
    "signed headers in another order": (
        with_authorization(posted(), "host;x-amz-date", "x-amz-date;host"),
        Code.SIGNED_HEADERS_FORM,
    ),
    "signed headers in upper case": (
        with_authorization(posted(), "=host", "=Host"),
        Code.SIGNED_HEADERS_FORM,
    ),
    "signed header listed twice": (
        with_authorization(posted(), "=host", "=host;host"),
        Code.SIGNED_HEADERS_FORM,
    ),
    "signed headers with an empty name": (
        with_authorization(posted(), "=host", "=;host"),
        Code.SIGNED_HEADERS_FORM,
    ),
    "signed header that is not sent": (
        with_header(presigned(LONG_TERM, ("x-k8s-aws-id", "eks-clu")), "x-k8s-aws-id", None),
        Code.HEADER_ABSENT,
    ),
    "session token not among the signed headers": (
        with_header(posted(replace(SESSION, session_token=None)), "x-amz-security-token", "IQoJb3JpZ2lu//+="),
        Code.SIGNED,
    ),
    # signature
    "cluster header as signed": (presigned(LONG_TERM, ("x-k8s-aws-id", "eks-clu")), Code.SIGNED),
    "cluster header of another cluster": (
        with_header(presigned(LONG_TERM, ("x-k8s-aws-id", "eks-clu")), "x-k8s-aws-id", "other"),
        Code.SIGNATURE,
    ),
    "signature in upper case": (
        replace(presigned(), query=presigned().query[:-64] + presigned().query[-64:].upper()),
        Code.SIGNATURE,
    ),
    "signature cut short": (replace(presigned(), query=presigned().query[:-1]), Code.SIGNATURE),
    "signature beyond ASCII": (replace(presigned(), query=presigned().query + "%C3%A9"), Code.SIGNATURE),
    "wrong secret": (presigned(replace(LONG_TERM, secret=Secret("kelp/fores"))), Code.SIGNATURE),
    "parameter added": (replace(presigned(), query=presigned().query + "&Action=AssumeRole"), Code.SIGNATURE),
    "parameters in another order": (
        replace(presigned(), query="&".join(reversed(presigned().query.split("&")))),
        Code.SIGNED,
    ),
    "body changed": (replace(posted(), body=b"Action=AssumeRole"), Code.SIGNATURE),
    "body added to a presigned request": (replace(presigned(), body=b"x"), Code.SIGNATURE),
    "content hash header is not believed outside S3": (
        replace(posted(LONG_TERM, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")), body=b"x"),
        Code.SIGNATURE,
    ),
    "unsigned header added": (with_header(posted(), "user-agent", "x"), Code.SIGNED),
}


@pytest.mark.parametrize(("request_", "code"), STS_CASES.values(), ids=STS_CASES.keys())
def test_sts(request_: HttpRequest, code: Code) -> None:
    decision = ask(request_)
    assert [step.code for step in decision.decisive] == [code]
    outcomes = {Code.SIGNED: Outcome.ALLOW, Code.UNSIGNED: Outcome.NO_OPINION}
    assert decision.outcome is outcomes.get(code, Outcome.DENY)
    assert (decision.value is not None) == (code is Code.SIGNED)


def test_a_region_and_a_day_that_are_both_wrong_are_both_named() -> None:
    request = with_authorization(posted(), "20310504/eu-north-1", "20310503/eu-west-1")
    assert [step.code for step in ask(request).decisive] == [Code.SCOPE_REGION, Code.SCOPE_DATE]


def test_the_date_header_stands_in_for_the_amz_date() -> None:
    signed = posted(LONG_TERM, ("date", "Sun, 04 May 2031 10:00:00 GMT"))
    # The date line of the string to sign is the same; the header that carried it is not.
    names = "SignedHeaders=date;host;x-amz-date"
    moved = with_header(with_authorization(signed, names, "SignedHeaders=date;host"), "x-amz-date", None)
    assert [step.code for step in ask(moved).decisive] == [Code.SIGNATURE]
    assert ("date:Sun, 04 May 2031 10:00:00 GMT\nhost:") in dict(ask(moved).decisive[0].facts)[
        "canonical_request"
    ]


BAD_HTTP_DATES = {
    "no such day": "Sun, 31 Feb 2031 10:00:00 GMT",
    "no such month": "Sun, 04 Foo 2031 10:00:00 GMT",
    "another zone": "Sun, 04 May 2031 10:00:00 +0100",
    "obsolete form": "Sunday, 04-May-31 10:00:00 GMT",
}


@pytest.mark.parametrize("date", BAD_HTTP_DATES.values(), ids=BAD_HTTP_DATES.keys())
def test_a_date_header_of_another_form_is_refused(date: str) -> None:
    request = with_header(with_header(posted(), "x-amz-date", None), "date", date)
    assert [step.code for step in ask(request).decisive] == [Code.DATE_FORM]


def test_two_date_headers_are_refused() -> None:
    request = with_header(with_header(posted(), "x-amz-date", None), "date", "20310504T100000Z")
    assert [step.code for step in ask(twice(request, "date")).decisive] == [Code.DATE_FORM]


def s3_posted(*headers: tuple[str, str], body: bytes = b"abc", path: str = "/k") -> HttpRequest:
    return posted(LONG_TERM, *headers, service="s3", body=body, path=path)


def s3_presigned(at: Instant = NOW, lifetime: timedelta = WEEK) -> HttpRequest:
    return presigned(LONG_TERM, at=at, service="s3", lifetime=lifetime)


S3_CASES: dict[str, tuple[HttpRequest, Code]] = {
    "signed by header": (s3_posted(), Code.SIGNED),
    "presigned for a week": (s3_presigned(), Code.SIGNED),
    "presigned, last second": (s3_presigned(NOW + -WEEK), Code.SIGNED),
    "presigned, a second later": (s3_presigned(NOW + -WEEK + -SECOND), Code.PRESIGNED_EXPIRED),
    "presigned for a minute, a second later": (
        s3_presigned(NOW + -MINUTES + -SECOND, MINUTES),
        Code.PRESIGNED_EXPIRED,
    ),
    "presigned 15 minutes ahead": (s3_presigned(NOW + 15 * MINUTES), Code.SIGNED),
    "presigned more than 15 minutes ahead": (s3_presigned(NOW + 15 * MINUTES + SECOND), Code.NOT_YET),
    "presigned for longer than a week": (s3_presigned(lifetime=WEEK + SECOND), Code.EXPIRES_FORM),
    "presigned for a negative time": (s3_presigned(lifetime=-SECOND), Code.EXPIRES_FORM),
    "presigned for no time at all": (s3_presigned(lifetime=0 * SECOND), Code.SIGNED),
    "presigned without a lifetime": (with_query(s3_presigned(), "X-Amz-Expires", "Expires"), Code.MISSING),
    "presigned body is not signed": (replace(s3_presigned(), body=b"x"), Code.SIGNED),
    "header signatures live 15 minutes": (
        posted(at=NOW + -15 * MINUTES + -SECOND, service="s3"),
        Code.EXPIRED,
    ),
    "body unsigned": (s3_posted(("x-amz-content-sha256", "UNSIGNED-PAYLOAD")), Code.SIGNED),
    "body unsigned with trailer": (
        s3_posted(("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")),
        Code.SIGNED,
    ),
    "body changed": (replace(s3_posted(), body=b"abd"), Code.PAYLOAD),
    "body hash not sent": (
        with_header(
            with_authorization(s3_posted(), "host;x-amz-content-sha256;", "host;"),
            "x-amz-content-sha256",
            None,
        ),
        Code.PAYLOAD_HASH_MISSING,
    ),
    "body hash of another kind": (
        s3_posted(("x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")),
        Code.PAYLOAD_HASH_FORM,
    ),
    "body hash in upper case": (s3_posted(("x-amz-content-sha256", "A" * 64)), Code.PAYLOAD_HASH_FORM),
    "body hash sent twice": (twice(s3_posted(), "x-amz-content-sha256"), Code.REPEATED),
    "amz header not signed": (with_header(s3_posted(), "x-amz-acl", "private"), Code.HEADERS_UNSIGNED),
    "other header not signed": (with_header(s3_posted(), "accept", "*/*"), Code.SIGNED),
    "key with dots and escapes": (s3_posted(path="/a//../%C3%BC+%20~:"), Code.SIGNED),
    "body that announces chunks and has none": (
        s3_posted(("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")),
        Code.CHUNKS_FORM,
    ),
}


@pytest.mark.parametrize(("request_", "code"), S3_CASES.values(), ids=S3_CASES.keys())
def test_s3(request_: HttpRequest, code: Code) -> None:
    assert [step.code for step in ask(request_, S3).decisive] == [code]


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_s3_reads_a_content_hash_from_the_query() -> None:
    request = get(query=f"X-Amz-Content-Sha256={EMPTY}")
    signed = presign(request, LONG_TERM.keys, NOW, region="eu-north-1", service="s3")
    decision = ask(signed, S3)
    # Our own presign leaves the body unsigned, so the stated hash cannot be the signed one.
    assert [step.code for step in decision.decisive] == [Code.SIGNATURE]
    assert [dict(step.facts)["variant"] for step in decision.nearest] == ["with the body unsigned"]


def test_session_expiry_is_the_last_check() -> None:
    assert SESSION.expires is not None
    last = SESSION.expires + -SECOND
    assert ask(presigned(SESSION, at=last), now=last).allowed
    at_expiry = ask(presigned(SESSION, at=last), now=SESSION.expires)
    assert [step.code for step in at_expiry.decisive] == [Code.SESSION_EXPIRED]
    assert [repair.code for repair in at_expiry.repairs] == [RepairCode.RENEW]
    wrong = presigned(replace(SESSION, secret=Secret("reef")), at=last)
    assert [step.code for step in ask(wrong, now=SESSION.expires).decisive] == [Code.SIGNATURE]


HOSTS = Scope("sts", frozenset({"eu-north-1"}), frozenset({HOST}))


def test_a_host_that_the_endpoint_does_not_serve_is_refused() -> None:
    assert ask(presigned(), HOSTS).allowed
    assert ask(with_header(presigned(), "host", HOST.upper()), HOSTS).decisive[0].code is Code.SIGNATURE
    other = HttpRequest("GET", "/", TOKEN_QUERY, (("host", "sts.amazonaws.com"),))
    signed = presign(other, LONG_TERM.keys, NOW, region="eu-north-1", service="sts")
    assert [step.code for step in ask(signed, HOSTS).decisive] == [Code.HOST_OTHER]


def test_what_a_signature_proves() -> None:
    signed = ask(presigned(SESSION, ("x-k8s-aws-id", "eks-clu"))).value
    assert signed == Signed(
        SESSION.access_key_id,
        SESSION.principal,
        Form.QUERY,
        NOW,
        ("host", "x-k8s-aws-id"),
        EMPTY,
        SESSION.expires,
    )


NEAREST = {
    "presigned for POST, as boto3 does": (replace(presigned(), method="POST"), "for the method GET"),
    "path encoded once, as for S3": (
        replace(
            presign(get(path="/a:b"), LONG_TERM.keys, NOW, region="eu-north-1", service="sts"),
            path="/a%3Ab",
        ),
        "with the path encoded once",
    ),
    "body lost on the way": (
        replace(posted(body=b""), body=b"Action=GetCallerIdentity"),
        "for an empty body",
    ),
    "another secret is near nothing": (presigned(replace(LONG_TERM, secret=Secret("x"))), None),
}


@pytest.mark.parametrize(("request_", "variant"), NEAREST.values(), ids=NEAREST.keys())
def test_a_wrong_signature_names_the_form_it_would_be_right_for(
    request_: HttpRequest, variant: str | None
) -> None:
    decision = ask(request_)
    assert [step.code for step in decision.decisive] == [Code.SIGNATURE]
    assert [dict(step.facts)["variant"] for step in decision.nearest] == ([variant] if variant else [])


def test_the_nearest_form_may_be_the_host_name() -> None:
    request = with_header(presigned(), "host", HOST.upper())
    assert [step.sentence() for step in ask(request, HOSTS).nearest] == [
        f"the signature would be right for the host {HOST}"
    ]


def test_a_path_encoded_twice_is_the_nearest_form_for_s3() -> None:
    signed = presign(get(path="/a%253Ab"), LONG_TERM.keys, NOW, region="eu-north-1", service="s3")
    decision = ask(replace(signed, path="/a%3Ab"), S3)
    assert [step.code for step in decision.decisive] == [Code.SIGNATURE]
    assert [dict(step.facts)["variant"] for step in decision.nearest] == ["with the path encoded twice"]


REPAIRS = {
    "expired": (presigned(at=NOW + -16 * MINUTES), RepairCode.SIGN_AGAIN),
    "clock ahead": (presigned(at=NOW + 16 * MINUTES), RepairCode.SET_CLOCK),
    "token left out": (presigned(replace(SESSION, session_token=None)), RepairCode.SEND_TOKEN),
    "token too many": (presigned(replace(LONG_TERM, session_token=Secret("x"))), RepairCode.DROP_TOKEN),
    "inactive": (presigned(INACTIVE), RepairCode.ACTIVATE),
    "region": (presigned(region="eu-west-1"), RepairCode.REGION),
    "service": (presigned(service="iam"), RepairCode.SERVICE),
    "host": (with_query(presigned(), "=host", "=date"), RepairCode.SIGN_HEADER),
    "cluster": (
        with_header(presigned(LONG_TERM, ("x-k8s-aws-id", "eks-clu")), "x-k8s-aws-id", None),
        RepairCode.ADD_HEADER,
    ),
}


@pytest.mark.parametrize(("request_", "code"), REPAIRS.values(), ids=REPAIRS.keys())
def test_repairs(request_: HttpRequest, code: RepairCode) -> None:
    repairs = ask(request_).repairs
    assert [repair.code for repair in repairs] == [code]
    assert "(" not in repairs[0].sentence()


def test_no_refusal_holds_the_session_token_the_secret_or_the_signature() -> None:
    for request in (presigned(SESSION, ("x-a", "1")), posted(SESSION, ("x-a", "1"))):
        decision = ask(with_header(request, "x-a", "2"))
        shown = repr(decision)
        assert [step.code for step in decision.decisive] == [Code.SIGNATURE]
        assert "IQoJb3JpZ2lu" not in shown
        assert "reef" not in shown
        assert request.query[-64:] not in shown or not request.query
        assert "***" in shown


@pytest.mark.parametrize("request_", [presigned(SESSION), posted(SESSION), presigned(INACTIVE)])
def test_the_json_form_shows_no_secret(request_: HttpRequest) -> None:
    text = json.dumps(decision_to_json(ask(request_)))
    assert "IQoJb3JpZ2lu" not in text
    assert "reef" not in text
    assert "proof." in text


def test_a_look_up_is_asked_once_and_only_for_key_ids() -> None:
    asked: list[str] = []

    def look_up(key_id: str) -> None:
        asked.append(key_id)

    verify(presigned(replace(LONG_TERM, access_key_id="a.b")), look_up, NOW, STS)
    verify(presigned(replace(LONG_TERM, access_key_id="A" * 129)), look_up, NOW, STS)
    verify(presigned(), look_up, NOW, STS)
    assert asked == [LONG_TERM.access_key_id]


def test_keys_are_what_a_client_holds() -> None:
    expected = SigningKeys(SESSION.access_key_id, SESSION.secret, SESSION.session_token)
    assert SESSION.keys == expected
