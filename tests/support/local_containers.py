"""Containers that are local processes, without isolation: what the streams of the lab are tested with.

A command runs as a child of the lab in a folder of its pod's, a terminal is a real one, a port of the
pod is that port on loopback, a log is a file. A pod whose name begins with ``stopped`` runs nothing.
"""

import asyncio
import contextlib
import fcntl
import os
import pty
import socket
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from subprocess import DEVNULL, PIPE

from sekisho.facts import Put
from sekisho.lab.kube.containers import Command, ContainerRef, LogOptions
from sekisho.lab.world import Change
from sekisho.wire.kube.members import mapping
from sekisho.wire.kube.status import KubeError, bad_request

POLL_SECONDS = 0.02
ATTACHED = "while read line; do echo got $line; done"


class LocalCommand:
    """A process with pipes, or with a terminal whose one end is ``terminal``."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        stdin: asyncio.StreamWriter | None,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader | None,
        terminal: int | None = None,
        typing: "asyncio.Task[None] | None" = None,
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self._process = process
        self._terminal = terminal
        self._typing = typing
        self.left = False

    def resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def wait(self) -> int:
        code = await self._process.wait()
        return 128 - code if code < 0 else code

    def leave(self) -> None:
        self.left = True
        if self._typing is not None:
            self._typing.cancel()
        if self._terminal is not None:
            asyncio.get_running_loop().remove_reader(self._terminal)
            os.close(self._terminal)
            self._terminal = None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


class LocalContainers:
    """Answers `sekisho.lab.kube.containers.Containers` with processes below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, namespace: str, pod: str) -> Path:
        found = self.root / namespace / pod
        found.mkdir(parents=True, exist_ok=True)
        return found

    async def logs(self, of: ContainerRef, options: LogOptions) -> AsyncIterator[bytes]:
        file = self.folder(of.namespace, of.pod) / f"{of.container}.log"
        if options.previous:
            raise bad_request(f'previous terminated container "{of.container}" in pod "{of.pod}" not found')
        if not file.exists():
            raise bad_request(
                f'container "{of.container}" in pod "{of.pod}" is waiting to start: ContainerCreating'
            )
        return _log(file, options)

    async def execute(self, of: ContainerRef, command: tuple[str, ...], *, stdin: bool, tty: bool) -> Command:
        if of.pod.startswith("stopped"):
            raise KubeError(404, "NotFound", f'container not found ("{of.container}")')
        folder = self.folder(of.namespace, of.pod)
        try:
            if tty:
                return await _on_terminal(command, folder)
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE if stdin else DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                cwd=folder,
            )
        except OSError as error:
            text = f"error executing command in container: failed to exec in container: {error.strerror}"
            raise KubeError(500, "InternalError", text) from None
        assert process.stdout is not None
        return LocalCommand(process, process.stdin, process.stdout, process.stderr)

    async def attach(self, of: ContainerRef, *, stdin: bool, tty: bool) -> Command:
        return await self.execute(of, ("sh", "-c", ATTACHED), stdin=stdin, tty=tty)

    async def connect(
        self, namespace: str, pod: str, uid: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert uid
        if pod.startswith("stopped"):
            raise KubeError(404, "NotFound", f"pod {pod} of {namespace} does not run")
        return await asyncio.open_connection("127.0.0.1", port)


async def _on_terminal(command: tuple[str, ...], folder: Path) -> LocalCommand:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True
    )
    os.close(theirs)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()

    def readable() -> None:
        try:
            data = os.read(ours, 4096)
        except OSError:  # the last process that had the terminal open is gone
            data = b""
        if data:
            reader.feed_data(data)
        else:
            loop.remove_reader(ours)
            reader.feed_eof()

    loop.add_reader(ours, readable)
    # uvloop reads from the pipes it writes to, and would take the terminal's output: a socket lies between.
    near, far = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=near)
    typed, end = await asyncio.open_connection(sock=far)

    async def type_in() -> None:
        with contextlib.suppress(OSError):
            while data := await typed.read(4096):
                os.write(ours, data)
        end.close()

    typing = asyncio.create_task(type_in())
    return LocalCommand(process, writer, reader, None, ours, typing)


async def _log(file: Path, options: LogOptions) -> AsyncIterator[bytes]:
    """Yield the file; with ``follow`` until a file ``.ended`` lies beside it."""
    data = _content(file)
    at = len(data)
    if options.tail_lines is not None:
        data = b"".join(data.splitlines(keepends=True)[-options.tail_lines :] if options.tail_lines else [])
    yield data[: options.limit_bytes]
    while options.follow and not _has_ended(file):
        await asyncio.sleep(POLL_SECONDS)
        more = _content(file)[at:]
        at += len(more)
        if more:
            yield more


def _content(file: Path) -> bytes:
    return file.read_bytes()


def _has_ended(file: Path) -> bool:
    return file.with_suffix(".ended").exists()


async def _serve(state_path: Path, world: str, root: Path) -> None:
    from sekisho.lab.lab import Lab
    from sekisho.lab.pods.mode import PodMode
    from sekisho.lab.world.state_dir import StateDir

    state = StateDir(state_path)
    lab = Lab(state, world, pods=PodMode.OFF)
    lab.clusters.containers_of = lambda arn: None if arn.endswith("/idle") else LocalContainers(root)
    loop = asyncio.get_running_loop()

    def run_pod(change: Change) -> None:
        body = change.after
        if (
            isinstance(body, Mapping)
            and body.get("kind") == "Pod"
            and mapping(body, "status").get("phase", "Pending") == "Pending"
        ):
            loop.call_soon(lab.world.commit, (Put(change.key, {**body, "status": {"phase": "Running"}}),))

    lab.world.listen(run_pod)
    async with lab:
        await lab.stopped.wait()


def main() -> None:
    """Run a lab whose pods are local processes: ``STATE WORLD ROOT``."""
    from sekisho.lab.world.state_dir import StateDir
    from sekisho.wire.http.event_loop import loop_factory

    state, world, root = (Path(word) for word in sys.argv[1:])
    StateDir(state).create()
    StateDir(state).lock()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(state, world.read_text(), root))


if __name__ == "__main__":
    main()
