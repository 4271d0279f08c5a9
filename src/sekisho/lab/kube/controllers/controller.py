"""What a controller is: told of changes, it names what to look at; asked to look, it makes it so.

Level-triggered, as in Kubernetes: `Controller.sync` reads the present and never what happened, so it may
be called at any time and any number of times, after a restart of the lab as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sekisho.decide.values import Instant, JsonObject
from sekisho.wire.kube.registry import REGISTRY, GroupVersion, Resource


@dataclass(frozen=True, slots=True)
class Item:
    """An object to look at; it may be gone."""

    resource: Resource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An object that was made, changed or removed; ``before`` and ``after`` are None where it was not."""

    item: Item
    before: JsonObject | None
    after: JsonObject | None

    @property
    def resource(self) -> Resource:
        """The kind of the object."""
        return self.item.resource

    @property
    def bodies(self) -> tuple[JsonObject, ...]:
        """The object before and after, as far as it was there."""
        return tuple(body for body in (self.before, self.after) if body is not None)


class Controller(Protocol):
    """One control loop."""

    def concerned(self, seen: Seen) -> Iterable[Item]:
        """Return what has to be looked at because of a change."""

    async def sync(self, item: Item) -> Instant | None:
        """Make the cluster what ``item`` wants; returns when to look again though nothing changes.

        Raises:
            KubeError: the API refused something; it is tried again, less and less often.
        """


def served(at: GroupVersion, plural: str) -> Resource:
    """Return a resource that the registry has."""
    found = REGISTRY.at_path(at.group, at.version, plural)
    assert found is not None, plural  # noqa: S101 - the registry serves it
    return found
