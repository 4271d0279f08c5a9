"""The columns of ``kubectl get`` and their cells, kind by kind.

Names, order and priority (1 shows under ``-o wide`` alone) are those of kube-apiserver's
printers (kubernetes pkg/printers/internalversion); the descriptions are ours. Cells are total:
an object without the member shows as kubectl would show an empty one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube.duration import UNKNOWN, age
from sekisho.wire.kube.members import items, mapping, number, objects, text
from sekisho.wire.kube.pod_cells import pod_ready, pod_restarts, pod_status, readiness_gates
from sekisho.wire.kube.selectors import selector_text

NONE = "<none>"
Cell = Callable[[JsonObject, Instant], Json]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``cell`` computes its value from an object and the time of the answer."""

    name: str
    cell: Cell
    description: str = ""
    type: str = "string"
    format: str = ""
    wide: bool = False

    def definition(self) -> dict[str, Json]:
        """Return the column as a member of ``columnDefinitions``."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": 1 if self.wide else 0,
        }


def columns(group: str, kind: str) -> tuple[Column, ...]:
    """Return the columns of ``kind``; kinds without their own show ``Name`` and ``Age``."""
    return _COLUMNS.get((group, kind), (NAME, AGE))


def _path(*path: str, empty: str = "") -> Cell:
    return lambda value, _: text(value, *path) or empty


def _count(*path: str) -> Cell:
    return lambda value, _: number(value, *path)


def _age(value: JsonObject, now: Instant) -> Json:
    return age(text(value, "metadata", "creationTimestamp"), now)


def _data_count(value: JsonObject, _: Instant) -> Json:
    return len(mapping(value, "data")) + len(mapping(value, "binaryData"))


def _node_status(value: JsonObject, _: Instant) -> Json:
    ready = [text(c, "status") for c in objects(value, "status", "conditions") if text(c, "type") == "Ready"]
    shown = {"True": "Ready", "False": "NotReady"}.get(ready[0], "NotReady") if ready else "Unknown"
    cordoned = mapping(value, "spec").get("unschedulable") is True
    return f"{shown},SchedulingDisabled" if cordoned else shown


def _node_roles(value: JsonObject, _: Instant) -> Json:
    prefix = "node-role.kubernetes.io/"
    labels = mapping(value, "metadata", "labels")
    roles = {name.removeprefix(prefix) for name in labels if name.startswith(prefix)}
    roles |= {text(labels, "kubernetes.io/role")}
    return ",".join(sorted(roles - {""})) or NONE


def _node_address(kind: str) -> Cell:
    def cell(value: JsonObject, _: Instant) -> Json:
        found = [text(a, "address") for a in objects(value, "status", "addresses") if text(a, "type") == kind]
        return found[0] if found else NONE

    return cell


def _role(value: JsonObject, _: Instant) -> Json:
    return f"{text(value, 'roleRef', 'kind')}/{text(value, 'roleRef', 'name')}"


def _subjects(kind: str) -> Cell:
    def cell(value: JsonObject, _: Instant) -> Json:
        found = [s for s in objects(value, "subjects") if text(s, "kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{text(s, 'namespace')}/{text(s, 'name')}" for s in found)
        return ", ".join(text(s, "name") for s in found)

    return cell


def _last_seen(value: JsonObject, now: Instant) -> Json:
    seen = text(value, "series", "lastObservedTime") or text(value, "lastTimestamp")
    return age(seen or text(value, "eventTime"), now)


def _first_seen(value: JsonObject, now: Instant) -> Json:
    return age(text(value, "firstTimestamp") or text(value, "eventTime"), now)


def _event_object(value: JsonObject, _: Instant) -> Json:
    return f"{text(value, 'involvedObject', 'kind').lower()}/{text(value, 'involvedObject', 'name')}"


def _event_source(value: JsonObject, _: Instant) -> Json:
    component = text(value, "source", "component") or text(value, "reportingComponent")
    host = text(value, "source", "host")
    return f"{component}, {host}" if host else component


def _event_message(value: JsonObject, _: Instant) -> Json:
    return text(value, "message").strip()


def _event_count(value: JsonObject, _: Instant) -> Json:
    return number(value, "series", "count") or max(number(value, "count"), 1)


def _workload_ready(value: JsonObject, _: Instant) -> Json:
    return f"{number(value, 'status', 'readyReplicas')}/{number(value, 'spec', 'replicas')}"


def _containers(member: str) -> Cell:
    def cell(value: JsonObject, _: Instant) -> Json:
        found = objects(value, "spec", "template", "spec", "containers")
        return ",".join(text(container, member) for container in found)

    return cell


def _selector(value: JsonObject, _: Instant) -> Json:
    return selector_text(mapping(value, "spec", "selector")) or NONE


def _job_status(value: JsonObject, _: Instant) -> Json:
    true = {text(c, "type") for c in objects(value, "status", "conditions") if text(c, "status") == "True"}
    for shown in ("Complete", "Failed"):
        if shown in true:
            return shown
    if text(value, "metadata", "deletionTimestamp"):
        return "Terminating"
    for shown in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if shown in true:
            return shown
    return "Running"


def _completions(value: JsonObject, _: Instant) -> Json:
    succeeded = number(value, "status", "succeeded")
    if mapping(value, "spec").get("completions") is not None:
        return f"{succeeded}/{number(value, 'spec', 'completions')}"
    parallelism = number(value, "spec", "parallelism")
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(value: JsonObject, now: Instant) -> Json:
    started, ended = text(value, "status", "startTime"), text(value, "status", "completionTime")
    if not started:
        return ""
    return age(started, Instant.parse_rfc3339(ended) if ended else now)


def _created_at(value: JsonObject, _: Instant) -> Json:
    return text(value, "metadata", "creationTimestamp") or UNKNOWN


def _pod_ip(value: JsonObject, _: Instant) -> Json:
    ips = objects(value, "status", "podIPs")
    return (text(ips[0], "ip") if ips else text(value, "status", "podIP")) or NONE


NAME = Column("Name", _path("metadata", "name"), "name of the object", format="name")
AGE = Column("Age", _age, "time since the object was created")

_RBAC = "rbac.authorization.k8s.io"
_ROLE_COLUMNS = (NAME, Column("Created At", _created_at, "when the object was created", type="date"))
_BINDING_COLUMNS = (
    NAME,
    Column("Role", _role, "the role that is granted"),
    AGE,
    Column("Users", _subjects("User"), "users among the subjects", wide=True),
    Column("Groups", _subjects("Group"), "groups among the subjects", wide=True),
    Column("ServiceAccounts", _subjects("ServiceAccount"), "service accounts among the subjects", wide=True),
)
_TEMPLATE_COLUMNS = (
    Column("Containers", _containers("name"), "containers of the template", wide=True),
    Column("Images", _containers("image"), "images of the template", wide=True),
    Column("Selector", _selector, "labels that select the pods", wide=True),
)

_WEBHOOK_COLUMNS = (
    NAME,
    Column("Webhooks", lambda value, _: len(items(value, "webhooks")), "number of webhooks", "integer"),
    AGE,
)

_COLUMNS: dict[tuple[str, str], tuple[Column, ...]] = {
    ("", "Namespace"): (NAME, Column("Status", _path("status", "phase"), "phase of the namespace"), AGE),
    ("", "ConfigMap"): (NAME, Column("Data", _data_count, "number of keys"), AGE),
    ("", "Secret"): (
        NAME,
        Column("Type", _path("type"), "what the data stand for"),
        Column("Data", lambda value, _: len(mapping(value, "data")), "number of keys"),
        AGE,
    ),
    ("", "ServiceAccount"): (
        NAME,
        Column("Secrets", lambda value, _: len(items(value, "secrets")), "number of secrets", "integer"),
        AGE,
    ),
    ("", "Node"): (
        NAME,
        Column("Status", _node_status, "whether pods can run"),
        Column("Roles", _node_roles, "roles from the labels"),
        AGE,
        Column("Version", _path("status", "nodeInfo", "kubeletVersion"), "version of the kubelet"),
        Column("Internal-IP", _node_address("InternalIP"), "address inside", wide=True),
        Column("External-IP", _node_address("ExternalIP"), "address outside", wide=True),
        Column("OS-Image", _path("status", "nodeInfo", "osImage", empty=UNKNOWN), "system", wide=True),
        Column(
            "Kernel-Version", _path("status", "nodeInfo", "kernelVersion", empty=UNKNOWN), "kernel", wide=True
        ),
        Column(
            "Container-Runtime",
            _path("status", "nodeInfo", "containerRuntimeVersion", empty=UNKNOWN),
            "runtime",
            wide=True,
        ),
    ),
    ("", "Pod"): (
        NAME,
        Column("Ready", pod_ready, "ready containers of all containers"),
        Column("Status", pod_status, "what the pod is doing"),
        Column("Restarts", pod_restarts, "how often containers were started again"),
        AGE,
        Column("IP", _pod_ip, "address of the pod", wide=True),
        Column("Node", _path("spec", "nodeName", empty=NONE), "where the pod runs", wide=True),
        Column(
            "Nominated Node", _path("status", "nominatedNodeName", empty=NONE), "where it may run", wide=True
        ),
        Column("Readiness Gates", readiness_gates, "conditions that count for readiness", wide=True),
    ),
    ("", "Event"): (
        Column("Last Seen", _last_seen, "when it last happened"),
        Column("Type", _path("type"), "Normal or Warning"),
        Column("Reason", _path("reason"), "short machine-readable reason"),
        Column("Object", _event_object, "what it is about"),
        Column("Subobject", _path("involvedObject", "fieldPath"), "part of the object", wide=True),
        Column("Source", _event_source, "who tells", wide=True),
        Column("Message", _event_message, "what happened"),
        Column("First Seen", _first_seen, "when it first happened", wide=True),
        Column("Count", _event_count, "how often", wide=True),
        Column("Name", _path("metadata", "name"), "name of the event", format="name", wide=True),
    ),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK_COLUMNS,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK_COLUMNS,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): (
        NAME,
        Column(
            "Validations", lambda value, _: len(items(value, "spec", "validations")), "how many", "integer"
        ),
        Column("ParamKind", lambda _value, _now: "<unset>", "kind of the parameters"),
        AGE,
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): (
        NAME,
        Column("PolicyName", _path("spec", "policyName"), "name of the policy"),
        Column("ParamRef", lambda _value, _now: "<unset>", "the parameters"),
        AGE,
    ),
    (_RBAC, "Role"): _ROLE_COLUMNS,
    (_RBAC, "ClusterRole"): _ROLE_COLUMNS,
    (_RBAC, "RoleBinding"): _BINDING_COLUMNS,
    (_RBAC, "ClusterRoleBinding"): _BINDING_COLUMNS,
    ("apps", "Deployment"): (
        NAME,
        Column("Ready", _workload_ready, "ready pods of wanted pods"),
        Column("Up-to-date", _count("status", "updatedReplicas"), "pods of the newest template", "integer"),
        Column("Available", _count("status", "availableReplicas"), "pods ready long enough", "integer"),
        AGE,
        *_TEMPLATE_COLUMNS,
    ),
    ("apps", "ReplicaSet"): (
        NAME,
        Column("Desired", _count("spec", "replicas"), "wanted pods", "integer"),
        Column("Current", _count("status", "replicas"), "pods that exist", "integer"),
        Column("Ready", _count("status", "readyReplicas"), "pods that are ready", "integer"),
        AGE,
        *_TEMPLATE_COLUMNS,
    ),
    ("batch", "Job"): (
        NAME,
        Column("Status", _job_status, "what became of it"),
        Column("Completions", _completions, "pods that succeeded, of those wanted"),
        Column("Duration", _duration, "time from start to completion"),
        AGE,
        *_TEMPLATE_COLUMNS,
    ),
}
