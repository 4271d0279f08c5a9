"""The first process of a pod: makes its namespaces, starts its commands, and takes all with it when it ends.

``python -I -S -c BOOT DESCRIPTOR``: the descriptor is a socket to the lab, whose first message says what
the pod is to have. When the lab closes it, or dies, this process ends, and the kernel ends everything
in its PID namespace.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

from sekisho.lab.pods.inside import commands, kernel, loopback, memory, messages, roots, seccomp

_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWNET
)


def run(descriptor: int) -> None:
    """Be a pod until the lab closes the socket ``descriptor``."""
    kernel.die_with_parent(signal.SIGKILL)
    kernel.leave_keyring()
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    first = messages.receive(channel)
    if first is None:
        return
    config = first[0]
    try:
        seccomp.check()
        _unshare(config)
        pid = os.fork()
    except OSError as error:
        messages.send(channel, {"failed": str(error)})
        return
    if pid:
        channel.close()
        os.waitpid(pid, 0)
        return
    kernel.die_with_parent(signal.SIGKILL)
    try:
        loopback.bring_up((*(address for address, _ in config["listen"]), *config["addresses"]))
        listeners = [loopback.listening(address, port) for address, port in config["listen"]]
        kernel.set_hostname(config["hostname"])
        roots.leave_the_machine(config)
        # Again: the kernel forgets it of a process that changes its ids (prctl(2), PR_SET_PDEATHSIG).
        kernel.die_with_parent(signal.SIGKILL)
        _forbid_namespaces()
        kernel.hide_from_tracing()
    except OSError as error:
        messages.send(channel, {"failed": str(error)})
        os._exit(1)
    messages.send(channel, {"ready": True}, [one.fileno() for one in listeners])
    for listener in listeners:
        listener.close()
    _Pod(channel, config).serve()
    os._exit(0)


def _unshare(config: Mapping[str, Any]) -> None:
    """Enter new namespaces of every kind, with one id that maps to the pod's.

    Only whoever has a privilege over the present namespace may map an id that is not its own: a
    child that stays behind does it.
    """
    outer = config["outer"]
    inner_uid, inner_gid = config["inner"]
    if outer is None:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(_NAMESPACES)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{inner_uid} {uid} 1")
        _write("/proc/self/gid_map", f"{inner_gid} {gid} 1")
        return
    parent, (told, tell) = os.getpid(), os.pipe()
    helper = os.fork()
    if not helper:
        os.close(tell)
        os.read(told, 1)
        try:
            _write(f"/proc/{parent}/uid_map", f"{inner_uid} {outer[0]} 1")
            _write(f"/proc/{parent}/gid_map", f"{inner_gid} {outer[1]} 1")
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(told)
    try:
        kernel.unshare(_NAMESPACES)
    finally:
        os.close(tell)
        status = os.waitpid(helper, 0)[1]
    if status:
        raise PermissionError("the ids of the pod cannot be mapped")


def _forbid_namespaces() -> None:
    """Let nobody in the pod make user namespaces, in which it would hold privileges again."""
    with contextlib.suppress(FileNotFoundError):
        _write("/proc/sys/user/max_user_namespaces", "0")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


class _Pod:
    """Does what the lab asks for and tells it of every command that ended."""

    def __init__(self, channel: socket.socket, config: Mapping[str, Any]) -> None:
        self._channel = channel
        self._config = config
        self._running: dict[str, commands.Started] = {}
        self._limits: dict[str, int] = {}
        """How many bytes of memory the processes of each container may hold together."""
        self._container_of: dict[str, str] = {}
        self._too_large: set[str] = set()

    def serve(self) -> None:
        """Work until the lab is gone."""
        wake_reader, wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(wake_reader, select.POLLIN)
        due = 0.0
        while True:
            pause = max(due - time.monotonic(), 0) * 1000 if self._limits else None
            ready = [descriptor for descriptor, _ in poll.poll(pause)]
            if wake_reader in ready:
                os.read(wake_reader, 4096)
                self._reap()
            if self._channel.fileno() in ready:
                found = messages.receive(self._channel)
                if found is None:
                    return
                self._answer(*found)
                self._reap()
            if self._limits and time.monotonic() >= due:
                due = time.monotonic() + self._measure()

    def _answer(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        name = message["id"]
        try:
            match message["do"]:
                case "start" | "exec":
                    self._start(message, descriptors)
                case "signal":
                    self._signal(name, message["number"], group=message["group"])
                case "connect":
                    with loopback.connecting(message["address"], message["port"]) as connection:
                        messages.send(self._channel, {"id": name, "connecting": True}, [connection.fileno()])
        except (OSError, commands.StartError) as error:
            messages.send(self._channel, {"id": name, "failed": str(error)[:2000]})
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _start(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        inside = None
        if message["do"] == "exec":
            inside = self._running.get(message["in"])
            if inside is None or inside.mounts is None:
                raise commands.StartError("container not running")
        started = commands.start(self._config, message["spec"], descriptors, inside)
        self._running[message["id"]] = started
        self._container_of[message["id"]] = message["in"] if inside is not None else message["id"]
        if inside is None and "memory" in message["spec"]["limits"]:
            self._limits[message["id"]] = message["spec"]["limits"]["memory"]
        terminal = started.terminal
        messages.send(
            self._channel, {"id": message["id"], "started": True}, [] if terminal is None else [terminal]
        )
        if terminal is not None:
            os.close(terminal)
            started.terminal = None

    def _measure(self) -> float:
        """End containers that hold too much, whole (as a control group's memory.oom.group does)."""
        tops = {one.pid: self._container_of[name] for name, one in self._running.items()}
        over, seconds = memory.measure(self._limits, tops)
        for name in over:
            self._too_large.add(name)
            self._signal(name, signal.SIGKILL, group=False)
        return seconds

    def _signal(self, name: str, number: int, *, group: bool) -> None:
        started = self._running.get(name)
        if started is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(-started.pid if group else started.pid, number)

    def _reap(self) -> None:
        """Tell of commands that ended; of what they left behind, the kernel has made it ours to reap."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            name = next((name for name, one in self._running.items() if one.pid == pid), None)
            if name is None:
                continue
            self._running.pop(name).close()
            self._limits.pop(name, None)
            del self._container_of[name]
            code = os.waitstatus_to_exitcode(status)
            ended = {"exited": max(code, 0), "signal": max(-code, 0), "tooLarge": name in self._too_large}
            self._too_large.discard(name)
            messages.send(self._channel, {"id": name, **ended})


if __name__ == "__main__":
    run(int(sys.argv[1]))
