"""May a caller have a session of a role: the questions to the policies, asked in AWS's order.

One permission for the operation itself, one more to pass or inherit tags, one more to set or
inherit a source identity; the same context for all (IAM User Guide, "Pass session tags in AWS STS",
"Monitor and control actions taken with assumed roles").
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.iam import (
    AttachedPolicy,
    Layer,
    Policies,
    Policy,
    PolicyKind,
    explain,
    parse_policy,
)
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.sts.facts import RoleFacts
from sekisho.decide.values import AccountId, Caller, Ref

DecideAccess = Callable[[AwsRequest, Policies], Decision[None]]
"""The answer of the policies to one request."""

TRUST = "trust policy"


def decide_access(request: AwsRequest, policies: Policies) -> Decision[None]:
    """Return what `decide.iam` finds: explained at once, since the statements are part of the answer."""
    return explain(request, policies)


def with_trust(policies: Policies, role: RoleFacts) -> Policies:
    """Return ``policies`` with the trust policy of ``role`` in the place of the resource's own.

    Raises:
        SekishoInputError: the stored trust policy breaks its grammar.
    """
    return replace(policies, resource=(AttachedPolicy(TRUST, Layer.RESOURCE, trust_of(role)),))


def trust_of(role: RoleFacts) -> Policy:
    """Return the trust policy of ``role``.

    Raises:
        SekishoInputError: it breaks its grammar.
    """
    return _parsed(role.trust, Ref(str(role.arn)).child("trust"), role.trusted_ids)


def permit(
    caller: Caller,
    actions: tuple[str, ...],
    role: RoleFacts,
    context: Context,
    policies: Policies,
    decide: DecideAccess,
) -> tuple[str, Decision[None]]:
    """Return the first action that is refused with its decision, or the last with the statements of all."""
    owner = AccountId(role.arn.account)
    allowed: tuple[Step, ...] = ()
    for action in actions:
        request = AwsRequest(caller, action, (str(role.arn),), context, owner)
        found = decide(request, policies)
        if not found.allowed:
            return action, found
        allowed += found.decisive
    return actions[-1], Decision(Outcome.ALLOW, allowed, allowed)


@lru_cache(maxsize=1024)
def _parsed(text: str, at: Ref, ids: tuple[tuple[str, str], ...]) -> Policy:
    return parse_policy(text, at, PolicyKind.TRUST, unique_ids=dict(ids))
