"""What a request would have to carry for conditions that are not met."""

from collections.abc import Iterable

from sekisho.decide.iam.conditions import Condition, Quantifier
from sekisho.decide.iam.examine import condition_values
from sekisho.decide.request.aws_request import Context

_SAME = frozenset(
    {
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "NumericEquals",
        "DateEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "ArnEquals",
        "ArnLike",
    }
)
"""Operators that hold if the key has one of the values."""


def wanted(conditions: Iterable[Condition], context: Context) -> str:
    """Return, in the spelling of policies, what ``context`` lacks of ``conditions``."""
    failing = (condition for condition in conditions if condition.holds(context) is False)
    return " and ".join(phrase(condition, context) for condition in failing)


def phrase(condition: Condition, context: Context) -> str:
    """Return what ``condition`` asks for, in the spelling of policies."""
    key, operator = condition.key, condition.operator
    values = condition_values(condition, context)
    if operator.comparison is None:
        return f"no `{key}`" if "true" in values else f"any `{key}`"
    listed = " or ".join(f"`{value}`" for value in values)
    if operator.comparison.name in _SAME and operator.quantifier is not Quantifier.ALL:
        return f"`{key}` = {listed}"
    return f"`{key}` {condition.operator_name} {listed}"
