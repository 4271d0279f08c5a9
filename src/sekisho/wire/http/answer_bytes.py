"""A complete answer as the bytes of HTTP/1.1 (RFC 9112 section 4, RFC 9110 section 8.6)."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from sekisho.wire.http.message import Response

WITHOUT_BODY: Final = frozenset({204, 304})

_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}
_NOT_IN_NAME = re.compile(r"[\x00-\x20\x7f()<>@,;:\[\]={}\\\"]")
_NOT_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def answer_bytes(
    response: Response, first: Iterable[tuple[str, str]], *, to_head: bool, closes: bool
) -> bytes:
    """Return ``response`` with the headers ``first`` before its own.

    ``to_head``: it answers HEAD, so that it has no body and may tell the length that GET's would have.
    ``closes``: the connection ends with it.

    Raises:
        ValueError: a header holds what would be read as another header.
    """
    status = response.status
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}"]
    is_told = False
    for name, value in (*first, *response.headers):
        if _NOT_IN_NAME.search(name) or _NOT_IN_VALUE.search(value):
            raise ValueError("a header with characters that no header has")
        lowered = name.lower()
        is_told = is_told or lowered == "content-length"
        lines.append(f"{lowered}: {value}")
    if status not in WITHOUT_BODY and not (to_head and is_told):
        lines.append(f"content-length: {len(response.body)}")
    if closes and not is_closing(response):
        lines.append("connection: close")
    head = "\r\n".join((*lines, "", "")).encode("latin-1")
    return head if to_head or status in WITHOUT_BODY else head + response.body


def is_closing(response: Response) -> bool:
    """Tell whether ``response`` says itself that the connection ends with it."""
    return any(
        name.lower() == "connection" and "close" in (part.strip().lower() for part in value.split(","))
        for name, value in response.headers
    )
