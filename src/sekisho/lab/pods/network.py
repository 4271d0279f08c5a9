"""What a pod finds in its network: which address and port the lab serves with what.

A pod has loopback and nothing else. The sockets that listen in it are the lab's, so the lab knows
which pod, and which node, a connection comes from.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sekisho.facts import Cluster
from sekisho.lab.net.proxy import ConnectProxy
from sekisho.lab.net.sockets import LOOPBACK
from sekisho.wire.http import HttpServer
from sekisho.wire.http.message import Handler
from sekisho.wire.http.server import MAX_HEAD_BYTES

POD_IDENTITY_AGENT = ("169.254.170.23", 80)
INSTANCE_METADATA = ("169.254.169.254", 80)

MAX_CONNECTIONS = 64
"""How many connections each address of a pod serves at once: what all pods hold open, the lab holds too."""

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class PodPlace:
    """Which pod a connection comes from."""

    cluster: Cluster
    namespace: str
    name: str
    uid: str
    account: str
    node: str


Stop = Callable[[], Awaitable[None]]
Serve = Callable[[PodPlace, socket.socket], Awaitable[Stop]]
"""Serves a listening socket of a pod until what it returned is called."""

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

Table = Mapping[tuple[str, int], Serve]


def http(handler_for: Callable[[PodPlace], Handler]) -> Serve:
    """Serve HTTP with the handler that ``handler_for`` returns for the pod."""

    async def serve(place: PodPlace, listener: socket.socket) -> Stop:
        server = HttpServer(handler_for(place), listener, max_connections=MAX_CONNECTIONS)
        await server.start()
        return server.stop

    return serve


def proxy(connect_proxy: ConnectProxy) -> Serve:
    """Serve the CONNECT proxy."""

    async def serve(_place: PodPlace, listener: socket.socket) -> Stop:
        limited = _limited(connect_proxy.serve)
        return _stopping(await asyncio.start_server(limited, sock=listener, limit=MAX_HEAD_BYTES))

    return serve


def relay(port: int, is_ours: Callable[[], bool] = lambda: True) -> Serve:
    """Pass every connection on to a port of the lab's own, as long as ``is_ours``.

    Once nobody of the lab listens there, another program of the machine may.
    """

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_ours():
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            far_writer.close()
            writer.close()

    async def serve(_place: PodPlace, listener: socket.socket) -> Stop:
        return _stopping(await asyncio.start_server(_limited(pass_on), sock=listener))

    return serve


def _limited(serve: Connected) -> Connected:
    """Return ``serve`` for as many connections as one address of a pod may have; others are cut off."""
    served = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        if served >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        served += 1
        try:
            await serve(reader, writer)
        finally:
            served -= 1

    return counted


def _stopping(server: asyncio.Server) -> Stop:
    async def stop() -> None:
        server.close()

    return stop


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        while part := await source.read(_CHUNK):
            sink.write(part)
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if sink.can_write_eof():
            sink.write_eof()
