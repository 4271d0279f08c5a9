"""What CloudFormation tells of stacks, their resources and their events (CloudFormation API Reference)."""

from collections.abc import Mapping
from typing import Any, Final

from sekisho.facts import Stack, StackEvent, StackResource
from sekisho.facts.stack_lookup import find_stack, stack_with, stacks_of
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.request import named_stack
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

PAGE: Final = 100
_NOT_CHECKED: Final = {"StackDriftStatus": "NOT_CHECKED"}
_RESOURCE_NOT_CHECKED: Final = {"StackResourceDriftStatus": "NOT_CHECKED"}


def paged(key: str, every: list[Any], parameters: Parameters) -> Answer:
    """Return one page of a listing."""
    shown, token = page(every, parameters.get("NextToken"), PAGE, "ValidationError")
    return Answer({key: shown, **({"NextToken": token} if token else {})})


def describe_stacks(context: Context, parameters: Parameters) -> Answer:
    """Describe one stack, or all that are there."""
    name = parameters.get("StackName")
    if name:
        return Answer({"Stacks": [_stack(named_stack(context, name))]})
    every = reversed(stacks_of(context.facts, context.account, context.region))
    return paged("Stacks", [_stack(one) for one in every if one.status != DELETED], parameters)


def list_stacks(context: Context, parameters: Parameters) -> Answer:
    """List stacks, those that were deleted among them."""
    wanted = parameters.get("StackStatusFilter")
    every = reversed(stacks_of(context.facts, context.account, context.region))
    found = [_summary(one) for one in every if not wanted or one.status in wanted]
    return paged("StackSummaries", found, parameters)


def describe_stack_events(context: Context, parameters: Parameters) -> Answer:
    """Tell what happened to a stack, the newest first."""
    name = parameters["StackName"]
    stack = find_stack(context.facts, context.account, context.region, name)
    if stack is None:
        raise invalid(f"Stack [{name}] does not exist")
    return paged("StackEvents", [_event(stack, one) for one in reversed(stack.events)], parameters)


def describe_stack_resource(context: Context, parameters: Parameters) -> Answer:
    """Describe one resource of a stack."""
    stack = named_stack(context, parameters["StackName"])
    wanted = parameters["LogicalResourceId"]
    found = next((one for one in stack.resources if one.logical_id == wanted), None)
    if found is None:
        raise invalid(f"Resource {wanted} does not exist for stack {stack.name}")
    detail = {**_resource(found), "LastUpdatedTimestamp": found.updated}
    return Answer(
        {"StackResourceDetail": {**_names(stack), **detail, "DriftInformation": _RESOURCE_NOT_CHECKED}}
    )


def describe_stack_resources(context: Context, parameters: Parameters) -> Answer:
    """Describe the resources of a stack, found by its name or by one of its resources."""
    name, physical_id = parameters.get("StackName"), parameters.get("PhysicalResourceId")
    if bool(name) == bool(physical_id):
        raise invalid("Specify either StackName or PhysicalResourceId, and not both.")
    if name:
        stack = named_stack(context, name)
    else:
        found = stack_with(context.facts, context.account, context.region, physical_id or "")
        if found is None:
            raise invalid(f"Stack for {physical_id} does not exist")
        stack = found
    wanted = parameters.get("LogicalResourceId")
    shown = [
        {
            **_names(stack),
            **_resource(one),
            "Timestamp": one.updated,
            "DriftInformation": _RESOURCE_NOT_CHECKED,
        }
        for one in stack.resources
        if wanted in (None, "", one.logical_id)
    ]
    if wanted and not shown:
        raise invalid(f"Resource {wanted} does not exist for stack {stack.name}")
    return Answer({"StackResources": shown})


def list_stack_resources(context: Context, parameters: Parameters) -> Answer:
    """List the resources of a stack."""
    stack = named_stack(context, parameters["StackName"])
    shown = [
        {**_resource(one), "LastUpdatedTimestamp": one.updated, "DriftInformation": _RESOURCE_NOT_CHECKED}
        for one in stack.resources
    ]
    return paged("StackResourceSummaries", shown, parameters)


OPERATIONS: dict[str, Operation] = {
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResource": describe_stack_resource,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStacks": describe_stacks,
    "ListStackResources": list_stack_resources,
    "ListStacks": list_stacks,
}


def without_absent(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are there: an empty text and None stand for absence."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def tag_output(stack_tags: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return tags as CloudFormation's answers write them."""
    return [{"Key": key, "Value": value} for key, value in stack_tags]


def parameter_output(values: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return the values of parameters as CloudFormation's answers write them."""
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values]


def _names(stack: Stack) -> dict[str, str]:
    return {"StackName": stack.name, "StackId": str(stack.arn)}


def _stack(stack: Stack) -> Mapping[str, Any]:
    outputs = [
        without_absent(
            {
                "OutputKey": one.key,
                "OutputValue": one.value,
                "Description": one.description,
                "ExportName": one.export,
            }
        )
        for one in stack.outputs
    ]
    return without_absent(
        {
            **_names(stack),
            "ChangeSetId": stack.change_set,
            "Description": stack.description,
            "Parameters": parameter_output(stack.parameters),
            "CreationTime": stack.created,
            "DeletionTime": stack.deleted,
            "LastUpdatedTime": stack.updated,
            "RollbackConfiguration": {},
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DisableRollback": stack.disable_rollback,
            "NotificationARNs": [],
            "Capabilities": list(stack.capabilities),
            "Outputs": outputs,
            "RoleARN": stack.role,
            "Tags": tag_output(stack.tags),
            "EnableTerminationProtection": stack.is_protected,
            "DriftInformation": _NOT_CHECKED,
        }
    )


def _summary(stack: Stack) -> Mapping[str, Any]:
    return without_absent(
        {
            **_names(stack),
            "TemplateDescription": stack.description,
            "CreationTime": stack.created,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DriftInformation": _NOT_CHECKED,
        }
    )


def _event(stack: Stack, event: StackEvent) -> Mapping[str, Any]:
    return without_absent(
        {
            **_names(stack),
            "EventId": event.event,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type,
            "Timestamp": event.at,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
            "ClientRequestToken": event.token,
        }
    )


def _resource(resource: StackResource) -> dict[str, Any]:
    return without_absent(
        {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceType": resource.type,
            "ResourceStatus": resource.status,
            "ResourceStatusReason": resource.reason,
        }
    )
