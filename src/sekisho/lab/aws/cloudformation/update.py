"""A stack that is updated: what changes, is replaced and goes, and the way back if a change fails.

Source: CloudFormation User Guide, "Update behaviors of stack resources", "UpdateReplacePolicy attribute",
"Stack update events".
"""

from collections.abc import Callable
from dataclasses import replace

from sekisho.facts import Stack, StackResource
from sekisho.lab.aws.cloudformation.changes import Side, differences, replaces
from sekisho.lab.aws.cloudformation.evaluate import Known
from sekisho.lab.aws.cloudformation.exports import check_exports
from sekisho.lab.aws.cloudformation.order import creation_order
from sekisho.lab.aws.cloudformation.outputs import outputs_of
from sekisho.lab.aws.cloudformation.resources.resource_type import Made
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES
from sekisho.lab.aws.cloudformation.run import USER_INITIATED, Run
from sekisho.lab.aws.cloudformation.stack_scope import present
from sekisho.lab.aws.operation import AwsError

_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


def update_resources(run: Run, before: Side, after: Side) -> tuple[Stack, bool]:
    """Return the stack, updated or as it was, and whether it was updated."""
    update = _Update(run, before, after)
    run.status("UPDATE_IN_PROGRESS", USER_INITIATED)
    try:
        update.forward()
        outputs = outputs_of(update.after.scope)
        check_exports(run, outputs)
    except AwsError as error:
        named = f"The following resource(s) failed to update: [{update.at}]. "
        update.back(named if update.at else f"{error.message} ")
        return run.finished(), False
    update.clean()
    return run.finished(outputs=outputs), True


class _Update:
    """What was done so far, with how each of it is undone."""

    def __init__(self, run: Run, before: Side, after: Side) -> None:
        self._run = run
        self._before = before
        self.after = after
        self.at = ""
        """The resource that is being done."""
        self._there = present(run.stack)
        self._undo: list[Callable[[], bool]] = []
        self._leftover: list[tuple[StackResource, bool]] = []
        """Resources to delete once all went well, and whether each stays where it is."""

    def forward(self) -> None:
        """Make and change the resources of the new template.

        Raises:
            AwsError: one cannot be.
        """
        for name in creation_order(self.after.template):
            if not self.after.has(name):
                continue
            self.at = name
            old = self._there.get(name)
            made = self._created(name) if old is None else self._changed(old)
            scope = self.after.scope.with_known(name, Known(made.physical_id, made.attributes))
            self.after = replace(self.after, scope=scope)
        self.at = ""
        for name in reversed(creation_order(self._before.template)):
            if name in self._there and not self.after.has(name):
                policy = self._before.template.resources[name].deletion_policy
                self._leftover.append((self._there[name], policy != "Delete"))

    def clean(self) -> None:
        """Delete what is no longer needed; a failure leaves it behind and the stack as it is."""
        run = self._run
        run.status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for old, is_kept in self._leftover:
            run.removed(self._before, old, is_kept=is_kept)
            if not self.after.has(old.logical_id):
                run.resources.pop(old.logical_id, None)
        run.status("UPDATE_COMPLETE")

    def back(self, reason: str) -> None:
        """Undo everything in the opposite order."""
        run = self._run
        run.status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        undone = [undo() for undo in reversed(self._undo)]  # every one is tried
        if not all(undone):
            run.status("UPDATE_ROLLBACK_FAILED", "Some resources could not be put back.")
            return
        run.status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for name in [name for name in run.resources if name not in self._there]:
            del run.resources[name]
        run.status("UPDATE_ROLLBACK_COMPLETE")

    def _created(self, name: str) -> Made:
        run, type_ = self._run, self.after.template.resources[name].type
        run.resource(name, type_, "CREATE_IN_PROGRESS")
        try:
            made = run.create(self.after, name)
        except AwsError as error:
            run.resource(name, type_, "CREATE_FAILED", run.reason(error))
            raise
        found = run.resource(name, type_, "CREATE_COMPLETE", made=made)
        side = self.after
        self._undo.append(lambda: run.removed(side, found))
        return made

    def _changed(self, old: StackResource) -> Made:
        run, side = self._run, self.after
        name, type_ = old.logical_id, RESOURCE_TYPES[old.type]
        kept = Made(old.physical_id, dict(old.attributes))
        try:
            details = differences(type_, self._before.given(name), side.given(name))
            if not details:
                return kept
            is_new = replaces(details)
            run.resource(name, old.type, "UPDATE_IN_PROGRESS", _REPLACING if is_new else "")
            made = run.create(side, name) if is_new else run.update(self._before, side, old)
        except AwsError as error:
            run.resource(name, old.type, "UPDATE_FAILED", run.reason(error))
            self._undo.append(lambda: self._restored(old))
            raise
        found = run.resource(name, old.type, "UPDATE_COMPLETE", made=made)
        if is_new:
            policy = self._before.template.resources[name].replace_policy
            self._leftover.append((old, policy == "Retain"))
            self._undo.append(lambda: self._unreplaced(side, found, old))
        else:
            self._undo.append(lambda: self._put_back(side, found, old))
        return made

    def _restored(self, old: StackResource) -> bool:
        self._run.resource(
            old.logical_id, old.type, "UPDATE_COMPLETE", made=Made(old.physical_id, dict(old.attributes))
        )
        return True

    def _unreplaced(self, side: Side, found: StackResource, old: StackResource) -> bool:
        is_gone = self._run.removed(side, found)
        return self._restored(old) and is_gone

    def _put_back(self, side: Side, found: StackResource, old: StackResource) -> bool:
        run = self._run
        run.resource(old.logical_id, old.type, "UPDATE_IN_PROGRESS")
        try:
            run.update(side, self._before, found)
        except AwsError as error:
            run.resource(old.logical_id, old.type, "UPDATE_FAILED", run.reason(error))
            return False
        return self._restored(old)
