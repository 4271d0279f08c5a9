"""JSON, strictly: what RFC 8259 leaves open is refused, with a code and a line."""

import pytest

from sekisho.decide.values import Json, SekishoInputError
from sekisho.decide.values.documents import MAX_DEPTH, MAX_DOCUMENT_BYTES, parse_json, to_json


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


READ: dict[str, tuple[str | bytes, Json]] = {
    "an object keeps its order": ('{"b":1,"a":[true,null,1.5]}', {"b": 1, "a": [True, None, 1.5]}),
    "bytes": (b'"\xc3\xa9"', "é"),
    "a byte order mark before bytes": (b"\xef\xbb\xbf1", 1),
    "a byte order mark before text": ("\ufeff1", 1),
    "a surrogate pair": ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    "an escaped backslash before what looks like one": ('"\\\\ud83d"', "\\ud83d"),
    "the largest double": ("1e308", 1e308),
    "the same name in two objects": ('[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
}


@pytest.mark.parametrize(("text", "value"), READ.values(), ids=READ.keys())
def test_values(text: str | bytes, value: Json) -> None:
    assert parse_json(text) == value


REFUSED: dict[str, tuple[str | bytes, str, int]] = {
    "nothing": ("", "json.syntax", 1),
    "a trailing comma": ('{\n"a":1,\n}', "json.syntax", 3),
    "a comment": ("// no\n1", "json.syntax", 1),
    "two documents": ("1\n2", "json.syntax", 2),
    "NaN": ("NaN", "json.syntax", 0),
    "an infinity": ("[-Infinity]", "json.syntax", 0),
    "a number beyond the doubles": ("1e309", "json.syntax", 0),
    "a negative one": ("-1e309", "json.syntax", 0),
    "an integer of ten thousand digits": ("1" * 10_000, "json.syntax", 0),
    "a member twice": ('{"a":1,"b":2,"a":3}', "json.duplicate-member", 0),
    "a member twice, deep inside": ('[{"x":{"a":1,"a":1}}]', "json.duplicate-member", 0),
    "half a surrogate pair": ('{"a":"\\ud800"}', "json.lone-surrogate", 0),
    "half a surrogate pair in a name": ('{"\\uDFFF":1}', "json.lone-surrogate", 0),
    "half a surrogate pair, unescaped": ('\n"\ud800"', "document.not-utf-8", 2),
    "bytes that are not UTF-8": (b'\n\n"\xff"', "document.not-utf-8", 3),
    "one level too many": (nested(MAX_DEPTH + 2), "json.too-deep", 0),
    "more levels than Python recurses": (nested(100_000), "json.too-deep", 0),
    "a byte too many": (b" " * MAX_DOCUMENT_BYTES + b"1", "document.too-large", 0),
}


@pytest.mark.parametrize(("text", "code", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(text: str | bytes, code: str, line: int) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_json(text, "policy.json")
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document, fault.line) == (code, "policy.json", line)
    assert "\n" not in fault.problem


def test_the_deepest_document_that_is_read() -> None:
    assert parse_json(nested(MAX_DEPTH + 1)) is not None


def test_the_largest_document_that_is_read() -> None:
    assert parse_json(b" " * (MAX_DOCUMENT_BYTES - 1) + b"1") == 1


def test_a_repeated_member_is_named_on_one_line() -> None:
    with pytest.raises(SekishoInputError, match=r"the member `a\\nb` occurs twice"):
        parse_json('{"a\\nb":1,"a\\nb":2}')


def test_a_long_member_name_is_cut() -> None:
    name = "n" * 61
    with pytest.raises(SekishoInputError, match=rf"the member `{'n' * 60}\.\.\.` occurs twice"):
        parse_json(f'{{"{name}":1,"{name}":2}}')


def test_the_last_of_many_members_repeated_is_found_at_once() -> None:
    # Quadratic work on these 200,000 members would take minutes.
    members = ",".join(f'"{number}":0' for number in range(200_000))
    with pytest.raises(SekishoInputError, match="the member `199999` occurs twice"):
        parse_json(f'{{{members},"199999":0}}')


def test_written_compact_in_order_as_utf_8() -> None:
    assert to_json({"b": [1, None], "a": "é"}) == '{"b":[1,null],"a":"é"}'.encode()
