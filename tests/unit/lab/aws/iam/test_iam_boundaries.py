"""Permissions boundaries: which policies can be one, where they show, what they hold up."""

import json
from typing import Any

import pytest

from sekisho.facts import ManagedPolicy, PolicyVersion, Role, User
from unit.lab.aws.iam.build import ACCOUNT, ALLOW_ALL, EC2_TRUST, NOW, S3_READ_ONLY, Iam

FENCE = "arn:aws:iam::111122223333:policy/fence"
SHOWN = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": FENCE}
POLICY = ManagedPolicy(
    ACCOUNT, "fence", "ANPAFENCEFENCEFENCEF1", NOW, NOW, (PolicyVersion("v1", ALLOW_ALL, NOW),)
)
USER = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)
ROLE = Role(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", NOW, EC2_TRUST)
HOLDERS: dict[str, dict[str, str]] = {"User": {"UserName": "mira"}, "Role": {"RoleName": "app"}}
NEW: dict[str, dict[str, str]] = {
    "User": {"UserName": "new"},
    "Role": {"RoleName": "new", "AssumeRolePolicyDocument": EC2_TRUST},
}


def account(boundary: str = "") -> Iam:
    iam = Iam(USER, ROLE, POLICY)
    for title, who in HOLDERS.items():
        if boundary:
            iam.ask(f"Put{title}PermissionsBoundary", **who, PermissionsBoundary=boundary)
    return iam


@pytest.mark.parametrize("title", HOLDERS)
def test_a_boundary_is_set_shown_replaced_and_taken_away(title: str) -> None:
    iam, who = account(FENCE), HOLDERS[title]
    assert iam.ask(f"Get{title}", **who)[title]["PermissionsBoundary"] == SHOWN
    iam.ask(f"Put{title}PermissionsBoundary", **who, PermissionsBoundary=S3_READ_ONLY)
    shown = iam.ask(f"Get{title}", **who)[title]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == S3_READ_ONLY
    for _again in range(2):
        iam.ask(f"Delete{title}PermissionsBoundary", **who)
        assert "PermissionsBoundary" not in iam.ask(f"Get{title}", **who)[title]


@pytest.mark.parametrize("title", NEW)
def test_a_boundary_from_the_beginning(title: str) -> None:
    iam = account()
    made = iam.ask(f"Create{title}", **NEW[title], PermissionsBoundary=FENCE)[title]
    assert made["PermissionsBoundary"] == SHOWN
    (listed,) = [one for one in iam.ask(f"List{title}s")[f"{title}s"] if one[f"{title}Name"] == "new"]
    assert "PermissionsBoundary" not in listed


REFUSED: dict[str, tuple[str, tuple[str, int]]] = {
    "a policy that is not there": (f"{FENCE}2", ("NoSuchEntity", 404)),
    "a policy of another account": ("arn:aws:iam::444455556666:policy/p", ("NoSuchEntity", 404)),
    "a policy that AWS has not": ("arn:aws:iam::aws:policy/Nope", ("NoSuchEntity", 404)),
    "not an ARN": ("x" * 20, ("InvalidInput", 400)),
    "no policy's ARN": ("arn:aws:iam::111122223333:user/mira", ("InvalidInput", 400)),
    "a policy for services": (
        "arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy",
        ("PolicyNotAttachable", 400),
    ),
}


@pytest.mark.parametrize(("arn", "answer"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("title", HOLDERS)
def test_what_is_no_boundary(title: str, arn: str, answer: tuple[str, int]) -> None:
    for operation, who in ((f"Put{title}PermissionsBoundary", HOLDERS), (f"Create{title}", NEW)):
        code, _message, status = account().refusal(operation, **who[title], PermissionsBoundary=arn)
        assert (code, status) == answer


def test_a_missing_policy_is_named() -> None:
    refused = account().refusal(
        "PutUserPermissionsBoundary", UserName="mira", PermissionsBoundary=f"{FENCE}2"
    )
    assert refused == ("NoSuchEntity", f"Scope ARN: {FENCE}2 does not exist or is not attachable.", 404)


def test_a_policy_that_the_lab_cannot_evaluate_bounds_nobody() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]})
    odd = ManagedPolicy(ACCOUNT, "odd", "ANPAODDODDODDODDODDO1", NOW, NOW, (PolicyVersion("v1", text, NOW),))
    iam = Iam(USER, odd)
    refused = iam.refusal("PutUserPermissionsBoundary", UserName="mira", PermissionsBoundary=str(odd.arn))
    assert refused[0] == "SekishoUnserved"


