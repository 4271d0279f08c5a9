"""A stack that is deleted (CloudFormation User Guide, "Delete a stack", "DeletionPolicy attribute")."""

from collections.abc import Collection

from sekisho.facts import Stack
from sekisho.lab.aws.cloudformation.changes import Side
from sekisho.lab.aws.cloudformation.exports import check_exports
from sekisho.lab.aws.cloudformation.order import creation_order, dependencies
from sekisho.lab.aws.cloudformation.run import USER_INITIATED, Run
from sekisho.lab.aws.cloudformation.stack_scope import present
from sekisho.lab.aws.operation import AwsError


def delete_resources(run: Run, side: Side, retained: Collection[str]) -> Stack:
    """Return the stack, deleted or in the state that a failure leaves it in.

    ``retained`` are the logical ids of resources that stay where they are.
    """
    run.status("DELETE_IN_PROGRESS", USER_INITIATED)
    try:
        check_exports(run, ())
    except AwsError as error:
        run.status("DELETE_FAILED", error.message)
        return run.finished()
    there = present(run.stack)
    needs = dependencies(side.template)
    left: list[str] = []
    for name in reversed(creation_order(side.template)):
        if name not in there or any(name in needs[one] for one in left):
            continue
        policy = side.template.resources[name].deletion_policy
        is_kept = name in retained or policy != "Delete"
        if not run.removed(side, there[name], is_kept=is_kept):
            left.append(name)
    if left:
        run.status("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(left)}]. ")
        return run.finished()
    run.status("DELETE_COMPLETE")
    return run.finished(deleted=run.context.now, outputs=(), imports=())
