"""Every type of resource that a stack may have: made, changed in place, and deleted again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.lab.aws.cloudformation.resources.resource_type import Form
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES
from support.boto_lab import HOME, Caller, new_role, policy
from support.stacks import CLUSTER, EC2, READ, Stacks, template

LOOK = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
S3 = json.loads(policy("s3:GetObject", Resource="*"))
SQS = json.loads(policy("sqs:SendMessage", Resource="*"))
LINKED = "eks-nodegroup.amazonaws.com"
PODS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


@dataclass(frozen=True)
class Life:
    """The properties of a resource before and after an update, and what is looked at.

    ``look`` gets the administrator and the physical id; ``seen`` is what it returns before and after.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    look: Callable[[Caller, str], Any]
    seen: tuple[Any, Any]


def iam(operation: str, member: str, *path: str) -> Callable[[Caller, str], Any]:
    """Look at what IAM says: ``member`` is the parameter that the physical id is."""

    def look(admin: Caller, physical_id: str) -> Any:
        found = admin.ask("iam", operation, **{member: physical_id})
        for name in path:
            found = found[name]
        return found

    return look


def of_group(operation: str, member: str) -> Callable[[Caller, str], Any]:
    """Look at the group of the ground, whatever the physical id."""

    def look(admin: Caller, _physical_id: str) -> Any:
        return admin.ask("iam", operation, GroupName="ground")[member]

    return look


def names(operation: str, member: str, listed: str, name: str = "") -> Callable[[Caller, str], Any]:
    """Look at a list: the value of ``name`` of each member, or the members themselves."""

    def look(admin: Caller, physical_id: str) -> Any:
        found = admin.ask("iam", operation, **{member: physical_id})[listed]
        return sorted(one[name] if name else one for one in found)

    return look


def statement_of(kind: str) -> Callable[[Caller, str], Any]:
    """Look at the action that the inline policy ``own`` of the ground's user, group or role allows."""

    def look(admin: Caller, _physical_id: str) -> Any:
        given = {f"{kind.title()}Name": "ground", "PolicyName": "own"}
        return admin.ask("iam", f"get_{kind}_policy", **given)["PolicyDocument"]["Statement"][0]["Action"]

    return look


def default_version(admin: Caller, arn: str) -> Any:
    found = admin.ask("iam", "get_policy", PolicyArn=arn)["Policy"]
    return found["DefaultVersionId"], found["AttachmentCount"]


def entry(admin: Caller, physical_id: str) -> Any:
    principal, cluster = physical_id.split("|")
    asked = {"clusterName": cluster, "principalArn": principal}
    found = admin.ask("eks", "describe_access_entry", **asked)["accessEntry"]
    listed = admin.ask("eks", "list_associated_access_policies", **asked)["associatedAccessPolicies"]
    return found["username"], found["tags"].get("k"), [one["accessScope"]["type"] for one in listed]


def association(admin: Caller, arn: str) -> Any:
    _, cluster, id_ = arn.rsplit("/", 2)
    asked = {"clusterName": cluster, "associationId": id_}
    found = admin.ask("eks", "describe_pod_identity_association", **asked)["association"]
    return found["roleArn"].rpartition("/")[2], found["disableSessionTags"], "policy" in found


def provider_of_cluster(admin: Caller, physical_id: str) -> Any:
    name, cluster, kind = physical_id.split("|")
    which = {"clusterName": cluster, "identityProviderConfig": {"type": kind, "name": name}}
    found = admin.ask("eks", "describe_identity_provider_config", **which)["identityProviderConfig"]["oidc"]
    return found["clientId"], found["requiredClaims"], found["tags"].get("k")


def addon(admin: Caller, physical_id: str) -> Any:
    cluster, name = physical_id.split("|")
    return admin.ask("eks", "describe_addon", clusterName=cluster, addonName=name)["addon"]["tags"].get("k")


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{HOME}:{kind}/{name}"


def inline(kind: str) -> Life:
    properties = {"PolicyName": "own", f"{kind}Name": "ground", "PolicyDocument": S3}
    look = statement_of(kind.lower())
    return Life(
        properties, {**properties, "PolicyDocument": SQS}, look, (["s3:GetObject"], ["sqs:SendMessage"])
    )


VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
POLICY = {"PolicyName": "own", "PolicyDocument": S3}
LIVES = {
    "AWS::IAM::Role": Life(
        {"AssumeRolePolicyDocument": EC2, "Policies": [POLICY], "PermissionsBoundary": READ},
        {"AssumeRolePolicyDocument": PODS, "ManagedPolicyArns": [READ]},
        lambda admin, name: (
            names("list_role_policies", "RoleName", "PolicyNames")(admin, name),
            "PermissionsBoundary" in admin.ask("iam", "get_role", RoleName=name)["Role"],
            names("list_attached_role_policies", "RoleName", "AttachedPolicies", "PolicyArn")(admin, name),
        ),
        ((["own"], True, []), ([], False, [READ])),
    ),
    "AWS::IAM::User": Life(
        {
            "Groups": ["ground"],
            "Policies": [POLICY],
            "ManagedPolicyArns": [READ],
            "Tags": [{"Key": "k", "Value": "v"}],
        },
        {"Path": "/team/", "ManagedPolicyArns": [LOOK], "PermissionsBoundary": READ},
        lambda admin, name: (
            names("list_groups_for_user", "UserName", "Groups", "GroupName")(admin, name),
            iam("get_user", "UserName", "User", "Path")(admin, name),
            names("list_attached_user_policies", "UserName", "AttachedPolicies", "PolicyArn")(admin, name),
            len(names("list_user_tags", "UserName", "Tags", "Key")(admin, name)),
        ),
        ((["ground"], "/", [READ], 4), ([], "/team/", [LOOK], 3)),
    ),
    "AWS::IAM::Group": Life(
        {"Policies": [POLICY]},
        {"Path": "/team/", "ManagedPolicyArns": [READ]},
        lambda admin, name: (
            names("list_group_policies", "GroupName", "PolicyNames")(admin, name),
            iam("get_group", "GroupName", "Group", "Path")(admin, name),
        ),
        ((["own"], "/"), ([], "/team/")),
    ),
    "AWS::IAM::ManagedPolicy": Life(
        {"PolicyDocument": S3, "Roles": ["ground"], "Users": ["ground"]},
        {"PolicyDocument": SQS, "Groups": ["ground"], "Tags": [{"Key": "k", "Value": "v"}]},
        default_version,
        (("v1", 2), ("v2", 1)),
    ),
    "AWS::IAM::Policy": Life(
        {"PolicyName": "own", "PolicyDocument": S3, "Groups": ["ground"], "Roles": ["ground"]},
        {"PolicyName": "renamed", "PolicyDocument": SQS, "Groups": ["ground"]},
        of_group("list_group_policies", "PolicyNames"),
        (["own"], ["renamed"]),
    ),
    "AWS::IAM::RolePolicy": inline("Role"),
    "AWS::IAM::UserPolicy": inline("User"),
    "AWS::IAM::GroupPolicy": inline("Group"),
    "AWS::IAM::InstanceProfile": Life(
        {"Roles": ["ground"]},
        {"Roles": ["other"]},
        lambda admin, name: [
            one["RoleName"]
            for one in iam("get_instance_profile", "InstanceProfileName", "InstanceProfile", "Roles")(
                admin, name
            )
        ],
        (["ground"], ["other"]),
    ),
    "AWS::IAM::OIDCProvider": Life(
        {"Url": "https://issuer.example/a", "ClientIdList": ["one"], "ThumbprintList": ["9e" * 20]},
        {
            "Url": "https://issuer.example/a",
            "ClientIdList": ["two"],
            "ThumbprintList": ["9f" * 20],
            "Tags": [{"Key": "k", "Value": "v"}],
        },
        lambda admin, found: (
            iam("get_open_id_connect_provider", "OpenIDConnectProviderArn", "ClientIDList")(admin, found),
            iam("get_open_id_connect_provider", "OpenIDConnectProviderArn", "ThumbprintList")(admin, found),
        ),
        ((["one"], ["9e" * 20]), (["two"], ["9f" * 20])),
    ),
    "AWS::IAM::ServiceLinkedRole": Life(
        {"AWSServiceName": LINKED, "Description": "one"},
        {"AWSServiceName": LINKED, "Description": "two"},
        iam("get_role", "RoleName", "Role", "Description"),
        ("one", "two"),
    ),
    "AWS::IAM::UserToGroupAddition": Life(
        {"GroupName": "ground", "Users": ["ground"]},
        {"GroupName": "ground", "Users": ["other"]},
        lambda admin, _: [
            one["UserName"] for one in admin.ask("iam", "get_group", GroupName="ground")["Users"]
        ],
        (["ground"], ["other"]),
    ),
    "AWS::EKS::AccessEntry": Life(
        {"ClusterName": CLUSTER, "PrincipalArn": arn("role", "ground"), "Username": "one"},
        {
            "ClusterName": CLUSTER,
            "PrincipalArn": arn("role", "ground"),
            "Username": "two",
            "Tags": [{"Key": "k", "Value": "v"}],
            "AccessPolicies": [{"PolicyArn": VIEW, "AccessScope": {"Type": "cluster"}}],
        },
        entry,
        (("one", None, []), ("two", "v", ["cluster"])),
    ),
    "AWS::EKS::PodIdentityAssociation": Life(
        {
            "ClusterName": CLUSTER,
            "Namespace": "default",
            "ServiceAccount": "app",
            "RoleArn": arn("role", "ground"),
            "DisableSessionTags": True,
            "Policy": S3,
        },
        {
            "ClusterName": CLUSTER,
            "Namespace": "default",
            "ServiceAccount": "app",
            "RoleArn": arn("role", "other"),
        },
        association,
        (("ground", True, True), ("other", False, False)),
    ),
    "AWS::EKS::IdentityProviderConfig": Life(
        {
            "ClusterName": CLUSTER,
            "Type": "oidc",
            "IdentityProviderConfigName": "people",
            "Oidc": {
                "IssuerUrl": "https://issuer.example/people",
                "ClientId": "kube",
                "RequiredClaims": [{"Key": "a", "Value": "b"}],
            },
        },
        {
            "ClusterName": CLUSTER,
            "Type": "oidc",
            "IdentityProviderConfigName": "people",
            "Oidc": {
                "IssuerUrl": "https://issuer.example/people",
                "ClientId": "kube",
                "RequiredClaims": [{"Key": "a", "Value": "b"}],
            },
            "Tags": {"k": "v"},
        },
        provider_of_cluster,
        (("kube", {"a": "b"}, None), ("kube", {"a": "b"}, "v")),
    ),
    "AWS::EKS::Addon": Life(
        {"ClusterName": CLUSTER, "AddonName": "eks-pod-identity-agent"},
        {"ClusterName": CLUSTER, "AddonName": "eks-pod-identity-agent", "Tags": [{"Key": "k", "Value": "v"}]},
        addon,
        (None, "v"),
    ),
}


