"""The outputs of a stack, once its resources are there."""

from sekisho.decide.values import Json
from sekisho.facts import StackOutput
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.evaluate import Scope


def outputs_of(scope: Scope) -> tuple[StackOutput, ...]:
    """Return the outputs whose condition holds.

    Raises:
        AwsError: a value is no text, or cannot be evaluated.
    """
    return tuple(
        StackOutput(
            one.key,
            _text(scope.value(one.value), f"The Value field of output {one.key}"),
            one.description,
            "" if one.export is None else _text(scope.value(one.export), f"The Name of export {one.key}"),
        )
        for one in scope.template.outputs.values()
        if scope.holds(one.condition)
    )


def _text(value: Json, what: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float) and str(value):
        return str(value)
    raise invalid(f"Template format error: {what} must evaluate to a string that is not empty.")
