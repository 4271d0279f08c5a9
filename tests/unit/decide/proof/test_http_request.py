"""An HTTP request as received: its grammar, its bounds, its one reading."""

import pytest

from sekisho.decide.proof import HttpRequest, RequestFault
from sekisho.decide.proof.http_request import (
    MAX_HEADER_CHARS,
    MAX_HEADERS,
    MAX_PARAMETERS,
    MAX_TARGET_CHARS,
)
from sekisho.decide.values import SekishoInputError

REFUSED = {
    "method in lower case": (("get", "/", "", ()), RequestFault.METHOD, "/method"),
    "method empty": (("", "/", "", ()), RequestFault.METHOD, "/method"),
    "method of 33 characters": (("G" * 33, "/", "", ()), RequestFault.METHOD, "/method"),
    "path empty": (("GET", "", "", ()), RequestFault.PATH, "/path"),
    "path of a proxy request": (("GET", "http://host/", "", ()), RequestFault.PATH, "/path"),
    "path with a broken escape": (("GET", "/a%2", "", ()), RequestFault.PATH, "/path"),
    "path with a space": (("GET", "/a b", "", ()), RequestFault.PATH, "/path"),
    "path with a query in it": (("GET", "/a?b", "", ()), RequestFault.PATH, "/path"),
    "path beyond ASCII": (("GET", "/é", "", ()), RequestFault.PATH, "/path"),
    "path that is not UTF-8": (("GET", "/%ff", "", ()), RequestFault.PATH, "/path"),
    "query with a broken escape": (("GET", "/", "a=%zz", ()), RequestFault.QUERY, "/query"),
    "query with a fragment": (("GET", "/", "a#b", ()), RequestFault.QUERY, "/query"),
    "query that is not UTF-8": (("GET", "/", "a=%E3%81", ()), RequestFault.QUERY, "/query"),
    "query that is UTF-8 only across parameters": (
        ("GET", "/", "a=%E3%81&b=%82", ()),
        RequestFault.QUERY,
        "/query",
    ),
    "header name in upper case": (("GET", "/", "", (("Host", "h"),)), RequestFault.HEADER, "/headers/0"),
    "header name with a space": (("GET", "/", "", (("a b", "h"),)), RequestFault.HEADER, "/headers/0"),
    "header value with a line break": (
        ("GET", "/", "", (("host", "h"), ("a", "b\nc"))),
        RequestFault.HEADER,
        "/headers/1",
    ),
    "header value beyond one byte": (("GET", "/", "", (("a", "関"),)), RequestFault.HEADER, "/headers/0"),
    "target one character too long": (
        ("GET", "/" + "a" * MAX_TARGET_CHARS, "", ()),
        RequestFault.TOO_LARGE,
        "/path",
    ),
    "one parameter too many": (("GET", "/", "&" * MAX_PARAMETERS, ()), RequestFault.TOO_LARGE, "/query"),
    "one header too many": (
        ("GET", "/", "", (("a", ""),) * (MAX_HEADERS + 1)),
        RequestFault.TOO_LARGE,
        "/headers",
    ),
    "headers one character too long": (
        ("GET", "/", "", (("a", "b" * MAX_HEADER_CHARS),)),
        RequestFault.TOO_LARGE,
        "/headers",
    ),
}


@pytest.mark.parametrize(("parts", "code", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(
    parts: tuple[str, str, str, tuple[tuple[str, str], ...]], code: RequestFault, pointer: str
) -> None:
    with pytest.raises(SekishoInputError) as caught:
        HttpRequest(*parts)
    assert [(fault.code, fault.at.pointer) for fault in caught.value.faults] == [(code, pointer)]


ACCEPTED: dict[str, tuple[str, str, str, tuple[tuple[str, str], ...]]] = {
    "method of 32 characters": ("G" * 32, "/", "", ()),
    "longest target": ("GET", "/" + "a" * (MAX_TARGET_CHARS - 1), "", ()),
    "most parameters": ("GET", "/", "&" * (MAX_PARAMETERS - 1), ()),
    "most headers": ("GET", "/", "", (("a", ""),) * MAX_HEADERS),
    "longest headers": ("GET", "/", "", (("a", "b" * (MAX_HEADER_CHARS - 1)),)),
    "header bytes beyond ASCII": ("GET", "/", "", (("a", "\xe3\x81\x82"),)),
    "escaped UTF-8": ("GET", "/%E3%81%82", "a=%e3%81%82", ()),
}


@pytest.mark.parametrize("parts", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(parts: tuple[str, str, str, tuple[tuple[str, str], ...]]) -> None:
    assert HttpRequest(*parts).method == parts[0]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SekishoInputError) as caught:
        HttpRequest("get", "x", "%", (("A", ""),))
    assert [fault.at.pointer for fault in caught.value.faults] == ["/method", "/path", "/query", "/headers/0"]


PARAMETERS = {
    "nothing": ("", ()),
    "order and repeats are kept": ("b=1&a=2&b=3", (("b", "1"), ("a", "2"), ("b", "3"))),
    "a name alone has an empty value": ("acl", (("acl", ""),)),
    "empty segments are dropped": ("&a=1&&", (("a", "1"),)),
    "only the first equals sign divides": ("a=b=c", (("a", "b=c"),)),
    "escapes and plus signs are decoded": ("a%20b=c+d%2B", (("a b", "c d+"),)),
    "UTF-8": ("k=%E9%96%A2", (("k", "関"),)),
}


@pytest.mark.parametrize(("query", "expected"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_parameters(query: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert HttpRequest("GET", "/", query, ()).parameters() == expected


def test_header_returns_every_value_in_order() -> None:
    request = HttpRequest("GET", "/", "", (("a", "1"), ("b", "2"), ("a", "3")))
    assert request.header("a") == ("1", "3")
    assert request.header("c") == ()
