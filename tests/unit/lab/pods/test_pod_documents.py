"""The pure parts of running a pod: fields, quantities, variables, volumes, phases, nodes."""

from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.values import Instant
from sekisho.lab.pods import volumes
from sekisho.lab.pods.environment import VariableError, environment, expand
from sekisho.lab.pods.fields import FieldError, field_of, resource_of
from sekisho.lab.pods.scheduler import choose
from sekisho.lab.pods.status import ContainerState, Terminated, phase
from sekisho.lab.pods.volumes import VolumeError
from sekisho.wire.kube.defaults_pod import quality

NOW = Instant.from_epoch(1_800_000_000)
POD: Any = {
    "metadata": {
        "name": "p",
        "namespace": "n",
        "uid": "u",
        "labels": {"b": '2"', "a": "1"},
        "annotations": {"a.b/c": "x"},
    },
    "spec": {"nodeName": "node", "serviceAccountName": "sa"},
    "status": {"podIP": "192.168.64.2"},
}
OBJECTS: Any = {
    ("configmaps", "c"): {"data": {"k": "v", "bad key": "x"}, "binaryData": {"b": "AAE="}},
    ("secrets", "s"): {"data": {"k": "dg=="}},
}


def look(plural: str, name: str) -> Any:
    return OBJECTS.get((plural, name))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.namespace", "n"),
        ("metadata.uid", "u"),
        ("metadata.labels", 'a="1"\nb="2\\""'),
        ("metadata.labels['a']", "1"),
        ("metadata.annotations['a.b/c']", "x"),
        ("metadata.labels['none']", ""),
        ("spec.nodeName", "node"),
        ("spec.serviceAccountName", "sa"),
        ("status.podIP", "192.168.64.2"),
    ],
)
def test_fields_of_a_pod(path: str, value: str) -> None:
    assert field_of(POD, path) == value


def test_other_fields_are_refused() -> None:
    with pytest.raises(FieldError, match=r"unsupported fieldPath: spec\.containers"):
        field_of(POD, "spec.containers")


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        ("64Mi", 64 * 2**20),
        ("1k", 1000),
        ("1G", 10**9),
        ("0.5Gi", 2**29),
        ("100m", 1),
        (7, 7),
        ("", 0),
        ("x", 0),
        (None, 0),
    ],
)
def test_quantities(quantity: object, units: int) -> None:
    assert resource_of(quantity) == units


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("$(A)", "1"),
        ("$(B)", "$(B)"),
        ("$$(A)", "$(A)"),
        ("$A", "$A"),
        ("a$(A)b$(A)", "a1b1"),
        ("$(A", "$(A"),
        ("$$", "$"),
    ],
)
def test_references_are_replaced(value: str, result: str) -> None:
    assert expand(value, {"A": "1"}) == result


def variables(*env: Any, **members: Any) -> dict[str, str]:
    return environment({"env": list(env), **members}, POD, look, {"BASE": "b"})


def test_variables_over_those_of_the_image_and_of_whole_objects() -> None:
    own = variables(
        {"name": "BASE", "value": "mine"}, envFrom=[{"configMapRef": {"name": "c"}, "prefix": "P_"}]
    )
    assert own == {"BASE": "mine", "P_k": "v"}
    taken = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert variables(
        {"name": "K", **taken}, {"name": "L", "value": "$(K)$(M)"}, {"name": "M", "value": "m"}
    ) == {
        "BASE": "b",
        "K": "v",
        "L": "v$(M)",
        "M": "m",
    }


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"configMapKeyRef": {"name": "no", "key": "k"}}, 'configmap "no" not found'),
        ({"secretKeyRef": {"name": "s", "key": "no"}}, "couldn't find key no in Secret n/s"),
        ({"fieldRef": {"fieldPath": "spec"}}, "unsupported fieldPath: spec"),
        ({"other": {}}, "does not know this source"),
    ],
)
def test_a_missing_source_is_told_unless_it_may_be_missing(source: Any, sentence: str) -> None:
    with pytest.raises(VariableError, match=sentence):
        variables({"name": "A", "valueFrom": source})
    (kind,) = source
    if kind.endswith("KeyRef"):
        optional = {kind: {**source[kind], "optional": True}}
        assert "A" not in variables({"name": "A", "valueFrom": optional})


def files(volume: Any) -> Any:
    return volumes.content(volume, POD, look, lambda _: volumes.Token("t", NOW)).files


def test_what_volumes_hold() -> None:
    assert files({"configMap": {"name": "c", "items": [{"key": "k", "path": "a/b", "mode": 0o400}]}}) == {
        "a/b": (b"v", 0o444)
    }
    assert files({"secret": {"secretName": "s", "defaultMode": 0o400}}) == {"k": (b"v", 0o444)}
    assert files({"configMap": {"name": "no", "optional": True}}) == {}
    sources = [{"serviceAccountToken": {"path": "token"}}, {"secret": {"name": "s"}}]
    content = volumes.content(
        {"projected": {"sources": sources}}, POD, look, lambda _: volumes.Token("t", NOW)
    )
    assert content.files == {"token": (b"t", 0o644), "k": (b"v", 0o644)}
    assert content.renew == NOW


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        ({"configMap": {"name": "no"}}, 'configmap "no" not found'),
        ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
        ({"configMap": {"name": "c", "items": [{"key": "no", "path": "a"}]}}, "non-existent config key: no"),
        ({"configMap": {"name": "c", "items": [{"key": "k", "path": "../a"}]}}, "stay in the volume"),
        ({"configMap": {"name": "c", "items": [{"key": "k", "path": "/a"}]}}, "stay in the volume"),
        ({"projected": {"sources": [{"serviceAccountToken": {"path": "a/../../b"}}]}}, "stay in the volume"),
        ({"name": "h", "hostPath": {"path": "/"}}, "no volumes of type hostPath"),
    ],
)
def test_volumes_that_cannot_be(volume: Any, sentence: str) -> None:
    with pytest.raises(VolumeError, match=sentence):
        files(volume)


