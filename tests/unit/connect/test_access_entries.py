"""Access entries through the EKS API, and what is said where EKS or IAM answers something else."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sekisho.connect import access_entries
from sekisho.connect.access_entries import arns_in_iam, change_mode, create_entries, read_entries
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.migration import MISSING

A = "111122223333"
ROLE, USER = f"arn:aws:iam::{A}:role/ops", f"arn:aws:iam::{A}:user/ana"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


class Pages:
    """A paginator over given pages."""

    def __init__(self, pages: list[Any]) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> Iterator[Any]:
        yield from self._pages


class Eks:
    """EKS with one entry; ``statuses`` are what an update goes through."""

    def __init__(
        self, mode: str | None = "API", kind: str = "STANDARD", statuses: tuple[str, ...] = ()
    ) -> None:
        self.mode, self.kind, self.statuses = mode, kind, list(statuses)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def describe_cluster(self, *, name: str) -> Any:
        return {
            "cluster": {
                "name": name,
                **({"accessConfig": {"authenticationMode": self.mode}} if self.mode else {}),
            }
        }

    def get_paginator(self, operation: str) -> Pages:
        policy = {"policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": ["a"]}}
        pages: dict[str, list[Any]] = {
            "list_access_entries": [{"accessEntries": []}, {"accessEntries": [ROLE]}],
            "list_associated_access_policies": [{"associatedAccessPolicies": [policy]}],
        }
        return Pages(pages[operation])

    def describe_access_entry(self, **_: Any) -> Any:
        return {"accessEntry": {"type": self.kind, "username": "ops", "kubernetesGroups": ["g"]}}

    def update_cluster_config(self, **asked: Any) -> Any:
        self.asked.append(("update_cluster_config", asked))
        return {"update": {"id": "u-1"}}

    def describe_update(self, *, name: str, updateId: str) -> Any:  # noqa: N803 - the API's name
        assert (name, updateId) == ("c", "u-1")
        return {"update": {"status": self.statuses.pop(0)}}

    def create_access_entry(self, **asked: Any) -> None:
        self.asked.append(("create_access_entry", asked))

    def associate_access_policy(self, **asked: Any) -> None:
        self.asked.append(("associate_access_policy", asked))


def nothing(_: str) -> None:
    """Hear nothing."""


def test_mode_and_entries_are_read_over_all_pages() -> None:
    found = read_entries(Eks(), "c")
    policy = AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("a",))
    assert found.mode == "API"
    assert found.entries == (AccessEntry(ROLE, EntryType.STANDARD, "ops", ("g",), "", (policy,)),)


@pytest.mark.parametrize("mode", ["CONFIG_MAP", None])
def test_a_cluster_without_entries_is_not_asked_for_them(mode: str | None) -> None:
    found = read_entries(Eks(mode), "c")
    assert (found.mode, found.entries) == ("CONFIG_MAP", ())


def test_a_type_of_tomorrow_is_said_not_guessed() -> None:
    with pytest.raises(EnvironmentFailure, match="'EC2_BSD' is not a valid EntryType"):
        read_entries(Eks(kind="EC2_BSD"), "c")


def test_a_change_of_mode_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(access_entries, "sleep", waits.append)
    eks = Eks(statuses=("InProgress", "InProgress", "Successful"))
    change_mode(eks, "c", "API", nothing)
    assert eks.asked == [
        ("update_cluster_config", {"name": "c", "accessConfig": {"authenticationMode": "API"}})
    ]
    assert waits == [access_entries.UPDATE_SECONDS] * 2


def test_a_change_of_mode_that_fails_or_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentFailure, match="ended as Failed"):
        change_mode(Eks(statuses=("Failed",)), "c", "API", nothing)
    monkeypatch.setattr(access_entries, "sleep", lambda _seconds: None)
    monkeypatch.setattr(access_entries, "MAX_UPDATE_POLLS", 2)
    with pytest.raises(EnvironmentFailure, match="still in progress") as caught:
        change_mode(Eks(statuses=("InProgress",) * 2), "c", "API", nothing)
    assert caught.value.can_retry


def test_entries_are_made_with_their_policies() -> None:
    eks, told = Eks(), list[str]()
    person = AccessEntry(
        USER,
        EntryType.STANDARD,
        "ana",
        ("g",),
        "",
        (AssociatedPolicy(VIEW, ScopeType.NAMESPACE, ("a",)), AssociatedPolicy(VIEW)),
    )
    node = AccessEntry(ROLE, EntryType.EC2_LINUX, "system:node:{{EC2PrivateDNSName}}", ("system:nodes",))
    create_entries(eks, "c", [person, node], told.append)
    named = {"clusterName": "c", "principalArn": USER}
    assert eks.asked == [
        ("create_access_entry", {**named, "type": "STANDARD", "username": "ana", "kubernetesGroups": ["g"]}),
        (
            "associate_access_policy",
            {**named, "policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": ["a"]}},
        ),
        ("associate_access_policy", {**named, "policyArn": VIEW, "accessScope": {"type": "cluster"}}),
        ("create_access_entry", {"clusterName": "c", "principalArn": ROLE, "type": "EC2_LINUX"}),
    ]
    assert told == [f"creating the access entry of {arn}" for arn in (USER, ROLE)]


class Iam:
    """IAM with one role under a path, no user, and an answer to everything else that is an error."""

    def get_role(self, *, RoleName: str) -> Any:  # noqa: N803 - the API's name
        if RoleName != "ops":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")
        return {"Role": {"Arn": f"arn:aws:iam::{A}:role/team/ops"}}

    def get_user(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "gone"}}, "GetUser")


def test_iam_is_asked_for_its_own_account_alone() -> None:
    others = ["ops", f"arn:aws:iam::{A}:root", "arn:aws:iam::444455556666:role/ops"]
    assert arns_in_iam(Iam(), [ROLE, USER, *others], A) == {
        ROLE: f"arn:aws:iam::{A}:role/team/ops",
        USER: MISSING,
    }
    with pytest.raises(EnvironmentFailure, match="iam:GetRole"):
        arns_in_iam(Iam(), [f"{ROLE}-2"], A)
