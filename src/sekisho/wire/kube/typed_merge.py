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
    old: dict[str, Json] = {}
    for element, item in left:  # items that are there twice are not merged with the new one
        old[element] = None if element in old else item
    new = dict(right)
    shared = iter([element for element, _ in right if element in old])
    awaited = next(shared, None)
    done: set[str] = set()
    merged: list[Json] = []

    def take(value: Value) -> None:
        if value is not ABSENT:
            merged.append(value)

    at, to = 0, 0
    while at < len(left) or to < len(right):
        if at < len(left) and to < len(right):
            element = left[at][0]
            if element == right[to][0]:
                done.add(element)
                take(_merge(node.element, old[element], new[element]))
                at, to, awaited = at + 1, to + 1, next(shared, None)
                continue
            if element in new and awaited is not None and awaited != element:
                at += 1  # shared, but its turn comes later
                continue
        if at < len(left):
            element, item = left[at]
            if element not in new:
                take(_merge(node.element, item, ABSENT))
                at += 1
                continue
            if element in done:
                at += 1
        if to < len(right):
            element, item = right[to]
            done.add(element)
            take(_merge(node.element, old.get(element, ABSENT), item))
            to += 1
            if awaited == element:
                awaited = next(shared, None)
    return merged or ABSENT


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
