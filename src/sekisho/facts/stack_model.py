"""What CloudFormation keeps of an account: stacks with their resources and events, and change sets.

Templates stay text, as they were written. A parameter that is not to be shown (``NoEcho``) has no value
here: the lab keeps it beside the facts.
"""

from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import AccountId, Arn, Instant
from sekisho.facts.model import Tags

DELETED: Final = "DELETE_COMPLETE"
"""The status of a stack that is remembered and no longer there: its name is free again."""


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack (CloudFormation API, "StackResource").

    ``attributes`` are what ``Fn::GetAtt`` reads of it.
    """

    logical_id: str
    type: str
    physical_id: str
    status: str
    updated: Instant
    reason: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StackEvent:
    """What happened to a stack or to one of its resources (CloudFormation API, "StackEvent")."""

    event: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    at: Instant
    reason: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class StackOutput:
    """An output of a stack; ``export`` is the name under which other stacks import it, empty for none."""

    key: str
    value: str
    description: str = ""
    export: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack (CloudFormation API, "Stack").

    ``parameters`` are names and values, ``role`` the ARN of the role that CloudFormation uses, empty for
    the caller's own permissions; ``imports`` are the names of the exports that it reads; ``events`` are
    oldest first; ``token`` is the client's, of the request that made it.
    """

    account: AccountId
    region: str
    name: str
    uuid: str
    created: Instant
    status: str
    template: str
    partition: str = "aws"
    description: str = ""
    reason: str = ""
    updated: Instant | None = None
    deleted: Instant | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    capabilities: tuple[str, ...] = ()
    tags: Tags = ()
    role: str = ""
    disable_rollback: bool = False
    is_protected: bool = False
    change_set: str = ""
    token: str = ""
    resources: tuple[StackResource, ...] = ()
    outputs: tuple[StackOutput, ...] = ()
    imports: tuple[str, ...] = ()
    events: tuple[StackEvent, ...] = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID``: the id of the stack."""
        return Arn(
            self.partition, "cloudformation", self.region, self.account, f"stack/{self.name}/{self.uuid}"
        )


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A property that a change set changes; ``attribute`` is ``Properties`` or ``Tags``."""

    attribute: str
    name: str
    recreation: str


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What a change set would do to a resource (CloudFormation API, "ResourceChange")."""

    action: str
    logical_id: str
    physical_id: str
    type: str
    replacement: str = ""
    details: tuple[PropertyChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set (CloudFormation API, "DescribeChangeSet"). ``stack`` is the UUID of its stack."""

    account: AccountId
    region: str
    stack: str
    name: str
    uuid: str
    created: Instant
    type: str
    status: str
    execution: str
    template: str
    partition: str = "aws"
    reason: str = ""
    description: str = ""
    on_failure: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    capabilities: tuple[str, ...] = ()
    tags: Tags = ()
    role: str = ""
    changes: tuple[ResourceChange, ...] = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:cloudformation:REGION:ACCOUNT:changeSet/NAME/UUID``: the id of the change set."""
        return Arn(
            self.partition, "cloudformation", self.region, self.account, f"changeSet/{self.name}/{self.uuid}"
        )


StackFact = Stack | ChangeSet
