"""The examples of the pages run, in order, and print what the pages show."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_clients import client
from meta.pages import ROOT, Example, every_page, missing, read_session
from sekisho.lab import process
from sekisho.lab.client import LabClient
from sekisho.lab.world.state_dir import StateDir
from sekisho.testing import RunningLab

PAGES = [page for page in every_page() if read_session(page).examples]
MARK = "@@ example"
SECONDS = 240.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder in which a page's commands run; labs that they leave behind are stopped."""
    yield tmp_path
    for socket in tmp_path.rglob("lab.sock"):
        state = StateDir(socket.parent)
        if LabClient(state).is_running():
            process.stop(state)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_shows_what_its_commands_print(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("the examples are for bash, which is not on PATH")
    session = read_session(page)
    clients = [client(name) for name in ("aws", "kubectl") if session.uses(name)]
    # The lab starts with them too: its pods run the clients that are in its PATH.
    monkeypatch.setenv("PATH", os.pathsep.join([*(str(one.parent) for one in clients), os.environ["PATH"]]))
    sekisho_lab: RunningLab = request.getfixturevalue("sekisho_lab")
    for name, text in session.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".venv").symlink_to(sys.prefix)
    done = subprocess.run(
        [bash, "-c", _script(session.examples)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=folder,
        env={
            "HOME": str(sekisho_lab.home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(
                [*(str(one.parent) for one in clients), f"{sys.prefix}/bin", "/usr/bin", "/bin"]
            ),
            # On a terminal both streams come in the order in which they are written.
            "PYTHONUNBUFFERED": "1",
            "SEKISHO_STATE_DIR": str(sekisho_lab.state.path),
        },
    )
    assert not done.stderr, done.stderr
    shown = done.stdout.replace(str(sekisho_lab.state.path), "~/.local/state/sekisho")
    shown = shown.replace(str(sekisho_lab.home), "~").replace(str(folder), "/tmp/example")  # noqa: S108 - no path is opened
    printed = shown.split(f"{MARK}\n")[1:]
    assert len(printed) == len(session.examples)
    for example, output in zip(session.examples, printed, strict=True):
        lacking = missing(example.shown, output.splitlines())
        assert lacking is None, f"$ {example.command}\nexpected: {lacking}\nprinted:\n{output}"


def _script(examples: tuple[Example, ...]) -> str:
    """Return the commands with a mark before the output of each; whatever they print goes one way."""
    return "exec 2>&1\n" + "\n".join(f"echo '{MARK}'\n{example.command}" for example in examples) + "\n"
