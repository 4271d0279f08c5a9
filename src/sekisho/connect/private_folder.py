"""A folder of small files that only their owner can read, safe for several processes at once.

The folder is 0700 and each file 0600; what is open to others, belongs to somebody else or is a
symbolic link is refused, not repaired: somebody may have put it there. All access goes through one
descriptor of the folder, so what was checked is what is used.
"""

import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

MAX_FILE_BYTES = 64 * 1024
MAX_NAMES = 256

_POLL_SECONDS = 0.02
_LOCK_NAME = "lock"
_NO_LINKS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class PrivateFolderTrouble(Exception):  # noqa: N818 - not an error of the program: its caller goes on without
    """The folder or a file in it cannot be used now; the text says which and why, in one line."""


class PrivateFolderBusy(PrivateFolderTrouble):
    """The folder is as it should be; another process holds the lock."""


class PrivateFolder:
    """An open private folder; see `opened`. Names of files are single path components."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator["PrivateFolder"]:
        """Open the folder ``path``, made with its parents if missing.

        Raises:
            PrivateFolderTrouble: it cannot be made or opened, or others can reach into it.
        """
        with _told(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _check_private(path, os.fstat(descriptor))
            yield cls(path, descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str) -> bytes | None:
        """Return the content of ``name``, or None if there is no such file.

        Raises:
            PrivateFolderTrouble: not a regular file of ours that only we can read, or too large.
        """
        path = self._path / name
        try:
            with _told(path):
                descriptor = os.open(name, os.O_RDONLY | _NO_LINKS, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise PrivateFolderTrouble(f"`{path}` is not a regular file")
            _check_private(path, status)
            with _told(path):
                content = os.read(descriptor, MAX_FILE_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(content) > MAX_FILE_BYTES:
            raise PrivateFolderTrouble(f"`{path}` is larger than {MAX_FILE_BYTES} bytes")
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put ``content`` in place of ``name`` at once: a reader sees the old file or the new one.

        Raises:
            PrivateFolderTrouble: it could not be written; the old file is still there.
        """
        temporary = f".{name}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS
        with _told(self._path / name):
            self.remove(temporary)  # left by a process of the same number that was killed
            descriptor = os.open(temporary, flags, 0o600, dir_fd=self._descriptor)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    os.fchmod(descriptor, 0o600)  # whatever the umask left of it
                    file.write(content)
                os.replace(temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except OSError:
                self.remove(temporary)
                raise

    def remove(self, name: str) -> None:
        """Remove ``name`` if it is there and can be removed."""
        with suppress(OSError):
            os.unlink(name, dir_fd=self._descriptor)

    def names(self, suffix: str) -> tuple[str, ...]:
        """Return at most `MAX_NAMES` names of files that end in ``suffix``.

        Raises:
            PrivateFolderTrouble: the folder cannot be listed.
        """
        with _told(self._path):
            found = sorted(name for name in os.listdir(self._descriptor) if name.endswith(suffix))  # noqa: PTH208
        return tuple(found[:MAX_NAMES])

    @contextmanager
    def locked(self, key: str, wait: timedelta) -> Iterator[None]:
        """Hold the lock of ``key`` against other processes; locks of other keys stay free.

        The lock is a byte range of one file, so a killed process leaves nothing behind.

        Raises:
            PrivateFolderBusy: another process held it for all of ``wait``.
            PrivateFolderTrouble: it cannot be locked.
        """
        path = self._path / _LOCK_NAME
        with _told(path):
            descriptor = os.open(
                _LOCK_NAME, os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o600, dir_fd=self._descriptor
            )
        try:
            _check_private(path, os.fstat(descriptor))
            _lock(descriptor, _offset(key), wait, path)
            yield
        finally:
            os.close(descriptor)  # closing releases


def _lock(descriptor: int, offset: int, wait: timedelta, path: Path) -> None:
    deadline = time.monotonic() + wait.total_seconds()
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= deadline:
                seconds = f"{wait.total_seconds():g} s"
                raise PrivateFolderBusy(f"another process held `{path}` for {seconds}") from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:
            raise PrivateFolderTrouble(f"`{path}`: {error.strerror or error}") from None
        else:
            return


def _offset(key: str) -> int:
    """Spread keys over byte positions; two keys on one position only wait for each other."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") & 0x7FFFFFFF


def _check_private(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise PrivateFolderTrouble(f"`{path}` belongs to another user (id {status.st_uid})")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise PrivateFolderTrouble(
            f"`{path}` is open to others (mode {mode:04o}); remove it or `chmod go=` it"
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into trouble with ``path``; a missing file is the caller's news."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PrivateFolderTrouble(f"`{path}`: {error.strerror or error}") from None
