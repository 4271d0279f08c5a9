"""Whether a statement applies to a request: the one set of matchers, for answers and for explanations."""

from sekisho.decide.iam.kleene import Truth, negate
from sekisho.decide.iam.principals import EVERYBODY, Named
from sekisho.decide.iam.statement import Effect, ResourceName, Statement
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Caller


def applies(statement: Statement, lowered_action: str, name: ResourceName, context: Context) -> Truth:
    """Tell whether every element of ``statement`` but its principals matches.

    Source: IAM User Guide, "Policy evaluation logic".

    ``lowered_action`` is the action in lower case, ``name`` the resource from `resource_name`.
    None if the answer hangs on unread facts.
    """
    if not covers_action(statement, lowered_action):
        return False
    resource = covers_resource(statement, name, context)
    if resource is False:
        return False
    conditions = conditions_hold(statement, context)
    return None if resource is None and conditions else conditions


def means(statement: Statement, caller: Caller, bounded: Truth) -> Named:
    """Tell how closely ``statement`` names ``caller``; ``bounded`` tells whether that has a boundary."""
    if statement.principals is None:
        return EVERYBODY
    if statement.effect is Effect.DENY:
        return statement.principals.denies(caller, bounded=bounded)
    return statement.principals.allows(caller)


def covers_action(statement: Statement, lowered_action: str) -> bool:
    """Tell whether Action lists the action, or NotAction does not."""
    for pattern in statement.actions:
        if pattern.matches(lowered_action):
            return not statement.not_action
    return statement.not_action


def covers_resource(statement: Statement, name: ResourceName, context: Context) -> Truth:
    """Tell whether Resource lists the resource, or NotResource does not; without both it is the own one."""
    if not statement.resources:
        return True
    listed: Truth = False
    for pattern in statement.resources:
        truth = pattern.matches(name, context)
        if truth:
            return not statement.not_resource
        if truth is None:
            listed = None
    return negate(listed) if statement.not_resource else listed


def conditions_hold(statement: Statement, context: Context) -> Truth:
    """Tell whether every condition holds; a statement without conditions holds."""
    holds: Truth = True
    for condition in statement.conditions:
        truth = condition.holds(context)
        if truth is False:
            return False
        holds = truth and holds
    return holds
