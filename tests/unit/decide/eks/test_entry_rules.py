"""What EKS refuses in access entries, associations and mode changes: a row per rule, both sides of each."""

import pytest

from sekisho.decide.eks.access_entry import (
    AccessEntry,
    AssociatedPolicy,
    EntryType,
    ScopeType,
    default_username,
    set_groups,
)
from sekisho.decide.eks.access_policies import AUTO_NODE, POLICIES, PREFIX
from sekisho.decide.eks.entry_rules import (
    NOT_STANDARD,
    fault_of_association,
    fault_of_mode_change,
    fault_of_principal,
    faults_of_choice,
    faults_of_entry,
    faults_of_names,
)
from sekisho.decide.values import AccountId, Arn

A, B = AccountId("111122223333"), AccountId("444455556666")
ROLE = f"arn:aws:iam::{A}:role/app"
INVALID = "The specified principalArn is invalid: invalid principal."
STANDARD, EC2_LINUX, EC2 = EntryType.STANDARD, EntryType.EC2_LINUX, EntryType.EC2
VIEW = f"{PREFIX}AmazonEKSViewPolicy"

PRINCIPALS = {
    "a user": (f"arn:aws:iam::{A}:user/ana", STANDARD, ""),
    "a user with a path": (f"arn:aws:iam::{A}:user/team/ana", STANDARD, ""),
    "a role": (ROLE, STANDARD, ""),
    "a role of another account": (f"arn:aws:iam::{B}:role/app", STANDARD, ""),
    "a role with a path": (f"arn:aws:iam::{A}:role/team/app", STANDARD, ""),
    "a role of nodes": (ROLE, EC2_LINUX, ""),
    "a role of nodes in another account": (
        f"arn:aws:iam::{B}:role/app",
        EC2_LINUX,
        "The role of an access entry of type EC2_LINUX must be in the account of the cluster.",
    ),
    "a user as nodes": (
        f"arn:aws:iam::{A}:user/ana",
        EntryType.FARGATE_LINUX,
        "The principalArn of an access entry of type FARGATE_LINUX must be that of an IAM role.",
    ),
    "a session": (f"arn:aws:sts::{A}:assumed-role/app/s", STANDARD, INVALID),
    "a federated user": (f"arn:aws:sts::{A}:federated-user/ana", STANDARD, INVALID),
    "the root user": (f"arn:aws:iam::{A}:root", STANDARD, INVALID),
    "a group": (f"arn:aws:iam::{A}:group/g", STANDARD, INVALID),
    "no ARN": ("ana", STANDARD, INVALID),
    "a service-linked role": (
        f"arn:aws:iam::{A}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
        STANDARD,
        (
            "The caller is not allowed to modify access entries with a principalArn value of "
            "a Service Linked Role"
        ),
    ),
}


@pytest.mark.parametrize(("principal", "kind", "fault"), PRINCIPALS.values(), ids=PRINCIPALS.keys())
def test_whom_an_entry_may_name(principal: str, kind: EntryType, fault: str) -> None:
    assert fault_of_principal(principal, kind, A) == fault


NAMES = {
    "no names at all": ("", (), []),
    "names of one's own": ("ops", ("team-a", "eks:g"), []),
    "a prefix elsewhere than at the beginning": ("my-system:x", ("my-system:",), []),
    "system:": ("system:x", (), ["The username must not begin with system:"]),
    "eks:": ("eks:x", (), ["The username must not begin with eks:"]),
    "aws:": ("aws:x", (), ["The username must not begin with aws:"]),
    "amazon:": ("amazon:x", (), ["The username must not begin with amazon:"]),
    "iam:": ("iam:x", (), ["The username must not begin with iam:"]),
    "a prefix without its colon": ("systemx", (), []),
    "a colon before the session": ("ops:{{SessionName}}", (), []),
    "a colon before the raw session": ("o:{{SessionNameRaw}}", (), []),
    "a colon after the session": (
        "{{SessionName}}:ops",
        (),
        ["The username must contain a colon before {{SessionName}}."],
    ),
    "the raw session without a colon": (
        "ops{{SessionNameRaw}}",
        (),
        ["The username must contain a colon before {{SessionNameRaw}}."],
    ),
    "other templates need no colon": ("{{AccountID}}-{{AccessKeyID}}", (), []),
    "a group of the system": (
        "",
        ("a", "system:masters"),
        ["The kubernetes group name system:masters is invalid, it cannot start with system:"],
    ),
}


@pytest.mark.parametrize(("username", "groups", "faults"), NAMES.values(), ids=NAMES.keys())
def test_what_a_standard_entry_may_be_called(
    username: str, groups: tuple[str, ...], faults: list[str]
) -> None:
    assert list(faults_of_names(username, groups)) == faults
    assert list(faults_of_choice(STANDARD, username or None, groups)) == faults


