"""Our Node authorizer beside Kubernetes' own: what a kubelet may do, asked of both."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.decide.node.authorize import authorize
from sekisho.decide.node.graph import NodeGraph, build_graph
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser
from support.access_reviews import Question, ask_all
from support.checkpoint import waited
from support.kube_apiserver import ApiServerProcess, running_apiserver

IMAGE = {"name": "c", "image": "busybox"}


def pod(name: str, node: str, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": node, "containers": [IMAGE], "automountServiceAccountToken": False, **spec},
    }


def env(secret: str, config_map: str) -> list[dict[str, Any]]:
    return [
        {
            **IMAGE,
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": config_map, "key": "k"}}},
            ],
            "envFrom": [{"secretRef": {"name": "s-env-from"}}, {"configMapRef": {"name": "c-env-from"}}],
        }
    ]


SOURCES = [{"secret": {"name": "s-projected"}}, {"configMap": {"name": "c-projected"}}]
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
VOLUMES = [
    {"name": "a", "secret": {"secretName": "s-volume"}},
    {"name": "b", "configMap": {"name": "c-volume"}},
    {"name": "c", "projected": {"sources": SOURCES}},
    {"name": "d", "persistentVolumeClaim": {"claimName": "p-claim"}},
    {"name": "e", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "s-csi"}}},
    {"name": "f", "ephemeral": {"volumeClaimTemplate": CLAIM}},
]
PODS = [
    pod("one", "n1", volumes=VOLUMES, serviceAccountName="robot", imagePullSecrets=[{"name": "s-pull"}]),
    pod("two", "n1", "kube-system", containers=env("s-env", "c-env"), initContainers=[]),
    pod("three", "n2", serviceAccountName="other", containers=env("s-env", "c-env")),
]
STAGE = {"name": "s-stage", "namespace": "kube-system"}
VOLUME = {
    "metadata": {"name": "pv-one"},
    "spec": {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "claimRef": {"namespace": "default", "name": "p-claim"},
        "csi": {"driver": "x", "volumeHandle": "h", "nodeStageSecretRef": STAGE},
    },
}
ATTACHMENT = {
    "metadata": {"name": "va-one"},
    "spec": {"attacher": "x", "nodeName": "n1", "source": {"persistentVolumeName": "pv-one"}},
}

NODES = (
    KubeUser("system:node:n1", ("system:nodes", "system:authenticated")),
    KubeUser("system:node:n2", ("system:nodes", "system:authenticated")),
    KubeUser("system:node:n1", ("system:authenticated",)),
    KubeUser("system:node:", ("system:nodes", "system:authenticated")),
    KubeUser("n1", ("system:nodes", "system:authenticated")),
)
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
NAMES = {
    ("", "secrets", ""): (
        "s-volume",
        "s-projected",
        "s-csi",
        "s-pull",
        "s-env",
        "s-env-from",
        "s-stage",
        "x",
        "",
    ),
    ("", "configmaps", ""): ("c-volume", "c-projected", "c-env", "c-env-from", "x", ""),
    ("", "configmaps", "status"): ("c-volume",),
    ("", "persistentvolumeclaims", ""): ("p-claim", "one-f", "x", ""),
    ("", "persistentvolumeclaims", "status"): ("p-claim", "x"),
    ("", "persistentvolumes", ""): ("pv-one", "x", ""),
    ("", "serviceaccounts", ""): ("robot", "other", ""),
    ("", "serviceaccounts", "token"): ("robot", "other", "x", ""),
    ("", "nodes", ""): ("n1", "n2", ""),
    ("", "nodes", "status"): ("n1", "n2"),
    ("", "nodes", "proxy"): ("n1",),
    ("", "pods", ""): ("one", "three", "x", ""),
    ("", "pods", "status"): ("one", "three"),
    ("", "pods", "eviction"): ("one",),
    ("", "pods", "exec"): ("one",),
    ("", "services", ""): ("x", ""),
    ("", "endpoints", ""): ("x", ""),
    ("", "events", ""): ("x", ""),
    ("", "namespaces", ""): ("x", ""),
    ("storage.k8s.io", "volumeattachments", ""): ("va-one", "x", ""),
    ("storage.k8s.io", "csinodes", ""): ("n1", "n2", ""),
    ("storage.k8s.io", "csidrivers", ""): ("x", ""),
    ("coordination.k8s.io", "leases", ""): ("n1", "n2", ""),
    ("certificates.k8s.io", "certificatesigningrequests", ""): ("x", ""),
    ("certificates.k8s.io", "clustertrustbundles", ""): ("x", ""),
    ("certificates.k8s.io", "podcertificaterequests", ""): ("x", ""),
    ("node.k8s.io", "runtimeclasses", ""): ("x", ""),
    ("resource.k8s.io", "resourceclaims", ""): ("x", ""),
    ("resource.k8s.io", "resourceslices", ""): ("x", ""),
    ("authentication.k8s.io", "tokenreviews", ""): ("",),
    ("apps", "deployments", ""): ("x", ""),
}
NAMESPACES = ("default", "kube-system", "kube-node-lease", "")
SELECTORS = (
    "",
    "spec.nodeName=n1",
    "spec.nodeName=n2",
    "metadata.name=one,spec.nodeName=n1",
    "spec.nodeName!=n1",
)


@dataclass(frozen=True)
class Cluster:
    """A real API server with pods on two nodes, and our graph of the same objects."""

    api: ApiServerProcess
    graph: NodeGraph


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    flags = ("--disable-admission-plugins=ServiceAccount,Priority",)
    with running_apiserver(tmp_path_factory.mktemp("nodes"), flags) as api:
        waited(lambda: api.ask("GET", "/api/v1/namespaces/kube-system")[0] == 200 or None)
        for body in PODS:
            api.create(f"/api/v1/namespaces/{body['metadata']['namespace']}/pods", body)
        api.create("/api/v1/persistentvolumes", VOLUME)
        api.create("/apis/storage.k8s.io/v1/volumeattachments", ATTACHMENT)
        found = [
            api.ask("GET", path)[1]["items"]
            for path in (
                "/api/v1/pods",
                "/api/v1/persistentvolumes",
                "/apis/storage.k8s.io/v1/volumeattachments",
            )
        ]
        last = Question(
            *question(
                NODES[0], RequestAttributes("get", "storage.k8s.io", "v1", "volumeattachments", name="va-one")
            )
        )
        waited(lambda: ask_all(api, [last])[0] or None)
        stage = Question(
            *question(
                NODES[0],
                RequestAttributes("get", "", "v1", "secrets", namespace="kube-system", name="s-stage"),
            )
        )
        waited(lambda: ask_all(api, [stage])[0] or None)
        yield Cluster(api, build_graph(*found))


def question(
    user: KubeUser, attributes: RequestAttributes
) -> tuple[dict[str, Any], KubeUser, RequestAttributes]:
    about: dict[str, Any] = {
        "verb": attributes.verb,
        "group": attributes.group,
        "version": attributes.version,
        "resource": attributes.resource,
        "subresource": attributes.subresource,
        "namespace": attributes.namespace,
        "name": attributes.name,
    }
    if attributes.field_selector:
        about["fieldSelector"] = {"rawSelector": attributes.field_selector}
    return {"user": user.name, "groups": list(user.groups), "resourceAttributes": about}, user, attributes


def questions() -> Iterator[Question]:
    for user, verb, ((group, resource, subresource), names) in itertools.product(NODES, VERBS, NAMES.items()):
        for name, namespace in itertools.product(names, NAMESPACES):
            selectors = (
                SELECTORS
                if resource in ("pods", "resourceslices", "podcertificaterequests")
                and verb in ("list", "watch")
                else ("",)
            )
            for selector in selectors:
                attributes = RequestAttributes(
                    verb, group, "v1", resource, subresource, namespace, name, field_selector=selector
                )
                yield Question(*question(user, attributes))


def test_every_question_about_nodes_has_the_same_answer(cluster: Cluster) -> None:
    asked = list(questions())
    theirs = ask_all(cluster.api, asked)
    ours = [authorize(one.user, one.attributes, cluster.graph).allowed for one in asked]
    different = [
        (one.user.name, one.attributes, told)
        for one, told, found in zip(asked, theirs, ours, strict=True)
        if told != found
    ]
    assert different == []
    assert 100 < sum(theirs) < len(asked) / 2
