"""Which kubeconfig file is meant, and how it is changed so that nobody ever sees half of it.

The choice is that of ``aws eks update-kubeconfig``. A change happens under kubectl's own lock (a file
``NAME.lock`` that must not exist, client-go's ``clientcmd`` package), so it also waits for kubectl; the new
text goes to a temporary file in the same folder, reaches the disk, and takes the old one's name.
"""

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kubeconfig import Entries, check_kubeconfig, position
from sekisho.connect.kubeconfig_text import merge_text
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES, parse_yaml

LOCK_WAIT = timedelta(seconds=10)

_POLL_SECONDS = 0.02
_NEW_FILE_MODE = 0o600
_NEW_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Merged:
    """The kubeconfig after a merge; ``was_known`` tells whether it already held the cluster."""

    path: Path
    text: str
    was_known: bool


def candidate_files(explicit: str | None, environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Return the files that may be meant, first choice first: the option, ``KUBECONFIG``, ``~/.kube/config``.

    Blank parts of ``KUBECONFIG`` are dropped, ``~`` is the home folder, the paths are absolute.
    """
    if explicit is not None:
        if not explicit.strip():
            raise SekishoInputError.single("kubeconfig.no-file", Ref("--kubeconfig"), "expected a file name")
        return (_absolute(explicit, home),)
    parts = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part.strip()]
    return tuple(_absolute(part, home) for part in parts) or (home / ".kube" / "config",)


def choose_file(candidates: tuple[Path, ...], cluster: str, note: Callable[[str], None]) -> Path:
    """Return the first file that already holds ``cluster``, else the first of all.

    ``note`` is told, in one line each, of files that could not be read and were passed over.
    """
    for path in candidates:
        try:
            text = _read(path)
            content = check_kubeconfig(parse_yaml(text, str(path)), str(path), text)
        except (SekishoInputError, EnvironmentFailure) as problem:
            if len(candidates) > 1:
                note(f"passing over {str(problem).splitlines()[0]}")
            continue
        if position(content.get("clusters"), cluster) is not None:
            return path
    return candidates[0]


def cluster_entries(path: Path, name: str) -> Entries:
    """Return entries for a cluster that the kubeconfig at ``path`` holds, its user still to be told.

    Raises:
        SekishoInputError: there is no such cluster, or the file is not a kubeconfig.
        EnvironmentFailure: it cannot be read.
    """
    text = _read(path)
    content = check_kubeconfig(parse_yaml(text, str(path)), str(path), text)
    clusters = content.get("clusters")
    at = position(clusters, name)
    entry = clusters[at] if isinstance(clusters, list) and at is not None else None
    if not isinstance(entry, dict):
        raise SekishoInputError.single(
            "kubeconfig.no-cluster", Ref(str(path)), f"there is no cluster `{name[:100]}` in it"
        )
    return Entries(entry, {"name": ""}, {"name": ""})


def preview(path: Path, new: Entries) -> Merged:
    """Return what `write_entries` would write, without writing.

    Raises:
        SekishoInputError: the file is not a kubeconfig; file and line are named.
        EnvironmentFailure: it cannot be read.
    """
    text = _read(path)
    content = check_kubeconfig(parse_yaml(text, str(path)), str(path), text)
    was_known = position(content.get("clusters"), new.cluster["name"]) is not None
    return Merged(path, merge_text(text, str(path), new), was_known)


def write_entries(path: Path, new: Entries, lock_wait: timedelta = LOCK_WAIT) -> Merged:
    """Merge ``new`` into the kubeconfig at ``path``, made with its folders if missing.

    A new file gets mode 0600, an old one keeps its mode and owner; a symbolic link stays one and the
    file it names is changed. Nothing is written if anything is wrong.

    Raises:
        SekishoInputError: the file is not a kubeconfig; file and line are named.
        EnvironmentFailure: it cannot be read, locked in time or written.
    """
    preview(path, new)  # refuses what would be refused below before a folder or lock is made
    real = Path(os.path.realpath(path))
    with _told("write", path):
        real.parent.mkdir(mode=_NEW_FOLDER_MODE, parents=True, exist_ok=True)
    with ExitStack() as locks:
        # In one order for everybody, so that two writers cannot wait for each other.
        for locked in sorted({path, real}):
            locks.enter_context(_lock(locked, lock_wait))
        merged = preview(path, new)
        with _told("write", path):
            _replace(real, merged.text)
    return merged


def _absolute(path: str, home: Path) -> Path:
    expanded = home / path[2:] if path.startswith("~/") else Path(path).expanduser()
    return Path(os.path.abspath(expanded))  # noqa: PTH100 - Path.resolve would follow links


def _read(path: Path) -> str:
    """Return the text of the kubeconfig at ``path``; a missing file is an empty one."""
    with _told("read", path):
        try:
            # Without O_NONBLOCK a named pipe would wait for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise EnvironmentFailure(f"read {path}", "not a regular file")
                content = file.read(MAX_DOCUMENT_BYTES + 1)
        except FileNotFoundError:
            return ""
    if len(content) > MAX_DOCUMENT_BYTES:
        raise SekishoInputError.single(
            "document.too-large", Ref(str(path)), f"at most {MAX_DOCUMENT_BYTES} bytes are read"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SekishoInputError.single(
            "document.not-utf-8", Ref(str(path)), f"expected UTF-8 (byte {error.start})", line=line
        ) from None


@contextmanager
def _lock(path: Path, wait: timedelta) -> Iterator[None]:
    name = path.with_name(path.name + ".lock")
    deadline = time.monotonic() + wait.total_seconds()
    with _told("lock", path):
        while True:
            try:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
                break
            except FileExistsError:
                if time.monotonic() >= deadline:
                    raise EnvironmentFailure(
                        f"lock {path}",
                        f"`{name}` has been there for {wait.total_seconds():g} s; "
                        "remove it if no kubectl or sekisho is running",
                        can_retry=True,
                    ) from None
                time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            name.unlink()


def _replace(path: Path, text: str) -> None:
    try:
        old: os.stat_result | None = path.stat()
    except FileNotFoundError:
        old = None
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode) if old is not None else _NEW_FILE_MODE)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too; some file systems refuse, and then it is as durable as they allow."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _told(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFailure(f"{verb} {path}", (error.strerror or str(error)).lower()) from None
