"""What STS's answer means: who, refused, later, down, or not understood."""

import json

import pytest

from sekisho.decide.authn.canonical import ArnKind
from sekisho.decide.authn.iam_token import TOKEN, StsQuestion
from sekisho.decide.authn.sts_answer import (
    MAX_ANSWER_BYTES,
    StsAnswer,
    StsCode,
    StsFault,
    StsFaultKind,
    StsIdentity,
    StsRepairCode,
    conclude,
    identity_of,
)
from sekisho.decide.authn.token_code import IamTokenCode
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import Instant, Secret

A = "111122223333"
SESSION = f"arn:aws:sts::{A}:assumed-role/ops/mia"
NOW = Instant.parse_rfc3339("2026-05-06T12:00:00Z")
NOTE = Step(IamTokenCode.SCOPE_REGION, TOKEN)
QUESTION = StsQuestion(
    "sts.eu-west-1.amazonaws.com",
    "eu-west-1",
    "aws",
    Secret("/?X-Amz-Signature=abc"),
    (("x-k8s-aws-id", "harbor"), ("Accept", "application/json")),
    "ASIAEXAMPLEKEY000001",
    NOW,
    NOW,
    "0" * 64,
    (NOTE,),
)


def result(arn: str = SESSION, user_id: str = "AROAEXAMPLE:mia", account: str = A) -> bytes:
    members = {"Arn": arn, "UserId": user_id, "Account": account}
    return json.dumps({"GetCallerIdentityResponse": {"GetCallerIdentityResult": members}}).encode()


def error(code: str) -> bytes:
    return json.dumps({"Error": {"Code": code, "Message": "quotes SECRETSIGNATURE"}}).encode()


def ask(status: int, body: bytes) -> Decision[StsIdentity]:
    return conclude(QUESTION, StsAnswer(status, body))


def test_a_session_is_identified() -> None:
    decision = ask(200, result())
    assert decision.outcome is Outcome.ALLOW
    assert decision.decisive[0].code is StsCode.IDENTIFIED
    assert decision.value is not None
    identity = decision.value
    assert (str(identity.arn), str(identity.canonical.arn)) == (SESSION, f"arn:aws:iam::{A}:role/ops")
    assert (identity.account, identity.user_id, identity.session_name) == (A, "AROAEXAMPLE", "mia")
    assert identity.access_key_id == "ASIAEXAMPLEKEY000001"


IDENTITIES = {
    "a user": (f"arn:aws:iam::{A}:user/p/ana", "AIDAEXAMPLE", "AIDAEXAMPLE", "", ArnKind.USER),
    "root": (f"arn:aws:iam::{A}:root", A, A, "", ArnKind.ROOT),
    "a federated user": (
        f"arn:aws:sts::{A}:federated-user/bo",
        f"{A}:bo",
        f"{A}:bo",
        "",
        ArnKind.FEDERATED_USER,
    ),
    "an address as session": (
        f"arn:aws:sts::{A}:assumed-role/ops/kim@corp.example",
        "AROAEXAMPLE:kim@corp.example",
        "AROAEXAMPLE",
        "kim@corp.example",
        ArnKind.ASSUMED_ROLE,
    ),
}


@pytest.mark.parametrize(("arn", "given", "user_id", "session", "kind"), IDENTITIES.values(), ids=IDENTITIES)
def test_identities(arn: str, given: str, user_id: str, session: str, kind: ArnKind) -> None:
    identity = identity_of(arn, given, A)
    assert (identity.user_id, identity.session_name, identity.canonical.kind) == (user_id, session, kind)


