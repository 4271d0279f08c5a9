"""How large each ReplicaSet of a Deployment is to be next (``pkg/controller/deployment/rolling.go``).

Pure: sizes in, sizes out; every step keeps within ``maxSurge`` and ``maxUnavailable``.
"""

from dataclasses import dataclass

from sekisho.decide.values import JsonObject
from sekisho.wire.kube.members import mapping, number, text
from sekisho.wire.kube.rollout import bounds


@dataclass(frozen=True, slots=True)
class Size:
    """A ReplicaSet: the pods it wants, and those that are available."""

    name: str
    replicas: int
    available: int


def rolling(deployment: JsonObject, sizes: list[Size], newest: str) -> dict[str, int]:
    """Return the next sizes by name, of the sets that change; ``sizes`` are the oldest first."""
    wanted = number(deployment, "spec", "replicas")
    surge, unavailable = _bounds(deployment, wanted)
    new = next((one for one in sizes if one.name == newest), None)
    if new is None:
        return {}
    total = sum(one.replicas for one in sizes)
    if new.replicas > wanted:
        return {newest: wanted}
    grown = min(max(wanted + surge - total, 0), wanted - new.replicas)
    if grown:
        return {newest: new.replicas + grown}
    return _shrunk(sizes, new, total, wanted - unavailable)


def proportionally(deployment: JsonObject, sizes: list[Size], newest: str) -> dict[str, int]:
    """Return the sizes for another number of wanted pods, amid a rollout shared out by the sets' sizes."""
    wanted = number(deployment, "spec", "replicas")
    active = [one for one in sizes if one.replicas]
    if len(active) <= 1:
        only = active[0].name if active else newest
        return {only: wanted} if only else {}
    new = next((one for one in sizes if one.name == newest), None)
    if new is not None and new.replicas == wanted == new.available:
        return {one.name: 0 for one in active if one.name != newest}
    is_rolling = text(deployment, "spec", "strategy", "type") == "RollingUpdate"
    if not is_rolling:
        return {}
    total = sum(one.replicas for one in active)
    allowed = wanted + _bounds(deployment, wanted)[0] if wanted else 0
    left = allowed - total
    # The larger sets first; of equal ones the newer when growing, the older when shrinking.
    ages = {one.name: age for age, one in enumerate(active)}
    order = sorted(active, key=lambda one: (-one.replicas, -ages[one.name] if left > 0 else ages[one.name]))
    result: dict[str, int] = {}
    for one in order:
        share = round(one.replicas * allowed / total) - one.replicas
        share = min(share, left) if left > 0 else max(share, left)
        share = share if (share > 0) == (left > 0) else 0
        result[one.name] = max(one.replicas + share, 0)
        left -= share
    first = order[0].name
    result[first] = max(result[first] + left, 0)
    return result


def _shrunk(sizes: list[Size], new: Size, total: int, least_available: int) -> dict[str, int]:
    """Return the old sets without the pods that may be missed: those that are not available first."""
    old = [one for one in sizes if one.name != new.name and one.replicas]
    budget = total - least_available - (new.replicas - new.available)
    if not old or budget <= 0:
        return {}
    result: dict[str, int] = {}
    for one in old:
        broken = min(budget, one.replicas - min(one.available, one.replicas))
        if broken > 0:
            result[one.name] = one.replicas - broken
            budget -= broken
    spare = sum(one.available for one in sizes) - least_available
    for one in old:
        replicas = result.get(one.name, one.replicas)
        healthy = min(spare, replicas)
        if healthy > 0:
            result[one.name] = replicas - healthy
            spare -= healthy
    return result


def _bounds(deployment: JsonObject, wanted: int) -> tuple[int, int]:
    if text(deployment, "spec", "strategy", "type") != "RollingUpdate":
        return 0, 0
    return bounds(mapping(deployment, "spec", "strategy", "rollingUpdate"), wanted)
