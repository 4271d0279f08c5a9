"""UNKNOWN: which unread facts could change the answer, and no others."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.iam.code import Code, Fix
from sekisho.decide.iam.examine import Look
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.layers import Layer
from sekisho.decide.iam.looks import Looks, unread_layers
from sekisho.decide.iam.principals import Reach, caller_name
from sekisho.decide.iam.rules import permitted
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Ref

_OF_LAYER = {
    Layer.SCP: "scp",
    Layer.IDENTITY: "identity",
    Layer.BOUNDARY: "boundary",
    Layer.SESSION: "session",
}
_OF_REACH = {Reach.SELF: "to_self", Reach.ENTITY: "to_entity", Reach.ACCOUNT: "to_account"}
"""Names of members of `rules.Allows`."""


def unsettled(looks: Looks, allowed: Mapping[str, Truth], trace: tuple[Step, ...]) -> Decision[None]:
    """Return the UNKNOWN that names what would settle it; ``allowed`` tells what is permitted."""
    request = looks.request
    matters = [one.step for one in open_looks(looks, allowed)]
    layers = unread_layers(looks.policies)
    keys = sorted({key for step in matters for key in dict(step.facts)["keys"].split(", ")})
    repairs = [Repair(Fix.READ_FACTS, (("keys", ", ".join(keys)),))] if keys else []
    repairs += [Repair(Fix.READ_LAYER, tuple(_owned(request, layer))) for layer in layers]
    steps = (*matters, *(layer_step(request, layer) for layer in layers))
    return Decision(Outcome.UNKNOWN, steps, trace, repairs=tuple(repairs))


def open_looks(looks: Looks, allowed: Mapping[str, Truth]) -> tuple[Look, ...]:
    """Return the statements whose unread facts could change the answer; ``allowed`` as for `unsettled`."""
    open_members = {
        resource: _open_members(looks, resource) for resource, truth in allowed.items() if truth is None
    }
    return tuple(one for one in looks.all if _matters(one, open_members.get(one.resource, frozenset())))


def layer_step(request: AwsRequest, layer: Layer) -> Step:
    """Return the step of a layer that was not read; it may always hold a deny."""
    facts = (
        ("layer", layer.noun),
        ("principal", caller_name(request.principal)),
        ("action", request.action),
        ("resource", request.resources[0]),
    )
    of_resource = layer in (Layer.RESOURCE, Layer.RCP)
    at = Ref(request.resources[0] if of_resource else caller_name(request.principal))
    return Step(Code.RESOURCE_UNREAD if layer is Layer.RESOURCE else Code.LAYER_UNREAD, at, facts)


def _owned(request: AwsRequest, layer: Layer) -> Iterator[tuple[str, str]]:
    yield "layer", layer.noun
    of_resource = layer in (Layer.RESOURCE, Layer.RCP)
    yield "owner", request.resources[0] if of_resource else caller_name(request.principal)


def _open_members(looks: Looks, resource: str) -> frozenset[str]:
    """Return the layers whose answer is open and makes a difference."""
    allows = looks.allows(resource)
    members = (*_OF_LAYER.values(), *_OF_REACH.values())
    unread = tuple(member for member in members if getattr(allows, member) is None)
    # One that changes nothing now may do so when another turns out: every way of the others counts.
    ways = tuple(product((True, False), repeat=len(unread)))
    found = {
        way: permitted(replace(allows, **dict(zip(unread, way, strict=True))), looks.request, resource)
        for way in ways
    }

    def differs(at: int) -> bool:
        return any(found[way] is not found[(*way[:at], not way[at], *way[at + 1 :])] for way in ways)

    return frozenset(member for at, member in enumerate(unread) if differs(at))


def _matters(one: Look, open_members: frozenset[str]) -> bool:
    if one.truth is not None:
        return False
    if one.denies:
        return True
    layer = one.policy.layer
    if layer is Layer.RESOURCE:
        reaches = {one.named.surely, one.named.perhaps} - {Reach.NONE}
        return any(_OF_REACH[reach] in open_members for reach in reaches)
    return layer is not Layer.RCP and _OF_LAYER[layer] in open_members
