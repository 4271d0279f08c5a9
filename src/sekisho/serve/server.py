"""A checkpoint as a server: its paths over TLS, health and metrics, an end that loses no request."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.serve.checkpoint import Checkpoint
from sekisho.serve.json_log import facts
from sekisho.serve.tls import ServingCertificate
from sekisho.wire.http import Answer, HttpServer, Request, Response, StreamResponse

_log = logging.getLogger("sekisho.serve")

DRAIN_SECONDS: Final = 30
"""How long requests that run may take to end once nothing new is accepted."""
MAX_CONNECTIONS: Final = 4_096
MAX_HEALTH_CONNECTIONS: Final = 64
"""How many connections each port serves at once; one more is closed."""
_TEXT: Final = (("content-type", "text/plain; charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a checkpoint listens. Port 0 takes a free one. ``health_port`` is plain HTTP; None: none.

    ``shutdown_delay`` are the seconds between SIGTERM and the last accepted connection: not ready any
    more, still answering, so that whoever balances load has time to look elsewhere.
    """

    address: str
    port: int
    health_port: int | None
    shutdown_delay: float = 0.0


class CheckpointServer:
    """Serves one checkpoint until it is told to stop.

    ``is_public``: strangers reach its port, where health and metrics are none of their business.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        listening: Listening,
        certificate: ServingCertificate,
        *,
        is_public: bool = False,
    ) -> None:
        self._is_public = is_public
        self._checkpoint = checkpoint
        self._listening = listening
        self._certificate = certificate
        self._draining = False
        self.stopped = asyncio.Event()
        self.port = 0
        self.health_port: int | None = None
        ready = Gauge(
            "sekisho_checkpoint_ready", "1 once every source was read", registry=checkpoint.registry
        )
        ready.set_function(lambda: float(not self._missing()))
        degraded = Gauge(
            "sekisho_checkpoint_degraded",
            "how many things could not be read and stand as they were",
            registry=checkpoint.registry,
        )
        degraded.set_function(lambda: float(len(self._degraded())))

    async def serve(self, started: Callable[["CheckpointServer"], None]) -> None:
        """Serve until SIGTERM, SIGINT or `stopped`; ``started`` is called once connections are accepted.

        Raises:
            EnvironmentFailure: a port is taken, or a background task failed.
        """
        listening = self._listening
        main_socket = _listen(listening.address, listening.port)
        self.port = main_socket.getsockname()[1]
        servers = [
            HttpServer(
                self._answer,
                main_socket,
                tls=self._certificate.context,
                drain_seconds=DRAIN_SECONDS,
                max_connections=MAX_CONNECTIONS,
            )
        ]
        if listening.health_port is not None:
            health_socket = _listen(listening.address, listening.health_port)
            self.health_port = health_socket.getsockname()[1]
            servers.append(HttpServer(self._health, health_socket, max_connections=MAX_HEALTH_CONNECTIONS))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopped.set)
        background: list[asyncio.Task[None]] = [
            asyncio.create_task(self._checkpoint.run()),
            asyncio.create_task(self._certificate.run()),
        ]
        waiting = asyncio.create_task(self.stopped.wait())
        try:
            for server in servers:
                await server.start()
            ports = facts(checkpoint=self._checkpoint.name, port=self.port, healthPort=self.health_port)
            _log.info("serving", extra=ports)
            # What is here now stays: collections that go through all of it hold up requests for 30 ms.
            gc.collect()
            gc.freeze()
            started(self)
            await asyncio.wait({waiting, *background}, return_when=asyncio.FIRST_COMPLETED)
            for task in background:
                if task.done():
                    task.result()
            self._draining = True
            _log.info("stopping", extra=facts(checkpoint=self._checkpoint.name))
            await asyncio.sleep(listening.shutdown_delay)
        finally:
            for server in servers:
                with contextlib.suppress(Exception):
                    await server.stop()
            waiting.cancel()
            for task in background:
                task.cancel()
            await asyncio.gather(waiting, *background, return_exceptions=True)

    async def _answer(self, request: Request) -> Answer:
        handler = self._checkpoint.paths.get(request.path)
        if handler is None:
            handler = _no_such_path if self._is_public else self._health
        response = await handler(request)
        if self._draining and isinstance(response, Response):
            # The client's next request goes to somebody who stays.
            return response.with_headers(("connection", "close"))
        return response

    async def _health(self, request: Request) -> Response | StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"method not allowed\n", (*_TEXT, ("allow", "GET, HEAD")))
        match request.path:
            case "/healthz" | "/livez":
                found = "".join(f"degraded: {text}\n" for text in self._degraded())
                return Response(200, (found or "ok").encode(), _TEXT)
            case "/readyz":
                missing = self._missing()
                found = "".join(f"waiting: {text}\n" for text in missing)
                return Response(503 if missing else 200, (found or "ok").encode(), _TEXT)
            case "/metrics":
                self._checkpoint.measure()
                content = generate_latest(self._checkpoint.registry)
                return Response(200, content, (("content-type", CONTENT_TYPE_LATEST),))
        return await _no_such_path(request)

    def _missing(self) -> tuple[str, ...]:
        return ("it is stopping",) if self._draining else self._checkpoint.missing()

    def _degraded(self) -> tuple[str, ...]:
        problem = self._certificate.problem
        return (*self._checkpoint.degraded(), *((problem,) if problem else ()))


async def _no_such_path(_request: Request) -> Response:
    return Response(404, b"no such path\n", _TEXT)


def _listen(address: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family[0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(family[4])
        listener.listen(2048)
    except OSError as error:
        raise EnvironmentFailure(
            f"listen on {address}:{port}", (error.strerror or str(error)).lower()
        ) from None
    listener.setblocking(False)
    return listener
