"""Whether a statement applies to a request: the one set of matchers, for answers and for explanations."""

from sekisho.decide.iam.kleene import Truth, all_of, any_of, negate
from sekisho.decide.iam.statement import ResourceName, Statement
from sekisho.decide.request.aws_request import Context


def applies(statement: Statement, lowered_action: str, name: ResourceName, context: Context) -> Truth:
    """Tell whether every element of ``statement`` matches (IAM User Guide, "Policy evaluation logic").

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


def covers_action(statement: Statement, lowered_action: str) -> bool:
    """Tell whether Action lists the action, or NotAction does not."""
    listed = any(pattern.matches(lowered_action) for pattern in statement.actions)
    return listed is not statement.not_action


def covers_resource(statement: Statement, name: ResourceName, context: Context) -> Truth:
    """Tell whether Resource lists the resource, or NotResource does not."""
    listed = any_of(pattern.matches(name, context) for pattern in statement.resources)
    return negate(listed) if statement.not_resource else listed


def conditions_hold(statement: Statement, context: Context) -> Truth:
    """Tell whether every condition holds; a statement without conditions holds."""
    if not statement.conditions:
        return True
    return all_of(condition.holds(context) for condition in statement.conditions)
