"""What a node may write, asked of the lab and of a real kube-apiserver: NodeRestriction of both."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.both_clusters import Both, Side, both_clusters
from support.checkpoint import waited

NODE = {"Impersonate-User": "system:node:n1", "Impersonate-Group": "system:nodes"}
PODS = "/api/v1/namespaces/shop/pods"
ACCOUNTS = "/api/v1/namespaces/shop/serviceaccounts"
NODES = "/api/v1/nodes"
DRY = "?dryRun=All"
MERGE = {"content-type": "application/merge-patch+json"}
OWNER = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "UID:nodes/n1", "controller": True}
CONTAINER = {"name": "c", "image": "busybox"}
TOKEN = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "t", "expirationSeconds": 600}}

Ask = tuple[str, str, Any, dict[str, str]]


def pod(name: str, node: str, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": node, "containers": [CONTAINER], "serviceAccountName": "app", **spec},
    }


def mirror(*, annotations: Any = None, owners: Any = (OWNER,), node: str = "n1", **spec: Any) -> Ask:
    marks = {"kubernetes.io/config.mirror": "x"} if annotations is None else annotations
    metadata = {"name": "m", "annotations": marks, "ownerReferences": list(owners)}
    body = {"metadata": metadata, "spec": {"nodeName": node, "containers": [CONTAINER], **spec}}
    return "POST", PODS + DRY, body, {}


def owned(**changed: Any) -> Ask:
    return mirror(owners=({**OWNER, **changed},))


def volume(**source: Any) -> Ask:
    return mirror(volumes=[{"name": "v", **source}])


def projected(**source: Any) -> Ask:
    return volume(projected={"sources": [source]})


def env(**source: Any) -> Ask:
    return mirror(containers=[{**CONTAINER, **source}])


def token(*audiences: str, account: str = "app", **bound: Any) -> Ask:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "mine", "uid": "UID:shop/pods/mine", **bound}
    spec: dict[str, Any] = {"audiences": list(audiences), "boundObjectRef": reference}
    return "POST", f"{ACCOUNTS}/{account}/token", {"spec": spec}, {}


def labels(name: str = "n1", sub: str = "", **labels_: str | None) -> Ask:
    body = {
        "metadata": {
            "labels": {key.replace("__", "/").replace("_", "."): text for key, text in labels_.items()}
        }
    }
    return "PATCH", f"{NODES}/{name}{sub}{DRY}", body, MERGE


def node(name: str, given: dict[str, str]) -> Ask:
    return "POST", NODES + DRY, {"metadata": {"name": name, "labels": given}}, {}


ASKS: dict[str, Ask] = {
    "mirror pod": mirror(),
    "no mirror pod": mirror(annotations={}),
    "no mirror pod, with an account": mirror(annotations={}, serviceAccountName="app"),
    "no mirror pod, of nobody": mirror(annotations={}, serviceAccountName="nobody"),
    "mirror pod elsewhere": mirror(node="n2"),
    "mirror pod of nobody's": mirror(owners=()),
    "mirror pod of two": mirror(owners=(OWNER, {**OWNER, "name": "n2", "controller": False, "uid": "x"})),
    "owner is another node": owned(name="n2"),
    "owner is no node": owned(kind="Pod"),
    "owner of another version": owned(apiVersion="v2"),
    "owner does not control": owned(controller=False),
    "owner blocks deletion": owned(blockOwnerDeletion=True),
    "owner of before": owned(uid="u-before"),
    "mirror pod with an account": mirror(serviceAccountName="app"),
    "mirror pod with pull secrets": mirror(imagePullSecrets=[{"name": "s"}]),
    "mirror pod with a secret's key": env(
        env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    ),
    "mirror pod with a map's key": env(
        env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}}]
    ),
    "mirror pod with a map": env(envFrom=[{"configMapRef": {"name": "c"}}]),
    "mirror pod with a token": projected(**TOKEN),
    "mirror pod with a projected map": projected(configMap={"name": "c"}),
    "mirror pod with a projected secret": projected(secret={"name": "s"}),
    "mirror pod with its own names": projected(
        downwardAPI={"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}
    ),
    "mirror pod with a secret volume": volume(secret={"secretName": "s"}),
    "mirror pod with a map volume": volume(configMap={"name": "c"}),
    "mirror pod with a claim": volume(persistentVolumeClaim={"claimName": "c"}),
    "mirror pod with a driver": volume(csi={"driver": "d"}),
    "mirror pod with a folder": volume(hostPath={"path": "/x"}),
    "mirror pod with nothing": volume(emptyDir={}),
    "evict its pod": ("POST", f"{PODS}/mine/eviction{DRY}", {"metadata": {"name": "mine"}}, {}),
    "evict another's pod": ("POST", f"{PODS}/theirs/eviction{DRY}", {"metadata": {"name": "theirs"}}, {}),
    "status of its pod": ("PATCH", f"{PODS}/mine/status{DRY}", {"status": {"message": "m"}}, MERGE),
    "status of another's pod": ("PATCH", f"{PODS}/theirs/status{DRY}", {"status": {"message": "m"}}, MERGE),
    "labels through the status of its pod": (
        "PATCH",
        f"{PODS}/mine/status{DRY}",
        {"metadata": {"labels": {"a": "b"}}},
        MERGE,
    ),
    "delete its pod": ("DELETE", f"{PODS}/mine{DRY}", None, {}),
    "delete another's pod": ("DELETE", f"{PODS}/theirs{DRY}", None, {}),
    "delete no pod": ("DELETE", f"{PODS}/nobody{DRY}", None, {}),
    "update its pod": ("PATCH", f"{PODS}/mine{DRY}", {"metadata": {"labels": {"a": "b"}}}, MERGE),
    "label of the operator": labels(team="a"),
    "label of a kubelet": labels(kubernetes_io__hostname="n1"),
    "label of the domain": labels(kubernetes_io__made="n1"),
    "label of a domain below": labels(x_k8s_io__made="n1"),
    "label that is restricted": labels(node_restriction_kubernetes_io__a="n1"),
    "label of node": labels(x_node_kubernetes_io__a="n1"),
    "label through the status": labels(sub="/status", kubernetes_io__made="n1"),
    "label removed": labels(team_example_com__kept=None, example_kubernetes_io__kept=None),
    "label of another node": labels("n2", team="a"),
    "taints": (
        "PATCH",
        f"{NODES}/n1{DRY}",
        {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}},
        MERGE,
    ),
    "taints gone": ("PATCH", f"{NODES}/n1{DRY}", {"spec": {"taints": None}}, MERGE),
    "unschedulable": ("PATCH", f"{NODES}/n1{DRY}", {"spec": {"unschedulable": True}}, MERGE),
    "owners": ("PATCH", f"{NODES}/n1{DRY}", {"metadata": {"ownerReferences": [OWNER]}}, MERGE),
    "delete its node": ("DELETE", f"{NODES}/n1{DRY}", None, {}),
    "register itself again": node("n1", {}),
    "register another": node("n3", {}),
    "register itself, restricted": node(
        "n1", {"node-restriction.kubernetes.io/a": "b", "kubernetes.io/x": "y"}
    ),
    "token for its pod": token("sts.amazonaws.com"),
    "token for the API server": token(),
    "token for another audience": token("vault"),
    "token for two audiences": token("sts.amazonaws.com", "vault"),
    "token without a uid": token("sts.amazonaws.com", uid=None),
    "token of another uid": token("sts.amazonaws.com", uid="u-before"),
    "token for another's pod": token("sts.amazonaws.com", name="theirs", uid="UID:shop/pods/theirs"),
    "token for no pod": token("sts.amazonaws.com", name="nobody"),
    "token for a node": token("sts.amazonaws.com", kind="Node", name="n1", uid="UID:nodes/n1"),
    "token bound to nothing": ("POST", f"{ACCOUNTS}/app/token", {"spec": {"audiences": ["x"]}}, {}),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("restriction")
    with running_lab(folder / "lab-state") as lab, both_clusters(folder, lab, admits=True) as both:
        marks = {"example.kubernetes.io/kept": "x", "team.example.com/kept": "x"}
        made: list[tuple[str, Any]] = [
            ("/api/v1/namespaces", {"metadata": {"name": "shop"}}),
            (
                NODES,
                {
                    "metadata": {"name": "n1", "labels": marks},
                    "spec": {"taints": [{"key": "t", "effect": "NoExecute"}]},
                },
            ),
            (NODES, {"metadata": {"name": "n2"}}),
            (ACCOUNTS, {"metadata": {"name": "app"}}),
            (PODS, pod("mine", "n1", volumes=[{"name": "t", "projected": {"sources": [TOKEN]}}])),
            (PODS, pod("theirs", "n2", automountServiceAccountToken=False)),
        ]
        for path, body in made:
            for status, told in both.ask("POST", path, body):
                assert status == 201, told
        waited(lambda: both.real.ask("GET", f"{ACCOUNTS}/default")[0] == 200 or None)
        # The plugin reads pods and nodes from a cache of its own.
        waited(lambda: sent(both.real, token("sts.amazonaws.com"))[0] == 201 or None)
        waited(lambda: "UID mismatch" in sent(both.real, owned(uid="u"))[1] or None)
        yield both


def sent(side: Side, ask: Ask) -> tuple[int, str]:
    """Send a request as the node; return its status and the message of a failure."""
    method, path, body, headers = ask
    text = json.dumps(body)
    for mark in {part.partition('"')[0] for part in text.split("UID:")[1:]}:
        text = text.replace(f"UID:{mark}", uid(side, mark))
    status, told = side.ask(method, path, None if body is None else text, {**NODE, **headers})
    message = told.get("message", "") if isinstance(told, dict) and told.get("kind") == "Status" else ""
    return status, message


def uid(side: Side, mark: str) -> str:
    """Return the uid of an object, asked without what makes answers comparable."""
    path = f"/api/v1/namespaces/{mark}" if "/pods/" in mark else f"/api/v1/{mark}"
    return str(side.raw("GET", path)["metadata"]["uid"])


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_a_node_is_told_the_same_by_both(both: Both, ask: Ask) -> None:
    assert sent(both.lab, ask) == sent(both.real, ask)
