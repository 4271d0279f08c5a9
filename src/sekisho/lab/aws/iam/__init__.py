"""The IAM API: users, groups, roles, policies, credentials and identity providers of an account."""

from sekisho.lab.aws.iam import (
    access_keys,
    account,
    attachments,
    authorization_details,
    boundaries,
    groups,
    inline_policies,
    instance_profiles,
    login_profiles,
    mfa_devices,
    oidc_providers,
    password_policy,
    policies,
    policy_versions,
    roles,
    service_linked_roles,
    simulation,
    tags,
    users,
)
from sekisho.lab.aws.operation import Operation

OPERATIONS: dict[str, Operation] = {
    **access_keys.OPERATIONS,
    **account.OPERATIONS,
    **attachments.OPERATIONS,
    **authorization_details.OPERATIONS,
    **boundaries.OPERATIONS,
    **groups.OPERATIONS,
    **inline_policies.OPERATIONS,
    **instance_profiles.OPERATIONS,
    **login_profiles.OPERATIONS,
    **mfa_devices.OPERATIONS,
    **oidc_providers.OPERATIONS,
    **password_policy.OPERATIONS,
    **policies.OPERATIONS,
    **policy_versions.OPERATIONS,
    **roles.OPERATIONS,
    **service_linked_roles.OPERATIONS,
    **simulation.OPERATIONS,
    **tags.OPERATIONS,
    **users.OPERATIONS,
}

__all__ = ["OPERATIONS"]
