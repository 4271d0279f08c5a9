"""The HTTP server with real sockets: what it reads is bounded, what it writes is whole."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sekisho.wire.http import BodyTooLarge, HttpServer, Refusal, Request, Response, StreamResponse
from sekisho.wire.http.message import MAX_BODY_BYTES, Handler
from sekisho.wire.http.server import MAX_HEAD_BYTES

LOOPBACK = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(request: Request) -> Response | StreamResponse:
    """Answer with what was asked."""
    body = await request.body()
    first = f"{request.method} {request.path} {request.query} {len(request.headers)} {len(body)}\n".encode()
    return Response(200, first + body, (("content-type", "text/plain"),))


@contextlib.asynccontextmanager
async def serving(
    handler: Handler = echo,
    head_seconds: float = 5.0,
    refusal: Refusal | None = None,
    body_seconds: float = 30.0,
) -> AsyncIterator[int]:
    listener = socket.create_server((LOOPBACK, 0))
    listener.setblocking(False)
    http = HttpServer(
        handler, listener, head_seconds=head_seconds, refusal=refusal, body_seconds=body_seconds
    )
    await http.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        await http.stop()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        yield reader, writer
    finally:
        writer.close()


def run(talk: Callable[[int], Awaitable[bytes]], handler: Handler = echo, head_seconds: float = 5.0) -> bytes:
    """Serve ``handler`` while ``talk`` speaks to its port."""

    async def both() -> bytes:
        async with serving(handler, head_seconds) as port:
            return await asyncio.wait_for(talk(port), 10)

    return asyncio.run(both())


def ask(sent: bytes, handler: Handler = echo, head_seconds: float = 5.0) -> bytes:
    """Send bytes and return everything until the server closes; a request has to ask for that."""

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(sent)
            return await reader.read()

    return run(talk, handler, head_seconds)


def refused_while_sending(sent: bytes) -> bytes:
    """Return the answer to what is refused before all of it was sent: the answer may be lost on the way.

    A server that closes while bytes still come in resets the connection (RFC 9112 section 9.6).
    """

    async def handler(asked: Request) -> Response:
        await asked.body()
        return Response(200)

    try:
        return ask(sent, handler) or b"HTTP/1.1 0"
    except ConnectionResetError:
        return b"HTTP/1.1 0"


def request(
    method: str = "GET", path: str = "/", body: bytes = b"", *headers: str, close: bool = True
) -> bytes:
    length = (f"content-length: {len(body)}",) if body else ()
    last = ("connection: close",) if close else ()
    lines = [f"{method} {path} HTTP/1.1", "host: a", *headers, *length, *last, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


async def one(reader: asyncio.StreamReader) -> bytes:
    """Read one answer that has a content-length from a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.partition(b":")[2]))


# Ordinary requests.


def test_a_request_reaches_its_handler_raw() -> None:
    answer = ask(request("POST", "/a%2Fb/..?x=%20&y", b"hello", "X-One: 1", "X-One: 2"))
    assert status(answer) == 200
    assert body(answer) == b"POST /a%2Fb/.. x=%20&y 5 5\nhello"


def test_headers_keep_their_order_and_their_repeats() -> None:
    seen: list[tuple[str, str]] = []

    async def handler(asked: Request) -> Response:
        seen.extend(asked.headers)
        seen.append(("first", str(asked.header("x-one"))))
        seen.append(("none", str(asked.header("x-two"))))
        return Response(200)

    ask(request("GET", "/", b"", "X-One: 1", "x-one: \xe9"), handler)
    assert seen == [
        ("host", "a"),
        ("x-one", "1"),
        ("x-one", "\xe9"),
        ("connection", "close"),
        ("first", "1"),
        ("none", "None"),
    ]


