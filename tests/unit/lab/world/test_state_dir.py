"""Where a lab keeps its state: which folder, for whose eyes, and for one lab at a time."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sekisho.lab.errors import LabError
from sekisho.lab.world import StateDir

VARIABLES = ("SEKISHO_STATE_DIR", "XDG_STATE_HOME")

CHOSEN = {
    "by the flag": ("/a/flag", {"SEKISHO_STATE_DIR": "/b", "XDG_STATE_HOME": "/c"}, "/a/flag"),
    "by the environment": (None, {"SEKISHO_STATE_DIR": "/b", "XDG_STATE_HOME": "/c"}, "/b"),
    "an empty flag is none": ("", {"SEKISHO_STATE_DIR": "/b"}, "/b"),
    "in the XDG state folder": (None, {"SEKISHO_STATE_DIR": "", "XDG_STATE_HOME": "/c"}, "/c/sekisho"),
    "in its default": (None, {}, "/home/ana/.local/state/sekisho"),
    "an empty XDG variable is none": (None, {"XDG_STATE_HOME": ""}, "/home/ana/.local/state/sekisho"),
    "a relative XDG variable is ignored": (None, {"XDG_STATE_HOME": "c"}, "/home/ana/.local/state/sekisho"),
    "with a tilde": ("~/lab", {}, "/home/ana/lab"),
}


@pytest.mark.parametrize(("flag", "environment", "path"), CHOSEN.values(), ids=CHOSEN.keys())
def test_the_folder(
    monkeypatch: pytest.MonkeyPatch, flag: str | None, environment: dict[str, str], path: str
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ana", **environment}.items():
        monkeypatch.setenv(name, value)
    assert StateDir.resolve(flag).path == Path(path)


def test_a_relative_flag_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert StateDir.resolve("lab").path == tmp_path / "lab"


def test_every_path_lies_in_the_folder(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    files = (
        *(state.database, state.socket, state.log, state.ca, state.ca_bundle),
        *(state.aws_config, state.aws_credentials, state.kubeconfig),
    )
    assert len(set(files)) == 8
    assert all(file.is_relative_to(tmp_path) for file in files)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "a" / "lab")
    state.create()
    assert mode(state.path) == 0o700


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    StateDir(tmp_path).create()
    assert mode(tmp_path) == 0o700


def a_file_in_the_way(path: Path) -> None:
    path.write_text("here")


def a_file_above(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("here")


@pytest.mark.parametrize("block", [a_file_in_the_way, a_file_above])
def test_a_folder_that_cannot_be_made(tmp_path: Path, block: Callable[[Path], None]) -> None:
    path = tmp_path / "above" / "lab"
    path.parent.mkdir()
    block(path)
    with pytest.raises(
        LabError, match=r"(cannot be used: .*|is not a folder); choose another with --state-dir"
    ):
        StateDir(path).create()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_the_folder_of_somebody_else(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(LabError, match="belongs to another user"):
        StateDir(tmp_path).create()
    os.chown(tmp_path, 0, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everything")
def test_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LabError, match="is not writable"):
        StateDir(tmp_path).create()
    tmp_path.chmod(0o700)


def test_a_file_is_replaced_in_one_step_and_closed(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.write(state.kubeconfig, "old")
    state.kubeconfig.chmod(0o644)
    held = state.kubeconfig.open()
    state.write(state.kubeconfig, b"new")
    assert (held.read(), state.kubeconfig.read_text()) == ("old", "new")
    held.close()
    assert (mode(state.kubeconfig), mode(state.kubeconfig.parent)) == (0o600, 0o700)
    assert [file.name for file in state.kubeconfig.parent.iterdir()] == ["config"]


def test_one_lab_at_a_time(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with state.locked():
        with pytest.raises(LabError, match=rf"already runs on .*\(process {os.getpid()}\)"), state.locked():
            pass
        assert mode(tmp_path / "lab.lock") == 0o600
    with state.locked():
        assert (tmp_path / "lab.lock").read_text() == f"{os.getpid()}\n"


def test_a_failure_inside_releases_the_folder(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with pytest.raises(RuntimeError, match="inside"), state.locked():
        raise RuntimeError("inside")
    with state.locked():
        assert (tmp_path / "lab.lock").exists()


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "lab.lock").mkdir()
    with pytest.raises(LabError, match=r"cannot be used: .*--state-dir"), StateDir(tmp_path).locked():
        pass


CHILD = """
import sys
from pathlib import Path
from sekisho.lab.world import StateDir
with StateDir(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "locked\n"
        with (
            pytest.raises(LabError, match=rf"\(process {child.pid}\).*`sekisho down` stops it"),
            state.locked(),
        ):
            pass
        os.kill(child.pid, signal.SIGKILL)
    with state.locked():
        assert child.returncode == -signal.SIGKILL
