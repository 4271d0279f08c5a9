"""The canonical request, part by part."""

import pytest

from sekisho.decide.proof.canonical import canonical_path, canonical_query, header_values, normal_path
from sekisho.decide.proof.masking import masked_headers, masked_query

PATHS = {
    "root": ("/", "/", "/"),
    "plain": ("/clusters/eks-clu", "/clusters/eks-clu", "/clusters/eks-clu"),
    "escapes are escaped again outside S3": ("/a%3Ab", "/a%253Ab", "/a%3Ab"),
    "S3 escapes what the client left alone": ("/a:b", "/a%3Ab", "/a%3Ab"),
    "S3 does not escape unreserved characters": ("/%7Ea%2db", "/%257Ea%252db", "/~a-b"),
    "plus is no space": ("/a+b", "/a%2Bb", "/a%2Bb"),
    "dot segments are part of an S3 key": ("/a/../b/./c", "/b/c", "/a/../b/./c"),
    "empty segments are part of an S3 key": ("//a//b/", "/a/b/", "//a//b/"),
    "nothing is above the root": ("/../../a", "/a", "/../../a"),
    "only a root is left": ("/a/..", "/", "/a/.."),
    "dots inside a name": ("/a..b/.c", "/a..b/.c", "/a..b/.c"),
    "UTF-8": ("/%E9%96%A2", "/%25E9%2596%25A2", "/%E9%96%A2"),
}


@pytest.mark.parametrize(("raw", "elsewhere", "s3"), PATHS.values(), ids=PATHS.keys())
def test_canonical_path(raw: str, elsewhere: str, s3: str) -> None:
    assert canonical_path(raw, "eks") == elsewhere
    assert canonical_path(raw, "s3") == s3


def test_normal_path_keeps_escapes() -> None:
    assert normal_path("/a/%2e%2e/../b%2F") == "/a/b%2F"


STAY = "%00%1F%20%2C%2F%3A%40%5B%60%7B%7F%80%FF"
QUERIES = {
    "nothing": ("", ""),
    "sorted by name, then value": ("b=2&a=2&a=1", "a=1&a=2&b=2"),
    "sorted after encoding": ("a~&a!", "a%21=&a~="),
    "a name sorts before a longer one": ("ab&a=z", "a=z&ab="),
    "plus is a space": ("k=a+b", "k=a%20b"),
    "escapes in lower case": ("k=%e9%96%a2%2f", "k=%E9%96%A2%2F"),
    "escapes of unreserved characters": ("%41%2d%7E=%5f", "A-~=_"),
    "characters that need escapes": ("k=a/b:c=d", "k=a%2Fb%3Ac%3Dd"),
    "escapes that stay": (f"k={STAY}", f"k={STAY}"),
    "the signature is left out": ("X-Amz-Signature=00&a", "a="),
    "the signature is left out however it is spelled": ("X%2DAmz%2DSignature=00&a", "a="),
    "empty segments are left out": ("&&a=1&", "a=1"),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES.keys())
def test_canonical_query(query: str, expected: str) -> None:
    assert canonical_query(query) == expected


HEADERS = {
    "trimmed": ((("a", "  b  "),), {"a": "b"}),
    "runs of spaces collapse": ((("a", "b   c \t d"),), {"a": "b c d"}),
    "repeats are joined in order": ((("a", "2"), ("b", ""), ("a", "1")), {"a": "2,1", "b": ""}),
    "bytes beyond ASCII are no white space": ((("a", "\xc3\xa0 \x85"),), {"a": "\xc3\xa0 \x85"}),
}


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_header_values(headers: tuple[tuple[str, str], ...], expected: dict[str, str]) -> None:
    assert header_values(headers) == expected


def test_credentials_are_masked_where_they_travel() -> None:
    assert masked_headers((("host", "h"), ("x-amz-security-token", "t"))) == (
        ("host", "h"),
        ("x-amz-security-token", "***"),
    )
    assert masked_query("Action=A&WebIdentityToken=ey&X-Amz-Security-Token=t") == (
        "Action=A&WebIdentityToken=***&X-Amz-Security-Token=***"
    )
