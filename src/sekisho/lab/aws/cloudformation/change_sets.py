"""Change sets: what an update would do, and the update itself (CloudFormation API Reference)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sekisho.facts import ChangeSet, Delete, Event, Put, ResourceChange, Stack
from sekisho.facts.stack_lookup import (
    change_set_key,
    change_sets_of,
    find_change_set,
    find_stack,
    stack_key,
    stacks_of,
)
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.creation import OnFailure
from sekisho.lab.aws.cloudformation.deploy import UPDATABLE, changes_of, create, update
from sekisho.lab.aws.cloudformation.described import paged, parameter_output, tag_output, without_absent
from sekisho.lab.aws.cloudformation.errors import invalid, no_such_change_set, unserved
from sekisho.lab.aws.cloudformation.parameter_values import forgotten, secrets_of, shown
from sekisho.lab.aws.cloudformation.request import (
    checked_name,
    delegate_of,
    kept_wish,
    named_stack,
    read_wish,
)
from sekisho.lab.aws.cloudformation.run import USER_INITIATED, Run
from sekisho.lab.aws.cloudformation.stacks import REVIEW, new_stack
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
MAX_CHANGE_SETS: Final = 1_000
"""Of one stack."""


def create_change_set(context: Context, parameters: Parameters) -> Answer:
    """Find what an update would do; the first change set of a stack makes the stack, empty and in review."""
    kind = parameters.get("ChangeSetType") or "UPDATE"
    if kind == "IMPORT":
        raise unserved("imports of resources into stacks")
    name = parameters["ChangeSetName"]
    stack = _stack_for(context, parameters["StackName"], kind, name)
    siblings = [one for one in _of_stack(context, stack) if one.execution != "EXECUTE_COMPLETE"]
    same = [one for one in siblings if one.name == name]
    # Clients name them by the second, and are faster here than at AWS: one that failed makes room.
    if any(one.status != "FAILED" for one in same):
        raise AwsError("AlreadyExistsException", f"ChangeSet {name} already exists")
    if len(siblings) >= MAX_CHANGE_SETS:
        raise AwsError("LimitExceededException", f"a stack has at most {MAX_CHANGE_SETS} change sets")
    wish = read_wish(context, parameters, stack if stack.template else None)
    changes, is_change = changes_of(context, stack, wish)
    made = ChangeSet(
        context.account,
        context.region,
        stack.uuid,
        name,
        context.ids.request_id(),
        context.now,
        kind,
        "CREATE_COMPLETE" if is_change else "FAILED",
        "AVAILABLE" if is_change else "UNAVAILABLE",
        wish.template.text,
        context.partition,
        "" if is_change else NO_CHANGES,
        parameters.get("Description") or "",
        parameters.get("OnStackFailure") or "",
        shown(wish.template, wish.values),
        wish.capabilities,
        wish.tags,
        wish.role,
        changes,
    )
    gone = (Delete(change_set_key(one)) for one in same)
    events: tuple[Event, ...] = (*gone, Put(change_set_key(made), made))
    if find_stack(context.facts, context.account, context.region, stack.name) is None:
        events = (Put(stack_key(stack), stack), *events)
    secrets = dict(secrets_of(made.uuid, wish.template, wish.values))
    for one in same:
        secrets |= forgotten(one)
    return Answer({"Id": str(made.arn), "StackId": str(stack.arn)}, events, secrets)


def describe_change_set(context: Context, parameters: Parameters) -> Answer:
    """Tell what a change set would do."""
    found, stack = _named(context, parameters)
    every = [{"Type": "Resource", "ResourceChange": _change(one)} for one in found.changes]
    answer = paged("Changes", every, parameters)
    described = without_absent(
        {
            **_summary(found, stack),
            "Parameters": parameter_output(found.parameters),
            "NotificationARNs": [],
            "RollbackConfiguration": {},
            "Capabilities": list(found.capabilities),
            "Tags": tag_output(found.tags),
            "OnStackFailure": found.on_failure,
        }
    )
    return Answer({**described, **answer.output})


def execute_change_set(context: Context, parameters: Parameters) -> Answer:
    """Do what a change set would do, with the permissions of whoever asks now."""
    found, stack = _named(context, parameters)
    if parameters.get("DisableRollback") and found.type == "UPDATE":
        raise unserved("updates without rollback")
    if found.execution != "AVAILABLE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.arn}] cannot be executed in its current status of [{found.status}]",
        )
    wish, token = kept_wish(context, found), parameters.get("ClientRequestToken") or ""
    stack = replace(stack, change_set=str(found.arn))
    if found.type == "CREATE":
        is_kept = bool(parameters.get("DisableRollback"))
        on_failure = OnFailure.DO_NOTHING if is_kept else OnFailure(found.on_failure or OnFailure.ROLLBACK)
        keeps_nothing = bool(parameters.get("RetainExceptOnCreate"))
        stack = replace(stack, disable_rollback=on_failure is OnFailure.DO_NOTHING)
        done = create(context, stack, wish, token, on_failure, keeps_nothing=keeps_nothing)
    else:
        done = update(context, stack, wish, token)
    executed = replace(found, execution="EXECUTE_COMPLETE")
    others = [one for one in _of_stack(context, stack) if one.uuid != found.uuid]
    secrets = {**done.secrets, **forgotten(found)}
    for one in others:
        secrets |= forgotten(one)
    gone = (Delete(change_set_key(one)) for one in others)
    return Answer({}, (*done.events, Put(change_set_key(executed), executed), *gone), secrets)


def delete_change_set(context: Context, parameters: Parameters) -> Answer:
    """Forget a change set; the stack that waits for it stays in review."""
    found, _ = _named(context, parameters)
    return Answer({}, (Delete(change_set_key(found)),), forgotten(found))


def list_change_sets(context: Context, parameters: Parameters) -> Answer:
    """List the change sets of a stack that wait to be executed."""
    stack = named_stack(context, parameters["StackName"])
    found = [one for one in _of_stack(context, stack) if one.execution != "EXECUTE_COMPLETE"]
    return paged("Summaries", [_summary(one, stack) for one in found], parameters)


OPERATIONS: dict[str, Operation] = {
    "CreateChangeSet": create_change_set,
    "DeleteChangeSet": delete_change_set,
    "DescribeChangeSet": describe_change_set,
    "ExecuteChangeSet": execute_change_set,
    "ListChangeSets": list_change_sets,
}


def _stack_for(context: Context, named: str, kind: str, change_set: str) -> Stack:
    """Return the stack of a new change set: one that is there, or for the first one a new one in review."""
    stack = find_stack(context.facts, context.account, context.region, named)
    if kind == "CREATE":
        if stack is None:
            run = Run(context, delegate_of(context, ""), new_stack(context, checked_name(named)), "")
            run.status(REVIEW, USER_INITIATED)
            return run.finished()
        if stack.status != REVIEW:
            raise invalid(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{change_set}]."
            )
        return stack
    if stack is None:
        raise invalid(f"Stack [{named}] does not exist")
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")
    return stack


def _named(context: Context, parameters: Parameters) -> tuple[ChangeSet, Stack]:
    """Return the change set of a request, by its ARN or by the name that it has in its stack."""
    named, name = parameters["ChangeSetName"], parameters.get("StackName")
    if not name and not named.startswith("arn:"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    stack = named_stack(context, name) if name else None
    found = find_change_set(context.facts, context.account, context.region, named, stack)
    every = stacks_of(context.facts, context.account, context.region)
    owner = next((one for one in every if found is not None and one.uuid == found.stack), None)
    if found is None or owner is None or owner.status == DELETED:
        raise no_such_change_set(named)
    return found, owner


def _of_stack(context: Context, stack: Stack) -> list[ChangeSet]:
    every = change_sets_of(context.facts, context.account, context.region)
    return [one for one in every if one.stack == stack.uuid]


def _summary(found: ChangeSet, stack: Stack) -> Mapping[str, Any]:
    return without_absent(
        {
            "StackId": str(stack.arn),
            "StackName": stack.name,
            "ChangeSetId": str(found.arn),
            "ChangeSetName": found.name,
            "ExecutionStatus": found.execution,
            "Status": found.status,
            "StatusReason": found.reason,
            "CreationTime": found.created,
            "Description": found.description,
            "IncludeNestedStacks": False,
        }
    )


def _change(change: ResourceChange) -> Mapping[str, Any]:
    details = [
        {
            "Target": without_absent(
                {"Attribute": one.attribute, "Name": one.name, "RequiresRecreation": one.recreation}
            ),
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for one in change.details
    ]
    return without_absent(
        {
            "Action": change.action,
            "LogicalResourceId": change.logical_id,
            "PhysicalResourceId": change.physical_id,
            "ResourceType": change.type,
            "Replacement": change.replacement,
            "Scope": sorted({one.attribute for one in change.details}),
            "Details": details,
        }
    )
