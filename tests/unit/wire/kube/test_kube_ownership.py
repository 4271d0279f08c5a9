"""Who owns fields after a write: the rules of the documentation, by small ConfigMaps."""

from typing import Any

import pytest

from sekisho.wire.kube import structure
from sekisho.wire.kube.field_set import FieldSet, shown
from sekisho.wire.kube.managed_fields import (
    Manager,
    Owned,
    applier,
    is_reset,
    manager_name,
    read,
    updater,
    with_known_times,
    write,
)
from sekisho.wire.kube.ownership import (
    ANCIENT,
    BEFORE_FIRST_APPLY,
    LAST_APPLIED,
    MAX_UPDATERS,
    ApplyConflictsError,
    Write,
    applied,
    updated,
)

NOW, EARLIER = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
WRITE = Write(structure.load().of_kind("v1", "ConfigMap"), "v1", NOW)
KEY_A = ("f:data", "f:a")


def config_map(data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", **metadata}}
    return body if data is None else {**body, "data": data}


def owned(*paths: tuple[str, ...], time: str = EARLIER) -> Owned:
    return Owned(FieldSet.of(paths), "v1", time)


def test_a_create_owns_what_it_sets_and_no_identity() -> None:
    found = updated(WRITE, {}, config_map({"a": "1"}, labels={"l": "1"}), {}, updater("me", "v1"))
    assert [shown(path) for path in found[updater("me", "v1")].fields.paths()] == [
        ".data",
        ".data.a",
        ".metadata.labels",
        ".metadata.labels.l",
    ]


def test_an_update_takes_what_it_changes_and_leaves_the_rest() -> None:
    managed = {applier("other"): owned(KEY_A, ("f:data", "f:b"))}
    before, after = config_map({"a": "1", "b": "1"}, uid="u"), config_map({"a": "2", "b": "1"}, uid="u")
    found = updated(WRITE, before, after, managed, updater("me", "v1"))
    assert list(found[applier("other")].fields.paths()) == [("f:data", "f:b")]
    assert found[updater("me", "v1")] == owned(KEY_A, time=NOW)


def test_what_is_removed_has_no_owner_left() -> None:
    managed = {applier("other"): owned(KEY_A)}
    before, after = config_map({"a": "1", "b": "1"}, uid="u"), config_map({"b": "1"}, uid="u")
    assert updated(WRITE, before, after, managed, updater("me", "v1")) == {}


def test_an_object_that_nobody_manages_stays_so_until_it_is_applied() -> None:
    before, after = config_map({"a": "1"}, uid="u"), config_map({"a": "2"}, uid="u")
    assert updated(WRITE, before, after, {}, updater("me", "v1")) == {}
    with pytest.raises(ApplyConflictsError) as raised:
        applied(WRITE, before, config_map({"a": "2"}), {}, "me", force=False)
    assert raised.value.pairs() == [(updater(BEFORE_FIRST_APPLY, "v1"), KEY_A)]


def test_the_same_value_is_owned_together() -> None:
    managed = {applier("other"): owned(KEY_A)}
    result, found = applied(
        WRITE, config_map({"a": "1"}, uid="u"), config_map({"a": "1"}), managed, "me", force=False
    )
    assert result is None
    assert {manager.name: owner.time for manager, owner in found.items()} == {"other": EARLIER, "me": ""}


@pytest.mark.parametrize(("others", "left"), [({}, None), ({applier("other"): owned(KEY_A)}, {"a": "1"})])
def test_what_an_applier_gives_up_goes_unless_somebody_else_owns_it(others: Any, left: Any) -> None:
    managed = {applier("me"): owned(KEY_A), **others}
    result, _ = applied(WRITE, config_map({"a": "1"}, uid="u"), config_map(), managed, "me", force=False)
    found = config_map({"a": "1"}) if result is None else result
    assert (found.get("data") or None) == left


def test_force_takes_a_field_from_its_owner() -> None:
    managed = {updater("other", "v1"): owned(KEY_A)}
    result, found = applied(
        WRITE, config_map({"a": "1"}, uid="u"), config_map({"a": "2"}), managed, "me", force=True
    )
    assert result is not None
    assert result["data"] == {"a": "2"}
    assert list(found) == [applier("me")]


@pytest.mark.parametrize(("manager", "conflict"), [("kubectl", False), ("other", True)])
def test_kubectl_takes_over_what_client_side_apply_set(manager: str, conflict: bool) -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"a":"1"}}'
    live = config_map({"a": "1"}, uid="u", annotations={LAST_APPLIED: last})
    managed = {updater("kubectl-client-side-apply", "v1"): owned(KEY_A)}
    try:
        result, _ = applied(WRITE, live, config_map({"a": "<2>"}), managed, manager, force=False)
    except ApplyConflictsError:
        assert conflict
        return
    assert not conflict
    assert result is not None
    told = result["metadata"]["annotations"][LAST_APPLIED]  # type: ignore[index,call-overload]
    assert told == (
        '{"apiVersion":"v1","data":{"a":"\\u003c2\\u003e"},"kind":"ConfigMap","metadata":{"name":"m"}}\n'
    )


