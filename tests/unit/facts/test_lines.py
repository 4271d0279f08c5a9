"""From a place to its line, also inside YAML and JSON that a file carries as text."""

import pytest

from sekisho.facts.lines import line_of

MAP = "data:\n  mapRoles: |  # mappings\n    - rolearn: a\n      groups:\n        - g\n  n: 1\n"
CASES = {
    "a member": (MAP, "/data/n", 0, 6),
    "the text itself": (MAP, "/data/mapRoles", 0, 2),
    "an entry inside the text": (MAP, "/data/mapRoles/0", 0, 3),
    "a member inside the text": (MAP, "/data/mapRoles/0/groups/0", 0, 5),
    "what is not inside the text": (MAP, "/data/mapRoles/7", 0, 3),
    "an item that is a text": ("- |\n  a: 1\n  b: 2\n", "/0/b", 0, 3),
    "the second document": (f"a: 1\n---\n{MAP}", "/data/mapRoles/0", 1, 5),
    "a kept last newline": ("a: |+\n  - x\n\n", "/a/0", 0, 2),
    "a folded text has no lines": ("a: >\n  - x\n  - y\n", "/a/1", 0, 1),
    "a quoted text has no lines": ('{"a": "- x\\n- y"}', "/a/1", 0, 1),
    "a comment that looks like a text": ("a:\n  b: 1  # or c: |\n", "/a/b/c/d", 0, 2),
    "a list that looks like a text": ("a: [1]  # b: |\n", "/a/5/x", 0, 1),
    "an item after a comment that looks like a text": ("a: [b]  # b: |\n", "/a/0", 0, 1),
    "a document that is not strict": ("a: |\n  - x\na: |\n  - y\n", "/a/0", 0, 1),
    "no YAML": ("a: [", "/a", 0, 0),
    "no such document": ("a: 1", "/a", 1, 0),
    "empty": ("", "", 0, 0),
}


@pytest.mark.parametrize(("text", "pointer", "document", "line"), CASES.values(), ids=CASES.keys())
def test_a_place_has_a_line(text: str, pointer: str, document: int, line: int) -> None:
    assert line_of(text, pointer, document) == line


def test_a_line_that_is_known_inside_the_text_counts_from_its_start() -> None:
    assert line_of(MAP, "/data/mapRoles", 0, 3) == 5
    assert line_of(MAP, "/data/n", 0, 3) == 6
