"""Jobs: pods until enough of them have succeeded (``pkg/controller/job``).

A pod carries a finalizer until it is counted, and its uid stands in the status while it is: what is
counted once is counted once, whoever deletes the pod and whenever the lab stops.
"""

from collections.abc import Iterable, Sequence

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.conditions import condition, find_condition, with_condition
from sekisho.lab.kube.controllers.controller import Item, Seen, served
from sekisho.lab.kube.controllers.job_end import Ending, backoff_until, deadline_of, ending
from sekisho.lab.kube.controllers.ownership import claimed, is_marked, owner_item, uid_of
from sekisho.lab.kube.controllers.pods import PODS, begin_pod, is_active, is_finished, is_ready, within_reason
from sekisho.wire.kube.members import items, mapping, number, objects, text
from sekisho.wire.kube.registry import BATCH

JOBS = served(BATCH, "jobs")
TRACKING = "batch.kubernetes.io/job-tracking"
BURST = 50
"""Pods made before others have their turn."""


class JobController:
    """Makes the pods of Jobs and counts how they end."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return the Job that changed, or that of a pod that did."""
        if seen.resource is JOBS:
            return (seen.item,)
        if seen.resource is not PODS:
            return ()
        return [owner for body in seen.bodies if (owner := owner_item(JOBS, body)) is not None]

    async def sync(self, item: Item) -> Instant | None:
        """Count what ended, then begin or end pods."""
        found = self._actor.find(JOBS, item.namespace, item.name)
        if found is None:
            await self._release_orphans(item)
            return None
        pods = await claimed(self._actor, found, PODS)
        if _is_over(found):
            for pod in pods:
                await self._release(pod)
            return None
        if not text(found, "status", "startTime") and not _is_suspended(found):
            told = {**mapping(found, "status"), "startTime": self._actor.now.rfc3339()}
            await self._actor.put_status(JOBS, found, told)
            return None  # its change brings the Job here again
        found, pods = await self._count(found, pods)
        active = [pod for pod in pods if is_active(pod)]
        end = ending(found, active, self._actor.now)
        if end is not None:
            return await self._finish(found, pods, active, end)
        if is_marked(found):
            return None
        return await self._manage(found, pods, active)

    async def _count(self, found: JsonObject, pods: list[JsonObject]) -> tuple[JsonObject, list[JsonObject]]:
        """Add the pods that ended to the counts of the status."""
        status = dict(mapping(found, "status"))
        uncounted = {name: list(items(status, "uncountedTerminatedPods", name)) for name in _COUNTS}
        known = {uid for uids in uncounted.values() for uid in uids}
        for pod in pods:
            kind = _result(pod)
            if kind and uid_of(pod) not in known and TRACKING in items(pod, "metadata", "finalizers"):
                uncounted[kind].append(uid_of(pod))
        if any(uncounted.values()):
            written: dict[str, Json] = {name: uids for name, uids in uncounted.items() if uids}
            await self._actor.put_status(JOBS, found, {**status, "uncountedTerminatedPods": written})
        for pod in pods:
            if _result(pod):
                await self._release(pod)
        for name, uids in uncounted.items():
            if uids:
                status[name] = number(status, name) + len(uids)
        present = self._read(found)
        status["uncountedTerminatedPods"] = {}
        counted = {**present, "status": status}
        return counted, [pod for pod in pods if not _result(pod)]

    async def _manage(
        self, found: JsonObject, pods: list[JsonObject], active: list[JsonObject]
    ) -> Instant | None:
        """Begin the pods that are missing; end those that are too many, and all of a suspended Job."""
        spec, now = mapping(found, "spec"), self._actor.now
        wanted = number(spec, "parallelism")
        if spec.get("completions") is not None:
            wanted = min(wanted, number(spec, "completions") - number(found, "status", "succeeded"))
        elif number(found, "status", "succeeded"):
            wanted = min(wanted, len(active))  # the first success ends the work: no more begin
        wanted = 0 if _is_suspended(found) else within_reason(max(wanted, 0))
        surplus = active[wanted:]
        for pod in surplus:
            await self._actor.delete(PODS, pod)
            await self._actor.tell(found, "SuccessfulDelete", f"Deleted pod: {text(pod, 'metadata', 'name')}")
        resumes = backoff_until(found, self._last_failure(found), now)
        missing = wanted - len(active)
        made = 0
        if missing > 0 and resumes is None:
            for _ in range(min(missing, BURST)):
                await self._begin(found)
                made += 1
        await self._tell(
            found, len(active) - len(surplus) + made, [pod for pod in pods if pod not in surplus]
        )
        moments = [one for one in (resumes, deadline_of(found)) if one is not None]
        return now if missing > BURST else min(moments, default=None)

    async def _begin(self, found: JsonObject) -> None:
        template = mapping(found, "spec", "template")
        metadata = mapping(template, "metadata")
        finalizers = [*items(metadata, "finalizers"), TRACKING]
        tracked = {**template, "metadata": {**metadata, "finalizers": finalizers}}
        await begin_pod(self._actor, tracked, found)

    async def _tell(self, found: JsonObject, active: int, pods: list[JsonObject]) -> None:
        """Write the status of a Job that goes on."""
        now, status = self._actor.now, dict(mapping(found, "status"))
        told = objects(status, "conditions")
        before = find_condition(told, "Suspended")
        was = before is not None and text(before, "status") == "True"
        if _is_suspended(found):
            told = _told(told, condition("Suspended", "True", "JobSuspended", "Job suspended"), now)
            status.pop("startTime", None)
        elif before is not None:
            told = _told(told, condition("Suspended", "False", "JobResumed", "Job resumed"), now)
        if was != _is_suspended(found):
            word = "Suspended" if _is_suspended(found) else "Resumed"
            await self._actor.tell(found, word, f"Job {word.lower()}")
        await self._put(found, status, told, active, pods)

    async def _finish(
        self, found: JsonObject, pods: list[JsonObject], active: list[JsonObject], end: Ending
    ) -> Instant | None:
        """End the pods that still run, and when all are gone, say how the Job ended."""
        now, status = self._actor.now, dict(mapping(found, "status"))
        told = _told(
            objects(status, "conditions"), condition(end.before, "True", end.reason, end.message), now
        )
        for pod in active:
            await self._actor.delete(PODS, pod)
        still = [one for pod in pods if (one := self._actor.find(PODS, *_place(pod))) is not None]
        running = [pod for pod in still if not is_finished(pod) and text(pod, "spec", "nodeName")]
        if running:
            await self._put(found, status, told, 0, running)
            return None
        found, _ = await self._count({**found, "status": status}, still)
        for pod in still:
            await self._release(pod)
        status = dict(mapping(found, "status"))
        told = _told(told, condition(end.type, "True", end.reason, end.message), now)
        if end.type == "Complete":
            status["completionTime"] = now.rfc3339()
        await self._put(found, status, told, 0, [])
        if end.type == "Complete":
            await self._actor.tell(found, "Completed", "Job completed")
        else:
            await self._actor.tell(found, end.reason, end.message, warning=True)
        return None

    async def _put(
        self,
        found: JsonObject,
        status: dict[str, Json],
        told: list[JsonObject],
        active: int,
        pods: list[JsonObject],
    ) -> None:
        ready = sum(is_ready(pod) for pod in pods if is_active(pod))
        terminating = sum(is_marked(pod) and not is_finished(pod) for pod in pods)
        for name in ("active", "conditions"):
            status.pop(name, None)
        present = self._read(found)
        wanted = {
            **status,
            **({"active": active} if active else {}),
            "ready": ready,
            "terminating": terminating,
            **({"conditions": told} if told else {}),
        }
        await self._actor.put_status(JOBS, present, wanted)

    def _last_failure(self, found: JsonObject) -> str:
        """Return when the last pod of the Job failed, from the pods that are still there."""
        failed = [
            max(
                (text(one, "state", "terminated", "finishedAt") for one in _containers(pod)),
                default="",
            )
            or text(pod, "metadata", "creationTimestamp")
            for pod in self._actor.listing(PODS, text(found, "metadata", "namespace"))
            if text(pod, "status", "phase") == "Failed" and owner_item(JOBS, pod) == _item(found)
        ]
        return max(failed, default="")

    async def _release_orphans(self, item: Item) -> None:
        """Let go of the pods of a Job that is gone."""
        for pod in self._actor.listing(PODS, item.namespace):
            if owner_item(JOBS, pod) == item:
                await self._release(pod)

    async def _release(self, pod: JsonObject) -> None:
        """Take the finalizer off a pod."""
        found = self._actor.find(PODS, *_place(pod))
        if found is None or TRACKING not in items(found, "metadata", "finalizers"):
            return

        def released(before: JsonObject) -> JsonObject:
            metadata = dict(mapping(before, "metadata"))
            left: list[Json] = [one for one in items(metadata, "finalizers") if one != TRACKING]
            metadata.pop("finalizers", None)
            return {**before, "metadata": {**metadata, **({"finalizers": left} if left else {})}}

        await self._actor.patch(PODS, found, released)

    def _read(self, found: JsonObject) -> JsonObject:
        return self._actor.find(JOBS, *_place(found)) or found