CHOICES = {
    "nothing": (None, (), []),
    "a user name": ("x", (), ["The username cannot be specified for an access entry of type EC2."]),
    "groups": (
        None,
        ("g",),
        ["Kubernetes groups cannot be specified for an access entry of type EC2."],
    ),
}


@pytest.mark.parametrize(("username", "groups", "faults"), CHOICES.values(), ids=CHOICES.keys())
def test_names_of_nodes_are_not_chosen(
    username: str | None, groups: tuple[str, ...], faults: list[str]
) -> None:
    assert list(faults_of_choice(EC2, username, groups)) == faults


def test_every_fault_of_an_entry_is_told() -> None:
    entry = AccessEntry("ana", STANDARD, "system:x", ("system:y",))
    assert len(list(faults_of_entry(entry, A))) == 3
    node = AccessEntry(ROLE, EC2_LINUX, "system:node:{{EC2PrivateDNSName}}", ("system:nodes",))
    assert list(faults_of_entry(node, A)) == []


SCOPES = {
    "the whole cluster": (STANDARD, AssociatedPolicy(VIEW), ""),
    "namespaces": (STANDARD, AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("a", "team-*", "*")), ""),
    "a name of 63 characters": (STANDARD, AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("a" * 63,)), ""),
    "a name of 64 characters": (
        STANDARD,
        AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("a" * 64,)),
        f"The namespace {'a' * 64} of the access scope is invalid.",
    ),
    "no name of a namespace": (
        STANDARD,
        AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("A?",)),
        "The namespace A? of the access scope is invalid.",
    ),
    "no namespace": (
        STANDARD,
        AssociatedPolicy(VIEW, ScopeType.NAMESPACE),
        "The namespaces of the access scope must be specified if its type is namespace.",
    ),
    "namespaces of the cluster": (
        STANDARD,
        AssociatedPolicy(VIEW, ScopeType.CLUSTER, ("a",)),
        "Namespaces cannot be specified if the type of the access scope is cluster.",
    ),
    "no such policy": (
        STANDARD,
        AssociatedPolicy(f"{PREFIX}Nothing"),
        (
            "The specified policyArn is invalid. "
            "You can view the available access policies with 'list-access-policies'."
        ),
    ),
    "nodes": (EC2_LINUX, AssociatedPolicy(VIEW), NOT_STANDARD),
    "nodes of Auto Mode": (EC2, AssociatedPolicy(f"{PREFIX}{AUTO_NODE}"), ""),
    "nodes of Auto Mode with another policy": (EC2, AssociatedPolicy(VIEW), NOT_STANDARD),
}


@pytest.mark.parametrize(("kind", "wanted", "fault"), SCOPES.values(), ids=SCOPES.keys())
def test_what_may_be_associated(kind: EntryType, wanted: AssociatedPolicy, fault: str) -> None:
    assert fault_of_association(kind, wanted) == fault


MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


@pytest.mark.parametrize("before", [*MODES, "unread"])
@pytest.mark.parametrize("after", [*MODES, "OIDC"])
def test_modes_go_one_way_one_step_at_a_time(before: str, after: str) -> None:
    allowed = {("CONFIG_MAP", "API_AND_CONFIG_MAP"), ("API_AND_CONFIG_MAP", "API")}
    fault = f"Unsupported authentication mode update from {before} to {after}"
    assert fault_of_mode_change(before, after) == ("" if (before, after) in allowed else fault)


SESSION = "system:node:{{SessionName}}"
DNS = "system:node:{{EC2PrivateDNSName}}"
DEFAULTS = {
    EntryType.STANDARD: (f"arn:aws:sts::{A}:assumed-role/app/{{{{SessionName}}}}", ()),
    EntryType.EC2_LINUX: (DNS, ("system:nodes",)),
    EntryType.EC2_WINDOWS: (DNS, ("system:nodes", "eks:kube-proxy-windows")),
    EntryType.EC2: (DNS, ("system:nodes",)),
    EntryType.FARGATE_LINUX: (SESSION, ("system:nodes", "system:bootstrappers", "system:node-proxier")),
    EntryType.HYBRID_LINUX: (SESSION, ("system:nodes",)),
    EntryType.HYPERPOD_LINUX: (SESSION, ("system:nodes",)),
}


@pytest.mark.parametrize("kind", EntryType)
def test_the_names_that_eks_gives(kind: EntryType) -> None:
    pathed = Arn.parse(f"arn:aws:iam::{A}:role/team/app")
    assert (default_username(pathed, kind), set_groups(kind)) == DEFAULTS[kind]


def test_a_user_is_called_by_its_arn() -> None:
    user = Arn.parse(f"arn:aws:iam::{A}:user/team/ana")
    assert default_username(user, EntryType.STANDARD) == str(user)


def test_policies_are_known_by_arn_and_have_names() -> None:
    assert AssociatedPolicy(VIEW).name == "AmazonEKSViewPolicy"
    assert all(arn.startswith(PREFIX) for arn in POLICIES)
