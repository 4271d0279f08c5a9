"""A refusal: which layers had to allow and do not, what denies, and the smallest repairs."""

from collections.abc import Iterator, Mapping, Sequence

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.iam.code import Code, Fix
from sekisho.decide.iam.examine import Look
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.layers import Layer
from sekisho.decide.iam.looks import Looks
from sekisho.decide.iam.nearest import Miss, misses
from sekisho.decide.iam.principals import caller_name
from sekisho.decide.iam.rules import blockers, may_have_policy
from sekisho.decide.values import Ref

MAX_NEAREST = 5

_CODES = {
    Layer.SCP: Code.NO_SCP_ALLOW,
    Layer.RESOURCE: Code.NO_RESOURCE_ALLOW,
    Layer.IDENTITY: Code.NO_ALLOW,
    Layer.BOUNDARY: Code.NO_BOUNDARY_ALLOW,
    Layer.SESSION: Code.NO_SESSION_ALLOW,
}


def refusal(
    looks: Looks, outcome: Outcome, allowed: Mapping[str, Truth], trace: tuple[Step, ...]
) -> Decision[None]:
    """Return the explicit or implicit deny; ``allowed`` tells which resources are permitted."""
    blocked = {
        resource: blockers(looks.allows(resource), looks.request, resource)
        for resource, truth in allowed.items()
        if truth is False
    }
    found = _nearest(looks, blocked)
    lacking = [(resource, layer) for resource, layers in blocked.items() for layer in layers]
    repairs = [
        *(miss.repair for miss in found[:1]),
        *(Repair(_fix(looks, one[1]), _facts(looks, *one)) for one in lacking),
    ]
    nearest = tuple(miss.step for miss in found)
    if outcome is Outcome.NO_OPINION:
        decisive = tuple(step for one in lacking for step in _silences(looks, *one))
        return Decision(outcome, decisive, trace, nearest=nearest, repairs=tuple(repairs))
    bites = [one for one in looks.all if one.denies and one.truth]
    steps = tuple(one.step for one in bites)
    lifts = tuple(map(_lift, bites))
    return Decision(outcome, steps, trace, nearest=(*steps, *nearest), repairs=(*lifts, *repairs))


def _fix(looks: Looks, layer: Layer) -> Fix:
    match layer:
        case Layer.IDENTITY:
            return Fix.ADD_ALLOW
        case Layer.RESOURCE:
            return Fix.ADD_GRANT if may_have_policy(looks.request.action.lower()) else Fix.ASSUME_ROLE
        case _:
            return Fix.WIDEN_LIMIT


def _nearest(looks: Looks, blocked: Mapping[str, Sequence[Layer]]) -> list[Miss]:
    """Return how statements of the layers that had to allow came close, nearest first.

    Where an identity policy is missing, the resource's could have done as well.
    """
    wanted = {
        resource: {*layers, Layer.RESOURCE} if Layer.IDENTITY in layers else set(layers)
        for resource, layers in blocked.items()
    }
    found = (
        miss
        for one in looks.all
        if not one.denies and one.policy.layer in wanted.get(one.resource, set()) and _is_silent(looks, one)
        for miss in misses(looks.request, one)
    )
    return sorted(found, key=lambda miss: miss.rank)[:MAX_NEAREST]


def _is_silent(looks: Looks, one: Look) -> bool:
    return one.policy.layer is not Layer.SCP or one.level in looks.silent_scp_levels(one.resource)


def _silences(looks: Looks, resource: str, layer: Layer) -> Iterator[Step]:
    """Yield a step for ``layer``, or for each of its levels, that does not allow ``resource``."""
    facts = _facts(looks, resource, layer)
    at = Ref(resource if layer is Layer.RESOURCE else caller_name(looks.request.principal))
    if layer is not Layer.SCP:
        yield Step(_CODES[layer], at, facts)
        return
    for level in looks.silent_scp_levels(resource):
        yield Step(_CODES[layer], at, (*facts, ("level", str(level))))


def _facts(looks: Looks, resource: str, layer: Layer) -> tuple[tuple[str, str], ...]:
    return (
        ("principal", caller_name(looks.request.principal)),
        ("action", looks.request.action),
        ("resource", resource),
        ("layer", layer.noun),
    )


def _lift(one: Look) -> Repair:
    facts = (
        ("action", dict(one.step.facts)["action"]),
        ("resource", one.resource),
        ("at", str(one.statement.at)),
    )
    return Repair(Fix.NARROW_DENY, facts)
