"""An API server that ends every watch at once is not asked without a pause."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sekisho.connect.kube import follow
from sekisho.connect.kube.follow import Follower, Objects


class _EnoughError(Exception):
    """Ends a loop that has no end."""


class _Scripted(Follower):
    """Follows a server that answers every list, and of which each watch ends as ``script`` says."""

    def __init__(self, script: Iterator[Exception | float]) -> None:
        self.pauses: list[float] = []
        self.asked: list[str] = []
        self.clock = 0.0
        self._script = script
        super().__init__(None, None, "/x", "", self._pause, monotonic=lambda: self.clock)  # type: ignore[arg-type]

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == 3:
            raise _EnoughError

    async def _list(self) -> str:
        self.asked.append("list")
        assert len(self.asked) < 20, "a storm"
        return "1"

    async def _watch(self, version: str, changed: Callable[[Objects], None]) -> str:
        del changed
        self.asked.append("watch")
        assert len(self.asked) < 20, "a storm"
        done = next(self._script)
        if isinstance(done, Exception):
            self.clock += 300.0 if done.args[:1] == ("late",) else 0.0
            raise done
        self.clock += done
        return version


def followed(script: Iterator[Exception | float]) -> tuple[_Scripted, list[str]]:
    follower, failures = _Scripted(script), list[str]()
    with pytest.raises(_EnoughError):
        asyncio.run(follower.run(lambda _objects: None, failures.append))
    return follower, failures


def test_a_watch_that_is_over_at_once_is_a_failure_with_growing_pauses() -> None:
    follower, failures = followed(iter(0.0 for _ in count()))
    assert failures == ["the watch ended as soon as it was opened"] * 3
    assert [0.5 <= follower.pauses[0] <= 1, 1 <= follower.pauses[1] <= 2] == [True, True]


def test_a_version_that_is_forgotten_once_is_listed_at_once_and_then_with_pauses() -> None:
    follower, failures = followed(iter(follow._StaleError() for _ in count()))
    assert follower.asked[:4] == ["list", "watch"] * 2
    assert len(failures) == len(follower.pauses) == 3
    assert "410" in failures[0]


def test_a_watch_that_lasted_makes_the_next_forgotten_version_a_first_one() -> None:
    script: Iterator[Exception | float] = iter(
        [300.0, follow._StaleError(), 300.0, follow._StaleError(), *[0.0] * 5]
    )
    follower, failures = followed(script)
    assert follower.asked[:7] == ["list", "watch", "watch", "list", "watch", "watch", "list"]
    assert failures == ["the watch ended as soon as it was opened"] * 3


def test_a_watch_that_lasted_and_broke_is_opened_again_soon() -> None:
    follower, failures = followed(iter(follow._CutError("late") for _ in count()))
    assert failures == ["late"] * 3
    assert all(0.5 <= pause <= 1 for pause in follower.pauses)
