"""A request and its response, as handlers see them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sekisho.wire.http.connection import Upgrade

MAX_BODY_BYTES = 3 * 1024 * 1024


class BodyTooLarge(Exception):  # noqa: N818 - an answer (413), not a fault
    """The request body is longer than its handler reads."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request whose head was read.

    ``path`` and ``query`` are raw, still percent-encoded; ``headers`` keep their order and
    repeats, names in lower case. ``client`` is the peer's address and port.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    client: tuple[str, int] | None
    receive: Callable[[], Awaitable[Mapping[str, Any]]] = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of a header (``name`` in lower case)."""
        return next((value for found, value in self.headers if found == name), None)

    async def body(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """Read the whole body.

        Raises:
            BodyTooLarge: it has more than ``limit`` bytes.
            ConnectionError: the client went away.
        """
        declared = self.header("content-length")
        if declared is not None and declared.isdecimal() and int(declared) > limit:
            raise BodyTooLarge
        parts: list[bytes] = []
        size = 0
        while True:
            event = await self.receive()
            if event["type"] == "http.disconnect":
                raise ConnectionError("the client went away")
            part = event.get("body", b"")
            size += len(part)
            if size > limit:
                raise BodyTooLarge
            parts.append(part)
            if not event.get("more_body"):
                return b"".join(parts)

    async def disconnected(self) -> None:
        """Return when the client has gone away (for answers that last)."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def with_headers(self, *headers: tuple[str, str]) -> "Response":
        """Return the same answer with more headers."""
        return Response(self.status, self.body, (*self.headers, *headers))


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """An answer that is written piece by piece for as long as ``parts`` yields."""

    status: int
    parts: AsyncIterator[bytes]
    headers: tuple[tuple[str, str], ...] = ()


Answer = Response | StreamResponse | Upgrade
Handler = Callable[[Request], Awaitable[Answer]]
