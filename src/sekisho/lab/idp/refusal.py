"""Refusals of operations without a signature: what the client is told, and the whole reason."""

from typing import Any, Final

from sekisho.decide.decision import Chain, Decision, Link, Outcome
from sekisho.lab.aws.door.refusal import RefusedError
from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.faults import ServiceFault

POOL_CHAIN: Final = "person_to_pool"
LINK: Final = "sign-in"


def pool_chain(decision: Decision[Any] | None) -> Chain:
    """Return the chain of a request to a user pool: one link, with all that was looked at."""
    found = Decision[Any](Outcome.ALLOW) if decision is None else decision
    return Chain(POOL_CHAIN, (Link(LINK, found),))


def pool_refusal(error: AwsError) -> RefusedError:
    """Return the refusal of an operation that bears no signature."""
    fault = ServiceFault(error.code, error.message, error.status, error.members)
    if error.decision is None:
        return RefusedError(fault, Outcome.DENY, error.message)
    return RefusedError(fault, error.decision.outcome, error.decision.sentence(), pool_chain(error.decision))
