"""The running containers of a cluster, as its API server asks for them: logs, commands, attachment, ports."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping

from sekisho.decide.values import JsonObject
from sekisho.lab.kube.containers import Command, ContainerRef, LogOptions
from sekisho.lab.pods import log_file
from sekisho.lab.pods.attempt import Attached, Attempt
from sekisho.lab.pods.environment import VariableError
from sekisho.lab.pods.inside.commands import resize
from sekisho.lab.pods.node import Node
from sekisho.lab.pods.sandbox import Process, Sandbox, SandboxError
from sekisho.lab.pods.streams import Pipes, reading, typing, writing
from sekisho.lab.pods.worker import PodWorker
from sekisho.lab.world import Clock
from sekisho.wire.kube import status
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.status import KubeError

_EXEC_ERROR = (
    "error executing command in container: failed to exec in container: failed to start exec: "
    "OCI runtime exec failed: exec failed: unable to start container process: "
)

Workers = Callable[[], Mapping[tuple[str, str], PodWorker]]
"""Returns the pods of a cluster, by namespace and name."""


class PodContainers:
    """Answers `sekisho.lab.kube.containers.Containers` from the pods that run."""

    def __init__(self, node: Node, workers: Workers, clock: Clock) -> None:
        self._node = node
        self._workers = workers
        self._clock = clock

    async def logs(self, of: ContainerRef, options: LogOptions) -> AsyncIterator[bytes]:
        """Return the log of a container's present or last run, or of the run before it.

        Raises:
            KubeError: 400, there is no such run.
        """
        pod = self._node.look("pods", of.namespace, of.pod)
        found = status_of(pod, of.container)
        number = _run_of(found, previous=options.previous)
        uid = text(pod, "metadata", "uid")
        path = None if number is None or not uid else self._node.log_path(uid, of.container, number)
        if path is None or not path.exists():
            raise _no_log(of, found, previous=options.previous)
        worker = self._worker(of.namespace, of.pod, of.uid)
        attempt = None if worker is None else worker.attempts.get(of.container)
        writer = None if attempt is None or attempt.writer.path != path else attempt.writer
        return log_file.read(path, writer, options, self._clock.now())

    async def execute(self, of: ContainerRef, command: tuple[str, ...], *, stdin: bool, tty: bool) -> Command:
        """Start a command in a running container.

        Raises:
            KubeError: the container does not run, or the command cannot be started.
        """
        worker, attempt = self._running(of)
        try:
            own = worker.spec_of(of.container)
            spec = worker.files.executed(own, worker.images[of.container], command, tty=tty)
            if tty:
                process = await attempt.sandbox.run(spec, (), attempt.process)
                return await _on_terminal(attempt.sandbox, process, stdin=stdin)
            pipes = Pipes.make(stdin=stdin)
            try:
                process = await attempt.sandbox.run(spec, pipes.theirs, attempt.process)
            except BaseException:
                pipes.close()
                raise
            pipes.started()
            executed = Executed(attempt.sandbox, process, await reading(pipes.stdout))
            executed.stderr = await reading(pipes.stderr)
            if pipes.stdin is not None:
                executed.stdin = await writing(pipes.stdin)
        except (SandboxError, VariableError, OSError) as error:
            raise status.internal(f"{_EXEC_ERROR}{error}") from None
        return executed

    async def attach(self, of: ContainerRef, *, stdin: bool, tty: bool) -> Command:
        """Return the streams of a container's own process.

        Raises:
            KubeError: the container does not run.
        """
        _, attempt = self._running(of)
        return Attachment(attempt, stdin=stdin, tty=tty and attempt.terminal is not None)

    async def connect(
        self, namespace: str, pod: str, uid: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a TCP connection to a port in a pod.

        Raises:
            KubeError: the pod does not run, or nothing listens there.
        """
        worker = self._worker(namespace, pod, uid)
        if worker is None or worker.sandbox is None:
            raise status.internal(f"error forwarding port {port} to pod {pod}: the pod is not running")
        try:
            connection = await worker.sandbox.connect(port)
            return await asyncio.open_connection(sock=connection)
        except (SandboxError, OSError) as error:
            sentence = f"failed to connect to localhost:{port} inside namespace {worker.uid!r}: {error}"
            raise status.internal(f"error forwarding port {port} to pod {worker.uid}: {sentence}") from None

    def _worker(self, namespace: str, pod: str, uid: str) -> PodWorker | None:
        found = self._workers().get((namespace, pod))
        return found if found is not None and found.uid == uid else None

    def _running(self, of: ContainerRef) -> tuple[PodWorker, Attempt]:
        worker = self._worker(of.namespace, of.pod, of.uid)
        attempt = None if worker is None else worker.attempts.get(of.container)
        if worker is None or attempt is None:
            raise status.internal(f"container not found ({status.quote(of.container)})")
        return worker, attempt


