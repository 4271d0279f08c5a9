"""The policy simulator in a running lab, asked by real boto3: what it says is what then happens."""

from typing import Any

import pytest

from support.boto_lab import AWAY, HOME, Caller, Refused, new_role, new_user, policy, trust

READ = policy("iam:GetUser", "iam:ListUsers", Resource="*")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="module")
def reader(home: Caller) -> Caller:
    return new_user(home, "reader", READ)


def simulated(caller: Caller, source: str, *actions: str, **more: Any) -> dict[str, str]:
    """Return the decision for each action, every page of them."""
    pages = (
        caller.client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(PolicySourceArn=source, ActionNames=list(actions), **more)
    )
    return {one["EvalActionName"]: one["EvalDecision"] for page in pages for one in page["EvaluationResults"]}


def test_what_is_simulated_is_what_happens(home: Caller, reader: Caller) -> None:
    actions = ("iam:ListUsers", "iam:ListRoles", "iam:GetUser")
    said = simulated(home, f"arn:aws:iam::{HOME}:user/reader", *actions, PaginationConfig={"PageSize": 1})
    assert said == dict(zip(actions, ("allowed", "implicitDeny", "allowed"), strict=True))
    assert reader.ask("iam", "list_users")["Users"]
    assert reader.refused("iam", "list_roles").code == "AccessDenied"


def test_every_member_of_a_result(home: Caller) -> None:
    found = home.ask(
        "iam",
        "simulate_custom_policy",
        PolicyInputList=[READ],
        ActionNames=["iam:GetUser"],
        ResourceArns=[f"arn:aws:iam::{HOME}:user/reader"],
        PermissionsBoundaryPolicyInputList=[READ],
        OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": [READ]}],
    )
    assert not found["IsTruncated"]
    statement = {
        "SourcePolicyId": "PolicyInputList.1",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 41},
        "EndPosition": {"Line": 1, "Column": len(READ) - 1},
    }
    boundary = {"AllowedByPermissionsBoundary": True}
    assert found["EvaluationResults"] == [
        {
            "EvalActionName": "iam:GetUser",
            "EvalResourceName": "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
            "EvalDecision": "allowed",
            "MatchedStatements": [statement],
            "MissingContextValues": [],
            "OrganizationsDecisionDetail": {"AllowedByOrganizations": True},
            "PermissionsBoundaryDecisionDetail": boundary,
            "EvalDecisionDetails": {},
            "ResourceSpecificResults": [
                {
                    "EvalResourceName": f"arn:aws:iam::{HOME}:user/reader",
                    "EvalResourceDecision": "allowed",
                    "MatchedStatements": [statement],
                    "MissingContextValues": [],
                    "PermissionsBoundaryDecisionDetail": boundary,
                }
            ],
        }
    ]


def test_two_accounts(home: Caller) -> None:
    caller = f"arn:aws:iam::{HOME}:user/reader"
    topic = f"arn:aws:sns:ap-northeast-1:{AWAY}:news"
    (found,) = home.ask(
        "iam",
        "simulate_custom_policy",
        PolicyInputList=[READ],
        ActionNames=["sns:Publish"],
        ResourceArns=[topic],
        ResourcePolicy=policy("sns:Publish", Resource=topic, Principal={"AWS": caller}),
        CallerArn=caller,
    )["EvaluationResults"]
    assert found["EvalDecision"] == "implicitDeny"
    assert found["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}


def test_context_entries_and_keys(home: Caller) -> None:
    named = policy(
        "s3:GetObject",
        Resource="arn:aws:s3:::home/${aws:username}",
        Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    )
    keys = home.ask("iam", "get_context_keys_for_custom_policy", PolicyInputList=[named])["ContextKeyNames"]
    assert keys == ["aws:username", "aws:SourceIp"]
    given = dict(zip(keys, (("string", "mira"), ("ip", "10.1.2.3")), strict=True))
    entries = [
        {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value]}
        for key, (kind, value) in given.items()
    ]
    for known, decision in ((entries, "allowed"), (entries[:1], "implicitDeny")):
        (found,) = home.ask(
            "iam",
            "simulate_custom_policy",
            PolicyInputList=[named],
            ActionNames=["s3:GetObject"],
            ResourceArns=["arn:aws:s3:::home/mira"],
            ContextEntries=known,
        )["EvaluationResults"]
        assert found["EvalDecision"] == decision
        assert found["MissingContextValues"] == keys[len(known) :]


