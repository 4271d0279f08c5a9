"""Decide one request and say why: a step for each statement, the nearest misses, what would help."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.iam.code import Code, Fix
from sekisho.decide.iam.examine import examine, truth_of
from sekisho.decide.iam.kleene import Truth, all_of, any_of
from sekisho.decide.iam.layers import AttachedPolicy
from sekisho.decide.iam.nearest import Miss, misses
from sekisho.decide.iam.rules import (
    conclude,
    crosses_accounts,
    is_root,
    needs_no_permission,
    with_resource_side,
)
from sekisho.decide.iam.statement import Effect, Statement
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Ref

MAX_NEAREST = 5


@dataclass(frozen=True, slots=True)
class _Look:
    """One statement held against one resource."""

    resource: str
    policy: AttachedPolicy
    statement: Statement
    step: Step

    @property
    def truth(self) -> Truth:
        return truth_of(self.step)


def explain(request: AwsRequest, policies: Sequence[AttachedPolicy]) -> Decision[None]:
    """Return the decision of `evaluate` with its reasons. Total: never raises.

    ``trace`` has a step for every statement and resource, naming the first element that does
    not match. ``decisive`` are the statements that allowed or denied; for an implicit deny
    one `Code.NO_ALLOW` for each resource; for UNKNOWN the statements whose unread facts
    would settle it.
    """
    caller = Ref(str(request.principal.entity))
    if needs_no_permission(request.action.lower()):
        step = Step(Code.NO_PERMISSION_NEEDED, caller, (("action", request.action),))
        return Decision(Outcome.ALLOW, (step,), (step,))
    looks = [
        _Look(resource, policy, statement, examine(request, resource, policy, statement))
        for resource in request.resources
        for policy in policies
        for statement in policy.document.statements
    ]
    root = (Step(Code.ROOT, caller),) if is_root(request) else ()
    denied = any_of(look.truth for look in looks if look.statement.effect is Effect.DENY)
    allows = {resource: _allowed(looks, resource, rooted=bool(root)) for resource in request.resources}
    allowed = with_resource_side(all_of(allows.values()), request)
    trace = root + tuple(look.step for look in looks)
    match conclude(denied, allowed):
        case Outcome.ALLOW:
            matched = (look.step for look in looks if look.statement.effect is Effect.ALLOW and look.truth)
            return Decision(Outcome.ALLOW, (*root, *matched), trace)
        case Outcome.UNKNOWN:
            return _unknown(request, looks, allows, trace)
        case outcome:
            return _refusal(request, outcome, looks, allows, trace)


def _allowed(looks: Iterable[_Look], resource: str, *, rooted: bool) -> Truth:
    ours = (look for look in looks if look.resource == resource and look.statement.effect is Effect.ALLOW)
    return rooted or any_of(look.truth for look in ours)


def _unknown(
    request: AwsRequest,
    looks: Sequence[_Look],
    allows: dict[str, Truth],
    trace: tuple[Step, ...],
) -> Decision[None]:
    """Name what is unread and could change the answer, and nothing else."""
    open_resources = {resource for resource, allowed in allows.items() if allowed is None}
    matters = [
        look.step
        for look in looks
        if look.truth is None and (look.statement.effect is Effect.DENY or look.resource in open_resources)
    ]
    repairs = []
    keys = sorted({key for step in matters for key in dict(step.facts)["keys"].split(", ")})
    if keys:
        repairs.append(Repair(Fix.READ_FACTS, (("keys", ", ".join(keys)),)))
    if crosses_accounts(request) and False not in allows.values():
        matters.append(_resource_side(request))
        trace = (*trace, matters[-1])
    return Decision(Outcome.UNKNOWN, tuple(matters), trace, repairs=tuple(repairs))


def _resource_side(request: AwsRequest) -> Step:
    facts = (
        ("resource", request.resources[0]),
        ("account", str(request.resource_account)),
        ("action", request.action),
    )
    return Step(Code.CROSS_ACCOUNT, Ref(request.resources[0]), facts)


def _refusal(
    request: AwsRequest,
    outcome: Outcome,
    looks: Sequence[_Look],
    allows: dict[str, Truth],
    trace: tuple[Step, ...],
) -> Decision[None]:
    caller = str(request.principal.entity)
    lacking = [resource for resource, allowed in allows.items() if allowed is False]
    found: list[Miss] = sorted(
        (
            miss
            for look in looks
            if look.resource in lacking and look.statement.effect is Effect.ALLOW
            for miss in misses(request, look.resource, look.statement, look.step)
        ),
        key=lambda miss: miss.rank,
    )[:MAX_NEAREST]
    repairs = [miss.repair for miss in found[:1]]
    for resource in lacking:
        facts = (("action", request.action), ("resource", resource), ("principal", caller))
        repairs.append(Repair(Fix.ADD_ALLOW, facts))
    nearest = tuple(miss.step for miss in found)
    if outcome is Outcome.NO_OPINION:
        decisive = tuple(
            Step(
                Code.NO_ALLOW,
                Ref(caller),
                (("principal", caller), ("action", request.action), ("resource", resource)),
            )
            for resource in lacking
        )
        return Decision(outcome, decisive, trace, nearest=nearest, repairs=tuple(repairs))
    bites = [look for look in looks if look.statement.effect is Effect.DENY and look.truth]
    lifts = [
        Repair(
            Fix.NARROW_DENY,
            (("action", request.action), ("resource", look.resource), ("at", str(look.statement.at))),
        )
        for look in bites
    ]
    steps = tuple(look.step for look in bites)
    return Decision(outcome, steps, trace, nearest=(*steps, *nearest), repairs=(*lifts, *repairs))