def test_files_change_all_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    assert volumes.write(folder, {"a": (b"1", 0o644), "d/e": (b"2", 0o600)})
    first = (folder / "..data").resolve()
    assert (folder / "a").read_bytes() == b"1"
    assert (folder / "a").readlink() == Path("..data/a")
    assert not volumes.write(folder, {"a": (b"1", 0o644), "d/e": (b"2", 0o600)})
    assert (folder / "..data").resolve() == first
    assert volumes.write(folder, {"a": (b"3", 0o644), "new": (b"4", 0o644)})
    assert not first.exists()
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith("..")) == ["a", "new"]
    assert (folder / "a").read_bytes() == b"3"


@pytest.mark.parametrize(("seconds", "life"), [(600, 480), (86_400, 69_120), (200_000, 86_400)])
def test_tokens_are_replaced_at_four_fifths_of_their_life(seconds: int, life: int) -> None:
    assert volumes.token_life(seconds).total_seconds() == life


def state(kind: str) -> ContainerState:
    made = ContainerState("c", "i")
    ends = {"ok": 0, "bad": 1, "back-off": 1, "running-again": 1}
    if kind in ends:
        made.run(NOW, "id")
        made.end(Terminated(ends[kind], "r", NOW, NOW))
    if kind == "back-off":
        made.wait("CrashLoopBackOff")
    if kind in ("running", "running-again"):
        made.run(NOW, "id")
    return made


PHASES = {
    "nothing has run yet": ("Always", [], ["waiting"], "Pending"),
    "one of two waits for its first run": ("Always", [], ["running", "waiting"], "Pending"),
    "running": ("Never", [], ["running"], "Running"),
    "one ended and one runs": ("Never", [], ["bad", "running"], "Running"),
    "all ended well": ("Never", [], ["ok", "ok"], "Succeeded"),
    "one ended badly": ("Never", [], ["ok", "bad"], "Failed"),
    "ended badly and tried again": ("OnFailure", [], ["back-off"], "Running"),
    "ended well on failure": ("OnFailure", [], ["ok"], "Succeeded"),
    "always goes on": ("Always", [], ["ok"], "Running"),
    "backing off": ("Always", [], ["back-off"], "Running"),
    "runs again": ("Always", [], ["running-again"], "Running"),
    "an init container runs": ("Never", ["running"], ["waiting"], "Pending"),
    "an init container failed": ("Never", ["bad"], ["waiting"], "Failed"),
    "an init container is tried again": ("Always", ["back-off"], ["waiting"], "Pending"),
    "init containers are done": ("Never", ["ok"], ["running"], "Running"),
}


@pytest.mark.parametrize(("policy", "first", "main", "reached"), PHASES.values(), ids=PHASES.keys())
def test_phases(policy: str, first: list[str], main: list[str], reached: str) -> None:
    assert phase(policy, [state(one) for one in first], [state(one) for one in main]) == reached


def node(name: str, ready: str = "True", **spec: Any) -> Any:
    return {
        "metadata": {"name": name, "labels": {"zone": name}},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}
NODES: dict[str, tuple[Any, list[Any], tuple[str, str]]] = {
    "the first that is ready": ({}, [node("a", "False"), node("b")], ("b", "")),
    "none": ({}, [], ("", "no nodes available to schedule pods")),
    "none is ready": ({}, [node("a", "Unknown")], ("", "0/1 nodes are available: 1 node(s) were not ready.")),
    "cordoned": (
        {},
        [node("a", unschedulable=True)],
        ("", "0/1 nodes are available: 1 node(s) were unschedulable."),
    ),
    "chosen by label": ({"nodeSelector": {"zone": "b"}}, [node("a"), node("b")], ("b", "")),
    "no node with the label": (
        {"nodeSelector": {"zone": "c"}},
        [node("a")],
        ("", "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
    ),
    "tainted": (
        {},
        [node("a", taints=[TAINT])],
        ("", "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}."),
    ),
    "tolerated by value": (
        {"tolerations": [{"key": "k", "value": "v"}]},
        [node("a", taints=[TAINT])],
        ("a", ""),
    ),
    "tolerated whatever it is": (
        {"tolerations": [{"operator": "Exists"}]},
        [node("a", taints=[TAINT])],
        ("a", ""),
    ),
    "another value": (
        {"tolerations": [{"key": "k", "value": "w"}]},
        [node("a", taints=[TAINT])],
        ("", "0/1 nodes are available: 1 node(s) had untolerated taint {k: v}."),
    ),
}


@pytest.mark.parametrize(("spec", "nodes", "chosen"), NODES.values(), ids=NODES.keys())
def test_nodes(spec: Any, nodes: list[Any], chosen: tuple[str, str]) -> None:
    assert choose({"spec": spec}, nodes) == chosen


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: Any, found: str) -> None:
    assert quality({"spec": {"containers": [{"resources": resources}]}}) == found
