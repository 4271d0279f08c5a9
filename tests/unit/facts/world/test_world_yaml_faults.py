"""YAML that is no world: duplicate keys, bombs, wrong types and near misses, each with its line."""

import pytest

from sekisho.decide.values import InputFault, SekishoInputError
from sekisho.facts.world.file import parse_world
from sekisho.facts.world.tables import WORLD as WORLD_TABLE
from unit.facts.worlds import WORLD, changed

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def faults_of(text: str) -> tuple[InputFault, ...]:
    with pytest.raises(SekishoInputError) as caught:
        parse_world(text, "w")
    return caught.value.faults


YAML = {
    "key twice": (changed("region: ap-northeast-1\n", "region: a\nregion: b\n"), "yaml.duplicate-key", 4),
    "key twice deep inside": (
        changed("        path: /team/\n", "        path: /a/\n        path: /b/\n"),
        "yaml.duplicate-key",
        22,
    ),
    "merge key": (changed("region:", "<<: {a: 1}\nregion:"), "yaml.merge-key", 3),
    "alias bomb": (BOMB + WORLD, "yaml.too-large", 1),
    "alias of nothing": (changed("region: ap", "region: *ap"), "yaml.syntax", 3),
    "tag of Python": (
        changed("region: ap-northeast-1", "region: !!python/name:os.system x"),
        "yaml.unsupported-value",
        3,
    ),
    "key that is a list": (changed("region:", "? [a]\n: 1\nregion:"), "yaml.key-not-a-string", 3),
    "tab as indentation": (changed("    name: dev", "\tname: dev"), "yaml.syntax", 6),
    "two documents": (WORLD + "---\nkind: World\n", "yaml.several-documents", 0),
    "infinity": (
        changed("maxSessionDuration: 7200", "maxSessionDuration: .inf"),
        "yaml.unsupported-value",
        33,
    ),
    "too deep": (changed("region: ap-northeast-1", f"region: {'[' * 600}{']' * 600}"), "yaml.too-deep", 3),
}


@pytest.mark.parametrize("row", YAML.values(), ids=YAML.keys())
def test_yaml_that_is_not_strict_is_refused_with_its_line(row: tuple[str, str, int]) -> None:
    text, code, line = row
    assert [(fault.code, fault.line) for fault in faults_of(text)] == [(code, line)]


def test_an_alias_that_multiplies_nothing_is_fine() -> None:
    text = changed("tags: {team: blue}", "tags: &tags {team: blue}").replace(
        "description: what the app may do", "tags: *tags"
    )
    world = parse_world(text, "w")
    assert world.roles[0].tags == world.users[1].tags == (("team", "blue"),)


WRONG = ("5", "true", "x", "[]", "{}", "[1]", "{a: 1}", "1.5", "2026-01-01", "null")


EMPTY = {"[]", "null"}
"""What a list may be and say nothing."""


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("member", [one.name for one in WORLD_TABLE.members])
def test_no_type_of_a_member_ends_the_reader(member: str, value: str) -> None:
    world = {"apiVersion": "sekisho.dev/v1alpha1", "kind": "World", "region": "eu-west-1", member: value}
    text = "".join(f"{name}: {written}\n" for name, written in world.items())
    if member in ("accounts", "organizations", "clusters", "userPools", "images") and value in EMPTY:
        assert parse_world(text, "w").accounts == ()
        return
    assert {fault.line > 0 for fault in faults_of(text)} == {True}


NEAR = {
    "at the top": ("region:", "regoin: x\nregion:", "region"),
    "organization": ("clusters:\n", "organisations: []\nclusters:\n", "organizations"),
    "of a user": ("        path: /team/", "        pth: /team/", "path"),
    "of a role": ("        maxSessionDuration", "        maxSesionDuration", "maxSessionDuration"),
    "of a cluster": ("    creator: user/eks-admin", "    creater: user/eks-admin", "creator"),
    "of a node": ("        ready: false", "        raedy: false", "ready"),
    "in another case": ("          - profile: default", "          - Profile: default", "profile"),
}


@pytest.mark.parametrize("row", NEAR.values(), ids=NEAR.keys())
def test_an_unknown_key_is_answered_with_the_nearest(row: tuple[str, str, str]) -> None:
    old, new, meant = row
    text = changed(old, new)
    hints = [fault.hint for fault in faults_of(text) if fault.code == "world.unknown-key"]
    assert hints == [f"did you mean `{meant}`"]
