"""The streams of a pod are of that pod: one that was made anew under its name is another."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sekisho.lab.kube.containers import ContainerRef
from sekisho.lab.pods.containers import PodContainers
from sekisho.wire.kube.status import KubeError


class _Reached(Exception):  # noqa: N818 - the pod was asked
    pass


class _Sandbox:
    async def connect(self, port: int) -> None:
        raise _Reached(port)


def _containers(uid: str) -> PodContainers:
    attempt = SimpleNamespace(attach=_attach)
    worker = SimpleNamespace(uid=uid, sandbox=_Sandbox(), attempts={"main": attempt})
    return PodContainers(cast(Any, None), lambda: {("default", "web"): cast(Any, worker)}, cast(Any, None))


def _attach() -> None:
    raise _Reached


def _connected(containers: PodContainers) -> None:
    asyncio.run(cast(Any, containers.connect("default", "web", "first", 80)))


def _attached(containers: PodContainers) -> None:
    asyncio.run(cast(Any, containers.attach(_REF, stdin=False, tty=False)))


_REF = ContainerRef("default", "web", "first", "main")
_STREAMS = {"port-forward": _connected, "attach": _attached}


@pytest.mark.parametrize("stream", _STREAMS.values(), ids=_STREAMS.keys())
def test_a_stream_reaches_its_own_pod_alone(stream: Any) -> None:
    with pytest.raises(_Reached):
        stream(_containers("first"))
    with pytest.raises(KubeError):
        stream(_containers("second"))
