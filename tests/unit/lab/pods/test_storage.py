"""How much a pod may write: each volume, all of them, each container, and no more by asking more often."""

from typing import Any

import pytest

from sekisho.lab.pods.storage import MAX_EMPTY_BYTES, MAX_SCRATCH_BYTES, container_bytes, volume_bytes

MIB = 1024 * 1024


def pod(*sizes: str | None, limits: tuple[str | None, ...] = (None,)) -> Any:
    """Return a pod with emptyDir volumes of these limits, and containers of these."""
    volumes = [
        {"name": f"v{index}", "emptyDir": {} if size is None else {"sizeLimit": size}}
        for index, size in enumerate(sizes)
    ]
    containers = [
        {"name": f"c{index}"}
        if limit is None
        else {"name": f"c{index}", "resources": {"limits": {"ephemeral-storage": limit}}}
        for index, limit in enumerate(limits)
    ]
    return {"spec": {"volumes": [*volumes, {"name": "c", "configMap": {}}], "containers": containers}}


VOLUMES = {
    "no limit": (pod(None), [64 * MIB]),
    "a limit": (pod("1Mi"), [MIB]),
    "as much as a pod may hold": (pod("256Mi"), [256 * MIB]),
    "more than that": (pod("257Mi"), [256 * MIB]),
    "together as much": (pod("128Mi", "64Mi", None), [128 * MIB, 64 * MIB, 64 * MIB]),
    "together more": (pod("256Mi", "128Mi", "128Mi"), [128 * MIB, 64 * MIB, 64 * MIB]),
    "the limit of a container": (pod("3Mi", "1Mi", limits=("2Mi", None)), [3 * MIB // 2, MIB // 2]),
    "the limits of two": (pod("3Mi", "1Mi", limits=("2Mi", "2Mi")), [3 * MIB, MIB]),
    "none": (pod(), []),
}


@pytest.mark.parametrize(("one", "sizes"), VOLUMES.values(), ids=VOLUMES.keys())
def test_volumes_share_what_a_pod_may_hold(one: Any, sizes: list[int]) -> None:
    assert list(volume_bytes(one).values()) == sizes


def test_a_thousand_volumes_hold_no_more_than_one() -> None:
    assert sum(volume_bytes(pod(*["1Ti"] * 1000)).values()) <= MAX_EMPTY_BYTES


CONTAINERS = {
    "alone": ((None,), 64 * MIB),
    "one of four": ((None,) * 4, 64 * MIB),
    "one of five": ((None,) * 5, MAX_SCRATCH_BYTES // 5),
    "with a limit": (("1Mi",), MIB),
    "with a limit that is no less": (("1Gi",), 64 * MIB),
}


@pytest.mark.parametrize(("limits", "size"), CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_container_writes_its_share(limits: tuple[str | None, ...], size: int) -> None:
    one = pod(limits=limits)
    assert container_bytes(one, one["spec"]["containers"][0]) == size