@pytest.mark.parametrize("verb", ["Put", "Delete"])
@pytest.mark.parametrize("title", HOLDERS)
def test_nobody_is_bounded_who_is_not_there(verb: str, title: str) -> None:
    given = {"PermissionsBoundary": FENCE} if verb == "Put" else {}
    refused = account().refusal(f"{verb}{title}PermissionsBoundary", **{f"{title}Name": "none"}, **given)
    assert (refused[0], refused[2]) == ("NoSuchEntity", 404)


USES: dict[str, tuple[dict[str, str], tuple[int, int, int]]] = {
    "any use": ({}, (1, 1, 1)),
    "as a boundary": ({"PolicyUsageFilter": "PermissionsBoundary"}, (0, 1, 1)),
    "as a permission": ({"PolicyUsageFilter": "PermissionsPolicy"}, (1, 0, 0)),
    "as the boundary of roles": (
        {"PolicyUsageFilter": "PermissionsBoundary", "EntityFilter": "Role"},
        (0, 0, 1),
    ),
}


@pytest.mark.parametrize(("asked", "found"), USES.values(), ids=USES.keys())
def test_whom_a_policy_bounds_is_listed(asked: dict[str, str], found: tuple[int, int, int]) -> None:
    iam = account(FENCE)
    iam.ask("CreateGroup", GroupName="ops")
    iam.ask("AttachGroupPolicy", GroupName="ops", PolicyArn=FENCE)
    answer = iam.ask("ListEntitiesForPolicy", PolicyArn=FENCE, **asked)
    assert tuple(len(answer[f"Policy{title}s"]) for title in ("Group", "User", "Role")) == found


def test_the_use_of_policies_is_counted_apart() -> None:
    iam = account(FENCE)
    iam.ask("AttachUserPolicy", UserName="mira", PolicyArn=S3_READ_ONLY)
    policy = iam.ask("GetPolicy", PolicyArn=FENCE)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (0, 2)

    def listed(**asked: Any) -> list[str]:
        return [one["Arn"] for one in iam.ask("ListPolicies", **asked)["Policies"]]

    assert listed(PolicyUsageFilter="PermissionsBoundary") == [FENCE]
    assert listed(OnlyAttached=True) == [S3_READ_ONLY]
    assert listed(OnlyAttached=True, PolicyUsageFilter="PermissionsBoundary") == [FENCE]


def test_a_policy_that_bounds_somebody_is_not_deleted() -> None:
    iam = account(FENCE)
    refused = ("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    assert iam.refusal("DeletePolicy", PolicyArn=FENCE) == refused
    iam.ask("DeleteUserPermissionsBoundary", UserName="mira")
    assert iam.refusal("DeletePolicy", PolicyArn=FENCE) == refused
    iam.ask("DeleteRolePermissionsBoundary", RoleName="app")
    iam.ask("DeletePolicy", PolicyArn=FENCE)


def test_a_boundary_does_not_hold_up_the_deletion_of_its_holder() -> None:
    iam = account(FENCE)
    iam.ask("DeleteUser", UserName="mira")
    iam.ask("DeleteRole", RoleName="app")
    assert iam.ask("GetPolicy", PolicyArn=FENCE)["Policy"]["PermissionsBoundaryUsageCount"] == 0


def test_the_authorization_details_tell_boundaries_and_their_policies() -> None:
    answer = account(S3_READ_ONLY).ask("GetAccountAuthorizationDetails")
    for member in ("UserDetailList", "RoleDetailList"):
        assert answer[member][0]["PermissionsBoundary"]["PermissionsBoundaryArn"] == S3_READ_ONLY
    (of_aws,) = [one for one in answer["Policies"] if one["Arn"] == S3_READ_ONLY]
    assert (of_aws["AttachmentCount"], of_aws["PermissionsBoundaryUsageCount"]) == (0, 2)
