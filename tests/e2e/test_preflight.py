"""What `sekisho can --preflight` says of a file is what the real `kubectl apply` then gets."""

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.e2e_shell import ACCOUNT, CLUSTER, Shell, connected, shell_of
from sekisho.testing import RunningLab

RBAC = "rbac.authorization.k8s.io"
USER = f"arn:aws:iam::{ACCOUNT}:user/preflight"


def manifest(kind: str, name: str, **members: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "flight"}
    version = "v1" if kind in ("ConfigMap", "Secret") else f"{RBAC}/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **members}


def role(name: str, resource: str, *verbs: str) -> dict[str, Any]:
    return manifest("Role", name, rules=[{"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}])


def binding(name: str, ref: str) -> dict[str, Any]:
    to = {"apiGroup": RBAC, "kind": "Role", "name": ref}
    return manifest(
        "RoleBinding", name, roleRef=to, subjects=[{"kind": "Group", "name": "guests", "apiGroup": RBAC}]
    )


OWN = manifest(
    "Role",
    "own",
    rules=[
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [RBAC], "resources": ["roles", "rolebindings"], "verbs": ["get", "create", "patch"]},
    ],
)
MINE = {
    **binding("own", "own"),
    "subjects": [{"kind": "Group", "name": "flyers", "apiGroup": RBAC}],
}
THERE = binding("there", "own")
"""Written by the cluster's creator before anybody is asked."""

APPLIED: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "a new ConfigMap, and the same once more": (
        [manifest("ConfigMap", "app", data={"a": "1"}), manifest("ConfigMap", "app", data={"a": "2"})],
        ["allow", "allow"],
    ),
    "a role of what is held, bound, and another roleRef": (
        [role("r1", "pods", "get"), binding("b1", "r1"), binding("there", "r1")],
        ["allow", "allow", "deny"],
    ),
    "a role of more, bound": ([role("r2", "secrets", "get"), binding("b2", "r2")], ["deny", "deny"]),
    "a role that grows beyond what is held": (
        [role("r3", "pods", "get"), role("r3", "configmaps", "get"), role("r3", "pods", "get", "list")],
        ["allow", "allow", "deny"],
    ),
    "a Secret, and a role in a namespace of others": (
        [
            manifest("Secret", "s"),
            {**role("r5", "pods", "get"), "metadata": {"name": "r5", "namespace": "default"}},
        ],
        ["deny", "deny"],
    ),
    "nothing to change": ([THERE], ["allow"]),
}


@pytest.fixture(scope="module")
def creator(tmp_path_factory: pytest.TempPathFactory, sekisho_shared_lab: RunningLab) -> Shell:
    folder = tmp_path_factory.mktemp("preflight")
    shell = connected(shell_of(sekisho_shared_lab, folder / "bin", ("aws", "kubectl")), folder)
    shell.output("kubectl create namespace flight")
    file = folder / "own.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [OWN, MINE, THERE]}))
    shell.output("kubectl apply -f", file)
    return shell


@pytest.fixture(scope="module")
def flyer(creator: Shell) -> Shell:
    """Return somebody who may write ConfigMaps and roles in one namespace, and holds little."""
    user = creator.new_user("preflight")
    mapping = f"--cluster {CLUSTER} --arn {USER} --username flyer --group flyers"
    creator.output(f"sekisho map create {mapping}")
    return user


@pytest.mark.parametrize(("objects", "outcomes"), APPLIED.values(), ids=APPLIED)
def test_what_it_says_is_what_apply_gets(
    objects: list[dict[str, Any]], outcomes: list[str], flyer: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "change.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    asked = flyer("sekisho can --preflight", file, "-o", "json")
    document = json.loads(asked.stdout)
    assert [one["outcome"] for one in document["objects"]] == outcomes
    assert asked.returncode == (1 if "deny" in outcomes else 0)
    got = []
    for one, said in zip(objects, document["objects"], strict=True):
        single = tmp_path / "one.json"
        single.write_text(json.dumps(one))
        done = flyer("kubectl apply -f", single)
        got.append("allow" if done.returncode == 0 else "deny")
        asked_for = {need["outcome"] for need in said["needs"]}
        if asked_for == {"allow"} and said["grant"] and said["grant"]["outcome"] == "deny":
            missing = said["grant"]["decisive"][0]["facts"].get("missing", "not found")
            assert missing.splitlines()[0] in done.stderr
        if done.returncode == 0:
            words = {"create": "created", "patch": "configured", "unchanged": "unchanged"}
            assert words[said["operation"]] in done.stdout
    assert got == outcomes


def test_the_namespace_has_to_be_there(creator: Shell, tmp_path: Path) -> None:
    file = tmp_path / "change.json"
    file.write_text(
        json.dumps({**role("r6", "pods", "get"), "metadata": {"name": "r6", "namespace": "none"}})
    )
    asked = creator("sekisho can --preflight", file)
    assert asked.returncode == 1
    assert "there is no namespace `none`" in asked.stdout
    assert 'namespaces "none" not found' in creator("kubectl apply -f", file).stderr


def test_a_node_reads_what_its_pods_name(creator: Shell, tmp_path: Path) -> None:
    """The lab's authorizer follows pods as they come and go."""
    node = "--as system:node:n1 --as-group system:nodes"
    secret = f"kubectl get secret named -n flight {node}"
    creator.output("kubectl create secret generic named -n flight --from-literal a=b")
    assert creator(secret).returncode == 1
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "flight"},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "c", "image": "i"}],
            "volumes": [{"name": "s", "secret": {"secretName": "named"}}],
        },
    }
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(pod))
    creator.output("kubectl apply -f", file)
    assert creator(secret).returncode == 0
    assert creator(f"kubectl get secrets -n flight {node}").returncode == 1
    creator.output("kubectl delete pod p -n flight --now")
    assert creator(secret).returncode == 1
