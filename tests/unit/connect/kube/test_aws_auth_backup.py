"""Backups: where, under which name, and for whose eyes."""

import stat
from pathlib import Path

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.backup import backup_directory, write_backup
from sekisho.decide.values import Instant

NOON = Instant.parse_amz("20260131T120000Z")
HOME = Path("/home/ana")

FOLDERS = {
    "by default": ({}, "/home/ana/.local/state/sekisho/backups"),
    "XDG": ({"XDG_STATE_HOME": "/s"}, "/s/sekisho/backups"),
    "a relative XDG folder does not count": (
        {"XDG_STATE_HOME": "s"},
        "/home/ana/.local/state/sekisho/backups",
    ),
}


@pytest.mark.parametrize(("environ", "folder"), FOLDERS.values(), ids=FOLDERS.keys())
def test_folder(environ: dict[str, str], folder: str) -> None:
    assert str(backup_directory(environ, HOME)) == folder


def test_name_content_and_mode(tmp_path: Path) -> None:
    path = write_backup(tmp_path / "a" / "b", "111122223333-eu-west-1-c", NOON, "data: {}\n")
    assert path == tmp_path / "a" / "b" / "111122223333-eu-west-1-c-20260131T120000Z.yaml"
    assert path.read_text() == "data: {}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_of_the_same_moment_replaces_nothing(tmp_path: Path) -> None:
    paths = [write_backup(tmp_path, "c", NOON, text) for text in "abc"]
    assert [path.name for path in paths] == [f"c-20260131T120000Z{n}.yaml" for n in ("", "-2", "-3")]
    assert [path.read_text() for path in paths] == ["a", "b", "c"]


def test_a_loop_that_makes_backups_is_stopped(tmp_path: Path) -> None:
    for _ in range(100):
        write_backup(tmp_path, "c", NOON, "a")
    with pytest.raises(EnvironmentFailure, match="too many"):
        write_backup(tmp_path, "c", NOON, "a")


def test_a_label_cannot_leave_the_folder(tmp_path: Path) -> None:
    assert write_backup(tmp_path, "../../x y", NOON, "").parent == tmp_path


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "c-20260131T120000Z.yaml").symlink_to(tmp_path / "elsewhere")
    assert write_backup(tmp_path, "c", NOON, "a").name == "c-20260131T120000Z-2.yaml"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(EnvironmentFailure):
        write_backup(tmp_path / "f", "c", NOON, "a")
