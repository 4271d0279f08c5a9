"""A token bucket: how many requests may come in a second, and how many at once."""

from collections.abc import Callable


class RateLimit:
    """Lets ``burst`` requests through at once and ``rate`` in every second after."""

    def __init__(self, rate: float, burst: int, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._seconds = seconds
        self._left = self._burst
        self._at = seconds()

    def admits(self) -> bool:
        """Tell whether one more request may come now, and count it."""
        now = self._seconds()
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
