"""Starting a command in a container: namespaces entered, privileges given up, then the program."""

import contextlib
import os
import resource
import signal
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fcntl import ioctl
from typing import Any, NoReturn

from sekisho.lab.pods.inside import kernel, messages, roots, seccomp

_TIOCSCTTY = 0x540E
_TIOCSWINSZ = 0x5414
START_SECONDS = 5.0
"""How long a command may take to begin: whoever is in its container already can stop it by a signal."""
_LIMITS = {
    "processes": resource.RLIMIT_NPROC,
    "files": resource.RLIMIT_NOFILE,
    "memory": resource.RLIMIT_DATA,
    "fileSize": resource.RLIMIT_FSIZE,
}


class StartError(Exception):
    """A command could not be started; the sentence is the container runtime's."""


@dataclass(slots=True)
class Started:
    """A command that runs; a new container's namespaces come with it, and a terminal's other end."""

    pid: int
    mounts: int | None = None
    processes: int | None = None
    terminal: int | None = None

    def close(self) -> None:
        """Let go of the namespaces."""
        for descriptor in (self.mounts, self.processes):
            if descriptor is not None:
                os.close(descriptor)
        self.mounts = self.processes = None


def start(
    config: Mapping[str, Any], spec: Mapping[str, Any], streams: Sequence[int], inside: Started | None
) -> Started:
    """Start a command in a new container, or in the one that ``inside`` is the first command of.

    Raises:
        StartError: it cannot be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if inside is None:
            kernel.unshare(kernel.CLONE_NEWPID)
        else:
            assert inside.processes is not None  # noqa: S101 - only running containers are asked for
            kernel.setns(inside.processes, kernel.CLONE_NEWPID)
        pid = os.fork()
        if not pid:
            _child(config, spec, streams, inside, theirs)
    except OSError as error:
        ours.close()
        raise StartError(f"the kernel refuses another process: {error.strerror}") from None
    finally:
        # Also after a failure: a container that just ended takes no more processes, the next one has to.
        kernel.setns(own_processes, kernel.CLONE_NEWPID)
        os.close(own_processes)
        theirs.close()
    with ours:
        return _hear(ours, pid)


def resize(terminal: int, columns: int, rows: int) -> None:
    """Tell a terminal its size."""
    with contextlib.suppress(OSError):
        ioctl(terminal, _TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def _hear(channel: socket.socket, pid: int) -> Started:
    """Wait until the child has executed the program, or has said why not."""
    channel.settimeout(START_SECONDS)
    found = _heard(channel, pid)
    if found is not None and "failed" not in found[0]:
        message, descriptors = found
        named = dict(zip(message["descriptors"], descriptors, strict=True))
        started = Started(pid, named.get("mounts"), named.get("processes"), named.get("terminal"))
        messages.send(channel, {})
        found = _heard(channel, pid)
        if found is None:
            return started
        started.close()
        if started.terminal is not None:
            os.close(started.terminal)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    raise StartError(found[0]["failed"] if found is not None else "it ended while it was being started")


def _heard(channel: socket.socket, pid: int) -> tuple[dict[str, Any], list[int]] | None:
    """Return the child's next message; one that says nothing in time is ended."""
    try:
        return messages.receive(channel)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        return {"failed": "it took too long to start"}, []


def _child(
    config: Mapping[str, Any],
    spec: Mapping[str, Any],
    streams: Sequence[int],
    inside: Started | None,
    channel: socket.socket,
) -> NoReturn:
    try:
        _become_command(config, spec, streams, inside, channel)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other side has to hear of it
        _tell(channel, str(error))
    os._exit(127)


def _become_command(
    config: Mapping[str, Any],
    spec: Mapping[str, Any],
    streams: Sequence[int],
    inside: Started | None,
    channel: socket.socket,
) -> None:
    named: dict[str, int] = {}
    if inside is None:
        named |= roots.enter_new_root(config, spec)
    else:
        assert inside.mounts is not None  # noqa: S101 - only running containers are asked for
        kernel.setns(inside.mounts, kernel.CLONE_NEWNS)
        os.chdir(spec["cwd"])
    os.setsid()
    if spec["tty"]:
        terminal, streams = _terminal()
        named["terminal"] = terminal
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    messages.send(channel, {"descriptors": list(named)}, list(named.values()))
    messages.receive(channel)
    keep = channel.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    for name, limit in spec["limits"].items():
        most = resource.getrlimit(_LIMITS[name])[1]
        value = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(_LIMITS[name], (value, value))
    if spec["nice"]:
        os.nice(spec["nice"])
    os.umask(0o022)
    kernel.give_up_privileges()
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    seccomp.refuse_calls()
    program = _found(spec["argv"][0], spec["env"].get("PATH", ""))
    os.execve(program, spec["argv"], spec["env"])  # noqa: S606 - no shell is wanted


def _terminal() -> tuple[int, tuple[int, int, int]]:
    """Open a terminal in the container's own /dev/pts and make it this session's."""
    master, slave = os.openpty()
    ioctl(slave, _TIOCSCTTY, 0)
    return master, (slave, slave, slave)


def _found(program: str, search: str) -> str:
    """Return the path of a program; what is wrong is said as the container runtime says it."""
    if "/" in program:
        if not os.path.exists(program):
            raise StartError(f'exec: "{program}": stat {program}: no such file or directory')
        if not os.access(program, os.X_OK) or os.path.isdir(program):
            raise StartError(f'exec: "{program}": permission denied')
        return program
    for folder in search.split(":"):
        path = f"{folder}/{program}"
        if folder and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise StartError(f'exec: "{program}": executable file not found in $PATH')


def _tell(channel: socket.socket, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        messages.send(channel, {"failed": text[:2000]})
