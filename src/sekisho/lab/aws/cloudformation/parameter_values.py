"""The values of a template's parameters, in a request and as they are kept.

A value that is not to be shown (``NoEcho``) is kept among the secrets of the world, never in its facts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sekisho.decide.values import Json, Secret
from sekisho.facts import ChangeSet, Stack
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.template import Template
from sekisho.lab.aws.operation import Context

HIDDEN: Final = "****"
"""What is shown of a value that is not to be shown."""

Values = Mapping[str, str]


def parameter_values(
    template: Template, given: Sequence[Mapping[str, Any]], previous: Values | None
) -> Values:
    """Return the value of every parameter: given, kept from before, or the default.

    Raises:
        AwsError: a parameter is unknown, twice there, has no value, or does not take the one it has.
    """
    found: dict[str, str] = {}
    for one in given:
        name = one.get("ParameterKey") or ""
        if name in found:
            raise invalid(f"Parameters: [{name}] occur more than once")
        if one.get("UsePreviousValue"):
            if previous is None or name not in previous:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            if previous[name] == HIDDEN:
                raise invalid(f"The value of parameter {name} was not saved with this world; give it again")
            found[name] = previous[name]
        else:
            found[name] = one.get("ParameterValue") or ""
    unknown = [name for name in found if name not in template.parameters]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    defaults = {
        name: one.default
        for name, one in template.parameters.items()
        if name not in found and one.default is not None
    }
    missing = [name for name in template.parameters if name not in found and name not in defaults]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    every = {**defaults, **found}
    return {name: one.checked(every[name]) for name, one in template.parameters.items()}


def references_of(template: Template, values: Values) -> Mapping[str, Json]:
    """Return what Ref gives for each parameter."""
    return {name: one.resolved(values[name]) for name, one in template.parameters.items()}


def shown(template: Template, values: Values) -> tuple[tuple[str, str], ...]:
    """Return the values as facts keep them."""
    return tuple(
        (name, HIDDEN if template.parameters[name].is_hidden else value) for name, value in values.items()
    )


def hidden_values(template: Template, values: Values) -> tuple[str, ...]:
    """Return the values that are not to be shown."""
    return tuple(value for name, value in values.items() if template.parameters[name].is_hidden)


def secrets_of(owner: str, template: Template, values: Values) -> Mapping[str, Secret | None]:
    """Return what is kept beside the facts; ``owner`` is the UUID of the stack or change set."""
    return {
        _secret_name(owner, name): Secret(value)
        for name, value in values.items()
        if template.parameters[name].is_hidden
    }


def forgotten(owner: Stack | ChangeSet) -> Mapping[str, Secret | None]:
    """Return the secrets of a stack or a change set as those that are to go."""
    return {_secret_name(owner.uuid, name): None for name, value in owner.parameters if value == HIDDEN}


def kept_values(context: Context, owner: Stack | ChangeSet, template: Template) -> Values:
    """Return the values that a stack or a change set was made with.

    One that is not to be shown is `HIDDEN` where it was lost: the world was loaded from a file.
    """
    found = dict(owner.parameters)
    for name in found:
        if name in template.parameters and template.parameters[name].is_hidden:
            secret = context.secret(_secret_name(owner.uuid, name))
            found[name] = HIDDEN if secret is None else secret.reveal()
    return found


def _secret_name(owner: str, name: str) -> str:
    return f"stack-parameter/{owner}/{name}"
