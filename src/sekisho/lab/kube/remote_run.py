"""A command and its client: bytes are carried between them until one of them ends."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.kube.containers import Command
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.streams.remote_command import STDERR, STDOUT, RemoteStreams

PIECE_BYTES = 32 * 1024
QUIET_SECONDS = 1.0
"""How long output that a process left behind may be silent after the process ended: one that it started
may hold the pipe open for ever."""

LINGER_SECONDS = 2.0
"""How long a client is given to leave by itself: closing before it has read may cost it the end."""

Start = Callable[[], Awaitable[Command]]


async def run_remotely(streams: RemoteStreams, start: Start, command: tuple[str, ...] | None) -> None:
    """Start what a client asked for, carry its streams and tell how it ended.

    ``command`` is what runs, for the text of a failure; None where the container's own process is
    attached to, whose exit code kubelet does not tell. A client that leaves is told to the command.

    Raises:
        ConnectionError: the client is gone.
    """
    serving = asyncio.create_task(streams.serve())
    working = asyncio.create_task(_work(streams, start, command))
    try:
        await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            await asyncio.wait({serving}, timeout=LINGER_SECONDS)
    finally:
        serving.cancel()
        working.cancel()
        await asyncio.gather(serving, working, return_exceptions=True)


async def _work(streams: RemoteStreams, start: Start, command: tuple[str, ...] | None) -> None:
    if not await streams.opened():
        return
    try:
        running = await start()
    except KubeError as error:
        await streams.finish(error.document())
        return
    try:
        code = await _carry(streams, running)
    finally:
        running.leave()
    await streams.finish(_ended(0 if command is None else code, command or ()))


async def _carry(streams: RemoteStreams, running: Command) -> int:
    """Carry the streams and return the exit code, once all output was sent."""
    exited = asyncio.Event()
    outputs = [asyncio.create_task(_output(streams, STDOUT, running.stdout, exited))]
    if running.stderr is not None:
        outputs.append(asyncio.create_task(_output(streams, STDERR, running.stderr, exited)))
    inputs = [asyncio.create_task(_resize(streams, running))]
    if running.stdin is not None:
        inputs.append(asyncio.create_task(_input(streams, running.stdin)))
    waiting = asyncio.create_task(running.wait())
    waiting.add_done_callback(lambda _: exited.set())
    try:
        await asyncio.gather(*outputs)
        return await waiting
    finally:
        for task in (*outputs, *inputs, waiting):
            task.cancel()
        await asyncio.gather(*outputs, *inputs, waiting, return_exceptions=True)


async def _output(
    streams: RemoteStreams, channel: int, source: asyncio.StreamReader, exited: asyncio.Event
) -> None:
    ended = asyncio.create_task(exited.wait())
    try:
        while True:
            reading = asyncio.create_task(source.read(PIECE_BYTES))
            try:
                await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    await asyncio.wait({reading}, timeout=QUIET_SECONDS)
                if not reading.done() or not (data := reading.result()):
                    return
            finally:
                reading.cancel()
            await streams.write(channel, data)
    finally:
        ended.cancel()


async def _input(streams: RemoteStreams, stdin: asyncio.StreamWriter) -> None:
    """Pass stdin on; what a process that closed its own does not take is dropped."""
    with suppress(ConnectionError):
        while data := await streams.read_stdin():
            stdin.write(data)
            await stdin.drain()
        stdin.close()
    while await streams.read_stdin():
        pass


async def _resize(streams: RemoteStreams, running: Command) -> None:
    while (size := await streams.size()) is not None:
        running.resize(*size)


def _ended(code: int, command: tuple[str, ...]) -> JsonObject:
    """Return the Status that says how a command ended (kubelet, ``remotecommand/exec.go``)."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause: Json = {"reason": "ExitCode", "message": str(code)}
    shown = f"error executing command [{' '.join(command)}], exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {shown}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [cause]},
    }
