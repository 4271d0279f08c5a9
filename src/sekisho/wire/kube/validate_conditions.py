"""Rules of ``matchConditions`` (kubernetes pkg/apis/admissionregistration/validation)."""

from collections.abc import Iterator, Sequence
from typing import Final

from sekisho.decide.cel.conditions import ConditionError, compile_condition
from sekisho.decide.cel.library import CelMissingError
from sekisho.decide.values import JsonObject
from sekisho.wire.kube import names
from sekisho.wire.kube.causes import bad_value, duplicate, not_allowed, required, too_many
from sekisho.wire.kube.members import text
from sekisho.wire.kube.status import Cause

MAX_CONDITIONS: Final = 64
NO_LIBRARY: Final = "an expression needs the library of CEL: install sekisho[oidc]"


def condition_causes(conditions: Sequence[JsonObject], field: str) -> Iterator[Cause]:
    """Check a list of conditions."""
    if len(conditions) > MAX_CONDITIONS:
        yield too_many(field, len(conditions), MAX_CONDITIONS)
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        yield from _expression(text(condition, "expression"), f"{field}[{index}].expression")
        name = text(condition, "name")
        if not name:
            yield required(f"{field}[{index}].name")
            continue
        for problem in names.label_key_problems(name):
            yield bad_value(f"{field}[{index}].name", name, problem)
        if name in seen:
            yield duplicate(f"{field}[{index}].name", name)
        seen.add(name)


def _expression(expression: str, field: str) -> Iterator[Cause]:
    if not expression.strip():
        yield required(field)
        return
    try:
        compile_condition(expression.strip())
    except ConditionError as error:
        yield bad_value(field, expression, str(error))
    except CelMissingError:
        yield not_allowed(field, NO_LIBRARY)
