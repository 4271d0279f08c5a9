"""The CONNECT proxy through which a lab shell reaches AWS's own names.

``CONNECT sts.ap-northeast-1.amazonaws.com:443`` ends at the lab's own door, whatever
the name resolves to: an AWS name is never looked up and never dialled. Other hosts
are tunnelled untouched (RFC 9110 section 9.3.6).
"""

import asyncio
import contextlib
from collections.abc import Callable

from sekisho.lab.door_code import DoorCode
from sekisho.lab.net.sockets import LOOPBACK
from sekisho.wire.http.server import HEAD_SECONDS, MAX_HEAD_BYTES

_CHUNK = 64 * 1024

Note = Callable[[DoorCode, str], None]
"""Told what the proxy did (a code) with which target."""


class ConnectProxy:
    """Accepts CONNECT, splices AWS names to the door at ``door_port`` and everything else to its host."""

    def __init__(self, door_port: int, is_aws_name: Callable[[str], bool], note: Note) -> None:
        self._door_port = door_port
        self._is_aws_name = is_aws_name
        self._note = note
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from its first byte to its last."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection is served by a task
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side may go away at any time
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def stop(self) -> None:
        """End every open tunnel."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            self._note(DoorCode.HEAD_TOO_LARGE, "")
            await _refuse(writer, 431, f"the request head is longer than {MAX_HEAD_BYTES} bytes")
            return
        except TimeoutError:
            await _refuse(writer, 408, "the request head took too long")
            return
        target = _target(head)
        if target is None:
            self._note(DoorCode.NOT_CONNECT, "")
            await _refuse(writer, 405, "this proxy serves CONNECT to HTTPS hosts only; use https:// URLs")
            return
        host, port = target
        name = host.lower().rstrip(".")
        if self._is_aws_name(name):
            if port != 443:
                self._note(DoorCode.AWS_PORT, f"{name}:{port}")
                await _refuse(
                    writer, 403, f"the lab serves {name} on port 443 only, and never forwards AWS names"
                )
                return
            await self._splice(reader, writer, LOOPBACK, self._door_port)
            return
        self._note(DoorCode.TUNNEL, f"{name}:{port}")
        await self._splice(reader, writer, host, port)

    async def _splice(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            await _refuse(writer, 502, f"cannot reach {host}:{port}: {error}")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            far_writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the source ends, then tell the sink that nothing more comes."""
    with contextlib.suppress(OSError):
        while part := await source.read(_CHUNK):
            sink.write(part)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


def _target(head: bytes) -> tuple[str, int] | None:
    """Return host and port of a CONNECT request, or None if it is anything else."""
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    match line.split(" "):
        case ["CONNECT", authority, "HTTP/1.1" | "HTTP/1.0"]:
            host, colon, port = authority.rpartition(":")
            host = host.removeprefix("[").removesuffix("]")
            if colon and host and port.isascii() and port.isdecimal() and 0 < int(port) < 65536:
                return host, int(port)
    return None


async def _refuse(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    body = f"sekisho: {sentence}\n".encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
    writer.write(f"{head}connection: close\r\n\r\n".encode() + body)
    await writer.drain()
