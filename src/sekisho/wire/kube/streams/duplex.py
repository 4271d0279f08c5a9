"""What carries bytes both ways, whatever it is made of."""

from typing import Protocol


class Duplex(Protocol):
    """A connection, or a tunnel inside of one."""

    async def read(self) -> bytes:
        """Return what has arrived; ``b""`` once nothing more will."""

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the other side is gone.
        """

    def close(self) -> None:
        """Close it once what was written is sent."""
