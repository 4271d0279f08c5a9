"""The port on loopback where the browser comes back with the code: one answer, once, and nothing else.

RFC 8252, section 7.3. Whatever is not that answer gets an error page and ends nothing: a page elsewhere that
sends requests here can neither sign somebody in nor stop a sign-in. Requests under another host name (DNS
rebinding), of another method, too long or too slow are refused before their parameters are looked at.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.authorization import Authorization, NotOurs, read_answer
from sekisho.connect.login.login_request import Redirect
from sekisho.connect.login.loopback_page import HEADERS, refusal_page, success_page
from sekisho.connect.login.refusal import LoginRefused
from sekisho.decide.values import Secret

MAX_HEAD_BYTES: Final = 24 * 1024
MAX_CONNECTIONS: Final = 16
REQUEST_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 45.0
"""How long the browser waits to be told how it ended."""

_WAIT = "The sign-in in the terminal goes on waiting."
_DRAIN_SECONDS: Final = 5.0


class LoopbackServer:
    """Listens at `redirect_uri`; see `listening`. Owned by one event loop."""

    def __init__(self, sockets: list[socket.socket], redirect: Redirect) -> None:
        self.port: int = sockets[0].getsockname()[1]
        self.redirect_uri = f"http://{redirect.host}:{self.port}{redirect.path}"
        self._path = redirect.path or "/"
        self._hosts = frozenset({f"{redirect.host}:{self.port}".encode()})
        self._authorization: Authorization | None = None
        self._code: asyncio.Future[Secret] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[tuple[HTTPStatus, str]] = asyncio.get_running_loop().create_future()
        self._open: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def expect(self, authorization: Authorization) -> None:
        """Take an answer to ``authorization`` from now on."""
        self._authorization = authorization

    async def code(self) -> Secret:
        """Return the code that the browser brings in answer to what is expected.

        Raises:
            LoginRefused: the issuer or the person refused.
        """
        return await self._code

    def tell(self, sentence: str, *, is_good: bool) -> None:
        """Tell the browser how it ended."""
        if not self._ended.done():
            page = success_page(sentence) if is_good else refusal_page(sentence)
            self._ended.set_result((HTTPStatus.OK if is_good else HTTPStatus.BAD_REQUEST, page))

    async def drained(self) -> None:
        """Wait, for a few seconds at most, until the browser that brought the answer has its page."""
        if self._ended.done() and self._waiting:
            await asyncio.wait(self._waiting, timeout=_DRAIN_SECONDS)
        # Browsers open connections ahead of need: nobody waits for those.
        for task in tuple(self._open):
            task.cancel()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams run this in a task
        is_full = len(self._open) >= MAX_CONNECTIONS
        self._open.add(task)
        try:
            if not is_full:
                status, page = await self._answered(reader)
                head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS)
                body = page.encode()
                line = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: {len(body)}\r\n"
                writer.write(f"{line}{head}\r\n".encode() + body)
                async with asyncio.timeout(REQUEST_SECONDS):
                    await writer.drain()
        except (OSError, TimeoutError):
            pass  # whoever it was is gone
        finally:
            self._open.discard(task)
            self._waiting.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answered(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, str]:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too long.")
        except (asyncio.IncompleteReadError, TimeoutError):
            return _refused(HTTPStatus.BAD_REQUEST, "The request is incomplete.")
        line, *fields = head[:-4].split(b"\r\n")
        words = line.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not line.isascii():
            return _refused(HTTPStatus.BAD_REQUEST, "This is no request.")
        named = [field.partition(b":") for field in fields]
        hosts = [value.strip().lower() for name, _, value in named if name.lower() == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _refused(HTTPStatus.MISDIRECTED_REQUEST, "This port answers under its own name alone.")
        path, _, query = words[1].decode("ascii").partition("?")
        if path != self._path:
            return _refused(HTTPStatus.NOT_FOUND, "There is no such page.")
        if words[0] != b"GET":
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, "An answer comes by GET.")
        return await self._taken(query)

    async def _taken(self, query: str) -> tuple[HTTPStatus, str]:
        if self._authorization is None:
            return _refused(HTTPStatus.BAD_REQUEST, "Nobody was asked to sign in yet.")
        if self._code.done():
            return _refused(HTTPStatus.BAD_REQUEST, "The sign-in was answered already.")
        try:
            self._code.set_result(read_answer(query, self._authorization))
        except NotOurs as wrong:
            return _refused(HTTPStatus.BAD_REQUEST, f"This is no answer to the sign-in: {wrong}.")
        except LoginRefused as refused:
            self._code.set_exception(refused)
        task = asyncio.current_task()
        if task is not None:
            self._waiting.add(task)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(self._ended)
        except TimeoutError:
            return _refused(HTTPStatus.GATEWAY_TIMEOUT, "The terminal tells how it ended.")


@asynccontextmanager
async def listening(redirect: Redirect) -> AsyncIterator[LoopbackServer]:
    """Listen on the first free port of ``redirect``, on 127.0.0.1 and, for ``localhost``, on ::1 too.

    Raises:
        EnvironmentFailure: none of the ports is free.
    """
    sockets = _bound(redirect)
    served = LoopbackServer(sockets, redirect)
    servers = [
        await asyncio.start_server(served.connected, sock=one, limit=MAX_HEAD_BYTES) for one in sockets
    ]
    try:
        yield served
    finally:
        for server in servers:
            server.close()
        await served.drained()


def _bound(redirect: Redirect) -> list[socket.socket]:
    for port in redirect.ports:
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        if first is None:
            continue
        if redirect.host != "localhost" or not socket.has_ipv6:
            return [first]
        # A browser may take `localhost` for ::1: another program there would be handed the code.
        second = _listen(socket.AF_INET6, "::1", first.getsockname()[1])
        if second is not None:
            return [first, second]
        if not _has_loopback6():
            return [first]
        first.close()
    ports = ", ".join(str(port) for port in redirect.ports)
    raise EnvironmentFailure(
        f"listen on port {ports}", "in use by another program; --listen names others", can_retry=True
    )


def _listen(family: int, address: str, port: int) -> socket.socket | None:
    try:
        found = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        # A port of the last sign-in is free again at once; one that somebody listens on stays theirs.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((address, port))
        found.listen(MAX_CONNECTIONS)
    except OSError:
        found.close()
        return None
    return found


def _has_loopback6() -> bool:
    """Tell whether ``::1`` exists at all here."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True


def _refused(status: HTTPStatus, sentence: str) -> tuple[HTTPStatus, str]:
    return status, refusal_page(sentence, _WAIT)
