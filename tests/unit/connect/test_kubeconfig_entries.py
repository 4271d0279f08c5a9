"""Kubeconfig entries and their merge, field by field as ``aws eks update-kubeconfig`` writes them."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.exec_program import ExecProgram
from sekisho.connect.kubeconfig import SKELETON, build_entries, check_kubeconfig, merge
from sekisho.decide.values import Arn, Json, SekishoInputError
from sekisho.decide.values.documents import parse_yaml

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/c"
CLUSTER = EksCluster(Arn.parse(ARN), "c", "https://127.0.0.1:6443", "QUJD")
ROLE = "arn:aws:iam::111122223333:role/dev"


def test_entries_of_a_plain_request() -> None:
    entries = build_entries(CLUSTER)
    assert entries.cluster == {
        "cluster": {"certificate-authority-data": "QUJD", "server": "https://127.0.0.1:6443"},
        "name": ARN,
    }
    assert entries.user == {
        "name": ARN,
        "user": {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "args": [
                    "--region",
                    "eu-west-1",
                    "eks",
                    "get-token",
                    "--cluster-name",
                    "c",
                    "--output",
                    "json",
                ],
                "command": "aws",
            }
        },
    }
    assert entries.context == {"context": {"cluster": ARN, "user": ARN}, "name": ARN}


AWS = ["--region", "eu-west-1", "eks", "get-token"]
OWN = ["token", "--region", "eu-west-1"]
ARGUMENTS: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "role": (
        {"role_arn": ROLE},
        "",
        "aws",
        [*AWS, "--cluster-name", "c", "--output", "json", "--role", ROLE],
    ),
    "Outposts": ({}, "1234-ab", "aws", [*AWS, "--cluster-id", "1234-ab", "--output", "json"]),
    "own command": (
        {"program": ExecProgram.SEKISHO},
        "",
        "sekisho",
        [*OWN, "--cluster-name", "c", "--output", "json"],
    ),
    "own command with a role": (
        {"program": ExecProgram.SEKISHO, "role_arn": ROLE},
        "1234-ab",
        "sekisho",
        [*OWN, "--cluster-id", "1234-ab", "--output", "json", "--role-arn", ROLE],
    ),
}


@pytest.mark.parametrize(("options", "outpost", "command", "args"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_command(options: dict[str, Any], outpost: str, command: str, args: list[str]) -> None:
    user: Any = build_entries(replace(CLUSTER, outpost_id=outpost), **options).user
    assert user["user"]["exec"]["command"] == command
    assert user["user"]["exec"]["args"] == args


def test_profile_and_proxy() -> None:
    entries: Any = build_entries(CLUSTER, profile="dev", proxy_url="http://proxy:3128")
    assert entries.user["user"]["exec"]["env"] == [{"name": "AWS_PROFILE", "value": "dev"}]
    assert entries.cluster["cluster"]["proxy-url"] == "http://proxy:3128"


NAMES: dict[str, tuple[dict[str, str], str, str]] = {
    "alone": ({}, ARN, ARN),
    "role": ({"role_arn": ROLE}, f"{ARN}@{ROLE}", f"{ARN}@{ROLE}"),
    "profile": ({"profile": "dev"}, f"{ARN}@dev", f"{ARN}@dev"),
    "both": ({"profile": "dev", "role_arn": ROLE}, f"{ARN}@dev@{ROLE}", f"{ARN}@dev@{ROLE}"),
    "alias names the context alone": ({"alias": "a"}, ARN, "a"),
    "user alias names both": ({"user_alias": "u", "profile": "dev"}, "u", "u"),
    "both aliases": ({"alias": "a", "user_alias": "u"}, "u", "a"),
}


@pytest.mark.parametrize(("options", "user", "context"), NAMES.values(), ids=NAMES.keys())
def test_names(options: dict[str, Any], user: str, context: str) -> None:
    entries: Any = build_entries(CLUSTER, **options)
    assert entries.user["name"] == user
    assert entries.context == {"context": {"cluster": ARN, "user": user}, "name": context}


def test_into_nothing_the_skeleton_is_made() -> None:
    merged = merge({}, build_entries(CLUSTER))
    assert list(merged) == list(SKELETON)
    assert merged["current-context"] == ARN
    assert merged["apiVersion"] == "v1"
    assert SKELETON["clusters"] == []


def test_namesakes_are_replaced_in_place_and_the_rest_is_kept() -> None:
    content: dict[str, Json] = {
        "users": None,
        "clusters": [{"name": "first"}, {"name": ARN, "cluster": {"server": "old"}}, {"cluster": {}}],
        "extensions": [1],
    }
    entries = build_entries(CLUSTER)
    merged: Any = merge(content, entries)
    assert merged["clusters"] == [{"name": "first"}, entries.cluster, {"cluster": {}}]
    assert merged["users"] == [entries.user]
    assert merged["extensions"] == [1]
    assert list(merged) == ["users", "clusters", "extensions", "contexts", "current-context"]


MALFORMED = {
    "a list": ("- a\n", [("kubeconfig.not-a-mapping", "", 1)]),
    "clusters is text": ("kind: Config\nclusters: none\n", [("kubeconfig.wrong-type", "/clusters", 2)]),
    "apiVersion is a number": ("apiVersion: 1\n", [("kubeconfig.wrong-type", "/apiVersion", 1)]),
    "kind is true": ("\nkind: true\n", [("kubeconfig.wrong-type", "/kind", 2)]),
    "preferences is a list": ("preferences: []\n", [("kubeconfig.wrong-type", "/preferences", 1)]),
    "entries that are no mappings": (
        "users:\n- name: a\n- b\ncontexts:\n- null\n",
        [
            ("kubeconfig.entry-not-a-mapping", "/contexts/0", 5),
            ("kubeconfig.entry-not-a-mapping", "/users/1", 3),
        ],
    ),
}


@pytest.mark.parametrize(("text", "faults"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(text: str, faults: list[tuple[str, str, int]]) -> None:
    with pytest.raises(SekishoInputError) as caught:
        check_kubeconfig(parse_yaml(text), "config", text)
    assert [(fault.code, fault.at.pointer, fault.line) for fault in caught.value.faults] == faults
    assert all(fault.at.document == "config" for fault in caught.value.faults)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "clusters:\nusers:\n"])
def test_empty_parts_are_well_formed(text: str) -> None:
    assert not any(check_kubeconfig(parse_yaml(text), "config", text).values())
