"""Where a policy stands in the evaluation."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.iam.document import Policy


class Layer(StrEnum):
    """The kinds of policy that take part (IAM User Guide, "Policy evaluation logic").

    INVARIANT: a kind listed here is evaluated. One that is not supported has no member, so
    that nobody can hand it in and have it ignored.
    """

    IDENTITY = "identity"
    """Inline and managed policies of the caller, and of the groups a user is in."""


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy and where it is attached; ``name`` is what a person calls it (``AmazonEKSClusterPolicy``)."""

    name: str
    layer: Layer
    document: Policy
