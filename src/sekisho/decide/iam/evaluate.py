"""Decide one request against the policies of all layers: the fast path.

Source: IAM User Guide, "Policy evaluation logic". `explain` asks the same matchers and also says why.
"""

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam.kleene import Truth, all_of, any_of
from sekisho.decide.iam.layers import UNREAD, Attached, Levels, Policies, Unread
from sekisho.decide.iam.matching import applies, means
from sekisho.decide.iam.rules import (
    Allows,
    applicable,
    conclude,
    granted_to,
    identity_decides,
    is_bounded,
    is_root,
    lacks_session_policy,
    needs_no_permission,
    permitted,
)
from sekisho.decide.iam.statement import Effect, ResourceName, resource_name
from sekisho.decide.request.aws_request import AwsRequest, Context

_BARE: dict[Outcome, Decision[None]] = {outcome: Decision(outcome) for outcome in Outcome}
_UNREAD: tuple[Truth, Truth] = (None, None)

_Asked = tuple[str, ResourceName, Context]
"""The action in lower case, one resource, the context."""


def evaluate(request: AwsRequest, policies: Policies) -> Decision[None]:
    """Return ALLOW if the policies allow every resource of ``request`` and deny none; no trace.

    Total: never raises. NO_OPINION is the implicit deny. UNKNOWN means that unread context
    keys or layers could change the answer.
    """
    action = request.action.lower()
    if needs_no_permission(request, action):
        return _BARE[Outcome.ALLOW]
    binding = applicable(request, policies)
    denied: Truth = False
    allowed: Truth = True
    for resource in request.resources:
        asked = (action, resource_name(resource), request.context)
        allow: Truth = False
        deny, identity = _ask(binding.identity, asked, allowed=is_root(request))
        if binding.only_identity and identity_decides(request, action, resource):
            allow = identity
        elif not deny:
            deny, allow = _ask_all(request, asked, resource, binding, (deny, identity))
        if deny:
            return _BARE[Outcome.DENY]
        denied = None if deny is None else denied
        allowed = allow if allow is False or allowed is True else allowed
    return _BARE[conclude(denied, allowed)]


def _ask_all(
    request: AwsRequest,
    asked: _Asked,
    resource: str,
    policies: Policies,
    identity_side: tuple[Truth, Truth],
) -> tuple[Truth, Truth]:
    """Return whether a resource that identity policies do not deny is denied, and whether it is permitted."""
    denied, identity = identity_side
    scp_denied, scp = _ask_levels(policies.scps, asked)
    rcp_denied, _ = _ask_levels(policies.rcps, asked)
    boundary_denied, boundary = _ask_limit(policies.boundary, asked)
    session_denied, session = _ask_limit(policies.session, asked)
    resource_denied, grants = _ask_resource(request, asked, policies)
    if lacks_session_policy(request, policies):
        session = False
    allows = Allows(scp, *grants, identity, boundary, session)
    denials = (denied, scp_denied, rcp_denied, boundary_denied, session_denied, resource_denied)
    return any_of(denials), permitted(allows, request, resource)


def _ask(attached: Attached | Unread, asked: _Asked, *, allowed: Truth = False) -> tuple[Truth, Truth]:
    """Return whether policies deny and whether they allow; ``allowed`` is what holds without them."""
    if attached is UNREAD:
        return None, allowed or None
    denied: Truth = False
    for policy in attached:
        for statement in policy.document.about(asked[0]):
            deny = statement.effect is Effect.DENY
            if allowed is True and not deny:
                continue
            truth = applies(statement, *asked)
            if truth is False:
                continue
            if not deny:
                allowed = truth
            elif truth:
                return True, allowed
            else:
                denied = None
    return denied, allowed


def _ask_limit(attached: Attached | Unread | None, asked: _Asked) -> tuple[Truth, Truth]:
    """Ask a layer that limits nothing where it is absent."""
    return (False, True) if attached is None else _ask(attached, asked)


def _ask_levels(levels: Levels | Unread, asked: _Asked) -> tuple[Truth, Truth]:
    """Ask the levels of an organization, each of which has to allow."""
    if levels is UNREAD:
        return _UNREAD
    answers = [_ask(level, asked) for level in levels]
    return any_of(denied for denied, _ in answers), all_of(allowed for _, allowed in answers)


def _ask_resource(
    request: AwsRequest, asked: _Asked, policies: Policies
) -> tuple[Truth, tuple[Truth, Truth, Truth]]:
    """Return whether the resource policy denies, and what it grants to self, entity and account."""
    if policies.resource is None:
        return False, (False, False, False)
    if policies.resource is UNREAD:
        return None, (None, None, None)
    bounded = is_bounded(policies)
    denials: list[Truth] = []
    grants: list[tuple[Truth, Truth, Truth]] = []
    for policy in policies.resource:
        for statement in policy.document.about(asked[0]):
            named = means(statement, request.principal, bounded)
            if not named.perhaps:
                continue
            truth = applies(statement, *asked)
            if statement.effect is not Effect.DENY:
                grants.append(granted_to(named, truth))
            elif named.surely:
                denials.append(truth)
            else:
                denials.append(False if truth is False else None)
    to_self, to_entity, to_account = zip(*grants, strict=True) if grants else ((), (), ())
    return any_of(denials), (any_of(to_self), any_of(to_entity), any_of(to_account))
