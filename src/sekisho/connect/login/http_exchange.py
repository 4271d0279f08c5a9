"""One request to an issuer: bounded in time and size, through the proxy of the environment, no redirects.

An issuer that answers with a redirect is refused: what is sent here are codes, passwords and refresh tokens.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from sekisho import __version__
from sekisho.connect.https_document import trusted_roots
from sekisho.connect.id_tokens import is_never_asked
from sekisho.connect.kube.proxy import proxy_for
from sekisho.connect.login.login_request import LoginRequest, is_loopback_http
from sekisho.connect.login.metadata import trouble

MAX_BYTES: Final = 256 * 1024
_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body of an answer."""

    status: int
    body: bytes


class HttpExchange:
    """Asks the endpoints of one issuer; owned by one event loop, closed by its owner.

    ``seconds`` are for one exchange: name, connection, handshake and the last byte.
    """

    def __init__(self, request: LoginRequest, environ: Mapping[str, str], seconds: float) -> None:
        self._issuer = request.issuer
        self._environ = environ
        self._seconds = seconds
        self._trust = _trust(request.certificate_authority)
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=seconds),
            headers={
                "accept": "application/json",
                "accept-encoding": "identity",
                "user-agent": f"sekisho/{__version__}",
            },
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def get(self, url: str) -> HttpAnswer:
        """Return the answer to a GET.

        Raises:
            EnvironmentFailure: there is none that can be used.
        """
        return await self._ask("GET", url, None, {})

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Return the answer to a form.

        Raises:
            EnvironmentFailure: there is none that can be used.
        """
        return await self._ask("POST", url, form, headers or {})

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> HttpAnswer:
        host = urlsplit(url).hostname or ""
        if is_never_asked(host):
            raise trouble(self._issuer, f"it names {host}, a host that is never asked")
        proxy, authorization = self._proxy(url, host)
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=form,
                headers=headers,
                allow_redirects=False,
                ssl=self._trust,
                proxy=proxy,
                proxy_headers=authorization,
            ) as answer:
                if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
                    raise trouble(self._issuer, f"{host} answers with a redirect, which is not followed")
                body = await self._body(answer, host)
                return HttpAnswer(answer.status, body)
        except aiohttp.ClientConnectorCertificateError:
            hint = "the certificate is not trusted (--certificate-authority names an authority of your own)"
            raise trouble(self._issuer, f"{host}: {hint}") from None
        except TimeoutError:
            problem = f"{host} gave no answer within {self._seconds:g} seconds"
            raise trouble(self._issuer, problem, can_retry=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of the error may quote what was sent or received.
            problem = f"{host} could not be asked ({type(error).__name__})"
            raise trouble(self._issuer, problem, can_retry=True) from None

    async def _body(self, answer: aiohttp.ClientResponse, host: str) -> bytes:
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise trouble(self._issuer, f"{host} compresses its answer, although it was not asked to")
        body = bytearray()
        async for part in answer.content.iter_chunked(16 * 1024):
            body += part
            if len(body) > MAX_BYTES:
                raise trouble(self._issuer, f"the answer of {host} is longer than {MAX_BYTES} bytes")
        return bytes(body)

    def _proxy(self, url: str, host: str) -> tuple[str | None, dict[str, str] | None]:
        if is_loopback_http(url):
            return None, None
        found = proxy_for(host, urlsplit(url).port or _HTTPS_PORT, self._environ)
        if found is None:
            return None, None
        authorization = found.authorization.reveal()
        name = f"[{found.host}]" if ":" in found.host else found.host
        return (
            f"http://{name}:{found.port}",
            {"proxy-authorization": authorization} if authorization else None,
        )


def _trust(authority: str) -> ssl.SSLContext:
    """Return whom to believe: the authority that was named and no other, else the machine's roots."""
    if not authority:
        return trusted_roots()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority)
    return context
