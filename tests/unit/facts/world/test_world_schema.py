"""The JSON Schema of world files: valid, of the tables, and true of every world file that there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sekisho.decide.values import documents
from sekisho.facts.world.schema import world_schema
from sekisho.facts.world.tables import API_VERSION
from unit.facts.world import test_world_organizations
from unit.facts.worlds import WORLD, changed

ROOT = Path(__file__).parents[4]
SCHEMA = world_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
PAGE = (ROOT / "docs/reference/world-file.md").read_text(encoding="utf-8")


def world_files() -> Iterator[tuple[str, str]]:
    """Yield every world file of the documentation, of the package and of the tests."""
    yield "default.yaml", (ROOT / "src/sekisho/lab/world/default.yaml").read_text(encoding="utf-8")
    yield "worlds.py", WORLD
    yield "test_world_organizations.py", test_world_organizations.WORLD
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
            if API_VERSION in block:
                yield f"{path.relative_to(ROOT)} {number}", block
    for path in sorted((ROOT / "tests").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.lstrip().startswith(f"apiVersion: {API_VERSION}"):
            yield str(path.relative_to(ROOT)), text


def test_the_schema_is_one_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("row", list(world_files()), ids=lambda row: row[0])
def test_every_world_file_there_is_fits_the_schema(row: tuple[str, str]) -> None:
    faults = [error.message for error in VALIDATOR.iter_errors(documents.parse_yaml(row[1]))]
    assert faults == []


REFUSED = {
    "unknown key": changed("region:", "regoin: x\nregion:"),
    "region missing": changed("region: ap-northeast-1\n", ""),
    "id a number": changed('"111122223333"\n    name', "111122223333\n    name"),
    "role without trust": changed("        trust:\n", "        turst:\n"),
    "session too short": changed("maxSessionDuration: 7200", "maxSessionDuration: 3599"),
    "mode": changed("account: dev", "account: dev\n    authenticationMode: CONFIGMAP"),
    "null in a list": changed("groups: [staff]", "groups: [null]"),
    "list for an object": changed("tags: {team: blue}", "tags: [blue]"),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_a_schema_can_tell_is_refused(text: str) -> None:
    assert not VALIDATOR.is_valid(documents.parse_yaml(text))


def test_an_optional_member_may_be_null_as_the_reader_has_it() -> None:
    text = changed("        path: /team/", "        path: null").replace(
        "tags: {team: blue}", "tags: {team: }"
    )
    assert VALIDATOR.is_valid(documents.parse_yaml(text))


def _keys(value: Any) -> Iterator[str]:
    for name, member in value.items() if isinstance(value, dict) else ():
        if name == "properties":
            yield from member
        yield from _keys(member)


def test_every_key_is_told_in_the_reference() -> None:
    assert [key for key in dict.fromkeys(_keys(SCHEMA)) if f"`{key}`" not in PAGE] == []
