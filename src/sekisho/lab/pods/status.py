"""The status of a pod, made of what its containers do: as a kubelet reports it.

Source: Kubernetes documentation, "Pod Lifecycle"; ``pkg/kubelet/kubelet_pods.go`` (``getPhase``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube.members import mapping, objects, text

CREATING = ("ContainerCreating", "")
INITIALIZING = ("PodInitializing", "")


@dataclass(frozen=True, slots=True)
class Terminated:
    """How one attempt of a container ended."""

    exit_code: int
    reason: str
    started: Instant
    finished: Instant
    signal: int = 0
    message: str = ""
    container_id: str = ""

    def document(self) -> dict[str, Json]:
        """Return ``ContainerStateTerminated``."""
        found: dict[str, Json] = {"exitCode": self.exit_code}
        if self.signal:
            found["signal"] = self.signal
        found["reason"] = self.reason
        if self.message:
            found["message"] = self.message
        found |= {"startedAt": self.started.rfc3339(), "finishedAt": self.finished.rfc3339()}
        if self.container_id:
            found["containerID"] = self.container_id
        return found


@dataclass(slots=True)
class ContainerState:
    """What one container of a pod does now; exactly one of the first three is set."""

    name: str
    image: str
    waiting: tuple[str, str] | None = CREATING
    running: Instant | None = None
    terminated: Terminated | None = None
    last: Terminated | None = None
    restarts: int = 0
    container_id: str = ""
    is_sidecar: bool = False
    started: bool = False
    """Whether its startup probe, if it has one, has found it started."""
    ready: bool = False

    def wait(self, reason: str, message: str = "") -> None:
        """Wait for a reason; an attempt that ended becomes the last one."""
        self._keep_last()
        self.waiting, self.running = (reason, message), None
        self.started = self.ready = False

    def run(self, now: Instant, container_id: str) -> None:
        """Begin an attempt."""
        self._keep_last()
        self.waiting, self.running, self.container_id = None, now, container_id
        self.started = self.ready = False

    def end(self, how: Terminated) -> None:
        """End the attempt."""
        self.waiting, self.running, self.terminated = None, None, how
        self.started = self.ready = False

    def _keep_last(self) -> None:
        if self.terminated is not None:
            self.last, self.terminated = self.terminated, None

    @property
    def succeeded(self) -> bool:
        """Whether the last attempt ended well."""
        return self.terminated is not None and self.terminated.exit_code == 0

    def document(self) -> dict[str, Json]:
        """Return ``ContainerStatus``."""
        state: dict[str, Json]
        if self.running is not None:
            state = {"running": {"startedAt": self.running.rfc3339()}}
        elif self.terminated is not None:
            state = {"terminated": self.terminated.document()}
        else:
            reason, message = self.waiting or CREATING
            state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        found: dict[str, Json] = {
            "name": self.name,
            "state": state,
            "lastState": {} if self.last is None else {"terminated": self.last.document()},
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": "" if not self.container_id else f"sekisho://{self.image}",
        }
        if self.container_id:
            found["containerID"] = self.container_id
        return {**found, "started": self.started}


def state_from(found: JsonObject, name: str, image: str) -> ContainerState:
    """Return what a status tells of a container, for a lab that starts again: it runs no more."""
    state = ContainerState(name, image)
    restarts = found.get("restartCount")
    state.restarts = restarts if isinstance(restarts, int) else 0
    state.container_id = text(found, "containerID")
    return state


def phase(policy: str, first: Sequence[ContainerState], main: Sequence[ContainerState]) -> str:
    """Return the phase of a pod."""
    for state in first:
        if state.is_sidecar:
            if not state.started and state.last is None and state.terminated is None:
                return "Pending"
        elif not state.succeeded:
            failed = state.terminated is not None and policy == "Never"
            return "Failed" if failed else "Pending"
    if any(state.waiting is not None and state.last is None for state in main):
        return "Pending"
    if any(state.running is not None for state in main):
        return "Running"
    if policy == "Always":
        return "Running"
    ended = [state.terminated or state.last for state in main]
    if all(how is not None and how.exit_code == 0 for how in ended):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def conditions(
    before: JsonObject,
    now: Instant,
    phase_: str,
    *,
    has_sandbox: bool,
    initialized: bool,
    main: Sequence[ContainerState],
) -> list[Json]:
    """Return the conditions of a bound pod; one that does not change keeps its time."""
    unready = [state.name for state in main if not state.ready]
    done = phase_ == "Succeeded"
    if done:
        why = ("PodCompleted", "")
    elif phase_ == "Failed":
        why = ("PodFailed", "")
    elif unready:
        why = ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    else:
        why = ("", "")
    ready = not unready and phase_ not in ("Succeeded", "Failed")
    uninitialized = ("", "")
    if done:
        uninitialized = ("PodCompleted", "")
    elif not initialized:
        uninitialized = ("ContainersNotInitialized", "containers with incomplete status")
    wanted = (
        ("PodReadyToStartContainers", has_sandbox, ("", "")),
        ("Initialized", initialized, uninitialized),
        ("Ready", ready, why),
        ("ContainersReady", ready, why),
        ("PodScheduled", True, ("", "")),
    )
    known = {text(one, "type"): one for one in objects(before, "conditions")}
    found: list[Json] = []
    for kind, holds, (reason, message) in wanted:
        value = "True" if holds else "False"
        old = known.get(kind, {})
        moved = text(old, "status") != value
        condition: dict[str, Json] = {
            "type": kind,
            "status": value,
            "lastProbeTime": None,
            "lastTransitionTime": now.rfc3339() if moved else old.get("lastTransitionTime"),
        }
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        found.append(condition)
    return found


def with_condition(status: JsonObject, condition: Mapping[str, Json]) -> dict[str, Json]:
    """Return a status with one condition in place of the one of its type."""
    kind = condition["type"]
    others: list[Json] = [one for one in objects(status, "conditions") if one.get("type") != kind]
    return {**mapping(status), "conditions": [*others, dict(condition)]}


def lost(now: Instant, container_id: str) -> Terminated:
    """Return the end of a container that nobody saw: a kubelet says it so."""
    message = "The container could not be located when the pod was terminated"
    return Terminated(137, "ContainerStatusUnknown", now, now, 0, message, container_id)
