"""One question to one webhook, over HTTPS: on loopback alone, bounded in time and size.

Nothing leaves the lab: a webhook elsewhere, or behind a Service, is not called. No proxy is used, no
redirect followed, no credential shown. The failures are worded as Go's client does.
"""

import asyncio
import ipaddress
import socket
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.trust import trust_of_data
from sekisho.decide.values import JsonObject
from sekisho.wire.kube.admission_call import MAX_ANSWER_BYTES
from sekisho.wire.kube.members import mapping, number, text
from sekisho.wire.kube.status import quote

MAX_SHOWN_CHARS: Final = 256
_GENERIC: Final = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    409: "the server reported a conflict",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: (
        "the server was unable to return a response in the time allotted, "
        "but may still be processing the request"
    ),
}
_UNTRUSTED: Final = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
_VERIFY: Final = {
    10: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
    62: "tls: failed to verify certificate: x509: certificate is not valid for this host",
    64: "tls: failed to verify certificate: x509: certificate is not valid for this address",
}
"""By OpenSSL's number of the verification error."""


class CallError(Exception):
    """The webhook could not be asked; the text is what follows ``failed to call webhook:``."""


def out_of_reach(client: JsonObject) -> str:
    """Return why the lab does not call a webhook; empty where it does."""
    if "service" in client:
        return (
            "the lab has no network of Services: a call fails as failurePolicy says; "
            "use clientConfig.url with an address on loopback"
        )
    try:
        host = urlsplit(text(client, "url")).hostname or ""
    except ValueError:
        host = ""
    if host and not _is_loopback(host):
        return (
            f"nothing leaves the lab, so {quote(host[:MAX_SHOWN_CHARS])} is not called: a call fails as "
            "failurePolicy says; use an address on loopback"
        )
    return ""


async def call(client: JsonObject, question: bytes, seconds: int) -> bytes:
    """Return the body of the answer to ``question``.

    Raises:
        CallError: out of reach, no connection, an untrusted certificate, another status than 2xx, an
            answer that is too long, or none in time.
    """
    if "service" in client:
        service = mapping(client, "service")
        name, namespace = text(service, "name"), text(service, "namespace")
        port, path = number(service, "port") or 443, text(service, "path") or "/"
        shown = f"https://{name}.{namespace}.svc:{port}{path}?timeout={seconds}s"
        raise CallError(f"Post {quote(shown)}: service {quote(name)} not found ({out_of_reach(client)})")
    parts = urlsplit(text(client, "url"))
    shown = f"https://{parts.netloc}{parts.path or '/'}?timeout={seconds}s"
    unreached = out_of_reach(client)
    if unreached:
        raise CallError(f"Post {quote(shown)}: {unreached}")
    try:
        trust = trust_of_data(text(client, "caBundle"))
    except EnvironmentFailure:
        raise CallError("unable to load root certificates: unable to parse bytes as PEM block") from None
    try:
        async with asyncio.timeout(seconds):
            return await _post(shown, trust, question)
    except TimeoutError:
        raise CallError(f"Post {quote(shown)}: context deadline exceeded") from None
    except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
        raise CallError(f"Post {quote(shown)}: {_told(error, parts)}") from None


async def _post(url: str, trust: ssl.SSLContext, question: bytes) -> bytes:
    connector = aiohttp.TCPConnector(ssl=trust, resolver=_Loopback(), force_close=True)
    async with aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        # uvloop drops what lies in a paused TLS connection when the other side closes it.
        read_bufsize=MAX_ANSWER_BYTES,
    ) as session:
        headers = {"content-type": "application/json", "accept": "application/json, */*"}
        async with session.post(url, data=question, headers=headers, allow_redirects=False) as answer:
            body = await _read(answer)
            if not 200 <= answer.status <= 206:
                kind = answer.headers.get("content-type", "text/plain")
                raise CallError(_generic(answer.status, body if kind.startswith("text/") else b""))
            return body


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise CallError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _generic(status: int, body: bytes) -> str:
    """Return what Go's client says of a status; the words of the server are bounded."""
    words = " ".join(body[: 4 * MAX_SHOWN_CHARS].decode(errors="replace").split())[:MAX_SHOWN_CHARS]
    if status in _GENERIC:
        return _GENERIC[status]
    if status in (403, 406, 415):
        return words or "unknown"
    if status >= 500:
        return (
            f"an error on the server ({quote(words or 'unknown')}) has prevented the request from succeeding"
        )
    return f"the server responded with the status code {status} but did not return more information"


def _told(error: Exception, parts: SplitResult) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        number_ = getattr(error.certificate_error, "verify_code", 0)
        return _VERIFY.get(number_, _UNTRUSTED)
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ConnectionRefusedError):
        host = parts.hostname or ""
        shown = "127.0.0.1" if host.lower() == "localhost" else host
        return f"dial tcp {shown}:{parts.port or 443}: connect: connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "EOF"
    if isinstance(cause, ssl.SSLError):
        return "tls: the handshake failed"
    return "the connection or the answer is not understood"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Loopback(AbstractResolver):
    """Names one host, ``localhost``, whatever the machine's own files say."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of loopback."""
        del family
        if host.lower() != "localhost":
            raise OSError("not on loopback")
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is held."""
