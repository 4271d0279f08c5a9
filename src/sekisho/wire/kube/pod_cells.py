"""The cells of a pod's row: readiness, the state that a person should know first, and restarts.

The order of precedence follows kube-apiserver's printer: deletion, then a failing init
container, then the last container that waits or has ended, then the phase.
"""

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube.duration import age
from sekisho.wire.kube.members import mapping, number, objects, text


def pod_ready(pod: JsonObject, _: Instant) -> Json:
    """Return ``ready/all`` containers, restartable init containers included."""
    sidecars = {text(c, "name") for c in _sidecars(pod)}
    ready = sum(1 for s in objects(pod, "status", "containerStatuses") if _is_ready(s))
    ready += sum(
        1
        for s in objects(pod, "status", "initContainerStatuses")
        if text(s, "name") in sidecars and _is_ready(s)
    )
    return f"{ready}/{len(objects(pod, 'spec', 'containers')) + len(sidecars)}"


def pod_status(pod: JsonObject, _: Instant) -> Json:
    """Return one word such as ``Running``, ``Init:0/1``, ``ContainerCreating``, ``Terminating``."""
    shown = text(pod, "status", "reason") or text(pod, "status", "phase") or "Unknown"
    for condition in objects(pod, "status", "conditions"):
        if text(condition, "type") == "PodScheduled" and text(condition, "reason") == "SchedulingGated":
            shown = "SchedulingGated"
    initializing = _initializing(pod)
    shown = initializing or _containers(pod, shown)
    if text(pod, "metadata", "deletionTimestamp"):
        finished = text(pod, "status", "phase") in {"Succeeded", "Failed"}
        if text(pod, "status", "reason") == "NodeLost":
            return "Unknown"
        return shown if finished else "Terminating"
    return shown


def pod_restarts(pod: JsonObject, now: Instant) -> Json:
    """Return the number of restarts, with the age of the last one: ``2 (5m ago)``."""
    statuses = objects(pod, "status", "containerStatuses")
    count = sum(number(status, "restartCount") for status in statuses)
    last = max((text(s, "lastState", "terminated", "finishedAt") for s in statuses), default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def readiness_gates(pod: JsonObject, _: Instant) -> Json:
    """Return ``true/all`` readiness gates, ``<none>`` where the pod has none."""
    gates = [text(gate, "conditionType") for gate in objects(pod, "spec", "readinessGates")]
    if not gates:
        return "<none>"
    true = {text(c, "type") for c in objects(pod, "status", "conditions") if text(c, "status") == "True"}
    return f"{sum(1 for gate in gates if gate in true)}/{len(gates)}"


def _sidecars(pod: JsonObject) -> list[JsonObject]:
    containers = objects(pod, "spec", "initContainers")
    return [container for container in containers if text(container, "restartPolicy") == "Always"]


def _is_ready(status: JsonObject) -> bool:
    return status.get("ready") is True and "running" in mapping(status, "state")


def _initializing(pod: JsonObject) -> str:
    """Return the word for the first init container that has not done its work; empty when all have."""
    sidecars = {text(c, "name") for c in _sidecars(pod)}
    total = len(objects(pod, "spec", "initContainers"))
    for index, status in enumerate(objects(pod, "status", "initContainerStatuses")):
        state = mapping(status, "state")
        ended = mapping(state, "terminated")
        if ended and number(ended, "exitCode") == 0:
            continue
        if text(status, "name") in sidecars and status.get("started") is True:
            continue
        if ended:
            return f"Init:{_ended(ended)}"
        waiting = text(state, "waiting", "reason")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{total}"
    return ""


def _containers(pod: JsonObject, shown: str) -> str:
    has_running = False
    for status in reversed(objects(pod, "status", "containerStatuses")):
        state = mapping(status, "state")
        ended = mapping(state, "terminated")
        if text(state, "waiting", "reason"):
            shown = text(state, "waiting", "reason")
        elif ended:
            shown = _ended(ended)
        elif _is_ready(status):
            has_running = True
    if shown == "Completed" and has_running:
        ready = any(
            text(c, "type") == "Ready" and text(c, "status") == "True"
            for c in objects(pod, "status", "conditions")
        )
        return "Running" if ready else "NotReady"
    return shown


def _ended(ended: JsonObject) -> str:
    if text(ended, "reason"):
        return text(ended, "reason")
    signal = number(ended, "signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{number(ended, 'exitCode')}"
