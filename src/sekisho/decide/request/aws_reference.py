"""The part of AWS's Service Authorization Reference that mapping needs: a value, loaded at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What the reference says about one action.

    ``name`` is the action in its own spelling (``eks:DescribeCluster``); ``resource_types``
    the types it acts on, required ones first, empty for an action decided against ``*``;
    ``condition_keys`` the keys that its request may bring, ``resource_keys`` those that tell
    the state of its resources, both lower-cased.
    """

    name: str
    resource_types: tuple[str, ...]
    condition_keys: frozenset[str] = frozenset()
    resource_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServiceReference:
    """Actions and resource types of some services.

    ``actions`` maps lower-cased ``service:name``; ``arn_patterns`` maps ``service:type`` to
    an ARN with ``${Placeholders}``.
    """

    actions: Mapping[str, ActionFacts]
    arn_patterns: Mapping[str, str]

    def action(self, name: str) -> ActionFacts | None:
        """Return what is known about ``service:Name``, case ignored."""
        return self.actions.get(name.lower())
