"""uvicorn, told to bound what it reads, to leave signals alone and to stop when told."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Generator
from functools import partial

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sekisho.wire.http.answer_bytes import answer_bytes, is_closing
from sekisho.wire.http.application import TAKE_OVER, WHOLE, application
from sekisho.wire.http.connection import STALL_SECONDS, Connection, Upgrade
from sekisho.wire.http.message import Handler, Response

MAX_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 30.0
BODY_SECONDS = 120.0
"""How long a body may take from its head to its end, as far as its handler takes it."""

KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 2
GOODBYE_SECONDS = 1.0


Refusal = Callable[[str, tuple[str, int] | None], Response]
"""Told of a request whose head was refused (a code and the peer); returns what to answer."""


class HttpServer:
    """One listening socket and the handler behind it."""

    def __init__(
        self,
        handler: Handler,
        listener: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        refusal: Refusal | None = None,
        head_seconds: float = HEAD_SECONDS,
        body_seconds: float = BODY_SECONDS,
        drain_seconds: int = DRAIN_SECONDS,
        stall_seconds: float = STALL_SECONDS,
        max_connections: int | None = None,
    ) -> None:
        """Make a server; a connection past ``max_connections`` is closed as soon as it is accepted."""
        self._listener = listener

        class Protocol(_BoundedProtocol):
            refuse = staticmethod(refusal or _plain_refusal)
            limit_seconds = head_seconds
            body_limit_seconds = body_seconds
            stalls_after = stall_seconds
            most = max_connections

        config = uvicorn.Config(
            application(handler),
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # no proxy stands in front: the peer is who connected
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=drain_seconds,
            ssl_context_factory=None if tls is None else (lambda _config, _default: tls),
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to accept connections; returns once they are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the server ended before it accepted a connection")
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Stop accepting, let running requests end for ``drain_seconds``, close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()


class _QuietServer(uvicorn.Server):
    """The process has one place that handles signals, and it is not here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head is larger than MAX_HEAD_BYTES, or whose head or body takes too long.

    httptools bounds none of it, nor what a chunked body is wrapped in (extensions, trailers). The
    head is fed in slices so that the bytes of a body that arrive together with it do not count.
    """

    refuse: Refusal
    limit_seconds = HEAD_SECONDS
    _head_bytes = 0
    _bytes_without_body = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    body_limit_seconds = BODY_SECONDS
    _body_timer: asyncio.TimerHandle | None = None
    stalls_after = STALL_SECONDS
    most: int | None = None
    _early: bytes | None = None
    _connection: Connection | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.most is not None and len(self.connections) > self.most:
            transport.abort()
            return
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_body_timer()
        if self._connection is not None:
            self._connection.was_lost()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        if self._connection is not None:
            self._connection.ended()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._connection is not None:
            self._connection.set_writable(writable=False)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._connection is not None:
            self._connection.set_writable(writable=True)

    def data_received(self, data: bytes) -> None:
        if self._connection is not None:
            self._connection.received(data)
            return
        while data and not self.transport.is_closing():
            if not self._in_head:
                self._bytes_without_body += len(data)
                self._parse(data)
                if self._bytes_without_body > MAX_HEAD_BYTES and not self.transport.is_closing():
                    self._refuse("http.head-too-large")
                return
            piece, data = data[: MAX_HEAD_BYTES - self._head_bytes], data[MAX_HEAD_BYTES - self._head_bytes :]
            if not piece:
                self._refuse("http.head-too-large")
                return
            self._head_bytes += len(piece)
            self._parse(piece)
            if self._early is not None:
                self._early += data
                return

    def take_over(self, upgrade: Upgrade) -> Connection:
        """Answer 101 to the request that is being answered, and leave the connection to the caller."""
        head = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in upgrade.headers)]
        self.cycle.response_started = self.cycle.response_complete = True
        self._unset_keepalive_if_required()
        self.transport.write("\r\n".join([*head, "", ""]).encode("latin-1"))
        self._connection = Connection(self.transport, self._early or b"", self.stalls_after)
        self.flow.resume_reading()
        return self._connection

    async def answer_whole(self, cycle: RequestResponseCycle, response: Response) -> None:
        """Answer the request of ``cycle``; ASGI's two messages would be two records of TLS, sent one by one.

        Raises:
            ValueError: a header cannot be sent.
        """
        if self.flow.write_paused and not cycle.disconnected:
            await self.flow.drain()
        if cycle.disconnected:
            return
        closes = not cycle.keep_alive or is_closing(response)
        to_head = cycle.scope["method"] == "HEAD"
        content = answer_bytes(response, self._default_headers(), to_head=to_head, closes=closes)
        cycle.response_started = cycle.response_complete = True
        cycle.keep_alive = not closes
        self.transport.write(content)
        cycle.message_event.set()
        if closes:
            self.transport.close()
        cycle.on_response()

    def _default_headers(self) -> list[tuple[str, str]]:
        return [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self.server_state.default_headers
        ]

    def _parse(self, data: bytes) -> None:
        if self._early is not None:
            # The head asked for an upgrade: what follows is not HTTP, if the upgrade is granted.
            self._early += data
            if len(self._early) > MAX_HEAD_BYTES:
                self.flow.pause_reading()
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._early = data[upgrade.args[0] :]
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self.send_400_response("")
        if self._in_head and not self._is_answering():
            self._start_timer()  # line ends before a head are skipped, but they are bytes of a slow one

    def on_message_begin(self) -> None:
        self._in_head = True
        self._start_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = self._bytes_without_body = 0
        self._stop_timer()
        self._body_timer = self.loop.call_later(self.body_limit_seconds, self._body_late)
        super().on_headers_complete()
        whole = partial(self.answer_whole, self.cycle)
        self.scope["extensions"] = {TAKE_OVER: {"take": self.take_over}, WHOLE: {"send": whole}}

    def on_body(self, body: bytes) -> None:
        self._bytes_without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stop_body_timer()
        self._bytes_without_body = 0
        self._in_head = True

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing comes, and cut it off if its last answer stays unread."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.stalls_after, self.transport.abort)

    def shutdown(self) -> None:
        """End the connection, now if it is idle; a client that leaves TLS's goodbye unanswered is cut off."""
        super().shutdown()
        if self._connection is not None:
            self._connection.was_lost()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP in the door's own form."""
        del msg
        self._refuse("http.malformed")

    def _refuse(self, code: str) -> None:
        cycle = getattr(self, "cycle", None)  # None before the first request, whatever its type says
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            # Half of an answer is on its way: bytes of another one would look like part of it.
            self.transport.close()
            return
        response = self.refuse(code, self.client)
        head = [
            f"HTTP/1.1 {response.status} Refused",
            f"content-length: {len(response.body)}",
            "connection: close",
        ]
        head += [f"{name}: {value}" for name, value in response.headers]
        self.transport.write("\r\n".join([*head, "", ""]).encode("latin-1") + response.body)
        self.transport.close()

    def _head_late(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self._refuse("http.head-too-slow")

    def _body_late(self) -> None:
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            # It is the handler that has not taken what is here.
            self._body_timer = self.loop.call_later(self.body_limit_seconds, self._body_late)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse("http.body-too-slow")

    def _is_answering(self) -> bool:
        cycle = getattr(self, "cycle", None)
        return cycle is not None and not cycle.response_complete

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limit_seconds, self._head_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _plain_refusal(code: str, _client: tuple[str, int] | None) -> Response:
    status = {"http.head-too-large": 431, "http.head-too-slow": 408, "http.body-too-slow": 408}.get(code, 400)
    return Response(status, f"{code}\n".encode(), (("content-type", "text/plain; charset=utf-8"),))
