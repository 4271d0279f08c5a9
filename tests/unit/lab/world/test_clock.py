"""The wait that separates what a client signed before a move of the clock from what it signs after it."""

import asyncio

import pytest

from sekisho.lab.world.clock import next_second

MOMENT = 1000.25


class Watch:
    """A time of day that passes only while somebody sleeps, ``pace`` seconds for each second asked."""

    def __init__(self, pace: float) -> None:
        self.now = MOMENT
        self.pace = pace
        self.sleeps = 0

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.now += seconds * self.pace


@pytest.mark.parametrize("pace", [1.0, 0.999, 0.9, 2.0])
def test_the_second_is_over_even_if_a_sleep_ends_early(pace: float) -> None:
    watch = Watch(pace)
    asyncio.run(next_second(MOMENT, watch.read, watch.sleep))
    assert 1001 <= watch.now < 1002


def test_a_second_that_is_over_is_not_waited_for() -> None:
    watch = Watch(1.0)
    asyncio.run(next_second(MOMENT - 1, watch.read, watch.sleep))
    assert watch.sleeps == 0


def test_a_time_of_day_that_stands_still_holds_nobody_up() -> None:
    watch = Watch(0.0)
    asyncio.run(next_second(MOMENT, watch.read, watch.sleep))
    assert watch.sleeps == 5
