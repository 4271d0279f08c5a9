"""A stack that is made: its resources in order, its outputs, and what becomes of it if one fails.

Source: CloudFormation User Guide, "Stack creation events", "Stack failure options".
"""

from dataclasses import replace
from enum import StrEnum

from sekisho.facts import Stack, StackResource
from sekisho.lab.aws.cloudformation.changes import Side
from sekisho.lab.aws.cloudformation.evaluate import Known
from sekisho.lab.aws.cloudformation.exports import check_exports
from sekisho.lab.aws.cloudformation.order import creation_order
from sekisho.lab.aws.cloudformation.outputs import outputs_of
from sekisho.lab.aws.cloudformation.run import USER_INITIATED, Run
from sekisho.lab.aws.operation import AwsError


class OnFailure(StrEnum):
    """What becomes of a stack that cannot be made (CloudFormation API, "CreateStack")."""

    ROLLBACK = "ROLLBACK"
    DELETE = "DELETE"
    DO_NOTHING = "DO_NOTHING"


def create_resources(run: Run, side: Side, on_failure: OnFailure, *, keeps_nothing: bool = False) -> Stack:
    """Return the stack, made or in the state that its failure leaves it in.

    ``keeps_nothing`` has the rollback delete what the template says to retain (RetainExceptOnCreate).
    """
    run.status("CREATE_IN_PROGRESS", USER_INITIATED)
    made: list[StackResource] = []
    scope = side.scope
    for name in creation_order(side.template):
        if not side.has(name):
            continue
        type_ = side.template.resources[name].type
        run.resource(name, type_, "CREATE_IN_PROGRESS")
        try:
            found = run.create(replace(side, scope=scope), name)
        except AwsError as error:
            run.resource(name, type_, "CREATE_FAILED", run.reason(error))
            reason = f"The following resource(s) failed to create: [{name}]. "
            return _failed(run, replace(side, scope=scope), made, on_failure, reason, keeps_nothing)
        run.resource(name, type_, "CREATE_IN_PROGRESS", "Resource creation Initiated", found)
        made.append(run.resource(name, type_, "CREATE_COMPLETE", made=found))
        scope = scope.with_known(name, Known(found.physical_id, found.attributes))
    try:
        outputs = outputs_of(scope)
        check_exports(run, outputs)
    except AwsError as error:
        return _failed(run, replace(side, scope=scope), made, on_failure, f"{error.message} ", keeps_nothing)
    run.status("CREATE_COMPLETE")
    return run.finished(outputs=outputs)


def _failed(
    run: Run,
    side: Side,
    made: list[StackResource],
    on_failure: OnFailure,
    reason: str,
    keeps_nothing: bool,
) -> Stack:
    if on_failure is OnFailure.DO_NOTHING:
        run.status("CREATE_FAILED", reason)
        return run.finished()
    is_deletion = on_failure is OnFailure.DELETE
    verb = "DELETE" if is_deletion else "ROLLBACK"
    asked = "Delete" if is_deletion else "Rollback"
    run.status(f"{verb}_IN_PROGRESS", f"{reason}{asked} requested by user.")
    for one in [one for one in run.resources.values() if one.status == "CREATE_FAILED"]:
        run.removed_failed(one)
    failed = []
    for one in reversed(made):
        policy = side.template.resources[one.logical_id].deletion_policy
        if not run.removed(side, one, is_kept=policy == "Retain" and not keeps_nothing):
            failed.append(one.logical_id)
    if failed:
        run.status(f"{verb}_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        return run.finished()
    run.status(f"{verb}_COMPLETE")
    return run.finished(**({"deleted": run.context.now} if is_deletion else {}))
