"""From what somebody wants to the stack as it is afterwards: made, updated or as it was."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sekisho.decide.values import Secret
from sekisho.facts import Event, Put, ResourceChange, Stack
from sekisho.facts.stack_lookup import stack_key
from sekisho.lab.aws.cloudformation.changes import (
    Side,
    check_types,
    has_other_outputs,
    resource_changes,
)
from sekisho.lab.aws.cloudformation.creation import OnFailure, create_resources
from sekisho.lab.aws.cloudformation.parameter_values import (
    forgotten,
    hidden_values,
    secrets_of,
    shown,
)
from sekisho.lab.aws.cloudformation.request import Wish, delegate_of
from sekisho.lab.aws.cloudformation.run import Run
from sekisho.lab.aws.cloudformation.stack_scope import exports_of, own_template, scope_of, scope_of_stack
from sekisho.lab.aws.cloudformation.update import update_resources
from sekisho.lab.aws.operation import Answer, Context, Delegate

UPDATABLE = frozenset({"CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


def create(
    context: Context,
    stack: Stack,
    wish: Wish,
    token: str,
    on_failure: OnFailure,
    *,
    keeps_nothing: bool = False,
) -> Answer:
    """Make the resources of a new stack.

    Raises:
        AwsError: CloudFormation cannot assume the role of the stack.
    """
    delegate = delegate_of(context, wish.role)
    delegate.hide(hidden_values(wish.template, wish.values))
    read: set[str] = set()
    stack = with_wish(stack, wish)
    run = Run(context, delegate, stack, token)
    done = create_resources(run, side_of(context, stack, wish, read), on_failure, keeps_nothing=keeps_nothing)
    done = replace(done, imports=tuple(sorted(read)))
    return _answer(delegate, done, secrets_of(stack.uuid, wish.template, wish.values))


def update(context: Context, stack: Stack, wish: Wish, token: str) -> Answer:
    """Change a stack into what is wanted; a failure leaves it what it was.

    Raises:
        AwsError: CloudFormation cannot assume the role of the stack.
    """
    delegate = delegate_of(context, wish.role)
    delegate.hide(hidden_values(wish.template, wish.values))
    read: set[str] = set()
    before, after = sides(context, stack, wish, read)
    run = Run(context, delegate, stack, token)
    done, is_updated = update_resources(run, before, after)
    done = replace(done, updated=context.now)
    if not is_updated:
        return _answer(delegate, done, {})
    done = replace(with_wish(done, wish), imports=tuple(sorted(read)))
    secrets = {**forgotten(stack), **secrets_of(stack.uuid, wish.template, wish.values)}
    return _answer(delegate, done, secrets)


def changes_of(context: Context, stack: Stack, wish: Wish) -> tuple[tuple[ResourceChange, ...], bool]:
    """Return what an update would do to resources, and whether it would change anything at all.

    Raises:
        AwsError: a resource would be of another type.
    """
    if not stack.template:
        empty = replace(stack, resources=())
        side = side_of(context, stack, wish, set())
        return resource_changes(empty, side, side), True
    before, after = sides(context, stack, wish, set())
    check_types(before.template, after.template, stack)
    found = resource_changes(stack, before, after)
    return found, bool(found) or stack.tags != wish.tags or has_other_outputs(stack, after)


def sides(context: Context, stack: Stack, wish: Wish, read: set[str]) -> tuple[Side, Side]:
    """Return a stack as it is, and as it is wanted; the names of exports that it reads go to ``read``."""
    template = own_template(stack)
    before = Side(template, scope_of_stack(context, stack, template), stack.tags)
    return before, side_of(context, stack, wish, read)


def side_of(context: Context, stack: Stack, wish: Wish, read: set[str]) -> Side:
    """Return a stack as it is wanted; the names of exports that it reads go to ``read``.

    Raises:
        AwsError: a condition cannot be decided.
    """
    scope = scope_of(stack, wish.template, wish.values, _noting(exports_of(context.facts, stack), read))
    return Side(wish.template, scope, wish.tags)


def with_wish(stack: Stack, wish: Wish) -> Stack:
    """Return a stack with what was wanted."""
    return replace(
        stack,
        template=wish.template.text,
        description=wish.template.description,
        parameters=shown(wish.template, wish.values),
        capabilities=wish.capabilities,
        tags=wish.tags,
        role=wish.role,
    )


def _noting(exports: Mapping[str, str], read: set[str]) -> Callable[[str], str | None]:
    def exported(name: str) -> str | None:
        read.add(name)
        return exports.get(name)

    return exported


def _answer(delegate: Delegate, stack: Stack, secrets: Mapping[str, Secret | None]) -> Answer:
    events: tuple[Event, ...] = (*delegate.events, Put(stack_key(stack), stack))
    return Answer({"StackId": str(stack.arn)}, events, {**delegate.secrets, **secrets})
