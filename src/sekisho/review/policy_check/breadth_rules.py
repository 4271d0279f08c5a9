"""Statements that give far more than was probably meant."""

from collections.abc import Iterator

from sekisho.decide.iam import Effect, Policy, PolicyKind, Statement
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.principals import EVERYONE, PrincipalKind
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found

_ONLY_LIMIT = frozenset({PolicyKind.SCP, PolicyKind.RCP, PolicyKind.BOUNDARY, PolicyKind.SESSION})
"""Kinds whose Allow gives nothing by itself: there `*` is the usual way to start."""
_PASSING = "iam:passrole"
_PASSED_TO = "iam:passedtoservice"


def check_breadth(policy: Policy, statement: Statement) -> Iterator[Finding]:
    """Yield findings about negated elements and wildcards in a statement that allows."""
    if statement.effect is not Effect.ALLOW:
        return
    principals = statement.principals
    if principals is not None and principals.negated:
        yield found(PolicyCode.NOT_PRINCIPAL, principals.at, "list in `Principal` who may")
    elif principals is not None and not statement.conditions:
        for name in principals.names:
            if name.kind is PrincipalKind.AWS and name.text == EVERYONE:
                yield found(PolicyCode.PUBLIC, name.at, "name accounts, users or roles, or add a condition")
    if policy.kind in _ONLY_LIMIT:
        return
    if statement.not_action:
        yield found(PolicyCode.NOT_ACTION, statement.action_at, "list in `Action` what is meant")
    if statement.not_resource:
        yield found(PolicyCode.NOT_RESOURCE, statement.resource_at, "list in `Resource` what is meant")
    if not statement.not_action and not statement.not_resource and policy.kind is PolicyKind.IDENTITY:
        yield from _wildcards(statement)


def _wildcards(statement: Statement) -> Iterator[Finding]:
    all_resources = next((one for one in statement.resources if _is_any_role(one.text)), None)
    if all_resources is None:
        return
    if any(action.text in ("*", "*:*") for action in statement.actions):
        if all_resources.text == "*" and not statement.conditions:
            yield found(PolicyCode.ADMINISTRATOR, statement.action_at)
        return
    limited = any(_limits_service(condition) for condition in statement.conditions)
    passing = next((action for action in statement.actions if action.matches(_PASSING)), None)
    if passing is not None and not limited:
        hint = "name the roles, or ask for `iam:PassedToService` in a condition"
        yield found(PolicyCode.PASS_ROLE, passing.at, hint, action=passing.text, resource=all_resources.text)


def _is_any_role(resource: str) -> bool:
    if resource == "*":
        return True
    sections = resource.split(":", 5)
    return sections[2:3] == ["iam"] and sections[-1] in ("*", "role/*", "role*")


def _limits_service(condition: Condition) -> bool:
    comparison = condition.operator.comparison
    return condition.key.lower() == _PASSED_TO and comparison is not None and not comparison.negated
