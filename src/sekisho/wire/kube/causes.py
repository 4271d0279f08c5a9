"""Causes of ``Invalid`` answers in kube-apiserver's words (k8s.io/apimachinery pkg/util/validation/field)."""

import json
from collections.abc import Sequence

from sekisho.decide.values import Json
from sekisho.wire.kube.status import Cause, quote


def required(field: str, detail: str = "") -> Cause:
    """``field`` has to be given."""
    return Cause("FieldValueRequired", _detailed("Required value", detail), field)


def bad_value(field: str, value: Json, detail: str) -> Cause:
    """``value`` breaks a rule."""
    shown = quote(value) if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return Cause("FieldValueInvalid", _detailed(f"Invalid value: {shown}", detail), field)


def unsupported(field: str, value: str, supported: Sequence[str]) -> Cause:
    """``value`` is not one of a closed set."""
    detail = "supported values: " + ", ".join(quote(each) for each in supported)
    return Cause("FieldValueNotSupported", _detailed(f"Unsupported value: {quote(value)}", detail), field)


def not_allowed(field: str, detail: str) -> Cause:
    """``field`` must not be given or changed."""
    return Cause("FieldValueForbidden", _detailed("Forbidden", detail), field)


def too_long(field: str, limit: int) -> Cause:
    """The value has more than ``limit`` bytes."""
    return Cause("FieldValueTooLong", _detailed("Too long", f"may not be more than {limit} bytes"), field)


def too_many(field: str, count: int, limit: int) -> Cause:
    """The list has more than ``limit`` items."""
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {limit} items", field)


def duplicate(field: str, value: str) -> Cause:
    """``value`` is given a second time."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {quote(value)}", field)


def _detailed(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text
