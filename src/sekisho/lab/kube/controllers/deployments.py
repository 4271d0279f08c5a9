"""Deployments: ReplicaSets that are scaled until the newest has all the pods.

Source: kubernetes ``pkg/controller/deployment``.
"""

from collections.abc import Iterable

from sekisho.decide.values import Instant, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item, Seen, served
from sekisho.lab.kube.controllers.deployment_status import progress_deadline, status_of, with_failure
from sekisho.lab.kube.controllers.ownership import claimed, is_marked, item_of, owner_item
from sekisho.lab.kube.controllers.pods import PODS, is_finished
from sekisho.lab.kube.controllers.replica_sets import REPLICA_SETS
from sekisho.lab.kube.controllers.revisions import (
    DESIRED,
    REVISION,
    age_order,
    as_current,
    new_replica_set,
    replica_set_of,
    revision_of,
    size_annotations,
)
from sekisho.lab.kube.controllers.rolling import Size, proportionally, rolling
from sekisho.wire.kube.members import mapping, number, text
from sekisho.wire.kube.registry import APPS
from sekisho.wire.kube.rollout import bounds
from sekisho.wire.kube.selectors import label_selector
from sekisho.wire.kube.status import KubeError

DEPLOYMENTS = served(APPS, "deployments")


class DeploymentController:
    """Makes and scales the ReplicaSets of Deployments."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the Deployment that changed, or that of a set that did, or of a pod that is gone."""
        if seen.resource is DEPLOYMENTS:
            return (seen.item,)
        if seen.resource is PODS and seen.after is None and seen.before is not None:
            return self._of_pod(seen.before, seen.item.namespace)
        if seen.resource is not REPLICA_SETS:
            return ()
        owners = [owner for body in seen.bodies if (owner := owner_item(DEPLOYMENTS, body)) is not None]
        if owners or seen.after is None:
            return owners
        return [
            item_of(DEPLOYMENTS, one)
            for one in self._actor.listing(DEPLOYMENTS, seen.item.namespace)
            if label_selector(mapping(one, "spec", "selector")).matches(seen.after)
        ]

    async def sync(self, item: Item) -> Instant | None:
        """Take the next step of the rollout, and tell how far it is."""
        found = self._actor.find(DEPLOYMENTS, item.namespace, item.name)
        if found is None:
            return None
        sets = await claimed(self._actor, found, REPLICA_SETS)
        if is_marked(found):
            return await self._tell(found, sets, replica_set_of(sets, mapping(found, "spec", "template")))
        is_paused = mapping(found, "spec").get("paused") is True
        newest = await self._newest(found, sets, may_create=not is_paused)
        sets = await claimed(self._actor, found, REPLICA_SETS)
        if is_paused or self._was_resized(found, sets):
            await self._scale(found, sets, proportionally(found, self._sizes(sets), self._name(newest)))
        elif text(found, "spec", "strategy", "type") == "Recreate":
            await self._recreate(found, sets, newest)
        else:
            await self._scale(found, sets, rolling(found, self._sizes(sets), self._name(newest)))
        sets = await claimed(self._actor, found, REPLICA_SETS)
        again = await self._tell(found, sets, newest)
        await self._clean(found, sets, newest)
        return again

    async def _newest(
        self, found: JsonObject, sets: list[JsonObject], *, may_create: bool
    ) -> JsonObject | None:
        """Return the set of the present template; one that is not there is made, with no pod yet too many."""
        same = replica_set_of(sets, mapping(found, "spec", "template"))
        others = [one for one in sets if same is None or self._name(one) != self._name(same)]
        revision = max((revision_of(one) for one in others), default=0) + 1
        maximum = self._maximum(found)
        if same is not None:
            annotated = await self._actor.update(
                REPLICA_SETS, same, lambda before: as_current(before, found, maximum, revision)
            )
            await self._number(found, revision_of(annotated))
            return annotated
        if not may_create:
            return None
        wanted = number(found, "spec", "replicas")
        if text(found, "spec", "strategy", "type") == "RollingUpdate":
            room = maximum - sum(number(one, "spec", "replicas") for one in sets)
            replicas = max(0, min(room, wanted))
        else:  # the old pods end first
            is_alone = not any(number(one, "spec", "replicas") for one in sets)
            replicas = wanted if is_alone and not self._old_pods(found, sets) else 0
        body = new_replica_set(found, replicas, maximum, revision)
        try:
            made = await self._actor.create(REPLICA_SETS, text(found, "metadata", "namespace"), body)
        except KubeError as error:
            if error.reason == "AlreadyExists":  # another template has the same hash
                collisions = number(found, "status", "collisionCount") + 1
                told = {**mapping(found, "status"), "collisionCount": collisions}
                await self._actor.put_status(DEPLOYMENTS, found, told)
            else:
                await self._tell_failed(
                    found, f'Failed to create new replica set "{self._name(body)}": {error.message}'
                )
            raise
        if replicas:
            await self._tell_scaled(found, made, 0, replicas)
        await self._number(found, revision)
        return made

    async def _tell_failed(self, found: JsonObject, message: str) -> None:
        """Say that there is no ReplicaSet of the present template."""
        told = with_failure(found, message, self._actor.now)
        await self._actor.put_status(DEPLOYMENTS, found, told)
        await self._actor.tell(found, "ReplicaSetCreateError", message, warning=True)

    async def _number(self, found: JsonObject, revision: int) -> None:
        """Annotate the Deployment with its revision."""

        def numbered(before: JsonObject) -> JsonObject:
            metadata = mapping(before, "metadata")
            annotations = {**mapping(metadata, "annotations"), REVISION: str(revision)}
            return {**before, "metadata": {**metadata, "annotations": annotations}}

        if revision_of(found) != revision:
            await self._actor.update(DEPLOYMENTS, found, numbered, "status")

    async def _recreate(self, found: JsonObject, sets: list[JsonObject], newest: JsonObject | None) -> None:
        """End all old pods, then begin the new."""
        old = [one for one in sets if self._name(one) != self._name(newest)]
        running = {self._name(one): 0 for one in old if number(one, "spec", "replicas")}
        if running:
            await self._scale(found, sets, running)
        elif not self._old_pods(found, old):
            await self._scale(found, sets, {self._name(newest): number(found, "spec", "replicas")})

    def _old_pods(self, found: JsonObject, old: list[JsonObject]) -> bool:
        """Tell whether pods of these sets have not ended."""
        names = {self._name(one) for one in old}
        for pod in self._actor.listing(PODS, text(found, "metadata", "namespace")):
            owner = owner_item(REPLICA_SETS, pod)
            if owner is not None and owner.name in names and not is_finished(pod):
                return True
        return False

    async def _scale(self, found: JsonObject, sets: list[JsonObject], wanted: dict[str, int]) -> None:
        maximum = self._maximum(found)
        for one in sets:
            before, after = number(one, "spec", "replicas"), wanted.get(self._name(one))
            if after is None:
                continue

            def scaled(body: JsonObject, replicas: int = after) -> JsonObject:
                metadata = mapping(body, "metadata")
                sizes = size_annotations(found, maximum)
                annotations = {**mapping(metadata, "annotations"), **sizes}
                return {
                    **body,
                    "metadata": {**metadata, "annotations": annotations},
                    "spec": {**mapping(body, "spec"), "replicas": replicas},
                }

            await self._actor.update(REPLICA_SETS, one, scaled)
            if before != after:
                await self._tell_scaled(found, one, before, after)

    async def _tell(
        self, found: JsonObject, sets: list[JsonObject], newest: JsonObject | None
    ) -> Instant | None:
        """Write the status; returns when the rollout will have taken too long."""
        present = self._actor.find(
            DEPLOYMENTS, text(found, "metadata", "namespace"), text(found, "metadata", "name")
        )
        if present is None:
            return None
        wanted = status_of(present, sets, newest, self._actor.now)
        await self._actor.put_status(DEPLOYMENTS, present, wanted)
        return progress_deadline({**present, "status": wanted})

    async def _clean(self, found: JsonObject, sets: list[JsonObject], newest: JsonObject | None) -> None:
        """Delete old sets beyond the history that is wanted, once the rollout is complete."""
        limit = mapping(found, "spec").get("revisionHistoryLimit")
        old = [
            one
            for one in sets
            if self._name(one) != self._name(newest)
            and not number(one, "spec", "replicas")
            and not number(one, "status", "replicas")
            and not is_marked(one)
        ]
        if not isinstance(limit, int) or len(old) <= limit or len(old) != len(sets) - 1:
            return
        for one in sorted(old, key=revision_of)[: len(old) - limit]:
            await self._actor.delete(REPLICA_SETS, one)

    async def _tell_scaled(self, found: JsonObject, one: JsonObject, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {self._name(one)} from {before} to {after}"
        await self._actor.tell(found, "ScalingReplicaSet", message)

    def _was_resized(self, found: JsonObject, sets: list[JsonObject]) -> bool:
        """Tell whether the number of wanted pods is another than the sets were last scaled for."""
        wanted = str(number(found, "spec", "replicas"))
        return any(
            text(one, "metadata", "annotations", DESIRED) not in ("", wanted)
            for one in sets
            if number(one, "spec", "replicas")
        )

    def _maximum(self, found: JsonObject) -> int:
        wanted = number(found, "spec", "replicas")
        if text(found, "spec", "strategy", "type") != "RollingUpdate" or not wanted:
            return wanted
        return wanted + bounds(mapping(found, "spec", "strategy", "rollingUpdate"), wanted)[0]

    def _sizes(self, sets: list[JsonObject]) -> list[Size]:
        """Return the sets as sizes, the oldest first."""
        return [
            Size(
                self._name(one),
                number(one, "spec", "replicas"),
                number(one, "status", "availableReplicas"),
            )
            for one in sorted(sets, key=age_order)
        ]

    def _name(self, body: JsonObject | None) -> str:
        return text(body, "metadata", "name")

    def _of_pod(self, pod: JsonObject, namespace: str) -> list[Item]:
        owner = owner_item(REPLICA_SETS, pod)
        found = None if owner is None else self._actor.find(REPLICA_SETS, namespace, owner.name)
        item = None if found is None else owner_item(DEPLOYMENTS, found)
        return [] if item is None else [item]