def test_a_connection_is_kept_for_further_requests() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            answers = []
            for number in range(3):
                writer.write(request("POST", f"/{number}", b"x" * number, close=False))
                answers.append(body(await one(reader)).split(b"\n")[0])
            writer.close()
            return b";".join(answers)

    assert run(talk) == b"POST /0  1 0;POST /1  2 1;POST /2  2 2"


def test_requests_sent_together_are_answered_in_order() -> None:
    sent = b"".join(request("POST", f"/{number}", b"abc", close=number == 4) for number in range(5))
    answer = ask(sent)
    positions = [answer.index(f"POST /{number} ".encode()) for number in range(5)]
    assert positions == sorted(positions)


def test_head_is_answered_without_a_body_but_with_its_length() -> None:
    answer = ask(request("HEAD", "/x"))
    assert body(answer) == b""
    assert f"\r\ncontent-length: {len('HEAD /x  2 0 ')}\r\n".encode() in answer


@pytest.mark.parametrize("code", [204, 304])
def test_an_answer_without_a_body_has_no_length(code: int) -> None:
    async def handler(_: Request) -> Response:
        return Response(code)

    answer = ask(request(), handler)
    assert (status(answer), b"content-length" in answer.lower()) == (code, False)


def test_an_answer_with_more_headers() -> None:
    async def handler(_: Request) -> Response:
        return Response(201, b"x", (("A", "1"),)).with_headers(("B", "2"))

    answer = ask(request(), handler)
    assert status(answer) == 201
    assert b"\r\na: 1\r\nb: 2\r\n" in answer
    assert b"server:" not in answer.lower()


