"""Sets of fields of an object, and the ``fieldsV1`` form in which ``metadata.managedFields`` holds them.

A path is a tuple of elements, each in its ``fieldsV1`` spelling: ``f:NAME`` a member, ``k:{...}`` the
element of a list with these keys, ``v:VALUE`` the element of a set of scalars, ``i:NUMBER`` an index.
Source: Kubernetes documentation, "Server-Side Apply", section "Field management"; KEP-555.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import Json, JsonObject

MAX_DEPTH = 64
"""How deep a set may be nested: far more than any kind is."""

SELF = "."
_ORDER = "fkvi"

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldSet:
    """A set of paths: those that end here, and below each element those that go on.

    A path does not bring its parents with it: an object and what is in it are owned apart.
    """

    members: frozenset[str] = frozenset()
    children: Mapping[str, "FieldSet"] = field(default_factory=dict)
    """INVARIANT: none of them is empty."""

    def __bool__(self) -> bool:
        return bool(self.members) or bool(self.children)

    def __contains__(self, path: Path) -> bool:
        holder = self
        for element in path[:-1]:
            holder = holder.below(element)
        return bool(path) and path[-1] in holder.members

    def __or__(self, other: "FieldSet") -> "FieldSet":
        merged = dict(self.children)
        for element, theirs in other.children.items():
            mine = merged.get(element)
            merged[element] = theirs if mine is None else mine | theirs
        return FieldSet(self.members | other.members, merged)

    def __and__(self, other: "FieldSet") -> "FieldSet":
        both = (
            (element, mine & other.children[element])
            for element, mine in self.children.items()
            if element in other.children
        )
        return FieldSet(self.members & other.members, {element: rest for element, rest in both if rest})

    def __sub__(self, other: "FieldSet") -> "FieldSet":
        """Return the paths of this set that ``other`` does not have; what lies below such a path stays."""
        left = (
            (element, mine - other.children[element] if element in other.children else mine)
            for element, mine in self.children.items()
        )
        return FieldSet(self.members - other.members, {element: rest for element, rest in left if rest})

    def without(self, other: "FieldSet") -> "FieldSet":
        """Return the paths that are neither in ``other`` nor below one of it."""
        left: dict[str, FieldSet] = {}
        for element, mine in self.children.items():
            if element not in other.members:
                below = other.children.get(element)
                rest = mine if below is None else mine.without(below)
                if rest:
                    left[element] = rest
        return FieldSet(self.members - other.members, left)

    def below(self, element: str) -> "FieldSet":
        """Return the rest of the paths that begin with ``element`` and go on."""
        return self.children.get(element, EMPTY)

    def paths(self) -> Iterator[Path]:
        """Yield every path: those that end here, then those below, both in the order of the API server."""
        for element in sorted(self.members, key=_rank):
            yield (element,)
        for element in sorted(self.children, key=_rank):
            for rest in self.children[element].paths():
                yield (element, *rest)

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "FieldSet":
        """Return the set of ``paths``; the empty path, which is the whole object, is left out."""
        root = _Builder()
        for path in paths:
            root.add(path)
        return root.done()


EMPTY = FieldSet()


class _Builder:
    __slots__ = ("children", "members")

    def __init__(self) -> None:
        self.members: set[str] = set()
        self.children: dict[str, _Builder] = {}

    def add(self, path: Path) -> None:
        if not path:
            return
        here = self
        for element in path[:-1]:
            here = here.children.setdefault(element, _Builder())
        here.members.add(path[-1])

    def done(self) -> FieldSet:
        children = {element: builder.done() for element, builder in self.children.items()}
        return FieldSet(frozenset(self.members), children)


def encode(fields: FieldSet) -> dict[str, Json]:
    """Return ``fields`` in the form of ``fieldsV1``."""
    encoded: dict[str, Json] = {}
    for element in sorted(fields.members | fields.children.keys(), key=_rank):
        below = fields.children.get(element)
        if below is None:
            encoded[element] = {}
        elif element in fields.members:
            encoded[element] = {SELF: {}, **encode(below)}
        else:
            encoded[element] = encode(below)
    return encoded


def decode(document: JsonObject) -> FieldSet:
    """Return the set that ``document`` (a ``fieldsV1``) holds; elements of unknown kinds are dropped.

    Raises:
        ValueError: an element or a value is malformed, or the document is nested too deep.
    """
    return _decoded(document, MAX_DEPTH)[0]


def _decoded(document: JsonObject, depth: int) -> tuple[FieldSet, bool]:
    """Return the set below an element, and whether the element itself is in the set that holds it."""
    if not depth:
        raise ValueError(f"fieldsV1 is nested deeper than {MAX_DEPTH}")
    is_member = SELF in document
    members: set[str] = set()
    children: dict[str, FieldSet] = {}
    for written, value in document.items():
        if written == SELF:
            continue
        element = _normal(written)
        if element is None:
            continue
        if not isinstance(value, Mapping):
            raise ValueError(f"expected an object at `{written[:80]}`")  # noqa: TRY004 - a malformed document
        below, owned = _decoded(value, depth - 1)
        if owned:
            members.add(element)
        if below:
            children[element] = below | children.get(element, EMPTY)
    found = FieldSet(frozenset(members), children)
    return found, is_member or not found


def key_element(keys: Mapping[str, Json]) -> str:
    """Return the element of a list that has these keys."""
    return "k:" + _json({name: keys[name] for name in sorted(keys)})


def value_element(value: Json) -> str:
    """Return the element of a set of scalars."""
    return "v:" + _json(value)


def _normal(element: str) -> str | None:
    """Return an element in the one spelling that this module writes, None where its kind is unknown."""
    if len(element) < 2 or element[1] != ":":
        raise ValueError(f"expected `f:`, `k:`, `v:` or `i:` in front, found `{element[:80]}`")
    kind, rest = element[0], element[2:]
    if kind == "f":
        return element
    if kind == "v":
        return value_element(json.loads(rest))
    if kind == "k":
        keys = json.loads(rest)
        if not isinstance(keys, dict):
            raise ValueError(f"expected an object of keys, found `{rest[:80]}`")
        return key_element(keys)
    return f"i:{int(rest)}" if kind == "i" else None


def _json(value: Json) -> str:
    """Return compact JSON as Go writes it: three characters that HTML knows are escaped."""
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _rank(element: str) -> tuple[int, str]:
    return _ORDER.find(element[0]), element


def shown(path: Path) -> str:
    """Return a path as messages write it: ``.spec.containers[name="app"].image``."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    kind, rest = element[0], element[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "i":
        return f"[{rest}]"
    value = json.loads(rest)
    if kind == "v":
        return f"[={_go(value)}]"
    return "[" + ",".join(f"{name}={_go(member)}" for name, member in value.items()) + "]"


def _go(value: Json) -> str:
    """Return a scalar as structured-merge-diff prints it."""
    return json.dumps(value, ensure_ascii=False)
