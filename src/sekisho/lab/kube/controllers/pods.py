"""Pods as their controllers see them (kubernetes ``pkg/controller``, ``pkg/api/v1/pod``)."""

from datetime import timedelta

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import served
from sekisho.lab.kube.controllers.ownership import is_marked, owner_reference
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.registry import CORE
from sekisho.wire.kube.status import KubeError

PODS = served(CORE, "pods")
MAX_PODS = 500
"""Pods that one ReplicaSet or Job gets: a lab is one computer, and a typing error is not to fill it."""

_PHASES = ("Pending", "Unknown", "Running")


def is_finished(pod: JsonObject) -> bool:
    """Tell whether the pod has ended, either way."""
    return text(pod, "status", "phase") in ("Succeeded", "Failed")


def is_active(pod: JsonObject) -> bool:
    """Tell whether the pod counts: it has not ended and is not about to."""
    return not is_finished(pod) and not is_marked(pod)


def is_ready(pod: JsonObject) -> bool:
    """Tell whether the pod is ready."""
    return bool(_ready_since(pod))


def available_from(pod: JsonObject, min_ready_seconds: int) -> Instant | None:
    """Return when the pod has been ready for long enough; None if it is not ready."""
    since = _ready_since(pod)
    if not since:
        return None
    return Instant.parse_rfc3339(since) + timedelta(seconds=min_ready_seconds)


def pod_of(template: JsonObject, owner: JsonObject) -> dict[str, Json]:
    """Return a pod of ``template`` for its controlling owner."""
    given = mapping(template, "metadata")
    metadata: dict[str, Json] = {
        "generateName": f"{text(owner, 'metadata', 'name')}-"[:58],
        "ownerReferences": [owner_reference(owner)],
        **{name: given[name] for name in ("labels", "annotations", "finalizers") if name in given},
    }
    return {"metadata": metadata, "spec": mapping(template, "spec")}


async def begin_pod(actor: Actor, template: JsonObject, owner: JsonObject) -> None:
    """Create a pod of ``template`` and tell of it, or of why there is none, as an Event of ``owner``.

    Raises:
        KubeError: as the API answers.
    """
    try:
        pod = await actor.create(PODS, text(owner, "metadata", "namespace"), pod_of(template, owner))
    except KubeError as error:
        await actor.tell(owner, "FailedCreate", f"Error creating: {error.message}", warning=True)
        raise
    await actor.tell(owner, "SuccessfulCreate", f"Created pod: {text(pod, 'metadata', 'name')}")


def first_to_go(pod: JsonObject) -> tuple[bool, int, bool, str, str]:
    """Return the place of a pod among those of which some have to go: the least useful first."""
    phase = text(pod, "status", "phase")
    created = text(pod, "metadata", "creationTimestamp")
    newest_first = "".join(chr(0x10FFFF - ord(char)) for char in created)
    return (
        bool(text(pod, "spec", "nodeName")),
        _PHASES.index(phase) if phase in _PHASES else 0,
        is_ready(pod),
        newest_first,
        text(pod, "metadata", "name"),
    )


def within_reason(wanted: int) -> int:
    """Return how many pods are made where ``wanted`` are asked for."""
    return min(wanted, MAX_PODS)


def restarts(pod: JsonObject) -> int:
    """Return how often containers of the pod were started again."""
    told = (*objects(pod, "status", "containerStatuses"), *objects(pod, "status", "initContainerStatuses"))
    return sum(number(one, "restartCount") for one in told)


def _ready_since(pod: JsonObject) -> str:
    for condition in objects(pod, "status", "conditions"):
        if text(condition, "type") == "Ready" and text(condition, "status") == "True":
            return text(condition, "lastTransitionTime") or text(pod, "metadata", "creationTimestamp")
    return ""
