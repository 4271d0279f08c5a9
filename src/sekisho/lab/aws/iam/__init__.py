"""The IAM API: users, groups, roles, policies and OIDC providers of an account."""

from sekisho.lab.aws.iam import (
    access_keys,
    account,
    attachments,
    authorization_details,
    groups,
    inline_policies,
    oidc_providers,
    policies,
    policy_versions,
    roles,
    tags,
    users,
)
from sekisho.lab.aws.operation import Operation

OPERATIONS: dict[str, Operation] = {
    **access_keys.OPERATIONS,
    **account.OPERATIONS,
    **attachments.OPERATIONS,
    **authorization_details.OPERATIONS,
    **groups.OPERATIONS,
    **inline_policies.OPERATIONS,
    **oidc_providers.OPERATIONS,
    **policies.OPERATIONS,
    **policy_versions.OPERATIONS,
    **roles.OPERATIONS,
    **tags.OPERATIONS,
    **users.OPERATIONS,
}

__all__ = ["OPERATIONS"]
