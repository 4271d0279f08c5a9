"""The sizes of ReplicaSets in a rolling update: never more than wanted and surge, never fewer available."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.lab.kube.controllers.rolling import Size, proportionally, rolling
from sekisho.wire.kube.rollout import bounds


def deployment(replicas: int, surge: Any = "25%", missing: Any = "25%") -> dict[str, Any]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing}}
    return {"spec": {"replicas": replicas, "strategy": strategy}}


@pytest.mark.parametrize(
    ("surge", "missing", "replicas", "expected"),
    [
        ("25%", "25%", 10, (3, 2)),  # surge is rounded up, what is missing down
        ("25%", "25%", 1, (1, 0)),
        (0, "25%", 1, (0, 1)),  # an update that could not begin may miss one
        (2, 0, 5, (2, 0)),
        (0, "100%", 3, (0, 3)),
        (0, 9, 3, (0, 3)),
    ],
)
def test_percentages(surge: Any, missing: Any, replicas: int, expected: tuple[int, int]) -> None:
    assert bounds({"maxSurge": surge, "maxUnavailable": missing}, replicas) == expected


@pytest.mark.parametrize(
    ("wanted", "sizes", "expected"),
    [
        (10, [Size("old", 10, 10), Size("new", 0, 0)], {"new": 3}),
        (10, [Size("old", 10, 10), Size("new", 3, 0)], {"old": 8}),
        (10, [Size("old", 8, 8), Size("new", 5, 0)], {}),  # 8 have to be available
        (10, [Size("old", 8, 8), Size("new", 5, 4)], {"old": 4}),
        (10, [Size("old", 10, 4), Size("new", 3, 3)], {"old": 5}),  # the broken ones first
        (3, [Size("new", 5, 5)], {"new": 3}),
        (3, [Size("old", 0, 0), Size("new", 3, 3)], {}),
        (3, [], {}),
    ],
)
def test_steps(wanted: int, sizes: list[Size], expected: dict[str, int]) -> None:
    assert rolling(deployment(wanted), sizes, "new") == expected


@pytest.mark.parametrize(
    ("wanted", "sizes", "expected"),
    [
        (5, [Size("new", 2, 2)], {"new": 5}),
        (0, [Size("new", 2, 2)], {"new": 0}),
        (5, [], {"new": 5}),
        (4, [Size("old", 1, 1), Size("new", 4, 4)], {"old": 0}),
        (20, [Size("old", 5, 5), Size("new", 5, 5)], {"new": 12, "old": 13}),
    ],
)
def test_another_number_of_pods(wanted: int, sizes: list[Size], expected: dict[str, int]) -> None:
    result = proportionally(deployment(wanted), sizes, "new")
    assert sum(result.values()) == sum(expected.values())
    if len(sizes) < 2 or 0 in expected.values():
        assert result == expected


COUNTS = st.integers(0, 12)


@given(COUNTS, st.integers(0, 4), st.integers(0, 4), COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_step_keeps_the_bounds(
    wanted: int, surge: int, missing: int, old: int, new: int, old_ready: int, new_ready: int
) -> None:
    """What grows stays under the surge; what shrinks leaves enough that are available."""
    given_sizes = [Size("old", old, min(old_ready, old)), Size("new", new, min(new_ready, new))]
    result = rolling(deployment(wanted, surge, missing), given_sizes, "new")
    most, least = bounds({"maxSurge": surge, "maxUnavailable": missing}, wanted)
    after_new = result.get("new", new)
    if after_new > new:
        assert old + after_new <= wanted + most
    after_old = result.get("old", old)
    assert 0 <= after_old <= old
    if after_old < min(old_ready, old):  # pods that were available go
        assert after_old + min(new_ready, new) >= wanted - least
