"""When a Job is over, and when it may try again (``pkg/controller/job``). Pure."""

from dataclasses import dataclass
from datetime import timedelta

from sekisho.decide.values import Instant, JsonObject
from sekisho.lab.kube.controllers.conditions import find_condition
from sekisho.lab.kube.controllers.pods import restarts
from sekisho.wire.kube.members import mapping, number, objects, text

FIRST_BACKOFF_SECONDS = 10
LAST_BACKOFF_SECONDS = 600
LONGEST_SECONDS = 2**31
"""Deadlines beyond this one are that one: what adds to a time has an end."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a Job ends: its last condition, and the one that says so while pods are still ending."""

    type: str
    before: str
    reason: str
    message: str


_COMPLETE = Ending(
    "Complete", "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"
)
_BACKOFF = Ending(
    "Failed", "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
)
_DEADLINE = Ending(
    "Failed", "FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline"
)


def ending(job: JsonObject, active: list[JsonObject], now: Instant) -> Ending | None:
    """Return how a Job ends whose counts are those of now; None if it goes on."""
    told = objects(job, "status", "conditions")
    for one in (_COMPLETE, _BACKOFF, _DEADLINE):
        decided = find_condition(told, one.before)
        if decided is not None and text(decided, "reason") == one.reason:
            return one
    spec, succeeded = mapping(job, "spec"), number(job, "status", "succeeded")
    if _is_beyond_backoff(job, active):
        return _BACKOFF
    deadline = deadline_of(job)
    if deadline is not None and now >= deadline:
        return _DEADLINE
    if spec.get("completions") is None:
        return _COMPLETE if succeeded and not active else None
    is_done = succeeded >= number(spec, "completions") and spec.get("suspend") is not True
    return _COMPLETE if is_done else None


def deadline_of(job: JsonObject) -> Instant | None:
    """Return when the Job has been active for too long."""
    seconds = mapping(job, "spec").get("activeDeadlineSeconds")
    started = text(job, "status", "startTime")
    if not isinstance(seconds, int) or not started or mapping(job, "spec").get("suspend") is True:
        return None
    return Instant.parse_rfc3339(started) + timedelta(seconds=min(seconds, LONGEST_SECONDS))


def backoff_until(job: JsonObject, last_failure: str, now: Instant) -> Instant | None:
    """Return when the next pod may begin after one that failed; None if it may now."""
    failed = number(job, "status", "failed")
    if not failed or not last_failure:
        return None
    seconds = min(FIRST_BACKOFF_SECONDS * 2 ** min(failed - 1, 10), LAST_BACKOFF_SECONDS)
    resumes = Instant.parse_rfc3339(last_failure) + timedelta(seconds=seconds)
    return resumes if now < resumes else None


def _is_beyond_backoff(job: JsonObject, active: list[JsonObject]) -> bool:
    limit = number(job, "spec", "backoffLimit")
    if number(job, "status", "failed") > limit:
        return True
    if text(job, "spec", "template", "spec", "restartPolicy") != "OnFailure":
        return False
    again = sum(restarts(pod) for pod in active)
    return again > 0 if limit == 0 else again >= limit
