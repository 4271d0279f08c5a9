"""Vectors of access entries: whom they make of a caller, and what the EKS API says to a call."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.authn.aws_auth import parse
from sekisho.decide.authn.aws_auth_edit import READ_AS_EKS
from sekisho.decide.authn.sts_answer import identity_of
from sekisho.decide.chain import user_of
from sekisho.decide.chain.migration import ClusterState, state_of
from sekisho.decide.decision import Decision
from sekisho.decide.eks.access_entry import (
    AccessEntry,
    AssociatedPolicy,
    EntryType,
    ScopeType,
    default_username,
)
from sekisho.decide.values import AccountId, Arn, Instant, KubeUser, Principal, PrincipalType, Secret
from sekisho.facts import Cluster, ClusterAccessEntry, Event, Key, Kind, Put, Role, Snapshot, User
from sekisho.facts.world.entries import creator_entry, put_entry
from sekisho.lab.aws import eks
from sekisho.lab.aws.operation import Answer, AwsError, Context, Site

DATA = json.loads((Path(__file__).parent / "data/eks/access_entries.json").read_text())
OF_ANOTHER_TOPIC = {"AssociateIdentityProviderConfig"}
NOW = Instant.from_epoch(1_790_000_000)
REGION = "eu-west-1"
CASE_MEMBERS = {"name", "authenticationMode", "cluster", "expected", "note"}


def members(case: dict[str, Any], *more: str) -> None:
    assert set(case) <= CASE_MEMBERS | set(more), "an unknown member would be ignored"


def entry_of(written: dict[str, Any]) -> AccessEntry:
    kind = EntryType(written["type"])
    return AccessEntry(
        written["principalArn"],
        kind,
        written.get("username") or default_username(Arn.parse(written["principalArn"]), kind),
        tuple(written.get("kubernetesGroups", ())),
        written.get("principalId", ""),
        tuple(
            AssociatedPolicy(
                one["policyArn"],
                ScopeType(one["accessScope"]["type"]),
                tuple(one["accessScope"].get("namespaces", ())),
            )
            for one in written.get("policies", ())
        ),
    )


AUTHENTICATION = [pytest.param(case, id=case["name"]) for case in DATA["authentication_cases"]]


@pytest.mark.parametrize("case", AUTHENTICATION)
def test_whom_the_cluster_sees(case: dict[str, Any]) -> None:
    members(case, "aws_auth", "access_entries", "caller")
    cluster, mode, expected = case["cluster"], case["authenticationMode"], case["expected"]
    entries = [entry_of(one) for one in case["access_entries"]]
    creator = cluster.get("creatorArn", f"arn:aws:iam::{cluster['account']}:user/creator")
    if mode != "CONFIG_MAP" and cluster.get("bootstrapClusterCreatorAdminPermissions"):
        made = creator_entry(creator)
        assert made is not None
        entries.append(replace(made, principal_id=cluster["creatorId"]))
    auth = parse(case["aws_auth"] or {}, READ_AS_EKS)
    state = state_of(cluster["name"], mode, creator, auth, entries, None)
    caller = case["caller"]
    identity = identity_of(caller["arn"], caller["userId"], caller["account"])
    decision = user_of(identity, state, explain=True)
    assert decision.allowed == expected["authenticated"]
    if decision.value is None:
        return
    groups = [group for group in decision.value.groups if group != "system:authenticated"]
    told = {
        "username": decision.value.name,
        "groups": groups,
        "policies": policies_of(decision, state),
        "source": source_of(decision),
    }
    assert set(expected.get("groups_include", groups)) <= set(groups)
    for name in ("username", "groups", "policies", "source"):
        if name in expected:
            assert told[name] == expected[name], name


def policies_of(decision: Decision[KubeUser], state: ClusterState) -> list[Any]:
    assert decision.value is not None
    placed = state.entries.entry_of(decision.value)
    return [
        {
            "policyArn": one.policy,
            "accessScope": {
                "type": str(one.scope),
                **({"namespaces": list(one.namespaces)} if one.namespaces else {}),
            },
        }
        for one in (placed.entry.policies or () if placed is not None else ())
    ]


def source_of(decision: Decision[KubeUser]) -> str:
    return {"mapping.access-entry-matched": "access-entry", "eks.cluster-creator": "creator"}.get(
        str(decision.decisive[0].code), "aws-auth"
    )


class Ids:
    """Ids that are all alike: the cases compare none."""

    def unique_id(self, prefix: str) -> str:
        return f"{prefix}0"

    def secret_key(self) -> Secret:
        return Secret("")

    def session_token(self) -> Secret:
        return Secret("")

    def mfa_seed(self) -> Secret:
        return Secret("")

    def hex(self, digits: int) -> str:
        return "0" * digits

    def request_id(self) -> str:
        return "00000000-0000-4000-8000-000000000000"


def world(case: dict[str, Any]) -> Snapshot:
    """Return a world with the cluster, the entries that are given, and whoever is named."""
    told = case["cluster"]
    account = AccountId(told["account"])
    cluster = Cluster(account, REGION, told["name"], told["version"], NOW, case["authenticationMode"], "")
    events: list[Event] = [Put(Key(Kind.CLUSTER, f"{account}/{REGION}", cluster.name), cluster)]
    named = [one["principalArn"] for one in case["given"]]
    asked = case["params"].get("principalArn")
    for text in dict.fromkeys([*named, *([asked] if asked else [])]):
        arn = Arn.parse(text)
        kind, _, name = arn.resource.partition("/")
        if kind == "role":
            role = Role(AccountId(arn.account), name, "AROA0", NOW, "{}")
            events.append(Put(Key(Kind.ROLE, arn.account, name), role))
        elif kind == "user":
            events.append(
                Put(Key(Kind.USER, arn.account, name), User(AccountId(arn.account), name, "AIDA0", NOW))
            )
    events += [
        put_entry(ClusterAccessEntry(str(cluster.arn), entry_of(one), "0", NOW, NOW)) for one in case["given"]
    ]
    return Snapshot(events)


def perform(case: dict[str, Any], facts: Snapshot) -> Answer:
    account = AccountId(case["cluster"]["account"])
    arn = Arn("aws", "iam", "", account, "user/admin")
    caller = Principal(PrincipalType.USER, arn, "AIDA1", arn)
    site = Site(lambda: "https://127.0.0.1:1", "", lambda _cluster: ())
    context = Context(facts, caller, account, REGION, "aws", NOW, Ids(), site)
    return eks.OPERATIONS[case["operation"]](context, case["params"])


API = [
    pytest.param(case, id=case["name"])
    for case in DATA["api_cases"]
    if case["operation"] not in OF_ANOTHER_TOPIC
]


@pytest.mark.parametrize("case", API)
def test_what_the_api_says(case: dict[str, Any]) -> None:
    members(case, "given", "operation", "params")
    expected, facts = case["expected"], world(case)
    if "error_any_of" in expected:
        with pytest.raises(AwsError) as caught:
            perform(case, facts)
        assert caught.value.code in expected["error_any_of"]
        return
    answer = perform(case, facts)
    after = facts.applied(answer.events)
    told = dict(answer.output.get("accessEntry", {}))
    associated = answer.output.get("associatedAccessPolicy")
    if associated:
        told["accessScope"] = associated["accessScope"]
    if "update" in answer.output:
        told["updateType"] = answer.output["update"]["type"]
    cluster = next(iter(after.clusters()))
    told["remaining_entries"] = len(after.access_entries(str(cluster.arn)))
    entry = after.access_entry(str(cluster.arn), case["params"].get("principalArn", ""))
    told["associatedPolicies"] = len(entry.entry.policies or ()) if entry is not None else 0
    for name in set(expected) - {"ok"}:
        assert told[name] == expected[name], name


def test_every_case_is_run_once() -> None:
    names = [case["name"] for case in (*DATA["authentication_cases"], *DATA["api_cases"])]
    assert len(names) == len(set(names))
    run = {str(one.id) for one in (*AUTHENTICATION, *API)}
    assert run == set(names) - {"idp-http-issuer"}
