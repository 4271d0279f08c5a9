"""S3 Block Public Access: which bucket policies are public, and what that costs.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", sections "The
meaning of public" and "Block public access settings".
"""

from typing import Final

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.conditions.operators import Quantifier
from sekisho.decide.iam.document import Policy
from sekisho.decide.iam.layers import Layer
from sekisho.decide.iam.principals import EVERYONE, Principals, caller_name
from sekisho.decide.iam.statement import Effect, Statement
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Principal

_FIXING: Final = frozenset(
    {
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourceip",
        "aws:userid",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalaccount",
        "aws:principalarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    }
)
_EVERY_ADDRESS: Final = ("/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7")
"""Prefixes of address ranges too wide to be a fixed set (``aws:SourceIp`` wider than /8)."""


class PublicAccess(ReasonCode):
    """Why Block Public Access refuses."""

    RESTRICTED = (
        "s3.public-access-restricted",
        "the bucket policy is public, and RestrictPublicBuckets keeps {principal} out of {resource}",
    )


def public_statements(policy: Policy) -> tuple[Statement, ...]:
    """Return the statements that make ``policy`` public: they allow everyone and no condition fixes whom."""
    return tuple(
        statement
        for statement in policy.statements
        if statement.effect is Effect.ALLOW
        and statement.principals is not None
        and _means_everyone(statement.principals)
        and not any(_fixes(condition) for condition in statement.conditions)
    )


def restricted(request: AwsRequest, policy: Policy) -> Decision[None] | None:
    """Return the refusal of RestrictPublicBuckets, None where it does not bind the caller.

    A public policy grants nothing to anybody outside of the bucket's account, even where it names them.
    """
    is_own = isinstance(request.principal, Principal) and request.resource_account is None
    statements = () if is_own else public_statements(policy)
    if not statements:
        return None
    facts = (
        ("principal", caller_name(request.principal)),
        ("resource", request.resources[0]),
        ("layer", str(Layer.RESOURCE)),
    )
    steps = tuple(Step(PublicAccess.RESTRICTED, statement.at, facts) for statement in statements)
    return Decision(Outcome.DENY, steps, steps)


def _means_everyone(principals: Principals) -> bool:
    return principals.negated or any(name.text == EVERYONE for name in principals.names)


def _fixes(condition: Condition) -> bool:
    """Tell whether a condition limits its statement to a fixed set of callers or places."""
    comparison = condition.operator.comparison
    holds_without = condition.operator.if_exists or condition.operator.quantifier is Quantifier.ALL
    if comparison is None or comparison.negated or holds_without:
        return False
    key = condition.key.lower()
    values = tuple(value.source for value in condition.values)
    if key not in _FIXING or any("${" in value for value in values):
        return False
    if key == "aws:sourceip":
        return not any(value.endswith(_EVERY_ADDRESS) for value in values)
    return not any("*" in value or "?" in value for value in values)
