"""Single objects of a kube-apiserver, for servers: asked within a time, answers bounded.

`client` does the same for commands, one connection each; here many are asked at once.
"""

from typing import Final

import aiohttp

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import ApiServer
from sekisho.decide.values import JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json

MAX_OBJECT_BYTES: Final = 8 * 1024 * 1024
_SHOWN_CHARS: Final = 500
_JSON: Final = "application/json"


class ObjectConflict(EnvironmentFailure):
    """Somebody else made or changed the object since it was read (HTTP 409): read it again."""


class ObjectClient:
    """Asks ``server`` through ``session``; each request, its answer included, has ``seconds``."""

    def __init__(self, session: aiohttp.ClientSession, server: ApiServer, seconds: float) -> None:
        self._session = session
        self._server = server
        self._seconds = seconds

    async def read(self, path: str, accept: str = _JSON) -> JsonObject | None:
        """Return the object at ``path``, of the media type ``accept``; None: the server says there is none.

        Raises:
            EnvironmentFailure: it refused, did not answer in time, or answered something else.
        """
        status, found = await self._ask("GET", path, None, accept)
        if status == 404 and found.get("reason") == "NotFound":
            return None
        return _answered("GET", path, status, found)

    async def create(self, path: str, body: JsonObject) -> JsonObject:
        """POST ``body`` to the collection ``path``; return the object as it is now.

        Raises:
            ObjectConflict: there is one of that name.
            EnvironmentFailure: as `read`.
        """
        return _answered("POST", path, *await self._ask("POST", path, body))

    async def replace(self, path: str, body: JsonObject) -> JsonObject:
        """PUT ``body`` in the place of the object at ``path``, of the version that ``body`` names.

        Raises:
            ObjectConflict: the object is another one by now.
            EnvironmentFailure: as `read`.
        """
        return _answered("PUT", path, *await self._ask("PUT", path, body))

    async def _ask(
        self, verb: str, path: str, body: JsonObject | None, accept: str = _JSON
    ) -> tuple[int, JsonObject]:
        token = self._server.token()
        headers = {"accept": accept, "content-type": _JSON}
        if token is not None:
            headers["authorization"] = f"Bearer {token.reveal()}"
        try:
            async with self._session.request(
                verb,
                self._server.url + path,
                headers=headers,
                data=None if body is None else to_json(body),
                ssl=self._server.trust,
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                allow_redirects=False,
            ) as response:
                content = bytearray()
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > MAX_OBJECT_BYTES:
                        raise EnvironmentFailure(
                            f"{verb} {path}", f"the answer is larger than {MAX_OBJECT_BYTES} bytes"
                        )
                return response.status, _object(bytes(content))
        except TimeoutError:
            problem = f"no answer within {self._seconds:g} s"
        except (aiohttp.ClientError, OSError) as error:
            problem = str(error).partition("\n")[0][:_SHOWN_CHARS] or type(error).__name__
        raise EnvironmentFailure(f"{verb} {path}", problem, can_retry=True)


def _object(content: bytes) -> JsonObject:
    """Return the document of an answer; empty if it is none (a proxy's page, say)."""
    try:
        found = parse_json(content, "answer")
    except SekishoInputError:
        return {}
    return found if isinstance(found, dict) else {}


def _answered(verb: str, path: str, status: int, found: JsonObject) -> JsonObject:
    if status in (200, 201) and found:
        return found
    message = str(found.get("message") or "").partition("\n")[0][:_SHOWN_CHARS]
    text = f"HTTP {status}{': ' if message else ''}{message}"
    if status == 409:
        raise ObjectConflict(f"{verb} {path}", text, can_retry=True)
    raise EnvironmentFailure(f"{verb} {path}", text, can_retry=status == 429 or status >= 500)