def test_a_fault_of_ours_is_told_without_details(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(_: Request) -> Response:
        raise RuntimeError("secret detail")

    with caplog.at_level(logging.ERROR):
        answer = ask(request(), handler)
    assert (status(answer), body(answer)) == (500, b"internal error\n")
    assert [record.name for record in caplog.records] == ["sekisho.http"]


def test_a_header_cannot_be_smuggled_into_an_answer() -> None:
    async def handler(_: Request) -> Response:
        return Response(200, b"", (("x", "1\r\nset-cookie: a=b"),))

    assert b"set-cookie" not in ask(request(), handler)


# The head.


def padded(size: int, after: bytes = b"") -> bytes:
    """A request whose head, up to its empty line, has ``size`` bytes."""
    length = f"content-length: {len(after)}\r\n" if after else ""
    start = f"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{length}x: ".encode()
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n" + after


@pytest.mark.parametrize("after", [b"", b"b", b"b" * 200_000], ids=["no body", "a byte", "a large body"])
def test_the_largest_head_with_its_body_in_the_same_packet(after: bytes) -> None:
    answer = ask(padded(MAX_HEAD_BYTES, after))
    assert status(answer) == 200
    assert body(answer).endswith(f" {len(after)}\n".encode() + after)


def test_a_head_of_one_byte_more() -> None:
    answer = ask(padded(MAX_HEAD_BYTES + 1))
    assert (status(answer), body(answer)) == (431, b"http.head-too-large\n")


def test_a_head_of_one_byte_more_with_a_large_body() -> None:
    assert status(refused_while_sending(padded(MAX_HEAD_BYTES + 1, b"b" * 200_000))) in (0, 431)


def test_a_head_that_never_ends() -> None:
    assert status(ask(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * MAX_HEAD_BYTES)) == 431


def test_a_head_that_comes_byte_by_byte_counts_the_same() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\n")
            for _ in range(MAX_HEAD_BYTES // 1024 + 1):
                writer.write(b"x: " + b"x" * 1019 + b"\r\n")
                await writer.drain()
            return await reader.read()

    assert status(run(talk)) == 431


def test_the_next_head_counts_from_zero() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            big = padded(MAX_HEAD_BYTES, b"abc").replace(b"connection: close", b"connection: stays")
            for _ in range(3):
                writer.write(big)
                answer = await one(reader)
            writer.write(padded(MAX_HEAD_BYTES + 1))
            return answer + await reader.read()

    answer = run(talk)
    assert status(answer) == 200
    assert b"HTTP/1.1 431 " in answer


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "no method": b" / HTTP/1.1\r\n\r\n",
    "another protocol": b"GET / HTCPCP/1.0\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nhost\r\n\r\n",
    "a space in a header's name": b"GET / HTTP/1.1\r\nho st: a\r\n\r\n",
    "a null byte in a header": b"GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n",
    "a length that is no number": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    "a length of too many digits": b"POST / HTTP/1.1\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length and chunks": (
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "bytes outside ASCII in the path": b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
    "a target without a path": b"GET example.com HTTP/1.1\r\nhost: a\r\n\r\n",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_http(sent: bytes) -> None:
    answer = ask(sent)
    assert (status(answer), body(answer)) == (400, b"http.malformed\n")


def test_a_chunk_that_is_none() -> None:
    answer = ask(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n")
    assert (status(answer), body(answer)) == (400, b"http.malformed\n")


def test_a_door_says_refusals_in_its_own_form() -> None:
    heard: list[str] = []

    def refusal(code: str, client: tuple[str, int] | None) -> Response:
        assert client is not None
        heard.append(f"{code} {client[0]}")
        return Response(418, b"no", (("x-door", "aws"),))

    async def talk() -> bytes:
        async with serving(refusal=refusal) as port, connected(port) as (reader, writer):
            writer.write(b"hello\r\n\r\n")
            answer = await reader.read()
            writer.close()
            return answer

    answer = asyncio.run(talk())
    assert (status(answer), body(answer), b"x-door: aws" in answer) == (418, b"no", True)
    assert heard == ["http.malformed 127.0.0.1"]


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost:"], ids=["nothing", "half a head"])
def test_a_head_that_takes_too_long(sent: bytes) -> None:
    answer = ask(sent, head_seconds=0.05)
    assert (status(answer), body(answer)) == (408, b"http.head-too-slow\n")


def test_the_second_head_of_a_connection_may_not_take_too_long_either() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request(close=False))
            answer = await one(reader)
            writer.write(b"GET / HTTP/1.1\r\nhost:")
            return answer + await reader.read()

    answer = run(talk, head_seconds=0.3)
    assert status(answer) == 200
    assert b"HTTP/1.1 408 " in answer


async def late(port: int) -> None:
    """Return when a connection that was opened now and says nothing has been refused."""
    async with connected(port) as (reader, writer):
        assert status(await reader.read()) == 408
        writer.close()


def test_a_slow_handler_is_not_a_slow_head() -> None:
    go = asyncio.Event()

    async def handler(_: Request) -> Response:
        await go.wait()
        return Response(200, b"late")

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request())
            await late(port)
            go.set()
            return await reader.read()

    assert body(run(talk, handler, head_seconds=0.05)) == b"late"


def test_a_slow_body_is_not_a_slow_head() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request("POST", "/", b"ab")[:-1])
            await late(port)
            writer.write(b"b")
            return await reader.read()

    assert body(run(talk, head_seconds=0.05)).endswith(b"\nab")


def test_line_ends_do_not_keep_a_connection_open() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request(close=False))
            answer = await one(reader)
            writer.write(b"\r\n")
            return answer + await reader.read()

    answer = run(talk, head_seconds=0.3)
    assert status(answer) == 200
    assert b"HTTP/1.1 408 " in answer


def test_line_ends_behind_a_request_do_not_cut_its_answer_off() -> None:
    go = asyncio.Event()

    async def handler(_: Request) -> Response:
        await go.wait()
        return Response(200, b"late")

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request() + b"\r\n")
            await late(port)
            go.set()
            return await reader.read()

    assert body(run(talk, handler, head_seconds=0.05)) == b"late"


# The body.


async def _unread(_: Request) -> Response:
    return Response(200, b"not read")


