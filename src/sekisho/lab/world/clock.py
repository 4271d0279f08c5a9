"""The lab's time."""

from datetime import UTC, datetime, timedelta

from sekisho.decide.values import Instant


MAX_OFFSET = timedelta(days=3650)
"""How far the lab's time may be from the time of day, either way: its certificates last as long."""


class Clock:
    """The time of day plus an offset that the lab's owner may move."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def move(self, by: timedelta) -> None:
        """Move the lab's time.

        Raises:
            ValueError: it would be further than MAX_OFFSET from the time of day.
        """
        if abs(self.offset + by) > MAX_OFFSET:
            raise ValueError(f"the lab's time stays within {MAX_OFFSET.days} days of the time of day")
        self.offset += by

    def reset(self) -> None:
        """Go back to the time of day."""
        self.offset = timedelta(0)

    def now(self) -> Instant:
        """Return the lab's present moment."""
        return Instant(datetime.now(UTC) + self.offset)
