"""The condition keys that the door supplies: a policy with each of them decides, both ways.

Source: IAM User Guide, "AWS global condition context keys". One user, whose only policy is put anew for
each row; the operation is one that the row's key is about.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    assuming,
    last_refusal,
    new_role,
    new_user,
    policy,
    profile,
    trust,
)

ALL = ("iam:*", "eks:*", "organizations:*", "sts:*")


@dataclass(frozen=True)
class Scene:
    """The lab, what its administrator's clients are, and the clients of the one who is asked about."""

    admin: Mapping[str, Any]
    probe: Mapping[str, Any]
    organization: str
    root: str
    unit: str
    policy: str

    def may(self, ask: Callable[["Scene"], Any], condition: Mapping[str, Any]) -> bool:
        """Tell whether the probe may do it where all that it is allowed hangs on ``condition``."""
        document = policy(*ALL, Resource="*", Condition=condition)
        self.admin["iam"].put_user_policy(UserName="probe", PolicyName="p0", PolicyDocument=document)
        try:
            ask(self)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("AccessDenied"):
                raise
            return False
        return True


@pytest.fixture(scope="module")
def scene(home: Caller) -> Scene:
    services = ("iam", "eks", "organizations", "sts")
    admin = {service: home.client(service) for service in services}
    organizations = admin["organizations"]
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    organizations.invite_account_to_organization(Target={"Id": AWAY, "Type": "ACCOUNT"})
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(
        ParentId=root, Name="dev", Tags=[{"Key": "team", "Value": "red"}]
    )["OrganizationalUnit"]["Id"]
    made = organizations.create_policy(
        Name="x", Description="", Type="SERVICE_CONTROL_POLICY", Content=policy("s3:*", Resource="*")
    )
    user = new_user(home, "probe")
    admin["iam"].tag_user(UserName="probe", Tags=[{"Key": "team", "Value": "red"}])
    admin["iam"].create_role(
        RoleName="tagged",
        AssumeRolePolicyDocument=trust(f"arn:aws:iam::{HOME}:root"),
        Tags=[{"Key": "team", "Value": "red"}],
    )
    admin["eks"].tag_resource(
        resourceArn=f"arn:aws:eks:{REGION}:{HOME}:cluster/eks-clu", tags={"team": "red"}
    )
    probe = {service: user.client(service) for service in services}
    return Scene(admin, probe, organization, root, unit, made["Policy"]["PolicySummary"]["Id"])


def _list_users(scene: Scene) -> Any:
    return scene.probe["iam"].list_users()


def _get_role(scene: Scene) -> Any:
    return scene.probe["iam"].get_role(RoleName="tagged")


def _describe_cluster(scene: Scene) -> Any:
    return scene.probe["eks"].describe_cluster(name="eks-clu")


def _describe_unit(scene: Scene) -> Any:
    return scene.probe["organizations"].describe_organizational_unit(OrganizationalUnitId=scene.unit)


def _describe_policy(scene: Scene) -> Any:
    return scene.probe["organizations"].describe_policy(PolicyId=scene.policy)


def _tag_role(scene: Scene) -> Any:
    return scene.probe["iam"].tag_role(RoleName="tagged", Tags=[{"Key": "cost", "Value": "1"}])


def _tag_cluster(scene: Scene) -> Any:
    arn = f"arn:aws:eks:{REGION}:{HOME}:cluster/eks-clu"
    return scene.probe["eks"].tag_resource(resourceArn=arn, tags={"cost": "1"})


def _tag_unit(scene: Scene) -> Any:
    return scene.probe["organizations"].tag_resource(
        ResourceId=scene.unit, Tags=[{"Key": "cost", "Value": "1"}]
    )


def _get_access_key_info(scene: Scene) -> Any:
    key = scene.admin["iam"].list_access_keys(UserName="probe")["AccessKeyMetadata"][0]["AccessKeyId"]
    return scene.probe["sts"].get_access_key_info(AccessKeyId=key)


def _assume_role(scene: Scene) -> Any:
    arn = f"arn:aws:iam::{HOME}:role/tagged"
    return scene.probe["sts"].assume_role(RoleArn=arn, RoleSessionName="s-1")


