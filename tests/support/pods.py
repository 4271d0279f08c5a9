"""Pods of a test's lab: applied with the real kubectl, waited for, their logs read."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.e2e_clients import client
from e2e.e2e_shell import Shell, connected, shell_of
from sekisho.lab.pods.runtime import probe
from sekisho.lab.world.state_dir import StateDir
from sekisho.testing import running_lab

SECONDS = 60.0
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class PodLab:
    """A lab that runs pods, and a shell of the cluster's creator."""

    shell: Shell

    @property
    def state(self) -> StateDir:
        """The state directory of the lab."""
        return self.shell.lab.state

    def apply(self, name: str, *command: str, image: str = "busybox", **spec: Any) -> None:
        """Create a pod with one container ``main``; members of it go into ``container``."""
        container = {"name": "main", "image": image, **spec.pop("container", {})}
        if command:
            container["command"] = list(command)
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "containers": [container], **spec},
        }
        self.shell.output("kubectl apply -f -", stdin=json.dumps(body))

    def pod(self, name: str) -> Any:
        """Return a pod; None if there is none."""
        done = self.shell(f"kubectl get pod {name} -o json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait(self, name: str, *phases: str) -> Any:
        """Return a pod once it is in one of ``phases``."""

        def reached() -> Any:
            pod = self.pod(name)
            return pod if pod is not None and pod["status"].get("phase") in phases else None

        return until(reached, f"{name} in {phases}")

    def log(self, name: str, *options: str) -> str:
        """Return the log of a pod's only container; empty while there is none."""
        return self.shell("kubectl logs", name, *options).stdout

    def told(self, name: str, *command: str, **spec: Any) -> str:
        """Run a pod to its end and return its log."""
        self.apply(name, *command, **spec)
        self.wait(name, *ENDED)
        return self.log(name)

    def events(self, name: str) -> dict[str, str]:
        """Return the events about a pod: reason and message."""
        items = self.shell.document("kubectl get events -o json")["items"]
        return {one["reason"]: one["message"] for one in items if one["involvedObject"]["name"] == name}


def until(condition: Any, what: str, seconds: float = SECONDS) -> Any:
    """Return what ``condition`` returns once it is something."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def need_isolation(folder: Path) -> None:
    """Skip the test where no pod can be isolated."""
    state = StateDir(folder / "probe")
    state.create()
    why = asyncio.run(probe(state))
    if why:
        pytest.skip(why)


@contextmanager
def pod_lab(folder: Path) -> Iterator[PodLab]:
    """Start a lab whose pods find the real clients; skips where no pod can be isolated."""
    need_isolation(folder)
    programs = folder / "programs"
    programs.mkdir()
    for name in ("aws", "kubectl"):
        (programs / name).symlink_to(client(name))
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{programs}:{before}"
    try:
        with running_lab(folder / "lab") as lab:
            yield PodLab(connected(shell_of(lab, programs), folder))
    finally:
        os.environ["PATH"] = before


def processes_of(argument: str) -> list[int]:
    """Return the processes of this machine that have ``argument`` among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if argument.encode() in words:
                found.append(int(entry.name))
    return found
