"""From statements to an answer: order, layers of the answer, reasons, near misses, repairs."""

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam import AttachedPolicy, Policies, access_denied_text, evaluate, explain
from sekisho.decide.iam.code import Code, Fix, Near
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Json
from unit.decide.iam.build import ACCOUNT, CLUSTER, allow, ask, deny, policies, root, session, user

D = "eks:DescribeCluster"
UNREAD = {"StringEquals": {"my:unread": "a"}}
Given = tuple[AttachedPolicy, ...]


def both(request: AwsRequest, given: Given) -> Decision[None]:
    found = explain(request, Policies(given))
    assert evaluate(request, Policies(given)).outcome is found.outcome
    return found


OUTCOMES: dict[str, tuple[AwsRequest, Given, Outcome, list[Code]]] = {
    "no policy": (ask(D, CLUSTER), (), Outcome.NO_OPINION, [Code.NO_ALLOW]),
    "allow": (ask(D, CLUSTER), policies(allow()), Outcome.ALLOW, [Code.ALLOWED]),
    "role session": (ask(D, CLUSTER, who=session()), policies(allow()), Outcome.ALLOW, [Code.ALLOWED]),
    "deny beats allow": (ask(D, CLUSTER), policies(allow(), deny()), Outcome.DENY, [Code.DENIED]),
    "deny beats allow before it": (ask(D, CLUSTER), policies(deny(), allow()), Outcome.DENY, [Code.DENIED]),
    "deny alone": (ask(D, CLUSTER), policies(deny()), Outcome.DENY, [Code.DENIED]),
    "two policies": (
        ask(D, CLUSTER),
        policies(allow(), name="a") + policies(deny(), name="b"),
        Outcome.DENY,
        [Code.DENIED],
    ),
    "deny of something else": (
        ask(D, CLUSTER),
        policies(allow(), deny("s3:*")),
        Outcome.ALLOW,
        [Code.ALLOWED],
    ),
    "all resources allowed": (
        ask(D, CLUSTER, f"{CLUSTER}-2"),
        policies(allow(D, CLUSTER), allow(D, f"{CLUSTER}-2")),
        Outcome.ALLOW,
        [Code.ALLOWED, Code.ALLOWED],
    ),
    "one resource not allowed": (
        ask(D, CLUSTER, f"{CLUSTER}-2"),
        policies(allow(D, CLUSTER)),
        Outcome.NO_OPINION,
        [Code.NO_ALLOW],
    ),
    "one resource denied": (
        ask(D, CLUSTER, f"{CLUSTER}-2"),
        policies(allow(), deny(D, f"{CLUSTER}-2")),
        Outcome.DENY,
        [Code.DENIED],
    ),
    "one resource open, one not allowed": (
        ask(D, CLUSTER, f"{CLUSTER}-2", unread=("my:unread",)),
        policies(allow(D, CLUSTER, UNREAD)),
        Outcome.NO_OPINION,
        [Code.NO_ALLOW],
    ),
    "unread allow": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(condition=UNREAD)),
        Outcome.UNKNOWN,
        [Code.CONDITION_UNREAD],
    ),
    "unread allow beside an allow": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(condition=UNREAD), allow()),
        Outcome.ALLOW,
        [Code.ALLOWED],
    ),
    "unread allow beside a deny": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(condition=UNREAD), deny()),
        Outcome.DENY,
        [Code.DENIED],
    ),
    "unread deny beside an allow": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(), deny(condition=UNREAD)),
        Outcome.UNKNOWN,
        [Code.CONDITION_UNREAD],
    ),
    "unread deny alone": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(deny(condition=UNREAD)),
        Outcome.UNKNOWN,
        [Code.CONDITION_UNREAD],
    ),
    "unread variable": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(D, "arn:aws:eks:*:*:cluster/${my:unread}")),
        Outcome.UNKNOWN,
        [Code.VARIABLE_UNREAD],
    ),
    "GetCallerIdentity cannot be denied": (
        ask("sts:GetCallerIdentity"),
        policies(deny()),
        Outcome.ALLOW,
        [Code.NO_PERMISSION_NEEDED],
    ),
    "root needs no policy": (ask(D, CLUSTER, who=root()), (), Outcome.ALLOW, [Code.ROOT]),
    "own account named": (ask(D, CLUSTER, owner=ACCOUNT), policies(allow()), Outcome.ALLOW, [Code.ALLOWED]),
}


