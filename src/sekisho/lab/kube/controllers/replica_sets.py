"""ReplicaSets: as many pods as wanted (kubernetes ``pkg/controller/replicaset``)."""

from collections.abc import Iterable

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.conditions import condition, with_condition, without_condition
from sekisho.lab.kube.controllers.controller import Item, Seen, served
from sekisho.lab.kube.controllers.ownership import claimed, is_marked, item_of, owner_item
from sekisho.lab.kube.controllers.pods import (
    MAX_PODS,
    PODS,
    available_from,
    begin_pod,
    first_to_go,
    is_active,
    is_ready,
    within_reason,
)
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.registry import APPS
from sekisho.wire.kube.selectors import label_selector
from sekisho.wire.kube.status import KubeError

REPLICA_SETS = served(APPS, "replicasets")
BURST = 50
"""Pods made or removed before others have their turn."""


class ReplicaSetController:
    """Makes and removes the pods of ReplicaSets."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the set that changed, or the sets of a pod that did."""
        if seen.resource is REPLICA_SETS:
            return (seen.item,)
        if seen.resource is not PODS:
            return ()
        owners = [owner for body in seen.bodies if (owner := owner_item(REPLICA_SETS, body)) is not None]
        if owners or seen.after is None:
            return owners
        orphan = seen.after
        return [
            item_of(REPLICA_SETS, one)
            for one in self._actor.listing(REPLICA_SETS, seen.item.namespace)
            if label_selector(mapping(one, "spec", "selector")).matches(orphan)
        ]

    async def sync(self, item: Item) -> Instant | None:
        """Make or remove pods, and tell how many there are."""
        found = self._actor.find(REPLICA_SETS, item.namespace, item.name)
        if found is None:
            return None
        active = [pod for pod in await claimed(self._actor, found, PODS) if is_active(pod)]
        failure: KubeError | None = None
        is_unfinished = False
        if not is_marked(found):
            try:
                is_unfinished = await self._manage(found, active)
            except KubeError as error:
                failure = error
        wanted, again = self._status(found, active, failure)
        await self._actor.put_status(REPLICA_SETS, found, wanted)
        if failure is not None:
            raise failure
        return self._actor.now if is_unfinished else again

    async def _manage(self, found: JsonObject, active: list[JsonObject]) -> bool:
        """Make what is missing or remove what is too much; tells whether more is left to do."""
        asked = number(found, "spec", "replicas")
        if asked > MAX_PODS:
            await self._actor.tell(
                found, "FailedCreate", f"The lab makes {MAX_PODS} pods at most", warning=True
            )
        missing = within_reason(asked) - len(active)
        for _ in range(min(missing, BURST)):
            await begin_pod(self._actor, mapping(found, "spec", "template"), found)
        for pod in sorted(active, key=first_to_go)[: min(max(-missing, 0), BURST)]:
            await self._actor.delete(PODS, pod)
            await self._actor.tell(found, "SuccessfulDelete", f"Deleted pod: {text(pod, 'metadata', 'name')}")
        return abs(missing) > BURST

    def _status(
        self, found: JsonObject, active: list[JsonObject], failure: KubeError | None
    ) -> tuple[JsonObject, Instant | None]:
        """Return the status for these pods, and when one of them will have been ready for long enough."""
        now, seconds = self._actor.now, number(found, "spec", "minReadySeconds")
        labels = mapping(found, "spec", "template", "metadata", "labels")
        available, soon = 0, []
        for pod in active:
            ready_enough = available_from(pod, seconds)
            if ready_enough is not None and ready_enough <= now:
                available += 1
            elif ready_enough is not None:
                soon.append(ready_enough)
        counts = {
            "fullyLabeledReplicas": sum(
                all(mapping(pod, "metadata", "labels").get(name) == value for name, value in labels.items())
                for pod in active
            ),
            "readyReplicas": sum(is_ready(pod) for pod in active),
            "availableReplicas": available,
        }
        before = objects(found, "status", "conditions")
        if failure is None:
            told = without_condition(before, "ReplicaFailure")
        else:
            told = with_condition(
                before, condition("ReplicaFailure", "True", "FailedCreate", failure.message), now
            )
        wanted: dict[str, Json] = {
            "replicas": len(active),
            **{name: count for name, count in counts.items() if count},
            "observedGeneration": number(found, "metadata", "generation"),
            **({"conditions": told} if told else {}),
        }
        return wanted, min(soon, default=None)
