"""What of an object a request may set: its spec, its status, and the count of its spec's versions.

Source: the strategies of kubernetes ``pkg/registry/{apps,batch,core}``: a create and an update leave the
status alone, ``status`` changes nothing else, and a change of the spec is the next generation.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.defaults_pod import admitted_pod, quality
from sekisho.wire.kube.members import items, mapping, number, text
from sekisho.wire.kube.registry import ADMISSION_REGISTRATION, APPS, BATCH, CORE, GroupVersion, Resource

_WORKLOADS: frozenset[tuple[GroupVersion, str]] = frozenset(
    {(APPS, "Deployment"), (APPS, "ReplicaSet"), (BATCH, "Job")}
)
_WEBHOOKS = frozenset(
    (ADMISSION_REGISTRATION, f"{kind}WebhookConfiguration") for kind in ("Mutating", "Validating")
)
_POLICIES = frozenset((ADMISSION_REGISTRATION, f"ValidatingAdmissionPolicy{end}") for end in ("", "Binding"))
_COUNTED = _WORKLOADS | _WEBHOOKS | _POLICIES | {(CORE, "Pod")}
_WITH_STATUS = (
    _WORKLOADS
    | {(ADMISSION_REGISTRATION, "ValidatingAdmissionPolicy")}
    | {(CORE, "Pod"), (CORE, "Namespace"), (CORE, "Node")}
)

JOB_NAME = "batch.kubernetes.io/job-name"
JOB_UID = "batch.kubernetes.io/controller-uid"


def as_created(resource: Resource, body: JsonObject) -> dict[str, Json]:
    """Return an object that is about to be stored, its uid known."""
    kind = (resource.at, resource.kind)
    made = dict(body)
    if kind in _COUNTED:
        made["metadata"] = {**mapping(body, "metadata"), "generation": 1}
    if kind in _WORKLOADS:
        made["status"] = {"replicas": 0} if resource.kind == "ReplicaSet" else {}
    if kind == (CORE, "Pod"):
        made = admitted_pod(made)
        made["status"] = {"phase": "Pending", "qosClass": quality(made)}
    return _with_job_labels(made) if kind == (BATCH, "Job") else made


def as_updated(resource: Resource, before: JsonObject, wanted: JsonObject) -> dict[str, Json]:
    """Return ``before`` with what an update of the object itself may change."""
    kind = (resource.at, resource.kind)
    after = dict(wanted)
    if kind in _WITH_STATUS:
        after.pop("status", None)
        after |= {"status": before["status"]} if "status" in before else {}
    if kind == (CORE, "Namespace") and "spec" in before:  # it changes by ``finalize`` alone
        after["spec"] = before["spec"]
    if kind in _COUNTED:
        count = number(before, "metadata", "generation")
        part = "webhooks" if kind in _WEBHOOKS else "spec"
        is_changed = before.get(part) != wanted.get(part)
        if kind == (APPS, "Deployment"):
            is_changed |= _annotations(before) != _annotations(wanted)
        generation = count + 1 if is_changed else count
        after["metadata"] = {
            **mapping(wanted, "metadata"),
            **({"generation": generation} if generation else {}),
        }
    return after


def with_status(resource: Resource, before: JsonObject, wanted: JsonObject) -> dict[str, Json]:
    """Return ``before`` with the status of ``wanted``, and the annotations that may come with it."""
    old, given = mapping(before, "metadata"), mapping(wanted, "metadata")
    metadata: dict[str, Json] = {
        **old,
        **{name: given[name] for name in ("resourceVersion", "uid", "managedFields") if name in given},
    }
    for member in ("annotations", "finalizers") if resource.kind != "Node" else ("annotations", "labels"):
        metadata.pop(member, None)
        if member in given:
            metadata[member] = given[member]
    after: dict[str, Json] = {**before, "metadata": metadata}
    after.pop("status", None)
    if "status" in wanted:
        after["status"] = (
            _with_addresses(mapping(wanted, "status")) if resource.kind == "Pod" else wanted["status"]
        )
    return after


def _with_addresses(status: JsonObject) -> dict[str, Json]:
    """Return the status of a pod whose single addresses are told as lists too."""
    filled = dict(status)
    for one, many in (("podIP", "podIPs"), ("hostIP", "hostIPs")):
        if text(status, one) and not status.get(many):
            filled[many] = [{"ip": text(status, one)}]
    return filled


def as_bound(resource: Resource, before: JsonObject, wanted: JsonObject) -> dict[str, Json]:
    """Return the pod ``before`` with the node and the status that the scheduler gives it."""
    after = with_status(resource, before, wanted)
    node = text(wanted, "spec", "nodeName")
    if node:
        after["spec"] = {**mapping(before, "spec"), "nodeName": node}
    return after


def with_namespace_finalizers(resource: Resource, before: JsonObject, wanted: JsonObject) -> dict[str, Json]:
    """Return the namespace ``before`` with the finalizers of the spec of ``wanted``."""
    del resource
    metadata = dict(mapping(before, "metadata"))
    managed = mapping(wanted, "metadata").get("managedFields")
    if managed is not None:
        metadata["managedFields"] = managed
    spec = {**mapping(before, "spec"), "finalizers": items(wanted, "spec", "finalizers")}
    return {**before, "metadata": metadata, "spec": spec}


def _annotations(value: JsonObject) -> JsonObject:
    return mapping(value, "metadata", "annotations")


def _with_job_labels(job: dict[str, Json]) -> dict[str, Json]:
    """Return a Job whose pods carry its uid and name, and which selects them by its uid."""
    spec = dict(mapping(job, "spec"))
    if spec.get("manualSelector") is True:
        return job
    uid, name = text(job, "metadata", "uid"), text(job, "metadata", "name")
    template = mapping(spec, "template")
    metadata = mapping(template, "metadata")
    labels = {
        **mapping(metadata, "labels"),
        JOB_UID: uid,
        JOB_NAME: name,
        "controller-uid": uid,
        "job-name": name,
    }
    spec["selector"] = {"matchLabels": {JOB_UID: uid}}
    spec["template"] = {**template, "metadata": {**metadata, "labels": labels}}
    kept = {"labels": labels, **mapping(job, "metadata")}
    return {**job, "metadata": kept, "spec": spec}
