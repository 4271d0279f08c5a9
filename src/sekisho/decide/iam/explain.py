"""Decide one request and say why: a step for each statement, the nearest misses, what would help."""

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.iam.code import Code
from sekisho.decide.iam.kleene import all_of
from sekisho.decide.iam.layers import Layer, Policies
from sekisho.decide.iam.looks import Looks, look, unread_layers
from sekisho.decide.iam.principals import caller_name
from sekisho.decide.iam.refuse import refusal
from sekisho.decide.iam.rules import applicable, conclude, is_root, needs_no_permission, permitted
from sekisho.decide.iam.unsettled import layer_step, unsettled
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Ref

_GRANTING = frozenset({Layer.RESOURCE, Layer.IDENTITY})


def explain(request: AwsRequest, policies: Policies) -> Decision[None]:
    """Return the decision of `evaluate` with its reasons. Total: never raises.

    ``trace`` has a step for every layer that was not read, and one for every statement and
    resource, naming the first element that does not match. ``decisive`` are the statements that
    granted or denied; for an implicit deny one step for each resource and layer that had to allow
    it and does not; for UNKNOWN the statements and layers that would settle it.
    """
    caller = Ref(caller_name(request.principal))
    if needs_no_permission(request, request.action.lower()):
        step = Step(Code.NO_PERMISSION_NEEDED, caller, (("action", request.action),))
        return Decision(Outcome.ALLOW, (step,), (step,))
    looks = look(request, applicable(request, policies))
    allowed = {
        resource: permitted(looks.allows(resource), request, resource) for resource in request.resources
    }
    root = (Step(Code.ROOT, caller),) if is_root(request) else ()
    unread = tuple(layer_step(request, layer) for layer in unread_layers(looks.policies))
    trace = (*root, *unread, *(one.step for one in looks.all))
    match conclude(looks.denied(), all_of(allowed.values())):
        case Outcome.ALLOW:
            return Decision(Outcome.ALLOW, (*root, *_granting(looks)), trace)
        case Outcome.UNKNOWN:
            return unsettled(looks, allowed, trace)
        case outcome:
            return refusal(looks, outcome, allowed, trace)


def _granting(looks: Looks) -> tuple[Step, ...]:
    """Return the statements that gave what was asked for; what only limits is in the trace."""
    return tuple(
        one.step for one in looks.all if one.policy.layer in _GRANTING and not one.denies and one.truth
    )
