"""Every paginator and waiter that botocore has for what the lab serves, against the lab."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import xform_name

from sekisho.lab.aws.services import OPERATIONS
from sekisho.testing import running_lab
from support.boto_lab import HOME, REGION, Caller, new_role, new_user, policy, profile, trust
from support.stacks import NAMED_IAM, Stacks, template

CLUSTER, USER, ROLE, GROUP, PROFILE = "second", "paged", "paged", "paged", "paged"
POLICY = f"arn:aws:iam::{HOME}:policy/paged"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running_lab(tmp_path_factory.mktemp("pages") / "state") as lab:
        caller = profile(lab, "default")
        fill(caller)
        yield caller


def fill(caller: Caller) -> None:
    """Make two of everything that is listed."""
    iam = caller.client("iam")
    text = policy("s3:GetObject", Resource="*")
    for name in (USER, f"{USER}-2"):
        new_user(caller, name, text, text)
        new_role(caller, name, trust(HOME), text, text)
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName=USER)
        iam.put_group_policy(GroupName=GROUP, PolicyName=name, PolicyDocument=text)
        arn = iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=USER, PolicyArn=arn)
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
        iam.attach_group_policy(GroupName=GROUP, PolicyArn=arn)
        tags = [{"Key": name, "Value": "v"}]
        iam.tag_user(UserName=USER, Tags=tags)
        iam.tag_role(RoleName=ROLE, Tags=tags)
        iam.tag_policy(PolicyArn=POLICY, Tags=tags)
    iam.add_user_to_group(GroupName=GROUP, UserName=f"{USER}-2")
    iam.create_access_key(UserName=USER)
    iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=text)
    tags = [{"Key": "a", "Value": "v"}, {"Key": "b", "Value": "v"}]
    iam.create_open_id_connect_provider(
        Url="https://issuer.example", ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"], Tags=tags
    )
    for name in (PROFILE, f"{PROFILE}-2"):
        iam.create_instance_profile(InstanceProfileName=name, Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=ROLE)
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name, Tags=tags)
    pools = caller.client("cognito-idp")
    made = [pools.create_user_pool(PoolName=name)["UserPool"]["Id"] for name in (USER, f"{USER}-2")]
    pool = ARGUMENTS["UserPoolId"] = made[0]
    for name in (USER, f"{USER}-2"):
        pools.create_user_pool_client(UserPoolId=pool, ClientName=name)
        pools.create_group(UserPoolId=pool, GroupName=name)
        pools.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    for user, group in ((USER, GROUP), (USER, f"{GROUP}-2"), (f"{USER}-2", GROUP)):
        pools.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=group)
    eks = caller.client("eks")
    eks.create_cluster(
        name=CLUSTER,
        roleArn=f"arn:aws:iam::{HOME}:role/eks-clu-cluster-role",
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
        accessConfig={"authenticationMode": "API"},
    )
    for name in (USER, f"{USER}-2"):
        principal = f"arn:aws:iam::{HOME}:user/{name}"
        eks.create_access_entry(clusterName=CLUSTER, principalArn=principal)
        oidc = {
            "identityProviderConfigName": name,
            "issuerUrl": f"https://{name}.example",
            "clientId": "kube",
        }
        eks.associate_identity_provider_config(clusterName=CLUSTER, oidc=oidc)
    for name in ("AmazonEKSViewPolicy", "AmazonEKSEditPolicy"):
        eks.associate_access_policy(
            clusterName=CLUSTER,
            principalArn=f"arn:aws:iam::{HOME}:user/{USER}",
            policyArn=f"arn:aws:eks::aws:cluster-access-policy/{name}",
            accessScope={"type": "cluster"},
        )
    stacks = Stacks(caller)
    one, two = template({"One": GROUP_OF_STACK}), template({"One": GROUP_OF_STACK, "Two": GROUP_OF_STACK})
    for stack in ("made", "updated", "put-back"):
        stacks.create(stack, one)
    stacks.client.create_change_set(
        StackName="made", ChangeSetName="next", TemplateBody=two, Capabilities=NAMED_IAM
    )
    stacks.update("updated", two)
    taken = {"Type": "AWS::IAM::Group", "Properties": {"GroupName": GROUP}}
    stacks.update("put-back", template({"One": GROUP_OF_STACK, "Taken": taken}))


GROUP_OF_STACK = {"Type": "AWS::IAM::Group"}
ARGUMENTS: dict[str, Any] = {
    "UserName": USER,
    "RoleName": ROLE,
    "GroupName": GROUP,
    "PolicyArn": POLICY,
    "OpenIDConnectProviderArn": f"arn:aws:iam::{HOME}:oidc-provider/issuer.example",
    "InstanceProfileName": PROFILE,
    "SerialNumber": f"arn:aws:iam::{HOME}:mfa/paged",
    "PolicyInputList": [policy("s3:GetObject", Resource="*")],
    "PolicySourceArn": f"arn:aws:iam::{HOME}:user/{USER}",
    "ActionNames": ["s3:GetObject", "s3:PutObject"],
    "principalArn": f"arn:aws:iam::{HOME}:user/{USER}",
    "Username": USER,
    "MaxResults": 60,
    "clusterName": CLUSTER,
    "name": CLUSTER,
}


def paginated() -> list[tuple[str, str]]:
    """Return the served operations that botocore has a paginator for."""
    found = []
    for service, table in OPERATIONS.items():
        client = boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="a")
        found += [(service, name) for name in sorted(table) if client.can_paginate(xform_name(name))]
    return found


OWN_PAGES = {"cloudformation", "organizations"}
"""Services whose own tests turn pages: CloudFormation's have no size that a client could choose."""

