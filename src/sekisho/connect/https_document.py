"""One document over HTTPS from a host that nobody vouches for: bounded in size, time and redirects."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

from sekisho.connect.metadata_address import addresses_of, is_metadata
from sekisho.decide.values import Secret

MAX_BYTES: Final = 256 * 1024
MAX_HEAD_BYTES: Final = 32 * 1024
MAX_REDIRECTS: Final = 3
SECONDS: Final = 5.0
"""For the whole document: name, connection, handshake, redirects and the last byte."""

_CHUNK = 16 * 1024
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:[\s,]|$)", re.ASCII | re.IGNORECASE)
_TARGET = re.compile(r"/[!-~]*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}", re.ASCII)

_BEARER = re.compile(r"[!-~]{1,16384}", re.ASCII)

IsRefused = Callable[[str], bool]
"""Tells of a host name that it is never to be asked."""


class DocumentError(Exception):
    """There is no document: the message says why, and never holds what was sent or received."""

    def __init__(self, problem: str, *, in_time: bool = True) -> None:
        super().__init__(problem)
        self.in_time = in_time


@dataclass(frozen=True, slots=True)
class HttpsDocument:
    """The bytes, and for how many seconds the server says that they hold (None: it does not say)."""

    body: bytes
    max_age: int | None = None


def trusted_roots() -> ssl.SSLContext:
    """Return a context with the system's roots (``SSL_CERT_FILE`` is honoured), else botocore's copy."""
    context = ssl.create_default_context()
    if not context.get_ca_certs() and ssl.get_default_verify_paths().cafile is None:
        import botocore

        context.load_verify_locations(f"{botocore.__path__[0]}/cacert.pem")
    return context


async def fetch_document(
    url: str,
    trust: ssl.SSLContext,
    is_refused: IsRefused,
    seconds: float = SECONDS,
    bearer: Secret | None = None,
) -> HttpsDocument:
    """Return the document at ``url``; redirects are followed on the same host alone.

    ``bearer`` is a token that the host is shown.

    Raises:
        DocumentError: not ``https``, a refused host, no connection, an untrusted certificate, another
            status than 200, too large, or not in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _followed(url, trust, is_refused, _authorization(bearer))
    except TimeoutError:
        raise DocumentError(f"no answer within {seconds:g} seconds", in_time=False) from None


async def _followed(
    url: str, trust: ssl.SSLContext, is_refused: IsRefused, authorization: str
) -> HttpsDocument:
    first = urlsplit(url).netloc
    for _ in range(MAX_REDIRECTS + 1):
        host, port, target = _address(url, is_refused)
        answer = await _get(host, port, target, trust, authorization)
        if answer.status == 200:
            return HttpsDocument(bytes(answer.body), _max_age(answer.headers.get("cache-control", "")))
        location = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not location:
            raise DocumentError(f"the answer has status {answer.status}")
        url = urljoin(url, location)
        if urlsplit(url).netloc != first:
            raise DocumentError("the answer leads to another host")
    raise DocumentError("too many redirects")


def _authorization(bearer: Secret | None) -> str:
    if bearer is None:
        return ""
    if not _BEARER.fullmatch(bearer.reveal()):
        raise DocumentError("the token for it is none that a header can hold")
    return f"authorization: Bearer {bearer.reveal()}\r\n"


def _address(url: str, is_refused: IsRefused) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise DocumentError("not an address") from None
    host = parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme != "https" or parts.username is not None or not _HOST.fullmatch(host):
        raise DocumentError("not an https address of a host")
    if is_refused(host):
        raise DocumentError("a host that is never asked")
    if not _TARGET.fullmatch(target):
        raise DocumentError("not a path")
    return host, port, target


@dataclass(slots=True)
class _Answer:
    """Collects what httptools reads."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    is_complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.is_complete = True


async def _get(host: str, port: int, target: str, trust: ssl.SSLContext, authorization: str) -> _Answer:
    try:
        reader, writer = await _connected(host, port, trust)
    except ssl.SSLCertVerificationError as error:
        raise DocumentError(f"the certificate is not trusted ({error.verify_message})") from None
    except (OSError, UnicodeError) as error:
        raise DocumentError(f"no connection ({type(error).__name__})") from None
    try:
        name = host if port == 443 else f"{host}:{port}"
        head = f"GET {target} HTTP/1.1\r\nhost: {name}\r\naccept: application/json\r\n{authorization}"
        writer.write(
            f"{head}accept-encoding: identity\r\nuser-agent: sekisho\r\nconnection: close\r\n\r\n".encode()
        )
        return await _read(reader)
    except OSError as error:
        raise DocumentError(f"the connection broke ({type(error).__name__})") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _connected(
    host: str, port: int, trust: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address of ``host`` that answers."""
    addresses = await addresses_of(host, port)
    if any(is_metadata(address) for address in addresses):
        raise DocumentError("a host that is never asked")
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(
                address, port, ssl=trust, server_hostname=host, limit=MAX_HEAD_BYTES
            )
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            failure = error
    raise failure


async def _read(reader: asyncio.StreamReader) -> _Answer:
    import httptools

    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    received = 0
    while not answer.is_complete:
        part = await reader.read(_CHUNK)
        if not part:
            break
        received += len(part)
        if received > MAX_BYTES + MAX_HEAD_BYTES or len(answer.body) > MAX_BYTES:
            raise DocumentError(f"longer than {MAX_BYTES} bytes")
        try:
            parser.feed_data(part)
        except httptools.HttpParserError:
            raise DocumentError("the answer is no HTTP response") from None
        answer.status = parser.get_status_code()
    if not answer.status:
        raise DocumentError("the answer is no HTTP response")
    if not answer.is_complete and "content-length" in answer.headers:
        raise DocumentError("the answer was cut off")
    return answer


def _max_age(text: str) -> int | None:
    found = _MAX_AGE.search(text)
    return int(found[1]) if found is not None else None
