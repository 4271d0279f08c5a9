"""One pod's namespaces, seen from the lab: started, asked for commands and connections, ended.

What is asked for is done by `sekisho.lab.pods.inside.main`, the pod's first process.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import sekisho
from sekisho.lab.pods.inside import kernel, messages

START_SECONDS = 30.0
CONNECT_SECONDS = 3.0
"""How long somebody who listens in the pod has to accept; a kernel asks for minutes."""
_FIRST_OUTER_ID = 0x6000_0000
_OUTER_IDS = 0x0100_0000
_BOOT = (
    "import sys; sys.path.append(sys.argv[2]); "
    "from sekisho.lab.pods.inside.main import run; run(int(sys.argv[1]))"
)


class SandboxError(Exception):
    """The pod's namespaces cannot be made, or what was asked of them failed; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: by itself with a code, or by a signal."""

    code: int
    signal: int = 0
    too_large: bool = False
    """Whether it was ended because its container held more memory than it may."""

    @property
    def exit_code(self) -> int:
        """The code as a container runtime tells it."""
        return 128 + self.signal if self.signal else self.code


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command and what it finds: the rest of a container is made only for its first command."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    home: str = "/home/pod"
    mounts: Sequence[Mapping[str, object]] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    scratch: int = 64 * 1024 * 1024
    """How many bytes the container may write to its own folders, together."""
    terminal: bool = False
    niceness: int = 0

    def document(self) -> dict[str, object]:
        """Return the form in which the pod's first process reads it."""
        return {
            "argv": list(self.argv),
            "env": dict(self.environment),
            "cwd": self.folder,
            "home": self.home,
            "mounts": list(self.mounts),
            "limits": dict(self.limits),
            "scratch": self.scratch,
            "tty": self.terminal,
            "nice": self.niceness,
        }


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What a pod has before any of its containers: names, ids, trees of the machine, addresses."""

    uid: str
    hostname: str
    volumes: Path
    trees: Sequence[str]
    links: Mapping[str, str]
    files: Mapping[str, str]
    empty: Mapping[str, int] = field(default_factory=dict)
    """Names of volumes that begin empty, with their sizes in bytes."""
    listen: Sequence[tuple[str, int]] = ()
    addresses: Sequence[str] = ()
    user: int = 1000
    group: int = 1000

    def document(self) -> dict[str, object]:
        """Return the form in which the pod's first process reads it."""
        return {
            "hostname": self.hostname,
            "volumes": str(self.volumes),
            "trees": list(self.trees),
            "links": dict(self.links),
            "files": dict(self.files),
            "empty": dict(self.empty),
            "listen": [list(one) for one in self.listen],
            "addresses": list(self.addresses),
            "inner": [self.user, self.group],
            "outer": self.outer(),
        }

    def outer(self) -> list[int] | None:
        """Return the machine's ids that the pod's map to; None, its own, where the lab may map no other.

        A lab of root gives each pod ids that own nothing on the machine.
        """
        if os.geteuid() != 0:
            return None
        number = _FIRST_OUTER_ID + int(self.uid.replace("-", "")[-8:], 16) % _OUTER_IDS
        return [number, number]


@dataclass(slots=True)
class Process:
    """A command that was started."""

    name: str
    ended: asyncio.Future[Ended]
    terminal: int | None = None


