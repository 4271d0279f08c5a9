"""Conditions of a status: one of each type, with the time of its last change."""

from collections.abc import Sequence

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube.members import text


def condition(type_: str, status: str, reason: str, message: str) -> dict[str, Json]:
    """Return a condition without times."""
    return {"type": type_, "status": status, "reason": reason, "message": message}


def with_condition(before: Sequence[JsonObject], wanted: JsonObject, now: Instant) -> list[JsonObject]:
    """Return the conditions with ``wanted``; it keeps its time while its status stays the same."""
    type_ = text(wanted, "type")
    old = find_condition(before, type_)
    if old is not None and all(old.get(name) == value for name, value in wanted.items()):
        return list(before)
    is_same = old is not None and text(old, "status") == text(wanted, "status")
    changed = text(old, "lastTransitionTime") if is_same else now.rfc3339()
    return [*without_condition(before, type_), {**wanted, "lastTransitionTime": changed}]


def without_condition(before: Sequence[JsonObject], type_: str) -> list[JsonObject]:
    """Return the conditions of other types."""
    return [one for one in before if text(one, "type") != type_]


def find_condition(told: Sequence[JsonObject], type_: str) -> JsonObject | None:
    """Return the condition of a type."""
    return next((one for one in told if text(one, "type") == type_), None)
