"""A terminal where ``sekisho login`` waits for its browser, which the test steers."""

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.checkpoint import waited

SECONDS = 60.0
# In the place of a browser that opens a window: it hands the address to the one that is there.
_HAND_OVER = """
import os, sys
with open(sys.argv[1] + ".new", "w") as file:
    file.write(sys.argv[2])
os.rename(file.name, sys.argv[1])
"""


@dataclass
class Terminal:
    """A ``sekisho login`` that runs."""

    process: "subprocess.Popen[str]"
    address: Path

    def url(self) -> str:
        """Return the address that it opens, once it does."""

        def opened() -> str | None:
            assert self.process.poll() is None, self.process.communicate()
            return self.address.read_text() if self.address.exists() else None

        found: str = waited(opened)
        return found

    def end(self) -> tuple[int, str, str]:
        """Return exit code, output and errors once it has ended."""
        out, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, errors


@contextmanager
def login(folder: Path, environment: Mapping[str, str], *options: str | Path) -> Iterator[Terminal]:
    """Start the command; its accounts are in ``folder``."""
    address = folder / "address"
    browser = shlex.join([sys.executable, "-c", _HAND_OVER, str(address)])
    process = subprocess.Popen(
        [sys.executable, "-m", "sekisho", "login", "--browser", browser, *map(str, options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, "SEKISHO_LOGIN_DIR": str(folder / "accounts")},
    )
    try:
        yield Terminal(process, address)
    finally:
        process.kill()
        process.communicate()
