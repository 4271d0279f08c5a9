"""What the functions of a stack's template read: parameters, pseudo parameters, exports, resources."""

from collections.abc import Callable, Mapping

from sekisho.decide.values import Json
from sekisho.facts import Snapshot, Stack, StackResource
from sekisho.facts.stack_lookup import stacks_of
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.evaluate import Known, Scope
from sekisho.lab.aws.cloudformation.parameter_values import Values, kept_values, references_of
from sekisho.lab.aws.cloudformation.template import Template
from sekisho.lab.aws.cloudformation.template_check import read_template
from sekisho.lab.aws.operation import Context
from sekisho.wire.aws.hosts import dns_suffix


def scope_of(
    stack: Stack,
    template: Template,
    values: Values,
    exported: Callable[[str], str | None],
    resources: Mapping[str, StackResource] | None = None,
) -> Scope:
    """Return what the functions of ``template`` read for ``stack``; ``resources`` are those that are there.

    Raises:
        AwsError: a condition cannot be decided.
    """
    pseudo: dict[str, Json] = {
        "AWS::AccountId": str(stack.account),
        "AWS::NotificationARNs": [],
        "AWS::Partition": stack.partition,
        "AWS::Region": stack.region,
        "AWS::StackId": str(stack.arn),
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": dns_suffix(stack.partition),
    }
    known = {name: known_of(one) for name, one in (resources or {}).items()}
    scope = Scope(template, references_of(template, values), pseudo, exported)
    scope = scope.with_conditions()
    for name, one in known.items():
        scope = scope.with_known(name, one)
    return scope


def scope_of_stack(context: Context, stack: Stack, template: Template) -> Scope:
    """Return what the functions of a stack's own template read, with its resources."""
    exports = exports_of(context.facts, stack)
    return scope_of(stack, template, kept_values(context, stack, template), exports.get, present(stack))


def own_template(stack: Stack) -> Template:
    """Return the template that a stack was made with.

    Raises:
        AwsError: it is none, or does not have what the stack has: somebody wrote the stack into a world file.
    """
    template = read_template(stack.template)
    for name, one in present(stack).items():
        found = template.resources.get(name)
        if found is None or found.type != one.type:
            raise invalid(f"The template of stack {stack.name} has no resource {name} of the type {one.type}")
    return template


def present(stack: Stack) -> Mapping[str, StackResource]:
    """Return the resources of a stack that are there, by logical id."""
    gone = ("CREATE_FAILED", DELETED, "DELETE_SKIPPED")
    return {one.logical_id: one for one in stack.resources if one.physical_id and one.status not in gone}


def known_of(resource: StackResource) -> Known:
    """Return a resource as functions read it."""
    return Known(resource.physical_id, dict(resource.attributes))


def exports_of(facts: Snapshot, stack: Stack) -> Mapping[str, str]:
    """Return the exports of the stack's account and region, by name."""
    return {
        output.export: output.value
        for one in stacks_of(facts, stack.account, stack.region)
        if one.status != DELETED
        for output in one.outputs
        if output.export
    }


def importers(facts: Snapshot, stack: Stack, export: str) -> tuple[str, ...]:
    """Return the names of the other stacks that import an export."""
    return tuple(
        one.name
        for one in stacks_of(facts, stack.account, stack.region)
        if one.status != DELETED and one.uuid != stack.uuid and export in one.imports
    )
