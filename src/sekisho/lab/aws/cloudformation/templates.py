"""GetTemplate, GetTemplateSummary, ValidateTemplate, ListExports, ListImports."""

from collections.abc import Mapping
from typing import Any

from sekisho.facts.stack_lookup import find_change_set, find_stack, stacks_of
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.described import paged, without_absent
from sekisho.lab.aws.cloudformation.errors import invalid, no_such_change_set
from sekisho.lab.aws.cloudformation.request import named_stack, refuse_unserved
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES
from sekisho.lab.aws.cloudformation.template import VERSION, Template
from sekisho.lab.aws.cloudformation.template_check import capabilities_needed, read_template
from sekisho.lab.aws.cloudformation.template_parameter import TemplateParameter
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters


def get_template(context: Context, parameters: Parameters) -> Answer:
    """Return the template of a stack or of a change set, as it was written."""
    name, change_set = parameters.get("StackName"), parameters.get("ChangeSetName")
    if not name and not change_set:
        raise invalid("StackName or ChangeSetName is required.")
    stages = {"StagesAvailable": ["Original", "Processed"]}
    if not change_set:
        return Answer({"TemplateBody": named_stack(context, name or "").template, **stages})
    stack = find_stack(context.facts, context.account, context.region, name) if name else None
    found = find_change_set(context.facts, context.account, context.region, change_set, stack)
    if found is None:
        raise no_such_change_set(change_set)
    return Answer({"TemplateBody": found.template, **stages})


def get_template_summary(context: Context, parameters: Parameters) -> Answer:
    """Tell parameters, resource types and capabilities of a template or of a stack's own."""
    refuse_unserved(parameters)
    body, name = parameters.get("TemplateBody"), parameters.get("StackName")
    if bool(body) == bool(name):
        raise invalid("Exactly one of TemplateBody, TemplateURL and StackName must be specified.")
    template = read_template(body or named_stack(context, name or "").template)
    declared = [{**_parameter(one), **_constraints(one)} for one in template.parameters.values()]
    return Answer(
        {
            **_capabilities(template),
            "Description": template.description,
            "Parameters": declared,
            "ResourceTypes": list(template.resource_types),
            "Version": VERSION,
        }
    )


def validate_template(_context: Context, parameters: Parameters) -> Answer:
    """Tell whether a template could be deployed, and with what."""
    refuse_unserved(parameters)
    if not parameters.get("TemplateBody"):
        raise invalid("Either Template URL or Template Body must be specified.")
    template = read_template(parameters["TemplateBody"])
    declared = [_parameter(one) for one in template.parameters.values()]
    return Answer({**_capabilities(template), "Description": template.description, "Parameters": declared})


def list_exports(context: Context, parameters: Parameters) -> Answer:
    """List what the stacks of the region export."""
    found = [
        {"ExportingStackId": str(stack.arn), "Name": one.export, "Value": one.value}
        for stack in stacks_of(context.facts, context.account, context.region)
        if stack.status != DELETED
        for one in stack.outputs
        if one.export
    ]
    return paged("Exports", sorted(found, key=lambda one: one["Name"]), parameters)


def list_imports(context: Context, parameters: Parameters) -> Answer:
    """List the stacks that import an export."""
    name = parameters["ExportName"]
    found = [
        stack.name
        for stack in stacks_of(context.facts, context.account, context.region)
        if stack.status != DELETED and name in stack.imports
    ]
    if not found:
        raise invalid(f"Export '{name}' is not imported by any stack.")
    return paged("Imports", found, parameters)


OPERATIONS: dict[str, Operation] = {
    "GetTemplate": get_template,
    "GetTemplateSummary": get_template_summary,
    "ListExports": list_exports,
    "ListImports": list_imports,
    "ValidateTemplate": validate_template,
}


def _capabilities(template: Template) -> Mapping[str, Any]:
    needed = capabilities_needed(template)
    if not needed:
        return {}
    types = [name for name in template.resource_types if RESOURCE_TYPES[name].is_of_iam]
    reason = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    return {"Capabilities": list(needed), "CapabilitiesReason": reason}


def _parameter(one: TemplateParameter) -> dict[str, Any]:
    found = {"ParameterKey": one.name, "NoEcho": one.is_hidden, "Description": one.description}
    default = {} if one.default is None else {"DefaultValue": "****" if one.is_hidden else one.default}
    return {**without_absent(found), **default}


def _constraints(one: TemplateParameter) -> dict[str, Any]:
    return {"ParameterType": one.type, "ParameterConstraints": {"AllowedValues": list(one.allowed)}}
