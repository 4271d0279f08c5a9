"""The constraints of a model, and the sentences AWS's services use for them.

Smithy, "Constraint traits". One refusal names every constraint that fails, as AWS's
validator does: ``2 validation errors detected: Value '' at 'roleName' failed to satisfy
constraint: Member must have length greater than or equal to 1; Value ...``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from sekisho.decide.values import Instant
from sekisho.wire.aws.complaints import Complaints, Violation, aws_path, shown_value
from sekisho.wire.aws.message import Call
from sekisho.wire.aws.patterns import compile_pattern
from sekisho.wire.aws.scalars import render_scalar
from sekisho.wire.aws.shape import Kind, Member, Shape, Value
from sekisho.wire.errors import WireError

MAX_VIOLATIONS = 100
# A longer value fails its length first; running a pattern over it would only cost time.
_MAX_PATTERN_CHARS = 16_384
_MAX_SHOWN_ITEMS = 20


def check(call: Call) -> None:
    """Return if the parameters of ``call`` satisfy its model.

    Raises:
        WireError: with the service's code and a sentence for every constraint that fails.
    """
    if call.operation.input is None:
        return
    error = check_value(
        call.operation.input, call.parameters, Complaints(call.service.name, call.service.protocol)
    )
    if error is not None:
        raise error


def check_value(member: Member, value: Value, complaints: Complaints) -> WireError | None:
    """Return the refusal of ``value``, None where every constraint holds."""
    found: list[Violation] = []
    for violation in _violations(member, value, ""):
        found.append(violation)
        if len(found) == MAX_VIOLATIONS:
            break
    return complaints.violations(found) if found else None


def _violations(member: Member, value: Value, path: str) -> Iterator[Violation]:
    shape = member.shape
    if shape.is_document:
        return
    if path:
        for constraint in _failed(shape, value):
            yield Violation(aws_path(path), _shown(member, value), constraint)
    if shape.kind is Kind.STRUCTURE and isinstance(value, Mapping):
        yield from _of_structure(shape, value, path)
    elif shape.kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for at, element in enumerate(value, 1):
            if element is not None:
                yield from _of_element(member, shape.item, value, element, path, str(at))
    elif shape.kind is Kind.MAP and isinstance(value, Mapping):
        for key, element in value.items():
            for constraint in _failed(shape.key.shape, key):
                sentence = f"Map keys must satisfy constraint: [{constraint}]"
                yield Violation(aws_path(path), _shown(member, value), sentence)
            if element is not None:
                yield from _of_element(member, shape.value, value, element, path, key)


def _of_structure(shape: Shape, values: Mapping[str, Value], path: str) -> Iterator[Violation]:
    for name in shape.required:
        if values.get(name) is None:
            at = aws_path(f"{path}.{name}" if path else name)
            yield Violation(at, "Value null", "Member must not be null", is_missing=True)
    for name, value in values.items():
        if value is not None:
            yield from _violations(shape.members[name], value, f"{path}.{name}" if path else name)


def _of_element(
    owner: Member, item: Member, whole: Value, element: Value, path: str, at: str
) -> Iterator[Violation]:
    """Structures are named by their place; scalars by the list that holds them."""
    if item.shape.kind in (Kind.STRUCTURE, Kind.LIST, Kind.MAP):
        yield from _violations(item, element, f"{path}.{at}")
        return
    constraints = list(_failed(item.shape, element))
    if constraints:
        noun = "Map value" if owner.shape.kind is Kind.MAP else "Member"
        sentence = f"{noun} must satisfy constraint: [{', '.join(constraints)}]"
        shown = "Value" if item.shape.is_sensitive else _shown(owner, whole)
        yield Violation(aws_path(path), shown, sentence)


def _failed(shape: Shape, value: Value) -> Iterator[str]:
    size = _size(value)
    if size is not None:
        measure = "value" if isinstance(value, int | float) else "length"
        if shape.minimum is not None and size < shape.minimum:
            yield f"Member must have {measure} greater than or equal to {shape.minimum:g}"
        if shape.maximum is not None and size > shape.maximum:
            yield f"Member must have {measure} less than or equal to {shape.maximum:.15g}"
    if isinstance(value, str):
        if shape.pattern and len(value) <= _MAX_PATTERN_CHARS and not _matches(shape.pattern, value):
            yield f"Member must satisfy regular expression pattern: {shape.pattern}"
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _size(value: Value) -> float | None:
    if isinstance(value, bool | Instant) or value is None:
        return None
    return value if isinstance(value, int | float) else len(value)


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    return compile_pattern(pattern)


def _shown(member: Member, value: Value) -> str:
    if member.shape.kind in (Kind.STRUCTURE, Kind.LIST, Kind.MAP):
        if isinstance(value, Mapping):
            return "Value"
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            item = member.shape.item
            if item.shape.is_sensitive or item.shape.kind in (Kind.STRUCTURE, Kind.LIST, Kind.MAP):
                return "Value" if value else "Value '[]'"
            shown = ", ".join(render_scalar(item, one) for one in value[:_MAX_SHOWN_ITEMS] if one is not None)
            return f"Value '[{shown}]'"
    return shown_value(member, render_scalar(member, value))
