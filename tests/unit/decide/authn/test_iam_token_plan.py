"""The checks a token passes before STS is asked: one row each, both sides of each boundary."""

import base64
from datetime import timedelta
from urllib.parse import quote

import pytest

from sekisho.decide.authn.iam_token import MAX_TOKEN_BYTES, StsQuestion, TokenServer, plan
from sekisho.decide.authn.sts_host import StsEndpoints, StsHostCode, StsPartition
from sekisho.decide.authn.token_code import IamTokenCode as Code
from sekisho.decide.decision import Decision, Outcome, ReasonCode
from sekisho.decide.values import Instant

AWS = StsPartition(
    "aws",
    "amazonaws.com",
    "api.aws",
    frozenset({"eu-west-1", "us-east-1"}),
    r"^(us|eu)\-\w+\-\d+$",
    frozenset({"amazonaws.com", "api.aws"}),
)
GOV = StsPartition(
    "aws-us-gov",
    "amazonaws.com",
    "api.aws",
    frozenset({"us-gov-west-1"}),
    r"^us\-gov\-\w+\-\d+$",
    frozenset(),
)
ENDPOINTS = StsEndpoints("aws", (AWS, GOV))
SERVER = TokenServer("harbor", ENDPOINTS, "eu-west-1", refuse_foreign_scope=True)
NOW = Instant.parse_rfc3339("2026-05-06T12:00:00Z")
KEY = "ASIAEXAMPLEKEY000001"
SIGNATURE = "5e" * 32
HOST = "sts.eu-west-1.amazonaws.com"


def parameters(signed_at: Instant = NOW, scope: str = "eu-west-1/sts/aws4_request") -> dict[str, str]:
    return {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{KEY}/{signed_at.amz()[:8]}/{scope}",
        "X-Amz-Date": signed_at.amz(),
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
        "X-Amz-Signature": SIGNATURE,
    }


def query(**changes: str) -> str:
    """Return the query with the named parameters replaced; hyphens are written ``_``; "-" drops one."""
    members = parameters()
    for name, value in changes.items():
        key = name.replace("_", "-")
        members.pop(key, None)
        if value != "-":
            members[key] = value
    return encoded(members)


def encoded(members: dict[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in members.items())


def token(url: str) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode("latin-1")).decode().rstrip("=")


def url(text: str = "", *, host: str = HOST) -> str:
    return f"https://{host}/?{text or query()}"


def ask(text: str, server: TokenServer = SERVER) -> Decision[StsQuestion]:
    return plan(text, server, NOW)


def test_a_good_token_becomes_the_question_for_sts() -> None:
    decision = ask(token(url()))
    assert decision.outcome is Outcome.ALLOW
    assert decision.decisive[0].code is Code.WELL_FORMED
    question = decision.value
    assert question is not None
    assert (question.host, question.region, question.partition) == (HOST, "eu-west-1", "aws")
    assert question.target.reveal() == f"/?{query()}"
    assert question.headers == (("x-k8s-aws-id", "harbor"), ("Accept", "application/json"))
    assert question.access_key_id == KEY
    assert (question.signed_at, question.expires_at) == (NOW, NOW + timedelta(minutes=15))
    assert len(question.fingerprint) == 64


def test_nothing_printed_holds_the_signature() -> None:
    decision = ask(token(url(query(X_Amz_Security_Token="SESSIONTOKEN"))))
    for shown in (repr(decision), decision.sentence(), str(decision)):
        assert SIGNATURE not in shown
        assert "SESSIONTOKEN" not in shown
        assert KEY in shown


