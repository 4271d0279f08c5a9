"""Managed policies by ARN: the account's own, and AWS's, which every account sees and none may change."""

import base64
import hashlib
from collections import Counter

from sekisho.decide.values import Arn
from sekisho.facts import ManagedPolicy
from sekisho.lab.aws.iam.entity import entities
from sekisho.lab.aws.iam.errors import invalid_input, no_such_entity
from sekisho.lab.aws.operation import AwsError, Context
from sekisho.wire.aws_managed_policies import AwsPolicy, aws_policy

AnyPolicy = ManagedPolicy | AwsPolicy

_AWS = "aws"


def existing_policy(context: Context, arn: str) -> AnyPolicy:
    """Return the policy with this ARN, the account's own or AWS's.

    Raises:
        AwsError: there is none, or it is not the ARN of a policy.
    """
    found = find_policy(context, arn)
    if found is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return found


def find_policy(context: Context, arn: str) -> AnyPolicy | None:
    """Return the policy with this ARN, the account's own or AWS's; None if there is none.

    Raises:
        AwsError: it is not the ARN of a policy.
    """
    return aws_policy(arn) if _owner(arn) == _AWS else context.facts.policy(context.account, arn)


def own_policy(context: Context, arn: str) -> ManagedPolicy:
    """Return the account's own policy with this ARN, to be changed.

    Raises:
        AwsError: there is none, or it is not the account's.
    """
    if _owner(arn) != context.account:
        raise AwsError("AccessDenied", "Policy is outside your own account.", 403)
    found = context.facts.policy(context.account, arn)
    if found is None:
        raise no_such_entity(f"Policy {arn} was not found.")
    return found


def policy_id(policy: AnyPolicy) -> str:
    """Return the unique id of a policy; the catalogue of AWS's has none, so it is made from the ARN."""
    if isinstance(policy, ManagedPolicy):
        return policy.policy_id
    digest = hashlib.sha256(policy.arn.encode()).digest()
    return "ANPA" + base64.b32encode(digest).decode("ascii")[:17]


def attachment_counts(context: Context) -> Counter[str]:
    """Return how many groups, users and roles of the account each policy is attached to, by ARN."""
    return Counter(arn for entity in entities(context.facts, context.account) for arn in entity.attached)


def _owner(arn: str) -> str:
    try:
        parsed = Arn.parse(arn)
    except ValueError:
        raise invalid_input(f"ARN {arn} is not valid.") from None
    if parsed.service != "iam" or parsed.region or not parsed.resource.startswith("policy/"):
        raise invalid_input(f"ARN {arn} is not valid.")
    return parsed.account
