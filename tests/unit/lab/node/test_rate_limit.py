"""How many requests the Pod Identity agent answers: 1000 in a second, 500 at once (its rate limiter)."""

from sekisho.lab.node.pod_identity_agent import BURST, RATE
from sekisho.lab.node.rate_limit import RateLimit


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(limit: RateLimit, times: int) -> int:
    return sum(limit.admits() for _ in range(times))


def test_a_burst_and_no_more() -> None:
    assert (RATE, BURST) == (1_000.0, 500)
    limit = RateLimit(RATE, BURST, Seconds())
    assert admitted(limit, 600) == 500


def test_what_time_gives_back() -> None:
    seconds = Seconds()
    limit = RateLimit(RATE, BURST, seconds)
    assert admitted(limit, 500) == 500
    seconds.now = 0.1
    assert admitted(limit, 200) == 100
    seconds.now = 10.0
    assert admitted(limit, 600) == 500, "the bucket never holds more than a burst"
    seconds.now = 9.0
    assert admitted(limit, 1) == 0, "a clock that goes back gives nothing"
