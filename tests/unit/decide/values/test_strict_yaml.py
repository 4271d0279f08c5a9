"""YAML as Kubernetes reads it, bounded; and the line of what was read."""

import subprocess
import sys

import pytest

from sekisho.decide.values import Json, SekishoInputError
from sekisho.decide.values.documents import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    line_of,
    parse_yaml,
    parse_yaml_all,
)

READ: dict[str, tuple[str | bytes, Json]] = {
    "nothing": ("", None),
    "a mapping": ("a: 1\nb: [x, null, ~, true, 1.5]\n", {"a": 1, "b": ["x", None, None, True, 1.5]}),
    "JSON": ('{"a": {"b": []}}', {"a": {"b": []}}),
    "bytes with a byte order mark": (b"\xef\xbb\xbfa: \xc3\xa9", {"a": "é"}),
    "on and off are YAML 1.1's booleans": ("[on, off]", [True, False]),
    "scalar keys are their text": ("8080: a\ntrue: b\n", {"8080": "a", "true": "b"}),
    "a date stays text": ("at: 2026-01-31\n", {"at": "2026-01-31"}),
    "a time is not a number in base 60": ("[12:30, 1:2.5]", ["12:30", "1:2.5"]),
    "octal and hexadecimal": ("[0644, 0x10]", [420, 16]),
    "an account id with a leading zero, quoted": ('"012345678901"', "012345678901"),
    "an alias": ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    "an explicit standard tag": ("!!str 1", "1"),
    "a document of comments beside another": ("# nothing\n---\na: 1\n", {"a": 1}),
}


@pytest.mark.parametrize(("text", "value"), READ.values(), ids=READ.keys())
def test_values(text: str | bytes, value: Json) -> None:
    assert parse_yaml(text) == value


REFUSED: dict[str, tuple[str | bytes, str, int]] = {
    "no YAML": ("a: [1\nb: 2", "yaml.syntax", 2),
    "an unknown alias": ("a: 1\nb: *x\n", "yaml.syntax", 2),
    "a control character": ("a: \x01", "yaml.syntax", 0),
    "a tab as indentation": ("a:\n\tb: 1", "yaml.syntax", 2),
    "two documents": ("a: 1\n---\nb: 1\n", "yaml.several-documents", 0),
    "a key twice": ("a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 3),
    "a key twice in two spellings": ("1: x\n'1': y\n", "yaml.duplicate-key", 2),
    "a list as key": ("? [a]\n: 1\n", "yaml.key-not-a-string", 1),
    "a merge key": ("a: &x {b: 1}\nc:\n  <<: *x\n", "yaml.merge-key", 3),
    "not a number": ("a: .nan", "yaml.unsupported-value", 1),
    "an infinity": ("a: 1\nb: -.inf\n", "yaml.unsupported-value", 2),
    "binary": ("!!binary aGk=", "yaml.unsupported-value", 1),
    "a tag of one's own": ("!foo bar", "yaml.unsupported-value", 1),
    "a tag of one's own on a list": ("a:\n- !foo [1]\n", "yaml.unsupported-value", 2),
    "a tag of one's own on a mapping": ("!foo {a: 1}", "yaml.unsupported-value", 1),
    "an object of Python": ("!!python/object/apply:os.system [ls]", "yaml.unsupported-value", 1),
    "a set": ("!!set {a}", "yaml.unsupported-value", 1),
    "a list said to be a number": ("!!int [1]", "yaml.unsupported-value", 1),
    "an empty integer": ('!!int ""', "yaml.unsupported-value", 1),
    "an integer that is none": ("!!int abc", "yaml.unsupported-value", 1),
    "an empty float": ('!!float ""', "yaml.unsupported-value", 1),
    "a boolean that is none": ("!!bool perhaps", "yaml.unsupported-value", 1),
    "an integer of ten thousand digits": ("1" * 10_000, "yaml.unsupported-value", 1),
    "half a surrogate pair": ("a:\n- \ud800", "document.not-utf-8", 2),
    "one level too many in brackets": ("[" * 102 + "]" * 102, "yaml.too-deep", 1),
    "one level too many in lines": (
        "\n".join(" " * depth + "-" for depth in range(102)) + " x",
        "yaml.too-deep",
        102,
    ),
    "an alias inside itself": ("a: &x\n- *x\n", "yaml.too-deep", 1),
    "a byte too many": (b"#" * (MAX_DOCUMENT_BYTES + 1), "document.too-large", 0),
}


@pytest.mark.parametrize(("text", "code", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(text: str | bytes, code: str, line: int) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_yaml(text, "manifest.yaml")
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document, fault.line) == (code, "manifest.yaml", line)
    assert "\n" not in fault.problem


def test_the_deepest_document_that_is_read() -> None:
    assert parse_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) is not None


def test_the_values_of_a_stream_count_together() -> None:
    # Each document alone stays below the bound; ten thousand of them would take hours.
    bomb = "\n".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9 if n else '1')}]" for n in range(7))
    with pytest.raises(SekishoInputError, match=r"more than [0-9]+ values"):
        parse_yaml_all("\n---\n".join([bomb] * 10))


