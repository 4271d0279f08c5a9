"""Events about pods, as components of a cluster write them; the same one again only counts up."""

import uuid
from dataclasses import dataclass, field

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.world import Clock
from sekisho.wire.kube.members import number, text
from sekisho.wire.kube.registry import REGISTRY, Resource
from sekisho.wire.kube.status import KubeError

MAX_KINDS = 25
"""How many different events of one pod are kept apart; a client-go recorder has such a limit too."""
KUBELET = "kubelet"
SCHEDULER = "default-scheduler"


def stored(plural: str) -> Resource:
    """Return a resource of the core group."""
    found = REGISTRY.at_path("", "v1", plural)
    assert found is not None  # noqa: S101 - the registry serves them
    return found


@dataclass(slots=True)
class Recorder:
    """Writes the events of one pod."""

    objects: KubeObjects
    clock: Clock
    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(
        self,
        pod: JsonObject,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        component: str = KUBELET,
        of: str = "",
    ) -> None:
        """Say what happened to a pod; ``of`` is the container that it happened to."""
        namespace, name = text(pod, "metadata", "namespace"), text(pod, "metadata", "name")
        now = self.clock.now().rfc3339()
        known = self._names.get((reason, message))
        events = stored("events")
        try:
            if known is not None and self.objects.exists(events, namespace, known):
                self.objects.update(
                    events,
                    namespace,
                    known,
                    lambda before: {**before, "count": number(before, "count") + 1, "lastTimestamp": now},
                )
                return
            if known is None and len(self._names) >= MAX_KINDS:
                return
            made = f"{name[:230]}.{uuid.uuid4().hex[:16]}"
            node = text(pod, "spec", "nodeName")
            source: dict[str, Json] = {"component": component}
            if component == KUBELET and node:
                source["host"] = node
            involved: dict[str, Json] = {
                "kind": "Pod",
                "namespace": namespace,
                "name": name,
                "uid": text(pod, "metadata", "uid"),
                "apiVersion": "v1",
                "resourceVersion": text(pod, "metadata", "resourceVersion"),
            }
            if of:
                involved["fieldPath"] = f"spec.containers{{{of}}}"
            body: dict[str, Json] = {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": made, "namespace": namespace},
                "involvedObject": involved,
                "reason": reason,
                "message": message[:1024],
                "source": source,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": "Warning" if warning else "Normal",
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": node if component == KUBELET else "",
            }
            self.objects.create(events, namespace, self.objects.begun(body))
            self._names[(reason, message)] = made
        except KubeError:
            return  # the namespace goes away, and the pod with it
