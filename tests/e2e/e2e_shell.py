"""A shell of the lab for the tests: the real clients on its PATH, and people who have access keys."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from e2e.e2e_clients import client
from sekisho.testing import RunningLab
from support.boto_lab import new_user, profile

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
REGION = "ap-northeast-1"
CLUSTER = "eks-clu"
NODE = "ip-192-168-92-154.ap-northeast-1.compute.internal"
SECONDS = 60.0
KUBECTLS = ("kubectl", "kubectl-1.27")

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Shell:
    """Runs commands in a lab's environment, ``more`` over it."""

    lab: RunningLab
    more: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, command: str, *words: str | Path, stdin: str = "") -> Done:
        """Run ``command`` (split at blanks) with ``words`` after it; the exit code is not checked."""
        return self.lab.run([*command.split(), *words], stdin=stdin, seconds=SECONDS, **self.more)

    def output(self, command: str, *words: str | Path, stdin: str = "") -> str:
        """Run a command that has to succeed, and return what it printed on stdout."""
        done = self(command, *words, stdin=stdin)
        assert done.returncode == 0, (command, words, done.stdout, done.stderr)
        return done.stdout

    def document(self, command: str, *words: str | Path) -> Any:
        """Run a command that prints JSON, whatever its exit code."""
        return json.loads(self(command, *words).stdout)

    def using(self, **more: str) -> "Shell":
        """Return the same shell with these variables set."""
        return replace(self, more={**self.more, **more})

    def new_user(self, name: str, path: str = "/") -> "Shell":
        """Create an IAM user with an access key and return a shell of that user's.

        Nobody asks here how ``aws`` does it, which takes ten times as long.
        """
        user = new_user(profile(self.lab, self.more["AWS_PROFILE"]), name, path=path)
        return self.using(
            AWS_PROFILE="default", AWS_ACCESS_KEY_ID=user.key_id, AWS_SECRET_ACCESS_KEY=user.secret
        )


def shell_of(lab: RunningLab, folder: Path, names: Sequence[str] = ("aws", *KUBECTLS)) -> Shell:
    """Return the shell of the cluster's creator, with these clients first on its PATH.

    Skips the test if one of them is missing. ``folder`` gets links to them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        link = folder / name
        if not link.exists():
            link.symlink_to(client(name))
    return Shell(lab, {"PATH": f"{folder}:{lab.environment()['PATH']}", "AWS_PROFILE": "creator"})


def connected(shell: Shell, folder: Path) -> Shell:
    """Return ``shell`` with a kubeconfig of its own, whose tokens come from `sekisho token`."""
    file = folder / "kubeconfig"
    shell.output(f"sekisho kubeconfig --name {CLUSTER} --exec sekisho --kubeconfig {file}")
    return shell.using(KUBECONFIG=str(file))
