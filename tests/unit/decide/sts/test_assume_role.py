"""AssumeRole: who may, for how long, with which tags; one row per rule, by code and by AWS's words."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Decision, Outcome, decision_to_json
from sekisho.decide.iam import Policies
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.sts.code import StsCode, StsFix, StsNear
from sekisho.decide.sts.session import overlaid
from sekisho.decide.values import Instant, Secret, SekishoInputError, ServicePrincipal
from support.sts_build import (
    AWAY,
    HOME,
    MIRA,
    NOW,
    OPEN,
    ROLE,
    ROOT,
    SPOKE,
    assume,
    codes,
    session,
    signing_with,
    statement,
    told,
    trusting,
    world,
)

Ask = Callable[[], Decision[sts.Session]]
POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
FACTS = world(OPEN)
LONG = world(OPEN, max_session_duration=7200)
MFA: dict[str, Any] = {"serial_number": f"arn:aws:iam::{HOME}:mfa/mira", "token_code": Secret("123456")}


def violation(name: str, value: str, constraint: str) -> str:
    said = f"Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    return f"1 validation error detected: {said}"


LEAST = "Member must have length greater than or equal to {}"
MOST = "Member must have length less than or equal to {}"
PATTERN = "Member must satisfy regular expression pattern: {}"
NAME = r"[\w+=,.@-]*"

CONSTRAINTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "session name of one": ({"name": "a"}, violation("roleSessionName", "a", LEAST.format(2))),
    "session name of two": ({"name": "ab"}, None),
    "session name of 64": ({"name": "a" * 64}, None),
    "session name of 65": ({"name": "a" * 65}, violation("roleSessionName", "a" * 65, MOST.format(64))),
    "session name outside ASCII": (
        {"name": "mira-é"},
        violation("roleSessionName", "mira-é", PATTERN.format(NAME)),
    ),
    "external id of one": ({"external_id": "x"}, violation("externalId", "x", LEAST.format(2))),
    "external id of 1224": ({"external_id": "x" * 1224}, None),
    "external id of 1225": (
        {"external_id": "x" * 1225},
        violation("externalId", "x" * 1024, MOST.format(1224)),
    ),
    "external id with slash and colon": ({"external_id": "a/b:c"}, None),
    "source identity of one": ({"source_identity": "m"}, violation("sourceIdentity", "m", LEAST.format(2))),
    "role ARN of 19": ({"role": "a" * 19}, violation("roleArn", "a" * 19, LEAST.format(20))),
    "899 seconds": (
        {"seconds": 899},
        violation("durationSeconds", "899", "Member must have value greater than or equal to 900"),
    ),
    "900 seconds": ({"seconds": 900}, None),
    "43201 seconds": (
        {"seconds": 43_201},
        violation("durationSeconds", "43201", "Member must have value less than or equal to 43200"),
    ),
    "a code of five": (
        {"serial_number": "arn:aws:iam::1:mfa/a", "token_code": Secret("12345")},
        "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: " + LEAST.format(6),
    ),
    "a tag key of 129": (
        {"tags": (("k" * 129, "v"),)},
        violation("tags.1.member.key", "k" * 129, MOST.format(128)),
    ),
    "a tag key of 128 in letters of another script": ({"tags": (("鍵" * 128, "値 1"),)}, None),
    "a tag value of 256": ({"tags": (("k", "v" * 256),)}, None),
    "a tag value of 257": (
        {"tags": (("k", "v" * 257),)},
        violation("tags.1.member.value", "v" * 257, MOST.format(256)),
    ),
    "a tag value with a brace": (
        {"tags": (("k", "{"),)},
        violation("tags.1.member.value", "{", PATTERN.format(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")),
    ),
    "51 tags": (
        {"tags": tuple((f"k{n}", "") for n in range(51))},
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: " + MOST.format(50),
    ),
    "50 tags": ({"tags": tuple((f"k{n}", "") for n in range(50))}, None),
    "51 transitive keys": (
        {"transitive_keys": ("k",) * 51},
        "1 validation error detected: Value at 'transitiveTagKeys' failed to satisfy constraint: "
        + MOST.format(50),
    ),
    "an empty transitive key": (
        {"transitive_keys": ("",)},
        violation("transitiveTagKeys.1.member", "", LEAST.format(1)),
    ),
    "11 policies": (
        {"policy_arns": (READ_ONLY,) * 11},
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: " + MOST.format(10),
    ),
    "10 policies": ({"policy_arns": (READ_ONLY,) * 10}, None),
    "a policy ARN of one": (
        {"policy_arns": ("a",)},
        violation("policyArns.1.member.arn", "a", LEAST.format(20)),
    ),
}


@pytest.mark.parametrize(("members", "message"), CONSTRAINTS.values(), ids=CONSTRAINTS.keys())
def test_constraints_of_parameters(members: dict[str, Any], message: str | None) -> None:
    decision = assume(FACTS, **members)
    if message is None:
        assert decision.allowed, decision.sentence()
    else:
        assert told(decision) == ("ValidationError", 400, message)
        assert codes(decision) == [str(StsCode.PARAMETER)]


def test_every_violation_is_told() -> None:
    decision = assume(FACTS, name="a", external_id="x")
    assert told(decision)[2].startswith("2 validation errors detected: Value 'a' at 'roleSessionName'")


def user_text(action: str, resource: str = ROLE) -> str:
    return f"User: {MIRA.arn} is not authorized to perform: {action} on resource: {resource}"


DENIED = ("AccessDenied", 403)
INVALID = ("ValidationError", 400)
VALUE = ("InvalidParameterValue", 400)
TAGGED = world(trusting({"AWS": str(MIRA.arn)}, "sts:AssumeRole"))

REFUSALS: dict[str, tuple[Ask, StsCode, tuple[str, int], str]] = {
    "no such role": (
        lambda: assume(FACTS, role=f"arn:aws:iam::{HOME}:role/none"),
        StsCode.ROLE_UNKNOWN,
        DENIED,
        user_text("sts:AssumeRole", f"arn:aws:iam::{HOME}:role/none"),
    ),
    "the role without its path": (
        lambda: assume(FACTS, role=f"arn:aws:iam::{HOME}:role/app"),
        StsCode.ROLE_UNKNOWN,
        DENIED,
        user_text("sts:AssumeRole", f"arn:aws:iam::{HOME}:role/app"),
    ),
    "no ARN": (lambda: assume(FACTS, role="r" * 20), StsCode.ROLE_ARN, INVALID, f"{'r' * 20} is invalid"),
    "a user's ARN": (
        lambda: assume(FACTS, role=str(MIRA.arn)),
        StsCode.ROLE_ARN,
        INVALID,
        f"{MIRA.arn} is invalid",
    ),
    "an ARN without account": (
        lambda: assume(FACTS, role="arn:aws:iam:::role/app"),
        StsCode.ROLE_ARN,
        INVALID,
        "arn:aws:iam:::role/app is invalid",
    ),
    "an untrusted caller": (
        lambda: assume(world(trusting({"AWS": AWAY}))),
        StsCode.NOT_AUTHORIZED,
        DENIED,
        user_text("sts:AssumeRole"),
    ),
    "root": (
        lambda: assume(FACTS, sts.SignedCaller(ROOT)),
        StsCode.ROOT,
        DENIED,
        "Roles may not be assumed by root accounts.",
    ),
    "a federated user": (
        lambda: assume(FACTS, sts.SignedCaller(sts.federated_user(MIRA, "guest"))),
        StsCode.FEDERATED_CALLER,
        DENIED,
        f"User: arn:aws:sts::{HOME}:federated-user/guest is not authorized to perform: sts:AssumeRole",
    ),
    "tags without sts:TagSession": (
        lambda: assume(TAGGED, tags=(("a", "b"),)),
        StsCode.NOT_AUTHORIZED,
        DENIED,
        user_text("sts:TagSession"),
    ),
    "a source identity without sts:SetSourceIdentity": (
        lambda: assume(TAGGED, source_identity="mira"),
        StsCode.NOT_AUTHORIZED,
        DENIED,
        user_text("sts:SetSourceIdentity"),
    ),
    "a serial number without a code": (
        lambda: assume(FACTS, serial_number=MFA["serial_number"]),
        StsCode.MFA_INCOMPLETE,
        DENIED,
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    "a code without a serial number": (
        lambda: assume(FACTS, token_code=Secret("123456")),
        StsCode.MFA_INCOMPLETE,
        DENIED,
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    "a wrong code": (
        lambda: assume(FACTS, **MFA),
        StsCode.MFA_REFUSED,
        DENIED,
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ),
    "a code for a device that rests": (
        lambda: assume(replace(world(OPEN, mfa=True), mfa_rests=Instant.from_epoch(9_000_000_000)), **MFA),
        StsCode.MFA_LOCKED,
        DENIED,
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ),
    "a service with a code": (
        lambda: assume(world(OPEN, mfa=True), sts.SignedCaller(ServicePrincipal("ec2.amazonaws.com")), **MFA),
        StsCode.MFA_REFUSED,
        DENIED,
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ),
    "a repeated tag": (
        lambda: assume(FACTS, tags=(("Team", "a"), ("team", "b"))),
        StsCode.TAG_REPEATED,
        VALUE,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    "a tag of AWS": (
        lambda: assume(FACTS, tags=(("AWS:team", "a"),)),
        StsCode.TAG_RESERVED,
        INVALID,
        "Tag keys cannot start with 'aws:'",
    ),
    "a transitive key that is no tag": (
        lambda: assume(FACTS, tags=(("team", "a"),), transitive_keys=("Team", "other")),
        StsCode.TRANSITIVE_UNKNOWN,
        VALUE,
        "The specified transitive tag key must be included in the requested tags.",
    ),
    "a session policy that is no JSON": (
        lambda: assume(FACTS, policy="{"),
        StsCode.SESSION_POLICY,
        ("MalformedPolicyDocument", 400),
        "This policy contains invalid Json",
    ),
    "an unknown managed policy": (
        lambda: assume(FACTS, policy_arns=(READ_ONLY, "arn:aws:iam::aws:policy/None")),
        StsCode.POLICY_UNKNOWN,
        INVALID,
        "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.",
    ),
    "plain text beyond 2048": (
        lambda: assume(FACTS, policy=POLICY + " " * (2048 - len(POLICY)), policy_arns=(READ_ONLY,)),
        StsCode.PACKED_TOO_LARGE,
        ("PackedPolicyTooLarge", 400),
        "Packed policy consumes 102% of allotted space, please use smaller policy.",
    ),
    "more than the role's maximum": (
        lambda: assume(LONG, seconds=7201),
        StsCode.DURATION_ROLE,
        INVALID,
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    "more than an hour when chained": (
        lambda: assume(FACTS, signing_with(assume(FACTS)), role=SPOKE, seconds=3601),
        StsCode.DURATION_CHAINED,
        INVALID,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
}


@pytest.mark.parametrize(("ask", "code", "wire", "text"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(ask: Ask, code: StsCode, wire: tuple[str, int], text: str) -> None:
    decision = ask()
    assert not decision.allowed
    assert codes(decision)[0] == str(code)
    assert told(decision) == (*wire, text)
    assert decision.value is None


def test_parameters_are_refused_before_the_role_is_looked_at() -> None:
    assert codes(assume(FACTS, role=f"arn:aws:iam::{HOME}:role/none", name="a")) == [str(StsCode.PARAMETER)]
    asked = assume(world(trusting({"AWS": AWAY})), seconds=43_200)
    assert codes(asked)[0] == str(StsCode.NOT_AUTHORIZED)


def test_a_role_at_another_path_is_named() -> None:
    (near,) = assume(FACTS, role=f"arn:aws:iam::{HOME}:role/app").nearest
    assert (near.code, dict(near.facts)["found"]) == (StsNear.ROLE, ROLE)
    assert assume(FACTS, role=f"arn:aws:iam::{HOME}:role/none").nearest == ()


def test_the_reason_of_the_policies_stays_in_the_decision() -> None:
    denied = assume(world(statement("Deny", Principal={"AWS": HOME}, Action="sts:AssumeRole")))
    assert denied.outcome is Outcome.DENY
    assert codes(denied) == ["sts.not-authorized", "iam.denied"]
    assert denied.decisive[1].at.document == ROLE
    assert assume(world(trusting({"AWS": AWAY}))).outcome is Outcome.NO_OPINION


def test_unread_tags_make_a_trust_that_asks_for_them_unknown() -> None:
    asks = trusting({"AWS": str(MIRA.arn)}, StringEquals={"aws:ResourceTag/team": "tide"})
    assert assume(world(asks, tags={"team": "tide"})).allowed
    unread = assume(world(asks, tags=None))
    assert unread.outcome is Outcome.UNKNOWN
    assert told(unread)[:2] == DENIED
    facts = world(trusting({"AWS": str(MIRA.arn)}, StringEquals={"aws:PrincipalTag/team": "tide"}))
    assert assume(facts).allowed
    facts.accounts[HOME]["users"]["mira"]["tags"] = None
    assert assume(facts).outcome is Outcome.UNKNOWN


def test_what_a_session_is() -> None:
    found = session(
        assume(FACTS, tags=(("team", "x"),), source_identity="mira", policy=POLICY, policy_arns=(READ_ONLY,))
    )
    assert str(found.principal.arn) == f"arn:aws:sts::{HOME}:assumed-role/app/s-1"
    assert str(found.principal.entity) == ROLE
    assert found.principal.user_id == "AROAROLE000000000001:s-1"
    assert (found.issued, found.duration, found.expires) == (
        NOW,
        timedelta(hours=1),
        NOW + timedelta(hours=1),
    )
    assert found.policies == (sts.SessionPolicy(arn=READ_ONLY), sts.SessionPolicy(text=POLICY))
    assert found.provenance == (sts.Origin(sts.OriginKind.USER, str(MIRA.arn)),)
    assert found.packed_percent is not None
    assert 0 < found.packed_percent <= 100
    assert session(assume(FACTS)).packed_percent is None


def test_a_decision_with_a_session_can_be_shown() -> None:
    shown = decision_to_json(assume(FACTS, tags=(("team", "x"),)))
    assert shown["outcome"] == "allow"
    value = shown["value"]
    assert isinstance(value, dict)
    assert value["tags"] == [["team", "x"]]
    assert '"sts.session-granted"' in json.dumps(shown["decisive"])


def test_durations_on_both_sides_of_each_bound() -> None:
    assert session(assume(LONG, seconds=7200)).duration == timedelta(seconds=7200)
    assert session(assume(LONG)).duration == timedelta(hours=1)
    chained = signing_with(assume(FACTS))
    assert session(assume(FACTS, chained, role=SPOKE, seconds=3600)).duration == timedelta(hours=1)
    assert session(assume(FACTS, chained, role=SPOKE)).duration == timedelta(hours=1)
    assert session(assume(FACTS, seconds=900)).duration == timedelta(seconds=900)
    repairs = assume(LONG, seconds=7201).repairs
    assert [(repair.code, dict(repair.facts).get("maximum")) for repair in repairs] == [
        (StsFix.SHORTEN, "7200"),
        (StsFix.RAISE_MAXIMUM, None),
    ]


def test_credentials_of_get_session_token_chain_too() -> None:
    personal = sts.get_session_token(sts.GetSessionToken(), sts.SignedCaller(MIRA), LONG, NOW)
    caller = signing_with(personal)
    assert codes(assume(LONG, caller, seconds=3601)) == [str(StsCode.DURATION_CHAINED)]
    assert session(assume(LONG, caller)).provenance == (sts.Origin(sts.OriginKind.USER, str(MIRA.arn)),)


def test_transitive_tags_flow_and_others_do_not() -> None:
    first = assume(
        FACTS, tags=(("team", "tide"), ("once", "1")), transitive_keys=("Team",), source_identity="mira"
    )
    assert session(first).transitive_tags == (("team", "tide"),)
    second = session(
        assume(FACTS, signing_with(first), role=SPOKE, tags=(("more", "2"),), transitive_keys=("more",))
    )
    assert second.tags == (("more", "2"), ("team", "tide"))
    assert second.transitive_keys == ("team", "more")
    assert second.source_identity == "mira"
    assert [hop.kind for hop in second.provenance] == [sts.OriginKind.USER, sts.OriginKind.ROLE_SESSION]


def test_what_came_down_the_chain_cannot_be_set_again() -> None:
    caller = signing_with(
        assume(FACTS, tags=(("team", "tide"),), transitive_keys=("team",), source_identity="mira")
    )
    again = assume(FACTS, caller, role=SPOKE, tags=(("TEAM", "tide"),))
    assert codes(again) == [str(StsCode.TRANSITIVE_FIXED)]
    assert told(again) == (
        *VALUE,
        (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive "
            "tag key from the calling session."
        ),
    )
    other = assume(FACTS, caller, role=SPOKE, source_identity="ana")
    assert codes(other) == [str(StsCode.SOURCE_IDENTITY_FIXED)]
    assert told(other) == (*INVALID, "The source identity is already set for this assume role session")
    assert assume(FACTS, caller, role=SPOKE, source_identity="mira").allowed


def test_inherited_tags_and_source_identity_need_their_permissions() -> None:
    plain = signing_with(assume(FACTS))
    tagged = signing_with(assume(FACTS, tags=(("team", "tide"),), transitive_keys=("team",)))
    sourced = signing_with(assume(FACTS, source_identity="mira"))
    facts = world(OPEN)
    facts.accounts[AWAY]["roles"]["spoke"]["trust"] = trusting({"AWS": HOME}, "sts:AssumeRole")
    assert assume(facts, plain, role=SPOKE).allowed
    assert dict(assume(facts, tagged, role=SPOKE).decisive[0].facts)["action"] == "sts:TagSession"
    assert dict(assume(facts, sourced, role=SPOKE).decisive[0].facts)["action"] == "sts:SetSourceIdentity"


def test_an_inherited_tag_stands_above_the_roles_own() -> None:
    facts = world(OPEN)
    spoke = facts.accounts[AWAY]["roles"]["spoke"]
    spoke["tags"] = {"Team": "own"}
    spoke["trust"] = trusting({"AWS": HOME}, StringEquals={"aws:ResourceTag/team": "tide"})
    tagged = assume(FACTS, tags=(("team", "tide"),), transitive_keys=("team",))
    assert assume(facts, signing_with(tagged), role=SPOKE).allowed
    assert not assume(facts, signing_with(assume(FACTS)), role=SPOKE).allowed


def test_a_recreated_principal_is_not_trusted() -> None:
    trust = trusting({"AWS": str(MIRA.arn)})
    assert assume(world(trust, trusted_ids={str(MIRA.arn): MIRA.user_id})).allowed
    gone = assume(world(trust, trusted_ids={str(MIRA.arn): "AIDAMIRA000000000000"}))
    assert codes(gone)[0] == str(StsCode.NOT_AUTHORIZED)


CONDITIONS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "external id": (
        {"StringEquals": {"sts:ExternalId": "kelp"}},
        {"external_id": "kelp"},
        {"external_id": "kelp-2"},
    ),
    "session name": ({"StringLike": {"sts:RoleSessionName": "ci-*"}}, {"name": "ci-1"}, {"name": "s-1"}),
    "source identity": (
        {"StringEquals": {"sts:SourceIdentity": "mira"}},
        {"source_identity": "mira"},
        {"source_identity": "ana"},
    ),
    "duration": ({"NumericLessThan": {"sts:DurationSeconds": "1000"}}, {"seconds": 900}, {"seconds": 1000}),
    "no duration": ({"Null": {"sts:DurationSeconds": "true"}}, {}, {"seconds": 900}),
    "request tag": (
        {"StringEquals": {"aws:RequestTag/team": "tide"}},
        {"tags": (("Team", "tide"),)},
        {"tags": (("team", "ebb"),)},
    ),
    "tag keys": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
        {"tags": (("team", "x"),)},
        {"tags": (("team", "x"), ("more", "x"))},
    ),
    "transitive keys": (
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}},
        {"tags": (("team", "x"),), "transitive_keys": ("team",)},
        {"tags": (("team", "x"),)},
    ),
    "MFA": ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, MFA, {}),
    "age of MFA": ({"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}, MFA, {}),
}


@pytest.mark.parametrize(("condition", "good", "bad"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_condition_keys_of_the_request(
    condition: dict[str, Any], good: dict[str, Any], bad: dict[str, Any]
) -> None:
    facts = world(trusting({"AWS": str(MIRA.arn)}, **condition), mfa=True)
    assert assume(facts, **good).allowed
    assert codes(assume(facts, **bad))[0] == str(StsCode.NOT_AUTHORIZED)


CALLER_KEYS = {
    "aws:PrincipalArn": str(MIRA.arn),
    "aws:PrincipalAccount": HOME,
    "aws:PrincipalType": "User",
    "aws:PrincipalIsAWSService": "false",
    "aws:userid": MIRA.user_id,
    "aws:username": "mira",
    "aws:PrincipalTag/team": "tide",
    "aws:PrincipalOrgID": "o-h4rb0rqu4y",
    "aws:ResourceAccount": HOME,
    "aws:ResourceOrgID": "o-h4rb0rqu4y",
    "aws:SourceIp": "10.0.0.1",
}


@pytest.mark.parametrize(("key", "value"), CALLER_KEYS.items())
def test_condition_keys_of_the_caller(key: str, value: str) -> None:
    caller = sts.SignedCaller(MIRA, context=Context.of({"aws:SourceIp": "10.0.0.1"}))
    facts = world(trusting({"AWS": str(MIRA.arn)}, StringEquals={key: value}))
    assert assume(facts, caller).allowed


def test_the_organization_path_has_many_values_and_may_be_unknown() -> None:
    asks = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-h4rb0rqu4y/*"}}
    facts = world(trusting({"AWS": str(MIRA.arn)}, **asks))
    assert assume(facts).allowed
    context = sts.caller_context(sts.SignedCaller(MIRA), facts, NOW)
    assert context.value("aws:PrincipalOrgPaths") == ("o-h4rb0rqu4y/r-1a2b/",)


def test_an_organization_whose_paths_are_not_known() -> None:
    facts = replace(FACTS, paths=False)
    context = sts.caller_context(sts.SignedCaller(MIRA), facts, NOW)
    assert context.value("aws:PrincipalOrgID") == "o-h4rb0rqu4y"
    assert context.value("aws:PrincipalOrgPaths") is None


def test_a_service_brings_its_own_keys_and_who_it_acts_for() -> None:
    cluster = f"arn:aws:eks:eu-north-1:{HOME}:cluster/quay"
    who = sts.SignedCaller(
        ServicePrincipal("pods.eks.amazonaws.com"),
        context=Context.of({"aws:SourceArn": cluster}),
        subject="system:serviceaccount:billing:ledger",
    )
    trust = trusting(
        {"Service": "pods.eks.amazonaws.com"},
        "sts:AssumeRole",
        "sts:TagSession",
        StringEquals={"aws:SourceArn": cluster, "aws:PrincipalServiceName": "pods.eks.amazonaws.com"},
        Bool={"aws:PrincipalIsAWSService": "true"},
    )
    found = session(assume(world(trust), who, tags=(("kubernetes-namespace", "billing"),)))
    assert found.provenance == (
        sts.Origin(sts.OriginKind.SERVICE, "pods.eks.amazonaws.com", "system:serviceaccount:billing:ledger"),
    )
    assert told(assume(FACTS, who))[2].startswith("User: pods.eks.amazonaws.com is not authorized")


def test_the_session_answers_get_caller_identity() -> None:
    found = session(assume(FACTS))
    identity = sts.caller_identity(found.principal)
    assert (str(identity.arn), identity.user_id, identity.account) == (
        f"arn:aws:sts::{HOME}:assumed-role/app/s-1",
        "AROAROLE000000000001:s-1",
        HOME,
    )


def test_what_a_session_brings_to_later_requests() -> None:
    found = session(assume(FACTS, source_identity="mira", tags=(("Team", "new"),)))
    assert sts.session_keys(found, NOW) == {
        "aws:TokenIssueTime": NOW.rfc3339(),
        "aws:MultiFactorAuthPresent": "false",
        "aws:SourceIdentity": "mira",
    }
    assert sts.principal_tags((("team", "old"), ("site", "quay")), found) == (
        ("site", "quay"),
        ("Team", "new"),
    )
    assert sts.principal_tags((("team", "old"),), None) == (("team", "old"),)


def test_session_policies_limit_the_next_hop() -> None:
    limited = signing_with(assume(FACTS, policy=POLICY))
    refused = assume(FACTS, limited, role=SPOKE)
    assert codes(refused)[0] == str(StsCode.NOT_AUTHORIZED)
    assert assume(FACTS, signing_with(assume(FACTS)), role=SPOKE).allowed


def test_a_malformed_trust_policy_is_an_input_error() -> None:
    with pytest.raises(SekishoInputError):
        assume(world({"Version": "2012-10-17"}))


def test_the_answer_of_the_policies_can_be_had_elsewhere() -> None:
    asked: list[str] = []

    def yes(request: AwsRequest, policies: Policies) -> Decision[None]:
        asked.append(request.action)
        assert policies.resource is not None
        return Decision(Outcome.ALLOW)

    request = sts.AssumeRole(ROLE, "s-1", sts.SessionParameters(tags=(("a", "b"),)))
    decision = sts.assume_role(request, sts.SignedCaller(MIRA), world(trusting({"AWS": AWAY})), NOW, yes)
    assert decision.allowed
    assert asked == ["sts:AssumeRole", "sts:TagSession"]


def test_tags_are_too_large_together() -> None:
    # Digests do not deflate to less than half their hexadecimal digits.
    tags = tuple((f"k{place}", hashlib.sha512(bytes([place])).hexdigest() * 2) for place in range(50))
    decision = assume(FACTS, tags=tags)
    assert codes(decision) == [str(StsCode.PACKED_TOO_LARGE)]
    code, status, text = told(decision)
    assert (code, status) == ("PackedPolicyTooLarge", 400)
    assert text.startswith("Packed size of session tags consumes ")


def test_later_tags_hide_earlier_ones() -> None:
    assert overlaid((("A", "1"), ("b", "2")), (("a", "3"),)) == (("b", "2"), ("a", "3"))
