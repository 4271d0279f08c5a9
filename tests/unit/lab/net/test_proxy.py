"""The CONNECT proxy with real sockets: an AWS name ends at the door, everything else at its own host."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from sekisho.lab.door_code import DoorCode
from sekisho.lab.errors import LabError
from sekisho.lab.net.proxy import ConnectProxy
from sekisho.lab.net.sockets import LOOPBACK, listen, port_of
from sekisho.wire.http.server import MAX_HEAD_BYTES

STS = "sts.eu-west-1.amazonaws.com"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Town:
    """A door, an echo server and the proxy between them and the client; ``notes`` is what it said."""

    proxy: ConnectProxy
    port: int
    door_port: int
    echo_port: int
    notes: list[tuple[DoorCode, str]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def exchange(self, sent: bytes) -> bytes:
        """Send bytes, close the sending side, and return everything that comes back."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        writer.write(sent)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        return answer


@contextlib.asynccontextmanager
async def server(serve: Serve, limit: int = 2**16) -> AsyncIterator[int]:
    running = await asyncio.start_server(serve, LOOPBACK, 0, limit=limit)
    try:
        yield int(running.sockets[0].getsockname()[1])
    finally:
        running.close()
        await running.wait_closed()


@contextlib.asynccontextmanager
async def town(head_seconds: float = 5) -> AsyncIterator[Town]:
    ended = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(1000):
                writer.write(part)
                await writer.drain()
        writer.close()
        ended.set()

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"the door heard " + await reader.read())
        writer.close()

    notes: list[tuple[DoorCode, str]] = []
    async with server(echo) as echo_port, server(door) as door_port:
        proxy = ConnectProxy(
            door_port,
            lambda name: name == "amazonaws.com" or name.endswith(".amazonaws.com"),
            lambda code, target: notes.append((code, target)),
            head_seconds,
        )
        async with server(proxy.serve, MAX_HEAD_BYTES) as port:
            yield Town(proxy, port, door_port, echo_port, notes, ended)
            await proxy.stop()


def ask(sent: Callable[[Town], bytes]) -> tuple[bytes, list[tuple[DoorCode, str]]]:
    """Run one exchange with a proxy of its own."""

    async def run() -> tuple[bytes, list[tuple[DoorCode, str]]]:
        async with town() as there:
            return await there.exchange(sent(there)), there.notes

    return asyncio.run(run())


def connect(target: str, after: bytes = b"", version: str = "1.1") -> bytes:
    return f"CONNECT {target} HTTP/{version}\r\nHost: {target}\r\n\r\n".encode("latin-1") + after


NAMES = {
    "a name": STS,
    "in upper case": STS.upper(),
    "with the root's dot": f"{STS}.",
    "the domain itself": "amazonaws.com",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_aws_name_ends_at_the_door(name: str) -> None:
    answer, notes = ask(lambda _: connect(f"{name}:443", b"hello"))
    assert answer == ESTABLISHED + b"the door heard hello"
    assert notes == []


@pytest.mark.parametrize("port", [1, 80, 442, 444, 8443, 65535])
def test_an_aws_name_on_another_port_is_refused(port: int) -> None:
    answer, notes = ask(lambda _: connect(f"{STS}:{port}", b"hello"))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert notes == [(DoorCode.AWS_PORT, f"{STS}:{port}")]


DISGUISED = {
    "a soft hyphen, which resolvers drop": "sts.ama\xadzonaws.com:443",
    "a letter that resolvers fold": "sts.\xaamazonaws.com:443",
    "what follows a null byte, which resolvers drop": f"{STS}\0.example.com:443",
    "a tab": f"{STS}\t:443",
    "a user": f"ana@{STS}:443",
    "a path": f"{STS}/:443",
    "an escape": "sts.%61mazonaws.com:443",
}


@pytest.mark.parametrize("target", DISGUISED.values(), ids=DISGUISED.keys())
def test_a_name_that_only_a_resolver_takes_for_aws_is_not_looked_up(target: str) -> None:
    answer, notes = ask(lambda _: connect(target))
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert notes == [(DoorCode.NOT_CONNECT, "")]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("host", [LOOPBACK, "localhost", f"[{LOOPBACK}]"])
def test_another_host_is_tunnelled_untouched(host: str, version: str) -> None:
    sent = bytes(range(256)) * 4_000
    answer, notes = ask(lambda there: connect(f"{host}:{there.echo_port}", sent, version))
    assert answer == ESTABLISHED + sent
    assert [code for code, _ in notes] == [DoorCode.TUNNEL]


def test_a_host_that_does_not_answer() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        closed = port_of(taken)
    answer, _ = ask(lambda _: connect(f"{LOOPBACK}:{closed}"))
    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.test", ".", "999.999.999.999", "-"])
def test_a_host_that_no_resolver_knows(host: str) -> None:
    answer, _ = ask(lambda _: connect(f"{host}:443"))
    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    "target", ["169.254.169.254:80", "[fe80::1]:80", "[::ffff:169.254.169.254]:80", "2852039166:80"]
)
def test_instance_metadata_is_never_reached(target: str) -> None:
    answer, notes = ask(lambda _: connect(target))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert [code for code, _ in notes] == [DoorCode.METADATA]


