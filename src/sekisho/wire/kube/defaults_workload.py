"""What the API server fills into Deployments, ReplicaSets and Jobs.

Source: kubernetes pkg/apis/apps/v1/defaults.go and pkg/apis/batch/v1/defaults.go.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.defaults_pod import template_defaults
from sekisho.wire.kube.members import mapping, text


def deployment_defaults(value: JsonObject) -> dict[str, Json]:
    """Return a Deployment with its defaults."""
    given = mapping(value, "spec")
    spec: dict[str, Json] = {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        **given,
        "strategy": _strategy(mapping(given, "strategy")),
    }
    return {**value, "spec": _with_template(spec)}


def replica_set_defaults(value: JsonObject) -> dict[str, Json]:
    """Return a ReplicaSet with its defaults."""
    return {**value, "spec": _with_template({"replicas": 1, **mapping(value, "spec")})}


def job_defaults(value: JsonObject) -> dict[str, Json]:
    """Return a Job with its defaults; without labels it takes those of its template."""
    given = mapping(value, "spec")
    spec: dict[str, Json] = {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "manualSelector": False,
        "suspend": False,
        "podReplacementPolicy": "Failed" if given.get("podFailurePolicy") else "TerminatingOrFailed",
        **given,
    }
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    filled: dict[str, Json] = {**value, "spec": _with_template(spec)}
    labels = mapping(given, "template", "metadata", "labels")
    metadata = mapping(value, "metadata")
    if labels and not mapping(metadata, "labels"):
        filled["metadata"] = {**metadata, "labels": labels}
    return filled


def _with_template(spec: dict[str, Json]) -> dict[str, Json]:
    spec["template"] = template_defaults(mapping(spec, "template"))
    return spec


def _strategy(given: JsonObject) -> dict[str, Json]:
    kind = text(given, "type") or "RollingUpdate"
    filled: dict[str, Json] = {**given, "type": kind}
    if kind == "RollingUpdate":
        filled["rollingUpdate"] = {
            "maxUnavailable": "25%",
            "maxSurge": "25%",
            **mapping(given, "rollingUpdate"),
        }
    return filled
