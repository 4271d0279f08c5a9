"""GetSessionToken, GetFederationToken, GetAccessKeyInfo, DecodeAuthorizationMessage, and AWS's words."""

import json
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.iam.code import Code as IamCode
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.sts.authorization_message import KEY_BYTES
from sekisho.decide.sts.aws_error import _TEXTS
from sekisho.decide.sts.code import StsCode
from sekisho.decide.values import AccountId, Ref, Secret, ServicePrincipal
from support.sts_build import (
    AWAY,
    HOME,
    MIRA,
    NOW,
    OPEN,
    ROOT,
    assume,
    codes,
    session,
    signing_with,
    statement,
    told,
    world,
)

FACTS = world(OPEN, mfa=True)
ME = sts.SignedCaller(MIRA)
BOSS = sts.SignedCaller(ROOT)
SERVICE = sts.SignedCaller(ServicePrincipal("ec2.amazonaws.com"))
SERIAL = f"arn:aws:iam::{HOME}:mfa/mira"
CODE = Secret("123456")
POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
KEY = bytes(range(KEY_BYTES))


def seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def session_token(
    caller: sts.SignedCaller, number: int | None = None, **members: Any
) -> Decision[sts.Session]:
    return sts.get_session_token(sts.GetSessionToken(seconds(number), **members), caller, FACTS, NOW)


def federation_token(caller: sts.SignedCaller, name: str = "guest", **members: Any) -> Decision[sts.Session]:
    duration = seconds(members.pop("seconds", None))
    facts = members.pop("facts", FACTS)
    request = sts.GetFederationToken(name, sts.SessionParameters(duration, **members))
    return sts.get_federation_token(request, caller, facts, NOW)


LASTING = {
    "a user": (ME, None, 43_200),
    "a user who asks for the least": (ME, 900, 900),
    "a user who asks for the most": (ME, 129_600, 129_600),
    "root": (BOSS, None, 3600),
    "root who asks for more": (BOSS, 7200, 3600),
    "root who asks for less": (BOSS, 900, 900),
}


@pytest.mark.parametrize(("caller", "asked", "lasts"), LASTING.values(), ids=LASTING.keys())
def test_how_long_a_personal_session_lasts(caller: sts.SignedCaller, asked: int | None, lasts: int) -> None:
    assert session(session_token(caller, asked)).duration == seconds(lasts)
    assert session(federation_token(caller, seconds=asked)).duration == seconds(lasts)


def test_a_session_token_is_the_user_again() -> None:
    found = session(session_token(ME))
    assert found.principal == MIRA
    assert found.mfa_at is None
    assert sts.session_keys(found, NOW)["aws:MultiFactorAuthPresent"] == "false"


def test_mfa_shows_in_later_requests_and_ages() -> None:
    found = session(session_token(ME, serial_number=SERIAL, token_code=CODE))
    keys = sts.session_keys(found, NOW + timedelta(seconds=90))
    assert (keys["aws:MultiFactorAuthPresent"], keys["aws:MultiFactorAuthAge"]) == ("true", "90")


def signing(decision: Decision[sts.Session]) -> sts.SignedCaller:
    return sts.SignedCaller(session(decision).principal, session(decision))


TO_IAM: dict[str, tuple[sts.SignedCaller, StsCode | None]] = {
    "long-term keys": (ME, None),
    "the root user": (BOSS, None),
    "a service": (SERVICE, None),
    "a session with a code": (signing(session_token(ME, serial_number=SERIAL, token_code=CODE)), None),
    "a session without": (signing(session_token(ME)), StsCode.SESSION_NOT_FOR_IAM),
    "a session of root": (signing(session_token(BOSS)), StsCode.SESSION_NOT_FOR_IAM),
    "a federated user": (signing(federation_token(ME)), StsCode.FEDERATED_NOT_FOR_IAM),
    "a session of a role": (signing(assume(FACTS, ME)), None),
}