def test_keys_of_a_role(home: Caller) -> None:
    tagged = policy("s3:*", Resource="*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    arn = new_role(home, "tagged", trust(f"arn:aws:iam::{HOME}:root"), tagged)
    found = home.ask("iam", "get_context_keys_for_principal_policy", PolicySourceArn=arn)
    assert found["ContextKeyNames"] == ["aws:PrincipalTag/team"]


def test_service_control_policies_of_the_lab(home: Caller, away: Caller) -> None:
    organizations = home.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    organizations.invite_account_to_organization(Target={"Id": AWAY, "Type": "ACCOUNT"})
    text = policy("s3:DeleteBucket", Effect="Deny", Resource="*")
    made = organizations.create_policy(
        Name="keep", Description="", Type="SERVICE_CONTROL_POLICY", Content=text
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=AWAY)
    source = f"arn:aws:iam::{AWAY}:user/eks-admin"
    for action, decision, allowed in (
        ("s3:DeleteBucket", "explicitDeny", False),
        ("s3:CreateBucket", "allowed", True),
    ):
        (found,) = away.ask("iam", "simulate_principal_policy", PolicySourceArn=source, ActionNames=[action])[
            "EvaluationResults"
        ]
        assert found["EvalDecision"] == decision
        assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": allowed}
    without = [{"PolicyType": "scp"}]
    assert simulated(away, source, "s3:DeleteBucket", PolicyExclusionList=without) == {
        "s3:DeleteBucket": "allowed"
    }


def test_simulating_needs_permission_for_the_entity(home: Caller, reader: Caller) -> None:
    asked: dict[str, Any] = {"PolicySourceArn": f"arn:aws:iam::{HOME}:user/reader"}
    told = reader.refused("iam", "get_context_keys_for_principal_policy", **asked)
    assert told.code == "AccessDenied"
    assert told.message.endswith(
        f"iam:GetContextKeysForPrincipalPolicy on resource: arn:aws:iam::{HOME}:user/reader because no "
        "identity-based policy allows the iam:GetContextKeysForPrincipalPolicy action"
    )
    assert (
        reader.refused("iam", "simulate_custom_policy", PolicyInputList=[READ], ActionNames=["iam:GetUser"])
        .message.split(" on ")[1]
        .startswith("resource: *")
    )
    home.client("iam").put_user_policy(
        UserName="reader",
        PolicyName="simulate",
        PolicyDocument=policy("iam:Simulate*", Resource=f"arn:aws:iam::{HOME}:user/reader"),
    )
    assert simulated(reader, asked["PolicySourceArn"], "iam:GetUser") == {"iam:GetUser": "allowed"}
    other = {
        **asked,
        "PolicySourceArn": f"arn:aws:iam::{HOME}:user/eks-admin",
        "ActionNames": ["iam:GetUser"],
    }
    assert reader.refused("iam", "simulate_principal_policy", **other).code == "AccessDenied"


REFUSALS = {
    "nobody of that name": (
        {"PolicySourceArn": f"arn:aws:iam::{HOME}:user/ghost"},
        Refused("NoSuchEntity", 404, "The user with name ghost cannot be found."),
    ),
    "a session": (
        {"PolicySourceArn": f"arn:aws:sts::{HOME}:assumed-role/app/s1"},
        Refused(
            "InvalidInput",
            400,
            f"Invalid Entity Arn: arn:aws:sts::{HOME}:assumed-role/app/s1 "
            "does not clearly define entity type and name.",
        ),
    ),
    "a malformed policy": (
        {"PolicySourceArn": f"arn:aws:iam::{HOME}:user/eks-admin", "PolicyInputList": ["{}"]},
        Refused("InvalidInput", 400, "Invalid Input Policy: PolicyInputList.1: Syntax errors in policy."),
    ),
    "a marker of nobody": (
        {"PolicySourceArn": f"arn:aws:iam::{HOME}:user/eks-admin", "Marker": "x"},
        Refused("ValidationError", 400, "the pagination token is not valid"),
    ),
}


@pytest.mark.parametrize(("given", "told"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(home: Caller, given: dict[str, Any], told: Refused) -> None:
    assert home.refused("iam", "simulate_principal_policy", ActionNames=["iam:GetUser"], **given) == told
