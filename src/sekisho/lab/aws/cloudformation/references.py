"""What a value of a template refers to: parameters, resources and their attributes, conditions."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from sekisho.decide.values import Json

PSEUDO_PARAMETERS: Final = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)

IN_TEXT: Final = re.compile(r"\$\{(!?)([^{}]*)\}")
"""``${Name}`` and ``${Name.Attribute}`` in a text of Fn::Sub, ``${!Name}`` for what stays as it is."""


class To(StrEnum):
    """What is referred to."""

    VALUE = "value"
    ATTRIBUTE = "attribute"
    CONDITION = "condition"
    """of Fn::If"""
    IN_CONDITION = "condition-of-condition"
    """in Conditions; elsewhere it may be the key of a policy"""


Reference = tuple[To, str, str]
"""The kind, the logical name, and the attribute, empty for none."""


def references(value: Json) -> Iterator[Reference]:
    """Yield every reference in ``value``, however deep."""
    if isinstance(value, dict) and len(value) == 1:
        ((function, given),) = value.items()
        match function, given:
            case "Ref", str():
                yield To.VALUE, given, ""
                return
            case "Condition", str():
                yield To.IN_CONDITION, given, ""
                return
            case "Fn::GetAtt", _:
                yield from _attribute(given)
                return
            case "Fn::Sub", _:
                yield from _substituted(given)
                return
            case "Fn::If", [str(name), *_]:
                yield To.CONDITION, name, ""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        yield from references(member)


def attribute_of(given: Json) -> tuple[str, Json] | None:
    """Return the resource and the attribute of a Fn::GetAtt: a list of two, or ``NAME.ATTRIBUTE``."""
    match given:
        case [str(name), attribute]:
            return name, attribute
        case str() if "." in given:
            name, _, attribute = given.partition(".")
            return name, attribute
        case _:
            return None


def _attribute(given: Json) -> Iterator[Reference]:
    found = attribute_of(given)
    if found is not None:
        name, attribute = found
        yield To.ATTRIBUTE, name, attribute if isinstance(attribute, str) else ""
        if not isinstance(attribute, str):
            yield from references(attribute)


def _substituted(given: Json) -> Iterator[Reference]:
    text, own = (given[0], given[1]) if isinstance(given, list) and len(given) == 2 else (given, {})
    names = own if isinstance(own, dict) else {}
    yield from references(own)
    for literal, name in IN_TEXT.findall(text) if isinstance(text, str) else ():
        if literal or name in names:
            continue
        resource, dot, attribute = name.strip().partition(".")
        yield (To.ATTRIBUTE, resource, attribute) if dot else (To.VALUE, resource, "")