@pytest.mark.parametrize(("caller", "code"), TO_IAM.values(), ids=TO_IAM.keys())
def test_whose_calls_iam_takes(caller: sts.SignedCaller, code: StsCode | None) -> None:
    refusal = sts.refuse_iam(caller)
    assert (None if refusal is None else refusal.decisive[0].code) == code
    if refusal is not None:
        error = sts.aws_error(refusal)
        assert (error.code, error.http_status) == ("InvalidClientTokenId", 403)
        assert error.message == "The security token included in the request is invalid"


OTHERS = ("GetAccessKeyInfo", "DecodeAuthorizationMessage", "GetSessionToken")
TO_STS: dict[str, tuple[sts.SignedCaller, dict[str, StsCode | None]]] = {
    "long-term keys": (ME, dict.fromkeys(("AssumeRole", *OTHERS))),
    "a service": (SERVICE, dict.fromkeys(("AssumeRole", *OTHERS))),
    "a session of a role": (signing(assume(FACTS, ME)), dict.fromkeys(("AssumeRole", *OTHERS))),
    "a session with a code": (
        signing(session_token(ME, serial_number=SERIAL, token_code=CODE)),
        {"AssumeRole": None, **dict.fromkeys(OTHERS, StsCode.SESSION_NOT_FOR_STS)},
    ),
    "a session of root": (
        signing(session_token(BOSS)),
        {"AssumeRole": None, **dict.fromkeys(OTHERS, StsCode.SESSION_NOT_FOR_STS)},
    ),
    "a federated user": (
        signing(federation_token(ME)),
        dict.fromkeys(("AssumeRole", *OTHERS), StsCode.FEDERATED_CALLER),
    ),
}


@pytest.mark.parametrize(("caller", "codes"), TO_STS.values(), ids=TO_STS.keys())
def test_which_calls_sts_takes(caller: sts.SignedCaller, codes: dict[str, StsCode | None]) -> None:
    assert sts.refuse_sts(caller, "GetCallerIdentity") is None
    for operation, code in codes.items():
        refusal = sts.refuse_sts(caller, operation)
        assert (None if refusal is None else refusal.decisive[0].code) == code
        if refusal is not None:
            error = sts.aws_error(refusal)
            assert (error.code, error.http_status) == ("AccessDenied", 403)
            assert operation in error.message


def test_no_permission_is_needed_for_a_session_token() -> None:
    facts = world(OPEN)
    facts.accounts[HOME]["users"]["mira"]["policies"] = [statement("Deny", Action="*", Resource="*")]
    assert sts.get_session_token(sts.GetSessionToken(), ME, facts, NOW).allowed


def chained() -> sts.SignedCaller:
    return signing_with(assume(world(OPEN)))