_COUNTS = ("succeeded", "failed")


def _result(pod: JsonObject) -> str:
    """Return what a pod counts as; one that is deleted before it ended has failed."""
    phase = text(pod, "status", "phase")
    if phase == "Succeeded":
        return "succeeded"
    is_gone = is_marked(pod) and not number(pod, "metadata", "deletionGracePeriodSeconds")
    return "failed" if phase == "Failed" or is_gone else ""


def _is_over(found: JsonObject) -> bool:
    told = objects(found, "status", "conditions")
    return any(text(one, "type") in ("Complete", "Failed") and text(one, "status") == "True" for one in told)


def _is_suspended(found: JsonObject) -> bool:
    return mapping(found, "spec").get("suspend") is True


def _told(before: Sequence[JsonObject], wanted: JsonObject, now: Instant) -> list[JsonObject]:
    """Return the conditions with ``wanted``, as Jobs date them."""
    old = find_condition(before, text(wanted, "type"))
    if old is not None and all(old.get(name) == value for name, value in wanted.items()):
        return list(before)
    return with_condition(before, {**wanted, "lastProbeTime": now.rfc3339()}, now)


def _containers(pod: JsonObject) -> list[JsonObject]:
    return objects(pod, "status", "containerStatuses")


def _place(body: JsonObject) -> tuple[str, str]:
    return text(body, "metadata", "namespace"), text(body, "metadata", "name")


def _item(found: JsonObject) -> Item:
    return Item(JOBS, *_place(found))