MALFORMED = {
    "XML": b"<GetCallerIdentityResponse/>",
    "no result": b"{}",
    "a list": b"[]",
    "a member twice": result().replace(b'"Account"', b'"Arn"'),
    "no user id": result().replace(b"UserId", b"UserID"),
    "an account that is a number": result().replace(f'"{A}"'.encode(), A.encode()),
    "a group": result(f"arn:aws:iam::{A}:group/ops"),
    "no ARN": result("ops"),
    "another account": result(account="444455556666"),
    "another partition": result(SESSION.replace("arn:aws:", "arn:aws-cn:")),
    "no session": result(user_id="AROAEXAMPLE"),
    "an empty session": result(user_id="AROAEXAMPLE:"),
    "an empty id": result(user_id=":mia"),
    "two colons": result(user_id="AROAEXAMPLE:mia:x"),
    "a line end in the id": result(user_id="AROAEXAMPLE:mia\nsystem"),
    "too long": result() + b" " * MAX_ANSWER_BYTES,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_cannot_be_understood_is_unknown(body: bytes) -> None:
    decision = ask(200, body)
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, StsCode.MALFORMED)


def test_the_longest_answer() -> None:
    body = result()
    assert ask(200, body + b" " * (MAX_ANSWER_BYTES - len(body))).allowed
    assert not ask(200, body + b" " * (MAX_ANSWER_BYTES - len(body) + 1)).allowed


FAILURES = {
    "throttled by code": (400, error("Throttling"), Outcome.UNKNOWN, StsCode.THROTTLED, "Throttling"),
    "throttled by another code": (
        503,
        error("RequestLimitExceeded"),
        Outcome.UNKNOWN,
        StsCode.THROTTLED,
        "RequestLimitExceeded",
    ),
    "throttled in XML": (
        400,
        b"<Error><Code>ThrottlingException</Code></Error>",
        Outcome.UNKNOWN,
        StsCode.THROTTLED,
        "ThrottlingException",
    ),
    "429 without a code": (429, b"too many requests", Outcome.UNKNOWN, StsCode.THROTTLED, ""),
    "the word alone is not the code": (403, b"no Throttling here", Outcome.DENY, StsCode.REFUSED, ""),
    "server error": (500, b"oops", Outcome.UNKNOWN, StsCode.UNAVAILABLE, ""),
    "redirect": (302, b"", Outcome.UNKNOWN, StsCode.UNAVAILABLE, ""),
    "no content": (204, b"", Outcome.UNKNOWN, StsCode.UNAVAILABLE, ""),
    "refused": (403, error("AccessDenied"), Outcome.DENY, StsCode.REFUSED, "AccessDenied"),
    "a code that cannot be printed": (403, error("a b\n"), Outcome.DENY, StsCode.REFUSED, ""),
    "an answer too long to look at": (
        403,
        error("AccessDenied") + b" " * MAX_ANSWER_BYTES,
        Outcome.DENY,
        StsCode.REFUSED,
        "",
    ),
    "the last client error": (499, b"{}", Outcome.DENY, StsCode.REFUSED, ""),
}


@pytest.mark.parametrize(("status", "body", "outcome", "code", "name"), FAILURES.values(), ids=FAILURES)
def test_failures(status: int, body: bytes, outcome: Outcome, code: StsCode, name: str) -> None:
    decision = ask(status, body)
    assert (decision.outcome, decision.decisive[0].code) == (outcome, code)
    facts = dict(decision.decisive[0].facts)
    assert (facts["status"], facts["error"]) == (str(status), name)
    assert "SECRETSIGNATURE" not in repr(decision)


REPAIRS = {
    "signed for another cluster": ("SignatureDoesNotMatch", [StsRepairCode.OTHER_CLUSTER]),
    "expired": ("ExpiredToken", [StsRepairCode.RENEW]),
    "unknown key": ("InvalidClientTokenId", [StsRepairCode.KEY]),
    "anything else": ("AccessDenied", []),
}


@pytest.mark.parametrize(("error_code", "codes"), REPAIRS.values(), ids=REPAIRS)
def test_a_refusal_says_what_helps(error_code: str, codes: list[StsRepairCode]) -> None:
    decision = ask(403, error(error_code))
    assert [repair.code for repair in decision.repairs] == codes
    assert decision.nearest == (NOTE,)
    assert all("(" not in repair.sentence() for repair in decision.repairs)


@pytest.mark.parametrize("kind", StsFaultKind)
def test_no_answer_is_unknown(kind: StsFaultKind) -> None:
    decision = conclude(QUESTION, StsFault(kind))
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, StsCode.UNREACHABLE)
    assert kind.value in decision.sentence()
