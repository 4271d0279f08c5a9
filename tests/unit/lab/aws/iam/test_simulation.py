"""The policy simulator: one row per rule of the API reference, on an account in memory."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sekisho.decide.values import AccountId
from sekisho.facts import Document, Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.lab.aws.iam.simulation import parameters as simulation_parameters
from unit.lab.aws.iam.build import ACCOUNT, ALLOW_ALL, EC2_TRUST, NOW, OTHER, S3_READ_ONLY, Iam

BUCKET = "arn:aws:s3:::docs"
TOPIC = f"arn:aws:sns:ap-northeast-1:{OTHER}:news"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/mira"


def policy(*statements: Mapping[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def custom(*policies: str, actions: str | list[str] = "s3:GetObject", **more: Any) -> dict[str, Any]:
    names = [actions] if isinstance(actions, str) else actions
    return dict(Iam().ask("SimulateCustomPolicy", PolicyInputList=list(policies), ActionNames=names, **more))


def result(*policies: str, actions: str = "s3:GetObject", **more: Any) -> Mapping[str, Any]:
    (found,) = custom(*policies, actions=actions, **more)["EvaluationResults"]
    return found  # type: ignore[no-any-return]  # as the operation made it


def entry(key: str, kind: str, *values: str) -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": list(values)}


READ, WRITE = allow("s3:GetObject"), allow("s3:PutObject")

DECISIONS = {
    "an Allow that matches": ((policy(READ),), {}, "allowed"),
    "no statement that matches": ((policy(WRITE),), {}, "implicitDeny"),
    "a Deny over an Allow": ((policy(READ), policy(deny("s3:*"))), {}, "explicitDeny"),
    "the boundary has to allow": (
        (policy(READ),),
        {"PermissionsBoundaryPolicyInputList": [policy(WRITE)]},
        "implicitDeny",
    ),
    "the boundary may deny": (
        (policy(READ),),
        {"PermissionsBoundaryPolicyInputList": [policy(READ, deny("s3:*"))]},
        "explicitDeny",
    ),
    "every level of the organization has to allow": (
        (policy(READ),),
        {
            "OrderedOrganizationPolicyInputList": [
                {"ServiceControlPolicyInputList": [ALLOW_ALL]},
                {"ServiceControlPolicyInputList": [policy(WRITE)]},
            ]
        },
        "implicitDeny",
    ),
    "a level without policies allows nothing": (
        (policy(READ),),
        {"OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": []}]},
        "implicitDeny",
    ),
    "an organization may deny": (
        (policy(READ),),
        {
            "OrderedOrganizationPolicyInputList": [
                {"ServiceControlPolicyInputList": [policy(READ, deny("s3:*"))]}
            ]
        },
        "explicitDeny",
    ),
}


@pytest.mark.parametrize(("policies", "more", "decision"), DECISIONS.values(), ids=DECISIONS.keys())
def test_decisions(policies: tuple[str, ...], more: dict[str, Any], decision: str) -> None:
    assert result(*policies, **more)["EvalDecision"] == decision


def test_any_resource_is_answered_without_resource_results() -> None:
    found = result(policy(READ))
    (statement,) = found["MatchedStatements"]
    assert found == {
        "EvalActionName": "s3:GetObject",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [statement],
        "MissingContextValues": [],
    }
    assert statement == {
        "SourcePolicyId": "PolicyInputList.1",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 41},
        "EndPosition": {"Line": 1, "Column": 41 + len(json.dumps(READ))},
    }


def test_the_whole_is_as_strict_as_its_strictest_resource() -> None:
    first, second = f"{BUCKET}/a", f"{BUCKET}/b"
    found = result(
        policy(allow("s3:GetObject", [f"{BUCKET}/*"]), deny("s3:GetObject", second)),
        ResourceArns=[first, second, first],
    )
    assert found["EvalDecision"] == "explicitDeny"
    assert found["EvalDecisionDetails"] == {}
    assert len(found["MatchedStatements"]) == 1, "an Allow does not contribute to a Deny"
    by_resource = {one["EvalResourceName"]: one for one in found["ResourceSpecificResults"]}
    assert list(by_resource) == [first, second], "a resource that is named twice is one"
    assert [one["EvalResourceDecision"] for one in by_resource.values()] == ["allowed", "explicitDeny"]
    assert by_resource[second]["MatchedStatements"] == found["MatchedStatements"]
    assert by_resource[first]["MatchedStatements"] != found["MatchedStatements"]


@pytest.mark.parametrize(
    ("action", "resource", "template"),
    [
        ("s3:GetObject", f"{BUCKET}/a", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"),
        (
            "iam:CreateUser",
            f"arn:aws:iam::{ACCOUNT}:user/x",
            "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
        ),
        ("s3:ListAllMyBuckets", BUCKET, "*"),
        ("nothing:AtAll", BUCKET, "*"),
        ("sqs:SendMessage", BUCKET, "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"),
    ],
)
def test_the_result_names_the_form_of_the_resource(action: str, resource: str, template: str) -> None:
    found = result(ALLOW_ALL, actions=action, ResourceArns=[resource])
    assert found["EvalResourceName"] == template


def test_statements_of_organizations_are_not_shown() -> None:
    found = result(
        policy(READ),
        OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": [policy(READ, deny("s3:*"))]}],
        ResourceArns=[BUCKET],
    )
    assert found["MatchedStatements"] == []
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert "EvalDecisionDetails" not in found, "an organization that denies ends the simulation"


@pytest.mark.parametrize(
    ("statements", "allowed"), [((READ,), True), ((WRITE,), False), ((READ, deny("s3:*")), False)]
)
def test_boundary_detail(statements: tuple[dict[str, Any], ...], allowed: bool) -> None:
    found = result(
        policy(READ), PermissionsBoundaryPolicyInputList=[policy(*statements)], ResourceArns=[f"{BUCKET}/a"]
    )
    detail = {"AllowedByPermissionsBoundary": allowed}
    assert found["PermissionsBoundaryDecisionDetail"] == detail
    assert found["ResourceSpecificResults"][0]["PermissionsBoundaryDecisionDetail"] == detail


def _topic_policy(principal: object, effect: str = "Allow") -> str:
    statement = {**allow("sns:Publish", TOPIC, Principal=principal), "Effect": effect}
    return policy(statement)


CROSS = {
    "both sides allow": (policy(allow("sns:Publish")), _topic_policy({"AWS": CALLER}), ("allowed",) * 3),
    "the caller's side is silent": (
        policy(READ),
        _topic_policy({"AWS": CALLER}),
        ("implicitDeny", "implicitDeny", "allowed"),
    ),
    "the resource's side is silent": (
        policy(allow("sns:Publish")),
        _topic_policy({"AWS": str(OTHER)}),
        ("implicitDeny", "allowed", "implicitDeny"),
    ),
    "the resource's side denies": (
        policy(allow("sns:Publish")),
        _topic_policy("*", "Deny"),
        ("explicitDeny", "allowed", "explicitDeny"),
    ),
}


@pytest.mark.parametrize(("identity", "resource", "said"), CROSS.values(), ids=CROSS.keys())
def test_two_accounts(identity: str, resource: str, said: tuple[str, str, str]) -> None:
    found = result(
        identity,
        actions="sns:Publish",
        ResourceArns=[TOPIC],
        ResourcePolicy=resource,
        CallerArn=CALLER,
        PermissionsBoundaryPolicyInputList=[ALLOW_ALL],
    )
    decision, by_identity, by_resource = said
    assert found["EvalDecision"] == decision
    details = {
        "IAM Policy": by_identity,
        "Resource Policy": by_resource,
        "Permissions Boundary Policy": "allowed",
    }
    assert found["EvalDecisionDetails"] == details
    assert found["ResourceSpecificResults"][0]["EvalDecisionDetails"] == details


def test_a_resource_policy_that_names_the_caller_is_enough_in_one_account() -> None:
    found = result(
        policy(WRITE),
        ResourceArns=[f"{BUCKET}/a"],
        ResourcePolicy=policy(allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": CALLER})),
        CallerArn=CALLER,
    )
    assert found["EvalDecision"] == "allowed"
    assert [one["SourcePolicyId"] for one in found["MatchedStatements"]] == ["ResourcePolicy"]
    assert found["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy"


@pytest.mark.parametrize("owner", [str(OTHER), f"arn:aws:iam::{OTHER}:root"])
def test_the_owner_of_a_resource_whose_arn_names_none(owner: str) -> None:
    asked: dict[str, Any] = {
        "ResourceArns": [f"{BUCKET}/a"],
        "ResourcePolicy": policy(allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": CALLER})),
        "CallerArn": CALLER,
    }
    assert result(policy(WRITE), **asked)["EvalDecision"] == "allowed"
    assert result(policy(WRITE), **asked, ResourceOwner=owner)["EvalDecision"] == "implicitDeny"


def test_without_a_resource_policy_the_other_side_is_not_asked() -> None:
    for action, resource in (
        ("sts:AssumeRole", f"arn:aws:iam::{OTHER}:role/app"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
        ("kms:Decrypt", f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/1"),
        ("sns:Publish", TOPIC),
    ):
        assert result(ALLOW_ALL, actions=action, ResourceArns=[resource])["EvalDecision"] == "allowed"
        assert result(policy(READ), actions=action, ResourceArns=[resource])["EvalDecision"] == "implicitDeny"


def test_a_trust_policy_is_a_resource_policy() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    trust = {"Effect": "Deny", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole"}
    asked: dict[str, Any] = {"actions": "sts:AssumeRole", "ResourceArns": [role], "CallerArn": CALLER}
    assert result(ALLOW_ALL, ResourcePolicy=policy(trust), **asked)["EvalDecision"] == "explicitDeny"


WANTED = {
    "string": ("StringEquals", "aws:PrincipalTag/team", "red", "blue"),
    "stringList": ("ForAnyValue:StringEquals", "aws:TagKeys", "a", "b"),
    "numeric": ("NumericLessThan", "s3:max-keys", "10", "11"),
    "numericList": ("ForAllValues:NumericLessThan", "aws:Numbers", "10", "11"),
    "boolean": ("Bool", "aws:SecureTransport", "true", "false"),
    "booleanList": ("ForAnyValue:Bool", "aws:Truths", "true", "false"),
    "ip": ("IpAddress", "aws:SourceIp", "10.1.2.3", "11.1.2.3"),
    "ipList": ("ForAnyValue:IpAddress", "aws:Addresses", "10.1.2.3", "11.1.2.3"),
    "binary": ("BinaryEquals", "aws:Bytes", "QmluYXJ5", "QmluYXJz"),
    "binaryList": ("ForAnyValue:BinaryEquals", "aws:ManyBytes", "QmluYXJ5", "QmluYXJz"),
    "date": ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    "dateList": ("ForAnyValue:DateLessThan", "aws:Times", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
}
ASKED = {"numeric": "11", "ip": "10.0.0.0/8", "date": "2026-06-01T00:00:00Z"}


@pytest.mark.parametrize(("kind", "row"), WANTED.items(), ids=WANTED.keys())
def test_every_type_of_context_entry(kind: str, row: tuple[str, str, str, str]) -> None:
    operator, key, fits, misses = row
    document = policy({**READ, "Condition": {operator: {key: ASKED.get(kind.removesuffix("List"), fits)}}})
    for value, decision in ((fits, "allowed"), (misses, "implicitDeny")):
        found = result(document, ContextEntries=[entry(key.upper(), kind, value)])
        assert (found["EvalDecision"], found["MissingContextValues"]) == (decision, [])


def test_keys_that_nobody_gave() -> None:
    document = policy(
        {
            **READ,
            "Condition": {
                "StringEquals": {"aws:PrincipalTag/team": "red"},
                "Bool": {"aws:SecureTransport": "true"},
            },
        },
        allow("s3:PutObject", f"{BUCKET}/${{aws:username}}"),
    )
    asked: dict[str, Any] = {
        "ContextEntries": [entry("aws:securetransport", "boolean", "true")],
        "ResourceArns": [f"{BUCKET}/a"],
    }
    found = result(document, **asked)
    assert found["EvalDecision"] == "implicitDeny"
    assert found["MissingContextValues"] == ["aws:PrincipalTag/team", "aws:username"]
    assert found["ResourceSpecificResults"][0]["MissingContextValues"] == found["MissingContextValues"]
    limited = result(
        policy(READ),
        PermissionsBoundaryPolicyInputList=[document],
        OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": [document]}],
    )
    assert limited["MissingContextValues"] == []


def test_pages() -> None:
    actions = [f"s3:Get{number}" for number in range(5)]
    asked: dict[str, Any] = {"MaxItems": 2}
    seen: list[str] = []
    for truncated in (True, True, False):
        found = custom(ALLOW_ALL, actions=actions, **asked)
        assert found["IsTruncated"] is truncated
        seen += [one["EvalActionName"] for one in found["EvaluationResults"]]
        asked["Marker"] = found.get("Marker")
    assert seen == actions
    assert len(custom(ALLOW_ALL, actions=[f"s3:A{n}" for n in range(101)])["EvaluationResults"]) == 100


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "not JSON": (
        {"PolicyInputList": ["{"]},
        "Invalid Input Policy: PolicyInputList.1: Syntax errors in policy.",
    ),
    "not the grammar": (
        {"PolicyInputList": [ALLOW_ALL, policy({"Effect": "Allow", "Action": "s3:*"})]},
        "Invalid Input Policy: PolicyInputList.2: Policy statement must contain resources.",
    ),
    "a resource policy among the others": (
        {"PolicyInputList": [policy(allow("s3:*", Principal="*"))]},
        "Invalid Input Policy: PolicyInputList.1: Policy document should not specify a principal.",
    ),
    "two boundaries": (
        {"PermissionsBoundaryPolicyInputList": [ALLOW_ALL, ALLOW_ALL]},
        "Invalid Input PermissionsBoundaryPolicyInputList: only one policy is allowed",
    ),
    "an action without a service": (
        {"ActionNames": ["GetObject"]},
        "Invalid Input Actions: GetObject is not",
    ),
    "an action with a wildcard": ({"ActionNames": ["s3:Get*"]}, "Invalid Input Actions: s3:Get* is not"),
    "no ARN": ({"ResourceArns": ["docs"]}, "ARN docs is not valid."),
    "a resource policy without a caller": (
        {"ResourcePolicy": policy(allow("s3:*", Principal="*"))},
        "Invalid Input CallerArn",
    ),
    "a resource policy with a role": (
        {
            "ResourcePolicy": policy(allow("s3:*", Principal="*")),
            "CallerArn": f"arn:aws:iam::{ACCOUNT}:role/app",
        },
        "Invalid caller - Caller must be an IAM user in this context.",
    ),
    "a session calls": (
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1"},
        f"Invalid Entity Arn: arn:aws:sts::{ACCOUNT}:assumed-role/app/s1 does not clearly define entity type",
    ),
    "an account calls": ({"CallerArn": f"arn:aws:iam::{ACCOUNT}:root"}, "Invalid Entity Arn"),
    "an owner that is no account": ({"ResourceOwner": "12345"}, "Invalid Input ResourceOwner: 12345"),
    "a key twice": (
        {"ContextEntries": [entry("aws:a1", "string", "x"), entry("AWS:A1", "string", "y")]},
        "Invalid Input Context: ContextEntries.2: the key AWS:A1 is given twice",
    ),
    "a value of another type": (
        {"ContextEntries": [entry("aws:SourceIp", "ip", "home")]},
        "Invalid Input Context: ContextEntries.1: 'home' is not a value of type ip",
    ),
    "several values of one": (
        {"ContextEntries": [entry("aws:SourceIp", "ip", "10.0.0.1", "10.0.0.2")]},
        "Invalid Input Context: ContextEntries.1: a key of type ip has one value",
    ),
    "a key without values": (
        {"ContextEntries": [{"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip"}]},
        "Invalid Input Context: ContextEntries.1: ContextKeyName",
    ),
    "a scenario that is none": (
        {"ResourceHandlingOption": "EC2-Classic"},
        "Invalid Input ResourceHandlingOption",
    ),
    "a scenario without its resources": (
        {
            "ResourceHandlingOption": "EC2-VPC-EBS",
            "ResourceArns": [
                f"arn:aws:ec2:ap-northeast-1:{ACCOUNT}:{kind}/x" for kind in ("instance", "image")
            ],
        },
        "EC2-VPC-EBS needs resources of type security-group, network-interface, volume",
    ),
}


@pytest.mark.parametrize(("given", "sentence"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(given: dict[str, Any], sentence: str) -> None:
    asked = {"PolicyInputList": [ALLOW_ALL], "ActionNames": ["s3:GetObject"], **given}
    code, message, status = Iam().refusal("SimulateCustomPolicy", **asked)
    assert (code, status) == ("InvalidInput", 400)
    assert sentence in message


def test_a_scenario_with_its_resources() -> None:
    kinds = ("instance", "image", "security-group", "network-interface", "subnet")
    arns = [f"arn:aws:ec2:ap-northeast-1:{ACCOUNT}:{kind}/x" for kind in kinds]
    found = result(
        ALLOW_ALL,
        actions="ec2:RunInstances",
        ResourceArns=arns,
        ResourceHandlingOption="EC2-VPC-InstanceStore-Subnet",
    )
    assert found["EvalDecision"] == "allowed"


def test_questions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_parameters, "MAX_QUESTIONS", 2)
    arns = [f"{BUCKET}/{number}" for number in range(3)]
    assert result(ALLOW_ALL, ResourceArns=arns[:2])["EvalDecision"] == "allowed"
    code, message, _ = Iam().refusal(
        "SimulateCustomPolicy", PolicyInputList=[ALLOW_ALL], ActionNames=["s3:GetObject"], ResourceArns=arns
    )
    assert (code, "more than 2 pairs" in message) == ("InvalidInput", True)


def test_what_no_parameter_can_tell() -> None:
    code, message, status = Iam().refusal(
        "SimulateCustomPolicy",
        PolicyInputList=[policy(WRITE)],
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/a"],
        CallerArn=CALLER,
        ResourcePolicy=policy(deny("s3:*", f"{BUCKET}/*", Principal={"CanonicalUser": "79a5" * 16})),
    )
    assert (code, status) == ("PolicyEvaluation", 500)
    assert "canonical user id" in message


OWN = ManagedPolicy(
    AccountId(ACCOUNT), "own", "ANPAOWN", NOW, NOW, (PolicyVersion("v1", policy(WRITE), NOW),), "v1"
)
TEAM = Group(
    ACCOUNT,
    "team",
    "AGPATEAMTEAMTEAMTEAM1",
    NOW,
    inline=(Document("g", policy(allow("s3:ListBucket"))),),
    attached=(S3_READ_ONLY,),
)
USER = User(
    ACCOUNT,
    "mira",
    "AIDAMIRAMIRAMIRAMIRA1",
    NOW,
    inline=(Document("p", policy(allow("sqs:*", "arn:aws:sqs:*:*:${aws:username}"))),),
    attached=(str(OWN.arn), S3_READ_ONLY),
    groups=("team", "gone"),
)
ROLE = Role(
    ACCOUNT,
    "app",
    "AROAAPPAPPAPPAPPAPPA1",
    NOW,
    EC2_TRUST,
    inline=(Document("r", policy(allow("sns:Publish"))),),
    attached=(str(OWN.arn), f"arn:aws:iam::{ACCOUNT}:policy/gone"),
)


def _principal(entity: User | Group | Role, action: str, **more: Any) -> Mapping[str, Any]:
    iam = Iam(USER, TEAM, ROLE, OWN)
    (found,) = iam.ask(
        "SimulatePrincipalPolicy", PolicySourceArn=str(entity.arn), ActionNames=[action], **more
    )["EvaluationResults"]
    return found  # type: ignore[no-any-return]  # as the operation made it


HELD: dict[str, tuple[User | Group | Role, str, list[str]]] = {
    "an inline policy of a user": (USER, "sqs:SendMessage", []),
    "a managed policy": (USER, "s3:PutObject", ["own"]),
    "a policy of the user's group": (USER, "s3:ListBucket", ["AmazonS3ReadOnlyAccess", "group_team_g"]),
    "a policy of a group": (TEAM, "s3:ListBucket", ["AmazonS3ReadOnlyAccess", "group_team_g"]),
    "an inline policy of a role": (ROLE, "sns:Publish", ["role_app_r"]),
    "a group has no policies of others": (TEAM, "s3:PutObject", []),
}


@pytest.mark.parametrize(("entity", "action", "names"), HELD.values(), ids=HELD.keys())
def test_policies_of_an_entity(entity: User | Group | Role, action: str, names: list[str]) -> None:
    found = _principal(entity, action)
    assert sorted(one["SourcePolicyId"] for one in found["MatchedStatements"]) == sorted(names)
    assert found["EvalDecision"] == ("allowed" if names else "implicitDeny")
    assert "OrganizationsDecisionDetail" not in found


FENCED: dict[str, tuple[User | Role, dict[str, Any], str, bool | None]] = {
    "a user's boundary allows": (replace(USER, boundary=str(OWN.arn)), {}, "allowed", True),
    "a user's boundary is silent": (replace(USER, boundary=S3_READ_ONLY), {}, "implicitDeny", False),
    "a role's boundary is silent": (replace(ROLE, boundary=S3_READ_ONLY), {}, "implicitDeny", False),
    "one as text is asked instead": (
        replace(USER, boundary=S3_READ_ONLY),
        {"PermissionsBoundaryPolicyInputList": [ALLOW_ALL]},
        "allowed",
        True,
    ),
    "one that is left out": (
        replace(USER, boundary=S3_READ_ONLY),
        {"PolicyExclusionList": [{"PolicyType": "permission-boundary"}]},
        "allowed",
        None,
    ),
    "no boundary": (USER, {}, "allowed", None),
}


@pytest.mark.parametrize(("entity", "more", "decision", "allowed"), FENCED.values(), ids=FENCED.keys())
def test_the_boundary_that_an_entity_has(
    entity: User | Role, more: dict[str, Any], decision: str, allowed: bool | None
) -> None:
    iam = Iam(entity, TEAM, OWN)
    (found,) = iam.ask(
        "SimulatePrincipalPolicy", PolicySourceArn=str(entity.arn), ActionNames=["s3:PutObject"], **more
    )["EvaluationResults"]
    assert found["EvalDecision"] == decision
    detail = found.get("PermissionsBoundaryDecisionDetail", {})
    assert detail.get("AllowedByPermissionsBoundary") is allowed


def test_a_boundary_that_is_not_there_is_not_passed_over() -> None:
    gone = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    entity = replace(USER, boundary=gone)
    refused = Iam(entity, TEAM, OWN).refusal(
        "SimulatePrincipalPolicy", PolicySourceArn=str(entity.arn), ActionNames=["s3:PutObject"]
    )
    assert refused == ("NoSuchEntity", f"Policy {gone} was not found.", 404)


def test_only_entries_fill_variables() -> None:
    assert _principal(USER, "sqs:SendMessage")["MissingContextValues"] == ["aws:username"]
    queue = f"arn:aws:sqs:ap-northeast-1:{ACCOUNT}:mira"
    named = policy(allow("sqs:*", queue.replace("mira", "${aws:username}")))
    asked: dict[str, Any] = {"PolicyInputList": [named], "ResourceArns": [queue]}
    entries = [entry("aws:username", "string", "mira")]
    found = _principal(USER, "sqs:SendMessage", **asked, ContextEntries=entries)
    assert found["EvalDecision"] == "allowed"
    assert [one["SourcePolicyId"] for one in found["MatchedStatements"]] == [
        "user_mira_p",
        "PolicyInputList.1",
    ]


EXCLUDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "by type": ({"PolicyType": "user-managed"}, "s3:PutObject", "implicitDeny"),
    "another type": ({"PolicyType": "aws-managed"}, "s3:PutObject", "allowed"),
    "of AWS": ({"PolicyType": "aws-managed"}, "s3:GetObject", "implicitDeny"),
    "by ARN": ({"PolicyArn": str(OWN.arn)}, "s3:PutObject", "implicitDeny"),
    "by a wildcard": ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/o*"}, "s3:PutObject", "implicitDeny"),
    "by an ARN of nothing": ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/x"}, "s3:PutObject", "allowed"),
    "inline by type leaves managed ones": ({"PolicyType": "inline"}, "s3:PutObject", "allowed"),
    "inline by name and holder": (
        {"InlinePolicyIdentifier": {"PolicyName": "r", "AttachmentType": "role", "AttachmentName": "a??"}},
        "sns:Publish",
        "implicitDeny",
    ),
    "inline of another holder": (
        {"InlinePolicyIdentifier": {"PolicyName": "r", "AttachmentType": "user", "AttachmentName": "app"}},
        "sns:Publish",
        "allowed",
    ),
    "resource control policies are ignored": ({"PolicyType": "rcp"}, "sns:Publish", "allowed"),
}


@pytest.mark.parametrize(("identifier", "action", "decision"), EXCLUDED.values(), ids=EXCLUDED.keys())
def test_exclusions(identifier: dict[str, Any], action: str, decision: str) -> None:
    entity = ROLE if action == "sns:Publish" else USER
    assert _principal(entity, action, PolicyExclusionList=[identifier])["EvalDecision"] == decision


@pytest.mark.parametrize(
    "identifier",
    [{}, {"PolicyType": "scp", "PolicyArn": str(OWN.arn)}, {"PolicyArn": "arn:aws:iam::*:policy/*x*"}],
)
def test_exclusions_that_are_refused(identifier: dict[str, str]) -> None:
    code, _, status = Iam(USER).refusal(
        "SimulatePrincipalPolicy",
        PolicySourceArn=str(USER.arn),
        ActionNames=["s3:GetObject"],
        PolicyExclusionList=[identifier],
    )
    assert (code, status) == ("InvalidInput", 400)


def test_a_caller_with_the_policies_of_another() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:user/other"
    granted = policy(allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": other}))
    asked: dict[str, Any] = {"ResourceArns": [f"{BUCKET}/a"], "ResourcePolicy": granted}
    left_out = [{"PolicyType": "aws-managed"}]
    assert (
        _principal(USER, "s3:GetObject", **asked, PolicyExclusionList=left_out)["EvalDecision"]
        == "implicitDeny"
    )
    found = _principal(USER, "s3:GetObject", **asked, PolicyExclusionList=left_out, CallerArn=other)
    assert found["EvalDecision"] == "allowed"


SOURCES = {
    "nobody of that name": (
        f"arn:aws:iam::{ACCOUNT}:user/ghost",
        "NoSuchEntity",
        "The user with name ghost cannot be found.",
    ),
    "another path": (
        f"arn:aws:iam::{ACCOUNT}:role/x/app",
        "NoSuchEntity",
        "The role with name app cannot be found.",
    ),
    "another account": (
        f"arn:aws:iam::{OTHER}:group/team",
        "NoSuchEntity",
        "The group with name team cannot be found.",
    ),
    "a session": (f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1", "InvalidInput", "Invalid Entity Arn: "),
    "a policy": (str(OWN.arn), "InvalidInput", "Invalid Entity Arn: "),
    "no ARN": ("nothing that is an arn", "InvalidInput", "ARN nothing that is an arn is not valid."),
}


@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"])
@pytest.mark.parametrize(("arn", "code", "sentence"), SOURCES.values(), ids=SOURCES.keys())
def test_sources_that_are_refused(operation: str, arn: str, code: str, sentence: str) -> None:
    more = {"ActionNames": ["s3:GetObject"]} if operation.startswith("Simulate") else {}
    refused = Iam(USER, TEAM, ROLE, OWN).refusal(operation, PolicySourceArn=arn, **more)
    assert (refused[0], refused[2]) == (code, 404 if code == "NoSuchEntity" else 400)
    assert refused[1].startswith(sentence)


def test_context_keys_of_texts() -> None:
    first = policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    second = policy(
        allow("s3:*", f"{BUCKET}/${{aws:userid}}", Condition={"Null": {"AWS:securetransport": "false"}})
    )
    found = Iam().ask("GetContextKeysForCustomPolicy", PolicyInputList=[first, second])
    assert found == {"ContextKeyNames": ["aws:SecureTransport", "aws:userid"]}
    code, _, status = Iam().refusal("GetContextKeysForCustomPolicy", PolicyInputList=["[]"])
    assert (code, status) == ("InvalidInput", 400)


def test_context_keys_of_an_entity() -> None:
    more = policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})
    iam = Iam(replace(USER, attached=()), TEAM)
    found = iam.ask("GetContextKeysForPrincipalPolicy", PolicySourceArn=str(USER.arn), PolicyInputList=[more])
    assert found == {"ContextKeyNames": ["aws:username", "aws:SecureTransport"]}
    found = iam.ask("GetContextKeysForPrincipalPolicy", PolicySourceArn=str(TEAM.arn))
    assert found == {"ContextKeyNames": []}