@pytest.mark.parametrize(
    ("handler", "expected"), [(echo, (408, b"http.body-too-slow\n")), (_unread, (200, b"not read"))]
)
def test_a_body_that_never_ends(handler: Handler, expected: tuple[int, bytes]) -> None:
    """Whoever waits for its end waits for a bounded time; an answer that was given stays the only one."""

    async def talk() -> bytes:
        async with serving(handler, body_seconds=0.1) as port, connected(port) as (reader, writer):
            writer.write(request("POST", "/", b"ab", close=False)[:-1])
            return await asyncio.wait_for(reader.read(), 30)

    answer = asyncio.run(talk())
    assert (status(answer), body(answer)) == expected


def test_a_body_that_its_handler_has_not_taken_is_not_late() -> None:
    size = 300_000

    async def handler(asked: Request) -> Response:
        await asyncio.wait_for(other.wait(), 30)
        return Response(200, str(len(await asked.body())).encode())

    async def talk() -> bytes:
        async with serving(handler, body_seconds=0.5) as port, connected(port) as (reader, writer):
            writer.write(request("POST", "/", bytes(size)))
            async with serving(body_seconds=0.6) as second, connected(second) as (reader2, writer2):
                writer2.write(request("POST", "/", b"ab")[:-1])
                assert status(await reader2.read()) == 408
            other.set()
            return await reader.read()

    other = asyncio.Event()
    assert body(asyncio.run(talk())) == str(size).encode()


async def reads_ten(asked: Request) -> Response:
    try:
        return Response(200, await asked.body(10))
    except BodyTooLarge:
        return Response(413, b"more than 10")


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    framed = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (*parts, b"")[:-1])
    return request("POST", "/", b"", "transfer-encoding: chunked") + framed + b"0\r\n" + trailer + b"\r\n"


BODIES = {
    "as long as may be": (request("POST", "/", b"0123456789"), 200),
    "a byte longer": (request("POST", "/", b"0123456789x"), 413),
    "said to be longer": (request("POST", "/", b"", "content-length: 11"), 413),
    "in chunks": (chunked(b"01234", b"56789"), 200),
    "in chunks, a byte longer": (chunked(b"01234", b"56789", b"x"), 413),
    "none": (request(), 200),
}


@pytest.mark.parametrize(("sent", "code"), BODIES.values(), ids=BODIES.keys())
def test_the_limit_of_a_body(sent: bytes, code: int) -> None:
    assert status(ask(sent, reads_ten)) == code


@pytest.mark.parametrize(("size", "code"), [(MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)])
def test_a_handler_without_a_limit_of_its_own(size: int, code: int) -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request("POST", "/", b"x" * size, close=False))
            return await one(reader)

    assert status(run(talk)) == code


def test_a_body_may_be_refused_before_it_is_sent() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request("POST", "/", b"", "content-length: 11", "expect: 100-continue"))
            return await reader.readuntil(b"\r\n\r\n")

    assert status(run(talk, reads_ten)) == 413


def test_a_body_that_is_awaited_is_asked_for() -> None:
    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request("POST", "/", b"", "content-length: 2", "expect: 100-continue"))
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"ab")
            return answer + await reader.read()

    answer = run(talk, reads_ten)
    assert status(answer) == 100
    assert answer.endswith(b"\r\n\r\nab")


def test_trailers_are_read() -> None:
    assert status(ask(chunked(b"abc", trailer=b"x: y\r\n"))) == 200


ENDLESS = {
    "a trailer": b"3\r\nabc\r\n0\r\nx: " + b"x" * 400_000,
    "trailers": b"3\r\nabc\r\n0\r\n" + b"x: y\r\n" * 60_000,
    "a chunk extension": b"3;" + b"x" * 400_000,
}


