"""Every statement of every layer held against every resource, and what that makes the layers say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.decide.iam.examine import Look, examine
from sekisho.decide.iam.kleene import Truth, all_of, any_of
from sekisho.decide.iam.layers import UNREAD, AttachedPolicy, Layer, Levels, Policies, Unread
from sekisho.decide.iam.rules import Allows, granted_to, is_bounded, is_root, lacks_session_policy
from sekisho.decide.request.aws_request import AwsRequest

_Grants = tuple[Truth, Truth, Truth]


@dataclass(frozen=True, slots=True)
class Looks:
    """A request held against the policies that bind its caller (`rules.applicable`)."""

    request: AwsRequest
    policies: Policies
    all: tuple[Look, ...]

    def denied(self) -> Truth:
        """Tell whether a layer denies a resource."""
        unread = [None for _ in unread_layers(self.policies)]
        return any_of([*(look.truth for look in self.all if look.denies), *unread])

    def allows(self, resource: str) -> Allows:
        """Tell what each layer allows of ``resource``."""
        mine = [look for look in self.all if look.resource == resource and not look.denies]

        def says(layer: Layer, read: object) -> Truth:
            if read is UNREAD:
                return None
            return read is None or any_of(look.truth for look in mine if look.policy.layer is layer)

        identity = is_root(self.request) or says(Layer.IDENTITY, self.policies.identity)
        session = says(Layer.SESSION, self.policies.session)
        if lacks_session_policy(self.request, self.policies):
            session = False
        return Allows(
            self._scp(mine),
            *self._grants(mine),
            identity,
            says(Layer.BOUNDARY, self.policies.boundary),
            session,
        )

    def silent_scp_levels(self, resource: str) -> tuple[int, ...]:
        """Return the levels, from the root, none of whose service control policies allows ``resource``."""
        mine = [look for look in self.all if look.resource == resource and not look.denies]
        return tuple(level for level in self._scp_levels() if _level(mine, level) is False)

    def _scp(self, mine: Iterable[Look]) -> Truth:
        if self.policies.scps is UNREAD:
            return None
        return all_of(_level(mine, level) for level in self._scp_levels())

    def _scp_levels(self) -> range:
        return range(1, 1 if self.policies.scps is UNREAD else len(self.policies.scps) + 1)

    def _grants(self, mine: Iterable[Look]) -> _Grants:
        if self.policies.resource is UNREAD:
            return None, None, None
        grants = [granted_to(look.named, look.rest) for look in mine if look.policy.layer is Layer.RESOURCE]

        def at(index: int) -> Truth:
            return any_of(grant[index] for grant in grants)

        return at(0), at(1), at(2)


def look(request: AwsRequest, policies: Policies) -> Looks:
    """Hold every statement of ``policies`` against every resource of ``request``."""
    bounded = is_bounded(policies)
    found = tuple(
        examine(request, resource, policy, level, statement, bounded)
        for resource in request.resources
        for policy, level in _attached(policies)
        for statement in policy.document.statements
    )
    return Looks(request, policies, found)


def unread_layers(policies: Policies) -> tuple[Layer, ...]:
    """Return the layers that were not read, in the order in which IAM asks them."""
    layers: dict[Layer, object] = {
        Layer.SCP: policies.scps,
        Layer.RCP: policies.rcps,
        Layer.RESOURCE: policies.resource,
        Layer.IDENTITY: policies.identity,
        Layer.BOUNDARY: policies.boundary,
        Layer.SESSION: policies.session,
    }
    return tuple(layer for layer, read in layers.items() if read is UNREAD)


def _attached(policies: Policies) -> Iterator[tuple[AttachedPolicy, int]]:
    """Yield every policy that was read with its level, in the order in which IAM asks."""
    for levels in (policies.scps, policies.rcps):
        yield from _levelled(levels)
    for layer in (policies.resource, policies.identity, policies.boundary, policies.session):
        if layer is not None and layer is not UNREAD:
            for policy in layer:
                yield policy, 0


def _levelled(levels: Levels | Unread) -> Iterator[tuple[AttachedPolicy, int]]:
    if levels is not UNREAD:
        for level, attached in enumerate(levels, 1):
            for policy in attached:
                yield policy, level


def _level(mine: Iterable[Look], level: int) -> Truth:
    return any_of(look.truth for look in mine if look.policy.layer is Layer.SCP and look.level == level)
