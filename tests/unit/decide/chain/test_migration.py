"""Who gains and who loses by a migration, as the engine that decides about requests sees it."""

import json
from typing import Any

import pytest

from sekisho.decide.authn.aws_auth import AwsAuth, parse
from sekisho.decide.authn.aws_auth_edit import READ_AS_EKS
from sekisho.decide.chain.migration import AccessCode, ClusterState, effect, state_of
from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import PREFIX
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.objects import GROUP, parse_object

A = "111122223333"
ROLE, USER = f"arn:aws:iam::{A}:role/ops", f"arn:aws:iam::{A}:user/ana"
CREATOR = f"arn:aws:iam::{A}:user/creator"
ADMIN = AssociatedPolicy(f"{PREFIX}AmazonEKSClusterAdminPolicy")
VIEW = AssociatedPolicy(f"{PREFIX}AmazonEKSViewPolicy", ScopeType.NAMESPACE, ("a",))


def binding(group: str, role: str, namespace: str = "") -> Any:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    where = {"namespace": namespace} if namespace else {}
    return parse_object(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": kind,
            "metadata": {"name": f"{group}-{role}", **where},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "Group", "apiGroup": GROUP, "name": group}],
        }
    )


RBAC = build(
    [
        *(parse_object(body) for body in default_objects()),
        binding("devs", "view"),
        binding("team", "edit", "shop"),
        binding("lost", "no-such-role"),
    ]
)


def auth(*groups: str, username: str = "ops") -> AwsAuth:
    rows = [{"rolearn": ROLE, "username": username, "groups": list(groups)}]
    return parse({"mapRoles": json.dumps(rows)}, READ_AS_EKS)


NOBODY = parse({}, READ_AS_EKS)


def before(mapped: AwsAuth, rbac: Index | None = RBAC) -> ClusterState:
    return state_of("one", "CONFIG_MAP", CREATOR, mapped, (), rbac)


def after(*entries: AccessEntry, rbac: Index | None = RBAC, creator: str | None = CREATOR) -> ClusterState:
    return state_of("one", "API", creator, NOBODY, entries, rbac)


def entry(*groups: str, username: str = "ops", policies: tuple[AssociatedPolicy, ...] = ()) -> AccessEntry:
    return AccessEntry(ROLE, EntryType.STANDARD, username, groups, "", policies)


EFFECTS: dict[str, tuple[ClusterState, ClusterState, AccessCode]] = {
    "the same groups": (before(auth("devs", "team")), after(entry("devs", "team")), AccessCode.KEEPS),
    "another name": (before(auth("devs")), after(entry("devs", username="x")), AccessCode.RENAMED),
    "masters and the administrator's policy": (
        before(auth("system:masters")),
        after(entry(policies=(ADMIN,))),
        AccessCode.KEEPS,
    ),
    "masters and nothing": (before(auth("system:masters")), after(entry()), AccessCode.LOSES),
    "a group that grants": (before(auth("devs", "team")), after(entry("devs")), AccessCode.LOSES),
    "a group that grants nothing": (before(auth("devs", "idle")), after(entry("devs")), AccessCode.KEEPS),
    "a group whose role is missing": (before(auth("devs", "lost")), after(entry("devs")), AccessCode.KEEPS),
    "one more group": (before(auth("devs")), after(entry("devs", "team")), AccessCode.GAINS),
    "an administrator who was none": (
        before(auth("devs")),
        after(entry("devs", policies=(ADMIN,))),
        AccessCode.GAINS,
    ),
    "one more policy": (before(auth("devs")), after(entry("devs", policies=(VIEW,))), AccessCode.GAINS),
    "no entry": (before(auth("devs")), after(), AccessCode.LOSES),
    "no entry, without a right": (before(auth()), after(), AccessCode.LOSES),
    "an entry for somebody who was not let in": (before(NOBODY), after(entry("devs")), AccessCode.GAINS),
    "an entry without a right": (before(NOBODY), after(entry()), AccessCode.GAINS),
    "neither before nor after": (before(NOBODY), after(), AccessCode.STAYS_OUT),
    "groups of the same name, RBAC unread": (
        before(auth("devs"), None),
        after(entry("devs"), rbac=None),
        AccessCode.KEEPS,
    ),
    "other groups, RBAC unread": (before(auth("devs"), None), after(entry(), rbac=None), AccessCode.UNSURE),
    "masters, RBAC unread": (
        before(auth("system:masters"), None),
        after(entry(policies=(ADMIN,)), rbac=None),
        AccessCode.KEEPS,
    ),
    "a creator that is not known": (
        state_of("one", "CONFIG_MAP", None, NOBODY, (), RBAC),
        after(),
        AccessCode.UNSURE,
    ),
}


@pytest.mark.parametrize(("was", "becomes", "code"), EFFECTS.values(), ids=EFFECTS.keys())
def test_what_becomes_of_a_role(was: ClusterState, becomes: ClusterState, code: AccessCode) -> None:
    step = effect(ROLE, was, becomes)
    assert step.code is code
    assert step.facts[0] == ("principal", ROLE)


def test_an_answer_that_is_open_afterwards_is_open() -> None:
    unread = state_of("one", "CONFIG_MAP", None, NOBODY, (), RBAC)
    assert effect(ROLE, before(auth("devs")), unread).code is AccessCode.UNSURE


def test_what_is_lost_is_told() -> None:
    step = effect(ROLE, before(auth("devs", "team")), after(entry("devs")))
    assert "by the groups team" in dict(step.facts)["lost"]
    assert dict(effect(ROLE, before(auth("system:masters")), after(entry())).facts)["lost"] == (
        "everything by the groups system:masters"
    )
    bare = build(())
    step = effect(ROLE, before(auth(), bare), after(rbac=bare))
    assert dict(step.facts)["lost"] == "the login as `ops`"


def test_nodes_and_users_are_taken_through_too() -> None:
    node = [{"rolearn": ROLE, "username": "system:node:{{EC2PrivateDNSName}}", "groups": ["system:nodes"]}]
    mapped = parse({"mapRoles": json.dumps(node)}, READ_AS_EKS)
    kind = AccessEntry(ROLE, EntryType.EC2_LINUX, "system:node:{{EC2PrivateDNSName}}", ("system:nodes",))
    assert effect(ROLE, before(mapped), after(kind)).code is AccessCode.KEEPS
    users = parse({"mapUsers": json.dumps([{"userarn": USER, "username": "ana"}])}, READ_AS_EKS)
    own = AccessEntry(USER, EntryType.STANDARD, "ana")
    assert effect(USER, before(users), after(own)).code is AccessCode.KEEPS


def test_what_is_no_principal_is_never_let_in() -> None:
    assert effect("ana", before(NOBODY), after()).code is AccessCode.STAYS_OUT


def test_both_sources_count_in_the_mode_between() -> None:
    between = state_of("one", "API_AND_CONFIG_MAP", CREATOR, auth("devs"), (), RBAC)
    assert effect(ROLE, before(auth("devs")), between).code is AccessCode.KEEPS
