"""The AWS Organizations API: an organization, its tree of accounts, and the policies attached to it."""

from sekisho.lab.aws.operation import Operation
from sekisho.lab.aws.organizations import (
    account_creation,
    accounts,
    attachments,
    membership,
    organization,
    policies,
    policy_types,
    tags,
    tree,
    units,
)

OPERATIONS: dict[str, Operation] = {
    **account_creation.OPERATIONS,
    **accounts.OPERATIONS,
    **attachments.OPERATIONS,
    **membership.OPERATIONS,
    **organization.OPERATIONS,
    **policies.OPERATIONS,
    **policy_types.OPERATIONS,
    **tags.OPERATIONS,
    **tree.OPERATIONS,
    **units.OPERATIONS,
}

__all__ = ["OPERATIONS"]
