"""The lab's time."""

from datetime import UTC, datetime, timedelta

from sekisho.decide.values import Instant


class Clock:
    """The time of day plus an offset that the lab's owner may move."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> Instant:
        """Return the lab's present moment."""
        return Instant(datetime.now(UTC) + self.offset)
