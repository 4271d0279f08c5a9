"""Forwarding of ports: for each connection of the client's a stream of data and one of errors.

Source: k8s.io/apimachinery pkg/util/portforward (``portforward.k8s.io``), and kubelet's channels of a
WebSocket (``v4.channel.k8s.io``), where the ports are named once, in the query.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Protocol

from sekisho.wire.kube.streams.pipe import Pipe
from sekisho.wire.kube.streams.spdy_session import SpdySession, SpdyStream
from sekisho.wire.kube.streams.websocket import WebSocket

PROTOCOL = "portforward.k8s.io"
TUNNEL_PROTOCOL = f"SPDY/3.1+{PROTOCOL}"
CHANNEL_PROTOCOLS = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io")
PAIR_SECONDS = 30.0
"""How long a stream of data may wait for its stream of errors (kubelet's own limit)."""

MAX_TASKS = 512
"""How many connections, and streams that wait for their other half, one client may have at once."""

_PIECE_BYTES = 32 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[int], Awaitable[Streams]]
"""Opens a connection to a port of the pod, or raises an OSError whose text says why not."""


class Source(Protocol):
    """A client's side of one connection."""

    async def read(self) -> bytes:
        """Return what the client sent; ``b""`` once it has sent its last."""

    async def write(self, data: bytes) -> None:
        """Send bytes to the client."""


class SpdyForwarding:
    """The pairs of streams that one client opens over SPDY."""

    def __init__(self, session: SpdySession, connect: Connect, pair_seconds: float = PAIR_SECONDS) -> None:
        self._session = session
        self._connect = connect
        self._pair_seconds = pair_seconds
        self._halves: dict[str, tuple[str, SpdyStream, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How much is held for the client: what it resets counts until nothing is left of it."""
        return len(self._tasks)

    async def serve(self) -> None:
        """Forward until the client leaves.

        Raises:
            ConnectionError: the client is gone.
        """
        try:
            await self._session.serve(self._accept)
        finally:
            await _cancel(self._tasks)

    async def _accept(self, stream: SpdyStream) -> bool:
        kind, port = stream.headers.get("streamtype", ""), _port(stream.headers.get("port", ""))
        if kind not in ("data", "error") or port is None or self.open >= MAX_TASKS:
            return False
        # Clients before Kubernetes 1.4 name no request: they open the errors first, then the data.
        name = stream.headers.get("requestid") or f"#{stream.number - 2 * (kind == 'data')}"
        half = self._halves.pop(name, None)
        if half is None:
            self._halves[name] = kind, stream, self._run(self._expire(name, stream))
            return True
        other, first, expiry = half
        expiry.cancel()
        if other == kind:
            await first.reset()
            return False
        data, error = (stream, first) if kind == "data" else (first, stream)
        self._run(_forward(data, error, port, self._connect))
        return True

    async def _expire(self, name: str, stream: SpdyStream) -> None:
        """Reset a stream whose other half does not come."""
        await asyncio.sleep(self._pair_seconds)
        self._halves.pop(name, None)
        with suppress(ConnectionError):
            await stream.reset()

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _forward(data: SpdyStream, error: SpdyStream, port: int, connect: Connect) -> None:
    """Carry one connection; why it failed is written to ``error``. Both streams are ended."""
    with suppress(ConnectionError):
        try:
            reader, writer = await connect(port)
        except OSError as failed:
            await error.write(str(failed).encode())
            await error.finish()
            await data.reset()
            return
        try:
            await _until(data.gone, _both_ways(data, data.finish, reader, writer))
        finally:
            writer.close()
            data.close()
        await data.finish()
        await error.finish()


async def _both_ways(
    client: Source,
    finish: Callable[[], Awaitable[None]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Copy until the pod has sent its last; that the client has is passed on."""

    async def upstream() -> None:
        with suppress(ConnectionError):
            while sent := await client.read():
                writer.write(sent)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    up = asyncio.create_task(upstream())
    try:
        with suppress(ConnectionResetError):
            while received := await reader.read(_PIECE_BYTES):
                await client.write(received)
        await finish()
    finally:
        await _cancel({up})


class ChannelForwarding:
    """The ports of a WebSocket's query: two channels for each, first the data, then the errors."""

    def __init__(self, socket: WebSocket, protocol: str, ports: tuple[int, ...], connect: Connect) -> None:
        self._socket = socket
        self._is_text = "base64" in protocol
        self._ports = ports
        self._connect = connect

    async def serve(self) -> None:
        """Forward until the client leaves.

        Raises:
            ConnectionError: the client is gone.
        """
        channels = [_Channel(self, 2 * index) for index in range(len(self._ports))]
        for channel, port in zip(channels, self._ports, strict=True):
            number = port.to_bytes(2, "little")
            await self.send(channel.number, number)
            await self.send(channel.number + 1, number)
        tasks = {
            asyncio.create_task(self._forward(channel, port))
            for channel, port in zip(channels, self._ports, strict=True)
        }
        try:
            while (message := await self._socket.receive()) is not None:
                index, data = self._split(message)
                if index % 2 == 0 and 0 <= index < 2 * len(channels):
                    await channels[index // 2].pipe.take(data)
        finally:
            await _cancel(tasks)

    async def send(self, number: int, data: bytes) -> None:
        """Send bytes of a channel."""
        if self._is_text:
            await self._socket.send(str(number).encode() + base64.b64encode(data), text=True)
        else:
            await self._socket.send(bytes([number]) + data)

    async def _forward(self, channel: "_Channel", port: int) -> None:
        with suppress(ConnectionError):
            try:
                reader, writer = await self._connect(port)
            except OSError as failed:
                await self.send(channel.number + 1, str(failed).encode())
                return
            try:
                await _both_ways(channel, channel.finish, reader, writer)
            finally:
                writer.close()
                channel.pipe.end()

    def _split(self, message: bytes) -> tuple[int, bytes]:
        if not message:
            return -1, b""
        if not self._is_text:
            return message[0], message[1:]
        try:
            return message[0] - ord("0"), base64.b64decode(message[1:], validate=True)
        except binascii.Error:
            return -1, b""


class _Channel:
    """One port's channel of data, read and written like a stream."""

    def __init__(self, forwarding: ChannelForwarding, number: int) -> None:
        self.number = number
        self.pipe = Pipe()
        self._forwarding = forwarding

    async def read(self) -> bytes:
        return await self.pipe.read()

    async def write(self, data: bytes) -> None:
        await self._forwarding.send(self.number, data)

    async def finish(self) -> None:
        """Do nothing: a channel of a WebSocket cannot be closed by itself."""


async def _until(gone: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do ``work``, but no longer than until ``gone``."""
    working, ending = asyncio.create_task(work), asyncio.create_task(gone.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        await _cancel((working, ending))


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    waited = list(tasks)
    for task in waited:
        task.cancel()
    await asyncio.gather(*waited, return_exceptions=True)


def _port(text: str) -> int | None:
    """Read a port; None for what is none."""
    if not text.isascii() or not text.isdecimal() or len(text) > 5:
        return None
    return int(text) if 0 < int(text) < 1 << 16 else None
