"""The CONNECT proxy through which a lab shell reaches AWS's own names.

``CONNECT sts.ap-northeast-1.amazonaws.com:443`` ends at the lab's own door, whatever
the name resolves to: an AWS name is never looked up and never dialled. Other hosts
are tunnelled untouched (RFC 9110 section 9.3.6); plain HTTP to them is forwarded, and to an
AWS name it is refused.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from sekisho.connect.metadata_address import addresses_of, is_metadata
from sekisho.lab.door_code import DoorCode
from sekisho.lab.net.sockets import LOOPBACK
from sekisho.wire.http.server import HEAD_SECONDS, MAX_HEAD_BYTES

_CHUNK = 64 * 1024
# Nothing else: resolvers drop what they do not see in a name (a soft hyphen, all after a null byte), and
# would find AWS under a name that does not look like it.
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,255}", re.ASCII)
_PLAIN = re.compile(
    r"(?P<method>[A-Z]{1,16}) http://(?P<host>[^/:@\s]+)(?::(?P<port>[0-9]{1,5}))?(?P<target>/\S*)? "
    r"(?P<version>HTTP/1\.[01])",
    re.ASCII,
)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)

Note = Callable[[DoorCode, str], None]
"""Told what the proxy did (a code) with which target."""


class ConnectProxy:
    """Accepts CONNECT, splices AWS names to the door at ``door_port`` and everything else to its host."""

    def __init__(
        self,
        door_port: int,
        is_aws_name: Callable[[str], bool],
        note: Note,
        head_seconds: float = HEAD_SECONDS,
        *,
        tunnels: bool = True,
    ) -> None:
        """Make a proxy; without ``tunnels`` it serves AWS names and refuses every other host."""
        self._tunnels = tunnels
        self._head_seconds = head_seconds
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
            async with asyncio.timeout(self._head_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            self._note(DoorCode.HEAD_TOO_LARGE, "")
            await _refuse(writer, 431, f"the request head is longer than {MAX_HEAD_BYTES} bytes")
            return
        except TimeoutError:
            self._note(DoorCode.HEAD_TOO_SLOW, "")
            await _refuse(writer, 408, "the request head took too long")
            return
        plain = _plain_request(head)
        if plain is not None:
            await self._forward(reader, writer, plain)
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
            await self._splice(reader, writer, (LOOPBACK,), self._door_port)
            return
        await self._tunnel(reader, writer, name, port)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plain: "_Plain"
    ) -> None:
        """Forward one request of plain HTTP to a foreign host; an AWS name is refused, as ever."""
        name = plain.host.lower().rstrip(".")
        if self._is_aws_name(name):
            self._note(DoorCode.AWS_PORT, f"{name}:{plain.port}")
            await _refuse(
                writer, 403, f"the lab serves {name} on port 443 only, and never forwards AWS names"
            )
            return
        await self._tunnel(reader, writer, name, plain.port, plain.head)

    async def _tunnel(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        name: str,
        port: int,
        first: bytes = b"",
    ) -> None:
        """Tunnel to a foreign host, unless its name is one more spelling of a metadata address.

        ``first`` is what the far side is sent first; without it the client is told that the tunnel stands.
        """
        target = f"{name}:{port}"
        if not self._tunnels:
            self._note(DoorCode.POD_NETWORK, target)
            await _refuse(writer, 403, DoorCode.POD_NETWORK.sentence.format(target=target))
            return
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                addresses = await addresses_of(name, port)
        except (OSError, UnicodeError, TimeoutError) as error:
            self._note(DoorCode.UNREACHED, target)
            await _refuse(writer, 502, f"cannot find {target}: {error}")
            return
        if any(is_metadata(address) for address in addresses):
            self._note(DoorCode.METADATA, target)
            await _refuse(writer, 403, DoorCode.METADATA.sentence.format(target=target))
            return
        self._note(DoorCode.TUNNEL, target)
        await self._splice(reader, writer, addresses, port, first)

    async def _splice(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        addresses: tuple[str, ...],
        port: int,
        first: bytes = b"",
    ) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                far_reader, far_writer = await _connect(addresses, port)
        except (OSError, TimeoutError) as error:
            await _refuse(writer, 502, f"cannot reach {addresses[0]}:{port}: {error}")
            return
        if first:
            far_writer.write(first)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            far_writer.close()


@dataclass(frozen=True, slots=True)
class _Plain:
    """A request of plain HTTP to a proxy: where it goes, and its head as the far side wants it."""

    host: str
    port: int
    head: bytes


def _plain_request(head: bytes) -> _Plain | None:
    """Read ``GET http://HOST[:PORT]/PATH`` (RFC 9112 section 3.2.2); None for anything else.

    The head is rewritten to the origin's form. The far side is told to close: a second request
    on the same connection could name another host, which nobody would look at.
    """
    line, _, rest = head.partition(b"\r\n")
    found = _PLAIN.fullmatch(line.decode("latin-1"))
    if found is None or not _HOST.fullmatch(found["host"]):
        return None
    port = int(found["port"] or "80")
    if not 0 < port < 65536:
        return None
    kept = [
        header
        for header in rest.split(b"\r\n")
        if header and not header.lower().startswith((b"connection:", b"proxy-", b"keep-alive:"))
    ]
    target = found["target"] or "/"
    request = f"{found['method']} {target} {found['version']}".encode("latin-1")
    return _Plain(found["host"], port, b"\r\n".join([request, *kept, b"connection: close", b"", b""]))


async def _connect(
    addresses: tuple[str, ...], port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers."""
    failure = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port)
        except OSError as error:
            failure = error
    raise failure


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the source ends, then tell the sink that nothing more comes."""
    # uvloop says RuntimeError of a transport that was closed meanwhile.
    with contextlib.suppress(OSError, RuntimeError):
        while part := await source.read(_CHUNK):
            sink.write(part)
            await sink.drain()
    # Also after a reset: the other side would wait for ever.
    with contextlib.suppress(OSError, RuntimeError):
        if sink.can_write_eof():
            sink.write_eof()


def _target(head: bytes) -> tuple[str, int] | None:
    """Return host and port of a CONNECT request, or None if it is anything else."""
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    match line.split(" "):
        case ["CONNECT", authority, "HTTP/1.1" | "HTTP/1.0"]:
            host, colon, port = authority.rpartition(":")
            host = host.removeprefix("[").removesuffix("]")
            if colon and _HOST.fullmatch(host) and _PORT.fullmatch(port) and 0 < int(port) < 65536:
                return host, int(port)
    return None


async def _refuse(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    body = f"sekisho: {sentence}\n".encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
    writer.write(f"{head}connection: close\r\n\r\n".encode() + body)
    await writer.drain()