@pytest.mark.parametrize(("request_", "given", "outcome", "decisive"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_outcome(request_: AwsRequest, given: Given, outcome: Outcome, decisive: list[Code]) -> None:
    found = both(request_, given)
    assert found.outcome is outcome
    assert [step.code for step in found.decisive] == decisive
    assert all(step in found.trace for step in found.decisive if step.code is not Code.NO_ALLOW)
    assert found.sentence()
    assert "(" not in "".join(repair.sentence() for repair in found.repairs)


TRACE: dict[str, tuple[Json, Code, str]] = {
    "action": (allow("s3:*"), Code.ACTION, "/Action"),
    "NotAction": (allow(None, NotAction="eks:*"), Code.ACTION_EXCLUDED, "/NotAction"),
    "resource": (allow("*", "arn:aws:s3:::a"), Code.RESOURCE, "/Resource"),
    "NotResource": (allow("*", None, NotResource="*"), Code.RESOURCE_EXCLUDED, "/NotResource"),
    "condition": (
        allow(condition={"Bool": {"aws:a": "true"}, "StringEquals": {"aws:b/c": "x"}}),
        Code.CONDITION,
        "/Condition/StringEquals/aws:b~1c",
    ),
    "false condition beside an unread one": (
        allow(condition={**UNREAD, "Bool": {"aws:a": "false"}}),
        Code.CONDITION,
        "/Condition/Bool/aws:a",
    ),
    "unread condition": (allow(condition=UNREAD), Code.CONDITION_UNREAD, "/Condition/StringEquals/my:unread"),
    "matched": (allow(), Code.ALLOWED, ""),
    "denied": (deny(), Code.DENIED, ""),
}


@pytest.mark.parametrize(("made", "code", "pointer"), TRACE.values(), ids=TRACE.keys())
def test_step_names_the_first_element_that_fails(made: dict[str, Json], code: Code, pointer: str) -> None:
    (step,) = both(ask(D, CLUSTER, unread=("my:unread",), aws__a="true"), policies(made)).trace
    assert (step.code, step.at.document, step.at.pointer) == (code, "p", f"/Statement/0{pointer}")


def test_unknown_names_the_keys_that_would_settle_it_and_no_others() -> None:
    given = policies(
        allow(condition={"StringEquals": {"my:b": "${my:a}"}}),
        allow("s3:*", condition={"StringEquals": {"my:c": "x"}}),
        deny(condition={"StringEquals": {"my:d": "x"}}),
    )
    found = both(ask(D, CLUSTER, unread=("my:a", "my:c", "my:d"), my__b="x"), given)
    assert [dict(step.facts)["keys"] for step in found.decisive] == ["my:a", "my:d"]
    assert [(repair.code, repair.facts) for repair in found.repairs] == [
        (Fix.READ_FACTS, (("keys", "my:a, my:d"),))
    ]


def test_unread_allow_is_not_named_when_another_statement_allows() -> None:
    given = policies(allow(), allow(condition=UNREAD), deny(condition={"Bool": {"my:d": "true"}}))
    found = both(ask(D, CLUSTER, unread=("my:unread", "my:d")), given)
    assert [dict(step.facts)["keys"] for step in found.decisive] == ["my:d"]


L = "eks:ListClusters"
NEAREST: dict[str, tuple[AwsRequest, Json, list[Code | Near], Fix]] = {
    "condition": (
        ask(D, CLUSTER),
        allow(condition={"Bool": {"aws:a": "true"}}),
        [Code.CONDITION],
        Fix.MEET_CONDITION,
    ),
    "resource in other case": (
        ask(D, CLUSTER),
        allow(D, CLUSTER.replace("eks-clu", "EKS-Clu")),
        [Near.RESOURCE_CASE],
        Fix.ADD_RESOURCE,
    ),
    "resource in another region": (
        ask(D, CLUSTER),
        allow(D, ["arn:aws:s3:::x", CLUSTER.replace("eu-west-1", "us-east-1")]),
        [Near.RESOURCE_SECTION],
        Fix.ADD_RESOURCE,
    ),
    "resource of another name": (
        ask(D, CLUSTER),
        allow(D, f"{CLUSTER}-2"),
        [Code.RESOURCE],
        Fix.ADD_RESOURCE,
    ),
    "resource of no likeness": (
        ask(D, CLUSTER),
        allow(D, "arn:aws:s3:::x"),
        [Code.RESOURCE],
        Fix.ADD_RESOURCE,
    ),
    "request without ARN": (ask(D, "eks-clu"), allow(D, CLUSTER), [Code.RESOURCE], Fix.ADD_RESOURCE),
    "ARN for an action without resource types": (
        ask(L),
        allow(L, CLUSTER),
        [Near.RESOURCE_STAR],
        Fix.ADD_RESOURCE,
    ),
    "objects listed, bucket asked": (
        ask("s3:ListBucket", "arn:aws:s3:::b"),
        allow("s3:*", "arn:aws:s3:::b/*"),
        [Near.RESOURCE_OBJECTS],
        Fix.ADD_RESOURCE,
    ),
    "bucket listed, object asked": (
        ask("s3:GetObject", "arn:aws:s3:::b/k"),
        allow("s3:*", "arn:aws:s3:::b"),
        [Near.RESOURCE_OBJECTS],
        Fix.ADD_RESOURCE,
    ),
    "left out by NotAction": (
        ask(D, CLUSTER),
        allow(None, NotAction="eks:*"),
        [Code.ACTION_EXCLUDED],
        Fix.ADD_ALLOW,
    ),
    "left out by NotResource": (
        ask(D, CLUSTER),
        allow("*", None, NotResource=CLUSTER),
        [Code.RESOURCE_EXCLUDED],
        Fix.ADD_ALLOW,
    ),
    "action without its wildcard": (
        ask(D, CLUSTER),
        allow("eks:Describe"),
        [Near.ACTION_PREFIX],
        Fix.CORRECT_ACTION,
    ),
    "action of another service": (
        ask(D, CLUSTER),
        allow("ecs:DescribeCluster"),
        [Near.ACTION_SERVICE],
        Fix.CORRECT_ACTION,
    ),
    "action named like the operation": (
        ask("s3:ListAllMyBuckets"),
        allow("s3:ListBuckets"),
        [Near.ACTION_SPELLING],
        Fix.CORRECT_ACTION,
    ),
    "action of no likeness": (
        ask(D, CLUSTER),
        allow(["s3:GetObject", "eks:UntagResource"]),
        [],
        Fix.ADD_ALLOW,
    ),
    "near action on another resource": (
        ask(D, CLUSTER),
        allow("eks:Describe", "arn:aws:s3:::x"),
        [],
        Fix.ADD_ALLOW,
    ),
    "near action under a condition not met": (
        ask(D, CLUSTER),
        allow("eks:Describe", condition={"Bool": {"aws:a": "true"}}),
        [],
        Fix.ADD_ALLOW,
    ),
}


@pytest.mark.parametrize(("request_", "made", "near", "fix"), NEAREST.values(), ids=NEAREST.keys())
def test_nearest_miss_of_an_implicit_deny(
    request_: AwsRequest, made: dict[str, Json], near: list[Code | Near], fix: Fix
) -> None:
    found = both(request_, policies(made))
    assert found.outcome is Outcome.NO_OPINION
    assert [step.code for step in found.nearest] == near
    assert found.repairs[0].code is fix
    assert found.repairs[-1].code is Fix.ADD_ALLOW


def test_nearest_first_and_at_most_five() -> None:
    far, near = allow("eks:Describe"), allow(condition={"Bool": {"aws:a": "true"}})
    found = both(ask(D, CLUSTER), policies(far, near, allow(D, "arn:aws:s3:::x"), *[far] * 4))
    assert [step.code for step in found.nearest[:3]] == [Code.CONDITION, Code.RESOURCE, Near.ACTION_PREFIX]
    assert len(found.nearest) == 5


def test_a_deny_is_named_with_its_repair_before_what_else_is_missing() -> None:
    found = both(ask(D, CLUSTER), policies(deny("eks:*"), allow(D, f"{CLUSTER}-2")))
    assert [step.code for step in found.nearest] == [Code.DENIED, Code.RESOURCE]
    assert [repair.code for repair in found.repairs] == [Fix.NARROW_DENY, Fix.ADD_RESOURCE, Fix.ADD_ALLOW]


def test_a_deny_beside_an_allow_needs_only_the_deny_lifted() -> None:
    found = both(ask(D, CLUSTER), policies(deny("eks:*"), allow()))
    assert [repair.code for repair in found.repairs] == [Fix.NARROW_DENY]


WHO = f"User: arn:aws:iam::{ACCOUNT}:user/ana is not authorized to perform:"
REGION = {"aws:RequestedRegion": "eu-west-1"}
TEXTS: dict[str, tuple[AwsRequest, Given, str]] = {
    "implicit": (
        ask(D, CLUSTER),
        (),
        f"{WHO} {D} on resource: {CLUSTER} because no identity-based policy allows the {D} action",
    ),
    "explicit": (
        ask(D, CLUSTER),
        policies(deny()),
        f"{WHO} {D} on resource: {CLUSTER} with an explicit deny in an identity-based policy",
    ),
    "unknown names no reason": (
        ask(D, CLUSTER, unread=("my:unread",)),
        policies(allow(condition=UNREAD)),
        f"{WHO} {D} on resource: {CLUSTER}",
    ),
    "EKS list": (
        ask(L, keys=REGION),
        (),
        (
            f"{WHO} {L} on resource: arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/* "
            f"because no identity-based policy allows the {L} action"
        ),
    ),
    "EKS without type": (
        ask("eks:DescribeClusterVersions", keys=REGION),
        policies(deny()),
        (
            f"{WHO} eks:DescribeClusterVersions on resource: arn:aws:eks:eu-west-1:{ACCOUNT}:* "
            "with an explicit deny in an identity-based policy"
        ),
    ),
    "IAM user": (
        ask("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/bob"),
        (),
        (
            f"{WHO} iam:CreateUser on resource: arn:aws:iam::{ACCOUNT}:user/bob "
            "because no identity-based policy allows the iam:CreateUser action"
        ),
    ),
    "IAM without type": (
        ask("iam:ListUsers"),
        (),
        (
            f"{WHO} iam:ListUsers on resource: * "
            "because no identity-based policy allows the iam:ListUsers action"
        ),
    ),
    "IAM GetRole names the role": (
        ask("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app/web"),
        policies(deny()),
        f"{WHO} iam:GetRole on resource: role web with an explicit deny in an identity-based policy",
    ),
    "STS gives no reason": (
        ask("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/web"),
        (),
        f"{WHO} sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT}:role/web",
    ),
    "S3 list": (
        ask("s3:ListAllMyBuckets"),
        (),
        f"{WHO} s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action",
    ),
    "S3 quotes": (
        ask("s3:GetObject", "arn:aws:s3:::b/k"),
        (),
        (
            f'{WHO} s3:GetObject on resource: "arn:aws:s3:::b/k" '
            "because no identity-based policy allows the s3:GetObject action"
        ),
    ),
}


@pytest.mark.parametrize(("request_", "given", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_of_access_denied(request_: AwsRequest, given: Given, text: str) -> None:
    assert access_denied_text(request_, both(request_, given)) == text


@pytest.mark.parametrize("action", ["DescribeCluster", "eks:", ":x", "eks:*", "e\u212as:List", "a:b:c", ""])
def test_an_action_that_is_none(action: str) -> None:
    with pytest.raises(ValueError, match="service:Name"):
        ask(action)


def test_a_request_without_resource_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one resource"):
        AwsRequest(user(), D, ())


def test_context_keys_ignore_case_and_a_present_key_is_not_unread() -> None:
    context = Context.of({"aws:PrincipalTag/Team": "a"}, ["AWS:principaltag/TEAM", "my:Other"])
    assert context.value("aws:principaltag/team") == "a"
    assert (context.is_unread("aws:PrincipalTag/Team"), context.is_unread("MY:OTHER")) == (False, True)
    more = context.having({"My:Other": "b", "aws:principaltag/team": "c"}, ["my:third"])
    assert (more.value("my:other"), more.value("aws:PrincipalTag/Team")) == ("b", "c")
    assert more.unread == {"my:third"}


def test_a_family_of_tags_is_unread_but_for_those_present() -> None:
    context = Context.of({"aws:ResourceTag/Team": "a"}, ["aws:ResourceTag/*"])
    unread = {key: context.is_unread(key) for key in ("aws:resourcetag/team", "AWS:ResourceTag/env", "aws:x")}
    assert unread == {"aws:resourcetag/team": False, "AWS:ResourceTag/env": True, "aws:x": False}
