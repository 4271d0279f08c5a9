"""uvicorn, told to bound what it reads, to leave signals alone and to stop when told."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sekisho.wire.http.message import Handler, Request, Response, StreamResponse

MAX_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 75

_log = logging.getLogger("sekisho.http")

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
    ) -> None:
        self._listener = listener

        class Protocol(_BoundedProtocol):
            refuse = staticmethod(refusal or _plain_refusal)

        config = uvicorn.Config(
            asgi(handler),
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2,
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
        """Stop accepting, let running requests end for two seconds, close."""
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
    """Refuses a request whose head is larger than MAX_HEAD_BYTES or takes longer than HEAD_SECONDS.

    httptools bounds neither. The head is fed in slices so that the bytes of a body that
    arrive together with it do not count.
    """

    refuse: Refusal
    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            if not self._in_head:
                super().data_received(data)
                return
            piece, data = data[: MAX_HEAD_BYTES - self._head_bytes], data[MAX_HEAD_BYTES - self._head_bytes :]
            if not piece:
                self._refuse("http.head-too-large")
                return
            self._head_bytes += len(piece)
            super().data_received(piece)

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP in the door's own form."""
        del msg
        self._refuse("http.malformed")

    def _refuse(self, code: str) -> None:
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

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _plain_refusal(code: str, _client: tuple[str, int] | None) -> Response:
    status = {"http.head-too-large": 431, "http.head-too-slow": 408}.get(code, 400)
    return Response(status, f"{code}\n".encode(), (("content-type", "text/plain; charset=utf-8"),))


def asgi(handler: Handler) -> Callable[[Any, Any, Any], Any]:
    """Return the ASGI application around ``handler``. A fault of ours answers 500 without details."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        request = Request(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
            scope.get("client"),
            receive,
        )
        try:
            response = await handler(request)
        except ConnectionError:
            return
        except Exception:  # noqa: BLE001 - the last line of defence: one request must not end the server
            _log.exception("a handler failed on %s", request.method)
            response = Response(500, b"internal error\n", (("content-type", "text/plain"),))
        await _send(response, send, head_only=request.method == "HEAD")

    return application


async def _send(response: Response | StreamResponse, send: Any, *, head_only: bool) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if isinstance(response, Response):
        headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head_only else response.body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    async for part in response.parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
