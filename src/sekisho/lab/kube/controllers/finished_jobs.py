"""Jobs that are over go after ``ttlSecondsAfterFinished`` (``pkg/controller/ttlafterfinished``)."""

from collections.abc import Iterable
from datetime import timedelta

from sekisho.decide.values import Instant
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Item, Seen
from sekisho.lab.kube.controllers.jobs import JOBS
from sekisho.lab.kube.controllers.ownership import is_marked
from sekisho.wire.kube.members import mapping, objects, text


class FinishedJobs:
    """Deletes Jobs whose time is over."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the Job that changed."""
        return (seen.item,) if seen.resource is JOBS and seen.after is not None else ()

    async def sync(self, item: Item) -> Instant | None:
        """Delete the Job if it is time, else say when it will be."""
        found = self._actor.find(JOBS, item.namespace, item.name)
        seconds = mapping(found, "spec").get("ttlSecondsAfterFinished")
        if found is None or is_marked(found) or not isinstance(seconds, int):
            return None
        ended = [
            text(one, "lastTransitionTime")
            for one in objects(found, "status", "conditions")
            if text(one, "type") in ("Complete", "Failed") and text(one, "status") == "True"
        ]
        if not ended:
            return None
        goes = Instant.parse_rfc3339(ended[0]) + timedelta(seconds=seconds)
        if self._actor.now < goes:
            return goes
        await self._actor.delete(JOBS, found, propagationPolicy="Foreground")
        return None
