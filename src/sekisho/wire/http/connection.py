"""A connection after its upgrade: bytes in, bytes out, and who waits for whom.

What arrives is buffered up to a limit, then the client has to wait; what is written waits until
the client reads, for a bounded time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HIGH_WATER_BYTES = 256 * 1024
STALL_SECONDS = 300.0
"""How long a client may leave what is sent to it unread before it is cut off."""

IDLE_SECONDS = 4 * 3_600.0
"""How long nothing may pass in either direction (kubelet, ``streamingConnectionIdleTimeout``)."""


class Connection:
    """One upgraded connection; owned by the event loop that made it.

    ``stall_seconds`` bounds how long `write` waits for a client that does not read.
    """

    def __init__(self, transport: asyncio.Transport, early: bytes, stall_seconds: float) -> None:
        self._transport = transport
        self._buffer = bytearray(early)
        self._stall_seconds = stall_seconds
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False
        self._is_paused = False
        self.active_at = asyncio.get_running_loop().time()
        """When something last passed, by the clock of the event loop."""

        self.lost = asyncio.Event()
        """Set when the connection is gone in both directions."""

    async def read(self) -> bytes:
        """Return what has arrived, at least one byte; ``b""`` once the client has sent its last."""
        while not self._buffer and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; returns when the client is near enough behind.

        Raises:
            ConnectionError: the client is gone, or read nothing for ``stall_seconds``.
        """
        if self.lost.is_set() or self._transport.is_closing():
            raise ConnectionResetError("the client went away")
        self.active_at = asyncio.get_running_loop().time()
        self._transport.write(data)
        if self._writable.is_set():
            return
        try:
            await asyncio.wait_for(self._writable.wait(), self._stall_seconds)
        except TimeoutError:
            self._transport.abort()
            raise ConnectionResetError("the client does not read") from None
        if self.lost.is_set():
            raise ConnectionResetError("the client went away")

    def close(self) -> None:
        """Close the connection once what was written is sent."""
        self._transport.close()

    def received(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self.active_at = asyncio.get_running_loop().time()
        self._buffer += data
        if len(self._buffer) > HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._arrived.set()

    def ended(self) -> None:
        """Be told that the client sends nothing more."""
        self._ended = True
        self._arrived.set()

    def was_lost(self) -> None:
        """Be told that the connection is gone."""
        self.lost.set()
        self._writable.set()
        self.ended()

    def set_writable(self, *, writable: bool) -> None:
        """Be told whether the transport takes more."""
        if writable:
            self._writable.set()
        elif not self.lost.is_set():
            self._writable.clear()


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An answer 101 (Switching Protocols) after which ``run`` has the connection, until it returns.

    ``headers`` name the protocol (``upgrade``, ``connection`` and what belongs to it). ``run`` may
    raise ConnectionError; the connection is closed when it ends, and told to end when the server stops.
    """

    headers: tuple[tuple[str, str], ...]
    run: Callable[[Connection], Awaitable[None]]
    status: int = 101
    idle_seconds: float = IDLE_SECONDS
