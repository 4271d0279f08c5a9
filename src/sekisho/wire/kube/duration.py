"""Ages as kubectl prints them: two or three significant figures (k8s.io/apimachinery pkg/util/duration)."""

from datetime import timedelta

from sekisho.decide.values import Instant

UNKNOWN = "<unknown>"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def age(timestamp: str, now: Instant) -> str:
    """Return how long ago the RFC 3339 ``timestamp`` was; ``<unknown>`` where there is none."""
    try:
        return human(now - Instant.parse_rfc3339(timestamp))
    except ValueError:
        return UNKNOWN


def human(lifetime: timedelta) -> str:
    """Return ``lifetime`` in the words of kubectl: ``119s``, ``5m30s``, ``3h``, ``2d1h``, ``400d``, ``3y5d``.

    A time up to two seconds in the future counts as now; later is ``<invalid>``.
    """
    seconds = int(lifetime.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0)}s"
    if seconds < 10 * _MINUTE:
        return _pair(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _pair(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _pair(seconds, _DAY, "d", _HOUR, "h")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    if seconds < 8 * _YEAR:
        return _pair(seconds, _YEAR, "y", _DAY, "d")
    return f"{seconds // _YEAR}y"


def _pair(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large}{large_name}" + (f"{rest}{small_name}" if rest else "")
