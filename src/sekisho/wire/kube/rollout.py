"""How many pods a rolling update may add and miss (kubernetes pkg/controller/deployment/util)."""

from sekisho.decide.values import Json, JsonObject


def bounds(update: JsonObject, replicas: int) -> tuple[int, int]:
    """Return ``maxSurge`` and ``maxUnavailable`` as pods; never both zero, so that an update gets on."""
    surge = _pods(update.get("maxSurge"), replicas, up=True)
    unavailable = _pods(update.get("maxUnavailable"), replicas, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return surge, min(unavailable, replicas)


def is_none_allowed(update: JsonObject) -> bool:
    """Tell whether both bounds are written as zero."""
    return all(update.get(name) in (0, "0%") for name in ("maxSurge", "maxUnavailable"))


def _pods(given: Json, replicas: int, *, up: bool) -> int:
    """Return a number or a percentage of ``replicas``; surge is rounded up, unavailability down."""
    if isinstance(given, int):
        return max(given, 0)
    digits = given.removesuffix("%") if isinstance(given, str) else ""
    hundredths = int(digits) * replicas if digits.isascii() and digits.isdecimal() else 0
    return -(-hundredths // 100) if up else hundredths // 100
