"""Whether a user may act as another: the old verb, the constrained modes before it, and what is told."""

from typing import Any

import pytest

from sekisho.decide.chain.impersonate import Code, impersonate, impersonated_chain
from sekisho.decide.decision import Chain, Outcome
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.impersonation import Wanted
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser
from support.cluster_facts import cluster_with

AUTHENTICATION = "authentication.k8s.io"
ANA = KubeUser("ana", ("system:authenticated",))
LIST = RequestAttributes("list", "", "v1", "pods")


def index_of(*rules: dict[str, Any]) -> Index:
    group = "rbac.authorization.k8s.io"
    role: dict[str, Any] = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "r"},
        "rules": list(rules),
    }
    binding: dict[str, Any] = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "r"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "ana"}],
    }
    return build([parse_object(role), parse_object(binding)])


def rule(verb: str, group: str, resource: str, *names: str) -> dict[str, Any]:
    return {"verbs": [verb], "apiGroups": [group], "resources": [resource], "resourceNames": list(names)}


OLD = rule("impersonate", "", "users", "bob")
ON = rule("impersonate-on:user-info:list", "", "pods")
BE = rule("impersonate:user-info", AUTHENTICATION, "users", "bob")
GROUPS = rule("impersonate:user-info", AUTHENTICATION, "groups", "a", "b", "c", "d")
ANY_GROUP = rule("impersonate:user-info", AUTHENTICATION, "groups", "*")
MANY = Wanted("bob", ("a", "b", "c", "d"))

ROWS: dict[str, tuple[list[dict[str, Any]], Wanted, bool, str | None]] = {
    "the old verb": ([OLD], Wanted("bob"), False, None),
    "the old verb, beside the new modes": ([OLD], Wanted("bob"), True, None),
    "another name": ([OLD], Wanted("eve"), False, "impersonate users eve"),
    "nothing": ([], Wanted("bob"), False, "impersonate users bob"),
    "both halves of a mode": ([ON, BE], Wanted("bob"), True, None),
    "one half": ([BE], Wanted("bob"), True, "impersonate-on:user-info:list pods "),
    "the other half": ([ON], Wanted("bob"), True, "impersonate:user-info users bob"),
    "a mode that the server does not know": ([ON, BE], Wanted("bob"), False, "impersonate users bob"),
    "many groups, each": ([ON, BE, GROUPS], MANY, True, None),
    "many groups, any": ([ON, BE, ANY_GROUP], MANY, True, None),
    "many groups, not one": ([ON, BE], MANY, True, "impersonate:user-info groups a"),
    "few groups, any is none": (
        [ON, BE, ANY_GROUP],
        Wanted("bob", ("a",)),
        True,
        "impersonate:user-info groups a",
    ),
    "no mode fits": ([], Wanted("system:node:n", ("g",)), True, "impersonate users system:node:n"),
}


@pytest.mark.parametrize("case", ROWS)
def test_who_may_act_as_whom(case: str) -> None:
    rules, wanted, constrained, missing = ROWS[case]
    found = impersonate(ANA, wanted, LIST, cluster_with(index_of(*rules)), constrained=constrained)
    if missing is None:
        assert found.decision.outcome is Outcome.ALLOW
        assert found.decision.value is not None
        assert found.decision.value.name == wanted.user
        assert [step.code for step in found.decision.decisive] == [Code.ALLOWED]
        assert found.denied is None
    else:
        assert found.decision.outcome is Outcome.NO_OPINION
        assert found.decision.value is None
        assert found.denied is not None
        request = found.denied.request
        assert f"{request.verb} {request.resource} {request.name}" == missing


def test_masters_are_never_acted_as_by_a_constrained_mode_and_the_reason_says_so() -> None:
    anything = {
        "verbs": ["impersonate:user-info", "impersonate-on:user-info:list"],
        "apiGroups": ["*"],
        "resources": ["*"],
    }
    wanted = Wanted("bob", ("system:masters",))
    found = impersonate(ANA, wanted, LIST, cluster_with(index_of(anything)), constrained=True)
    assert found.decision.outcome is Outcome.DENY
    assert [step.code for step in found.decision.decisive] == ["impersonation.forbidden"]
    assert "system:masters" in found.decision.sentence()


def test_rbac_that_was_not_read_allows_nobody() -> None:
    found = impersonate(ANA, Wanted("bob"), LIST, cluster_with(None), constrained=True)
    assert found.decision.outcome is Outcome.UNKNOWN
    assert found.decision.value is None


@pytest.mark.parametrize(
    ("rules", "links"), [([OLD], ["impersonation", "authorization"]), ([], ["impersonation"])]
)
def test_the_chain_goes_on_with_the_rights_of_the_other(
    rules: list[dict[str, Any]], links: list[str]
) -> None:
    facts = cluster_with(index_of(*rules, rule("list", "", "pods")))
    found = impersonate(ANA, Wanted("bob"), LIST, facts, constrained=False)
    chain = impersonated_chain(Chain("person_to_cluster", ()), found, LIST, facts)
    assert [link.name for link in chain.links] == links
    # Ana may list pods and bob may not: the answer is bob's.
    assert chain.outcome is Outcome.NO_OPINION


def test_the_codes_are_what_they_are_called() -> None:
    assert {code.value for code in Code} == {"impersonation.allowed", "impersonation.forbidden"}
