"""What the requests that make and change stacks have in common.

Source: CloudFormation API Reference, "CreateStack", "UpdateStack", "CreateChangeSet".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Wildcard
from sekisho.facts import ChangeSet, Stack, Tags
from sekisho.facts.stack_lookup import find_stack
from sekisho.lab.aws.cloudformation.errors import invalid, no_such_stack, unserved
from sekisho.lab.aws.cloudformation.parameter_values import Values, kept_values, parameter_values
from sekisho.lab.aws.cloudformation.template import Template
from sekisho.lab.aws.cloudformation.template_check import hold_to_capabilities, read_template
from sekisho.lab.aws.operation import Context, Delegate, Parameters

_UNSERVED: Final[Mapping[str, str]] = {
    "TemplateURL": "templates by URL: give the template itself",
    "NotificationARNs": "notifications of stack events",
    "StackPolicyBody": "stack policies",
    "StackPolicyURL": "stack policies",
    "StackPolicyDuringUpdateBody": "stack policies",
    "StackPolicyDuringUpdateURL": "stack policies",
    "ResourcesToImport": "imports of resources into stacks",
    "ImportExistingResources": "imports of resources into stacks",
    "DeploymentMode": "stacks that revert drift",
    "DeploymentConfig": "express deployments",
    "StackSetName": "stack sets",
}
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a stack to be."""

    template: Template
    values: Values
    capabilities: tuple[str, ...]
    tags: Tags
    role: str


def read_wish(context: Context, parameters: Parameters, before: Stack | None) -> Wish:
    """Return what a request wants; what it does not give is as it was ``before``.

    Raises:
        AwsError: the request, its template or a parameter is refused.
    """
    refuse_unserved(parameters)
    text = _template_text(parameters, before)
    template = read_template(text)
    capabilities = tuple(parameters.get("Capabilities") or ())
    hold_to_capabilities(template, capabilities)
    _hold_to_types(template, parameters.get("ResourceTypes"))
    previous = None
    if before is not None and before.template:
        previous = kept_values(context, before, read_template(before.template))
    values = parameter_values(template, parameters.get("Parameters") or (), previous)
    given = parameters.get("Tags")
    tags = tags_of(parameters) if given is not None or before is None else before.tags
    role = parameters.get("RoleARN") or ("" if before is None else before.role)
    return Wish(template, values, capabilities, tags, role)


def kept_wish(context: Context, kept: ChangeSet) -> Wish:
    """Return what a change set wants."""
    template = read_template(kept.template)
    values = kept_values(context, kept, template)
    return Wish(template, values, kept.capabilities, kept.tags, kept.role)


def refuse_unserved(parameters: Parameters) -> None:
    """Refuse what the lab does not serve of a request.

    Raises:
        AwsError: a parameter asks for it.
    """
    for name, what in _UNSERVED.items():
        if parameters.get(name):
            raise unserved(what)
    monitored = parameters.get("RollbackConfiguration") or {}
    if monitored.get("RollbackTriggers"):
        raise unserved("rollback triggers")


def checked_name(name: str) -> str:
    """Return the name of a stack to be made.

    Raises:
        AwsError: stacks have no such names.
    """
    if not _STACK_NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name[:256]}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    return name


def named_stack(context: Context, name: str) -> Stack:
    """Return the stack that a request names: by name if it is there, by ARN afterwards too.

    Raises:
        AwsError: there is none.
    """
    found = find_stack(context.facts, context.account, context.region, name)
    if found is None:
        raise no_such_stack(name)
    return found


def delegate_of(context: Context, role: str) -> Delegate:
    """Return who makes the calls for the stack.

    Raises:
        AwsError: CloudFormation cannot assume the role.
    """
    assert context.delegate is not None  # noqa: S101 - the door gives it to every operation
    if role and role.split(":")[4:5] != [str(context.account)]:
        raise invalid(f"Role {role} is invalid or cannot be assumed")
    return context.delegate(role)


def tags_of(parameters: Parameters) -> Tags:
    """Return the tags of a request.

    Raises:
        AwsError: a key occurs twice, or is reserved.
    """
    tags = tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags") or ())
    keys = [key for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise invalid("Duplicate tag keys found. Each tag key must be unique.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    return tags


def _template_text(parameters: Parameters, before: Stack | None) -> str:
    body = parameters.get("TemplateBody")
    if parameters.get("UsePreviousTemplate"):
        if body:
            raise invalid("You cannot specify both usePreviousTemplate and Template Body.")
        if before is None or not before.template:
            raise invalid("There is no previous template to use.")
        return before.template
    if not body:
        raise invalid("Either Template URL or Template Body must be specified.")
    return str(body)


def _hold_to_types(template: Template, allowed: list[str] | None) -> None:
    patterns = [Wildcard(one) for one in allowed or ()]
    for type_ in template.resource_types if patterns else ():
        if not any(pattern.matches(type_) for pattern in patterns):
            told = ", ".join(allowed or ())
            raise invalid(f"Resource type {type_} is not allowed by parameter ResourceTypes [{told}]")
