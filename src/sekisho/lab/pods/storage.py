"""How much a pod may write: its ephemeral storage, which is memory of the machine.

A kubelet measures now and then, and evicts a pod that holds more than its limits. Here nothing grows past
a limit in the first place: who writes more is told that the device is full (ENOSPC).

Source: Kubernetes documentation, "Local ephemeral storage".
"""

from sekisho.decide.values import JsonObject
from sekisho.lab.pods.fields import resource_of
from sekisho.lab.pods.volumes import is_empty
from sekisho.wire.kube.members import mapping, objects, text

MAX_EMPTY_BYTES = 256 * 1024 * 1024
"""What the emptyDir volumes of a pod hold, together."""
MAX_SCRATCH_BYTES = 256 * 1024 * 1024
"""What the containers of a pod write to their own folders, together."""
_VOLUME_BYTES = 64 * 1024 * 1024
_CONTAINER_BYTES = 64 * 1024 * 1024


def volume_bytes(pod: JsonObject) -> dict[str, int]:
    """Return the sizes of a pod's emptyDir volumes; together they are no more than it may hold.

    A volume has its ``sizeLimit``. If all of them exceed what the pod may hold, each has its part of that.
    """
    limit = sum(_limit(one) for one in objects(pod, "spec", "containers"))
    most = min(limit or MAX_EMPTY_BYTES, MAX_EMPTY_BYTES)
    wanted = {
        text(volume, "name"): resource_of(text(volume, "emptyDir", "sizeLimit")) or _VOLUME_BYTES
        for volume in objects(pod, "spec", "volumes")
        if is_empty(volume)
    }
    asked = sum(wanted.values())
    return wanted if asked <= most else {name: size * most // asked for name, size in wanted.items()}


def container_bytes(pod: JsonObject, container: JsonObject) -> int:
    """Return how much a container may write to its own folders (``/tmp``, ``/run``, its home)."""
    count = sum(len(objects(pod, "spec", member)) for member in ("initContainers", "containers"))
    share = min(_CONTAINER_BYTES, MAX_SCRATCH_BYTES // count)
    return min(_limit(container) or share, share)


def _limit(container: JsonObject) -> int:
    return resource_of(mapping(container, "resources", "limits").get("ephemeral-storage"))
