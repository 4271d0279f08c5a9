"""What a change of RBAC objects newly allows, and to which bindings it can be due."""

import pytest

from sekisho.decide.decision import Outcome, ReasonCode
from sekisho.decide.rbac.cover import CoverCode, may_grant
from sekisho.decide.rbac.gained import gained, touched
from sekisho.decide.rbac.index import build
from sekisho.decide.rbac.model import MASTERS, RbacObject
from sekisho.decide.values import KubeUser
from unit.decide.rbac.build import binding, role, rule, urls
from unit.decide.rbac.test_rbac_questions import LARGE

JANE = KubeUser("jane", ("system:authenticated",))
READER = role("reader", rule("get", "core", "pods"))
WRITER = role("reader", rule("get list", "core", "pods"), urls("get", "/x"))
EVERYWHERE = binding("b", "ClusterRole:reader", "User:jane")
SHOP = binding("shop/b", "ClusterRole:reader", "User:jane")
GONE = binding("b", "ClusterRole:gone", "User:jane")

GAINS: dict[str, tuple[list[RbacObject], list[RbacObject], set[tuple[str, str, str]]]] = {
    "a new binding": ([READER], [READER, EVERYWHERE], {("", "get", "pods")}),
    "a role that grew": (
        [READER, EVERYWHERE],
        [WRITER, EVERYWHERE],
        {("", "list", "pods"), ("", "get", "/x")},
    ),
    "a RoleBinding opens no URL": (
        [WRITER],
        [WRITER, SHOP],
        {("shop", "get", "pods"), ("shop", "list", "pods")},
    ),
    "held everywhere already": ([READER, EVERYWHERE], [READER, EVERYWHERE, SHOP], set()),
    "told everywhere, not again in a namespace": (
        [READER],
        [READER, EVERYWHERE, SHOP],
        {("", "get", "pods")},
    ),
    "a role that is missing": ([READER], [READER, GONE], set()),
    "a role that comes to be": ([EVERYWHERE], [READER, EVERYWHERE], {("", "get", "pods")}),
    "a role that shrank": ([WRITER, EVERYWHERE], [READER, EVERYWHERE], set()),
}


@pytest.mark.parametrize(("before", "after", "expected"), GAINS.values(), ids=GAINS)
def test_gains(
    before: list[RbacObject], after: list[RbacObject], expected: set[tuple[str, str, str]]
) -> None:
    found = gained(JANE, JANE, build(before), build(after))
    told = {
        (one.namespace, atom.verbs[0], (atom.resources or atom.urls)[0])
        for one in found
        for atom in one.atoms
    }
    assert told == expected
    assert not any(one.too_many for one in found)


def test_who_may_everything_gains_nothing() -> None:
    root = KubeUser("jane", (MASTERS,))
    assert gained(JANE, root, build([READER]), build([READER, EVERYWHERE])) == ()


def test_rules_that_multiply_out_too_far_are_told_as_they_stand() -> None:
    grant = binding(
        "shop/b", f"{(LARGE.key.namespace and 'Role') or 'ClusterRole'}:{LARGE.key.name}", "User:jane"
    )
    (found,) = gained(JANE, JANE, build([]), build([LARGE, grant]))
    assert found.too_many
    assert found.atoms == LARGE.rules


TOUCHED: dict[str, tuple[list[RbacObject], list[RbacObject], list[RbacObject]]] = {
    "new": ([READER], [READER, EVERYWHERE], [EVERYWHERE]),
    "the same": ([READER, EVERYWHERE], [READER, EVERYWHERE], []),
    "its role changed": ([READER, EVERYWHERE], [WRITER, EVERYWHERE], [EVERYWHERE]),
    "its role is missing": ([READER], [READER, GONE], []),
    "another in the namespace": (
        [READER, binding("shop/a", "ClusterRole:x", "User:j")],
        [READER, SHOP],
        [SHOP],
    ),
    "other subjects": (
        [READER, binding("b", "ClusterRole:reader", "User:joe")],
        [READER, EVERYWHERE],
        [EVERYWHERE],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), TOUCHED.values(), ids=TOUCHED)
def test_bindings_that_may_grant_more(
    before: list[RbacObject], after: list[RbacObject], expected: list[RbacObject]
) -> None:
    assert list(touched(build(before), build(after))) == expected


GRANTS: dict[str, tuple[list[RbacObject], Outcome, ReasonCode]] = {
    "held": ([READER, EVERYWHERE], Outcome.ALLOW, CoverCode.HELD),
    "not held": ([], Outcome.DENY, CoverCode.NOT_HELD),
}


@pytest.mark.parametrize(("objects", "outcome", "code"), GRANTS.values(), ids=GRANTS)
def test_granting_is_decided_without_the_verb_that_writes(
    objects: list[RbacObject], outcome: Outcome, code: ReasonCode
) -> None:
    decision = may_grant(JANE, "update", READER, build(objects))
    assert decision.outcome is outcome
    assert [step.code for step in decision.decisive] == [code]
