"""A collection of a kube-apiserver, followed: listed once, then watched, listed again where that fails.

Source: Kubernetes documentation, "Kubernetes API Concepts", "Efficient detection of changes"; client-go
``tools/cache`` (Reflector).
"""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import aiohttp

from sekisho.connect.kube.api_server import ApiServer
from sekisho.decide.values import JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json

MAX_LIST_BYTES: Final = 64 * 1024 * 1024
MAX_EVENT_BYTES: Final = 8 * 1024 * 1024
WATCH_SECONDS: Final = 300
"""How long one watch may last; the server ends it then and it is opened again where it stopped."""
_SILENCE_SECONDS: Final = WATCH_SECONDS + 30
_ENDED_AT_ONCE: Final = "the watch ended as soon as it was opened"
_SHORTEST_WATCH: Final = 1.0
"""A watch that ends sooner, with nothing to tell, is a failure as in client-go: a pause follows."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

Objects = Mapping[str, JsonObject]
"""Objects by ``NAMESPACE/NAME``; cluster-wide ones by ``/NAME``."""


class _StaleError(Exception):
    """The server forgot the version to go on from (410): list again."""

    def __init__(self) -> None:
        super().__init__("the server forgets at once what it listed (HTTP 410)")


class _CutError(Exception):
    """The server refused or went away; the text says how, and holds no credential."""


class Follower:
    """Keeps up with the objects at ``path`` (and ``field_selector``) of one API server.

    ``keep`` returns the part of an object that is held and told.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: ApiServer,
        path: str,
        field_selector: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        keep: Callable[[JsonObject], JsonObject] = lambda body: body,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._server = server
        self._path = path
        self._selected = {"fieldSelector": field_selector} if field_selector else {}
        self._sleep = sleep
        self._keep = keep
        self._monotonic = monotonic
        self._objects: dict[str, JsonObject] = {}

    async def run(self, changed: Callable[[Objects], None], failed: Callable[[str], None]) -> None:
        """Tell ``changed`` of all objects whenever one changed, ``failed`` of each failure. Never returns.

        What was told last stands while the server cannot be reached.
        """
        failures = 0
        while True:
            opened = math.inf  # no watch yet
            try:
                version = await self._list()
                changed(dict(self._objects))
                while True:
                    opened, before = self._monotonic(), version
                    version = await self._watch(version, changed)
                    if version == before and not self._has_lasted(opened):
                        raise _CutError(_ENDED_AT_ONCE)  # noqa: TRY301 - a failure like the others
                    failures = 0
            except _StaleError as stale:
                failures = 0 if self._has_lasted(opened) else failures
                if not failures:
                    # Once at once: whoever forgets again and again is asked no more often than who fails.
                    failures = 1
                    continue
                failed(str(stale))
            except _CutError as cut:
                failures = 0 if self._has_lasted(opened) else failures
                failed(str(cut))
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures)
            failures = min(failures + 1, 6)
            await self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _has_lasted(self, opened: float) -> bool:
        return self._monotonic() - opened >= _SHORTEST_WATCH

    async def _list(self) -> str:
        async with self._get(self._selected, 30.0) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MAX_LIST_BYTES:
                    raise _CutError(f"the list is larger than {MAX_LIST_BYTES} bytes")
        found = _object(bytes(body))
        items = found.get("items")
        listed = items if isinstance(items, list) else []
        self._objects = {_key(item): self._keep(item) for item in listed if isinstance(item, dict)}
        return _version(found)

    async def _watch(self, version: str, changed: Callable[[Objects], None]) -> str:
        """Tell ``changed`` of what happens after ``version``; return the version where the watch ended."""
        query = {
            **self._selected,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async with self._get(query, _SILENCE_SECONDS) as response:
            async for line in _lines(response):
                event = _object(line)
                body = event.get("object")
                if not isinstance(body, dict):
                    raise _CutError("an event without an object")
                match event.get("type"):
                    case "ERROR":
                        if body.get("code") == 410:
                            raise _StaleError
                        raise _CutError(f"the watch ended: {_message(body)}")
                    case "ADDED" | "MODIFIED":
                        self._objects[_key(body)] = self._keep(body)
                        changed(dict(self._objects))
                    case "DELETED":
                        self._objects.pop(_key(body), None)
                        changed(dict(self._objects))
                version = _version(body) or version
        return version

    def _get(self, query: Mapping[str, str], seconds: float) -> "_Opened":
        return _Opened(self._session, self._server, self._path, query, seconds)


class _Opened:
    """One GET that answered 200; everything else is a `_CutError` or `_StaleError`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: ApiServer,
        path: str,
        query: Mapping[str, str],
        silence_seconds: float,
    ) -> None:
        token = server.token()
        headers = {"accept": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token.reveal()}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence_seconds)
        self._request = session.get(
            server.url + path,
            params=query,
            headers=headers,
            ssl=server.trust,
            timeout=timeout,
            allow_redirects=False,
        )

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            response = await self._request.__aenter__()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _CutError(_told(error)) from None
        if response.status == 200:
            return response
        try:
            body = await response.content.read(64 * 1024)
        except (aiohttp.ClientError, TimeoutError, OSError):
            body = b""
        finally:
            response.release()
        if response.status == 410:
            raise _StaleError
        try:
            message = _message(_object(body))
        except _CutError:
            message = ""
        raise _CutError(f"HTTP {response.status}{': ' if message else ''}{message}")

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._request.__aexit__(None, None, None)
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            raise _CutError(_told(error)) from None


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield the lines of a watch; aiohttp's own reader refuses lines over 64 KiB."""
    held = bytearray()
    async for piece in response.content.iter_any():
        held += piece
        while (end := held.find(b"\n")) >= 0:
            line = bytes(held[:end])
            del held[: end + 1]
            if line.strip():
                yield line
        if len(held) > MAX_EVENT_BYTES:
            raise _CutError(f"an event is larger than {MAX_EVENT_BYTES} bytes")


def _object(body: bytes) -> JsonObject:
    try:
        found = parse_json(body, "answer")
    except SekishoInputError:
        found = None
    if not isinstance(found, dict):
        raise _CutError("the answer is not a JSON object")
    return found


def _metadata(body: JsonObject) -> JsonObject:
    found = body.get("metadata")
    return found if isinstance(found, dict) else {}


def _key(body: JsonObject) -> str:
    metadata = _metadata(body)
    return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"


def _version(body: JsonObject) -> str:
    return str(_metadata(body).get("resourceVersion") or "")


def _message(body: JsonObject) -> str:
    return str(body.get("message") or "").partition("\n")[0][:500]


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error).partition("\n")[0][:500] or type(error).__name__