PAGES = [(service, name) for service, name in paginated() if service not in OWN_PAGES]


@pytest.mark.parametrize(("service", "name"), PAGES, ids=[f"{s} {n}" for s, n in PAGES])
def test_single_pages_add_up_to_the_whole(admin: Caller, service: str, name: str) -> None:
    client = admin.client(service)
    shape = client.meta.service_model.operation_model(name).input_shape
    given = {member: ARGUMENTS[member] for member in shape.required_members}
    if name == "ListPolicies":
        given = {"Scope": "Local"}
    paginator = client.get_paginator(xform_name(name))
    pages = list(paginator.paginate(**given, PaginationConfig={"PageSize": 1}))
    paged = paginator.paginate(**given, PaginationConfig={"PageSize": 1}).build_full_result()
    whole = paginator.paginate(**given).build_full_result()
    keys = [str(key.expression) for key in paginator.result_keys]
    assert {key: paged[key] for key in keys} == {key: whole[key] for key in keys}
    counts: list[int] = [len(whole[key]) for key in keys]
    assert len(pages) == max(1, sum(counts)), (len(pages), counts)


def test_the_versions_of_clusters_are_pages_of_one_list(admin: Caller) -> None:
    whole = admin.ask("eks", "describe_cluster_versions")["clusterVersions"]
    first = admin.ask("eks", "describe_cluster_versions", maxResults=1)
    assert first["clusterVersions"] == whole[:1]
    rest = admin.ask("eks", "describe_cluster_versions", nextToken=first["nextToken"])
    assert rest["clusterVersions"] == whole[1:]


WAITERS: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "user_exists", {"UserName": USER}),
    ("iam", "role_exists", {"RoleName": ROLE}),
    ("iam", "policy_exists", {"PolicyArn": POLICY}),
    ("iam", "instance_profile_exists", {"InstanceProfileName": PROFILE}),
    ("eks", "cluster_active", {"name": CLUSTER}),
    ("eks", "cluster_deleted", {"name": "none"}),
    ("eks", "nodegroup_deleted", {"clusterName": CLUSTER, "nodegroupName": "none"}),
    ("eks", "addon_deleted", {"clusterName": CLUSTER, "addonName": "none"}),
    ("eks", "fargate_profile_deleted", {"clusterName": CLUSTER, "fargateProfileName": "none"}),
]
STACKS: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudformation", "stack_exists", {"StackName": "made"}),
    ("cloudformation", "stack_create_complete", {"StackName": "made"}),
    ("cloudformation", "stack_update_complete", {"StackName": "updated"}),
    ("cloudformation", "stack_rollback_complete", {"StackName": "put-back"}),
    ("cloudformation", "stack_delete_complete", {"StackName": "none"}),
    ("cloudformation", "change_set_create_complete", {"StackName": "made", "ChangeSetName": "next"}),
]
UPDATE = "certificate_authority_update_complete"
NEVER = {
    ("eks", "nodegroup_active"),
    ("eks", "addon_active"),
    ("eks", "fargate_profile_active"),
    ("cloudformation", "stack_import_complete"),
}
"""Waiters for what no cluster and no stack of the lab has."""


@pytest.mark.parametrize(
    ("service", "name", "given"), [*WAITERS, *STACKS], ids=[row[1] for row in (*WAITERS, *STACKS)]
)
def test_a_waiter_returns_at_once(admin: Caller, service: str, name: str, given: dict[str, Any]) -> None:
    waiter = admin.client(service).get_waiter(name)
    assert waiter.wait(**given, WaiterConfig={"MaxAttempts": 1}) is None


def test_an_update_is_waited_for(admin: Caller) -> None:
    access = {"authenticationMode": "API_AND_CONFIG_MAP"}
    update = admin.ask("eks", "update_cluster_config", name="eks-clu", accessConfig=access)["update"]["id"]
    waiter = admin.client("eks").get_waiter(UPDATE)
    assert waiter.wait(name="eks-clu", updateId=update, WaiterConfig={"MaxAttempts": 1}) is None


def test_every_waiter_of_a_served_operation_has_a_row() -> None:
    served: set[tuple[str, str]] = set()
    for service, table in OPERATIONS.items():
        client = boto3.client(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="a")
        for name in client.waiter_names:
            if client.get_waiter(name).config.operation in table:
                served.add((service, name))
    assert served - NEVER == {(service, name) for service, name, _ in (*WAITERS, *STACKS)} | {("eks", UPDATE)}
