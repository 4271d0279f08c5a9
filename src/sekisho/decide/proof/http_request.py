"""An HTTP request as it was received: the thing a signature is over.

Nothing is decoded when it is made, because the signature covers the bytes that
travelled. Reading it (decoded query pairs, header values) happens here too, so that
what was verified and what is acted upon are the same reading.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from sekisho.decide.proof.code import RequestFault
from sekisho.decide.values import InputFault, Ref, SekishoInputError

MAX_TARGET_CHARS = 32 * 1024
MAX_PARAMETERS = 1024
MAX_HEADERS = 128
MAX_HEADER_CHARS = 64 * 1024

_METHOD = re.compile(r"[A-Z][A-Z-]{0,31}", re.ASCII)
# Possessive repeats: linear in time, whatever is sent.
_PATH = re.compile(r"/(?:[!-\"$&->@-~]++|%[0-9A-Fa-f]{2})*+", re.ASCII)
_QUERY = re.compile(r"(?:[!-\"$&-~]++|%[0-9A-Fa-f]{2})*+", re.ASCII)
_HIGH_BYTE = re.compile(r"%[89A-Fa-f]", re.ASCII)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Method, raw path, raw query, headers in order with repeats, body.

    ``path`` and ``query`` are as received, still percent-encoded (RFC 3986 §3.3, §3.4; raw
    non-ASCII bytes are refused). Header names are lower-case; values hold one character per byte
    received (ISO 8859-1, as ASGI and RFC 9110 §5.5 have it). The size of ``body`` is bounded by
    whoever reads it from the network.

    Raises:
        SekishoInputError: a part breaks its grammar or a bound above.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise SekishoInputError(faults)

    def header(self, name: str) -> tuple[str, ...]:
        """Return every value of the lower-case header ``name``, in the order received."""
        return tuple(value for header, value in self.headers if header == name)

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Return the decoded query parameters in the order received.

        ``+`` is a space, as in forms; a parameter without ``=`` has an empty value; empty
        segments are dropped.
        """
        # INVARIANT: construction checked that every segment decodes to UTF-8.
        pairs = []
        for segment in self.query.split("&"):
            if segment:
                name, _, value = segment.partition("=")
                pairs.append((_decode(name), _decode(value)))
        return tuple(pairs)


def _decode(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote_to_bytes(text).decode() if "%" in text else text


def _faults(request: HttpRequest) -> list[InputFault]:
    faults = []
    if not _METHOD.fullmatch(request.method):
        faults.append(_fault(RequestFault.METHOD, "/method"))
    if len(request.path) + len(request.query) > MAX_TARGET_CHARS:
        faults.append(_fault(RequestFault.TOO_LARGE, "/path", f"at most {MAX_TARGET_CHARS} characters"))
    elif request.query.count("&") >= MAX_PARAMETERS:
        faults.append(_fault(RequestFault.TOO_LARGE, "/query", f"at most {MAX_PARAMETERS} parameters"))
    else:
        if not _PATH.fullmatch(request.path) or not _is_utf8(request.path):
            faults.append(_fault(RequestFault.PATH, "/path"))
        if not _QUERY.fullmatch(request.query) or not _is_utf8(request.query):
            faults.append(_fault(RequestFault.QUERY, "/query"))
    if len(request.headers) > MAX_HEADERS:
        faults.append(_fault(RequestFault.TOO_LARGE, "/headers", f"at most {MAX_HEADERS} headers"))
    elif sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADER_CHARS:
        faults.append(_fault(RequestFault.TOO_LARGE, "/headers", f"at most {MAX_HEADER_CHARS} characters"))
    else:
        faults.extend(
            _fault(RequestFault.HEADER, f"/headers/{index}")
            for index, (name, value) in enumerate(request.headers)
            if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value))
        )
    return faults


def _is_utf8(text: str) -> bool:
    """Tell whether ``text`` decodes; every part between ASCII delimiters then decodes too."""
    if not _HIGH_BYTE.search(text):
        return True
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return True


def _fault(code: RequestFault, pointer: str, hint: str = "") -> InputFault:
    return InputFault(str(code), Ref("request", pointer), code.sentence, hint)
