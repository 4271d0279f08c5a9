"""A complete answer as bytes, exactly (RFC 9112 section 4)."""

import pytest

from sekisho.wire.http import Response
from sekisho.wire.http.answer_bytes import answer_bytes

DATE = (("date", "now"),)
START = b"HTTP/1.1 200 OK\r\ndate: now\r\n"

CASES = {
    # The answer, whether it is to HEAD, whether the connection ends with it: the bytes.
    "a body": (
        Response(200, b"ab", (("X", "1"),)),
        False,
        False,
        START + b"x: 1\r\ncontent-length: 2\r\n\r\nab",
    ),
    "no body": (Response(200), False, False, START + b"content-length: 0\r\n\r\n"),
    "the end is told": (
        Response(200),
        False,
        True,
        START + b"content-length: 0\r\nconnection: close\r\n\r\n",
    ),
    "the end is told once": (
        Response(200, b"", (("Connection", "Close"),)),
        False,
        True,
        START + b"connection: Close\r\ncontent-length: 0\r\n\r\n",
    ),
    "to HEAD": (Response(200, b"ab"), True, False, START + b"content-length: 2\r\n\r\n"),
    "to HEAD, with the length of what GET would bring": (
        Response(200, b"", (("content-length", "7"),)),
        True,
        False,
        START + b"content-length: 7\r\n\r\n",
    ),
    "a status that has no body": (
        Response(204, b"ab"),
        False,
        False,
        b"HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n",
    ),
    "a status without a phrase": (
        Response(299),
        True,
        False,
        b"HTTP/1.1 299 \r\ndate: now\r\ncontent-length: 0\r\n\r\n",
    ),
    "a value of Latin letters": (
        Response(200, b"", (("x", "\xe9"),)),
        False,
        False,
        START + b"x: \xe9\r\ncontent-length: 0\r\n\r\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_as_bytes(case: str) -> None:
    response, to_head, closes, expected = CASES[case]
    assert answer_bytes(response, DATE, to_head=to_head, closes=closes) == expected


HEADERS = {
    "a line end in a value": ("x", "1\r\nset-cookie: a"),
    "half of a line end": ("x", "1\nset-cookie: a"),
    "a line end in a name": ("x\r\ny", "1"),
    "a colon in a name": ("x: y", "1"),
    "a space before the colon": ("x ", "1"),
    "a zero byte": ("x", "\x00"),
    "a letter that is not Latin": ("x", "\u95a2"),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_no_header_becomes_another(kind: str) -> None:
    with pytest.raises(ValueError, match=r"header|latin-1"):
        answer_bytes(Response(200, b"", (HEADERS[kind],)), DATE, to_head=False, closes=False)
