"""Bytes between one that brings them and one that takes them, bounded."""

import asyncio

QUEUED_BYTES = 256 * 1024


class Pipe:
    """Bytes between one that brings them and one that takes them; the first waits for the second."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._ended = False

    async def read(self) -> bytes:
        """Return what lies here, at least one byte; ``b""`` once nothing more will come."""
        while not self._bytes and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._bytes)
        self._bytes.clear()
        self._taken.set()
        return data

    async def take(self, data: bytes) -> None:
        """Put bytes here, and wait while more than QUEUED_BYTES lie here; after the end they are dropped."""
        if not self._ended:
            self._bytes += data
            self._arrived.set()
        while len(self._bytes) > QUEUED_BYTES:
            self._taken.clear()
            await self._taken.wait()

    def end(self) -> None:
        """Say that nothing more will come; what lies here can still be read."""
        self._ended = True
        self._arrived.set()

    def drop(self) -> None:
        """Throw away what lies here and what still comes."""
        self._bytes.clear()
        self._taken.set()
        self.end()
