"""Who owns an object, and which objects a controller counts as its own.

Source: Kubernetes documentation, "Garbage Collection", section "Owners and dependents"; kubernetes
``pkg/controller/controller_ref_manager.go``.
"""

from sekisho.decide.values import JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item
from sekisho.wire.kube.members import mapping, objects, text
from sekisho.wire.kube.registry import Resource
from sekisho.wire.kube.selectors import label_selector


def uid_of(body: JsonObject) -> str:
    """Return the uid of an object."""
    return text(body, "metadata", "uid")


def item_of(resource: Resource, body: JsonObject) -> Item:
    """Return an object as something to look at."""
    return Item(resource, text(body, "metadata", "namespace"), text(body, "metadata", "name"))


def is_marked(body: JsonObject) -> bool:
    """Tell whether an object is marked as deleted."""
    return bool(text(body, "metadata", "deletionTimestamp"))


def owner_reference(owner: JsonObject) -> JsonObject:
    """Return the reference of a controller to put into what it makes for ``owner``."""
    return {
        "apiVersion": text(owner, "apiVersion"),
        "kind": text(owner, "kind"),
        "name": text(owner, "metadata", "name"),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(body: JsonObject) -> JsonObject | None:
    """Return the owner reference of the controller of an object."""
    owners = objects(body, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller") is True), None)


def owner_item(resource: Resource, body: JsonObject) -> Item | None:
    """Return the controlling owner of ``body``, if it is of this kind."""
    owner = controller_of(body)
    kind = (resource.at.api_version, resource.kind)
    if owner is None or (text(owner, "apiVersion"), text(owner, "kind")) != kind:
        return None
    return Item(resource, text(body, "metadata", "namespace"), text(owner, "name"))


async def claimed(actor: Actor, owner: JsonObject, resource: Resource) -> list[JsonObject]:
    """Return the objects of a kind that ``owner`` selects and controls.

    What it selects and nobody controls is adopted; what it controls and no longer selects is let go.
    """
    selector = label_selector(mapping(owner, "spec", "selector"))
    mine: list[JsonObject] = []
    for body in actor.listing(resource, text(owner, "metadata", "namespace")):
        reference = controller_of(body)
        if reference is None:
            if selector.matches(body) and not is_marked(body) and not is_marked(owner):
                mine.append(await actor.patch(resource, body, lambda found: _adopted(found, owner)))
        elif text(reference, "uid") == uid_of(owner):
            if selector.matches(body):
                mine.append(body)
            elif not is_marked(owner):
                await actor.patch(resource, body, lambda found: without_owners(found, {uid_of(owner)}))
    return mine


def without_owners(body: JsonObject, uids: set[str]) -> JsonObject:
    """Return an object without its references to these owners."""
    metadata = dict(mapping(body, "metadata"))
    left = [one for one in objects(metadata, "ownerReferences") if text(one, "uid") not in uids]
    metadata.pop("ownerReferences", None)
    return {**body, "metadata": {**metadata, **({"ownerReferences": left} if left else {})}}


def _adopted(body: JsonObject, owner: JsonObject) -> JsonObject:
    metadata = mapping(body, "metadata")
    owners = objects(metadata, "ownerReferences")
    return {**body, "metadata": {**metadata, "ownerReferences": [*owners, owner_reference(owner)]}}
