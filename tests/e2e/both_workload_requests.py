"""Requests about workloads that have to be answered alike by the lab and a real kube-apiserver.

Each is asked with ``dryRun`` or of objects that want no pods, so that no controller gets in between.
"""

# ruff: noqa: E501 - a request per line, as long as it is: the tables are read across

import json
from typing import Any

from e2e.both_requests import MAPS, SPACES, Ask, delete, get, named, patch, post, put

DEPLOYMENTS = "/apis/apps/v1/namespaces/NS/deployments"
SETS = "/apis/apps/v1/namespaces/NS/replicasets"
JOBS = "/apis/batch/v1/namespaces/NS/jobs"
PODS = "/api/v1/namespaces/NS/pods"
EVENTS = "/api/v1/namespaces/NS/events"
DRY = "?dryRun=All"

CONTAINER = {
    "name": "main",
    "image": "example.com/web",
    "ports": [{"containerPort": 80}],
    "env": [
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ],
    "readinessProbe": {"httpGet": {"port": 80}},
    "volumeMounts": [{"name": "map", "mountPath": "/map"}],
}
VOLUMES = [
    {"name": "map", "configMap": {"name": "x"}},
    {"name": "empty"},
    {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
]
POD_SPEC = {
    "serviceAccountName": "default",
    "automountServiceAccountToken": False,
    "containers": [CONTAINER],
    "volumes": VOLUMES,
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}
SPEC = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
JOB_SPEC = {"suspend": True, "template": {"spec": {**POD_SPEC, "restartPolicy": "Never"}}}
_FIRST = "template/spec/containers/0"


def changed(spec: Any, path: str, value: Any) -> dict[str, Any]:
    """Return a copy of ``spec`` with another member at ``path``; None takes it away."""
    copy: dict[str, Any] = json.loads(json.dumps(spec))
    *way, last = path.split("/")
    at: Any = copy
    for part in way:
        at = at[int(part)] if part.isdecimal() else at.setdefault(part, {})
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
    return copy


def wrong(path: str, kind: str, spec: Any, changes: tuple[tuple[str, Any], ...]) -> list[Ask]:
    """Return a create of each changed ``spec``."""
    return [post(path + DRY, named(kind, spec=changed(spec, at, value))) for at, value in changes]


BOTH: tuple[tuple[str, Any], ...] = (
    ("selector", None), ("selector", {}), ("selector/matchLabels", {"app": "other"}), ("replicas", -1), ("minReadySeconds", -1), ("template", None),
    ("selector/matchExpressions", [{"key": "app", "operator": "Nope"}]), ("template/spec/restartPolicy", "Never"), ("template/spec/restartPolicy", "Soon"),
    ("template/spec/containers", []), ("template/spec/containers", None), (f"{_FIRST}/name", "A_b"), (f"{_FIRST}/image", ""), (f"{_FIRST}/imagePullPolicy", "Soon"),
    (f"{_FIRST}/volumeMounts", [{"name": "none", "mountPath": "/a"}, {"name": "map"}]), (f"{_FIRST}/ports", [{"containerPort": 70000}, {"containerPort": 1, "protocol": "X"}]),
    (f"{_FIRST}/env", [{"name": ""}, {"name": "a", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]), ("template/spec/volumes", [*VOLUMES, {"name": "map"}]),
    ("template/spec/dnsPolicy", "Soon"), ("template/metadata/labels", {"app": "w b"}), ("template/spec/activeDeadlineSeconds", 5), ("template/spec/serviceAccountName", "A"),
)  # fmt: skip
OF_DEPLOYMENTS: tuple[tuple[str, Any], ...] = (
    ("strategy", {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}), ("strategy", {"type": "Recreate"}), ("strategy", {"type": "Soon"}), ("strategy", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
    ("strategy", {"rollingUpdate": {"maxSurge": "x"}}), ("strategy", {"rollingUpdate": {"maxUnavailable": "101%"}}), ("strategy", {"rollingUpdate": {"maxUnavailable": "100%"}}), ("strategy", {"rollingUpdate": {"maxSurge": -1}}),
    ("progressDeadlineSeconds", 0), ("progressDeadlineSeconds", 1), ("revisionHistoryLimit", -1),
)  # fmt: skip
OF_JOBS: tuple[tuple[str, Any], ...] = (
    ("template/spec/restartPolicy", None), ("template/spec/restartPolicy", "Always"), ("template/spec/restartPolicy", "Soon"), ("template/spec/restartPolicy", "OnFailure"), ("parallelism", -1), ("completions", -1),
    ("backoffLimit", -1), ("activeDeadlineSeconds", -1), ("ttlSecondsAfterFinished", -1), ("template/spec/containers", []), ("parallelism", 2), ("template", None),
)  # fmt: skip

SEQUENCES: dict[str, list[Ask]] = {
    "new Deployments": [*wrong(DEPLOYMENTS, "d", SPEC, (("replicas", 0), *BOTH, *OF_DEPLOYMENTS)), post(DEPLOYMENTS + DRY, named("d", spec={}))],
    "new ReplicaSets": wrong(SETS, "r", SPEC, (("replicas", 0), *BOTH)),
    "new Jobs": [*wrong(JOBS, "j", JOB_SPEC, OF_JOBS), post(JOBS + DRY, named("j", spec={}))],
    "life of Deployments": [
        post(DEPLOYMENTS + DRY, named("d", spec=SPEC)), post(DEPLOYMENTS, named("d", spec={**SPEC, "paused": True})), get(f"{DEPLOYMENTS}/d/scale"),
        patch(f"{DEPLOYMENTS}/d" + DRY, {"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}}}),
        put(f"{DEPLOYMENTS}/d/scale", {"metadata": {"name": "d", "namespace": "NS"}, "spec": {"replicas": -1}}), put(f"{DEPLOYMENTS}/d/scale", {"metadata": {"name": "e", "namespace": "NS"}}),
        put(f"{DEPLOYMENTS}/d/scale", {"metadata": {"name": "d", "namespace": "NS", "resourceVersion": "1"}, "spec": {"replicas": 0}}), patch(f"{DEPLOYMENTS}/e/scale", {"spec": {"replicas": 1}}), post(f"{DEPLOYMENTS}/d/scale", {}), delete(f"{DEPLOYMENTS}/d/scale"), delete(f"{DEPLOYMENTS}/d/status"), post(f"{DEPLOYMENTS}/d/nothing", {}),
    ],
    "life of pods": [
        post(PODS, named("p", spec=POD_SPEC)), *(patch(f"{PODS}/p", body) for body in ({"spec": {"activeDeadlineSeconds": 3}}, {"status": {"phase": "Failed"}}, {"metadata": {"generation": 7}})),
        patch(f"{PODS}/p/status", {"status": {"phase": "Running", "podIP": "10.0.0.1"}, "spec": {"activeDeadlineSeconds": 9}}), patch(f"{PODS}/p", {"spec": {"containers": []}}),
        post(f"{PODS}/p/binding", {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n"}}), post(f"{PODS}/p/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "q"}}),
        post(f"{PODS}/p/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}), post(f"{PODS}/p/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}), get(f"{PODS}/p"),
        post(PODS, named("p", spec={**POD_SPEC, "nodeName": "n"})), post(f"{PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n2"}}), delete(f"{PODS}/p?gracePeriodSeconds=0"), get(f"{PODS}/p"),
    ],
    "finalizers": [
        post(MAPS, named("held", _finalizers=["example.com/a"])), delete(f"{MAPS}/held"), delete(f"{MAPS}/held"), patch(f"{MAPS}/held", {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}), patch(f"{MAPS}/held", {"data": {"a": "1"}}),
        patch(f"{MAPS}/held", {"metadata": {"finalizers": None}}), get(f"{MAPS}/held"), post(MAPS, named("held", _finalizers=["nope"])), post(SPACES, named("NS-held", _finalizers=["example.com/a"])),
        delete(f"{SPACES}/NS-held"), post(f"{SPACES}/NS-held/configmaps", named("late")),
    ],
    "events": [post(EVENTS + DRY, {"metadata": {"name": "e"}, "involvedObject": about, "reason": "R", "message": "m", "type": "Normal"}) for about in ({"kind": "Pod", "name": "p", "namespace": "NS"}, {"kind": "Pod", "name": "p", "namespace": "other"}, {"kind": "Node", "name": "n"}, {})],
}  # fmt: skip
