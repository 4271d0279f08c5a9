"""A handler as an ASGI application: what it answers, and what becomes of its faults."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any

from sekisho.wire.http.connection import Connection, Upgrade
from sekisho.wire.http.message import BodyTooLarge, Handler, Request, Response, StreamResponse

TAKE_OVER = "sekisho.take-over"
"""The extension of ASGI by which an application is given the connection itself."""
WHOLE = "sekisho.whole-answer"
"""The extension of ASGI by which an application sends an answer in one piece."""

_log = logging.getLogger("sekisho.http")


def application(handler: Handler) -> Callable[[Any, Any, Any], Any]:
    """Return the ASGI application around ``handler``. A fault of ours answers 500 without details."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
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
        except BodyTooLarge:
            response = Response(413, b"the request body is too large\n", (("content-type", "text/plain"),))
        except Exception:  # noqa: BLE001 - the last line of defence: one request must not end the server
            _log.exception("a handler failed on %s", request.method)
            response = Response(500, b"internal error\n", (("content-type", "text/plain"),))
        if isinstance(response, Response):
            await scope["extensions"][WHOLE]["send"](response)
        elif isinstance(response, Upgrade):
            await _upgrade(response, scope["extensions"][TAKE_OVER]["take"](response))
        else:
            await _stream(response, send, request)

    return answer


async def _upgrade(upgrade: Upgrade, connection: Connection) -> None:
    """Run what was upgraded to until it ends or the connection is gone; either way it is closed."""
    running = asyncio.ensure_future(upgrade.run(connection))
    gone = asyncio.create_task(connection.lost.wait())
    loop = asyncio.get_running_loop()
    try:
        while (left := connection.active_at + upgrade.idle_seconds - loop.time()) > 0:
            ended, _ = await asyncio.wait({running, gone}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if ended:
                break
    finally:
        running.cancel()
        gone.cancel()
        found = (await asyncio.gather(running, gone, return_exceptions=True))[0]
        connection.close()
    if isinstance(found, Exception) and not isinstance(found, ConnectionError):
        _log.error("an upgraded connection failed", exc_info=found)


async def _stream(response: StreamResponse, send: Any, request: Request) -> None:
    """Write the parts until they end or the client goes away; either way the iterator is closed."""
    await send(
        {"type": "http.response.start", "status": response.status, "headers": _encoded(response.headers)}
    )
    writing = asyncio.create_task(_write_parts(response.parts, send, head_only=request.method == "HEAD"))
    gone = asyncio.create_task(request.disconnected())
    try:
        await asyncio.wait({writing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if writing.done():
            writing.result()
    finally:
        writing.cancel()
        gone.cancel()
        await asyncio.gather(writing, gone, return_exceptions=True)


async def _write_parts(parts: AsyncIterator[bytes], send: Any, *, head_only: bool) -> None:
    try:
        if not head_only:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                # `send` does not wait once the client has gone; parts that never wait would keep the loop.
                await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
