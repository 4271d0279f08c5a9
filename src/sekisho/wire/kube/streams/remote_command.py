"""The remote command protocols of Kubernetes: a command's streams, the size of its terminal, its end.

Source: k8s.io/apimachinery pkg/util/remotecommand (versions 1 to 5), KEP-4006. Over SPDY each stream is
one that the client opens and names; over WebSocket a message begins with the number of its channel.
Versions 4 and 5 end with a Status on the error stream, older ones with its message; terminals have a
size since version 3; version 5 lets a WebSocket client close its stdin.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sekisho.decide.values import JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.wire.kube.streams.pipe import Pipe
from sekisho.wire.kube.streams.spdy_session import SpdySession, SpdyStream
from sekisho.wire.kube.streams.websocket import WebSocket

SPDY_PROTOCOLS = (*(f"v{version}.channel.k8s.io" for version in (5, 4, 3, 2)), "channel.k8s.io")
WEBSOCKET_PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "channel.k8s.io",
    "base64.channel.k8s.io",
)
OPENING_SECONDS = 30.0
"""How long a SPDY client may take to open the streams that it asked for (kubelet's own limit)."""

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_PIECE_BYTES = 32 * 1024
_MAX_SIZE_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams a client asks for."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


class RemoteStreams(Protocol):
    """A client's ends of the streams of one command."""

    async def opened(self) -> bool:
        """Wait until the streams are there; False if the client does not open them in time."""

    async def read_stdin(self) -> bytes:
        """Return what the client sent; ``b""`` once it has sent its last."""

    async def write(self, channel: int, data: bytes) -> None:
        """Send output: ``channel`` is STDOUT or STDERR; what was not asked for is dropped.

        Raises:
            ConnectionError: the client is gone.
        """

    async def size(self) -> tuple[int, int] | None:
        """Return the next size of the client's terminal, columns and rows; None once no other comes."""

    async def finish(self, status: JsonObject) -> None:
        """Say how the command ended, and that there is no more output."""

    async def serve(self) -> None:
        """Read from the client until it leaves: everything else waits for this."""


class WebSocketStreams:
    """The streams as channels of a WebSocket."""

    def __init__(self, socket: WebSocket, protocol: str, wanted: Wanted) -> None:
        self._socket = socket
        self._wanted = wanted
        self._is_text = "base64" in protocol
        self._has_status = protocol.startswith(("v4.", "v5."))
        self._can_close = protocol.startswith("v5.")
        self._stdin = Pipe()
        self._sizes: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue(16)

    async def opened(self) -> bool:
        """See `RemoteStreams`."""
        return True

    async def read_stdin(self) -> bytes:
        """See `RemoteStreams`."""
        return await self._stdin.read()

    async def write(self, channel: int, data: bytes) -> None:
        """See `RemoteStreams`."""
        if self._wanted.stdout if channel == STDOUT else self._wanted.stderr:
            for at in range(0, len(data), _PIECE_BYTES):
                await self._send(channel, data[at : at + _PIECE_BYTES])

    async def size(self) -> tuple[int, int] | None:
        """See `RemoteStreams`."""
        return await self._sizes.get()

    async def finish(self, status: JsonObject) -> None:
        """See `RemoteStreams`."""
        told = _told(status, has_status=self._has_status)
        if told:
            await self._send(ERROR, told)
        await self._socket.close()

    async def serve(self) -> None:
        """See `RemoteStreams`."""
        first = STDOUT if self._wanted.stdout else STDERR if self._wanted.stderr else ERROR
        await self._send(first, b"")  # clients that wait for the server's first message know it is there
        try:
            while (message := await self._socket.receive()) is not None:
                await self._take(*self._split(message))
        finally:
            self._stdin.end()
            _offer(self._sizes, None)

    async def _take(self, channel: int, data: bytes) -> None:
        if channel == STDIN and self._wanted.stdin:
            await self._stdin.take(data)
        elif channel == RESIZE and (size := _size(data)) is not None:
            _offer(self._sizes, size)
        elif channel == CLOSE and self._can_close and data[:1] == bytes([STDIN]):
            self._stdin.end()

    def _split(self, message: bytes) -> tuple[int, bytes]:
        """Return the channel and its data; a message that is neither belongs to no channel."""
        if not message:
            return -1, b""
        if not self._is_text:
            return message[0], message[1:]
        try:
            return message[0] - ord("0"), base64.b64decode(message[1:], validate=True)
        except binascii.Error:
            return -1, b""

    async def _send(self, channel: int, data: bytes) -> None:
        if self._is_text:
            await self._socket.send(str(channel).encode() + base64.b64encode(data), text=True)
        else:
            await self._socket.send(bytes([channel]) + data)


class SpdyStreams:
    """The streams as those that a SPDY client opens, each named by its header ``streamtype``."""

    def __init__(self, session: SpdySession, protocol: str, wanted: Wanted) -> None:
        version = 1 if protocol == SPDY_PROTOCOLS[-1] else int(protocol[1])
        self._session = session
        self._has_status = version >= 4
        names = {"error": True, "stdin": wanted.stdin, "stdout": wanted.stdout}
        names["stderr"] = wanted.stderr and not wanted.tty
        names["resize"] = wanted.tty and version >= 3
        self._awaited = {name for name, is_wanted in names.items() if is_wanted}
        self._streams: dict[str, SpdyStream] = {}
        self._complete = asyncio.Event()

    async def read_stdin(self) -> bytes:
        """See `RemoteStreams`."""
        await self._complete.wait()
        return await self._streams["stdin"].read() if "stdin" in self._streams else b""

    async def write(self, channel: int, data: bytes) -> None:
        """See `RemoteStreams`."""
        await self._complete.wait()
        stream = self._streams.get("stdout" if channel == STDOUT else "stderr")
        if stream is not None:
            await stream.write(data)

    async def size(self) -> tuple[int, int] | None:
        """See `RemoteStreams`."""
        await self._complete.wait()
        stream = self._streams.get("resize")
        # The client writes one JSON document after another; what is not one is skipped.
        while stream is not None and (data := await stream.read()):
            if (size := _size(data.strip().rpartition(b"\n")[2])) is not None:
                return size
        return None

    async def finish(self, status: JsonObject) -> None:
        """See `RemoteStreams`."""
        await self._complete.wait()
        error = self._streams["error"]
        if told := _told(status, has_status=self._has_status):
            await error.write(told)
        for stream in self._streams.values():
            await stream.finish()

    async def opened(self) -> bool:
        """See `RemoteStreams`."""
        try:
            await asyncio.wait_for(self._complete.wait(), OPENING_SECONDS)
        except TimeoutError:
            return False
        return True

    async def serve(self) -> None:
        """See `RemoteStreams`."""
        await self._session.serve(self._accept)

    async def _accept(self, stream: SpdyStream) -> bool:
        name = stream.headers.get("streamtype", "")
        if name not in self._awaited or name in self._streams:
            return False
        self._streams[name] = stream
        if len(self._streams) == len(self._awaited):
            self._complete.set()
        return True


def _told(status: JsonObject, *, has_status: bool) -> bytes:
    if has_status:
        return to_json(status)
    return b"" if status.get("status") == "Success" else str(status.get("message", "")).encode()


def _size(data: bytes) -> tuple[int, int] | None:
    """Read ``{"Width":80,"Height":24}``; None for anything else."""
    if len(data) > _MAX_SIZE_TEXT:
        return None
    try:
        value = parse_json(data, "size")
    except SekishoInputError:
        return None
    match value:
        case Mapping():
            columns, rows = value.get("Width"), value.get("Height")
            if _is_length(columns) and _is_length(rows):
                return int(str(columns)), int(str(rows))
    return None


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 16


def _offer(sizes: "asyncio.Queue[tuple[int, int] | None]", size: tuple[int, int] | None) -> None:
    """Put the newest size in the queue; the oldest gives way."""
    if sizes.full():
        sizes.get_nowait()
    sizes.put_nowait(size)
