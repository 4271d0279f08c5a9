"""The Node authorizer beside RBAC: who says yes is enough, and only nodes hear of it."""

from dataclasses import replace

import pytest

from sekisho.decide.chain import admitted, authorize
from sekisho.decide.decision import Outcome
from sekisho.decide.node.authorize import Code
from sekisho.decide.node.graph import NodeGraph, build_graph
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes as Ask
from sekisho.decide.values import JsonObject, KubeUser
from support.cluster_facts import cluster_with

NODE = KubeUser("system:node:n1", ("system:nodes", "system:authenticated"))
ANA = KubeUser("ana", ("system:authenticated",))
POD: JsonObject = {
    "metadata": {"name": "p", "namespace": "web"},
    "spec": {"nodeName": "n1", "volumes": [{"secret": {"secretName": "db"}}]},
}
GRAPH = build_graph([POD])
DB = Ask("get", resource="secrets", namespace="web", name="db")
OTHER = replace(DB, name="other")
GROUP = "rbac.authorization.k8s.io"
ROLE: JsonObject = {
    "apiVersion": f"{GROUP}/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "r"},
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["other"]}],
}
BINDING: JsonObject = {
    "apiVersion": f"{GROUP}/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "b"},
    "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "r"},
    "subjects": [{"kind": "Group", "name": "system:nodes", "apiGroup": GROUP}],
}
NONE, BOUND = build([]), build([parse_object(ROLE), parse_object(BINDING)])

ROWS: dict[str, tuple[KubeUser, Ask, Index | None, NodeGraph | None, Outcome, str]] = {
    "named by its pod": (NODE, DB, NONE, GRAPH, Outcome.ALLOW, "node.named-by-its-pods"),
    "not named": (NODE, OTHER, NONE, GRAPH, Outcome.NO_OPINION, "node.not-named-by-its-pods"),
    "RBAC allows what the node authorizer does not": (
        NODE, OTHER, BOUND, GRAPH, Outcome.ALLOW, "rbac.matched",
    ),
    "pods unread": (NODE, DB, NONE, None, Outcome.UNKNOWN, "node.pods-unread"),
    "pods unread, RBAC allows": (NODE, OTHER, BOUND, None, Outcome.ALLOW, "rbac.matched"),
    "RBAC unread, the node authorizer allows": (
        NODE, DB, None, GRAPH, Outcome.ALLOW, "node.named-by-its-pods",
    ),
    "RBAC unread, the node authorizer does not": (
        NODE, OTHER, None, GRAPH, Outcome.UNKNOWN, "chain.rbac-unread",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("user", "ask", "rbac", "graph", "outcome", "code"), ROWS.values(), ids=ROWS)
def test_a_node_is_asked_about_first(
    user: KubeUser, ask: Ask, rbac: Index | None, graph: NodeGraph | None, outcome: Outcome, code: str
) -> None:
    facts = replace(cluster_with(rbac), nodes=graph)
    decision = authorize(user, ask, facts)
    assert decision.outcome is outcome
    assert code in {str(step.code) for step in decision.decisive}
    assert str(decision.trace[0].code).startswith("node.")
    assert admitted(user, ask, facts) is (outcome is Outcome.ALLOW)


def test_nobody_else_hears_of_the_node_authorizer() -> None:
    facts = replace(cluster_with(NONE), nodes=GRAPH)
    decision = authorize(ANA, DB, facts)
    codes = {str(step.code) for step in (*decision.trace, *decision.decisive, *decision.nearest)}
    assert decision.outcome is Outcome.NO_OPINION
    assert not {code for code in codes if code.startswith("node.")}
    assert not admitted(ANA, DB, facts)


def test_without_the_group_a_node_name_is_only_a_name() -> None:
    facts = replace(cluster_with(NONE), nodes=GRAPH)
    decision = authorize(KubeUser(NODE.name, ANA.groups), DB, facts)
    assert Code.NOT_A_NODE not in {step.code for step in decision.trace}
    assert decision.outcome is Outcome.NO_OPINION
