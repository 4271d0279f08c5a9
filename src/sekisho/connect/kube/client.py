"""A Kubernetes API server, asked for single objects in JSON.

One connection per request, no redirects, bounded answers. A refusal carries the server's own sentence
(``message`` of the Status it answers with), never the token.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from sekisho import __version__
from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.proxy import Proxy, proxy_for
from sekisho.decide.values import JsonObject, Ref, Secret, SekishoInputError, documents

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""etcd keeps objects of at most 1.5 MiB; escaped in JSON, with managed fields, they stay below this."""
TIMEOUT_SECONDS = 30.0
"""For each step: connecting, the TLS handshake, the next piece of the answer."""

_MAX_MESSAGE_CHARS = 1000
_RETRY = frozenset({429, 500, 502, 503, 504})
_NOT_ACCEPTED = (
    "the cluster does not accept these credentials (401 Unauthorized): it maps them to nobody, "
    "or they have expired or were made for another cluster"
)


class KubeConflict(EnvironmentFailure):
    """Somebody else changed or made the object since it was read (HTTP 409): read it again."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class KubeClient:
    """Asks the API server at ``server`` (``https://HOST[:PORT]``) as the bearer of ``token``.

    ``environ`` may name a proxy (see `proxy.proxy_for`).

    Raises:
        SekishoInputError: ``server`` is no https URL, or the proxy variable is unusable.
    """

    def __init__(
        self,
        server: str,
        trust: ssl.SSLContext,
        token: Secret,
        environ: Mapping[str, str],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._host, self._port, self._base = _parse_server(server)
        self._proxy: Proxy | None = proxy_for(self._host, self._port, environ)
        self._trust = trust
        self._token = token
        self._timeout_seconds = timeout_seconds

    def read(self, path: str) -> JsonObject | None:
        """Return the object at ``path``, None if the server says that there is none.

        Raises:
            EnvironmentFailure: the server refused, could not be reached or answered something else.
        """
        answer = self._ask("GET", path, None)
        if answer.status == 404 and _status(answer.body).get("reason") == "NotFound":
            return None
        return self._object("GET", path, answer)

    def create(self, path: str, body: JsonObject) -> JsonObject:
        """POST ``body`` to the collection ``path``; return the object as it is now.

        Raises:
            KubeConflict: there is one of that name.
            EnvironmentFailure: as `read`.
        """
        return self._object("POST", path, self._ask("POST", path, body))

    def replace(self, path: str, body: JsonObject) -> JsonObject:
        """PUT ``body`` in place of the object at ``path``; return the object as it is now.

        ``metadata.resourceVersion`` of ``body`` makes the server refuse if another came between.

        Raises:
            KubeConflict: the object is another one by now.
            EnvironmentFailure: as `read`.
        """
        return self._object("PUT", path, self._ask("PUT", path, body))

    def _operation(self, verb: str, path: str) -> str:
        return f"{verb} https://{self._host}:{self._port}{self._base}{path}"

    def _ask(self, verb: str, path: str, body: JsonObject | None) -> _Answer:
        operation = self._operation(verb, path)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token.reveal()}",
            "Connection": "close",
            "User-Agent": f"sekisho/{__version__}",
        }
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = documents.to_json(body)
        try:
            with closing(self._connection()) as connection:
                connection.request(verb, self._base + path, content, headers)
                answer = connection.getresponse()
                received = answer.read(MAX_ANSWER_BYTES + 1)
        except ssl.SSLCertVerificationError as error:
            message = f"the server's certificate is not trusted: {error.verify_message}"
            raise EnvironmentFailure(operation, message) from None
        except TimeoutError:
            message = f"no answer within {self._timeout_seconds:g} s"
            raise EnvironmentFailure(operation, message, can_retry=True) from None
        except (OSError, http.client.HTTPException) as error:
            message = str(getattr(error, "strerror", None) or error).strip() or type(error).__name__
            raise EnvironmentFailure(operation, f"no connection: {message.lower()}", can_retry=True) from None
        if len(received) > MAX_ANSWER_BYTES:
            raise EnvironmentFailure(operation, f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        return _Answer(answer.status, received)

    def _connection(self) -> http.client.HTTPSConnection:
        if self._proxy is None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_seconds, context=self._trust
            )
        connection = http.client.HTTPSConnection(
            self._proxy.host, self._proxy.port, timeout=self._timeout_seconds, context=self._trust
        )
        authorization = self._proxy.authorization.reveal()
        headers = {"Proxy-Authorization": authorization} if authorization else {}
        # TLS is then spoken with the cluster, through the tunnel, and its certificate is the one checked.
        connection.set_tunnel(self._host, self._port, headers)
        return connection

    def _object(self, verb: str, path: str, answer: _Answer) -> JsonObject:
        operation = self._operation(verb, path)
        if answer.status in (200, 201):
            try:
                found = documents.parse_json(answer.body, "answer")
            except SekishoInputError as error:
                raise EnvironmentFailure(
                    operation, f"the answer is unusable: {error.faults[0].problem}"
                ) from None
            if isinstance(found, Mapping):
                return found
            raise EnvironmentFailure(operation, "the answer is not an object")
        if answer.status == 401:
            raise EnvironmentFailure(operation, _NOT_ACCEPTED)
        if 300 <= answer.status < 400:
            raise EnvironmentFailure(
                operation, f"answered with a redirect (HTTP {answer.status}), not followed"
            )
        message = _status(answer.body).get("message")
        text = str(message).strip().partition("\n")[0][:_MAX_MESSAGE_CHARS] if message else ""
        text = text or f"HTTP {answer.status}, without a reason"
        if answer.status == 409:
            raise KubeConflict(operation, text, can_retry=True)
        raise EnvironmentFailure(operation, text, can_retry=answer.status in _RETRY)


def _status(body: bytes) -> JsonObject:
    """Return the Status that a refusal carries; empty if it is none (a proxy's page, say)."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _parse_server(server: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(server)
        port = parts.port or 443
    except ValueError:
        parts, port = urlsplit(""), 0
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme != "https" or not parts.hostname or not is_plain:
        raise SekishoInputError.single(
            "kube.server-url", Ref("server"), f"`{server[:200]}`: expected https:// and a host"
        )
    return parts.hostname, port, parts.path.rstrip("/")
