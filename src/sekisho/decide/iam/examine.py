"""One statement held against one resource of a request: the first element that does not match."""

from sekisho.decide.decision import Step
from sekisho.decide.iam.code import Code
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.layers import AttachedPolicy
from sekisho.decide.iam.matching import covers_action, covers_resource
from sekisho.decide.iam.statement import Effect, Statement, resource_name
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Ref

_MATCHED = frozenset({Code.ALLOWED, Code.DENIED})
_UNREAD = frozenset({Code.CONDITION_UNREAD, Code.VARIABLE_UNREAD})


def examine(request: AwsRequest, resource: str, policy: AttachedPolicy, statement: Statement) -> Step:
    """Return what `matching.applies` finds, as a step: matched, first element that fails, or unread keys.

    A condition that is false counts before a resource that hangs on unread keys, since it
    settles the matter.
    """
    facts = (
        ("policy", policy.name),
        ("sid", statement.sid),
        ("effect", str(statement.effect)),
        ("action", request.action),
        ("resource", resource),
    )

    def step(code: Code, at: Ref, *more: tuple[str, str]) -> Step:
        return Step(code, at, (*facts, *more))

    if not covers_action(statement, request.action.lower()):
        code = Code.ACTION_EXCLUDED if statement.not_action else Code.ACTION
        return step(code, statement.action_at)
    covered = covers_resource(statement, resource_name(resource), request.context)
    if covered is False:
        code = Code.RESOURCE_EXCLUDED if statement.not_resource else Code.RESOURCE
        return step(code, statement.resource_at)
    held = [(condition, condition.holds(request.context)) for condition in statement.conditions]
    for condition, holds in held:
        if holds is False:
            asked = (("operator", condition.operator_name), ("key", condition.key))
            return step(Code.CONDITION, condition.at, *asked)
    unread = [condition for condition, holds in held if holds is None]
    if unread:
        keys = sorted({key for condition in unread for key in condition.unread_keys(request.context)})
        return step(Code.CONDITION_UNREAD, unread[0].at, ("keys", ", ".join(keys)))
    if covered is None:
        keys = _unread_variables(statement, request.context)
        return step(Code.VARIABLE_UNREAD, statement.resource_at, ("keys", ", ".join(keys)))
    return step(Code.DENIED if statement.effect is Effect.DENY else Code.ALLOWED, statement.at)


def truth_of(step: Step) -> Truth:
    """Return whether the statement of ``step`` applies; None if that hangs on unread keys."""
    if step.code in _UNREAD:
        return None
    return step.code in _MATCHED


def _unread_variables(statement: Statement, context: Context) -> list[str]:
    variables = (
        variable
        for pattern in statement.resources
        for section in pattern.sections
        for variable in section.variables
    )
    return sorted({variable.key for variable in variables if context.is_unread(variable.key)})