ALLOWED = {
    "scheme in capitals": url().replace("https", "HTTPS"),
    "names in other case": url().replace("Action=", "aCTION="),
    "an escaped name": url().replace("Action=", "%41ction="),
    "signed headers in capitals": url(query(X_Amz_SignedHeaders="HOST;X-K8S-AWS-ID")),
    "more headers signed": url(query(X_Amz_SignedHeaders="accept;host;x-k8s-aws-id")),
    "expires at once": url(query(X_Amz_Expires="0")),
    "longest expiry": url(query(X_Amz_Expires="900")),
    "session token": url(query(X_Amz_Security_Token="a+/=")),
    "global host": url(encoded(parameters(scope="us-east-1/sts/aws4_request")), host="sts.amazonaws.com"),
    "15 minutes old": url(encoded(parameters(NOW + timedelta(minutes=-15)))),
    "5 minutes ahead": url(encoded(parameters(NOW + timedelta(minutes=5)))),
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed(text: str) -> None:
    assert ask(token(text)).outcome is Outcome.ALLOW


REFUSED: dict[str, tuple[str, ReasonCode]] = {
    "nothing after the prefix": ("k8s-aws-v1.", Code.BASE64),
    "padding": (token(url()) + "=", Code.BASE64),
    "the other alphabet": ("k8s-aws-v1.ab+/", Code.BASE64),
    "line end": (token(url()) + "\n", Code.BASE64),
    "impossible length": ("k8s-aws-v1.aHR0c", Code.BASE64),
    "bits left over": ("k8s-aws-v1.aHR0cB", Code.BASE64),
    "not ASCII": (token("https://\xe9/"), Code.URL),
    "a space": (token("https://a b/"), Code.URL),
    "no URL": (token("sts.amazonaws.com"), Code.URL),
    "http": (token(url().replace("https", "http")), Code.SCHEME),
    "user information": (token(url(host=f"a:b@{HOST}")), Code.USERINFO),
    "empty user information": (token(url(host=f"@{HOST}")), Code.USERINFO),
    "the right port": (token(url(host=f"{HOST}:443")), Code.PORT),
    "no port after the colon": (token(url(host=f"{HOST}:")), Code.PORT),
    "other host": (token(url(host="attacker.test")), StsHostCode.NOT_STS),
    "GovCloud host": (token(url(host="sts.us-gov-west-1.amazonaws.com")), StsHostCode.PARTITION),
    "a bucket": (token(url(host="sts.s3.amazonaws.com")), StsHostCode.REGION),
    "no path": (token(f"https://{HOST}?{query()}"), Code.PATH),
    "two slashes": (token(f"https://{HOST}//?{query()}"), Code.PATH),
    "an escaped slash": (token(f"https://{HOST}/%2F?{query()}"), Code.PATH),
    "fragment": (token(url() + "#x"), Code.FRAGMENT),
    "empty fragment": (token(url() + "#"), Code.FRAGMENT),
    "no query": (token(f"https://{HOST}/"), Code.QUERY),
    "bad escape": (token(url() + "%zz"), Code.QUERY),
    "semicolon": (token(url() + ";a=b"), Code.QUERY),
    "plus": (token(url() + "+"), Code.QUERY),
    "empty piece": (token(url() + "&"), Code.QUERY),
    "escaped line end": (token(url() + "%0d%0a"), Code.QUERY),
    "escaped letter of another alphabet": (token(url() + "&X-Amz-Security-To%E2%84%AAen=a"), Code.QUERY),
    "a name twice": (token(url() + "&Action=GetCallerIdentity"), Code.DUPLICATE),
    "a name twice in other case": (token(url() + "&x-amz-credential=B"), Code.DUPLICATE),
    "an unknown name twice": (token(url() + "&foo=1&FOO=2"), Code.DUPLICATE),
    "unknown name": (token(url() + "&foo=1"), Code.UNKNOWN_PARAMETER),
    "unknown name without value": (token(url() + "&foo"), Code.UNKNOWN_PARAMETER),
    "no action": (token(url(query(Action="-"))), Code.ACTION),
    "action in other case": (token(url(query(Action="getcalleridentity"))), Code.ACTION),
    "other action": (token(url(query(Action="AssumeRole"))), Code.ACTION),
    "no version": (token(url(query(Version="-"))), Code.VERSION),
    "other version": (token(url(query(Version="2012-10-17"))), Code.VERSION),
    "cluster header not signed": (token(url(query(X_Amz_SignedHeaders="host"))), Code.CLUSTER_NOT_SIGNED),
    "a longer header name": (
        token(url(query(X_Amz_SignedHeaders="host;x-k8s-aws-id2"))),
        Code.CLUSTER_NOT_SIGNED,
    ),
    "no signed headers": (token(url(query(X_Amz_SignedHeaders="-"))), Code.CLUSTER_NOT_SIGNED),
    "host not signed": (token(url(query(X_Amz_SignedHeaders="x-k8s-aws-id"))), Code.HOST_NOT_SIGNED),
    "no expiry": (token(url(query(X_Amz_Expires="-"))), Code.EXPIRES),
    "expiry 901": (token(url(query(X_Amz_Expires="901"))), Code.EXPIRES),
    "negative expiry": (token(url(query(X_Amz_Expires="-1"))), Code.EXPIRES),
    "expiry in words": (token(url(query(X_Amz_Expires="60s"))), Code.EXPIRES),
    "no algorithm": (token(url(query(X_Amz_Algorithm="-"))), Code.ALGORITHM),
    "SigV4a": (token(url(query(X_Amz_Algorithm="AWS4-ECDSA-P256-SHA256"))), Code.ALGORITHM),
    "no signature": (token(url(query(X_Amz_Signature="-"))), Code.SIGNATURE),
    "short signature": (token(url(query(X_Amz_Signature="5e" * 31))), Code.SIGNATURE),
    "no date": (token(url(query(X_Amz_Date="-"))), Code.DATE),
    "date of another form": (token(url(query(X_Amz_Date="2026-05-06T12:00:00Z"))), Code.DATE),
    "no such day": (token(url(query(X_Amz_Date="20260231T000000Z"))), Code.DATE),
    "the year 9999": (token(url(query(X_Amz_Date="99991231T235959Z"))), Code.FUTURE),
    "the year 1": (token(url(query(X_Amz_Date="00010101T000000Z"))), Code.EXPIRED),
    "15 minutes and a second old": (
        token(url(encoded(parameters(NOW + timedelta(minutes=-15, seconds=-1))))),
        Code.EXPIRED,
    ),
    "5 minutes and a second ahead": (
        token(url(encoded(parameters(NOW + timedelta(minutes=5, seconds=1))))),
        Code.FUTURE,
    ),
    "no credential": (token(url(query(X_Amz_Credential="-"))), Code.CREDENTIAL),
    "no access key id": (
        token(url(query(X_Amz_Credential="/20260506/eu-west-1/sts/aws4_request"))),
        Code.CREDENTIAL,
    ),
    "access key id with a brace": (
        token(url(query(X_Amz_Credential="{{AccessKeyID}}XXXXX/20260506/eu-west-1/sts/aws4_request"))),
        Code.CREDENTIAL,
    ),
    "four parts": (token(url(query(X_Amz_Credential=f"{KEY}/20260506/eu-west-1/sts"))), Code.CREDENTIAL),
    "other service": (
        token(url(encoded(parameters(scope="eu-west-1/iam/aws4_request")))),
        Code.SCOPE_SERVICE,
    ),
    "other end": (token(url(encoded(parameters(scope="eu-west-1/sts/aws5_request")))), Code.SCOPE_SERVICE),
    "other day": (
        token(url(query(X_Amz_Credential=f"{KEY}/20260505/eu-west-1/sts/aws4_request"))),
        Code.SCOPE_DATE,
    ),
    "other region": (token(url(encoded(parameters(scope="us-east-1/sts/aws4_request")))), Code.SCOPE_REGION),
    "no region at all": (token(url(encoded(parameters(scope="moon/sts/aws4_request")))), Code.SCOPE_REGION),
    "region of GovCloud": (
        token(url(encoded(parameters(scope="us-gov-west-1/sts/aws4_request")))),
        Code.SCOPE_PARTITION,
    ),
    "regional scope at the global host": (token(url(host="sts.amazonaws.com")), Code.SCOPE_REGION),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, code: ReasonCode) -> None:
    decision = ask(text)
    assert decision.outcome is Outcome.DENY
    assert [step.code for step in decision.trace] == [code]
    assert decision.value is None
    assert SIGNATURE not in decision.sentence()


OTHER_KINDS = ("", "eyJhbGciOiJSUzI1NiJ9.e30.x", "K8S-AWS-V1.aHR0cA", " k8s-aws-v1.aHR0cA", "k8s-aws-v1")


@pytest.mark.parametrize("text", OTHER_KINDS)
def test_a_token_of_another_kind_is_no_opinion(text: str) -> None:
    decision = ask(text)
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.NO_OPINION, Code.PREFIX)


