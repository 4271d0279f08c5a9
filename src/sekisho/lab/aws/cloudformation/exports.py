"""Exports of a stack: their names are unique in a region, and one that is imported stays as it is.

Source: CloudFormation User Guide, "Get exported outputs from a deployed CloudFormation stack".
"""

from sekisho.facts import Snapshot, Stack, StackOutput
from sekisho.facts.stack_lookup import stacks_of
from sekisho.facts.stack_model import DELETED
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.run import Run
from sekisho.lab.aws.cloudformation.stack_scope import importers


def check_exports(run: Run, outputs: tuple[StackOutput, ...]) -> None:
    """Return if the stack may have these outputs from now on.

    Raises:
        AwsError: another stack has such an export, or imports one that would change or go.
    """
    stack, facts = run.stack, run.context.facts
    names = [one.export for one in outputs if one.export]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise invalid(f"Duplicate Export names [{repeated}]")
    for name in names:
        owner = _owner(facts, stack, name)
        if owner is not None:
            raise invalid(f"Export with name {name} is already exported by stack {owner}.")
    kept = {one.export: one.value for one in outputs if one.export}
    for one in stack.outputs:
        users = importers(facts, stack, one.export) if one.export else ()
        if users and kept.get(one.export) != one.value:
            verb = "updated" if one.export in kept else "deleted"
            raise invalid(f"Export {one.export} cannot be {verb} as it is in use by {' and '.join(users)}")


def _owner(facts: Snapshot, stack: Stack, export: str) -> str | None:
    for other in stacks_of(facts, stack.account, stack.region):
        is_other = other.status != DELETED and other.uuid != stack.uuid
        if is_other and export in [one.export for one in other.outputs]:
            return other.name
    return None
