"""When a Job is over, and when it tries again: both sides of each boundary.

Source: Kubernetes documentation, "Jobs", sections "Pod backoff failure policy" and
"Job termination and cleanup".
"""

from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide.values import Instant
from sekisho.lab.kube.controllers.job_end import backoff_until, ending
from sekisho.lab.kube.controllers.pods import MAX_PODS, within_reason

START = Instant.parse_rfc3339("2026-11-24T12:00:00Z")


def job(status: Any = None, policy: str = "Never", **spec: Any) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": policy}}
    return {
        "spec": {"completions": 2, "backoffLimit": 3, "template": template, **spec},
        "status": {"startTime": START.rfc3339(), **(status or {})},
    }


def restarted(count: int) -> dict[str, Any]:
    return {"status": {"phase": "Running", "containerStatuses": [{"restartCount": count}]}}


RUNNING = restarted(0)


@pytest.mark.parametrize(
    ("found", "active", "seconds", "reason"),
    [
        (job({"succeeded": 1}), [], 0, None),
        (job({"succeeded": 2}), [], 0, "CompletionsReached"),
        (job({"succeeded": 2}, suspend=True), [], 0, None),
        (job({"failed": 3}), [], 0, None),
        (job({"failed": 4}), [], 0, "BackoffLimitExceeded"),
        (job({"failed": 1}, backoffLimit=0), [], 0, "BackoffLimitExceeded"),
        (job(policy="OnFailure"), [restarted(1), restarted(1)], 0, None),
        (job(policy="OnFailure"), [restarted(1), restarted(2)], 0, "BackoffLimitExceeded"),
        (job(policy="OnFailure", backoffLimit=0), [restarted(1)], 0, "BackoffLimitExceeded"),
        (job(policy="OnFailure", backoffLimit=0), [RUNNING], 0, None),
        (job(activeDeadlineSeconds=10), [RUNNING], 9, None),
        (job(activeDeadlineSeconds=10), [RUNNING], 10, "DeadlineExceeded"),
        (job(activeDeadlineSeconds=10, suspend=True), [], 10, None),
        (job(activeDeadlineSeconds=2**62), [RUNNING], 10, None),
        (job({"succeeded": 1}, completions=None), [RUNNING], 0, None),
        (job({"succeeded": 1}, completions=None), [], 0, "CompletionsReached"),
        (
            job({"conditions": [{"type": "FailureTarget", "reason": "DeadlineExceeded"}], "succeeded": 2}),
            [],
            0,
            "DeadlineExceeded",  # what was decided stays so
        ),
    ],
)
def test_how_a_job_ends(found: Any, active: list[Any], seconds: int, reason: str | None) -> None:
    end = ending(found, active, START + timedelta(seconds=seconds))
    assert (end.reason if end else None) == reason


@pytest.mark.parametrize(
    ("failed", "seconds", "waits"),
    [(0, 0, None), (1, 9, 10), (1, 10, None), (2, 19, 20), (7, 0, 600), (99, 599, 600)],
)
def test_the_next_pod_waits_longer_each_time(failed: int, seconds: int, waits: int | None) -> None:
    last = START.rfc3339() if failed else ""
    until = backoff_until(job({"failed": failed}), last, START + timedelta(seconds=seconds))
    assert until == (None if waits is None else START + timedelta(seconds=waits))


def test_a_typing_error_does_not_fill_a_computer() -> None:
    assert within_reason(MAX_PODS) == within_reason(2**31 - 1) == MAX_PODS
    assert within_reason(3) == 3
