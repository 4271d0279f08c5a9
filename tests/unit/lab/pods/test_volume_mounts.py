"""What a subPath names in a volume that others write to."""

import contextlib
import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pods run on Linux")

from sekisho.lab.pods.inside.volume_mounts import beneath  # noqa: E402

_libc = ctypes.CDLL(None, use_errno=True)


def taken(top: Path, path: str, *, make: bool = False) -> str:
    """Return where ``path`` leads, as the kernel names it."""
    folder = os.open(top, os.O_PATH)
    try:
        found = beneath(folder, path, make=make)
        try:
            return str(Path(f"/proc/self/fd/{found}").readlink())
        finally:
            os.close(found)
    finally:
        os.close(folder)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    top = tmp_path / "volume"
    (top / "..data").mkdir(parents=True)
    (top / "..data" / "key").write_text("value")
    (tmp_path / "outside").mkdir()
    for name, target in (
        ("key", "..data/key"),
        ("absolute", str(tmp_path / "outside")),
        ("absolute-inside", str(top / "..data")),
        ("upwards", "../outside"),
        ("around", "..data/../..data"),
        ("nowhere", "missing"),
        ("loop", "loop"),
        ("magic", "/proc/self/root"),
    ):
        (top / name).symlink_to(target)
    return top


KEPT = {
    "the volume": ("", ""),
    "a folder": ("..data", "..data"),
    "a file": ("..data/key", "..data/key"),
    "a key of a ConfigMap": ("key", "..data/key"),
    "a way that stays inside": ("around/key", "..data/key"),
    "slashes": ("..data//key/", "..data/key"),
}


@pytest.mark.parametrize(("path", "expected"), KEPT.values(), ids=KEPT.keys())
def test_it_is_taken(volume: Path, path: str, expected: str) -> None:
    assert taken(volume, path) == str(volume / expected).rstrip("/")


REFUSED = {
    "a link out": ("absolute", errno.EXDEV),
    "a link to the volume by its path outside": ("absolute-inside", errno.EXDEV),
    "a link upwards": ("upwards", errno.EXDEV),
    "upwards": ("../outside", errno.EXDEV),
    "through a link": ("upwards/file", errno.EXDEV),
    "a link to itself": ("loop", errno.ELOOP),
    "a link of /proc": ("magic", errno.EXDEV),
    "nothing": ("missing", errno.ENOENT),
}


@pytest.mark.parametrize(("path", "number"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused(volume: Path, path: str, number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        taken(volume, path)


def test_folders_that_lack_are_made_inside_only(volume: Path) -> None:
    assert taken(volume, "a/b", make=True) == str(volume / "a/b")
    assert taken(volume, "around/c", make=True) == str(volume / "..data/c")
    for path, number in (("upwards/d", errno.EXDEV), ("nowhere/d", errno.EEXIST), ("nowhere", errno.EEXIST)):
        with pytest.raises(OSError, match=os.strerror(number)):
            taken(volume, path, make=True)
    assert list((volume.parent / "outside").iterdir()) == []
    assert not (volume / "missing").exists()


@pytest.mark.parametrize("make", [False, True])
def test_a_link_that_changes_meanwhile_leads_nowhere_else(volume: Path, make: bool) -> None:
    outside = volume.parent / "outside"
    for folder in (volume / "changing", outside):
        folder.mkdir(exist_ok=True)
        (folder / "in").mkdir()
    (volume / "link").symlink_to("../outside")
    led = set()
    with _repeated(lambda: _exchange(volume / "changing", volume / "link")):
        for number in range(2_000):
            with contextlib.suppress(OSError):
                led.add(taken(volume, f"changing/{f'made{number}' if make else 'in'}", make=make))
    if (volume / "changing").is_symlink():
        _exchange(volume / "changing", volume / "link")
    led.add(taken(volume, "changing/in"))  # the kernel may have refused each one that was raced
    assert all(Path(path).is_relative_to(volume) for path in led)
    assert [entry.name for entry in outside.iterdir()] == ["in"]


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names at once (renameat2(2), RENAME_EXCHANGE)."""
    assert not _libc.renameat2(-100, bytes(one), -100, bytes(other), 2)


class _repeated:  # noqa: N801 - reads as what it does
    """Does something over and over in a thread."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what = what
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ends.is_set():
            self._what()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
