"""Where policies stand in the evaluation, and all that apply to one request."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from sekisho.decide.iam.document import Policy


class Layer(StrEnum):
    """The kinds of policy that take part (IAM User Guide, "Policy evaluation logic").

    INVARIANT: a kind listed here is evaluated. One that is not supported has no member, so
    that nobody can hand it in and have it ignored.
    """

    SCP = "scp"
    """Service control policies over the caller's account."""
    RCP = "rcp"
    """Resource control policies over the account that owns the resource."""
    RESOURCE = "resource"
    """The policy of the resource; a role's is its trust policy."""
    IDENTITY = "identity"
    """Inline and managed policies of the caller, and of the groups a user is in."""
    BOUNDARY = "boundary"
    """The permissions boundary of the user or role."""
    SESSION = "session"
    """The policies that were handed in when the session was made."""

    @property
    def noun(self) -> str:
        """What AWS calls one policy of the layer."""
        return _NOUNS[self]


_NOUNS: Final = {
    Layer.SCP: "service control policy",
    Layer.RCP: "resource control policy",
    Layer.RESOURCE: "resource-based policy",
    Layer.IDENTITY: "identity-based policy",
    Layer.BOUNDARY: "permissions boundary",
    Layer.SESSION: "session policy",
}


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy and where it is attached; ``name`` is what a person calls it (``AmazonEKSClusterPolicy``)."""

    name: str
    layer: Layer
    document: Policy


class Unread(Enum):
    """The type of `UNREAD`."""

    UNREAD = "unread"


UNREAD: Final = Unread.UNREAD
"""Nobody could read the layer, so nothing may be concluded from what is not in it."""

Attached = tuple[AttachedPolicy, ...]
Levels = tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that applies to one request, layer by layer; `UNREAD` where it is not known.

    ``resource``, ``boundary`` and ``session`` are None where there is none, which is not the same as
    one without statements that match: an absent boundary limits nothing, an absent session policy
    neither, and an absent resource policy grants nothing.

    ``scps`` are the levels from the root over each unit to the caller's account, ``rcps`` those to the
    account of the resource, each with all policies of that level; empty for an account that is in no
    organization, or that manages it. The RCP that allows everything stands at each level by itself.

    Only a `Principal` has the caller's layers; for other callers they are not looked at.
    """

    identity: Attached | Unread = ()
    resource: Attached | Unread | None = None
    boundary: Attached | Unread | None = None
    session: Attached | Unread | None = None
    scps: Levels | Unread = ()
    rcps: Levels | Unread = ()
    only_identity: bool = field(init=False, repr=False, compare=False)
    """Whether no other layer than ``identity`` is there."""

    def __post_init__(self) -> None:
        others = (self.resource, self.boundary, self.session, self.scps or None, self.rcps or None)
        object.__setattr__(self, "only_identity", all(layer is None for layer in others))

    def attached(self) -> Iterator[AttachedPolicy]:
        """Yield every policy that was read."""
        for found in (self.identity, self.resource, self.boundary, self.session):
            if found is not None and found is not UNREAD:
                yield from found
        for levels in (self.scps, self.rcps):
            if levels is not UNREAD:
                for level in levels:
                    yield from level


def condition_keys(policies: Policies) -> frozenset[str]:
    """Return the keys, as written, that conditions of any layer ask about."""
    return frozenset(
        condition.key
        for policy in policies.attached()
        for statement in policy.document.statements
        for condition in statement.conditions
    )
