"""One program of a control plane: its log is in a file, and it ends with the lab whatever ends the lab."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sekisho.lab.errors import LabError

STOP_SECONDS = 10.0
MAX_TOLD_CHARS = 400
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Program:
    """A running program."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._log = log
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path) -> "Program":
        """Start ``command`` in ``folder``, whose file ``NAME.log`` gets what it says.

        Raises:
            LabError: it cannot be started.
        """
        name = Path(command[0]).name
        log = folder / f"{name}.log"
        log.touch(mode=0o600)
        with log.open("wb") as file:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    cwd=folder,
                    # Nothing of the lab's shell reaches it: no proxy, no credentials.
                    env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
                    preexec_fn=_end_with_parent,
                )
            except OSError as error:
                raise LabError(f"`{command[0]}` cannot be started: {error.strerror}") from None
        return cls(name, log, process)

    def check(self) -> None:
        """Return if the program runs.

        Raises:
            LabError: it ended; its last words.
        """
        if self._process.returncode is None:
            return
        lines = self._log.read_text("utf-8", "replace").strip().splitlines() or ["no word"]
        told = lines[-1][:MAX_TOLD_CHARS]
        raise LabError(
            f"{self.name} ended with exit code {self._process.returncode}: {told}; see {self._log}"
        )

    async def stop(self) -> None:
        """End the program, and return once it is gone."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
