"""The lab's time, which its owner may move.

Clients keep the time of day. What they signed before a move ages by it, what they sign
afterwards does not: the lab compares a client's date with the time of day that the
client would have if its clock had been moved along (`Clock.client_now`).
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sekisho.decide.values import Instant

MAX_OFFSET = timedelta(days=3650)
"""How far the lab's time may be from the time of day, either way: its certificates last as long."""

MAX_MOVES = 200
"""How many moves are remembered; what was signed before the oldest counts as signed after it."""

Move = tuple[float, float]
"""When, as seconds of the time of day since 1970, and the offset from then on, in seconds."""


class Clock:
    """The time of day plus an offset."""

    def __init__(self, moves: tuple[Move, ...] = ()) -> None:
        self.moves = list(moves)
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after each move; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def offset(self) -> timedelta:
        """How far the lab's time is from the time of day."""
        return timedelta(seconds=self.moves[-1][1] if self.moves else 0.0)

    def now(self) -> Instant:
        """Return the lab's present moment."""
        return Instant(datetime.now(UTC)) + self.offset

    def client_now(self, signed_at: Instant | None) -> Instant:
        """Return the moment to hold against a date that a client wrote at ``signed_at``.

        It is the time of day, later by what the clock was moved since then. None, for a date that
        cannot be read, is the time of day.
        """
        today = Instant(datetime.now(UTC))
        if signed_at is None or not self.moves:
            return today
        index = bisect_right(self.moves, signed_at.epoch, key=lambda move: move[0])
        then = self.moves[index - 1][1] if index else 0.0
        return today + (self.offset - timedelta(seconds=then))

    def move(self, by: timedelta) -> None:
        """Move the lab's time.

        Raises:
            ValueError: it would be further than MAX_OFFSET from the time of day.
        """
        offset = self.offset + by
        if abs(offset) > MAX_OFFSET:
            raise ValueError(f"the lab's time stays within {MAX_OFFSET.days} days of the time of day")
        self.moves = [*self.moves[-MAX_MOVES + 1 :], (datetime.now(UTC).timestamp(), offset.total_seconds())]
        for listener in tuple(self._listeners):
            listener()

    def reset(self) -> None:
        """Go back to the time of day."""
        self.move(-self.offset)


async def next_second(
    moment: float,
    time_of_day: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Wait until the time of day is in a later second than ``moment``, in seconds since 1970.

    Clients date what they sign in whole seconds: what they sign afterwards has a later date. A sleep
    keeps another clock than the time of day and may end a moment early, so the time is read again; five
    sleeps are the most, so that a clock that stands still holds nobody up.
    """
    for _ in range(5):
        now = time_of_day()
        if int(now) != int(moment):
            return
        await sleep(max(1 - now % 1, 0.01))
