"""What the API server fills in before it stores an object: only what clients can see and rely on.

Source: kubernetes pkg/apis/{core,apps,batch,rbac}/v1/defaults.go and the registries' create strategies.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.defaults_pod import pod_defaults
from sekisho.wire.kube.defaults_policy import admission_defaults
from sekisho.wire.kube.defaults_workload import deployment_defaults, job_defaults, replica_set_defaults
from sekisho.wire.kube.members import mapping, objects, text
from sekisho.wire.kube.registry import ADMISSION_REGISTRATION, APPS, BATCH, RBAC, Resource


def with_defaults(resource: Resource, value: JsonObject) -> dict[str, Json]:
    """Return ``value`` with the defaults of its kind; what is set stays."""
    filled = dict(value)
    match resource.group, resource.kind:
        case "", "Secret":
            filled.setdefault("type", "Opaque")
        case "", "Event":
            times: dict[str, Json] = dict.fromkeys(("eventTime", "firstTimestamp", "lastTimestamp"))
            return {**times, "source": {}, "reportingComponent": "", "reportingInstance": "", **filled}
        case "", "Namespace":
            return _namespace(filled)
        case "", "Pod":
            return pod_defaults(filled)
        case APPS.group, "Deployment":
            return deployment_defaults(filled)
        case APPS.group, "ReplicaSet":
            return replica_set_defaults(filled)
        case BATCH.group, "Job":
            return job_defaults(filled)
        case RBAC.group, "Role" | "ClusterRole":
            return {**filled, "rules": filled.get("rules")}
        case RBAC.group, "RoleBinding" | "ClusterRoleBinding":
            return _binding(filled)
        case ADMISSION_REGISTRATION.group, kind:
            return admission_defaults(filled, kind)
    return filled


def _namespace(value: dict[str, Json]) -> dict[str, Json]:
    metadata = dict(mapping(value, "metadata"))
    name = text(metadata, "name")
    if name:
        metadata["labels"] = {**mapping(metadata, "labels"), "kubernetes.io/metadata.name": name}
    return {
        **value,
        "metadata": metadata,
        "spec": {"finalizers": ["kubernetes"], **mapping(value, "spec")},
        "status": {"phase": "Active", **mapping(value, "status")},
    }


def _binding(value: dict[str, Json]) -> dict[str, Json]:
    role_ref = mapping(value, "roleRef")
    if role_ref and not text(role_ref, "apiGroup"):
        value["roleRef"] = {"apiGroup": RBAC.group, **{k: v for k, v in role_ref.items() if k != "apiGroup"}}
    subjects: list[Json] = []
    for subject in objects(value, "subjects"):
        needs_group = text(subject, "kind") in {"User", "Group"} and not text(subject, "apiGroup")
        subjects.append({**subject, "apiGroup": RBAC.group} if needs_group else subject)
    if subjects:
        value["subjects"] = subjects
    return value
