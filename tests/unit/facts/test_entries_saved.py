"""Saving access entries: what the file says of the odd ones that a lab may hold."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import PREFIX
from sekisho.facts import ClusterAccessEntry, Delete, Event, Key, Kind, PolicyAssociation, Put
from sekisho.facts.world.entries import put_entry
from unit.facts.world.test_world_saved import (
    ACCOUNT,
    ARN,
    CREATED,
    OTHER,
    cluster,
    document_of,
    facts_with,
    saved,
)

ADMIN = f"arn:aws:iam::{ACCOUNT}:user/eks-admin"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/team/eks-ope"
APP = f"arn:aws:iam::{ACCOUNT}:role/app"
GONE = f"arn:aws:iam::{OTHER}:user/gone"
OLD = "AIDAGONEGONEGONEGONE0"
LATER = CREATED + timedelta(seconds=60)
API = cluster(authentication_mode="API")


def user_id(name: str) -> str:
    found = facts_with().user(ACCOUNT, name)
    assert found is not None
    return found.user_id


def entry(principal: str, username: str = "me", **members: Any) -> ClusterAccessEntry:
    """Return an entry made at `CREATED`; ``members`` are those of the AccessEntry."""
    made = AccessEntry(principal, EntryType.STANDARD, username, **members)
    return ClusterAccessEntry(ARN, made, "0-1", CREATED, CREATED)


def entries_of(*more: Event) -> list[Any]:
    (found,) = document_of(API, *more)["clusters"]
    entries: list[Any] = found["accessEntries"]
    return entries


def test_a_creator_without_an_entry_is_told_to_have_none() -> None:
    name = "bootstrapClusterCreatorAdminPermissions"
    (found,) = document_of(API)["clusters"]
    assert (found[name], found.get("accessEntries")) == (False, None)
    for event in (cluster(), put_entry(entry(ADMIN, principal_id=user_id("eks-admin")))):
        (found,) = document_of(*([event] if event == cluster() else [API, event]))["clusters"]
        assert name not in found
    root = cluster(authentication_mode="API", creator=f"arn:aws:iam::{ACCOUNT}:root")
    assert name not in document_of(root)["clusters"][0]
    assert name not in document_of(API, Delete(Key(Kind.USER, ACCOUNT, "eks-admin")))["clusters"][0]


def test_an_entry_is_saved_in_few_words() -> None:
    policies = (
        AssociatedPolicy(f"{PREFIX}AmazonEKSViewPolicy"),
        AssociatedPolicy(f"{PREFIX}AmazonEKSEditPolicy", ScopeType.NAMESPACE, ("shop",)),
    )
    made = entry(ADMIN, groups=("g",), principal_id=user_id("eks-admin"), policies=policies)
    dates = (PolicyAssociation(policies[1].policy, LATER, CREATED),)
    assert entries_of(put_entry(replace(made, modified=LATER, tags=(("a", "b"),), dates=dates))) == [
        {
            "principalArn": ADMIN,
            "entryId": "0-1",
            "created": "2026-01-31T09:00:00Z",
            "updated": "2026-01-31T09:01:00Z",
            "username": "me",
            "kubernetesGroups": ["g"],
            "tags": {"a": "b"},
            "associatedAccessPolicies": [
                {"policyArn": policies[0].policy, "updated": "2026-01-31T09:01:00Z"},
                {
                    "policyArn": policies[1].policy,
                    "accessScope": {"type": "namespace", "namespaces": ["shop"]},
                    "associated": "2026-01-31T09:01:00Z",
                    "updated": "2026-01-31T09:00:00Z",
                },
            ],
        }
    ]


def test_what_eks_gives_is_left_out() -> None:
    role = facts_with().role(ACCOUNT, "app")
    assert role is not None
    made = AccessEntry(
        APP, EntryType.EC2_LINUX, "system:node:{{EC2PrivateDNSName}}", ("system:nodes",), role.role_id, None
    )
    plain = entry(OPERATOR, OPERATOR, principal_id=user_id("eks-ope"))
    events = [put_entry(plain), put_entry(ClusterAccessEntry(ARN, made, "0-2", CREATED, CREATED))]
    dated = {"created": "2026-01-31T09:00:00Z"}
    assert entries_of(*events) == [
        {"principalArn": APP, "entryId": "0-2", **dated, "type": "EC2_LINUX"},
        {"principalArn": OPERATOR, "entryId": "0-1", **dated},
    ]


@pytest.mark.parametrize("principal", [GONE, ADMIN])
def test_an_entry_of_an_earlier_principal_is_saved_with_the_id_that_it_is_held_to(principal: str) -> None:
    document = document_of(API, put_entry(entry(principal, principal_id=OLD)))
    (found,) = document["clusters"][0]["accessEntries"]
    assert (found["principalArn"], found["principalId"]) == (principal, OLD)
    gone = [one for account in document["accounts"] for one in account.get("deletedPrincipals", ())]
    assert gone == (["user/gone"] if principal == GONE else [])


@pytest.mark.parametrize(
    "principal",
    ["arn:aws:iam::777788889999:user/x", f"arn:aws-cn:iam::{ACCOUNT}:user/x", "arn:aws:s3:::x", "x"],
)
def test_an_entry_that_names_nobody_of_the_file_is_left_out_with_a_notice(principal: str) -> None:
    event = put_entry(entry(principal, principal_id=OLD))
    assert "accessEntries" not in document_of(API, event)["clusters"][0]
    told = "access entries of eks-clu that name nobody of the file are left out: 1"
    assert saved(facts_with(API, event)).notices == (told,)


def test_in_a_mode_without_entries_none_is_saved() -> None:
    event: Put = put_entry(entry(ADMIN, principal_id=OLD))
    (found,) = document_of(event)["clusters"]
    assert "accessEntries" not in found
