"""Mapping documents as nodes that remember their line and how a scalar was written.

YAML turns ``001234567012`` into a number in base 8, so account ids need the text; and a
warning about the third line of a section needs the line. Both are lost in plain values.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError, documents

MAX_SECTION_BYTES: Final = 1024 * 1024
"""A ConfigMap holds at most 1 MiB (Kubernetes documentation, "ConfigMaps")."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Other:
    """A scalar that is not text: a number, a boolean. ``text`` is how it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Members:
    """A mapping, in order; names are unique as written."""

    items: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its 1-based line, 0 unknown."""

    value: "str | Other | Members | tuple[Node, ...] | None"
    line: int = 0


def from_yaml(text: str, at: Ref) -> Node:
    """Return the one YAML (or JSON) document of ``text``.

    Raises:
        SekishoInputError: as `documents.parse_yaml`, or over ``MAX_SECTION_BYTES``; every
            fault is at ``at`` and carries the line inside ``text``.
    """
    if len(text) > MAX_SECTION_BYTES:
        raise SekishoInputError.single(
            "aws-auth.too-large", at, f"{len(text)} characters; at most {MAX_SECTION_BYTES} are read"
        )
    try:
        documents.parse_yaml(text, str(at))  # refuses what cannot be trusted: duplicates, bombs, tags
    except SekishoInputError as error:
        faults = (InputFault(f.code, at, f.problem, f.hint, f.line) for f in error.faults)
        raise SekishoInputError(faults) from None
    root = yaml.compose(text, Loader=_Loader)
    return Node(None) if root is None else _from_yaml_node(root)


def from_json(value: Json) -> Node:
    """Return a parsed value as nodes; lines are unknown and numbers lost their leading zeros."""
    match value:
        case None | str():
            return Node(value)
        case bool() | int() | float():
            return Node(Other(str(value).lower() if isinstance(value, bool) else str(value)))
        case dict():
            return Node(Members(tuple((str(name), from_json(member)) for name, member in value.items())))
        case _:
            return Node(tuple(from_json(member) for member in value))


def _from_yaml_node(node: Any) -> Node:
    line = int(node.start_mark.line) + 1
    if isinstance(node, yaml.SequenceNode):
        return Node(tuple(_from_yaml_node(child) for child in node.value), line)
    if isinstance(node, yaml.MappingNode):
        members = ((str(key.value), _from_yaml_node(value)) for key, value in node.value)
        return Node(Members(tuple(members)), line)
    text = str(node.value)
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "str":
            return Node(text, line)
        case "null":
            return Node(None, line)
        case _:
            return Node(Other(text), line)
