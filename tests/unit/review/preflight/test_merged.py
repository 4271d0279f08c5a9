"""What an object is after `kubectl apply`, from the manifest, the object and what was applied last."""

import json

import pytest

from sekisho.decide.values import Json, JsonObject
from sekisho.review.preflight.merged import LAST_APPLIED, is_unchanged, last_applied, merged


def live(last: Json, **members: Json) -> JsonObject:
    kept: Json = {LAST_APPLIED: json.dumps(last)} if last is not None else {}
    return {"kind": "Role", "metadata": {"name": "r", "uid": "1", "annotations": kept}, **members}


def manifest(**members: Json) -> JsonObject:
    return {"kind": "Role", "metadata": {"name": "r"}, **members}


MERGES: dict[str, tuple[JsonObject, JsonObject, str, Json]] = {
    "a list is replaced": (manifest(rules=[1]), live(None, rules=[2, 3]), "rules", [1]),
    "what nobody applied stays": (manifest(), live(None, rules=[2]), "rules", [2]),
    "what was applied and is gone is removed": (
        manifest(), live({"rules": [2]}, rules=[2]), "rules", None,
    ),
    "members of an object are merged": (
        manifest(data={"a": "1"}), live(None, data={"a": "0", "b": "2"}), "data", {"a": "1", "b": "2"},
    ),
    "inside an object too, what is gone is removed": (
        manifest(data={"a": "1"}),
        live({"data": {"b": "2"}}, data={"a": "0", "b": "2", "c": "3"}),
        "data",
        {"a": "1", "c": "3"},
    ),
    "null removes": (manifest(rules=None), live(None, rules=[2]), "rules", None),
    "an object takes the place of a list": (
        manifest(data={"a": "1"}), live(None, data=[1]), "data", {"a": "1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "now", "member", "expected"), MERGES.values(), ids=MERGES)
def test_merged(wanted: JsonObject, now: JsonObject, member: str, expected: Json) -> None:
    found = merged(wanted, now)
    assert found.get(member) == expected
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["uid"] == "1"


APPLIED: JsonObject = {"kind": "Role", "metadata": {"name": "r", "annotations": {}}, "rules": [1]}
SAME: dict[str, tuple[JsonObject, JsonObject, bool]] = {
    "applied and still so": (manifest(rules=[1]), live(APPLIED, rules=[1]), True),
    "changed since by hand": (manifest(rules=[1]), live(APPLIED, rules=[2]), False),
    "another manifest": (manifest(rules=[2]), live(APPLIED, rules=[1]), False),
    "the same, but never applied": (manifest(rules=[1]), live(None, rules=[1]), False),
}


@pytest.mark.parametrize(("wanted", "now", "expected"), SAME.values(), ids=SAME)
def test_whether_there_is_anything_to_patch(wanted: JsonObject, now: JsonObject, expected: bool) -> None:
    assert is_unchanged(wanted, now) is expected


@pytest.mark.parametrize("text", ["", "{", "[]", '"a"'])
def test_an_annotation_that_is_no_manifest_counts_for_nothing(text: str) -> None:
    assert last_applied({"metadata": {"annotations": {LAST_APPLIED: text}}}) is None
    assert last_applied({"metadata": None}) is None
    assert last_applied({}) is None
