"""The shell of a tour: HOME, kubeconfig and AWS files of its own, so that nothing of the user is touched."""

import configparser
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sekisho.lab.environment import Environment
from sekisho.tour.access import CREATOR_PROFILE
from sekisho.tour.ground import Ground

COMMAND_SECONDS = 120.0
TIMED_OUT = 124
"""The exit code of a command that did not end in time, as ``timeout(1)`` reports it."""

_FOREIGN = ("AWS_", "EKSCTL_", "KUBE", "SEKISHO_", "XDG_")
"""Names that begin like this lead to the user's own settings, caches and credentials."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; credentials may be in the output."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams."""
        return f"{self.stdout}\n{self.stderr}"


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands as a reader in a lab shell would."""

    folder: Path
    environment: Mapping[str, str]

    def has(self, program: str) -> bool:
        """Tell whether ``program`` is on PATH."""
        return shutil.which(program, path=self.environment["PATH"]) is not None

    def run(self, command: str, answers: tuple[str, ...] = ()) -> Ended:
        """Run ``command`` in a POSIX shell; ``answers`` are the lines typed into it."""
        typed = "".join(f"{line}\n" for line in answers)
        child = subprocess.Popen(  # noqa: S603 - the tour's own commands
            ["/bin/sh", "-c", command],
            stdin=subprocess.PIPE if answers else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=dict(self.environment),
            cwd=self.folder,
            process_group=0,
        )
        try:
            stdout, stderr = child.communicate(typed if answers else None, COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            _end(child)
            return Ended(TIMED_OUT, "", f"the command did not end within {COMMAND_SECONDS:.0f} s\n")
        except BaseException:
            _end(child)
            raise
        return Ended(child.returncode, stdout, stderr)


@contextmanager
def tour_shell(ground: Ground, manifests: Mapping[str, str], base: Mapping[str, str]) -> Iterator[Shell]:
    """Return a shell in a temporary folder, gone at the end.

    The default credentials are those of the lab's creator at first, whoever a reader has
    become in the lab shell since.

    Args:
        ground: the lab.
        manifests: files to put into the folder in which commands run, by name.
        base: the environment to start from: this process's own.
    """
    with tempfile.TemporaryDirectory(prefix="sekisho-tour-", ignore_cleanup_errors=True) as name:
        home = Path(name).resolve()
        for folder in (".aws", ".kube", "bin", "tmp", "work"):
            (home / folder).mkdir(mode=0o700)
        region, credentials = {"region": ground.cluster.region}, _credentials(ground.credentials)
        _write_ini(home / ".aws" / "credentials", credentials)
        settings = {name if name == "default" else f"profile {name}": region for name in credentials}
        _write_ini(home / ".aws" / "config", settings)
        for file, text in manifests.items():
            (home / "work" / file).write_text(text, encoding="utf-8")
        # `sekisho` in a command is this program, whatever else is on PATH.
        program = home / "bin" / "sekisho"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sekisho "$@"\n')
        program.chmod(0o700)
        yield Shell(home / "work", environment_of(ground.environment, home, base))


def environment_of(lab: Environment, home: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a tour's commands: the lab shell's, with files below ``home``."""
    kept = {name: value for name, value in base.items() if not name.startswith(_FOREIGN)}
    return {
        **lab.applied(kept),
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / "bin"), base.get("PATH") or os.defpath]),
        "TMPDIR": str(home / "tmp"),
        "KUBECONFIG": str(home / ".kube" / "config"),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "NO_COLOR": "1",
    }


def _credentials(lab: configparser.RawConfigParser) -> dict[str, dict[str, str]]:
    return {"default": dict(lab[CREATOR_PROFILE])} | {
        name: dict(lab[name]) for name in lab.sections() if name != "default"
    }


def _write_ini(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    lines = [
        line
        for name, members in sections.items()
        for line in (f"[{name}]", *(f"{key} = {value}" for key, value in members.items()), "")
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _end(child: "subprocess.Popen[str]") -> None:
    """End a command with everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
