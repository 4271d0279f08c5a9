"""What server-side apply takes the fields of a kind for: scalars, lists and maps, and how those are owned.

A map or list is atomic (owned and replaced as a whole) or granular; a granular list is a map by its keys
or a set of scalars. Where the schema says nothing, maps are granular and lists atomic.
Source: Kubernetes documentation, "Server-Side Apply", section "Merge strategy"; KEP-555.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TypedDict

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import schema as schemas
from sekisho.wire.kube.field_set import key_element, value_element
from sekisho.wire.kube.members import is_list
from sekisho.wire.kube.schema import Field, Schema


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: ``string``, ``numeric``, ``boolean``, or ``untyped`` for any of them."""

    type: str


@dataclass(frozen=True, slots=True)
class Anything:
    """A value of any form that is owned as a whole (RawExtension)."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; granular unless ``atomic``, then by ``keys``, or as a set where there are none."""

    element: "Node"
    atomic: bool = True
    keys: tuple[str, ...] = ()
    defaults: JsonObject = field(default_factory=dict)
    """The values of keys that an element leaves out."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map whose values are all alike."""

    element: "Node"
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class Members:
    """An object with named members; ``message`` is the schema's name of its type."""

    structures: "Structures"
    message: str
    atomic: bool = False
    is_kind: bool = False

    def member(self, name: str) -> "Node | None":
        """Return what the member called ``name`` is, None where there is none."""
        if self.is_kind and name in ("apiVersion", "kind"):
            return STRING
        found = self.structures.schema.members(self.message).get(name)
        return None if found is None else self.structures.of_field(found)


Node = Scalar | Anything | ListOf | MapOf | Members

STRING = Scalar("string")
_UNTYPED = Scalar("untyped")
_ANYTHING = Anything()
_SPECIAL: dict[str, Node] = {
    schemas.TIME: _UNTYPED,
    schemas.MICRO_TIME: _UNTYPED,
    schemas.DURATION: STRING,
    schemas.QUANTITY: _UNTYPED,
    schemas.INT_OR_STRING: _UNTYPED,
    schemas.FIELDS_V1: _ANYTHING,
    schemas.RAW_EXTENSION: _ANYTHING,
}


class _Table(TypedDict):
    atomic: list[str]
    keyDefaults: dict[str, dict[str, Json]]


class Structures:
    """The structure of every kind of a schema, worked out when it is first asked for."""

    def __init__(self, schema: Schema, atomic: frozenset[str], defaults: Mapping[str, JsonObject]) -> None:
        self.schema = schema
        self._atomic = atomic
        self._defaults = defaults
        self._fields: dict[int, tuple[Field, Node]] = {}

    def of_kind(self, api_version: str, kind: str) -> Members:
        """Return the structure of a kind that the schema has.

        Raises:
            KeyError: it has not.
        """
        message = self.schema.of_kind(api_version, kind)
        if message is None:
            raise KeyError(f"{api_version}/{kind}")
        return Members(self, message.name, is_kind=True)

    def of_field(self, field: Field) -> Node:
        """Return the structure of a field of a message."""
        known = self._fields.get(id(field))
        if known is None:
            known = self._fields[id(field)] = (field, self._of_field(field))
        return known[1]

    def _of_field(self, field: Field) -> Node:
        element = self._of_type(field.type)
        if field.shape == "list":
            return self._list(field, element)
        if field.shape == "map":
            return MapOf(element, field.atomic)
        return replace(element, atomic=True) if field.atomic and isinstance(element, Members) else element

    def _list(self, field: Field, element: Node) -> ListOf:
        merging = field.merging
        keys: tuple[str, ...] = ()
        match merging.get("listType", ""):
            case "map":
                keys = tuple(merging.get("listMapKeys", ()))
            case "set":
                pass
            case "" if "merge" in field.strategies:  # fields that are older than list types
                keys = (field.merge_key,) if field.merge_key else ()
            case _:
                return ListOf(element)
        return ListOf(element, False, keys, self._defaults.get(field.type, {}))

    def _of_type(self, name: str) -> Node:
        if name in _SPECIAL:
            return _SPECIAL[name]
        if name in (schemas.STRING, schemas.BYTES):
            return STRING
        if name == schemas.BOOL:
            return Scalar("boolean")
        if name in schemas.SCALARS:
            return Scalar("numeric")
        message = self.schema.message(name)
        if message.is_list:
            return ListOf(self._of_type(message.fields[0].type))
        return Members(self, name, name in self._atomic)


def child(node: MapOf | Members, name: str) -> Node | None:
    """Return what the value at ``name`` is, None where the object has no such member."""
    return node.element if isinstance(node, MapOf) else node.member(name)


def element_of(node: ListOf, item: Json) -> str:
    """Return the path element of an item of a granular list.

    Raises:
        ValueError: the item cannot be told from others; the text is structured-merge-diff's.
    """
    if not node.keys:
        if isinstance(item, Mapping):
            raise ValueError("associative list without keys has an element that's a map type")
        if is_list(item):
            raise ValueError("not supported: associative list with lists as elements")
        if item is None:
            raise ValueError("associative list without keys has an element that's an explicit null")
        return value_element(item)
    if item is None:
        raise ValueError("associative list with keys may not have a null element")
    if not isinstance(item, Mapping):
        raise ValueError("associative list with keys may not have non-map elements")  # noqa: TRY004
    keys = {name: item.get(name, node.defaults.get(name)) for name in node.keys}
    found = {name: value for name, value in keys.items() if name in item or value is not None}
    if not found:
        listed = " ".join(json.dumps(name) for name in node.keys)
        raise ValueError(
            f"associative list with keys has an element that omits all key fields [{listed}] "
            "(and doesn't have default values for any key fields)"
        )
    return key_element(found)


@cache
def load() -> Structures:
    """Return the structures of the built-in kinds; read once per process, when first asked for."""
    table: _Table = json.loads((files("sekisho.wire.kube") / "data" / "structure.json").read_text())
    return Structures(schemas.load(), frozenset(table["atomic"]), table["keyDefaults"])