@pytest.mark.parametrize(("already", "merged"), [(MAX_UPDATERS - 1, False), (MAX_UPDATERS, True)])
def test_updaters_beyond_ten_are_merged_oldest_first(already: int, merged: bool) -> None:
    managed = {
        updater(f"u{n:02}", "v1"): owned(("f:data", f"f:{n}"), time=f"2026-01-01T00:00:{n:02}Z")
        for n in range(already)
    }
    data = {str(n): "1" for n in range(already)}
    before, after = config_map(data, uid="u"), config_map({**data, "a": "1"}, uid="u")
    found = updated(WRITE, before, after, managed, updater("new", "v1"))
    assert len(found) == MAX_UPDATERS
    bucket = found.get(updater(ANCIENT, "v1"))
    assert (bucket is not None) == merged
    if bucket is not None:
        assert bucket == owned(("f:data", "f:0"), ("f:data", "f:1"), time="2026-01-01T00:00:01Z")


@pytest.mark.parametrize(
    ("field_manager", "agent", "expected"),
    [
        ("me", "kubectl/v1", "me"),
        ("", "kubectl/v1.37 (linux)", "kubectl"),
        ("", "", ""),
        ("", "a\x00b/1", "ab"),
        ("", "x" * 200, "x" * 128),
        ("", "é" * 100, "é" * 64),
    ],
)
def test_who_writes_is_told_by_the_parameter_or_the_user_agent(
    field_manager: str, agent: str, expected: str
) -> None:
    assert manager_name(field_manager, agent) == expected
    assert updater(expected, "v1").name == (expected or "unknown")


ENTRY: dict[str, Any] = {
    "manager": "m",
    "operation": "Apply",
    "apiVersion": "v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {},
}


@pytest.mark.parametrize(
    "change",
    [{"operation": "Nope"}, {"apiVersion": ""}, {"fieldsType": ""}, {"fieldsV1": {"x": {}}}],
    ids=str,
)
def test_malformed_entries_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read([{**ENTRY, **change}])


def test_entries_are_written_as_they_were_read() -> None:
    entries: list[Any] = [
        {**ENTRY, "time": NOW, "fieldsV1": {"f:data": {"f:a": {}}}},
        {**ENTRY, "manager": "b", "operation": "Update", "subresource": "status", "fieldsV1": {"f:x": {}}},
    ]
    assert write(read(entries)) == entries
    assert [manager.shown() for manager in read(entries)] == ['"m"', '"b" with subresource "status" using v1']


@pytest.mark.parametrize(
    ("metadata", "reset"),
    [
        ({}, False),
        ({"managedFields": None}, False),
        ({"managedFields": []}, True),
        ({"managedFields": [{}]}, True),
        ({"managedFields": [{}, {}]}, False),
        ({"managedFields": [ENTRY]}, False),
    ],
)
def test_an_empty_list_asks_for_a_reset(metadata: dict[str, Any], reset: bool) -> None:
    assert is_reset(metadata) == reset


@pytest.mark.parametrize(("data", "time"), [({"a": "1"}, EARLIER), ({"a": "2"}, NOW)])
def test_a_write_that_changes_nothing_but_times_changes_nothing(data: dict[str, str], time: str) -> None:
    before = config_map({"a": "1"}, managedFields=[{**ENTRY, "time": EARLIER}])
    after = config_map(data, managedFields=[{**ENTRY, "time": NOW}])
    found: Any = with_known_times(before, after)
    assert found["metadata"]["managedFields"][0]["time"] == time


def test_managers_are_the_same_in_every_version_if_they_apply() -> None:
    entries: list[Any] = [ENTRY]
    assert list(read(entries)) == [Manager("m", "Apply", "")] == [applier("m")]
