"""How many answers of a probe make a result, and what a container is while it has no result."""

from typing import Any

import pytest

from sekisho.decide.values import Instant
from sekisho.lab.pods.probes import Probe, Series, probe_of
from sekisho.lab.pods.status import ContainerState, phase

GIVEN = {
    "initialDelaySeconds": 5,
    "periodSeconds": 7,
    "timeoutSeconds": 2,
    "failureThreshold": 4,
    "successThreshold": 3,
    "terminationGracePeriodSeconds": 9,
}


def probe(**members: Any) -> Probe:
    found = probe_of({"readinessProbe": {"tcpSocket": {"port": 1}, **members}}, "Readiness")
    assert found is not None
    return found


def test_a_probe_has_its_own_times_or_those_of_the_reference() -> None:
    told = probe(**GIVEN)
    numbers = (told.delay, told.period, told.timeout, told.failures, told.successes, told.grace)
    assert numbers == (5, 7, 2, 4, 3, 9)
    silent = probe()
    numbers = (silent.delay, silent.period, silent.timeout, silent.failures, silent.successes, silent.grace)
    assert numbers == (0, 10, 1, 3, 1, None)
    assert probe_of({"readinessProbe": {}}, "Liveness") is None


def test_no_probe_is_made_without_pause() -> None:
    least = probe(periodSeconds=0, timeoutSeconds=-1, failureThreshold=0, initialDelaySeconds=-5)
    assert (least.period, least.timeout, least.failures, least.delay) == (1, 1, 1, 0)


SERIES = {
    "one success is enough": ("+", [True]),
    "two failures are not": ("--", [None, None]),
    "three are": ("---", [None, None, False]),
    "and stay so": ("----", [None, None, False, False]),
    "a success between counts from the start": ("--+--", [None, None, True, None, None]),
    "a failure between leaves it as it is": ("+-+", [True, None, True]),
}


@pytest.mark.parametrize(("answers", "results"), SERIES.values(), ids=SERIES.keys())
def test_answers_in_a_row(answers: str, results: list[bool | None]) -> None:
    series = Series(probe())
    assert [series.add(answer == "+") for answer in answers] == results


def test_successes_in_a_row_count_as_well() -> None:
    series = Series(probe(successThreshold=2, failureThreshold=1))
    assert [series.add(answer == "+") for answer in "-+-++"] == [False, None, False, None, True]


def test_a_container_is_what_was_found_of_this_run_of_it() -> None:
    state = ContainerState("c", "i")
    now = Instant.parse_rfc3339("2026-11-01T00:00:00Z")
    state.run(now, "id")
    assert (state.document()["started"], state.document()["ready"]) == (False, False)
    state.started = state.ready = True
    assert (state.document()["started"], state.document()["ready"]) == (True, True)
    state.run(now, "id")
    assert (state.document()["started"], state.document()["ready"]) == (False, False)


@pytest.mark.parametrize(("started", "expected"), [(False, "Pending"), (True, "Running")])
def test_a_pod_is_pending_until_its_sidecar_has_started(*, started: bool, expected: str) -> None:
    now = Instant.parse_rfc3339("2026-11-01T00:00:00Z")
    sidecar, main = ContainerState("s", "i", is_sidecar=True), ContainerState("c", "i")
    for state in (sidecar, main):
        state.run(now, "id")
    sidecar.started = started
    assert phase("Always", [sidecar], [main]) == expected
