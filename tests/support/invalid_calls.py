"""Calls that break one constraint of an operation's model each, sent past botocore's own validation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape

LIMIT = 200_000
"""Longer texts than this are not made: no model's limit in the lab is higher but one."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operation's name, parameters, what is wrong, and the member that is."""

    operation: str
    parameters: dict[str, Any]
    fault: str
    member: str


def invalid_calls(operation: OperationModel) -> Iterator[Call]:
    """Yield a call for each constraint on a member of the operation's input that can be broken."""
    shape = operation.input_shape
    if shape is None:
        return
    base = {name: plain(shape.members[name]) for name in shape.required_members}

    def broken(member: str, value: Any, fault: str) -> Call:
        return Call(operation.name, {**base, member: value}, fault, member)

    for name in shape.required_members:
        if not in_path(shape, name):
            rest = {key: value for key, value in base.items() if key != name}
            yield Call(operation.name, rest, "missing", name)
    for name, member in shape.members.items():
        for fault, value in out_of_bounds(member):
            if value or not in_path(shape, name):
                yield broken(name, value, fault)


def out_of_bounds(member: Shape) -> Iterator[tuple[str, Any]]:
    """Yield values of the right type that a constraint of the member's shape forbids."""
    limits = member.metadata
    most, least = limits.get("max"), limits.get("min", 0)
    match member.type_name:
        case "string":
            yield from [("too long", "a" * (most + 1))] if most and most < LIMIT else []
            yield from [("too short", "a" * (least - 1))] if least else []
            # Patterns by category of Unicode take every letter and sign, but no control character.
            strange = "\u0001" if r"\p{" in limits.get("pattern", "") else " \u00a7\u4e2d "
            yield from [("pattern", strange)] if limits.get("pattern") else []
            yield from [("enum", "Nonsense")] if limits.get("enum") else []
        case "integer" | "long":
            yield from [("too large", most + 1)] if most is not None else []
            yield from [("too small", least - 1)] if "min" in limits else []
        case "list":
            yield from [("too many", [plain(member.member)] * (most + 1))] if most and most < 1_000 else []


def in_path(shape: StructureShape, name: str) -> bool:
    """Tell whether a member is a part of the URL, without which there is no request."""
    return bool(shape.members[name].serialization.get("location") == "uri")


def plain(shape: Shape) -> Any:
    """Return something of the right type, as long as it has to be."""
    match shape.type_name:
        case "structure":
            return {name: plain(shape.members[name]) for name in shape.required_members}
        case "list":
            return [plain(shape.member)]
        case "map":
            return {"key": plain(shape.value)}
        case "boolean":
            return True
        case "integer" | "long":
            return shape.metadata.get("min", 1)
        case "timestamp":
            return 0
    chosen = shape.metadata.get("enum")
    return chosen[0] if chosen else "a" * max(1, shape.metadata.get("min", 1))


def with_wrong_types(body: Any) -> Any:
    """Return the body of a request in which every value has another type than it should."""
    if isinstance(body, dict):  # the form of the query protocol
        return {name: value if name in ("Action", "Version") else "x" for name, value in body.items()} | {
            "Tags": "x",
            "MaxItems": "many",
        }
    return b"[1, 2]" if not body or body == b"{}" else json.dumps(swapped(json.loads(body))).encode()


def swapped(value: Any) -> Any:
    """Return a JSON value of another type."""
    if isinstance(value, dict) and value:
        return {name: swapped(one) for name, one in value.items()}
    return 7 if isinstance(value, str | list | bool | dict) else "seven"


def with_unknown(body: Any) -> Any:
    """Return the body of a request with a member that no operation has."""
    if isinstance(body, dict):
        return {**body, "NoSuchMember.1.Of": "x"}
    return json.dumps({**json.loads(body or b"{}"), "NoSuchMember": {"Of": ["x"]}}).encode()
