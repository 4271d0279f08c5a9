"""The ways to say how far the lab's clock moves."""

from datetime import timedelta

import pytest

from sekisho.cli.clock import read_move
from sekisho.decide.values import SekishoInputError
from sekisho.lab.world.clock import MAX_OFFSET, Clock

MOVES = {"+15m": 900, "-15m": -900, "+1h30m": 5400, "+2d": 172_800, "+1d1h1m1s": 90_061, "+0s": 0}


@pytest.mark.parametrize(("text", "seconds"), MOVES.items(), ids=MOVES.keys())
def test_a_move(text: str, seconds: int) -> None:
    assert read_move(text) == seconds


@pytest.mark.parametrize("text", ["15m", "+15", "+m", "+1.5h", "++1m", "+1w", "", "+1m ", "+9999999999s"])
def test_what_is_no_move(text: str) -> None:
    with pytest.raises(SekishoInputError, match="such as") as caught:
        read_move(text)
    assert caught.value.faults[0].code == "clock.move"


def test_the_clock_stays_within_its_bound() -> None:
    clock = Clock()
    clock.move(MAX_OFFSET)
    with pytest.raises(ValueError, match="days"):
        clock.move(timedelta(seconds=1))
    assert clock.offset == MAX_OFFSET
    clock.reset()
    assert clock.offset == timedelta(0)


def test_what_was_signed_before_a_move_ages_by_it_and_what_is_signed_after_does_not() -> None:
    clock = Clock()
    before = clock.client_now(None)
    clock.move(timedelta(minutes=20))
    old = clock.client_now(before) - before
    assert timedelta(minutes=20) <= old < timedelta(minutes=21)
    after = clock.client_now(None)
    clock.move(timedelta(minutes=-5))
    assert timedelta(minutes=15) <= clock.client_now(before) - before < timedelta(minutes=16)
    assert timedelta(minutes=-5) <= clock.client_now(after) - after < timedelta(minutes=-4)
