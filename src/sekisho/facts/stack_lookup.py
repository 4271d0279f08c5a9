"""Stacks and change sets by what callers call them: a name, or an ARN."""

from sekisho.facts.keys import Key, Kind
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.stack_model import DELETED, ChangeSet, Stack


def place_of(account: str, region: str) -> str:
    """Return the scope of stacks and change sets."""
    return f"{account}/{region}"


def stack_key(stack: Stack) -> Key:
    """Return the key of a stack."""
    return Key(Kind.STACK, place_of(stack.account, stack.region), stack.uuid)


def change_set_key(change_set: ChangeSet) -> Key:
    """Return the key of a change set."""
    return Key(Kind.CHANGE_SET, place_of(change_set.account, change_set.region), change_set.uuid)


def stacks_of(facts: Snapshot, account: str, region: str) -> tuple[Stack, ...]:
    """Return the stacks of a region, deleted ones among them, the oldest first."""
    found = facts.scope(Kind.STACK, place_of(account, region)).values()
    return tuple(one for one in found if isinstance(one, Stack))


def change_sets_of(facts: Snapshot, account: str, region: str) -> tuple[ChangeSet, ...]:
    """Return the change sets of a region, the oldest first."""
    found = facts.scope(Kind.CHANGE_SET, place_of(account, region)).values()
    return tuple(one for one in found if isinstance(one, ChangeSet))


def find_stack(facts: Snapshot, account: str, region: str, named: str) -> Stack | None:
    """Return a stack by its name, as long as it is there, or by its ARN, afterwards too."""
    return next(
        (
            one
            for one in stacks_of(facts, account, region)
            if (one.name == named and one.status != DELETED) or str(one.arn) == named
        ),
        None,
    )


def stack_with(facts: Snapshot, account: str, region: str, physical_id: str) -> Stack | None:
    """Return the stack that is there and has a resource of this physical id."""
    return next(
        (
            one
            for one in stacks_of(facts, account, region)
            if one.status != DELETED and physical_id in [resource.physical_id for resource in one.resources]
        ),
        None,
    )


def find_change_set(
    facts: Snapshot, account: str, region: str, named: str, stack: Stack | None
) -> ChangeSet | None:
    """Return a change set by its ARN, or by its name, the newest, where ``stack`` says whose it is."""
    return next(
        (
            one
            for one in reversed(change_sets_of(facts, account, region))
            if str(one.arn) == named or (stack is not None and (one.stack, one.name) == (stack.uuid, named))
        ),
        None,
    )
