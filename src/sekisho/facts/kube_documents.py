"""Kubernetes objects in a parsed document: one object, or a list as kubectl and the API print it."""

from collections.abc import Mapping

from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import InputFault, Json, JsonObject, Ref, SekishoInputError
from sekisho.facts.manifest import Manifest, text


def is_kubernetes(value: Json) -> bool:
    """Whether a document has the two members that every Kubernetes object has."""
    return isinstance(value, Mapping) and bool(text(value, "apiVersion")) and bool(text(value, "kind"))


def read_kubernetes(value: Json, at: Ref) -> tuple[Manifest, ...]:
    """Return the objects of a document, each with its place. Members that are not understood are kept.

    Raises:
        SekishoInputError: an object without kind or name, or a Role or binding of a wrong shape;
            every fault of the document.
    """
    faults: list[InputFault] = []
    found = []
    for body, place in _objects(value, at, faults):
        before = len(faults)
        faults.extend(
            InputFault("facts.kube.missing", place, f"expected an object with `{member}`")
            for member in ("apiVersion", "kind")
            if not text(body, member)
        )
        if not text(body.get("metadata"), "name"):
            faults.append(InputFault("facts.kube.missing", place.child("metadata"), "expected `name`"))
        rbac = None
        if len(faults) == before and text(body, "apiVersion").startswith(f"{GROUP}/"):
            try:
                rbac = parse_object(body, place, "default")
            except SekishoInputError as error:
                faults.extend(error.faults)
        found.append(Manifest(body, place, rbac=rbac))
    if faults:
        raise SekishoInputError(faults)
    return tuple(found)


def _objects(value: Json, at: Ref, faults: list[InputFault]) -> list[tuple[JsonObject, Ref]]:
    if not isinstance(value, Mapping):
        faults.append(InputFault("facts.kube.not-an-object", at, "expected a Kubernetes object"))
        return []
    kind = text(value, "kind")
    if not kind.endswith("List") or ("metadata" in value and text(value["metadata"], "name")):
        return [(value, at)]
    items = value.get("items")
    place = at.child("items")
    if not isinstance(items, list):
        faults.append(InputFault("facts.kube.not-a-list", place, "expected a list of objects"))
        return []
    found = []
    for index, item in enumerate(items):
        # API servers leave kind and version out of the items of a typed list.
        defaults = {"apiVersion": text(value, "apiVersion"), "kind": kind.removesuffix("List")}
        whole = {**defaults, **item} if isinstance(item, Mapping) and kind != "List" else item
        found.extend(_objects(whole, place.child(index), faults))
    return found