@pytest.fixture(scope="module")
def admin(home: Caller) -> Caller:
    """Return the administrator, on ground that has roles, users, a group and entries that count."""
    client = home.client("iam")
    for name in ("ground", "other"):
        new_role(home, name, json.dumps(PODS))
        client.create_user(UserName=name)
    client.create_group(GroupName="ground")
    mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
    home.ask("eks", "update_cluster_config", name=CLUSTER, accessConfig=mode)
    for addon_name in home.ask("eks", "list_addons", clusterName=CLUSTER)["addons"]:
        home.ask("eks", "delete_addon", clusterName=CLUSTER, addonName=addon_name)
    return home


def test_every_type_has_a_life() -> None:
    assert LIVES.keys() == RESOURCE_TYPES.keys()


@pytest.mark.parametrize(("type_", "life"), LIVES.items(), ids=LIVES.keys())
def test_a_resource_is_made_changed_and_deleted(admin: Caller, type_: str, life: Life) -> None:
    stacks = Stacks(admin)
    name = f"life-{type_.rpartition(':')[2]}"
    attributes = sorted(RESOURCE_TYPES[type_].attributes - {"ExternalId"})
    outputs = {f"O{number}": {"Value": {"Fn::GetAtt": ["One", one]}} for number, one in enumerate(attributes)}

    def body(properties: dict[str, Any]) -> str:
        return template({"One": {"Type": type_, "Properties": properties}}, Outputs=outputs)

    stacks.create(name, body(life.before))
    assert stacks.failures(name) == []
    physical_id = stacks.physical(name)["One"]
    assert life.look(admin, physical_id) == life.seen[0]
    assert len(stacks.outputs(name)) == len(attributes)
    stacks.update(name, body(life.after))
    assert stacks.failures(name) == []
    after = stacks.physical(name)["One"]
    assert (after != physical_id) == (type_ == "AWS::IAM::Policy")  # which is called like its policy
    assert life.look(admin, after) == life.seen[1]
    stacks.client.delete_stack(StackName=name)
    assert name not in [one["StackName"] for one in stacks.client.describe_stacks()["Stacks"]]


