"""Service-linked roles: made by name of the service, deleted by a task."""

import json

import pytest

from sekisho.decide.iam import parse_policy
from sekisho.decide.values import AccountId, Ref
from sekisho.facts import Cluster, Key, Kind, Put, Role
from sekisho.lab.aws.iam.linked_services import LINKED_SERVICES, linked_role_arn
from sekisho.lab.aws.iam.roles import MAX_ROLES
from sekisho.lab.aws.iam.service_linked_roles import MAX_TASKS
from sekisho.wire.aws_managed_policies import aws_policy
from unit.lab.aws.iam.build import ACCOUNT, EC2_TRUST, NOW, OTHER, CountingIds, Iam

EKS: dict[str, str] = {"AWSServiceName": "eks.amazonaws.com"}
NAME = "AWSServiceRoleForAmazonEKS"
ARN = f"arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/{NAME}"
TASK = f"task/aws-service-role/eks.amazonaws.com/{NAME}/00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("service", LINKED_SERVICES)
def test_every_service_s_role_holds_its_policy(service: str) -> None:
    iam = Iam()
    made = iam.ask("CreateServiceLinkedRole", AWSServiceName=service)["Role"]
    assert made["Arn"] == str(linked_role_arn("aws", ACCOUNT, service, ""))
    (attached,) = iam.ask("ListAttachedRolePolicies", RoleName=made["RoleName"])["AttachedPolicies"]
    policy = aws_policy(attached["PolicyArn"])
    assert policy is not None
    assert parse_policy(policy.document, Ref(policy.arn)).statements
    role = iam.facts.role(ACCOUNT, made["RoleName"])
    assert role is not None
    assert json.loads(role.trust)["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    ]


def test_a_description_and_a_suffix_may_be_given() -> None:
    iam = Iam()
    scaling = {"AWSServiceName": "autoscaling.amazonaws.com"}
    iam.ask("CreateServiceLinkedRole", **scaling)
    made = iam.ask("CreateServiceLinkedRole", **scaling, CustomSuffix="two", Description="ours")["Role"]
    assert made["RoleName"] == "AWSServiceRoleForAutoScaling_two"
    assert iam.ask("GetRole", RoleName=made["RoleName"])["Role"]["Description"] == "ours"


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "twice": (
        EKS,
        f"Service role name {NAME} has been taken in this account, please try a different suffix.",
    ),
    "a suffix for a service that has one role": (
        {**EKS, "CustomSuffix": "two"},
        "Custom suffix is not allowed for eks.amazonaws.com",
    ),
    "a service that has none": (
        {"AWSServiceName": "pods.eks.amazonaws.com"},
        "Service pods.eks.amazonaws.com is not known here to have a service-linked role.",
    ),
    "a name that is too long": (
        {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x" * 36},
        f"Role name AWSServiceRoleForAutoScaling_{'x' * 36} is longer than 64 characters.",
    ),
}


@pytest.mark.parametrize(("asked", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(asked: dict[str, str], sentence: str) -> None:
    iam = Iam()
    iam.ask("CreateServiceLinkedRole", **EKS)
    assert iam.refusal("CreateServiceLinkedRole", **asked) == ("InvalidInput", sentence, 400)


def test_the_longest_name_is_taken() -> None:
    made = Iam().ask(
        "CreateServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="x" * 35
    )
    assert len(made["Role"]["RoleName"]) == 64


def test_service_linked_roles_count_as_roles() -> None:
    iam = Iam(*(Role(ACCOUNT, f"r{at}", f"AROA{at:017}", NOW, EC2_TRUST) for at in range(MAX_ROLES)))
    refused = iam.refusal("CreateServiceLinkedRole", **EKS)
    assert refused == ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", 409)


def test_a_role_that_nothing_uses_is_deleted() -> None:
    iam = Iam()
    iam.ask("CreateServiceLinkedRole", **EKS)
    assert iam.ask("DeleteServiceLinkedRole", RoleName=NAME) == {"DeletionTaskId": TASK}
    assert iam.ask("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=TASK) == {"Status": "SUCCEEDED"}
    assert iam.refusal("GetRole", RoleName=NAME)[0] == "NoSuchEntity"
    iam.ask("CreateServiceLinkedRole", **EKS)


@pytest.mark.parametrize(("account", "status"), [(ACCOUNT, "FAILED"), (OTHER, "SUCCEEDED")])
def test_eks_keeps_its_role_for_as_long_as_there_are_clusters(account: AccountId, status: str) -> None:
    iam = Iam()
    iam.ask("CreateServiceLinkedRole", **EKS)
    cluster = Cluster(account, "eu-west-1", "c", "1.34", NOW)
    iam.facts = iam.facts.applied([Put(Key(Kind.CLUSTER, f"{account}/eu-west-1", "c"), cluster)])
    task = iam.ask("DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"]
    told = iam.ask("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
    assert told["Status"] == status
    assert (iam.facts.role(ACCOUNT, NAME) is None) is (status == "SUCCEEDED")
    if status == "FAILED":
        assert told["Reason"]["RoleUsageList"] == [{"Region": "eu-west-1", "Resources": [str(cluster.arn)]}]


def test_another_service_s_role_is_not_eks_s() -> None:
    iam = Iam()
    iam.ask("CreateServiceLinkedRole", AWSServiceName="spot.amazonaws.com")
    cluster = Cluster(ACCOUNT, "eu-west-1", "c", "1.34", NOW)
    iam.facts = iam.facts.applied([Put(Key(Kind.CLUSTER, f"{ACCOUNT}/eu-west-1", "c"), cluster)])
    task = iam.ask("DeleteServiceLinkedRole", RoleName="AWSServiceRoleForEC2Spot")["DeletionTaskId"]
    assert iam.ask("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)["Status"] == "SUCCEEDED"


TASKS: dict[str, tuple[str, dict[str, str], tuple[str, str, int]]] = {
    "a role that is not there": (
        "DeleteServiceLinkedRole",
        {"RoleName": "none"},
        ("NoSuchEntity", "The role with name none cannot be found.", 404),
    ),
    "a role of people": (
        "DeleteServiceLinkedRole",
        {"RoleName": "app"},
        ("InvalidInput", "The role app is not a service-linked role.", 400),
    ),
    "a task that is not there": (
        "GetServiceLinkedRoleDeletionStatus",
        {"DeletionTaskId": TASK},
        ("NoSuchEntity", f"Deletion task id {TASK} cannot be found.", 404),
    ),
    "no task": (
        "GetServiceLinkedRoleDeletionStatus",
        {"DeletionTaskId": "x"},
        ("InvalidInput", "Deletion task id x is not valid.", 400),
    ),
}


@pytest.mark.parametrize(("operation", "asked", "answer"), TASKS.values(), ids=TASKS.keys())
def test_refused_tasks(operation: str, asked: dict[str, str], answer: tuple[str, str, int]) -> None:
    iam = Iam(Role(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", NOW, EC2_TRUST))
    assert iam.refusal(operation, **asked) == answer


class NumberedIds(CountingIds):
    """Every request has another id."""

    def request_id(self) -> str:
        self.count += 1
        return f"{self.count:08}-0000-4000-8000-000000000000"


def test_old_tasks_are_forgotten() -> None:
    iam = Iam()
    iam.ids = NumberedIds()
    tasks = []
    for _number in range(MAX_TASKS + 1):
        iam.ask("CreateServiceLinkedRole", **EKS)
        tasks.append(iam.ask("DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"])
    assert iam.refusal("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=tasks[0])[0] == "NoSuchEntity"
    assert iam.ask("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=tasks[1])["Status"] == "SUCCEEDED"
    assert len(iam.known(Kind.ROLE_DELETION)) == MAX_TASKS
