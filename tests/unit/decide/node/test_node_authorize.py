"""What a kubelet may do, row by row; `tests/e2e/test_real_node_authorizer.py` asks the real one the same."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.node.authorize import Code, authorize, node_name
from sekisho.decide.node.graph import Kept, NodeGraph, Object
from sekisho.decide.request.kubernetes import RequestAttributes as Ask
from sekisho.decide.values import KubeUser

NODE = KubeUser("system:node:n1", ("system:nodes", "system:authenticated"))
REACHED = frozenset(
    {
        Object(Kept.SECRET, "ns", "s"),
        Object(Kept.CONFIG_MAP, "ns", "c"),
        Object(Kept.CLAIM, "ns", "pvc"),
        Object(Kept.VOLUME, "", "pv"),
        Object(Kept.SERVICE_ACCOUNT, "ns", "sa"),
        Object(Kept.POD, "ns", "p"),
        Object(Kept.ATTACHMENT, "", "va"),
        Object(Kept.RESOURCE_CLAIM, "ns", "rc"),
    }
)
GRAPH = NodeGraph({"n1": REACHED})
STORAGE, DEVICES, CERTIFICATES = "storage.k8s.io", "resource.k8s.io", "certificates.k8s.io"
LEASES = "coordination.k8s.io"
SELECTED = "spec.nodeName=n1"

ROWS: dict[str, tuple[Ask, Code]] = {
    "its secret": (Ask("get", resource="secrets", namespace="ns", name="s"), Code.REACHED),
    "another secret": (Ask("get", resource="secrets", namespace="ns", name="x"), Code.NOT_REACHED),
    "all secrets": (Ask("list", resource="secrets", namespace="ns"), Code.NOT_REACHED),
    "its secret, watched": (Ask("watch", resource="secrets", namespace="ns", name="s"), Code.REACHED),
    "changing a secret": (Ask("update", resource="secrets", namespace="ns", name="s"), Code.NOT_FOR_NODES),
    "secrets of everywhere": (Ask("get", resource="secrets", name="s"), Code.NOT_FOR_NODES),
    "a part of a map": (
        Ask("get", resource="configmaps", subresource="status", namespace="ns", name="c"),
        Code.NOT_FOR_NODES,
    ),
    "its map": (Ask("get", resource="configmaps", namespace="ns", name="c"), Code.REACHED),
    "its claim": (Ask("get", resource="persistentvolumeclaims", namespace="ns", name="pvc"), Code.REACHED),
    "listing claims": (Ask("list", resource="persistentvolumeclaims", namespace="ns"), Code.NOT_FOR_NODES),
    "the status of its claim": (
        Ask("patch", resource="persistentvolumeclaims", subresource="status", namespace="ns", name="pvc"),
        Code.REACHED,
    ),
    "reading that status": (
        Ask("get", resource="persistentvolumeclaims", subresource="status", namespace="ns", name="pvc"),
        Code.NOT_FOR_NODES,
    ),
    "its volume": (Ask("get", resource="persistentvolumes", name="pv"), Code.REACHED),
    "its attachment": (Ask("get", STORAGE, resource="volumeattachments", name="va"), Code.REACHED),
    "its resource claim": (
        Ask("get", DEVICES, resource="resourceclaims", namespace="ns", name="rc"),
        Code.REACHED,
    ),
    "a token for its account": (
        Ask("create", resource="serviceaccounts", subresource="token", namespace="ns", name="sa"),
        Code.REACHED,
    ),
    "a token for another": (
        Ask("create", resource="serviceaccounts", subresource="token", namespace="ns", name="x"),
        Code.NOT_REACHED,
    ),
    "its account": (Ask("get", resource="serviceaccounts", namespace="ns", name="sa"), Code.REACHED),
    "changing it": (Ask("update", resource="serviceaccounts", namespace="ns", name="sa"), Code.NOT_FOR_NODES),
    "its lease": (Ask("update", LEASES, resource="leases", namespace="kube-node-lease", name="n1"), Code.OWN),
    "another's lease": (
        Ask("get", LEASES, resource="leases", namespace="kube-node-lease", name="n2"),
        Code.NOT_OWN,
    ),
    "a new lease": (Ask("create", LEASES, resource="leases", namespace="kube-node-lease"), Code.OWN),
    "a lease elsewhere": (
        Ask("get", LEASES, resource="leases", namespace="kube-system", name="n1"),
        Code.NOT_FOR_NODES,
    ),
    "its CSI node": (Ask("patch", STORAGE, resource="csinodes", name="n1"), Code.OWN),
    "another's CSI node": (Ask("patch", STORAGE, resource="csinodes", name="n2"), Code.NOT_OWN),
    "listing CSI nodes": (Ask("list", STORAGE, resource="csinodes"), Code.NOT_FOR_NODES),
    "itself": (Ask("get", resource="nodes", name="n1"), Code.OWN),
    "another node": (Ask("get", resource="nodes", name="n2"), Code.NOT_OWN),
    "all nodes": (Ask("list", resource="nodes"), Code.NOT_OWN),
    "registering": (Ask("create", resource="nodes"), Code.STATIC),
    "a node's status": (Ask("patch", resource="nodes", subresource="status", name="n1"), Code.STATIC),
    "a node's proxy": (Ask("get", resource="nodes", subresource="proxy", name="n1"), Code.NOT_FOR_NODES),
    "its pod": (Ask("get", resource="pods", namespace="ns", name="p"), Code.REACHED),
    "its pod, watched by name": (Ask("watch", resource="pods", namespace="ns", name="p"), Code.REACHED),
    "its pods": (Ask("list", resource="pods", field_selector=SELECTED), Code.OWN),
    "its pods, among terms": (
        Ask("list", resource="pods", field_selector=f"a=b,{SELECTED},c!=d"),
        Code.OWN,
    ),
    "its pods, with ==": (Ask("watch", resource="pods", field_selector="spec.nodeName==n1"), Code.OWN),
    "the pods of others": (
        Ask("list", resource="pods", field_selector="spec.nodeName=n2"),
        Code.NOT_SELECTED,
    ),
    "all but its pods": (Ask("list", resource="pods", field_selector="spec.nodeName!=n1"), Code.NOT_SELECTED),
    "another field that ends so": (
        Ask("list", resource="pods", field_selector=f"x{SELECTED}"),
        Code.NOT_SELECTED,
    ),
    "all pods": (Ask("list", resource="pods"), Code.NOT_SELECTED),
    "a mirror pod": (Ask("create", resource="pods", namespace="ns"), Code.STATIC),
    "a pod's status": (
        Ask("patch", resource="pods", subresource="status", namespace="ns", name="p"),
        Code.STATIC,
    ),
    "an eviction": (
        Ask("create", resource="pods", subresource="eviction", namespace="ns", name="p"),
        Code.STATIC,
    ),
    "a shell": (
        Ask("create", resource="pods", subresource="exec", namespace="ns", name="p"),
        Code.NOT_FOR_NODES,
    ),
    "slices": (Ask("list", DEVICES, resource="resourceslices", field_selector=SELECTED), Code.OWN),
    "all slices": (Ask("list", DEVICES, resource="resourceslices"), Code.NOT_SELECTED),
    "a new slice": (Ask("create", DEVICES, resource="resourceslices"), Code.STATIC),
    "a slice": (Ask("get", DEVICES, resource="resourceslices", name="x"), Code.NOT_FOR_NODES),
    "a certificate for a pod": (Ask("create", CERTIFICATES, resource="podcertificaterequests"), Code.STATIC),
    "those of its pods": (
        Ask("list", CERTIFICATES, resource="podcertificaterequests", field_selector=SELECTED),
        Code.OWN,
    ),
    "one of them": (
        Ask("get", CERTIFICATES, resource="podcertificaterequests", name="x"),
        Code.NOT_FOR_NODES,
    ),
    "services": (Ask("list", resource="services"), Code.STATIC),
    "deployments": (Ask("list", "apps", resource="deployments"), Code.NOT_FOR_NODES),
    "a URL": (Ask("get", path="/metrics"), Code.NOT_FOR_NODES),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_kubelet_s_request(case: str) -> None:
    request, code = ROWS[case]
    decision = authorize(NODE, request, GRAPH)
    assert [step.code for step in decision.decisive] == [code]
    allows = code in (Code.STATIC, Code.OWN, Code.REACHED)
    assert decision.outcome is (Outcome.ALLOW if allows else Outcome.NO_OPINION)
    assert "(" not in decision.sentence().replace("(all)", "")  # every name in the sentence is filled in


@pytest.mark.parametrize(
    ("name", "groups", "node"),
    [
        ("system:node:n1", ("system:nodes",), "n1"),
        ("system:node:n1", ("system:authenticated",), None),
        ("system:node:", ("system:nodes",), None),
        ("n1", ("system:nodes",), None),
    ],
)
def test_who_is_a_node(name: str, groups: tuple[str, ...], node: str | None) -> None:
    user = KubeUser(name, groups)
    assert node_name(user) == node
    if node is None:
        decision = authorize(user, Ask("list", resource="services"), GRAPH)
        assert [step.code for step in decision.decisive] == [Code.NOT_A_NODE]
        assert decision.outcome is Outcome.NO_OPINION


PODS_ONLY = NodeGraph(
    {"n1": frozenset({Object(Kept.CLAIM, "ns", "pvc")}), "n2": frozenset()},
    frozenset({Kept.VOLUME, Kept.ATTACHMENT}),
)
UNREAD: dict[str, tuple[Ask, NodeGraph | None, Code]] = {
    "a secret, no pod read": (Ask("get", resource="secrets", namespace="ns", name="s"), None, Code.UNREAD),
    "all secrets, no pod read": (Ask("list", resource="secrets", namespace="ns"), None, Code.NOT_REACHED),
    "its own pods, no pod read": (
        Ask("list", resource="pods", field_selector=SELECTED),
        None,
        Code.OWN,
    ),
    "a pod by name, no pod read": (
        Ask("watch", resource="pods", namespace="ns", name="p"),
        None,
        Code.UNREAD,
    ),
    "services, no pod read": (Ask("list", resource="services"), None, Code.STATIC),
    "a volume, volumes unread": (Ask("get", resource="persistentvolumes", name="pv"), PODS_ONLY, Code.UNREAD),
    "a secret behind a claim whose volume is unread": (
        Ask("get", resource="secrets", namespace="ns", name="s"),
        PODS_ONLY,
        Code.UNREAD,
    ),
    "a map, volumes unread": (
        Ask("get", resource="configmaps", namespace="ns", name="c"),
        PODS_ONLY,
        Code.NOT_REACHED,
    ),
}


@pytest.mark.parametrize(("request_", "graph", "code"), UNREAD.values(), ids=UNREAD)
def test_what_hangs_on_objects_that_were_not_read_is_unknown(
    request_: Ask, graph: NodeGraph | None, code: Code
) -> None:
    decision = authorize(NODE, request_, graph)
    assert [step.code for step in decision.decisive] == [code]
    assert (decision.outcome is Outcome.UNKNOWN) == (code is Code.UNREAD)


def test_a_node_without_claims_reaches_no_secret_by_a_volume() -> None:
    other = KubeUser("system:node:n2", ("system:nodes",))
    asked = Ask("get", resource="secrets", namespace="ns", name="s")
    assert authorize(other, asked, PODS_ONLY).decisive[0].code is Code.NOT_REACHED


CODES = {
    "node.not-a-node",
    "node.rule-of-all-nodes",
    "node.own-object",
    "node.named-by-its-pods",
    "node.not-named-by-its-pods",
    "node.not-its-own",
    "node.not-selected",
    "node.not-for-nodes",
    "node.pods-unread",
}


def test_the_codes_are_what_they_are_called() -> None:
    assert {code.value for code in Code} == CODES