NO_CONNECT = {
    "another method": b"GET /example.com HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "another version": b"CONNECT example.com:443 HTTP/2.0\r\n\r\n",
    "lower case": b"connect example.com:443 HTTP/1.1\r\n\r\n",
    "no port": b"CONNECT example.com HTTP/1.1\r\n\r\n",
    "an empty port": b"CONNECT example.com: HTTP/1.1\r\n\r\n",
    "port zero": b"CONNECT example.com:0 HTTP/1.1\r\n\r\n",
    "a port too large": b"CONNECT example.com:65536 HTTP/1.1\r\n\r\n",
    "a signed port": b"CONNECT example.com:+443 HTTP/1.1\r\n\r\n",
    "a port of too many digits": b"CONNECT example.com:" + b"4" * 5_000 + b" HTTP/1.1\r\n\r\n",
    "digits of another script": b"CONNECT example.com:\xb2 HTTP/1.1\r\n\r\n",
    "no host": b"CONNECT :443 HTTP/1.1\r\n\r\n",
    "too many words": b"CONNECT example.com:443 now HTTP/1.1\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    "nothing but an end": b"\r\n\r\n",
}


@pytest.mark.parametrize("head", NO_CONNECT.values(), ids=NO_CONNECT.keys())
def test_what_is_no_connect(head: bytes) -> None:
    answer, notes = ask(lambda _: head)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert notes == [(DoorCode.NOT_CONNECT, "")]


def test_plain_http_is_forwarded_in_the_origins_form_and_only_once() -> None:
    def sent(there: Town) -> bytes:
        host = f"{LOOPBACK}:{there.echo_port}"
        head = f"GET http://{host}/a?b=c HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n"
        return f"{head}Connection: keep-alive\r\nX: y\r\n\r\n".encode()

    answer, notes = ask(sent)
    line, *headers = answer.split(b"\r\n")
    assert line == b"GET /a?b=c HTTP/1.1"
    assert headers[1:] == [b"X: y", b"connection: close", b"", b""]
    assert [code for code, _ in notes] == [DoorCode.TUNNEL]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("port", ["", ":80", ":443"])
def test_plain_http_to_an_aws_name_is_refused(name: str, port: str) -> None:
    answer, notes = ask(lambda _: f"GET http://{name}{port}/ HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert [code for code, _ in notes] == [DoorCode.AWS_PORT]


def padded(size: int) -> bytes:
    """A CONNECT head of ``size`` bytes, its last line break counted."""
    head = f"CONNECT {STS}:443 HTTP/1.1\r\nX: ".encode()
    return head + b"x" * (size - len(head) - 4) + b"\r\n\r\n"


def test_the_largest_head() -> None:
    # asyncio's limit is where the end of the head begins.
    answer, _ = ask(lambda _: padded(MAX_HEAD_BYTES) + b"hello" * 20_000)
    assert answer == ESTABLISHED + b"the door heard " + b"hello" * 20_000


@pytest.mark.parametrize("head", [padded(MAX_HEAD_BYTES + 5), b"x" * (MAX_HEAD_BYTES + 100)])
def test_a_head_that_is_larger(head: bytes) -> None:
    answer, notes = ask(lambda _: head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert notes == [(DoorCode.HEAD_TOO_LARGE, "")]


@pytest.mark.parametrize("sent", [b"", b"CONNECT example.com:443 HT"])
def test_a_client_that_leaves_before_the_end_of_its_head(sent: bytes) -> None:
    assert ask(lambda _: sent) == (b"", [])


def test_a_head_that_takes_too_long() -> None:
    async def run() -> tuple[bytes, list[tuple[DoorCode, str]]]:
        async with town(head_seconds=0.05) as there:
            reader, writer = await asyncio.open_connection(LOOPBACK, there.port)
            writer.write(b"CONNECT ")
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            return answer, there.notes

    answer, notes = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert notes == [(DoorCode.HEAD_TOO_SLOW, "")]


async def tunnel(there: Town) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOOPBACK, there.port)
    writer.write(connect(f"{LOOPBACK}:{there.echo_port}", b"ping"))
    assert await reader.readexactly(len(ESTABLISHED) + 4) == ESTABLISHED + b"ping"
    return reader, writer


def test_a_client_that_breaks_off_ends_the_far_side_too() -> None:
    async def run() -> bool:
        async with town() as there:
            _, writer = await tunnel(there)
            client = writer.get_extra_info("socket")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            await asyncio.wait_for(there.ended.wait(), 5)
            return there.ended.is_set()

    assert asyncio.run(run())


def test_stopping_ends_open_tunnels() -> None:
    async def run() -> bytes:
        async with town() as there:
            reader, writer = await tunnel(there)
            await there.proxy.stop()
            rest = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await asyncio.wait_for(there.ended.wait(), 5)
            return rest

    assert asyncio.run(run()) == b""


def test_a_port_that_is_taken() -> None:
    with listen(0, "the door") as first:
        port = port_of(first)
        with pytest.raises(
            LabError, match=rf"port {port} of 127\.0\.0\.1, which the proxy needs, cannot be used"
        ):
            listen(port, "the proxy")


def test_a_socket_is_on_loopback() -> None:
    with listen(0, "the door") as listener:
        assert listener.getsockname()[0] == LOOPBACK


@pytest.mark.parametrize(
    "head", [f"CONNECT {LOOPBACK}:{{port}} HTTP/1.1", f"GET http://{LOOPBACK}:{{port}}/ HTTP/1.1"]
)
def test_a_pod_s_proxy_reaches_no_other_host(head: str) -> None:
    notes: list[tuple[DoorCode, str]] = []

    async def ask_pod_proxy() -> bytes:
        async def never(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            raise AssertionError("it was reached")

        async with server(never) as port:
            proxy = ConnectProxy(1, lambda name: name == STS, lambda *note: notes.append(note), tunnels=False)
            async with server(proxy.serve) as own:
                reader, writer = await asyncio.open_connection(LOOPBACK, own)
                writer.write(f"{head.format(port=port)}\r\n\r\n".encode())
                answer = await asyncio.wait_for(reader.read(), 30)
                writer.close()
                return answer

    answer = asyncio.run(ask_pod_proxy())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"is no AWS name" in answer
    assert [code for code, _ in notes] == [DoorCode.POD_NETWORK]
