"""Files that may change while a checkpoint serves: read again when they do, kept when they are bad.

Files are looked at, not subscribed to: mounted ConfigMaps and Secrets change by swapped symbolic links,
network file systems tell nobody, and a look costs two system calls.
"""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sekisho.decide.values import Ref, SekishoInputError

LOOK_SECONDS: Final = 1.0
MAX_FILE_BYTES: Final = 4 * 1024 * 1024

Stamp = tuple[int, int, int, int]
"""Device, inode, size and time of change: another one means that the content may be another."""


def stamp_of(path: Path) -> Stamp | None:
    """Return what tells one content of ``path`` from another, links followed; None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def read_text(path: Path) -> str:
    """Return the text of a regular file.

    Raises:
        SekishoInputError: there is none, it is too large or it is not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SekishoInputError.single("file.not-regular", Ref(str(path)), "expected a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise SekishoInputError.single("file.unreadable", Ref(str(path)), problem) from None
    if len(content) > MAX_FILE_BYTES:
        raise SekishoInputError.single(
            "file.too-large", Ref(str(path)), f"at most {MAX_FILE_BYTES} bytes are read"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SekishoInputError.single(
            "file.not-utf-8", Ref(str(path)), f"expected UTF-8 (byte {error.start})", line=line
        ) from None


async def follow(
    paths: tuple[Path, ...], changed: Callable[[], None], look_seconds: float = LOOK_SECONDS
) -> None:
    """Call ``changed`` whenever one of ``paths`` became another file, came or went. Ends by cancellation.

    ``changed`` must not raise. It is called once at the start, for what changed before anybody looked.
    """
    seen: list[Stamp | None] | None = None
    while True:
        now = [stamp_of(path) for path in paths]
        if now != seen:
            seen = now
            changed()
        await asyncio.sleep(look_seconds)