Row = tuple[Callable[[Scene], Any], str, str, str, str]
ROWS: dict[str, Row] = {
    f"{key} in {ask.__name__.strip('_')}": (ask, operator, key, fits, misses)
    for ask, operator, key, fits, misses in (
        (_list_users, "StringEquals", "aws:PrincipalArn", f"arn:aws:iam::{HOME}:user/probe", "x"),
        (_list_users, "StringEquals", "aws:PrincipalAccount", HOME, AWAY),
        (_list_users, "StringEquals", "aws:PrincipalType", "User", "Account"),
        (_list_users, "StringEquals", "aws:username", "probe", "x"),
        (_list_users, "StringLike", "aws:userid", "AIDA*", "AROA*"),
        (_list_users, "StringEquals", "aws:PrincipalTag/team", "red", "blue"),
        (_list_users, "StringEquals", "aws:PrincipalOrgID", "{organization}", "o-0000000000"),
        (_describe_cluster, "StringEquals", "aws:PrincipalOrgID", "{organization}", "o-0000000000"),
        (_get_access_key_info, "StringEquals", "aws:PrincipalOrgID", "{organization}", "o-0000000000"),
        (_assume_role, "StringEquals", "aws:PrincipalOrgID", "{organization}", "o-0000000000"),
        (_list_users, "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "{organization}/{root}/*", "o-0/*"),
        (_list_users, "Bool", "aws:PrincipalIsAWSService", "false", "true"),
        (_list_users, "Bool", "aws:ViaAWSService", "false", "true"),
        (_assume_role, "Bool", "aws:ViaAWSService", "false", "true"),
        (_list_users, "Null", "aws:CalledVia", "true", "false"),
        (_list_users, "Null", "aws:TokenIssueTime", "true", "false"),
        (_list_users, "Null", "aws:SourceIdentity", "true", "false"),
        (_list_users, "StringEquals", "aws:RequestedRegion", "us-east-1", REGION),
        (_describe_cluster, "StringEquals", "aws:RequestedRegion", REGION, "us-east-1"),
        (_list_users, "IpAddress", "aws:SourceIp", "127.0.0.0/8", "10.0.0.0/8"),
        (_list_users, "Bool", "aws:SecureTransport", "true", "false"),
        (_list_users, "StringLike", "aws:UserAgent", "Boto3/*", "curl/*"),
        (_assume_role, "StringLike", "aws:UserAgent", "Boto3/*", "curl/*"),
        (_list_users, "DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        (_list_users, "NumericGreaterThan", "aws:EpochTime", "1767225600", "4102444800"),
        (_get_role, "StringEquals", "aws:ResourceAccount", HOME, AWAY),
        (_describe_cluster, "StringEquals", "aws:ResourceAccount", HOME, AWAY),
        (_get_role, "StringEquals", "aws:ResourceOrgID", "{organization}", "o-0000000000"),
        (_describe_unit, "StringEquals", "aws:ResourceOrgID", "{organization}", "o-0000000000"),
        (_get_role, "ForAnyValue:StringLike", "aws:ResourceOrgPaths", "{organization}/{root}/*", "o-0/*"),
        (_get_role, "StringEquals", "aws:ResourceTag/team", "red", "blue"),
        (_get_role, "StringEquals", "iam:ResourceTag/team", "red", "blue"),
        (_assume_role, "StringEquals", "aws:ResourceTag/team", "red", "blue"),
        (_describe_cluster, "StringEquals", "aws:ResourceTag/team", "red", "blue"),
        (_describe_unit, "StringEquals", "aws:ResourceTag/team", "red", "blue"),
        (_describe_policy, "StringEquals", "organizations:PolicyType", "SERVICE_CONTROL_POLICY", "x"),
        (_tag_role, "StringEquals", "aws:RequestTag/cost", "1", "2"),
        (_tag_cluster, "StringEquals", "aws:RequestTag/cost", "1", "2"),
        (_tag_unit, "StringEquals", "aws:RequestTag/cost", "1", "2"),
        (_tag_role, "ForAllValues:StringEquals", "aws:TagKeys", "cost", "team"),
        (_tag_cluster, "ForAllValues:StringEquals", "aws:TagKeys", "cost", "team"),
        (_tag_unit, "ForAllValues:StringEquals", "aws:TagKeys", "cost", "team"),
    )
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_key_decides(scene: Scene, row: Row) -> None:
    ask, operator, key, fits, misses = row
    for value, allowed in ((fits, True), (misses, False)):
        wanted = value.format(organization=scene.organization, root=scene.root)
        assert scene.may(ask, {operator: {key: wanted}}) is allowed, wanted


def test_the_keys_of_a_session(home: Caller, scene: Scene) -> None:
    conditions = {
        "StringEquals": {"aws:PrincipalType": "AssumedRole", "aws:SourceIdentity": "mira"},
        "DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"},
        "StringLike": {"aws:PrincipalTag/team": "red", "aws:UserAgent": "Boto3/*"},
    }
    both = ("sts:AssumeRole", "sts:SetSourceIdentity")
    new_role(
        home,
        "keyed",
        trust(f"arn:aws:iam::{HOME}:user/eks-admin", *both),
        policy("iam:ListUsers", Resource="*", Condition=conditions),
    )
    scene.admin["iam"].tag_role(RoleName="keyed", Tags=[{"Key": "team", "Value": "red"}])
    named = home.assume("keyed", HOME, SourceIdentity="mira")
    assert named.ask("iam", "list_users")["Users"]
    assert home.assume("keyed", HOME).refused("iam", "list_users").code == "AccessDenied"


def test_a_service_control_policy_with_a_key_decides(lab: RunningLab, scene: Scene) -> None:
    organizations = scene.admin["organizations"]
    away = profile(lab, "target-env").client("iam")
    content: dict[str, Any] = json.loads(policy("iam:ListUsers", Effect="Deny", Resource="*"))
    for paths, denied in (
        (f"{scene.organization}/{scene.root}/ou-*", False),
        (f"{scene.organization}/*", True),
    ):
        content["Statement"][0]["Condition"] = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": paths}}
        organizations.update_policy(PolicyId=scene.policy, Content=json.dumps(content))
        if not denied:
            organizations.attach_policy(PolicyId=scene.policy, TargetId=AWAY)
            assert away.list_users()["Users"]
        else:
            with pytest.raises(ClientError, match="explicit deny in a service control policy"):
                away.list_users()
    organizations.detach_policy(PolicyId=scene.policy, TargetId=AWAY)


def test_a_service_control_policy_stops_a_chain_at_the_caller_s_account(
    lab: RunningLab, home: Caller, scene: Scene
) -> None:
    organizations = scene.admin["organizations"]
    member = new_user(profile(lab, "target-env"), "chained", policy("sts:AssumeRole", Resource="*"))
    new_role(home, "hub", trust(f"arn:aws:iam::{AWAY}:user/chained"))
    assert member.assume("hub", HOME).arn.endswith("assumed-role/hub/s-1")
    denial = policy("sts:AssumeRole", Effect="Deny", Resource="*")
    organizations.update_policy(PolicyId=scene.policy, Content=denial)
    organizations.attach_policy(PolicyId=scene.policy, TargetId=AWAY)
    refused = member.refused("sts", "assume_role", **assuming("hub", HOME))
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert "denies sts:AssumeRole on" in last_refusal(lab)["sentence"]
    organizations.detach_policy(PolicyId=scene.policy, TargetId=AWAY)
    assert member.assume("hub", HOME).arn.endswith("assumed-role/hub/s-1")


def test_attaching_needs_both_the_policy_and_the_target(scene: Scene) -> None:
    arns = scene.admin["organizations"].describe_policy(PolicyId=scene.policy)["Policy"]["PolicySummary"][
        "Arn"
    ]
    unit = scene.admin["organizations"].describe_organizational_unit(OrganizationalUnitId=scene.unit)
    target = unit["OrganizationalUnit"]["Arn"]
    for resources, allowed in (([arns], False), ([target], False), ([arns, target], True)):
        document = policy("organizations:AttachPolicy", Resource=resources)
        scene.admin["iam"].put_user_policy(UserName="probe", PolicyName="p0", PolicyDocument=document)
        if allowed:
            scene.probe["organizations"].attach_policy(PolicyId=scene.policy, TargetId=scene.unit)
        else:
            missing = target if resources == [arns] else arns
            with pytest.raises(ClientError, match="AccessDenied") as refused:
                scene.probe["organizations"].attach_policy(PolicyId=scene.policy, TargetId=scene.unit)
            assert missing in str(refused.value)


def test_the_type_of_a_policy_is_a_key_of_its_target_too(scene: Scene) -> None:
    asked = {"PolicyId": scene.policy, "TargetId": scene.root}
    for type_, allowed in (("TAG_POLICY", False), ("SERVICE_CONTROL_POLICY", True)):
        document = policy(
            "organizations:AttachPolicy",
            Resource="*",
            Condition={"StringEquals": {"organizations:PolicyType": type_}},
        )
        scene.admin["iam"].put_user_policy(UserName="probe", PolicyName="p0", PolicyDocument=document)
        if allowed:
            scene.probe["organizations"].attach_policy(**asked)
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                scene.probe["organizations"].attach_policy(**asked)
    attached = scene.admin["organizations"].list_targets_for_policy(PolicyId=scene.policy)["Targets"]
    assert scene.root in [one["TargetId"] for one in attached]
    scene.admin["organizations"].detach_policy(**asked)


def test_what_is_no_policy_has_no_type(scene: Scene) -> None:
    assert scene.may(_tag_unit, {"StringEqualsIfExists": {"organizations:PolicyType": "TAG_POLICY"}})
    assert not scene.may(_tag_unit, {"StringEquals": {"organizations:PolicyType": "TAG_POLICY"}})


def test_moving_needs_the_account_and_both_parents(scene: Scene) -> None:
    asked = {"AccountId": AWAY, "SourceParentId": scene.root, "DestinationParentId": scene.unit}
    prefix = f"arn:aws:organizations::{HOME}:"
    all_of = [f"{prefix}account/*", f"{prefix}root/*", f"{prefix}ou/*"]
    for left_out in (*range(3), None):
        resources = [one for place, one in enumerate(all_of) if place != left_out]
        document = policy("organizations:MoveAccount", Resource=resources)
        scene.admin["iam"].put_user_policy(UserName="probe", PolicyName="p0", PolicyDocument=document)
        if left_out is None:
            scene.probe["organizations"].move_account(**asked)
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                scene.probe["organizations"].move_account(**asked)
