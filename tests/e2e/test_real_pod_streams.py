"""The lab's answers about streams of pods beside those of a real kube-apiserver, which has no kubelet here.

What can be compared is everything up to the node: parameters, pod, container, host, permission.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from support.cluster_door import ClusterDoor, door_of
from support.kube_apiserver import ADMIN, ApiServerProcess, running_apiserver
from support.streaming_lab import streaming_lab

PODS = "/api/v1/namespaces/default/pods"
RBAC = "rbac.authorization.k8s.io"
ROLES = f"/apis/{RBAC}/v1/namespaces/default"


def pod(name: str, *containers: str, first: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": one, "image": "local"} for one in containers]}
    if first:
        spec["initContainers"] = [{"name": first, "image": "local"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _looker() -> list[tuple[str, dict[str, Any]]]:
    rule = {"apiGroups": [""], "resources": ["pods/exec", "pods/portforward"], "verbs": ["get"]}
    subject = {"kind": "User", "name": "looker", "apiGroup": RBAC}
    role = {"kind": "Role", "name": "looks", "apiGroup": RBAC}
    kinds = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": "looks"}}
    return [
        (f"{ROLES}/roles", {**kinds, "kind": "Role", "rules": [rule]}),
        (f"{ROLES}/rolebindings", {**kinds, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]}),
    ]


OBJECTS = [
    (PODS, pod("one", "main")),
    (PODS, pod("both", "app", "side")),
    (PODS, pod("with-init", "a", "b", first="i")),
    *_looker(),
]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ClusterDoor, ApiServerProcess]]:
    """Return a cluster of version 1.35 and kube-apiserver, with the same objects."""
    folder = tmp_path_factory.mktemp("real")
    with (
        running_apiserver(folder / "real", users={"looker": ()}) as real,
        streaming_lab(folder / "lab") as streaming,
    ):
        ours = door_of(streaming.lab, "newer")
        for path, body in OBJECTS:
            real.create(path, body)
            assert ours.ask("POST", path, body)[0] == 201
        yield ours, real


@pytest.mark.parametrize(
    "asked",
    [
        "GET one/exec?command=x&stdout=1",
        "POST one/exec?command=x&stdout=1",
        "PUT one/exec",
        "DELETE one/attach",
        "GET none/exec?command=x",
        "GET one/exec?container=nix",
        "GET both/exec",
        "GET both/attach?container=",
        "GET with-init/exec",
        "GET with-init/exec?container=i",
        "GET one/exec?tty=x",
        "GET one/portforward",
        "POST none/portforward",
        "GET one/log",
        "POST one/log",
        "GET none/log",
        "GET one/log?container=nix",
        "GET both/log",
        "GET one/log?follow",
        "GET one/log?tailLines=0",
        "GET one/log?tailLines=-1",
        "GET one/log?tailLines=+1",
        "GET one/log?tailLines=x",
        "GET one/log?tailLines=",
        "GET one/log?limitBytes=0",
        "GET one/log?limitBytes=1",
        "GET one/log?sinceSeconds=0",
        "GET one/log?sinceSeconds=1",
        "GET one/log?sinceSeconds=9223372036854775808",
        "GET one/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
        "GET one/log?sinceTime=x",
        "GET one/log?sinceTime=",
        "GET none/log?tailLines=-1&limitBytes=0",
        "GET one/exec?command=x looker",
        "POST one/exec?command=x looker",
        "GET none/exec?command=x looker",
        "GET one/portforward looker",
        "GET one/attach looker",
        "GET one/log looker",
    ],
)
def test_the_lab_answers_as_kube_apiserver(servers: tuple[ClusterDoor, ApiServerProcess], asked: str) -> None:
    ours, real = servers
    method, path, *user = asked.split()
    expected = real.ask(method, f"{PODS}/{path}", token=user[0] if user else ADMIN)
    found = ours.ask(method, f"{PODS}/{path}", user=user[0] if user else "")
    assert _compared(found) == _compared(expected)


def test_a_review_of_attributes_asks_once(servers: tuple[ClusterDoor, ApiServerProcess]) -> None:
    """Both verbs are the API server's own rule: authorizers are asked about one at a time."""
    attributes = {"verb": "get", "resource": "pods", "subresource": "exec", "namespace": "default"}
    spec = {"user": "looker", "resourceAttributes": attributes}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    for server in servers:
        status, answered = server.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        assert (status, answered["status"]["allowed"]) == (201, True)


def _compared(answer: tuple[int, Any]) -> tuple[int, Any]:
    """Empty details are left out by us and written by kube-apiserver."""
    status, body = answer
    if isinstance(body, dict) and not body.get("details"):
        body.pop("details", None)
    return status, body
