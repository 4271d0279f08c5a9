"""One operation on a stack in the making: calls for its resources, and the events that tell of them.

Stacks are done when the request that asks for them is answered: whoever looks afterwards finds the last
state, and every state before it among the events.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sekisho.facts import Stack, StackEvent, StackResource, Tags
from sekisho.lab.aws.cloudformation.changes import Side
from sekisho.lab.aws.cloudformation.failure import reason_of
from sekisho.lab.aws.cloudformation.resources.resource_type import Made, ResourceType
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES
from sekisho.lab.aws.operation import AwsError, Context, Delegate

STACK_TYPE: Final = "AWS::CloudFormation::Stack"
USER_INITIATED: Final = "User Initiated"
MAX_EVENTS: Final = 1_000
"""Of one stack; the oldest are forgotten first."""

RANDOM_CHARS: Final = 12


class Run:
    """The stack as it is so far, and who makes the calls for it."""

    def __init__(self, context: Context, delegate: Delegate, stack: Stack, token: str) -> None:
        self.context = context
        self.delegate = delegate
        self.stack = stack
        self.resources: dict[str, StackResource] = {one.logical_id: one for one in stack.resources}
        self._token = token
        self._events = list(stack.events)

    def status(self, status: str, reason: str = "") -> None:
        """Let the stack be in another state."""
        self.stack = replace(self.stack, status=status, reason=reason)
        self._note(self.stack.name, str(self.stack.arn), STACK_TYPE, status, reason)

    def resource(
        self, logical_id: str, type_: str, status: str, reason: str = "", made: Made | None = None
    ) -> StackResource:
        """Let a resource be in another state; ``made`` is what it is from now on."""
        old = self.resources.get(logical_id)
        physical_id = made.physical_id if made is not None else "" if old is None else old.physical_id
        if made is not None:
            attributes = tuple(made.attributes.items())
        else:
            attributes = () if old is None else old.attributes
        found = StackResource(logical_id, type_, physical_id, status, self.context.now, reason, attributes)
        self.resources[logical_id] = found
        self._note(logical_id, physical_id, type_, status, reason)
        return found

    def told(self, old: StackResource, status: str, reason: str = "") -> None:
        """Tell of a resource that is no longer, or not yet again, the one of its logical id."""
        self._note(old.logical_id, old.physical_id, old.type, status, reason)

    def finished(self, **changes: Any) -> Stack:
        """Return the stack as it is now."""
        return replace(
            self.stack,
            resources=tuple(self.resources.values()),
            events=tuple(self._events[-MAX_EVENTS:]),
            **changes,
        )

    def create(self, side: Side, logical_id: str) -> Made:
        """Make a resource.

        Raises:
            AwsError: it cannot be made; nothing of it is there then.
        """
        type_ = self._type(side, logical_id)
        with self.delegate.attempt():
            given = side.given(logical_id)
            wanted = given if self._is_named(type_, given) else self._named(type_, logical_id, given)
            return type_.create(self._asking(type_, logical_id), wanted)

    def update(self, before: Side, after: Side, old: StackResource) -> Made:
        """Change a resource from what one template says to what the other says.

        Raises:
            AwsError: it cannot be changed; it is then as before.
        """
        type_ = RESOURCE_TYPES[old.type]
        with self.delegate.attempt():
            had, has = (_with_name(type_, side.given(old.logical_id), old) for side in (before, after))
            made = Made(old.physical_id, dict(old.attributes))
            return type_.update(self._asking(type_, old.logical_id), made, had, has)

    def delete(self, side: Side, old: StackResource) -> None:
        """Delete a resource; one that is gone already is deleted.

        Raises:
            AwsError: it cannot be deleted; it is then as before.
        """
        type_ = RESOURCE_TYPES[old.type]
        try:
            with self.delegate.attempt():
                wanted = _with_name(type_, side.given(old.logical_id), old)
                type_.delete(self._asking(type_, old.logical_id), old.physical_id, wanted)
        except AwsError as error:
            if error.code not in ("NoSuchEntity", "ResourceNotFoundException"):
                raise

    def removed(self, side: Side, old: StackResource, *, is_kept: bool = False) -> bool:
        """Delete a resource and tell of it; return whether it is out of the stack's hands."""
        if is_kept:
            self._gone(old, "DELETE_SKIPPED")
            return True
        self.told(old, "DELETE_IN_PROGRESS")
        try:
            self.delete(side, old)
        except AwsError as error:
            self._gone(old, "DELETE_FAILED", reason_of(error, self.context.ids.request_id()))
            return False
        self._gone(old, "DELETE_COMPLETE")
        return True

    def removed_failed(self, failed: StackResource) -> None:
        """Tell that nothing is left of a resource that could not be made."""
        self.resource(failed.logical_id, failed.type, "DELETE_COMPLETE")

    def reason(self, error: AwsError) -> str:
        """Return why a resource could not be made or changed."""
        return reason_of(error, self.context.ids.request_id())

    def _gone(self, old: StackResource, status: str, reason: str = "") -> None:
        current = self.resources.get(old.logical_id)
        if current is not None and current.physical_id == old.physical_id:
            self.resource(old.logical_id, old.type, status, reason)
        else:
            self.told(old, status, reason)

    def _type(self, side: Side, logical_id: str) -> ResourceType:
        return RESOURCE_TYPES[side.template.resources[logical_id].type]

    def _is_named(self, type_: ResourceType, given: Mapping[str, Any]) -> bool:
        return not type_.name_property or type_.name_property in given

    def _named(self, type_: ResourceType, logical_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties with a name of ``STACK-LOGICALID-RANDOM``, the stack's part cut to fit."""
        random = self.context.ids.unique_id("")[:RANDOM_CHARS]
        logical = logical_id[: (type_.name_chars - RANDOM_CHARS) // 2]
        stack = self.stack.name[: type_.name_chars - RANDOM_CHARS - len(logical) - 2]
        return {**given, type_.name_property: f"{stack}-{logical}-{random}"}

    def _asking(self, type_: ResourceType, logical_id: str) -> Any:
        tags: Tags = ()
        if type_.takes_tags:
            tags = (
                ("aws:cloudformation:stack-name", self.stack.name),
                ("aws:cloudformation:logical-id", logical_id),
                ("aws:cloudformation:stack-id", str(self.stack.arn)),
            )

        def ask(service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
            return self.delegate.ask(service, operation, parameters, tags)

        return ask

    def _note(self, logical_id: str, physical_id: str, type_: str, status: str, reason: str) -> None:
        event_id = self.context.ids.request_id()
        if type_ != STACK_TYPE:
            event_id = f"{logical_id}-{status}-{event_id}"
        now = self.context.now
        self._events.append(
            StackEvent(event_id, logical_id, physical_id, type_, status, now, reason, self._token)
        )


def _with_name(type_: ResourceType, given: Mapping[str, Any], old: StackResource) -> dict[str, Any]:
    """Return the properties with the name that the resource has, where the template gives none."""
    if not type_.name_property or type_.name_property in given:
        return dict(given)
    return {**given, type_.name_property: old.physical_id.rpartition("/")[2]}