def test_a_policy_keeps_five_versions(admin: Caller) -> None:
    stacks = Stacks(admin)
    for number in range(7):
        document = json.loads(policy("s3:GetObject", Resource=f"arn:aws:s3:::b{number}/*"))
        body = template(
            {"One": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}
        )
        if number == 0:
            stacks.create("versions", body)
        else:
            stacks.update("versions", body)
    found = admin.ask("iam", "list_policy_versions", PolicyArn=stacks.physical("versions")["One"])["Versions"]
    assert sorted(one["VersionId"] for one in found) == ["v3", "v4", "v5", "v6", "v7"]
    stacks.client.delete_stack(StackName="versions")


BROKEN = {
    "an unknown property": ({"Colour": "red"}, "#: extraneous key [Colour] is not permitted"),
    "a missing property": ({}, "#: required key [AssumeRolePolicyDocument] not found"),
    "a list for a text": ({"AssumeRolePolicyDocument": EC2, "Path": ["/"]}, "#/Path: expected a string"),
    "a text for a number": (
        {"AssumeRolePolicyDocument": EC2, "MaxSessionDuration": "long"},
        "#/MaxSessionDuration: expected an integer",
    ),
    "a number out of bounds": (
        {"AssumeRolePolicyDocument": EC2, "MaxSessionDuration": 60},
        "Member must have value greater than or equal to 3600",
    ),
    "tags that are texts": (
        {"AssumeRolePolicyDocument": EC2, "Tags": ["a"]},
        "#/Tags: expected a list of tags",
    ),
    "a policy without a document": (
        {"AssumeRolePolicyDocument": EC2, "Policies": [{"PolicyName": "p"}]},
        "#/Policies: expected objects of a PolicyName and a PolicyDocument",
    ),
    "a trust policy that is none": ({"AssumeRolePolicyDocument": "{}"}, "HandlerErrorCode: InvalidRequest)"),
    "a policy that is not there": (
        {"AssumeRolePolicyDocument": EC2, "ManagedPolicyArns": [arn("policy", "none")]},
        "HandlerErrorCode: NotFound",
    ),
    "a reserved tag": (
        {"AssumeRolePolicyDocument": EC2, "Tags": [{"Key": "aws:x", "Value": "v"}]},
        "aws: prefixed tag key names are not allowed for external use.",
    ),
}


@pytest.mark.parametrize(("properties", "problem"), BROKEN.values(), ids=BROKEN.keys())
def test_a_resource_that_cannot_be_made(admin: Caller, properties: dict[str, Any], problem: str) -> None:
    stacks = Stacks(admin)
    stacks.create("broken", template({"One": {"Type": "AWS::IAM::Role", "Properties": properties}}))
    assert stacks.stack("broken")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert problem in stacks.failures("broken")[0]
    stacks.client.delete_stack(StackName="broken")


def test_values_of_any_shape_never_break_the_lab(admin: Caller) -> None:
    """Whatever a template puts into a structure, the stack fails with a reason and nothing is left."""
    stacks = Stacks(admin)
    shapes: list[Any] = [[None], [{}], {"x": {"y": [1]}}, [{"PolicyArn": "x", "AccessScope": {"Type": [1]}}]]
    structures = {Form.OBJECT, Form.OBJECTS, Form.DOCUMENT, Form.TAGS}
    for type_, found in RESOURCE_TYPES.items():
        for name in [name for name, one in found.properties.items() if one.form in structures]:
            for shape in shapes:
                properties = {**LIVES[type_].after, name: shape}
                id_ = stacks.create(
                    "shapes",
                    template({"One": {"Type": type_, "Properties": properties}}),
                    OnFailure="DELETE",
                )
                if stacks.stack(id_)["StackStatus"] != "DELETE_COMPLETE":
                    stacks.client.delete_stack(StackName="shapes")
                assert stacks.stack(id_)["StackStatus"] == "DELETE_COMPLETE", (type_, name, shape)