MANY = "\n".join(f"k{n}: [{{}}, []]" for n in range(400))
"""More brackets than a text may have that is not looked at twice, but none deep."""


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert parse_yaml(MANY) == {f"k{n}": [{}, []] for n in range(400)}
    assert line_of(MANY, "/k399/1") == 400


def test_many_brackets_inside_each_other_are() -> None:
    text = "a: 1\nb: " + "[" * 1_001
    with pytest.raises(SekishoInputError) as caught:
        parse_yaml(text)
    assert [(fault.code, fault.line) for fault in caught.value.faults] == [("yaml.too-deep", 2)]
    assert line_of(text, "/b") == 0


DEEP = {
    "brackets": "'[' * 1_000_000",
    "mappings in one line": "'{a: ' * 200_000",
    "dashes in one line": "'- ' * 300_000",
    "question marks in one line": "'? ' * 300_000",
    "lines that move to the right": "'\\n'.join(' ' * depth + 'a:' for depth in range(4_000))",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_nesting_without_end_does_not_end_the_process(text: str) -> None:
    """The composer recurses in C: an overrun stack would be a signal, which no `except` sees."""
    program = f"""
from sekisho.decide.values import SekishoInputError, documents
try:
    documents.parse_yaml({text})
except SekishoInputError as error:
    print(error.faults[0].code, documents.line_of({text}, "/0"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, ["yaml.too-deep", "0"])


def test_what_has_no_json_form_is_not_quoted() -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_yaml("password: !!binary c2VjcmV0")
    assert "c2VjcmV0" not in str(caught.value)


def test_documents_with_their_lines_without_the_empty_ones() -> None:
    text = "# head\n---\na: 1\n---\n---\n\n- b\n"
    assert parse_yaml_all(text) == [({"a": 1}, 3), (["b"], 7)]


LINES = {
    "the document": ("", 1),
    "a member counts from its key": ("/spec", 2),
    "a member on a line of its own": ("/spec/rules", 3),
    "an index": ("/spec/rules/1", 5),
    "a member of it": ("/spec/rules/1/b", 6),
    "a key with a slash": ("/spec/x~1y", 7),
    "no such member: the mapping": ("/spec/none", 2),
    "past the end of a list: the list": ("/spec/rules/7", 3),
    "a name where a list stands": ("/spec/rules/b", 3),
    "an index of too many digits": (f"/spec/rules/{'9' * 5000}", 3),
    "inside a scalar: the scalar": ("/a/b", 1),
}


@pytest.mark.parametrize(("pointer", "line"), LINES.values(), ids=LINES.keys())
def test_line_of(pointer: str, line: int) -> None:
    text = "a: 1\nspec:\n  rules:\n  - a: 1\n  - c: 1\n    b: 2\n  x/y: 3\n"
    assert line_of(text, pointer) == line


def test_line_of_in_a_later_document() -> None:
    text = "a: 1\n---\n# nothing\n---\nb:\n- 1\n"
    assert [line_of(text, "/b/0", 1), line_of(text, "", 2)] == [6, 0]


def test_line_of_in_json() -> None:
    assert line_of('{\n  "a": [\n    1,\n    2\n  ]\n}', "/a/1") == 4


@pytest.mark.parametrize(
    "text", ["a: [", "\ud800", "\x01", ""], ids=["syntax", "surrogate", "control", "empty"]
)
def test_line_of_what_cannot_be_read_is_0(text: str) -> None:
    assert line_of(text, "/a") == 0
