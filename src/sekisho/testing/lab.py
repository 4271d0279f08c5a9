"""A lab of a test's own: a fresh state in a folder of the test's, stopped when the test is done."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.lab import process
from sekisho.lab.client import LabClient
from sekisho.lab.environment import Environment
from sekisho.lab.world.state_dir import StateDir

COMMAND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab that serves, and the environment of a shell that speaks to it.

    ``home`` is an empty HOME for the clients: caches of one test are not another's.
    """

    state: StateDir
    home: Path
    status: Any
    options: tuple[str, ...] = ()

    @property
    def client(self) -> LabClient:
        """The control socket."""
        return LabClient(self.state)

    def environment(self, base: Mapping[str, str] | None = None, **more: str) -> dict[str, str]:
        """Return the environment of ``sekisho env`` over ``base`` (this process's own), and ``more``."""
        changes = self.status["environment"]
        lab = Environment(changes["set"], tuple(changes["unset"]), changes["path"])
        return {**lab.applied(dict(os.environ if base is None else base)), "HOME": str(self.home), **more}

    def run(
        self, command: Sequence[str | Path], *, stdin: str = "", seconds: float = COMMAND_SECONDS, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a client in the lab's environment; its output is text, its exit code is not checked."""
        return subprocess.run(  # noqa: S603 - the caller's command
            [str(word) for word in command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**self.environment(), **more},
            cwd=self.home,
        )

    def stop(self) -> None:
        """Stop the lab; its state stays."""
        process.stop(self.state)

    def start(self) -> None:
        """Start the lab again on the same state."""
        process.start_in_background(self.state, None, *self.options)


@contextmanager
def running_lab(folder: Path, world: Path | None = None, *options: str) -> Iterator[RunningLab]:
    """Start a lab with its state in ``folder`` and stop it at the end.

    Args:
        folder: an empty folder.
        world: a world file; without one, the world that the articles assume.
        options: further flags of ``sekisho up``; they hold for every start.

    Raises:
        LabError: it does not start.
    """
    state = StateDir(folder / "state")
    home = folder / "home"
    home.mkdir(parents=True)
    status = process.start_in_background(state, None if world is None else str(world), *options)
    lab = RunningLab(state, home, status, options)
    try:
        yield lab
    finally:
        if lab.client.is_running():
            lab.stop()
