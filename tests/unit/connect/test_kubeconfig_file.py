"""Kubeconfig files: the choice among several, and changes that are whole or not at all."""

import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kubeconfig import Entries, build_entries
from sekisho.connect.kubeconfig_file import candidate_files, choose_file, preview, write_entries
from sekisho.decide.values import Arn, SekishoInputError
from sekisho.decide.values.documents import parse_yaml

HOME = Path("/home/ana")
SHORT_WAIT = timedelta(milliseconds=50)
OTHER = "apiVersion: v1\nkind: Config\nclusters:\n- name: other\n"


def entries(name: str = "c") -> Entries:
    arn = Arn.parse(f"arn:aws:eks:eu-west-1:111122223333:cluster/{name}")
    return build_entries(EksCluster(arn, name, "https://127.0.0.1:6443", "QUJD"))


ARN = str(entries().cluster["name"])
HOLDING = f"clusters:\n- name: {ARN}\n"

CANDIDATES: dict[str, tuple[str | None, str, list[str]]] = {
    "nothing said": (None, "", ["/home/ana/.kube/config"]),
    "variable": (None, "/a:/b", ["/a", "/b"]),
    "blank parts are dropped": (None, ": :/a: ", ["/a"]),
    "only blank parts": (None, ": :", ["/home/ana/.kube/config"]),
    "option wins": ("/o", "/a:/b", ["/o"]),
    "home": (None, "~/k", ["/home/ana/k"]),
    "dots": ("/a/../b", "", ["/b"]),
    "a colon in the option is part of the name": ("/a:b", "", ["/a:b"]),
}


@pytest.mark.parametrize(("option", "variable", "files"), CANDIDATES.values(), ids=CANDIDATES.keys())
def test_candidates(option: str | None, variable: str, files: list[str]) -> None:
    found = candidate_files(option, {"KUBECONFIG": variable}, HOME)
    assert [str(path) for path in found] == files


def test_a_relative_file_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert candidate_files("k", {}, HOME) == (tmp_path / "k",)


def test_an_empty_option_is_refused() -> None:
    with pytest.raises(SekishoInputError) as caught:
        candidate_files(" ", {}, HOME)
    assert caught.value.faults[0].code == "kubeconfig.no-file"


CHOICES: dict[str, tuple[list[str | None], int, int]] = {
    "first when none holds it": ([OTHER, OTHER], 0, 0),
    "the one that holds it": ([OTHER, HOLDING], 1, 0),
    "first of two that hold it": ([HOLDING, HOLDING], 0, 0),
    "missing files are empty": ([None, HOLDING], 1, 0),
    "a missing first file": ([None, OTHER], 0, 0),
    "a broken file is passed over": (["[", HOLDING], 1, 1),
    "a broken first file is chosen, and fails later": (["[", OTHER], 0, 1),
    "a file of the wrong shape is passed over": (["clusters: x", HOLDING], 1, 1),
    "a broken only file fails later without a note": (["["], 0, 0),
}


@pytest.mark.parametrize(("contents", "chosen", "notes"), CHOICES.values(), ids=CHOICES.keys())
def test_choice(contents: list[str | None], chosen: int, notes: int, tmp_path: Path) -> None:
    paths = tuple(tmp_path / str(index) for index in range(len(contents)))
    for path, content in zip(paths, contents, strict=True):
        if content is not None:
            path.write_text(content)
    heard: list[str] = []
    assert choose_file(paths, ARN, heard.append) == paths[chosen]
    assert len(heard) == notes


def test_a_new_file_is_private_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "config"
    merged = write_entries(path, entries())
    assert not merged.was_known
    assert path.read_text() == merged.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["config"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_an_old_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHER)
    path.chmod(mode)
    write_entries(path, entries())
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text().startswith(OTHER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHER)
    os.chown(path, 12345, 12346)
    write_entries(path, entries())
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


def test_a_second_write_says_that_the_cluster_was_known(tmp_path: Path) -> None:
    path = tmp_path / "config"
    assert not write_entries(path, entries()).was_known
    assert write_entries(path, entries()).was_known


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_one(exists: bool, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "config"
    target.parent.mkdir()
    if exists:
        target.write_text(OTHER)
    link = tmp_path / "config"
    link.symlink_to(target)
    write_entries(link, entries())
    assert link.is_symlink()
    assert ARN in target.read_text()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config", "config", "dotfiles"]


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "no" / "config"
    assert ARN in preview(path, entries()).text
    assert list(tmp_path.iterdir()) == []


BROKEN = {
    "not YAML": (b"kind: Config\nusers: [\n", "yaml.syntax", 3),
    "a member of the wrong type": (b"kind: Config\nclusters: all\n", "kubeconfig.wrong-type", 2),
    "not UTF-8": (b"kind: Config\n# \xff\n", "document.not-utf-8", 2),
}


@pytest.mark.parametrize(("content", "code", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_a_malformed_file_is_named_and_left_alone(
    content: bytes, code: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(SekishoInputError) as caught:
        write_entries(path, entries())
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document, fault.line) == (code, str(path), line)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path, reason in {
        tmp_path / "pipe": "not a regular file",
        Path("/dev/null"): "not a regular file",
        tmp_path / "folder": "is a directory",
    }.items():
        with pytest.raises(EnvironmentFailure) as caught:
            preview(path, entries())
        assert caught.value.operation == f"read {path}"
        assert caught.value.message == reason


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailure) as caught:
        write_entries(tmp_path / "file" / "config", entries())
    assert str(tmp_path / "file" / "config") in caught.value.operation
    assert caught.value.message == "not a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHER)
    path.chmod(0)
    with pytest.raises(EnvironmentFailure) as caught:
        write_entries(path, entries())
    assert caught.value.operation == f"read {path}"


def test_a_lock_of_kubectl_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHER)
    lock = tmp_path / "config.lock"
    lock.touch()
    with pytest.raises(EnvironmentFailure) as caught:
        write_entries(path, entries(), SHORT_WAIT)
    assert str(lock) in caught.value.message
    assert caught.value.can_retry
    assert path.read_text() == OTHER
    lock.unlink()
    assert ARN in write_entries(path, entries(), SHORT_WAIT).text
    assert not lock.exists()


WRITER = """
import sys
from pathlib import Path
from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.kubeconfig import build_entries
from sekisho.connect.kubeconfig_file import write_entries
from sekisho.decide.values import Arn
for index in range(10):
    name = f"{sys.argv[2]}-{index}"
    arn = Arn.parse(f"arn:aws:eks:eu-west-1:111122223333:cluster/{name}")
    write_entries(Path(sys.argv[1]), build_entries(EksCluster(arn, name, "https://127.0.0.1", "QUJD")))
"""


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("# kept\n" + OTHER)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")]
    while any(writer.poll() is None for writer in writers):
        assert isinstance(parse_yaml(path.read_bytes()), dict)
    assert [writer.wait() for writer in writers] == [0, 0]
    content: Any = parse_yaml(path.read_bytes())
    found = {entry["name"].rpartition("/")[2] for entry in content["clusters"]}
    assert found == {"other"} | {f"{name}-{index}" for name in ("a", "b") for index in range(10)}
    assert path.read_text().startswith("# kept\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]
