"""Decide one request against the policies of the caller: the fast path.

Source: IAM User Guide, "Policy evaluation logic", one account. `explain` asks the same
matchers and also says why.
"""

from collections.abc import Sequence

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.layers import AttachedPolicy
from sekisho.decide.iam.matching import applies
from sekisho.decide.iam.rules import conclude, is_root, needs_no_permission, with_resource_side
from sekisho.decide.iam.statement import Effect, resource_name
from sekisho.decide.request.aws_request import AwsRequest

_BARE: dict[Outcome, Decision[None]] = {outcome: Decision(outcome) for outcome in Outcome}


def evaluate(request: AwsRequest, policies: Sequence[AttachedPolicy]) -> Decision[None]:
    """Return ALLOW if the policies allow every resource of ``request`` and deny none; no trace.

    Total: never raises. NO_OPINION is the implicit deny. UNKNOWN means that unread context
    keys, or the policy of a resource in another account, could change the answer.
    """
    action = request.action.lower()
    if needs_no_permission(action):
        return _BARE[Outcome.ALLOW]
    denied: Truth = False
    allowed: Truth = True
    for resource in request.resources:
        deny, allow = _standing(request, action, resource, policies)
        if deny:
            return _BARE[Outcome.DENY]
        denied = None if deny is None else denied
        allowed = allow if allow is False or allowed is True else allowed
    return _BARE[conclude(denied, with_resource_side(allowed, request))]


def _standing(
    request: AwsRequest, action: str, resource: str, policies: Sequence[AttachedPolicy]
) -> tuple[Truth, Truth]:
    """Return whether one resource is denied and whether it is allowed."""
    name = resource_name(resource)
    context = request.context
    denied: Truth = False
    allowed: Truth = is_root(request)
    for policy in policies:
        for statement in policy.document.statements:
            deny = statement.effect is Effect.DENY
            if allowed is True and not deny:
                continue
            truth = applies(statement, action, name, context)
            if truth is False:
                continue
            if not deny:
                allowed = truth
            elif truth:
                return True, allowed
            else:
                denied = None
    return denied, allowed
