"""Our RBAC beside Kubernetes' own code, on random clusters: may, who may, what may, may it be granted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from benchmarks.kubernetes_rbac import KubernetesRbac, differences
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from e2e.e2e_clients import client
from sekisho.decide.rbac.cover import CoverCode, may_grant, message
from sekisho.decide.rbac.index import build
from sekisho.decide.rbac.model import ObjectKey, RbacObject, Role, Rule
from sekisho.decide.rbac.objects import rule_to_json
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.values import KubeUser
from support.naive_rbac_worlds import AT, NAMESPACES, OBJECTS, REQUESTS, RULES, USERS

# The group is let in before the authorizer is asked, which is all that is asked here.
MEMBERS = [user for user in USERS if "system:masters" not in user.groups]


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[KubernetesRbac]:
    with KubernetesRbac(client("kubernetes-rbac")) as program:
        yield program


@given(objects=OBJECTS)
def test_who_may_make_a_request(kubernetes: KubernetesRbac, objects: list[RbacObject]) -> None:
    index = build(objects)
    questions = [(user, request) for user in MEMBERS for request in REQUESTS]
    assert kubernetes.check(index, questions).allowed == tuple(index.allows(*one) for one in questions)
    for request, found in zip(REQUESTS, kubernetes.search(index, REQUESTS), strict=True):
        assert differences(request, index, found, kubernetes) == set()


@given(objects=OBJECTS, user=st.sampled_from(MEMBERS), namespace=st.sampled_from(("", *NAMESPACES)))
def test_the_rules_of_a_user(
    kubernetes: KubernetesRbac, objects: list[RbacObject], user: KubeUser, namespace: str
) -> None:
    index = build(objects)
    ours = [rule_to_json(rule) for rule in rules_for(user, namespace, index).rules]
    assert in_order(ours) == in_order(kubernetes.rules(index, user, namespace))


def in_order(rules: list[Any]) -> list[str]:
    """Return rules sorted: the server's caches keep no order."""
    return sorted(json.dumps(rule, sort_keys=True) for rule in rules)


@settings(max_examples=150)
@given(
    objects=OBJECTS,
    user=st.sampled_from(MEMBERS),
    namespace=st.sampled_from(("", *NAMESPACES)),
    wanted=st.lists(RULES, min_size=1, max_size=3),
)
def test_what_may_be_granted(
    kubernetes: KubernetesRbac, objects: list[RbacObject], user: KubeUser, namespace: str, wanted: list[Rule]
) -> None:
    index = build(objects)
    decision = may_grant(user, "create", Role(AT, ObjectKey(namespace, "new"), tuple(wanted)), index)
    # A binding of a role that does not exist is told of at the end.
    refusal = kubernetes.refusal(index, user, namespace, wanted).partition("; resolution errors: ")[0]
    # Asked for before the rules are compared.
    assume(CoverCode.ESCALATE not in {step.code for step in decision.decisive})
    # A rule that has both, which no server stores, does not cover a URL there, though it gives it.
    assume(not any(rule.urls and rule.names for rule in rules_for(user, namespace, index).rules))
    assert ("" if decision.allowed else message(decision)) == refusal