REFUSED: dict[str, tuple[Decision[sts.Session], StsCode, str, str]] = {
    "a session token for a session": (
        session_token(chained()),
        StsCode.SESSION_CALLER,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    ),
    "a session token for a service": (
        session_token(SERVICE),
        StsCode.NOT_A_PERSON,
        "AccessDenied",
        "ec2.amazonaws.com is not authorized to perform: sts:GetSessionToken",
    ),
    "a federation token for a session": (
        federation_token(signing_with(session_token(ME))),
        StsCode.SESSION_CALLER,
        "AccessDenied",
        "Cannot call GetFederationToken with session credentials",
    ),
    "a session token for too short": (
        session_token(ME, 899),
        StsCode.PARAMETER,
        "ValidationError",
        (
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 900"
        ),
    ),
    "a federation token for too long": (
        federation_token(ME, seconds=129_601),
        StsCode.PARAMETER,
        "ValidationError",
        (
            "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 129600"
        ),
    ),
    "a federated name of 33": (
        federation_token(ME, "g" * 33),
        StsCode.PARAMETER,
        "ValidationError",
        (
            f"1 validation error detected: Value '{'g' * 33}' at 'name' failed to satisfy constraint: "
            "Member must have length less than or equal to 32"
        ),
    ),
    "a device of somebody else": (
        session_token(ME, serial_number=f"arn:aws:iam::{AWAY}:mfa/mira", token_code=CODE),
        StsCode.MFA_REFUSED,
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ),
    "a repeated tag": (
        federation_token(ME, tags=(("a", "1"), ("A", "2"))),
        StsCode.TAG_REPEATED,
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    "a session policy that names principals": (
        federation_token(ME, policy=POLICY.replace('"Action"', '"Principal":"*","Action"')),
        StsCode.SESSION_POLICY_GRAMMAR,
        "MalformedPolicyDocument",
        "Policy document should not specify a principal.",
    ),
    "a session policy with a name twice": (
        federation_token(ME, policy='{"Statement":[],"Statement":[]}'),
        StsCode.SESSION_POLICY,
        "MalformedPolicyDocument",
        "This policy contains invalid Json",
    ),
    "an unknown managed policy": (
        federation_token(ME, policy_arns=("arn:aws:iam::aws:policy/None",)),
        StsCode.POLICY_UNKNOWN,
        "ValidationError",
        "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.",
    ),
}


@pytest.mark.parametrize(("decision", "code", "name", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(decision: Decision[sts.Session], code: StsCode, name: str, text: str) -> None:
    assert codes(decision)[0] == str(code)
    error = sts.aws_error(decision)
    assert (error.code, error.message) == (name, text)
    assert error.http_status == (403 if name == "AccessDenied" else 400)


def test_a_federated_user_is_limited_by_what_was_passed() -> None:
    found = session(federation_token(ME, policy=POLICY, policy_arns=(READ_ONLY,), tags=(("team", "x"),)))
    assert str(found.principal.arn) == f"arn:aws:sts::{HOME}:federated-user/guest"
    assert (found.principal.user_id, found.principal.entity) == (f"{HOME}:guest", MIRA.arn)
    assert found.policies == (sts.SessionPolicy(arn=READ_ONLY), sts.SessionPolicy(text=POLICY))
    assert found.tags == (("team", "x"),)
    context = sts.caller_context(sts.SignedCaller(found.principal, found), FACTS, NOW)
    assert context.value("aws:PrincipalType") == "FederatedUser"
    assert context.value("aws:username") is None
    assert context.value("aws:PrincipalTag/team") == "x"


LIMITED = {
    "nothing": ([], {}, "sts:GetFederationToken"),
    "another name": (
        [statement(Action="sts:GetFederationToken", Resource=f"arn:aws:sts::{HOME}:federated-user/other")],
        {},
        "sts:GetFederationToken",
    ),
    "no tags": (
        [statement(Action="sts:GetFederationToken", Resource=f"arn:aws:sts::{HOME}:federated-user/guest")],
        {"tags": (("a", "b"),)},
        "sts:TagSession",
    ),
    "not for that long": (
        [
            statement(
                Action="sts:*", Resource="*", Condition={"NumericLessThan": {"sts:DurationSeconds": "1000"}}
            )
        ],
        {"seconds": 1000},
        "sts:GetFederationToken",
    ),
}


@pytest.mark.parametrize(("policies", "members", "action"), LIMITED.values(), ids=LIMITED.keys())
def test_a_federation_token_needs_permission(
    policies: list[Any], members: dict[str, Any], action: str
) -> None:
    facts = world(OPEN)
    facts.accounts[HOME]["users"]["mira"]["policies"] = policies
    decision = federation_token(ME, facts=facts, **members)
    assert codes(decision)[0] == str(StsCode.NOT_AUTHORIZED)
    assert told(decision) == (
        "AccessDenied",
        403,
        (
            f"User: {MIRA.arn} is not authorized to perform: {action} on resource: "
            f"arn:aws:sts::{HOME}:federated-user/guest"
        ),
    )


def test_a_federation_token_with_tags_that_are_allowed() -> None:
    assert session(federation_token(ME, tags=(("team", "x"),))).transitive_keys == ()


def test_the_account_of_an_access_key() -> None:
    found = sts.get_access_key_info("AKIAMIRA000000000001", FACTS)
    assert (found.outcome, found.value) == (Outcome.ALLOW, HOME)
    unknown = sts.get_access_key_info("AKIANOBODY0000000001", FACTS)
    assert codes(unknown) == [str(StsCode.KEY_UNKNOWN)]
    assert told(unknown)[:2] == ("ValidationError", 400)
    assert told(sts.get_access_key_info("AKIA", FACTS))[2].startswith(
        "1 validation error detected: Value 'AKIA'"
    )


BUCKETS = AwsRequest(
    MIRA,
    "s3:ListAllMyBuckets",
    ("*",),
    Context.of({"aws:userid": MIRA.user_id, "aws:TagKeys": ("a", "b")}),
)
DENIAL: Decision[None] = Decision(Outcome.DENY, (Step(IamCode.DENIED, Ref("p"), (("sid", "NoBuckets"),)),))
ACCOUNT = AccountId(HOME)


def test_a_message_is_read_by_who_may() -> None:
    encoded = sts.encode_message(sts.message_about(BUCKETS, DENIAL), ACCOUNT, KEY)
    found = sts.decode_message(encoded, ACCOUNT, KEY)
    assert found.value is not None
    read = json.loads(found.value)
    assert (read["allowed"], read["explicitDeny"]) == (False, True)
    assert read["matchedStatements"]["items"] == [{"statementId": "NoBuckets", "effect": "DENY"}]
    assert read["context"]["principal"] == {"id": MIRA.user_id, "arn": str(MIRA.arn)}
    assert read["context"]["conditions"]["items"][1] == {
        "key": "aws:tagkeys",
        "values": {"items": [{"value": "a"}, {"value": "b"}]},
    }


def test_an_implicit_deny_and_a_service_are_told_too() -> None:
    request = AwsRequest(ServicePrincipal("ec2.amazonaws.com"), "s3:GetObject", ("*",))
    read = json.loads(sts.message_about(request, Decision(Outcome.NO_OPINION)))
    assert (read["explicitDeny"], read["matchedStatements"]["items"]) == (False, [])
    assert read["context"]["principal"] == {}


SEALED = sts.encode_message(b"{}", ACCOUNT, KEY)
UNREADABLE = {
    "of another account": (SEALED, AccountId(AWAY), KEY),
    "sealed with another key": (SEALED, ACCOUNT, bytes(KEY_BYTES)),
    "changed": (("A" if SEALED[0] != "A" else "B") + SEALED[1:], ACCOUNT, KEY),
    "cut off": (SEALED[:8], ACCOUNT, KEY),
    "no base64": ("!", ACCOUNT, KEY),
    "an impossible length": ("AAAAA", ACCOUNT, KEY),
}


@pytest.mark.parametrize(("text", "account", "key"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_messages_that_cannot_be_read(text: str, account: AccountId, key: bytes) -> None:
    decision = sts.decode_message(text, account, key)
    assert codes(decision) == [str(StsCode.MESSAGE)]
    assert told(decision)[:2] == ("InvalidAuthorizationMessageException", 400)


def test_no_message_at_all() -> None:
    assert codes(sts.decode_message("", ACCOUNT, KEY)) == [str(StsCode.PARAMETER)]


def test_every_refusal_has_words() -> None:
    worded_apart = {StsCode.ROLE_UNKNOWN, StsCode.PACKED_TOO_LARGE}
    assert set(StsCode) - {StsCode.GRANTED, StsCode.FOUND} == set(_TEXTS) | worded_apart


def test_only_refusals_of_sts_are_worded() -> None:
    with pytest.raises(ValueError, match="only a refusal"):
        sts.aws_error(session_token(ME))
    with pytest.raises(ValueError, match="only a refusal"):
        sts.aws_error(Decision(Outcome.DENY))
    with pytest.raises(ValueError, match="not one of STS's own"):
        sts.aws_error(DENIAL)
