"""One statement held against one resource of a request: the first element that does not match."""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.decision import Step
from sekisho.decide.iam.code import Code
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.layers import AttachedPolicy
from sekisho.decide.iam.matching import covers_action, covers_resource, means
from sekisho.decide.iam.principals import Named, caller_name
from sekisho.decide.iam.statement import Effect, Statement, resource_name
from sekisho.decide.iam.template import Unresolved
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Ref

_MATCHED = frozenset({Code.ALLOWED, Code.DENIED})
_UNREAD = frozenset({Code.CONDITION_UNREAD, Code.VARIABLE_UNREAD, Code.PRINCIPAL_UNREAD})


@dataclass(frozen=True, slots=True)
class Look:
    """One statement held against one resource.

    ``level`` counts from the root of an organization, 0 in layers without levels; ``named`` tells
    how closely the statement names the caller.
    """

    resource: str
    policy: AttachedPolicy
    level: int
    statement: Statement
    named: Named
    step: Step

    @property
    def denies(self) -> bool:
        """Whether the statement is a Deny."""
        return self.statement.effect is Effect.DENY

    @property
    def truth(self) -> Truth:
        """Whether the statement applies to the caller; None if that hangs on unread facts."""
        if self.step.code in _UNREAD:
            return None
        return self.step.code in _MATCHED

    @property
    def rest(self) -> Truth:
        """Whether everything but the principals applies, for a statement that may mean the caller."""
        return True if self.step.code is Code.PRINCIPAL_UNREAD else self.truth


def examine(
    request: AwsRequest,
    resource: str,
    policy: AttachedPolicy,
    level: int,
    statement: Statement,
    bounded: Truth,
) -> Look:
    """Return what `matching` finds, with a step: matched, first element that fails, or what is unread.

    A condition that is false counts before a resource that hangs on unread keys, since it
    settles the matter.
    """
    named = means(statement, request.principal, bounded)
    facts = (
        ("policy", policy.name),
        ("layer", str(policy.layer)),
        ("sid", statement.sid),
        ("effect", str(statement.effect)),
        ("action", request.action),
        ("resource", resource),
    )
    code, at, more = _finding(request, resource, statement, named)
    return Look(resource, policy, level, statement, named, Step(code, at, (*facts, *more)))


_Finding = tuple[Code, Ref, tuple[tuple[str, str], ...]]


def _finding(request: AwsRequest, resource: str, statement: Statement, named: Named) -> _Finding:
    if not covers_action(statement, request.action.lower()):
        return (Code.ACTION_EXCLUDED if statement.not_action else Code.ACTION), statement.action_at, ()
    principals = statement.principals
    if principals is not None and not named.perhaps:
        code = Code.PRINCIPAL_EXCLUDED if principals.negated else Code.PRINCIPAL
        return code, principals.at, (("principal", caller_name(request.principal)),)
    covered = covers_resource(statement, resource_name(resource), request.context)
    if covered is False:
        code = Code.RESOURCE_EXCLUDED if statement.not_resource else Code.RESOURCE
        return code, statement.resource_at, ()
    held = [(condition, condition.holds(request.context)) for condition in statement.conditions]
    for condition, holds in held:
        if holds is False:
            return Code.CONDITION, condition.at, _asked_and_found(condition, request.context)
    open_conditions = [condition for condition, holds in held if holds is None]
    keys = {key for condition in open_conditions for key in condition.unread_keys(request.context)}
    if covered is None:
        keys |= _unread_variables(statement, resource, request.context)
    open_principals = None if named.surely is named.perhaps else principals
    if open_principals is not None:
        keys |= set(open_principals.unread_keys(request.principal))
    if open_conditions:
        return Code.CONDITION_UNREAD, open_conditions[0].at, _keys(keys)
    if covered is None:
        return Code.VARIABLE_UNREAD, statement.resource_at, _keys(keys)
    if open_principals is not None:
        caller = ("principal", caller_name(request.principal))
        return Code.PRINCIPAL_UNREAD, open_principals.at, (*_keys(keys), caller)
    return (Code.DENIED if statement.effect is Effect.DENY else Code.ALLOWED), statement.at, ()


def _keys(keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return (("keys", ", ".join(sorted(keys))),)


def _asked_and_found(condition: Condition, context: Context) -> tuple[tuple[str, str], ...]:
    """Return what a condition asks for and what the request carries instead."""
    found = context.value(condition.key)
    actual = "absent" if found is None else found if isinstance(found, str) else f"[{', '.join(found)}]"
    return (
        ("operator", condition.operator_name),
        ("key", condition.key),
        ("values", " or ".join(condition_values(condition, context))),
        ("actual", actual),
    )


def condition_values(condition: Condition, context: Context) -> tuple[str, ...]:
    """Return the values that a condition asks for, variables filled in where they can be."""
    return tuple(
        value.source if isinstance(text := value.text(context), Unresolved) else text
        for value in condition.values
    )


def _unread_variables(statement: Statement, resource: str, context: Context) -> set[str]:
    """Return the unread keys of the patterns that may cover ``resource``."""
    name = resource_name(resource)
    variables = (
        variable
        for pattern in statement.resources
        if pattern.matches(name, context) is None
        for section in pattern.sections
        for variable in section.variables
    )
    return {variable.key for variable in variables if context.is_unread(variable.key)}
