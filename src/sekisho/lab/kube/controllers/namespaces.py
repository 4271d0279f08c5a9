"""Namespaces that were deleted: their contents go first, then they do (``pkg/controller/namespace``)."""

from collections.abc import Iterable

from sekisho.decide.values import Instant, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.conditions import condition, with_condition
from sekisho.lab.kube.controllers.controller import Item, Seen
from sekisho.lab.kube.controllers.namespace_contents import NAMESPACES
from sekisho.lab.kube.controllers.ownership import is_marked
from sekisho.wire.kube.members import items, mapping, objects
from sekisho.wire.kube.registry import RESOURCES, Resource

_CONTENTS = tuple(one for one in RESOURCES if one.is_stored and one.namespaced)
_DISCOVERED = ("ResourcesDiscovered", "All resources successfully discovered")
_PARSED = ("ParsedGroupVersions", "All legacy kube types successfully parsed")
_FINALIZER = "kubernetes"


class NamespaceController:
    """Empties namespaces that are marked as deleted, then lets them go."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the namespace, or the one from which something went."""
        if seen.resource is NAMESPACES:
            return (seen.item,) if seen.after is not None and is_marked(seen.after) else ()
        went = seen.after is None and seen.resource.namespaced
        return (Item(NAMESPACES, "", seen.item.namespace),) if went else ()

    async def sync(self, item: Item) -> Instant | None:
        """Delete what is in it; when nothing is left, take the finalizer off."""
        found = self._actor.find(NAMESPACES, "", item.name)
        if found is None or not is_marked(found):
            return None
        for resource in _CONTENTS:
            for body in self._actor.listing(resource, item.name):
                if not is_marked(body):
                    await self._actor.delete(resource, body, propagationPolicy="Background")
        left = [(one, body) for one in _CONTENTS for body in self._actor.listing(one, item.name)]
        if left:
            await self._tell_what_is_left(found, left)
            return None

        def released(before: JsonObject) -> JsonObject:
            finalizers = [one for one in items(before, "spec", "finalizers") if one != _FINALIZER]
            return {**before, "spec": {**mapping(before, "spec"), "finalizers": finalizers}}

        await self._actor.update(NAMESPACES, found, released, "finalize")
        return None

    async def _tell_what_is_left(self, found: JsonObject, left: list[tuple[Resource, JsonObject]]) -> None:
        """Say in the status what keeps the namespace."""
        told = objects(found, "status", "conditions")
        counts: dict[str, int] = {}
        holders: dict[str, int] = {}
        for resource, body in left:
            place = f"{resource.plural}.{resource.group}"
            counts[place] = counts.get(place, 0) + 1
            for holder in items(body, "metadata", "finalizers"):
                holders[str(holder)] = holders.get(str(holder), 0) + 1
        remaining = ", ".join(f"{place} has {count} resource instances" for place, count in counts.items())
        waiting = ", ".join(f"{name} in {count} resource instances" for name, count in holders.items())
        wanted = [
            condition("NamespaceDeletionDiscoveryFailure", "False", *_DISCOVERED),
            condition("NamespaceDeletionGroupVersionParsingFailure", "False", *_PARSED),
            condition(
                "NamespaceDeletionContentFailure",
                "False",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            condition(
                "NamespaceContentRemaining",
                "True",
                "SomeResourcesRemain",
                f"Some resources are remaining: {remaining}",
            ),
            condition(
                "NamespaceFinalizersRemaining",
                "True" if waiting else "False",
                "SomeFinalizersRemain" if waiting else "ContentHasNoFinalizers",
                f"Some content in the namespace has finalizers remaining: {waiting}"
                if waiting
                else "All content-preserving finalizers finished",
            ),
        ]
        for one in wanted:
            told = with_condition(told, one, self._actor.now)
        await self._actor.put_status(NAMESPACES, found, {**mapping(found, "status"), "conditions": told})
