"""Garbage collection: dependents go with their owners, before them, or stay.

Source: kubernetes ``pkg/controller/garbagecollector``; the documentation, "Garbage Collection",
"Use Cascading Deletion in a Cluster".
"""

from collections import defaultdict
from collections.abc import Iterable

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item, Seen
from sekisho.lab.kube.controllers.ownership import is_marked, uid_of, without_owners
from sekisho.lab.kube.deletion import FOREGROUND, ORPHAN
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.registry import REGISTRY


class GarbageCollector:
    """Follows owner references."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._dependents: defaultdict[str, dict[Item, None]] = defaultdict(dict)
        """By the uid of the owner, the objects that name it; kept up by `concerned`."""

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the object, and what depends on it if it is going or gone."""
        for uid in _owners(seen.before):
            self._dependents[uid].pop(seen.item, None)
            if not self._dependents[uid]:
                del self._dependents[uid]
        for uid in _owners(seen.after):
            self._dependents[uid][seen.item] = None
        concerned: list[Item] = []
        if seen.after is not None and (_owners(seen.after) or is_marked(seen.after)):
            concerned.append(seen.item)
        for body in seen.bodies:
            if seen.after is None or is_marked(seen.after):
                concerned += self._dependents.get(uid_of(body), ())
        if seen.after is None and seen.before is not None:
            concerned += self._owner_items(seen.item, seen.before)
        return dict.fromkeys(concerned)

    async def sync(self, item: Item) -> Instant | None:
        """Delete the object if its owners are gone; if it is going itself, see to what depends on it."""
        found = self._actor.find(item.resource, item.namespace, item.name)
        if found is None:
            return None
        finalizers = items(found, "metadata", "finalizers")
        if is_marked(found) and ORPHAN in finalizers:
            await self._orphan(item, found)
        elif is_marked(found) and FOREGROUND in finalizers:
            await self._empty(item, found)
        elif not is_marked(found):
            await self._follow(item, found)
        return None

    async def _orphan(self, item: Item, found: JsonObject) -> None:
        """Let every dependent live on without this owner."""
        for one in tuple(self._dependents.get(uid_of(found), ())):
            body = self._actor.find(one.resource, one.namespace, one.name)
            if body is not None:
                await self._actor.patch(one.resource, body, lambda old: without_owners(old, {uid_of(found)}))
        await self._release(item, found, ORPHAN)

    async def _empty(self, item: Item, found: JsonObject) -> None:
        """Delete the dependents; the owner goes when none that blocks it is left."""
        blocked = False
        for one in tuple(self._dependents.get(uid_of(found), ())):
            body = self._actor.find(one.resource, one.namespace, one.name)
            if body is None:
                continue
            if not is_marked(body):
                await self._follow(one, body)
                body = self._actor.find(one.resource, one.namespace, one.name)
            blocked |= body is not None and _blocks(body, uid_of(found))
        if not blocked:
            await self._release(item, found, FOREGROUND)

    async def _follow(self, item: Item, body: JsonObject) -> None:
        """Delete a dependent without a living owner; forget gone owners beside one that lives."""
        solid, waiting, absent = False, [], set()
        for reference in objects(body, "metadata", "ownerReferences"):
            owner, is_known = self._owner(item, reference)
            if not is_known:
                solid = True
            elif owner is None or uid_of(owner) != text(reference, "uid"):
                absent.add(text(reference, "uid"))
            elif is_marked(owner) and FOREGROUND in items(owner, "metadata", "finalizers"):
                waiting.append(text(reference, "uid"))
            else:
                solid = True
        if solid:
            gone = absent | set(waiting)
            if gone:
                await self._actor.patch(item.resource, body, lambda old: without_owners(old, gone))
        elif waiting and self._dependents.get(uid_of(body)):
            await self._actor.delete(item.resource, body, propagationPolicy="Foreground")
        elif waiting or absent:
            await self._actor.delete(item.resource, body, **_policy(body))

    def _owner(self, item: Item, reference: JsonObject) -> tuple[JsonObject | None, bool]:
        """Return the owner, and whether its kind is one that is served: else nothing is known of it."""
        resource = REGISTRY.of_kind(text(reference, "apiVersion"), text(reference, "kind"))
        if resource is None or not resource.is_stored:
            return None, False
        place = item.namespace if resource.namespaced else ""
        return self._actor.find(resource, place, text(reference, "name")), True

    def _owner_items(self, item: Item, body: JsonObject) -> list[Item]:
        """Return the owners of an object that went: one of them may wait for that."""
        found: list[Item] = []
        for reference in objects(body, "metadata", "ownerReferences"):
            resource = REGISTRY.of_kind(text(reference, "apiVersion"), text(reference, "kind"))
            if resource is not None and resource.is_stored:
                place = item.namespace if resource.namespaced else ""
                found.append(Item(resource, place, text(reference, "name")))
        return found

    async def _release(self, item: Item, found: JsonObject, finalizer: str) -> None:
        def released(before: JsonObject) -> JsonObject:
            metadata = dict(mapping(before, "metadata"))
            left: list[Json] = [one for one in items(metadata, "finalizers") if one != finalizer]
            metadata.pop("finalizers", None)
            return {**before, "metadata": {**metadata, **({"finalizers": left} if left else {})}}

        await self._actor.patch(item.resource, found, released)


def _owners(body: JsonObject | None) -> list[str]:
    return [] if body is None else [text(one, "uid") for one in objects(body, "metadata", "ownerReferences")]


def _blocks(body: JsonObject, uid: str) -> bool:
    owners = objects(body, "metadata", "ownerReferences")
    return any(text(one, "uid") == uid and one.get("blockOwnerDeletion") is True for one in owners)


def _policy(body: JsonObject) -> dict[str, Json]:
    """Return how a dependent is deleted: as its own finalizers ask, else in the background."""
    finalizers = items(body, "metadata", "finalizers")
    if ORPHAN in finalizers:
        return {"propagationPolicy": "Orphan"}
    return {"propagationPolicy": "Foreground" if FOREGROUND in finalizers else "Background"}
