"""Pipes and terminals as asyncio streams."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT = 256 * 1024
_FULL_SECONDS = 0.02


class _ReadingProtocol(asyncio.StreamReaderProtocol):
    """Takes a terminal that hangs up, which is an error to who reads it, for the end that it is."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(None if isinstance(exc, OSError) else exc)


async def reading(descriptor: int) -> asyncio.StreamReader:
    """Return a stream of what comes out of ``descriptor``, which it owns from now on."""
    reader = asyncio.StreamReader(LIMIT)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _ReadingProtocol(reader), os.fdopen(descriptor, "rb", buffering=0))
    return reader


async def writing(descriptor: int) -> asyncio.StreamWriter:
    """Return a stream into ``descriptor``, which it owns from now on."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(descriptor, "wb", buffering=0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def typing(descriptor: int) -> asyncio.StreamWriter:
    """Return a stream into a terminal, whose ``descriptor`` it owns from now on.

    A write pipe of the event loop would read from the terminal, to notice its end: what a command writes
    would be lost. So what is typed goes through a pipe of its own.
    """
    source, sink = os.pipe()
    reader, writer = await reading(source), await writing(sink)
    task = asyncio.get_running_loop().create_task(_type(reader, descriptor))
    _typists.add(task)
    task.add_done_callback(_typists.discard)
    return writer


_typists: set[asyncio.Task[None]] = set()


async def _type(source: asyncio.StreamReader, descriptor: int) -> None:
    try:
        while part := await source.read(4096):
            while part:
                try:
                    part = part[os.write(descriptor, part) :]
                except BlockingIOError:
                    await asyncio.sleep(_FULL_SECONDS)  # nobody reads what was typed so far
    except OSError:
        return  # the terminal is gone
    finally:
        os.close(descriptor)


async def pump(source: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
    """Hand over what comes until nothing more does; a terminal that hangs up says so by an error."""
    try:
        while part := await source.read(64 * 1024):
            take(part)
    except OSError:
        return


@dataclass(slots=True)
class Pipes:
    """The standard streams of a command: the ends that it gets, and those that are ours."""

    theirs: list[int] = field(default_factory=list)
    stdin: int | None = None
    stdout: int = -1
    stderr: int = -1

    @classmethod
    def make(cls, *, stdin: bool) -> "Pipes":
        """Return new pipes; without ``stdin`` the command reads the end of a file at once."""
        pipes = cls()
        if stdin:
            theirs, pipes.stdin = os.pipe()
        else:
            theirs = os.open(os.devnull, os.O_RDONLY)
        pipes.stdout, out = os.pipe()
        pipes.stderr, error = os.pipe()
        pipes.theirs = [theirs, out, error]
        return pipes

    def started(self) -> None:
        """Let go of the command's ends."""
        for descriptor in self.theirs:
            os.close(descriptor)
        self.theirs = []

    def close(self) -> None:
        """Let go of everything."""
        self.started()
        for descriptor in (self.stdin, self.stdout, self.stderr):
            if descriptor is not None:
                os.close(descriptor)
