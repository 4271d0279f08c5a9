"""Merging an applied object into the live one, and taking fields out of an object.

Source: Kubernetes documentation, "Server-Side Apply", section "Merge strategy"; KEP-555; the order of list
items is that of sigs.k8s.io/structured-merge-diff.
"""

from collections.abc import Mapping

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.field_set import EMPTY, FieldSet
from sekisho.wire.kube.members import is_list, items
from sekisho.wire.kube.structure import Anything, ListOf, Members, Node, Scalar, child, element_of
from sekisho.wire.kube.typed_fields import ABSENT, Value


def merge(node: Node, live: JsonObject, applied: JsonObject) -> JsonObject:
    """Return ``live`` with what ``applied`` sets; both have to fit."""
    merged = _merge(node, live, applied)
    return merged if isinstance(merged, Mapping) else {}


def _merge(node: Node, live: Value, applied: Value) -> Value:
    if isinstance(node, Scalar | Anything) or node.atomic or (not _holds(live) and not _holds(applied)):
        return live if applied is ABSENT else applied
    if isinstance(node, ListOf):
        return _merge_lists(node, live, applied)
    old = live if isinstance(live, Mapping) else {}
    new = applied if isinstance(applied, Mapping) else {}
    merged: dict[str, Json] = {}
    for name in {**old, **new}:
        inner = child(node, name)
        if inner is not None:
            value = _merge(inner, old.get(name, ABSENT), new.get(name, ABSENT))
            if value is not ABSENT:
                merged[name] = value
    return merged or ABSENT


def _holds(value: Value) -> bool:
    return value is not ABSENT and bool(value)


def _merge_lists(node: ListOf, live: Value, applied: Value) -> Value:
    """Merge two granular lists: applied items in their order, live ones between them where they were."""
    left = [] if live is ABSENT else [(element_of(node, item), item) for item in items(live)]
    right = [] if applied is ABSENT else [(element_of(node, item), item) for item in items(applied)]
    return _Zip(node, left, right).merged() or ABSENT


class _Zip:
    """A walk through both lists at once; ``awaited`` is the next applied item that is live too."""

    def __init__(self, node: ListOf, left: list[tuple[str, Json]], right: list[tuple[str, Json]]) -> None:
        self.node = node
        self.left, self.right = left, right
        self.old: dict[str, Json] = {}
        for element, item in left:  # items that are there twice are not merged with the new one
            self.old[element] = None if element in self.old else item
        self.new = dict(right)
        self.shared = iter([element for element, _ in right if element in self.old])
        self.awaited = next(self.shared, None)
        self.done: set[str] = set()
        self.out: list[Json] = []

    def merged(self) -> list[Json]:
        at, to = 0, 0
        while at < len(self.left) or to < len(self.right):
            if at < len(self.left):
                element, item = self.left[at]
                is_next = to < len(self.right) and element == self.right[to][0]
                if element not in self.new:
                    self.take(item, ABSENT)
                if not is_next and (element not in self.new or self.is_passed(element, to)):
                    at += 1
                    continue
                at += is_next or element in self.done
            if to < len(self.right):
                self.take_applied(*self.right[to])
                to += 1
        return self.out

    def is_passed(self, element: str, to: int) -> bool:
        """Tell whether a shared item is not the one whose turn it is: it comes where it was applied."""
        return to < len(self.right) and self.awaited is not None and self.awaited != element

    def take(self, old: Value, new: Value) -> None:
        value = _merge(self.node.element, old, new)
        if value is not ABSENT:
            self.out.append(value)

    def take_applied(self, element: str, item: Json) -> None:
        self.done.add(element)
        self.take(self.old.get(element, ABSENT), item)
        if self.awaited == element:
            self.awaited = next(self.shared, None)


def remove(node: Node, value: Json, fields: FieldSet) -> Json:
    """Return ``value`` without ``fields``; an object or list of which nothing is left is null."""
    if isinstance(node, Scalar):
        return value
    if isinstance(node, Anything) or node.atomic or not value:
        return None
    if isinstance(node, ListOf):
        return _remove_items(node, value, fields) if is_list(value) else None
    left: dict[str, Json] = {}
    for name, member in value.items() if isinstance(value, Mapping) else ():
        element = f"f:{name}"
        if element in fields.members:
            continue
        below, inner = fields.below(element), child(node, name)
        left[name] = remove(inner, member, below) if below and inner is not None else member
    return left or None


def _remove_items(node: ListOf, value: Json, fields: FieldSet) -> Json:
    left: list[Json] = []
    for item in items(value):
        element = element_of(node, item)
        if element not in fields.members:
            below = fields.below(element)
            left.append(remove(node.element, item, below) if below else item)
    return left or None


def with_parents(node: Node | None, fields: FieldSet) -> FieldSet:
    """Return ``fields`` and every declared member on the way to one of them."""
    members = set(fields.members)
    children: dict[str, FieldSet] = {}
    for element, below in fields.children.items():
        inner: Node | None = None
        if element[0] == "f" and not isinstance(node, Scalar | Anything | ListOf | None):
            inner = child(node, element[2:])
            if isinstance(node, Members) and inner is not None:
                members.add(element)
        elif element[0] == "k" and isinstance(node, ListOf):
            inner = node.element
        children[element] = with_parents(inner, below)
    return FieldSet(frozenset(members), children) if members or children else EMPTY
