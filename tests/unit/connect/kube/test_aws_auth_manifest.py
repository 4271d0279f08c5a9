"""A manifest of aws-auth as text: what changes and what stays."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sekisho.connect.kube.manifest import EMPTY_MANIFEST, parse_manifest, with_data
from sekisho.decide.values import SekishoInputError, documents

HEAD = "kind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\n"
ROLES = "- rolearn: a\n"
USERS = "- userarn: b\n"

EDITED = {
    "a literal is replaced, comments around it stay": (
        f"# top\n{HEAD}data: # here\n  # roles\n  mapRoles: |\n    - x\n\n# end\n",
        f"# top\n{HEAD}data: # here\n  # roles\n  mapRoles: |\n    - rolearn: a\n\n# end\n",
        {"mapRoles": ROLES},
    ),
    "a section is added after the last": (
        f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n\n# end\n",
        f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n  mapUsers: |\n    - userarn: b\n\n# end\n",
        {"mapRoles": ROLES, "mapUsers": USERS},
    ),
    "after a plain value with a comment": (
        f"{HEAD}data:\n    other: x # why\n",
        f"{HEAD}data:\n    other: x # why\n    mapUsers: |\n      - userarn: b\n",
        {"other": "x", "mapUsers": USERS},
    ),
    "the last is changed and another added": (
        f"{HEAD}data:\n  mapRoles: |\n    - x\nz: 1\n",
        f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n  mapUsers: |\n    - userarn: b\nz: 1\n",
        {"mapRoles": ROLES, "mapUsers": USERS},
    ),
    "text of the last line without an end": (
        f"{HEAD}data:\n  mapRoles: |\n    - x",
        f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n",
        {"mapRoles": ROLES},
    ),
    "a quoted value becomes a literal": (
        f'{HEAD}data:\n  mapUsers: "[]"  # none\n  mapRoles: ""\n',
        f'{HEAD}data:\n  mapUsers: "[]"  # none\n  mapRoles: |\n    - rolearn: a\n',
        {"mapUsers": "[]", "mapRoles": ROLES},
    ),
    "another document of the stream stays": (
        f"a: 1 # one\n---\n{HEAD}data:\n  mapRoles: |\n    - x\n---\n# nothing\n---\nb: 2 # two\n",
        f"a: 1 # one\n---\n{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n---\n# nothing\n---\nb: 2 # two\n",
        {"mapRoles": ROLES},
    ),
    "line ends of Windows stay": (
        f"{HEAD}data:\n  mapRoles: |\n    - x\n# end\n".replace("\n", "\r\n"),
        f"{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n# end\n".replace("\n", "\r\n"),
        {"mapRoles": ROLES},
    ),
    "letters outside ASCII before it": (
        f"# 関所 😀\n{HEAD}data:\n  mapRoles: |\n    - x\n",
        f"# 関所 😀\n{HEAD}data:\n  mapRoles: |\n    - rolearn: a\n",
        {"mapRoles": ROLES},
    ),
    "no line end at its end": (
        f"{HEAD}data:\n  mapRoles: |\n    - x\n",
        f"{HEAD}data:\n  mapRoles: |-\n    - a\n",
        {"mapRoles": "- a"},
    ),
    "an indented first line": (
        f"{HEAD}data:\n  mapRoles: |\n    - x\n",
        f"{HEAD}data:\n  mapRoles: |2\n      - a\n",
        {"mapRoles": "  - a\n"},
    ),
    "what no literal can say is quoted": (
        f"{HEAD}data:\n  mapRoles: |\n    - x\n# end\n",
        f'{HEAD}data:\n  mapRoles: "- a\\n\\n\\n"\n# end\n',
        {"mapRoles": "- a\n\n\n"},
    ),
}


@pytest.mark.parametrize(("before", "after", "data"), EDITED.values(), ids=EDITED.keys())
def test_only_the_changed_section_is_written(before: str, after: str, data: dict[str, str]) -> None:
    assert with_data(parse_manifest(before, "f"), data) == after
    assert parse_manifest(after, "f").data == data


REWRITTEN = {
    "no data": HEAD,
    "empty data": f"{HEAD}data:\n",
    "flow style": HEAD + "data: {mapRoles: '- x'}\n",
    "an alias": "kind: &k ConfigMap\nmetadata: {name: aws-auth}\ndata:\n  mapRoles: *k\n",
    "a tab that only one reader of YAML takes": f"{HEAD}data:\n  mapRoles:\t|\n    - x\n",
    "the manifest this program starts": EMPTY_MANIFEST,
}


def whole(text: str) -> Any:
    return documents.parse_yaml(text)


@pytest.mark.parametrize("before", REWRITTEN.values(), ids=REWRITTEN.keys())
def test_other_yaml_is_written_anew_with_the_same_content(before: str) -> None:
    after = with_data(parse_manifest(before, "f"), {"mapRoles": ROLES})
    assert yaml.safe_load(after) == {**whole(before), "data": {"mapRoles": ROLES}}


def test_json_stays_json() -> None:
    manifest = {"kind": "ConfigMap", "metadata": {"name": "aws-auth", "labels": {"a": "é"}}, "data": {}}
    after = with_data(parse_manifest(json.dumps(manifest), "f"), {"mapRoles": ROLES})
    assert json.loads(after) == {**manifest, "data": {"mapRoles": ROLES}}


REFUSED = {
    "nothing": ("", "map.not-aws-auth", 0),
    "another kind": ("kind: Secret\nmetadata: {name: aws-auth}\n", "map.not-aws-auth", 0),
    "another name": ("kind: ConfigMap\nmetadata: {name: aws}\n", "map.not-aws-auth", 0),
    "another namespace": (
        "kind: ConfigMap\nmetadata: {name: aws-auth, namespace: default}\n",
        "map.not-aws-auth",
        0,
    ),
    "twice": (f"{HEAD}---\n{HEAD}", "map.not-aws-auth", 0),
    "data is a list": (f"{HEAD}data: []\n", "map.data-not-a-mapping", 3),
    "a section is a list": (f"{HEAD}data:\n  mapRoles:\n  - x\n", "map.section-not-text", 4),
    "a section is a mapping": (f"{HEAD}data:\n  mapRoles: {{}}\n", "map.section-not-text", 4),
    "a section is nothing": (f"{HEAD}data:\n  mapRoles:\n", "map.section-not-text", 4),
    "a section is a number": (f"a: 1\n---\n{HEAD}data:\n  mapRoles: 1\n", "map.section-not-text", 6),
    "not YAML": ("kind: [\n", "yaml.syntax", 2),
    "not JSON": ("{\n", "json.syntax", 2),
}


@pytest.mark.parametrize(("text", "code", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, code: str, line: int) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_manifest(text, "f")
    assert [(fault.code, fault.line) for fault in caught.value.faults] == [(code, line)]


LINES = {
    "literal": (f"{HEAD}data:\n  mapRoles: |\n    - a\n    - b\n", 2, 6),
    "value on its key's line": (f'{HEAD}data:\n  mapRoles: "- a"\n', 1, 4),
    "second document": (f"a: 1\n---\n{HEAD}data:\n  mapRoles: |\n    - a\n", 1, 7),
    "not there": (HEAD, 1, 0),
}


@pytest.mark.parametrize(("text", "line", "expected"), LINES.values(), ids=LINES.keys())
def test_lines_of_a_section_are_found_in_the_file(text: str, line: int, expected: int) -> None:
    assert parse_manifest(text, "f").line_of("mapRoles", line) == expected


SECTIONS = st.dictionaries(
    st.sampled_from(["mapRoles", "mapUsers", "mapAccounts"]),
    st.text(st.sampled_from(list("- a#:|'\"\\\n\té\x07")), max_size=12),
)


@given(before=SECTIONS, more=SECTIONS)
def test_what_is_written_reads_back(before: dict[str, str], more: dict[str, str]) -> None:
    lines = (f"  {name}: {json.dumps(text)}\n" for name, text in before.items())
    manifest = parse_manifest(f"{HEAD}data:{'' if before else ' {}'}\n{''.join(lines)}kept: yes\n", "f")
    after = {**before, **more}
    text = with_data(manifest, after)
    assert parse_manifest(text, "f").data == after
    assert documents.line_of(text, "/kept") > 0
