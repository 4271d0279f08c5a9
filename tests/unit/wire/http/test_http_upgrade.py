"""An answer that takes over its connection: what came early, who waits for whom, and how it ends."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest

from sekisho.wire.http import Connection, HttpServer, Request, Response, Upgrade
from sekisho.wire.http.connection import HIGH_WATER_BYTES
from sekisho.wire.http.message import Answer, Handler

LOOPBACK = "127.0.0.1"
HEAD = b"GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def upgraded(run: Callable[[Connection], Awaitable[None]], idle_seconds: float) -> Handler:
    async def handler(request: Request) -> Answer:
        if request.header("upgrade") is None or request.path == "/refused":
            return Response(403, b"no\n")
        return Upgrade((("upgrade", "echo"),), run, idle_seconds=idle_seconds)

    return handler


async def echo(connection: Connection) -> None:
    while data := await connection.read():
        await connection.write(data)


def talk(
    to: Talk,
    run: Callable[[Connection], Awaitable[None]] = echo,
    stall_seconds: float = 30.0,
    idle_seconds: float = 30.0,
) -> None:
    async def both() -> None:
        listener = socket.create_server((LOOPBACK, 0))
        listener.setblocking(False)
        port = listener.getsockname()[1]
        http = HttpServer(upgraded(run, idle_seconds), listener, stall_seconds=stall_seconds)
        await http.start()
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                await asyncio.wait_for(to(reader, writer), 30)
            finally:
                writer.close()
        finally:
            await asyncio.wait_for(http.stop(), 30)

    asyncio.run(both())


def test_the_connection_is_the_handler_s_after_the_head() -> None:
    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        assert await reader.readuntil(b"\r\n\r\n") == SWITCHED
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.readexactly(18) == b"GET / HTTP/1.1\r\n\r\n"

    talk(to)


@pytest.mark.parametrize("at", [len(HEAD), len(HEAD) - 1, len(HEAD) + 3, 10])
def test_what_comes_with_the_head_is_not_lost(at: int) -> None:
    sent = HEAD + b"early"

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent[:at])
        await writer.drain()
        writer.write(sent[at:])
        assert await reader.readexactly(len(SWITCHED) + 5) == SWITCHED + b"early"

    talk(to)


def test_an_upgrade_that_is_not_granted_ends_the_connection() -> None:
    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD.replace(b"/echo", b"/refused") + b"\x81\x00not HTTP")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert answer.endswith(b"no\n")
        assert b"connection: close" in answer

    talk(to)


def test_megabytes_go_through_while_both_sides_wait_for_each_other() -> None:
    sent = bytes(range(256)) * 20_000

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send() -> None:
            writer.write(HEAD + sent)
            await writer.drain()

        sending = asyncio.create_task(send())
        assert await reader.readexactly(len(SWITCHED) + len(sent)) == SWITCHED + sent
        await sending

    talk(to)


def test_a_client_that_does_not_read_is_cut_off() -> None:
    ended: list[str] = []
    over = asyncio.Event()

    async def flood(connection: Connection) -> None:
        try:
            while True:
                await connection.write(bytes(65_536))
        except ConnectionError as error:
            ended.append(str(error))
            over.set()

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()
        del reader

    talk(to, flood, stall_seconds=0.2)
    assert ended == ["the client does not read"]


def test_a_handler_that_does_not_read_makes_the_client_wait() -> None:
    held: list[int] = []
    go_on, over = asyncio.Event(), asyncio.Event()

    async def slow(connection: Connection) -> None:
        await go_on.wait()
        held.append(len(await connection.read()))
        over.set()

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(TimeoutError):
            for _ in range(1_000):
                writer.write(bytes(65_536))
                await asyncio.wait_for(writer.drain(), 0.5)
        go_on.set()
        await over.wait()

    talk(to, slow)
    assert HIGH_WATER_BYTES < held[0] < 2 * HIGH_WATER_BYTES + 65_536


def test_a_connection_over_which_nothing_passes_is_closed() -> None:
    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"last")
        assert await reader.read() == SWITCHED + b"last"

    talk(to, idle_seconds=0.3)


def test_stopping_the_server_ends_what_runs() -> None:
    ended: list[str] = []

    async def wait(connection: Connection) -> None:
        try:
            await connection.read()
        finally:
            ended.append("ended")

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        assert await reader.readuntil(b"\r\n\r\n") == SWITCHED

    talk(to, wait)
    assert ended == ["ended"]


def test_a_fault_of_ours_ends_one_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_connection: Connection) -> None:
        raise ValueError("a fault")

    async def to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        assert await reader.read() == SWITCHED

    talk(to, fails)
    assert "an upgraded connection failed" in caplog.text
