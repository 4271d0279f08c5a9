"""What a cluster's API server asks of whoever runs its pods: logs, commands, attachment, ports.

kube-apiserver passes these requests on to a node's kubelet; here the runtime of the lab's pods
answers them. The server knows only these protocols.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sekisho.decide.values import Instant


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """A container of a pod; the names were checked to exist in the pod's spec.

    ``uid`` is the pod's: another one of its name is another pod.
    """

    namespace: str
    pod: str
    uid: str
    container: str


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a container's log is wanted (``core/v1`` PodLogOptions)."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: timedelta | None = None
    since_time: Instant | None = None


class Command(Protocol):
    """A process that runs in a container, with its streams.

    With a terminal ``stderr`` is None, as both streams are one then; ``stdin`` is None if none was asked for.
    """

    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader | None

    def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal its size; without one this does nothing."""

    async def wait(self) -> int:
        """Return the exit code; 128 and the signal's number for one that a signal ended."""

    def leave(self) -> None:
        """Say that nobody listens any more: a command made for the listener ends, an attached one goes on."""


class Containers(Protocol):
    """The running containers of one cluster.

    Every method raises `KubeError` with the kubelet's own text where the container does not run,
    has no log yet, or the command cannot be started.
    """

    async def logs(self, of: ContainerRef, options: LogOptions) -> AsyncIterator[bytes]:
        """Return the log in pieces; it ends with the container if it is followed, else with what there is."""

    async def execute(self, of: ContainerRef, command: tuple[str, ...], *, stdin: bool, tty: bool) -> Command:
        """Start a command in a running container."""

    async def attach(self, of: ContainerRef, *, stdin: bool, tty: bool) -> Command:
        """Return the streams of the container's own process."""

    async def connect(
        self, namespace: str, pod: str, uid: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a TCP connection to a port on which something in the pod listens."""
