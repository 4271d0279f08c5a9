"""The log of one attempt of a container: what kubelets write, and `kubectl logs` reads.

A line is ``TIME STREAM TAG TEXT``; tag P says that the line goes on in the next one. Source: Kubernetes
documentation, "Logging Architecture"; the CRI's log format (``kubelet/pkg/logs``).
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sekisho.decide.values import Instant
from sekisho.lab.kube.containers import LogOptions

MAX_BYTES = 10 * 1024 * 1024
"""A kubelet's ``containerLogMaxSize``: past it the file is put aside, in place of the one before."""
MAX_LINE_BYTES = 16 * 1024
_CHUNK = 64 * 1024


class LogWriter:
    """Writes a log while its container runs, and wakes who follows it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._file: BinaryIO | None = path.open("wb", buffering=0)
        self._size = 0
        self._rest: dict[str, bytes] = {}
        self.changed = asyncio.Event()
        """Set, and replaced, when something was written or nothing will be."""
        self.rotations = 0
        """How often the file was put aside."""

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return self._file is not None

    def write(self, stream: str, now: Instant, data: bytes) -> None:
        """Take what a container wrote on ``stdout`` or ``stderr``."""
        lines = (self._rest.pop(stream, b"") + data).split(b"\n")
        rest = lines.pop()
        stamp = _stamp(now)
        parts = [self._line(stamp, stream, line) for line in lines]
        while len(rest) >= MAX_LINE_BYTES:
            parts.append(b"%s %s P %s\n" % (stamp, stream.encode(), rest[:MAX_LINE_BYTES]))
            rest = rest[MAX_LINE_BYTES:]
        if rest:
            self._rest[stream] = rest
        self._append(b"".join(parts))

    def close(self, now: Instant) -> None:
        """Write what is left of unfinished lines; nothing more comes."""
        for stream, rest in self._rest.items():
            self._append(b"%s %s P %s\n" % (_stamp(now), stream.encode(), rest))
        self._rest.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._wake()

    @staticmethod
    def _line(stamp: bytes, stream: str, line: bytes) -> bytes:
        parts = []
        while len(line) > MAX_LINE_BYTES:
            parts.append(b"%s %s P %s\n" % (stamp, stream.encode(), line[:MAX_LINE_BYTES]))
            line = line[MAX_LINE_BYTES:]
        parts.append(b"%s %s F %s\n" % (stamp, stream.encode(), line))
        return b"".join(parts)

    def _append(self, text: bytes) -> None:
        if self._file is None or not text:
            return
        if self._size + len(text) > MAX_BYTES and self._size:
            self._file.close()
            self.path.replace(rotated(self.path))
            self._file = self.path.open("wb", buffering=0)
            self._size = 0
            self.rotations += 1
        self._file.write(text)
        self._size += len(text)
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def rotated(path: Path) -> Path:
    """Return where a log that grew too long is put aside."""
    return path.with_name(f"{path.name}.1")


async def read(
    path: Path, writer: LogWriter | None, options: LogOptions, now: Instant
) -> AsyncIterator[bytes]:
    """Yield the log at ``path`` as ``options`` ask for it; with ``follow`` until ``writer`` is closed."""
    left = options.limit_bytes
    async for piece in _pieces(path, writer, options, now):
        for at in range(0, len(piece), _CHUNK):
            part = piece[at : at + _CHUNK]
            if left is not None:
                part = part[:left]
                left -= len(part)
            if part:
                yield part
            if left == 0:
                return


async def _pieces(
    path: Path, writer: LogWriter | None, options: LogOptions, now: Instant
) -> AsyncIterator[bytes]:
    since = options.since_time if options.since is None else now + -options.since
    lines = _Lines(since, timestamps=options.timestamps)
    aside = rotated(path)
    past = aside.read_bytes() if aside.exists() else b""
    rotations = 0 if writer is None else writer.rotations
    with path.open("rb") as file:
        start = lines.read(past + file.read())
        yield start if options.tail_lines is None else _tail(start, options.tail_lines)
        while options.follow and writer is not None:
            changed = writer.changed
            if more := file.read(_CHUNK):
                yield lines.read(more)
            elif not writer.is_open or writer.rotations != rotations:
                return  # the file was put aside: a kubelet's readers stop here too
            else:
                await changed.wait()


class _Lines:
    """Takes a log apart: whole lines as their readers see them."""

    def __init__(self, since: Instant | None, *, timestamps: bool) -> None:
        self._timestamps = timestamps
        self._since = None if since is None else _stamp(since)
        self._rest = b""
        self._begins = True

    def read(self, data: bytes) -> bytes:
        """Return what the lines that ``data`` completes hold."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        found = []
        for line in lines:
            stamp, _, rest = line.partition(b" ")
            _, _, rest = rest.partition(b" ")
            tag, _, text = rest.partition(b" ")
            begins, self._begins = self._begins, tag == b"F"
            if self._since is not None and stamp < self._since:
                continue
            head = stamp + b" " if self._timestamps and begins else b""
            found.append(head + text + (b"\n" if tag == b"F" else b""))
        return b"".join(found)


def _tail(text: bytes, lines: int) -> bytes:
    if lines <= 0:
        return b""
    at = len(text) - 1 if text.endswith(b"\n") else len(text)
    for _ in range(lines):
        at = text.rfind(b"\n", 0, at)
        if at < 0:
            return text
    return text[at + 1 :]


def _stamp(at: Instant) -> bytes:
    moment: datetime = at.moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").encode() + b"%06d000Z" % moment.microsecond
