"""STS operations as functions: what is given out, what is remembered, and in whose words it is refused."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Instant, Principal, Secret
from sekisho.facts import (
    Delete,
    Document,
    Event,
    IssuedSession,
    Key,
    Kind,
    ManagedPolicy,
    PolicyVersion,
    Put,
    Role,
    Snapshot,
    User,
    UserAccessKey,
)
from sekisho.lab.aws.door.credentials import session_secret_name
from sekisho.lab.aws.operation import AwsError, Context, Site
from sekisho.lab.aws.sts import DECIDED_HERE, OPERATIONS

HOME, AWAY = AccountId("111122223333"), AccountId("444455556666")
NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")


def allow(*actions: str, **members: Any) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: str, **members: Any) -> str:
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    return allow(*actions, Principal={"AWS": principal}, **members)


def user(name: str, *documents: str, account: AccountId = HOME) -> User:
    inline = tuple(Document(f"p{number}", text) for number, text in enumerate(documents))
    return User(account, name, f"AIDA{name.upper():0<17}", NOW, inline=inline)


def role(name: str, text: str, account: AccountId = AWAY, seconds: int = 3600, *documents: str) -> Role:
    inline = tuple(Document(f"p{number}", text) for number, text in enumerate(documents))
    role_id = f"AROA{name.upper():0<17}"
    return Role(account, name, role_id, NOW, text, max_session_seconds=seconds, inline=inline)


MIRA = user("mira", allow("sts:*", Resource="*"))
NOOR = user("noor")
SPOKE = role("spoke", trust(str(HOME)), AWAY, 7200)
CLOSED = role("closed", trust(f"arn:aws:iam::{HOME}:user/noor"))
HUB = role("hub", trust(str(HOME)), HOME, 43_200, allow("sts:*", Resource="*"))
OWN = ManagedPolicy(
    AWAY,
    "own",
    "ANPAOWNOWNOWNOWNOWNO1",
    NOW,
    NOW,
    (PolicyVersion("v1", allow("s3:*", Resource="*"), NOW),),
)


class NumberedIds:
    """Identifiers that say which one they are."""

    def unique_id(self, prefix: str) -> str:
        return f"{prefix}0000000000000001"

    def secret_key(self) -> Secret:
        return Secret("the-secret-key")

    def mfa_seed(self) -> Secret:
        return Secret("A" * 64)

    def session_token(self) -> Secret:
        return Secret("the-session-token")

    def hex(self, digits: int) -> str:
        return "0" * digits

    def request_id(self) -> str:
        return "00000000-0000-4000-8000-000000000000"


FACTS = Snapshot(
    [
        *(Put(Key(Kind.USER, one.account, one.name), one) for one in (MIRA, NOOR)),
        *(Put(Key(Kind.ROLE, one.account, one.name), one) for one in (SPOKE, CLOSED, HUB)),
        Put(Key(Kind.POLICY, AWAY, str(OWN.arn)), OWN),
        Put(
            Key(Kind.ACCESS_KEY, "", "AKIAMIRA000000000001"),
            UserAccessKey(HOME, "AKIAMIRA000000000001", "mira", NOW),
        ),
    ]
)
SITE = Site(lambda: "https://127.0.0.1:1", "", lambda _cluster: ())
AS_MIRA = sts.user(HOME, "mira", MIRA.user_id)
AS_NOOR = sts.user(HOME, "noor", NOOR.user_id)
AS_ROOT = sts.root(HOME)
AS_HUB = sts.role_session(HOME, "hub", HUB.role_id, "first")
GUEST = sts.federated_user(AS_MIRA, "guest")
HUB_SESSION = sts.Session(AS_HUB, NOW, NOW + timedelta(hours=1))


def context(
    caller: Principal = AS_MIRA,
    session: sts.Session | None = None,
    facts: Snapshot = FACTS,
    now: Instant = NOW,
) -> Context:
    return Context(facts, caller, caller.account, "ap-northeast-1", "aws", now, NumberedIds(), SITE, session)


def assuming(name: str = "spoke", account: AccountId = AWAY, **more: Any) -> dict[str, Any]:
    return {"RoleArn": f"arn:aws:iam::{account}:role/{name}", "RoleSessionName": "s-1", **more}


def refusal(operation: str, parameters: Mapping[str, Any], asked: Context) -> AwsError:
    with pytest.raises(AwsError) as caught:
        OPERATIONS[operation](asked, parameters)
    return caught.value


def issued(events: tuple[Event, ...]) -> IssuedSession:
    (put,) = [event for event in events if isinstance(event, Put)]
    assert isinstance(put.value, IssuedSession)
    assert put.key == Key(Kind.SESSION, "", put.value.key_id)
    return put.value


def test_the_operations_that_decide_by_themselves_are_those_that_give_out_sessions() -> None:
    others = {"DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity"}
    assert set(OPERATIONS) - others == DECIDED_HERE


CALLERS: dict[str, tuple[Principal, str, str]] = {
    "user": (AS_MIRA, f"arn:aws:iam::{HOME}:user/mira", MIRA.user_id),
    "root": (AS_ROOT, f"arn:aws:iam::{HOME}:root", str(HOME)),
    "role session": (
        AS_HUB,
        f"arn:aws:sts::{HOME}:assumed-role/hub/first",
        f"{HUB.role_id}:first",
    ),
    "federated user": (GUEST, f"arn:aws:sts::{HOME}:federated-user/guest", f"{HOME}:guest"),
}


@pytest.mark.parametrize(("who", "arn", "user_id"), CALLERS.values(), ids=CALLERS.keys())
def test_who_am_i(who: Principal, arn: str, user_id: str) -> None:
    answer = OPERATIONS["GetCallerIdentity"](context(who), {})
    assert answer.output == {"Account": str(HOME), "Arn": arn, "UserId": user_id}
    assert answer.events == ()


def test_an_assumed_role_is_told_remembered_and_its_secrets_are_kept_apart() -> None:
    answer = OPERATIONS["AssumeRole"](context(), assuming())
    assert answer.output == {
        "Credentials": {
            "AccessKeyId": "ASIA0000000000000001",
            "SecretAccessKey": "the-secret-key",
            "SessionToken": "the-session-token",
            "Expiration": NOW + timedelta(hours=1),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{SPOKE.role_id}:s-1",
            "Arn": f"arn:aws:sts::{AWAY}:assumed-role/spoke/s-1",
        },
    }
    kept = issued(answer.events)
    assert kept.session.provenance == (sts.Origin(sts.OriginKind.USER, str(MIRA.arn)),)
    assert "the-se" not in repr(kept)
    assert list(answer.secrets) == [session_secret_name("ASIA0000000000000001")]
    assert "the-se" not in repr(answer.secrets)


def test_what_was_passed_is_part_of_the_session() -> None:
    narrower = allow("s3:ListAllMyBuckets", Resource="*")
    answer = OPERATIONS["AssumeRole"](
        context(),
        assuming(
            DurationSeconds=7200,
            Policy=narrower,
            PolicyArns=[{"arn": str(OWN.arn)}],
            Tags=[{"Key": "team", "Value": "tide"}, {"Key": "stage", "Value": "ci"}],
            TransitiveTagKeys=["team"],
            SourceIdentity="mira",
        ),
    )
    session = issued(answer.events).session
    assert session.duration == timedelta(hours=2)
    assert session.tags == (("team", "tide"), ("stage", "ci"))
    assert session.transitive_tags == (("team", "tide"),)
    assert {(policy.arn, policy.text) for policy in session.policies} == {(str(OWN.arn), ""), ("", narrower)}
    assert answer.output["SourceIdentity"] == "mira"
    assert 0 < answer.output["PackedPolicySize"] < 100


def test_the_second_hop_carries_what_came_down_the_chain() -> None:
    earlier = replace(
        HUB_SESSION,
        tags=(("team", "tide"), ("stage", "ci")),
        transitive_keys=("team",),
        source_identity="mira",
        provenance=(sts.Origin(sts.OriginKind.USER, str(MIRA.arn)),),
    )
    answer = OPERATIONS["AssumeRole"](context(AS_HUB, earlier), assuming())
    session = issued(answer.events).session
    assert session.tags == (("team", "tide"),)
    assert session.source_identity == answer.output["SourceIdentity"] == "mira"
    assert [hop.kind for hop in session.provenance] == [sts.OriginKind.USER, sts.OriginKind.ROLE_SESSION]


REFUSED: dict[str, tuple[str, Mapping[str, Any], Context, tuple[str, int], str]] = {
    "a caller without permission": (
        "AssumeRole",
        assuming(),
        context(AS_NOOR),
        ("AccessDenied", 403),
        "sts.not-authorized",
    ),
    "a role that trusts another": (
        "AssumeRole",
        assuming("closed"),
        context(),
        ("AccessDenied", 403),
        "sts.not-authorized",
    ),
    "a role that is not there": (
        "AssumeRole",
        assuming("none"),
        context(),
        ("AccessDenied", 403),
        "sts.role-unknown",
    ),
    "no ARN of a role": (
        "AssumeRole",
        {"RoleArn": f"arn:aws:iam::{AWAY}:user/spoke", "RoleSessionName": "s-1"},
        context(),
        ("ValidationError", 400),
        "sts.role-arn-invalid",
    ),
    "a root user": (
        "AssumeRole",
        assuming(),
        context(AS_ROOT),
        ("AccessDenied", 403),
        "sts.root-may-not-assume",
    ),
    "a federated user": (
        "AssumeRole",
        assuming(),
        context(GUEST, sts.Session(GUEST, NOW, NOW + timedelta(hours=1))),
        ("AccessDenied", 403),
        "sts.federated-user-may-not",
    ),
    "one second over the role's maximum": (
        "AssumeRole",
        assuming(DurationSeconds=7201),
        context(),
        ("ValidationError", 400),
        "sts.duration-over-role",
    ),
    "one second over the hour of a chain": (
        "AssumeRole",
        assuming(DurationSeconds=3601),
        context(AS_HUB, HUB_SESSION),
        ("ValidationError", 400),
        "sts.duration-over-chaining",
    ),
    "a managed session policy of nobody": (
        "AssumeRole",
        assuming(PolicyArns=[{"arn": f"arn:aws:iam::{HOME}:policy/own"}]),
        context(),
        ("ValidationError", 400),
        "sts.session-policy-unknown",
    ),
    "a managed session policy without its ARN": (
        "AssumeRole",
        assuming(PolicyArns=[{}]),
        context(),
        ("ValidationError", 400),
        "sts.parameter-invalid",
    ),
    "a code of an MFA device that there is not": (
        "AssumeRole",
        assuming(SerialNumber=f"arn:aws:iam::{HOME}:mfa/mira", TokenCode="123456"),
        context(),
        ("AccessDenied", 403),
        "sts.mfa-refused",
    ),
    "a token of a session by a session": (
        "GetSessionToken",
        {},
        context(AS_HUB, HUB_SESSION),
        ("AccessDenied", 403),
        "sts.session-may-not",
    ),
    "a token of a session for too long": (
        "GetSessionToken",
        {"DurationSeconds": 129_601},
        context(),
        ("ValidationError", 400),
        "sts.parameter-invalid",
    ),
    "a federation token by a user without permission": (
        "GetFederationToken",
        {"Name": "guest"},
        context(AS_NOOR),
        ("AccessDenied", 403),
        "sts.not-authorized",
    ),
    "the account of an unknown key": (
        "GetAccessKeyInfo",
        {"AccessKeyId": "AKIA0000000000000009"},
        context(),
        ("ValidationError", 400),
        "sts.access-key-unknown",
    ),
}


@pytest.mark.parametrize(
    ("operation", "parameters", "asked", "told", "code"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_refusal_has_aws_s_code_for_the_client_and_the_reason_with_it(
    operation: str, parameters: Mapping[str, Any], asked: Context, told: tuple[str, int], code: str
) -> None:
    error = refusal(operation, parameters, asked)
    assert (error.code, error.status) == told
    assert error.decision is not None
    assert str(error.decision.decisive[0].code) == code


def test_the_longest_durations_are_given() -> None:
    longest = OPERATIONS["AssumeRole"](context(), assuming(DurationSeconds=7200))
    chained = OPERATIONS["AssumeRole"](context(AS_HUB, HUB_SESSION), assuming(DurationSeconds=3600))
    assert [issued(one.events).session.duration for one in (longest, chained)] == [
        timedelta(hours=2),
        timedelta(hours=1),
    ]


def test_what_the_client_is_told_does_not_say_which_side_refused() -> None:
    """Neither whether the role is there, nor whose policy is missing, is for the caller to learn."""
    texts = {
        refusal("AssumeRole", assuming(name), context()).message.replace(name, "ROLE")
        for name in ("none", "closed")
    }
    role_arn = f"arn:aws:iam::{AWAY}:role/ROLE"
    assert texts == {f"User: {MIRA.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"}


def test_a_session_of_a_user_is_the_user() -> None:
    answer = OPERATIONS["GetSessionToken"](context(), {"DurationSeconds": 900})
    assert set(answer.output) == {"Credentials"}
    session = issued(answer.events).session
    assert (session.principal, session.duration) == (AS_MIRA, timedelta(minutes=15))


def test_a_session_of_a_root_user_is_cut_to_an_hour() -> None:
    answer = OPERATIONS["GetSessionToken"](context(AS_ROOT), {"DurationSeconds": 7200})
    assert issued(answer.events).session.duration == timedelta(hours=1)


def test_a_federated_user_is_told_and_remembered_with_its_limits() -> None:
    narrower = allow("s3:ListAllMyBuckets", Resource="*")
    answer = OPERATIONS["GetFederationToken"](context(), {"Name": "guest", "Policy": narrower})
    assert answer.output["FederatedUser"] == {
        "FederatedUserId": f"{HOME}:guest",
        "Arn": f"arn:aws:sts::{HOME}:federated-user/guest",
    }
    session = issued(answer.events).session
    assert session.policies == (sts.SessionPolicy(text=narrower),)
    assert session.duration == timedelta(hours=12)


KEYS = {"long-term": "AKIAMIRA000000000001", "temporary": "ASIA0000000000000007"}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_the_account_of_a_key_is_told_to_anybody(key: str) -> None:
    facts = FACTS.applied([remembered("ASIA0000000000000007", NOW)])
    answer = OPERATIONS["GetAccessKeyInfo"](context(AS_NOOR, facts=facts), {"AccessKeyId": key})
    assert answer.output == {"Account": HOME}


def remembered(key_id: str, expires: Instant) -> Put:
    session = sts.Session(AS_HUB, expires + -timedelta(hours=1), expires)
    return Put(Key(Kind.SESSION, "", key_id), IssuedSession(key_id, session))


def test_credentials_are_forgotten_an_hour_after_they_expired() -> None:
    still, gone = NOW + -timedelta(hours=1), NOW + -timedelta(hours=1, seconds=1)
    facts = FACTS.applied([remembered("ASIASTILL", still), remembered("ASIAGONE", gone)])
    answer = OPERATIONS["AssumeRole"](context(facts=facts), assuming())
    deleted = [event.key for event in answer.events if isinstance(event, Delete)]
    assert deleted == [Key(Kind.SESSION, "", "ASIAGONE")]
    assert answer.secrets[session_secret_name("ASIAGONE")] is None
    assert set(answer.secrets) == {
        session_secret_name("ASIAGONE"),
        session_secret_name("ASIA0000000000000001"),
    }


CONDITIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "over TLS": ({"Bool": {"aws:SecureTransport": "true"}}, True),
    "from here": ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    "from elsewhere": ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    "before noon": ({"DateLessThan": {"aws:CurrentTime": "2026-01-31T12:00:00Z"}}, True),
    "until now": ({"DateLessThan": {"aws:CurrentTime": "2026-01-31T09:00:00Z"}}, False),
    "in this region": ({"StringEquals": {"aws:RequestedRegion": "ap-northeast-1"}}, True),
    "in another region": ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
}


@pytest.mark.parametrize(("condition", "permitted"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_trust_policy_may_ask_how_and_when_a_request_came(
    condition: dict[str, Any], permitted: bool
) -> None:
    made = role("asking", trust(str(HOME), Condition=condition))
    asked = context(facts=FACTS.applied([Put(Key(Kind.ROLE, AWAY, "asking"), made)]))
    if permitted:
        assert issued(OPERATIONS["AssumeRole"](asked, assuming("asking")).events).session.expires > NOW
    else:
        assert refusal("AssumeRole", assuming("asking"), asked).code == "AccessDenied"
