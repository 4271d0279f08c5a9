"""Strategic merge patches: a merge patch in which the kind's schema says how lists merge.

Lists of objects merge by their merge key, lists of scalars as sets, everything else is replaced.
Directives: ``$patch: replace | delete``, ``$deleteFromPrimitiveList/NAME``,
``$setElementOrder/NAME``, ``$retainKeys``.
Source: Kubernetes community documentation, "Strategic Merge Patch" (contributors/devel/sig-api-machinery).
"""

import json
from collections.abc import Mapping, Sequence

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.members import is_list, items
from sekisho.wire.kube.schema import Field, Schema

PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"


def strategic_merge(current: JsonObject, patch: JsonObject, message: str, schema: Schema) -> dict[str, Json]:
    """Return ``current``, an object of ``message`` (``core.v1.Pod``), after ``patch``.

    Raises:
        KubeError: 400, an unknown directive, or an element of a keyed list without its key.
    """
    return _object(current, patch, message, schema)


def _object(current: JsonObject, patch: JsonObject, message: str, schema: Schema) -> dict[str, Json]:
    if PATCH in patch:
        return _replaced(patch)
    fields = schema.members(message) if message else {}
    merged = _retained(dict(current), patch)
    for name, value in patch.items():
        if name.startswith(DELETE_FROM):
            field = name.removeprefix(DELETE_FROM)
            gone = {_identity(item, "") for item in items(value)}
            if field in merged:
                merged[field] = [item for item in items(merged[field]) if _identity(item, "") not in gone]
    for name, value in patch.items():
        if name.startswith("$"):
            _known(name)
        elif value is None:
            merged.pop(name, None)
        else:
            order = items(patch.get(ORDER + name))
            merged[name] = _member(merged.get(name), value, fields.get(name), order, schema)
    for name, value in patch.items():
        field = name.removeprefix(ORDER)
        if field != name and field not in patch and field in merged:
            key = fields[field].merge_key if field in fields else ""
            live = items(merged[field])
            merged[field] = _placed(live, items(value), live, key)
    return merged


def _member(current: Json, value: Json, field: Field | None, order: Sequence[Json], schema: Schema) -> Json:
    if isinstance(value, Mapping):
        base = current if isinstance(current, Mapping) else {}
        inner = field.type if field and field.shape == "one" and field.is_message else ""
        return _object(base, value, inner, schema)
    if not is_list(value):
        return value
    patch, live = items(value), items(current)
    if field is None or "merge" not in field.strategies:
        return [_clean_value(item) for item in patch]
    ordinary: Sequence[Json] = patch
    if field.merge_key:
        live, elements = _special(live, patch, field.merge_key)
        merged, ordinary = _keyed(live, elements, field, schema), elements
    else:
        merged = list({_identity(item, ""): item for item in (*live, *patch)}.values())
    placed = _placed(merged, ordinary, live, field.merge_key)
    return _placed(placed, order, items(current), field.merge_key) if order else placed


def _special(live: Sequence[Json], patch: Sequence[Json], key: str) -> tuple[list[Json], list[JsonObject]]:
    """Return the live elements that the patch's directives leave, and the elements without directive."""
    gone: set[str] = set()
    ordinary: list[JsonObject] = []
    replaces = False
    for item in patch:
        if not isinstance(item, Mapping):
            raise status.bad_request(f"expected an object with the merge key {key}, found {_shown(item)}")
        directive = item.get(PATCH)
        if directive == "replace":
            replaces = True
            continue
        if directive not in (None, "delete"):
            raise status.bad_request(f"unknown patch type found: {_shown(directive)}")
        if key not in item:
            raise status.bad_request(f"map: {_shown(dict(item))} does not contain declared merge key: {key}")
        if directive == "delete":
            gone.add(_identity(item, key))
        else:
            ordinary.append(item)
    kept = () if replaces else live
    return [old for old in kept if _identity(old, key) not in gone], ordinary


def _keyed(live: Sequence[Json], patch: list[JsonObject], field: Field, schema: Schema) -> list[Json]:
    merged = list(live)
    places = {_identity(old, field.merge_key): at for at, old in reversed(list(enumerate(live)))}
    for item in patch:
        at = places.setdefault(_identity(item, field.merge_key), len(merged))
        old = merged[at] if at < len(merged) else {}
        merged[at : at + 1] = [_object(old if isinstance(old, Mapping) else {}, item, field.type, schema)]
    return merged


def _placed(merged: Sequence[Json], order: Sequence[Json], live: Sequence[Json], key: str) -> list[Json]:
    """Return ``merged`` in the order of ``order``, the other elements between them as they were in ``live``.

    An element that ``order`` does not name goes before the first named one that followed it in
    ``live``; a named one that is new to ``live`` goes first.
    """
    wanted, before = _ranks(order, key), _ranks(live, key)
    ranked = [(_identity(item, key), item) for item in merged]
    named = sorted((pair for pair in ranked if pair[0] in wanted), key=lambda pair: wanted[pair[0]])
    others = [pair for pair in ranked if pair[0] not in wanted]
    placed: list[Json] = []
    at = 0
    for name, item in named:
        while at < len(others) and others[at][0] in before and before[others[at][0]] < before.get(name, -1):
            placed.append(others[at][1])
            at += 1
        placed.append(item)
    return placed + [item for _, item in others[at:]]


def _ranks(order: Sequence[Json], key: str) -> dict[str, int]:
    return {_identity(item, key): rank for rank, item in reversed(list(enumerate(order)))}


def _identity(item: Json, key: str) -> str:
    """Return what tells elements apart: the merge key's value, the element itself in a list of scalars."""
    return json.dumps(item.get(key) if key and isinstance(item, Mapping) else item, sort_keys=True)


def _retained(current: dict[str, Json], patch: JsonObject) -> dict[str, Json]:
    if RETAIN not in patch:
        return current
    kept = {name for name in items(patch[RETAIN]) if isinstance(name, str)}
    extra = [name for name in patch if not name.startswith("$") and name not in kept]
    if extra:
        raise status.bad_request("the keys in the patch are not a subset of `$retainKeys`")
    return {name: value for name, value in current.items() if name in kept}


def _replaced(patch: JsonObject) -> dict[str, Json]:
    match patch[PATCH]:
        case "replace":
            return _clean(patch)
        case "delete":
            return {}
    raise status.bad_request(f"unknown patch type found: {_shown(patch[PATCH])}")


def _known(name: str) -> None:
    if name != RETAIN and not name.startswith((DELETE_FROM, ORDER)):
        raise status.bad_request(f"unknown directive {status.quote(name[:80])} in a strategic merge patch")


def _clean(value: JsonObject) -> dict[str, Json]:
    """Return ``value`` without nulls and directives: what is left of a patch where nothing was before."""
    return {
        name: _clean_value(member)
        for name, member in value.items()
        if member is not None and not name.startswith("$")
    }


def _clean_value(value: Json) -> Json:
    if isinstance(value, Mapping):
        return _clean(value)
    return [_clean_value(item) for item in items(value)] if is_list(value) else value


def _shown(value: Json) -> str:
    return status.quote(str(value)[:80])