class Sandbox:
    """The namespaces of one pod."""

    def __init__(
        self, channel: socket.socket, process: asyncio.subprocess.Process, owner: Sequence[int] | None
    ) -> None:
        self._channel = channel
        self._process = process
        self._owner = owner
        self._numbers = itertools.count(1)
        self._asked: dict[str, asyncio.Future[list[int]]] = {}
        self._running: dict[str, Process] = {}
        self._ready: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._asked["ready"] = self._ready
        self.listeners: dict[tuple[str, int], socket.socket] = {}
        asyncio.get_running_loop().add_reader(channel.fileno(), self._hear)

    @classmethod
    async def start(cls, config: SandboxConfig) -> "Sandbox":
        """Return a new pod, in which nothing runs yet.

        Raises:
            SandboxError: this machine does not allow it.
        """
        if not kernel.is_linux():
            raise SandboxError("only Linux has the namespaces that isolate a pod")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", _BOOT, str(theirs.fileno())),
                str(Path(sekisho.__file__).parents[1]),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={},
                cwd="/",
                start_new_session=True,
            )
        ours.setblocking(False)
        sandbox = cls(ours, process, config.outer())
        try:
            messages.send(ours, config.document())
            found = await asyncio.wait_for(sandbox._ready, START_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            await sandbox.close()
            why = str(error) or "it took too long"
            raise SandboxError(f"the pod's namespaces cannot be made: {why}") from None
        except BaseException:
            await sandbox.close()
            raise
        for place, descriptor in zip(config.listen, found, strict=True):
            listener = socket.socket(fileno=descriptor)
            listener.setblocking(False)
            sandbox.listeners[place] = listener
        return sandbox

    async def run(self, spec: CommandSpec, streams: Sequence[int], inside: Process | None = None) -> Process:
        """Start a command in a container of its own, or in the one whose first command is ``inside``.

        Raises:
            SandboxError: it cannot be started.
        """
        for stream in streams:
            # A program may open its own streams again (/dev/stdout), as long as they are its own.
            if self._owner is not None and stat.S_ISFIFO(os.fstat(stream).st_mode):
                os.fchown(stream, *self._owner)
        name = f"c{next(self._numbers)}"
        process = Process(name, asyncio.get_running_loop().create_future())
        self._running[name] = process  # it may end before anybody waits
        message: dict[str, object] = {"do": "start", "id": name, "spec": spec.document()}
        if inside is not None:
            message |= {"do": "exec", "in": inside.name}
        try:
            found = await self._ask(name, message, streams)
        except BaseException:
            self._running.pop(name, None)
            self.signal(process, signal.SIGKILL, group=True)  # whoever asked may have left meanwhile
            raise
        process.terminal = found[0] if found else None
        return process

    def signal(self, process: Process, number: int, *, group: bool = False) -> None:
        """Send a signal to a command, or to all that it started in its group."""
        with contextlib.suppress(OSError, ValueError):
            messages.send(
                self._channel, {"do": "signal", "id": process.name, "number": number, "group": group}
            )

    async def connect(
        self,
        port: int,
        addresses: Sequence[str] = ("127.0.0.1", "::1"),
        seconds: float | None = CONNECT_SECONDS,
    ) -> socket.socket:
        """Return a connection to a port in the pod, at the first of ``addresses`` where one is made.

        Raises:
            SandboxError: nothing listens there, or nobody accepts in ``seconds``.
        """
        failed: SandboxError | None = None
        for address in addresses:
            name = f"p{next(self._numbers)}"
            message = {"do": "connect", "id": name, "address": address, "port": port}
            try:
                async with asyncio.timeout(seconds):
                    return await _established(socket.socket(fileno=(await self._ask(name, message))[0]))
            except TimeoutError:
                failed = failed or SandboxError("i/o timeout")
            except (SandboxError, OSError) as error:
                failed = failed or SandboxError(str(error))
        assert failed is not None  # noqa: S101 - there is an address
        raise failed

    async def close(self) -> None:
        """End everything in the pod and return when it is gone."""
        if self._channel.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._channel.close()
        for listener in self.listeners.values():
            listener.close()
        self.listeners.clear()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self._lost()

    async def _ask(self, name: str, message: Mapping[str, object], streams: Sequence[int] = ()) -> list[int]:
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._asked[name] = answer
        try:
            messages.send(self._channel, message, streams)
        except (OSError, ValueError) as error:
            self._asked.pop(name, None)
            raise SandboxError(f"the pod cannot be asked: {error}") from None
        return await answer

    def _hear(self) -> None:
        try:
            found = messages.receive(self._channel)
        except BlockingIOError:
            return
        if found is None:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._lost()
            return
        message, descriptors = found
        self._heard(message, descriptors)

    def _heard(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        name = message.get("id", "ready")
        if "exited" in message:
            process = self._running.pop(name, None)
            if process is not None and not process.ended.done():
                process.ended.set_result(Ended(message["exited"], message["signal"], message["tooLarge"]))
            return
        answer = self._asked.pop(name, None)
        if answer is None or answer.done():
            for descriptor in descriptors:
                os.close(descriptor)
        elif "failed" in message:
            answer.set_exception(SandboxError(str(message["failed"])))
        else:
            answer.set_result(descriptors)

    def _lost(self) -> None:
        """Tell everybody who waits that the pod is gone."""
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(SandboxError("the pod's first process is gone"))
        self._asked.clear()
        for process in self._running.values():
            if not process.ended.done():
                process.ended.set_result(Ended(0, signal.SIGKILL))
        self._running.clear()


async def _established(connection: socket.socket) -> socket.socket:
    """Return a socket that connects, once it is connected."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(connection.fileno(), ready.set)
    try:
        await ready.wait()
    except BaseException:
        loop.remove_writer(connection.fileno())
        connection.close()
        raise
    loop.remove_writer(connection.fileno())
    number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        connection.close()
        raise ConnectionError(f"connect: {os.strerror(number).lower()}")
    return connection


_BASE: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store")
_SETTINGS: Final = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl",
)


@cache
def machine_trees() -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return what of this machine every pod sees, read-only: programs, libraries, certificates.

    Beside the trees, the links between them (``/bin`` is one to ``usr/bin`` on most systems).
    """
    links = {path: str(Path(path).readlink()) for path in _BASE if Path(path).is_symlink()}
    trees = [path for path in _BASE if Path(path).is_dir() and path not in links]
    settings = [path for path in _SETTINGS if Path(path).exists()]
    return (*trees, *settings), links
