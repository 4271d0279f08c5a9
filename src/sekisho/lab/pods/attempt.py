"""One run of a container: its process, its log, and who is attached to it."""

import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.lab.pods.log_file import LogWriter
from sekisho.lab.pods.sandbox import CommandSpec, Ended, Process, Sandbox
from sekisho.lab.pods.streams import Pipes, pump, reading, typing, writing
from sekisho.lab.world import Clock

MAX_ATTACHED_BYTES = 4 * 1024 * 1024
"""What somebody attached may leave unread before it is cut off."""
_DRAIN_SECONDS = 5.0


@dataclass(eq=False, slots=True)
class Attached:
    """Somebody who sees what a container writes."""

    stdout: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    stderr: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    unread: int = 0


class Attempt:
    """A container that was started; made by `start`."""

    def __init__(self, sandbox: Sandbox, process: Process, writer: LogWriter, clock: Clock) -> None:
        self.sandbox = sandbox
        self.process = process
        self.writer = writer
        self.stdin: asyncio.StreamWriter | None = None
        self.terminal: int | None = None
        self._clock = clock
        self._attached: list[Attached] = []
        self._pumps: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls, sandbox: Sandbox, spec: CommandSpec, log: Path, clock: Clock, *, stdin: bool
    ) -> "Attempt":
        """Start a container.

        Raises:
            SandboxError: it cannot be started.
        """
        pipes = None if spec.terminal else Pipes.make(stdin=stdin)
        try:
            process = await sandbox.run(spec, () if pipes is None else pipes.theirs)
        except BaseException:
            if pipes is not None:
                pipes.close()
            raise
        attempt = cls(sandbox, process, LogWriter(log), clock)
        if pipes is None:
            assert process.terminal is not None  # noqa: S101 - it was asked for
            attempt.terminal = process.terminal
            attempt._pump("stdout", await reading(os.dup(process.terminal)))
            attempt.stdin = await typing(os.dup(process.terminal)) if stdin else None
        else:
            pipes.started()
            attempt._pump("stdout", await reading(pipes.stdout))
            attempt._pump("stderr", await reading(pipes.stderr))
            attempt.stdin = None if pipes.stdin is None else await writing(pipes.stdin)
        return attempt

    def attach(self) -> Attached:
        """Show somebody what the container writes from now on."""
        attached = Attached()
        self._attached.append(attached)
        return attached

    def detach(self, attached: Attached) -> None:
        """Show it no more."""
        with contextlib.suppress(ValueError):
            self._attached.remove(attached)

    async def wait(self) -> Ended:
        """Return how the container ended, once all that it wrote is in its log."""
        ended = await self.process.ended
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._pumps, return_exceptions=True), _DRAIN_SECONDS)
        self.close()
        return ended

    def close(self) -> None:
        """Write nothing more; who is attached sees the end."""
        for task in self._pumps:
            task.cancel()
        self.writer.close(self._clock.now())
        for attached in self._attached:
            attached.stdout.feed_eof()
            attached.stderr.feed_eof()
        self._attached.clear()
        if self.stdin is not None:
            self.stdin.close()
            self.stdin = None
        if self.terminal is not None:
            os.close(self.terminal)
            self.terminal = None

    def _pump(self, stream: str, source: asyncio.StreamReader) -> None:
        def take(data: bytes) -> None:
            self.writer.write(stream, self._clock.now(), data)
            for attached in tuple(self._attached):
                reader = attached.stdout if stream == "stdout" else attached.stderr
                reader.feed_data(data)
                # A StreamReader that nobody empties would hold everything.
                if len(reader._buffer) > MAX_ATTACHED_BYTES:  # type: ignore[attr-defined]
                    attached.stdout.feed_eof()
                    attached.stderr.feed_eof()
                    self._attached.remove(attached)

        self._pumps.append(asyncio.get_running_loop().create_task(pump(source, take)))
