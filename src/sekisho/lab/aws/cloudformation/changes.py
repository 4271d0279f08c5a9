"""What a template changes about a stack: which resources are made, changed, replaced and removed.

Pure: what is found here is what a change set shows and what an update then does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sekisho.facts import PropertyChange, ResourceChange, Stack, StackOutput, StackResource, Tags
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.evaluate import LATER, Known, Scope
from sekisho.lab.aws.cloudformation.order import creation_order
from sekisho.lab.aws.cloudformation.outputs import outputs_of
from sekisho.lab.aws.cloudformation.resources.resource_type import ResourceType, read_properties
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES
from sekisho.lab.aws.cloudformation.stack_scope import known_of, present
from sekisho.lab.aws.cloudformation.template import Template
from sekisho.lab.aws.operation import AwsError

ALWAYS, NEVER = "Always", "Never"


@dataclass(frozen=True, slots=True)
class Side:
    """A template of a stack with what its functions read, and the stack's tags."""

    template: Template
    scope: Scope
    tags: Tags

    def given(self, logical_id: str) -> dict[str, Any]:
        """Return the properties of a resource as the template gives them, with the tags of the stack.

        Raises:
            AwsError: a function cannot be evaluated, or a property has not its form.
        """
        resource = self.template.resources[logical_id]
        type_ = RESOURCE_TYPES[resource.type]
        found = read_properties(type_, self.scope.value(dict(resource.properties)))
        if type_.takes_tags and (self.tags or "Tags" in found):
            found["Tags"] = {**dict(self.tags), **found.get("Tags", {})}
        return found

    def has(self, logical_id: str) -> bool:
        """Tell whether the template makes the resource: it is there and its condition holds."""
        resource = self.template.resources.get(logical_id)
        return resource is not None and self.scope.holds(resource.condition)


def differences(
    type_: ResourceType, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[PropertyChange, ...]:
    """Return the properties that differ."""
    return tuple(
        PropertyChange("Tags", "", NEVER)
        if name == "Tags"
        else PropertyChange("Properties", name, ALWAYS if one.replaces else NEVER)
        for name, one in type_.properties.items()
        if before.get(name) != after.get(name)
    )


def replaces(details: tuple[PropertyChange, ...]) -> bool:
    """Tell whether such a change makes another resource."""
    return any(one.recreation == ALWAYS for one in details)


def check_types(before: Template, after: Template, stack: Stack) -> None:
    """Refuse that a resource becomes one of another type under its logical id.

    Raises:
        AwsError: it does.
    """
    changed = [
        name
        for name in present(stack)
        if name in after.resources
        and name in before.resources
        and after.resources[name].type != before.resources[name].type
    ]
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the "
            f"following resources: [{', '.join(changed)}]"
        )


def resource_changes(stack: Stack, before: Side, after: Side) -> tuple[ResourceChange, ...]:
    """Return what ``after`` would do to the resources of the stack, in the order of doing it.

    What follows from a resource that is yet to be made is taken for another value.
    """
    there = present(stack)
    scope = after.scope
    found: list[ResourceChange] = []
    for name in creation_order(after.template):
        if not after.has(name):
            continue
        resource, old = after.template.resources[name], there.get(name)
        if old is None:
            found.append(ResourceChange("Add", name, "", resource.type))
            scope = scope.with_known(name, _later(resource.type))
            continue
        change = _modified(name, old, before, Side(after.template, scope, after.tags))
        if change is not None:
            found.append(change)
        is_new = change is not None and change.replacement == "True"
        scope = scope.with_known(name, _later(resource.type) if is_new else known_of(old))
    gone = [
        ResourceChange("Remove", name, one.physical_id, one.type)
        for name, one in there.items()
        if not after.has(name)
    ]
    return (*found, *gone)


def has_other_outputs(stack: Stack, after: Side) -> bool:
    """Tell whether the outputs would be others, with resources that stay as they are."""
    scope = after.scope
    for name, one in present(stack).items():
        scope = scope.with_known(name, known_of(one))
    try:
        return _by_key(outputs_of(scope)) != _by_key(stack.outputs)
    except AwsError:
        return True


def _by_key(outputs: tuple[StackOutput, ...]) -> list[StackOutput]:
    return sorted(outputs, key=lambda one: one.key)


def _modified(name: str, old: StackResource, before: Side, after: Side) -> ResourceChange | None:
    type_ = RESOURCE_TYPES[old.type]
    try:
        details = differences(type_, before.given(name), after.given(name))
    except AwsError:
        # What is wrong with it is found again when it is done, and is the reason there.
        return ResourceChange("Modify", name, old.physical_id, old.type, "Conditional")
    if not details:
        return None
    replacement = "True" if replaces(details) else "False"
    return ResourceChange("Modify", name, old.physical_id, old.type, replacement, details)


def _later(type_name: str) -> Known:
    return Known(LATER, dict.fromkeys(RESOURCE_TYPES[type_name].attributes, LATER))
