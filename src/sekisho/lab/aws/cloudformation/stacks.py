"""CreateStack, UpdateStack, DeleteStack, UpdateTerminationProtection (CloudFormation API Reference)."""

from dataclasses import replace
from typing import Final

from sekisho.facts import Delete, Event, Put, Stack
from sekisho.facts.stack_lookup import change_set_key, change_sets_of, find_stack, stack_key, stacks_of
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.changes import Side
from sekisho.lab.aws.cloudformation.creation import OnFailure
from sekisho.lab.aws.cloudformation.deploy import UPDATABLE, changes_of, create, update
from sekisho.lab.aws.cloudformation.errors import invalid, unserved
from sekisho.lab.aws.cloudformation.parameter_values import forgotten
from sekisho.lab.aws.cloudformation.removal import delete_resources
from sekisho.lab.aws.cloudformation.request import checked_name, delegate_of, named_stack, read_wish
from sekisho.lab.aws.cloudformation.run import Run
from sekisho.lab.aws.cloudformation.stack_scope import own_template, scope_of_stack
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

REVIEW: Final = "REVIEW_IN_PROGRESS"
"""The status of a stack that exists for its first change set only."""

MAX_STACKS: Final = 2_000
"""Quota "Stack count"; of stacks that are there."""

MAX_REMEMBERED: Final = 100
"""How many deleted stacks of a region are remembered (AWS: those of 90 days)."""


def create_stack(context: Context, parameters: Parameters) -> Answer:
    """Make a stack; asked twice with one token it is made once."""
    name, token = checked_name(parameters["StackName"]), parameters.get("ClientRequestToken") or ""
    existing = find_stack(context.facts, context.account, context.region, name)
    if existing is not None:
        if token and token == existing.token:
            return Answer({"StackId": str(existing.arn)})
        raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
    wish = read_wish(context, parameters, None)
    chosen = parameters.get("OnFailure")
    if chosen and parameters.get("DisableRollback") is not None:
        raise invalid("You cannot specify both OnFailure and DisableRollback.")
    stack = replace(
        new_stack(context, name, token),
        disable_rollback=bool(parameters.get("DisableRollback")) or chosen == OnFailure.DO_NOTHING,
        is_protected=bool(parameters.get("EnableTerminationProtection")),
    )
    on_failure = OnFailure.DO_NOTHING if stack.disable_rollback else OnFailure(chosen or OnFailure.ROLLBACK)
    keeps_nothing = bool(parameters.get("RetainExceptOnCreate"))
    return create(context, stack, wish, token, on_failure, keeps_nothing=keeps_nothing)


def update_stack(context: Context, parameters: Parameters) -> Answer:
    """Update a stack; what is not given stays as it was."""
    stack = named_stack(context, parameters["StackName"])
    if parameters.get("DisableRollback"):
        raise unserved("updates without rollback")
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")
    wish = read_wish(context, parameters, stack)
    if not changes_of(context, stack, wish)[1]:
        raise invalid("No updates are to be performed.")
    return update(context, stack, wish, parameters.get("ClientRequestToken") or "")


def delete_stack(context: Context, parameters: Parameters) -> Answer:
    """Delete a stack with its resources; one that is not there is no error."""
    stack = find_stack(context.facts, context.account, context.region, parameters["StackName"])
    if stack is None or stack.status == DELETED:
        return Answer()
    if stack.is_protected:
        raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    retained = tuple(parameters.get("RetainResources") or ())
    if retained and stack.status != "DELETE_FAILED":
        raise invalid("RetainResources can be given for stacks in DELETE_FAILED state only.")
    unknown = [name for name in retained if name not in [one.logical_id for one in stack.resources]]
    if unknown:
        raise invalid(f"Resources [{', '.join(unknown)}] do not exist in stack {stack.name}")
    if parameters.get("DeletionMode") == "FORCE_DELETE_STACK":
        raise unserved("the deletion mode FORCE_DELETE_STACK")
    delegate = delegate_of(context, parameters.get("RoleARN") or stack.role)
    run = Run(context, delegate, stack, parameters.get("ClientRequestToken") or "")
    if not stack.template:
        run.status(DELETED)
        done = run.finished(deleted=context.now)
    else:
        template = own_template(stack)
        side = Side(template, scope_of_stack(context, stack, template), stack.tags)
        done = delete_resources(run, side, retained)
    events: list[Event] = [*delegate.events, Put(stack_key(done), done)]
    secrets = dict(delegate.secrets)
    if done.status == DELETED:
        events += _forget_oldest(context)
        secrets |= forgotten(stack)
        for one in change_sets_of(context.facts, context.account, context.region):
            if one.stack == stack.uuid:
                events.append(Delete(change_set_key(one)))
                secrets |= forgotten(one)
    return Answer({}, tuple(events), secrets)


def update_termination_protection(context: Context, parameters: Parameters) -> Answer:
    """Protect a stack from being deleted, or no longer."""
    stack = named_stack(context, parameters["StackName"])
    if stack.status == DELETED:
        raise invalid(f"Stack [{stack.name}] does not exist")
    changed = replace(stack, is_protected=parameters["EnableTerminationProtection"])
    return Answer({"StackId": str(stack.arn)}, (Put(stack_key(changed), changed),))


def new_stack(context: Context, name: str, token: str = "") -> Stack:
    """Return a stack of which nothing is there yet.

    Raises:
        AwsError: the region has as many stacks as it may have.
    """
    there = [
        one for one in stacks_of(context.facts, context.account, context.region) if one.status != DELETED
    ]
    if len(there) >= MAX_STACKS:
        raise AwsError("LimitExceededException", f"Limit for stack has been exceeded (limit is {MAX_STACKS})")
    return Stack(
        context.account,
        context.region,
        name,
        context.ids.request_id(),
        context.now,
        REVIEW,
        "",
        context.partition,
        token=token,
    )


def _forget_oldest(context: Context) -> list[Event]:
    every = stacks_of(context.facts, context.account, context.region)
    gone = [one for one in every if one.status == DELETED]
    return [Delete(stack_key(one)) for one in gone[: max(0, len(gone) + 1 - MAX_REMEMBERED)]]


OPERATIONS: dict[str, Operation] = {
    "CreateStack": create_stack,
    "DeleteStack": delete_stack,
    "UpdateStack": update_stack,
    "UpdateTerminationProtection": update_termination_protection,
}
