"""WebSocket (RFC 6455) as the API server speaks it: the opening, and messages over a connection."""

import base64
import binascii
import hashlib
from collections import deque
from collections.abc import Iterable

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from sekisho.wire.http import Connection, Request

MAX_MESSAGE_BYTES = 1024 * 1024
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Appended to the client's key (RFC 6455 section 1.3)."""


class WebSocket:
    """Messages over an upgraded connection. What breaks the protocol ends it with a close frame."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._protocol = Protocol(SERVER, state=OPEN, max_size=MAX_MESSAGE_BYTES)
        self._partial = bytearray()
        self._frames: deque[Frame] = deque()
        self._ended = False

    async def receive(self) -> bytes | None:
        """Return the next message, of text or bytes; None once the client has closed or broke the rules.

        Pings are answered meanwhile.

        Raises:
            ConnectionError: the client is gone.
        """
        while True:
            while self._frames:
                frame = self._frames.popleft()
                if frame.opcode is Opcode.CLOSE:
                    return None
                if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    continue
                self._partial += frame.data
                if frame.fin:
                    message = bytes(self._partial)
                    self._partial.clear()
                    return message
            if self._ended:
                return None
            data = await self._connection.read()
            if data:
                self._protocol.receive_data(data)
            else:
                self._ended = True
                self._protocol.receive_eof()
            self._frames.extend(
                event for event in self._protocol.events_received() if isinstance(event, Frame)
            )
            await self._flush()
            if self._protocol.parser_exc is not None:
                self._ended = True

    async def send(self, message: bytes, *, text: bool = False) -> None:
        """Send one message.

        Raises:
            ConnectionError: the client is gone, or the WebSocket is closing.
        """
        if self._protocol.state is not OPEN:
            raise ConnectionResetError("the WebSocket is closed")
        if text:
            self._protocol.send_text(message)
        else:
            self._protocol.send_binary(message)
        await self._flush()

    async def close(self, code: int = 1000) -> None:
        """Send a close frame; twice is once."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(code)
            await self._flush()

    async def _flush(self) -> None:
        if data := b"".join(self._protocol.data_to_send()):
            await self._connection.write(data)


def is_websocket(request: Request) -> bool:
    """Tell whether a request asks to become a WebSocket."""
    return (
        request.method == "GET"
        and "upgrade" in tokens(request, "connection")
        and "websocket" in tokens(request, "upgrade")
    )


def offered(request: Request) -> tuple[str, ...]:
    """Return the subprotocols that the client offers, in its order."""
    return tuple(
        one.strip()
        for name, value in request.headers
        if name == "sec-websocket-protocol"
        for one in value.split(",")
        if one.strip()
    )


def opening(request: Request, protocol: str | None) -> tuple[tuple[str, str], ...] | None:
    """Return the headers of the answer that opens the WebSocket (RFC 6455 section 4.2.2).

    None if the client's key or version is none.
    """
    key = (request.header("sec-websocket-key") or "").strip()
    try:
        is_key = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key or (request.header("sec-websocket-version") or "").strip() != "13":
        return None
    accept = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest())
    headers = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", accept.decode())]
    if protocol is not None:
        headers.append(("sec-websocket-protocol", protocol))
    return tuple(headers)


def first_of(offers: Iterable[str], served: Iterable[str]) -> str | None:
    """Return the first protocol that the client offers and that is served."""
    known = frozenset(served)
    return next((one for one in offers if one in known), None)


def tokens(request: Request, header: str) -> set[str]:
    """Return the comma-separated values of a header, in lower case."""
    values = (value for name, value in request.headers if name == header)
    return {token.strip().lower() for value in values for token in value.split(",")}


class Tunnel:
    """Bytes in binary messages: what the subprotocols ``SPDY/3.1+...`` carry their frames in."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """Return the next bytes; ``b""`` once nothing more will come."""
        while (message := await self._socket.receive()) is not None:
            if message:
                return message
        return b""

    async def write(self, data: bytes) -> None:
        """Send bytes as one message."""
        await self._socket.send(data)

    def close(self) -> None:
        """Do nothing: the connection is closed by whoever upgraded it."""