class Executed:
    """A command that was started for somebody: when nobody listens any more, it ends."""

    def __init__(self, sandbox: Sandbox, process: Process, stdout: asyncio.StreamReader) -> None:
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout = stdout
        self.stderr: asyncio.StreamReader | None = None
        self._sandbox = sandbox
        self._process = process
        self._terminal = process.terminal

    def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal its size; without one this does nothing."""
        if self._terminal is not None:
            resize(self._terminal, columns, rows)

    async def wait(self) -> int:
        """Return the exit code; 128 and the signal's number for one that a signal ended."""
        return (await asyncio.shield(self._process.ended)).exit_code

    def leave(self) -> None:
        """Let go of the streams, and end the command if it still runs."""
        if not self._process.ended.done():
            self._sandbox.signal(self._process, signal.SIGKILL, group=True)
        if self.stdin is not None:
            self.stdin.close()
            self.stdin = None
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None


class Attachment:
    """The streams of a container's own process: it goes on when nobody listens any more."""

    def __init__(self, attempt: Attempt, *, stdin: bool, tty: bool) -> None:
        self._attempt = attempt
        self._attached: Attached = attempt.attach()
        self.stdin = attempt.stdin if stdin else None
        self.stdout = self._attached.stdout
        self.stderr: asyncio.StreamReader | None = None if tty else self._attached.stderr

    def resize(self, columns: int, rows: int) -> None:
        """Tell the container's terminal its size; without one this does nothing."""
        if self._attempt.terminal is not None:
            resize(self._attempt.terminal, columns, rows)

    async def wait(self) -> int:
        """Return the exit code of the container."""
        return (await asyncio.shield(self._attempt.process.ended)).exit_code

    def leave(self) -> None:
        """Listen no more."""
        self._attempt.detach(self._attached)


async def _on_terminal(sandbox: Sandbox, process: Process, *, stdin: bool) -> Executed:
    assert process.terminal is not None  # noqa: S101 - it was asked for
    executed = Executed(sandbox, process, await reading(os.dup(process.terminal)))
    if stdin:
        executed.stdin = await typing(os.dup(process.terminal))
    with contextlib.suppress(OSError):
        executed.resize(80, 24)
    return executed


def status_of(pod: JsonObject | None, container: str) -> JsonObject:
    """Return the status of a container of a pod; empty where there is none yet."""
    for member in ("containerStatuses", "initContainerStatuses"):
        for one in objects(pod, "status", member) if pod is not None else ():
            if text(one, "name") == container:
                return one
    return {}


def _run_of(found: JsonObject, *, previous: bool) -> int | None:
    """Return the number of the run whose log is asked for (``validateContainerLogStatus`` of the kubelet)."""
    restarts = number(found, "restartCount")
    has_last = bool(mapping(found, "lastState", "terminated"))
    if mapping(found, "state", "waiting"):
        return restarts if has_last else None
    if not mapping(found, "state"):
        return None
    if previous:
        return restarts - 1 if has_last else None
    return restarts


def _no_log(of: ContainerRef, found: JsonObject, *, previous: bool) -> KubeError:
    container, pod = status.quote(of.container), status.quote(of.pod)
    if previous:
        return status.bad_request(f"previous terminated container {container} in pod {pod} not found")
    waiting = mapping(found, "state", "waiting")
    if waiting or not found:
        reason, message = text(waiting, "reason") or "ContainerCreating", text(waiting, "message")
        told = (
            f"trying and failing to start: {reason}: {message}" if message else f"waiting to start: {reason}"
        )
        return status.bad_request(f"container {container} in pod {pod} is {told}")
    return status.bad_request(f"the log of container {container} in pod {pod} is not kept any more")