@pytest.mark.parametrize("framing", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_a_body_is_wrapped_in_does_not_go_on_without_end(framing: bytes) -> None:
    answer = refused_while_sending(request("POST", "/", b"", "transfer-encoding: chunked") + framing)
    assert status(answer) in (0, 400, 431)


def test_many_small_chunks_are_no_endless_framing() -> None:
    answer = ask(chunked(*[b"x"] * 40_000))
    assert body(answer).split(b"\n")[0].endswith(b" 40000")


def test_a_client_that_leaves_before_the_end_of_its_body(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()

    async def handler(asked: Request) -> Response:
        try:
            await asked.body()
        except ConnectionError:
            ended.set()
            raise
        return Response(200)

    async def talk(port: int) -> bytes:
        async with connected(port) as (_, writer):
            writer.write(request("POST", "/", b"abc")[:-1])
            await writer.drain()
            writer.close()
            await ended.wait()
            return b""

    run(talk, handler)
    assert (ended.is_set(), caplog.records) == (True, [])


# Answers that last.


def test_parts_are_written_as_they_come() -> None:
    step = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"one\n"
        await step.wait()
        yield b"two\n"

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts(), (("content-type", "application/json"),))

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request())
            first = await reader.readuntil(b"one\n")
            step.set()
            return first + await reader.read()

    answer = run(talk, handler)
    assert b"transfer-encoding: chunked" in answer
    assert body(answer) == b"4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n"


def test_a_connection_goes_on_after_a_stream() -> None:
    async def handler(asked: Request) -> Response | StreamResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"x"

        return StreamResponse(200, parts()) if asked.path == "/stream" else Response(200, b"after")

    answer = ask(request("GET", "/stream", close=False) + request("GET", "/plain"), handler)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.endswith(b"after")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stream_ends_when_its_client_leaves(method: str) -> None:
    """A watch is silent for minutes: only the end of the connection says that nobody listens."""
    closed = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"one\n"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request(method, close=False))
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            if method == "GET":
                await closed.wait()
            return b"closed"

    assert run(talk, handler) == b"closed"


def test_a_stream_that_nobody_reads_ends_too() -> None:
    closed = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            closed.set()

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request())
            await reader.readexactly(100_000)
            writer.close()
            await closed.wait()
            return b"closed"

    assert run(talk, handler) == b"closed"


def test_head_of_a_stream_is_answered_at_once() -> None:
    async def parts() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b"never"

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    answer = ask(request("HEAD"), handler)
    assert (status(answer), body(answer)) == (200, b"")


def test_a_fault_in_a_stream_ends_the_connection_without_its_last_chunk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one\n"
        raise RuntimeError("lost")

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    answer = ask(request(), handler)
    assert body(answer) == b"4\r\none\n\r\n"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_nothing_is_written_into_an_answer_that_is_on_its_way() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one\n"
        await asyncio.Event().wait()

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    async def talk(port: int) -> bytes:
        async with connected(port) as (reader, writer):
            writer.write(request(close=False))
            answer = await reader.readuntil(b"one\n\r\n")
            writer.write(b"hello\r\n\r\n")
            return answer + await reader.read()

    answer = run(talk, handler)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"one\n\r\n")


def test_stopping_ends_a_stream() -> None:
    closed = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"one\n"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def handler(_: Request) -> StreamResponse:
        return StreamResponse(200, parts())

    async def talk() -> bool:
        async with contextlib.AsyncExitStack() as clients:
            async with serving(handler) as port:
                reader, writer = await clients.enter_async_context(connected(port))
                writer.write(request(close=False))
                await reader.readuntil(b"one\n")
            await asyncio.wait_for(closed.wait(), 5)
        return closed.is_set()

    assert asyncio.run(talk())


def test_a_port_is_free_after_stopping() -> None:
    async def talk() -> int:
        async with serving() as port:
            pass
        try:
            await asyncio.open_connection(LOOPBACK, port)
        except ConnectionRefusedError:
            return 0
        return port

    assert asyncio.run(talk()) == 0
