"""From aws-auth to access entries: what each mapping becomes, and why some become nothing."""

import json
from typing import Any

import pytest

from sekisho.decide.authn.aws_auth import AwsAuth, parse
from sekisho.decide.authn.aws_auth_edit import READ_AS_EKS
from sekisho.decide.eks.access_entry import EntryType
from sekisho.decide.eks.migration import MISSING, LeftCode, plan
from sekisho.decide.values import AccountId

A, B = AccountId("111122223333"), AccountId("444455556666")
ROLE, USER = f"arn:aws:iam::{A}:role/ops", f"arn:aws:iam::{A}:user/ana"
NODE = {
    "rolearn": ROLE,
    "username": "system:node:{{EC2PrivateDNSName}}",
    "groups": ["system:bootstrappers", "system:nodes"],
}
FARGATE = {
    "rolearn": ROLE,
    "username": "system:node:{{SessionName}}",
    "groups": ["system:bootstrappers", "system:nodes", "system:node-proxier"],
}
ADMIN = "AmazonEKSClusterAdminPolicy"


def auth(**sections: Any) -> AwsAuth:
    return parse({name: json.dumps(entries) for name, entries in sections.items()}, READ_AS_EKS)


def role(**members: Any) -> dict[str, Any]:
    return {"rolearn": ROLE, "username": "ops", "groups": ["g"], **members}


MOVED = {
    "a role": (role(), EntryType.STANDARD, "ops", ("g",), ()),
    "no groups": (role(groups=[]), EntryType.STANDARD, "ops", (), ()),
    "no user name": (
        role(username=""),
        EntryType.STANDARD,
        f"arn:aws:sts::{A}:assumed-role/ops/{{{{SessionName}}}}",
        ("g",),
        (),
    ),
    "a session after a colon": (
        role(username="ops:{{SessionName}}"),
        EntryType.STANDARD,
        "ops:{{SessionName}}",
        ("g",),
        (),
    ),
    "an administrator": (role(groups=["system:masters"]), EntryType.STANDARD, "ops", (), (ADMIN,)),
    "an administrator in a group": (
        role(groups=["g", "system:masters"]),
        EntryType.STANDARD,
        "ops",
        ("g",),
        (ADMIN,),
    ),
    "nodes": (NODE, EntryType.EC2_LINUX, NODE["username"], ("system:nodes",), ()),
    "nodes with Windows": (
        {**NODE, "groups": [*NODE["groups"], "eks:kube-proxy-windows"]},
        EntryType.EC2_WINDOWS,
        NODE["username"],
        ("system:nodes", "eks:kube-proxy-windows"),
        (),
    ),
    "Fargate": (
        FARGATE,
        EntryType.FARGATE_LINUX,
        FARGATE["username"],
        ("system:nodes", "system:bootstrappers", "system:node-proxier"),
        (),
    ),
}


@pytest.mark.parametrize(
    ("mapping", "kind", "username", "groups", "policies"), MOVED.values(), ids=MOVED.keys()
)
def test_what_becomes_an_entry(
    mapping: dict[str, Any],
    kind: EntryType,
    username: str,
    groups: tuple[str, ...],
    policies: tuple[str, ...],
) -> None:
    found = plan(auth(mapRoles=[mapping]), A)
    assert found.left == ()
    (move,) = found.moves
    entry = move.entry
    assert (entry.principal, entry.type, entry.username, entry.groups) == (ROLE, kind, username, groups)
    assert tuple(one.name for one in entry.policies or ()) == policies
    assert move.mapping.at.pointer == "/data/mapRoles/0"
    assert found.loses_nothing_in_api


LEFT = {
    "a group of the system": (role(groups=["system:node-proxier"]), LeftCode.SYSTEM_GROUP, False),
    "nodes under another name": ({**NODE, "username": "node"}, LeftCode.SYSTEM_GROUP, False),
    "a role path": (role(rolearn=f"arn:aws:iam::{A}:role/team/ops"), LeftCode.MATCHES_NOBODY, True),
    "a session": (role(rolearn=f"arn:aws:sts::{A}:assumed-role/ops/s"), LeftCode.MATCHES_NOBODY, True),
    "no ARN": (role(rolearn="ops"), LeftCode.MATCHES_NOBODY, True),
    "a reserved user name": (role(username="aws:ops"), LeftCode.REFUSED, False),
    "a session without a colon": (role(username="x-{{SessionName}}"), LeftCode.REFUSED, False),
    "the root user": (role(rolearn=f"arn:aws:iam::{A}:root"), LeftCode.REFUSED, False),
    "nodes of another account": (
        {**NODE, "rolearn": f"arn:aws:iam::{B}:role/ops"},
        LeftCode.REFUSED,
        False,
    ),
}


@pytest.mark.parametrize(("mapping", "code", "harmless"), LEFT.values(), ids=LEFT.keys())
def test_what_is_left(mapping: dict[str, Any], code: LeftCode, harmless: bool) -> None:
    found = plan(auth(mapRoles=[mapping]), A)
    assert found.moves == ()
    assert [step.code for step in found.left] == [code]
    assert found.loses_nothing_in_api is harmless


def test_the_last_mapping_of_a_principal_counts_and_roles_before_users() -> None:
    found = plan(auth(mapRoles=[role(username="first"), role(username="last")]), A)
    assert [move.entry.username for move in found.moves] == ["last"]
    assert [(step.code, dict(step.facts)["by"]) for step in found.left] == [
        (LeftCode.SHADOWED, "configmap/kube-system/aws-auth#/data/mapRoles/1")
    ]
    user = {"userarn": USER, "username": "u"}
    both = plan(auth(mapUsers=[user], mapRoles=[{"rolearn": USER, "username": "r"}]), A)
    assert [move.entry.username for move in both.moves] == ["r"]


def test_an_entry_that_is_there_counts() -> None:
    found = plan(auth(mapRoles=[role()]), A, [f"arn:aws:iam::{A}:role/team/ops"])
    assert [step.code for step in found.left] == [LeftCode.HAS_ENTRY]
    assert found.loses_nothing_in_api


def test_iam_knows_the_path_and_who_is_gone() -> None:
    mapped = auth(mapRoles=[role()], mapUsers=[{"userarn": USER, "username": "u"}])
    pathed = f"arn:aws:iam::{A}:role/team/ops"
    found = plan(mapped, A, in_iam={ROLE.lower(): pathed, USER.lower(): MISSING})
    assert [move.entry.principal for move in found.moves] == [pathed]
    assert [step.code for step in found.left] == [LeftCode.NOT_IN_IAM]


def test_accounts_have_no_entries() -> None:
    found = plan(auth(mapAccounts=[B]), A)
    assert [(step.code, dict(step.facts)) for step in found.left] == [(LeftCode.ACCOUNT, {"account": B})]
    assert not found.loses_nothing_in_api


def test_where_the_clusters_account_is_not_known_nodes_are_of_it() -> None:
    assert len(plan(auth(mapRoles=[NODE]), None).moves) == 1
