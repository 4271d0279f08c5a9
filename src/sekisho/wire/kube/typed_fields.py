"""Objects by their structure: their fields, whether they fit, and how two of them differ.

Source: KEP-555; the rules, and the texts of faults, are those of sigs.k8s.io/structured-merge-diff.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import schema as schemas
from sekisho.wire.kube.field_set import EMPTY, FieldSet, Path, shown
from sekisho.wire.kube.members import is_list, items, mapping
from sekisho.wire.kube.structure import Anything, ListOf, MapOf, Members, Node, Scalar, child, element_of


class Absent(Enum):
    """The value of a member that is not there, which is something else than null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Value = Json | Absent

MAX_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a second object removes, changes and adds."""

    removed: FieldSet = EMPTY
    modified: FieldSet = EMPTY
    added: FieldSet = EMPTY

    def map(self, change: Callable[[FieldSet], FieldSet]) -> "Comparison":
        """Return the comparison with ``change`` made to its three sets."""
        return Comparison(change(self.removed), change(self.modified), change(self.added))


def faults(node: Node, value: Json) -> list[str]:
    """Return where an applied object does not fit its structure: ``.data.a: expected string, got ...``."""
    found: list[str] = []
    for path, sentence in _faults(node, value, ()):
        found.append(f"{shown(path)}: {sentence}" if path else sentence)
        if len(found) == MAX_FAULTS:
            break
    return found


def _faults(node: Node, value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None or isinstance(node, Anything):
        return
    if isinstance(node, Scalar):
        sentence = _scalar_fault(node, value)
        if sentence:
            yield path, sentence
    elif isinstance(node, ListOf):
        if not is_list(value):
            yield path, f"expected list, got {_go_value(value)}"
        else:
            yield from _item_faults(node, value, path)
    elif not isinstance(value, Mapping):
        yield path, f"expected map, got {_go_value(value)}"
    else:
        for name, member in value.items():
            inner = child(node, name)
            here = (*path, f"f:{name}")
            if inner is None:
                yield here, "field not declared in schema"
            else:
                yield from _faults(inner, member, here)


def _item_faults(node: ListOf, value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for index, item in enumerate(items(value)):
        element = f"i:{index}"
        if not node.atomic:
            try:
                element = element_of(node, item)
            except ValueError as error:
                yield path, f"element {index}: {error}"
                return
            if element in seen:
                yield path, f"duplicate entries for key {shown((element,))}"
            seen.add(element)
        yield from _faults(node.element, item, (*path, element))


def _scalar_fault(node: Scalar, value: Json) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if node.type == "numeric":
        return "" if is_number else f"expected numeric (int or float), got {_go_type(value)}"
    if node.type == "string":
        shown_value = f"&value.valueUnstructured{{Value:{_go_literal(value)}}}"
        return "" if isinstance(value, str) else f"expected string, got {shown_value}"
    if node.type == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got {_go_value(value)}"
    return f"expected any scalar, got {_go_value(value)}" if isinstance(value, Mapping | list) else ""


def _go_type(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "map[string]interface {}" if isinstance(value, Mapping) else "[]interface {}"


def _go_value(value: Json) -> str:
    return "&{" + _go_plain(value) + "}"


def _go_plain(value: Json) -> str:
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{name}:{_go_plain(value[name])}" for name in sorted(value)) + "]"
    if is_list(value):
        return "[" + " ".join(_go_plain(item) for item in items(value)) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _go_literal(value: Json) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f'"{name}":{_go_literal(value[name])}' for name in sorted(value))
        return "map[string]interface {}{" + inner + "}"
    if is_list(value):
        return "[]interface {}{" + ", ".join(_go_literal(item) for item in items(value)) + "}"
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return "interface {}(nil)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def fields_of(node: Node, value: Json) -> FieldSet:
    """Return the fields that ``value`` sets; it has to fit."""
    return FieldSet.of(_fields(node, value, ()))


def _fields(node: Node, value: Json, path: Path) -> Iterator[Path]:
    if isinstance(node, Scalar | Anything) or node.atomic:
        yield path
    elif isinstance(node, ListOf):
        by_element = _elements(node, value)
        for element, alike in by_element.items():
            here = (*path, element)
            yield here
            if len(alike) == 1:
                yield from _fields(node.element, alike[0], here)
    else:
        for name, member in mapping(value).items():
            inner = child(node, name)
            here = (*path, f"f:{name}")
            if isinstance(node, MapOf) or inner is None or member is None or _is_empty_map(member):
                yield here
            if inner is not None:
                yield from _fields(inner, member, here)


def _is_empty_map(value: Json) -> bool:
    return isinstance(value, Mapping) and not value


def _elements(node: ListOf, value: Value) -> dict[str, list[Json]]:
    """Return the items of a granular list by their element; items without one are left out."""
    found: dict[str, list[Json]] = defaultdict(list)
    for item in () if value is ABSENT else items(value):
        try:
            found[element_of(node, item)].append(item)
        except ValueError:
            continue
    return found


@dataclass(slots=True)
class _Differences:
    removed: list[Path] = field(default_factory=list)
    modified: list[Path] = field(default_factory=list)
    added: list[Path] = field(default_factory=list)


def compare(node: Node, before: Json, after: Json) -> Comparison:
    """Return how ``after`` differs from ``before``."""
    found = _Differences()
    _compare(node, before, after, (), found)
    sets = (FieldSet.of(paths) for paths in (found.removed, found.modified, found.added))
    return Comparison(*sets)


def _compare(node: Node, before: Value, after: Value, path: Path, found: _Differences) -> None:
    if before is ABSENT:
        found.added.append(path)
    elif after is ABSENT:
        found.removed.append(path)
    if isinstance(node, Scalar | Anything) or node.atomic or (_is_nothing(before) and _is_nothing(after)):
        if before is not ABSENT and after is not ABSENT and before != after:
            found.modified.append(path)
    elif isinstance(node, ListOf):
        _compare_lists(node, before, after, path, found)
    else:
        old, new = _map(before), _map(after)
        for name in {**old, **new}:
            inner = child(node, name)
            if inner is not None:
                _compare(inner, old.get(name, ABSENT), new.get(name, ABSENT), (*path, f"f:{name}"), found)


def _is_nothing(value: Value) -> bool:
    """Tell whether a map or list is absent, null or empty: two such are compared as wholes."""
    return value is ABSENT or not value


def _map(value: Value) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _compare_lists(node: ListOf, before: Value, after: Value, path: Path, found: _Differences) -> None:
    old, new = _elements(node, before), _elements(node, after)
    for element in {**old, **new}:
        here = (*path, element)
        lefts, rights = old.get(element, []), new.get(element, [])
        left: Value = lefts[0] if len(lefts) == 1 else ABSENT
        right: Value = rights[0] if len(rights) == 1 else ABSENT
        if len(lefts) > 1 and len(rights) > 1:
            if lefts != rights:
                found.modified.append(here)
            continue
        if left is not ABSENT or right is not ABSENT:
            _compare(node.element, left, right, here, found)
        if len(lefts) > 1:
            found.removed.append(here)
        elif len(rights) > 1:
            found.added.append(here)


_ZEROS: dict[str, Json] = {schemas.STRING: "", schemas.BYTES: "", schemas.BOOL: False}
_TIMES = frozenset({schemas.TIME, schemas.MICRO_TIME})


def as_stored(node: Members, value: JsonObject) -> dict[str, Json]:
    """Return ``value`` with the members that the API server's own types always have, empty ones among them.

    The server compares its typed objects, so a member of that sort is never new in an object.
    """
    filled: dict[str, Json] = {}
    if node.is_kind:
        filled |= {name: value[name] for name in ("apiVersion", "kind") if name in value}
    for name, member in node.structures.schema.members(node.message).items():
        inner = node.structures.of_field(member)
        if name in value:
            filled[name] = _filled(inner, value[name])
        elif member.shape == "one" and isinstance(inner, Members) and not member.pointer:
            filled[name] = as_stored(inner, {})
        elif member.type in _TIMES and member.shape == "one":
            if not member.pointer and name != "creationTimestamp":
                filled[name] = None
        elif not member.pointer and not member.omitempty:
            is_scalar = member.shape == "one" and not member.is_message
            filled[name] = _ZEROS.get(member.type, 0) if is_scalar else None
    return filled


def _filled(node: Node, value: Json) -> Json:
    if isinstance(node, Members) and isinstance(value, Mapping):
        return as_stored(node, value)
    if isinstance(node, ListOf) and is_list(value):
        return [_filled(node.element, item) for item in items(value)]
    if isinstance(node, MapOf) and isinstance(value, Mapping):
        return {name: _filled(node.element, member) for name, member in value.items()}
    return value
