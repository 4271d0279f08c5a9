"""What the status of a Deployment tells: counts, and the conditions that `kubectl rollout status` reads.

Source: kubernetes ``pkg/controller/deployment/progress.go`` and ``sync.go``.
"""

from datetime import timedelta

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.kube.controllers.conditions import condition, find_condition, with_condition
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.rollout import bounds

_DONE, _LATE = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"
_UPDATED = "lastUpdateTime"


def status_of(
    deployment: JsonObject, sets: list[JsonObject], newest: JsonObject | None, now: Instant
) -> dict[str, Json]:
    """Return the status of a Deployment whose ReplicaSets are ``sets``."""
    name = text(newest, "metadata", "name")
    fresh = next((one for one in sets if text(one, "metadata", "name") == name), None)
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": number(fresh, "status", "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": _sum(sets, "availableReplicas"),
        "unavailableReplicas": max(
            sum(number(one, "spec", "replicas") for one in sets) - _sum(sets, "availableReplicas"), 0
        ),
        "collisionCount": number(deployment, "status", "collisionCount"),
    }
    told = objects(deployment, "status", "conditions")
    wanted = number(deployment, "spec", "replicas")
    update = mapping(deployment, "spec", "strategy", "rollingUpdate")
    missing = bounds(update, wanted)[1] if update and wanted else 0
    if counts["availableReplicas"] >= wanted - missing:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        available = condition("Available", "True", reason, message)
    else:
        reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        available = condition("Available", "False", reason, message)
    told = _dated(told, available, now)
    progress = _progress(deployment, told, counts, fresh, now)
    if progress is not None:
        told = _dated(told, progress, now)
    failure = next((one for each in sets if (one := _failure_of(each)) is not None), None)
    told = [one for one in told if text(one, "type") != "ReplicaFailure"]
    if failure is not None:
        told = [*told, {**failure, _UPDATED: text(failure, "lastTransitionTime")}]
    return {
        "observedGeneration": number(deployment, "metadata", "generation"),
        **{name: count for name, count in counts.items() if count},
        **({"conditions": told} if told else {}),
    }


def with_failure(deployment: JsonObject, message: str, now: Instant) -> JsonObject:
    """Return the status of a Deployment whose new ReplicaSet was refused."""
    failed = condition("Progressing", "False", "ReplicaSetCreateError", message)
    status = mapping(deployment, "status")
    return {**status, "conditions": _dated(objects(status, "conditions"), failed, now)}


def progress_deadline(deployment: JsonObject) -> Instant | None:
    """Return when a rollout that gets no further has failed; None if nothing is rolled out."""
    seconds = mapping(deployment, "spec").get("progressDeadlineSeconds")
    progress = find_condition(objects(deployment, "status", "conditions"), "Progressing")
    if not isinstance(seconds, int) or progress is None or text(progress, "reason") in (_DONE, _LATE):
        return None
    if mapping(deployment, "spec").get("paused") is True:
        return None
    return Instant.parse_rfc3339(text(progress, _UPDATED)) + timedelta(seconds=seconds)


def _progress(
    deployment: JsonObject,
    told: list[JsonObject],
    counts: dict[str, int],
    fresh: JsonObject | None,
    now: Instant,
) -> JsonObject | None:
    """Return the new Progressing condition; None where it stays what it is."""
    before = find_condition(told, "Progressing")
    if mapping(deployment, "spec").get("paused") is True:
        if before is not None and text(before, "reason") == _LATE:
            return None
        return condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
    shown = f'ReplicaSet "{text(fresh, "metadata", "name")}"' if fresh is not None else "Deployment"
    wanted = number(deployment, "spec", "replicas")
    is_complete = (
        counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
        and fresh is not None
        and number(fresh, "spec", "replicas") == wanted
    )
    if is_complete:
        return condition("Progressing", "True", _DONE, f"{shown} has successfully progressed.")
    if before is None:
        name = text(fresh, "metadata", "name")
        return condition("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')
    if text(before, "reason") == "DeploymentPaused":
        return condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
    old = mapping(deployment, "status")
    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    is_further = any(counts[name] > number(old, name) for name in names) or (
        counts["replicas"] - counts["updatedReplicas"]
        < number(old, "replicas") - number(old, "updatedReplicas")
    )
    if is_further or (text(before, "reason") == _DONE and counts["updatedReplicas"] < wanted):
        return condition("Progressing", "True", "ReplicaSetUpdated", f"{shown} is progressing.")
    ends = progress_deadline(deployment)
    if ends is not None and now >= ends:
        return condition("Progressing", "False", _LATE, f"{shown} has timed out progressing.")
    return None


def _dated(told: list[JsonObject], wanted: JsonObject, now: Instant) -> list[JsonObject]:
    """Return the conditions with ``wanted``, in the order of their first appearance of Deployments."""
    before = find_condition(told, text(wanted, "type"))
    is_same = before is not None and all(before.get(name) == value for name, value in wanted.items())
    if is_same and text(wanted, "reason") != "ReplicaSetUpdated":
        return told
    return with_condition(told, {**wanted, _UPDATED: now.rfc3339()}, now)


def _failure_of(one: JsonObject) -> JsonObject | None:
    return find_condition(objects(one, "status", "conditions"), "ReplicaFailure")


def _sum(sets: list[JsonObject], member: str) -> int:
    return sum(number(one, "status", member) for one in sets)
