"""What a delete of an object comes to: gone at once, or marked and left until somebody lets it go.

Source: kubernetes ``pkg/registry/rest/delete.go`` and ``pkg/registry/generic/registry/store.go``; the
documentation, "Garbage Collection", "Finalizers" and "Pod Lifecycle", section "Pod termination".
"""

from dataclasses import dataclass
from datetime import timedelta

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.causes import not_allowed
from sekisho.wire.kube.members import items, mapping, number, text
from sekisho.wire.kube.registry import BATCH, CORE, Resource

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
LONGEST_GRACE_SECONDS = 2**31
_FINISHED = ("Succeeded", "Failed")
JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is left of an object: ``body`` as it is now, and whether it is gone."""

    body: JsonObject
    gone: bool


def deleted(resource: Resource, found: JsonObject, options: JsonObject, now: Instant) -> Deleted:
    """Return what a delete with ``options`` (meta/v1 DeleteOptions) makes of ``found``."""
    metadata = dict(mapping(found, "metadata"))
    finalizers = _finalizers(resource, metadata, options)
    grace = _grace_seconds(resource, found, options)
    is_marked = bool(text(metadata, "deletionTimestamp"))
    if finalizers != list(items(metadata, "finalizers")):
        metadata["finalizers"] = finalizers
        if not finalizers:
            del metadata["finalizers"]
    if is_marked:
        given = number(metadata, "deletionGracePeriodSeconds")
        if grace < given:
            began = Instant.parse_rfc3339(text(metadata, "deletionTimestamp")) + timedelta(seconds=-given)
            metadata["deletionTimestamp"] = max(now, began + timedelta(seconds=grace)).rfc3339()
            metadata["deletionGracePeriodSeconds"] = grace
        else:
            grace = given
    else:
        metadata["deletionTimestamp"] = (now + timedelta(seconds=grace)).rfc3339()
        metadata["deletionGracePeriodSeconds"] = grace
        if number(metadata, "generation"):
            metadata["generation"] = number(metadata, "generation") + 1
    body: dict[str, Json] = {**found, "metadata": metadata}
    if (resource.at, resource.kind) == (CORE, "Namespace"):
        del metadata["deletionGracePeriodSeconds"]
        body["status"] = {**mapping(found, "status"), "phase": "Terminating"}
    return Deleted(body, gone=is_released(body))


def is_released(body: JsonObject) -> bool:
    """Tell whether nothing holds an object any more that is marked as deleted."""
    metadata = mapping(body, "metadata")
    return (
        bool(text(metadata, "deletionTimestamp"))
        and not number(metadata, "deletionGracePeriodSeconds")
        and not items(metadata, "finalizers")
        and not (body.get("kind") == "Namespace" and items(body, "spec", "finalizers"))
    )


def check_marks(resource: Resource, before: JsonObject, wanted: JsonObject) -> None:
    """Refuse finalizers that come too late.

    Raises:
        KubeError: 422.
    """
    if not text(before, "metadata", "deletionTimestamp"):
        return
    old = items(before, "metadata", "finalizers")
    new = [str(one) for one in items(wanted, "metadata", "finalizers") if one not in old]
    if new:
        shown = ", ".join(status.quote(one) for one in new)
        detail = (
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}"
        )
        name = text(before, "metadata", "name")
        raise status.invalid(
            resource.kind, resource.group, name, [not_allowed("metadata.finalizers", detail)]
        )


def warnings(resource: Resource, options: JsonObject) -> tuple[str, ...]:
    """Return what a delete with ``options`` warns of."""
    is_default = not options.get("propagationPolicy") and options.get("orphanDependents") is None
    return (JOB_WARNING,) if (resource.at, resource.kind) == (BATCH, "Job") and is_default else ()


def _grace_seconds(resource: Resource, found: JsonObject, options: JsonObject) -> int:
    if (resource.at, resource.kind) != (CORE, "Pod"):
        return 0
    spec, given = mapping(found, "spec"), options.get("gracePeriodSeconds")
    if not text(spec, "nodeName") or text(found, "status", "phase") in _FINISHED:
        return 0
    seconds = given if isinstance(given, int) else number(spec, "terminationGracePeriodSeconds")
    return 1 if seconds < 0 else min(seconds, LONGEST_GRACE_SECONDS)


def _finalizers(resource: Resource, metadata: JsonObject, options: JsonObject) -> list[Json]:
    kept = list(items(metadata, "finalizers"))
    orphans, policy = options.get("orphanDependents"), text(options, "propagationPolicy")
    if isinstance(orphans, bool) and not policy:
        policy = "Orphan" if orphans else "Background"
    if not policy and FOREGROUND not in kept and ORPHAN not in kept:
        is_job = (resource.at, resource.kind) == (BATCH, "Job")
        policy = "Orphan" if is_job else ""
    if not policy:
        return kept
    wanted: Json = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(policy)
    if wanted in kept:
        return [one for one in kept if one == wanted or one not in (ORPHAN, FOREGROUND)]
    kept = [one for one in kept if one not in (ORPHAN, FOREGROUND)]
    return kept if wanted is None else [*kept, wanted]