def test_the_longest_token() -> None:
    """A payload of 3n bytes is a token of 4n + 11 characters: 16384 is met with two bytes over."""
    payload = (MAX_TOKEN_BYTES - len("k8s-aws-v1.")) // 4 * 3
    start = url() + "&X-Amz-Security-Token="
    rest = (MAX_TOKEN_BYTES - len("k8s-aws-v1.")) % 4
    longest = start + "A" * (payload - len(start) + max(rest - 1, 0))
    assert len(token(longest)) <= MAX_TOKEN_BYTES < len(token(longest + "A"))
    assert ask(token(longest)).allowed
    decision = ask(token(longest + "A"))
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.DENY, Code.TOO_LONG)


def test_a_foreign_scope_can_be_left_to_sts_and_stays_in_the_trace() -> None:
    server = TokenServer("harbor", ENDPOINTS, "", refuse_foreign_scope=False)
    decision = ask(token(url(encoded(parameters(scope="us-east-1/sts/aws4_request")))), server)
    assert decision.allowed
    assert [step.code for step in decision.trace] == [Code.SCOPE_REGION, Code.WELL_FORMED]
    assert decision.value is not None
    assert decision.value.notes == decision.trace[:1]


@pytest.mark.parametrize("cluster_id", ["", " x", "a\r\nHost: b", "caf\xe9"])
def test_a_cluster_id_can_be_a_header(cluster_id: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        TokenServer(cluster_id, ENDPOINTS, "", refuse_foreign_scope=True)


SECOND_DOOR = TokenServer(
    "harbor", ENDPOINTS, "eu-west-1", refuse_foreign_scope=True, own_hosts=frozenset({"127.0.0.1:4443"})
)


def test_an_own_host_is_asked_for_the_servers_region() -> None:
    decision = ask(token(url(host="127.0.0.1:4443")), SECOND_DOOR)
    assert decision.value is not None
    assert (decision.value.host, decision.value.region) == ("127.0.0.1:4443", "eu-west-1")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (url(host="127.0.0.1:4444"), Code.PORT),
        (url(host="127.0.0.1"), StsHostCode.NOT_STS),
        (url(host="a@127.0.0.1:4443"), Code.USERINFO),
        (url(host="127.0.0.1:4443/x"), Code.PATH),
        (url(host="127.0.0.1:4443") + "#x", Code.FRAGMENT),
    ],
)
def test_an_own_host_opens_nothing_else(text: str, code: Code) -> None:
    assert ask(token(text), SECOND_DOOR).decisive[0].code == code
