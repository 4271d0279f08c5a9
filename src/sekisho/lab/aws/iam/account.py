"""What an account holds and may hold (IAM API Reference, "GetAccountSummary", "ListAccountAliases")."""

from sekisho.decide.iam.grammar import (
    MAX_GROUP_INLINE_CHARS,
    MAX_MANAGED_CHARS,
    MAX_ROLE_INLINE_CHARS,
    MAX_TRUST_CHARS,
    MAX_USER_INLINE_CHARS,
)
from sekisho.lab.aws.iam import access_keys, attachments, groups, policies, policy_versions, roles, users
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters


def get_account_summary(context: Context, _parameters: Parameters) -> Answer:
    """Count what the account holds, beside its quotas; of what the lab does not keep there is none."""
    facts, account = context.facts, context.account
    own = facts.policies(account)
    summary = {
        "Users": len(facts.users(account)),
        "UsersQuota": users.MAX_USERS,
        "Groups": len(facts.groups(account)),
        "GroupsQuota": groups.MAX_GROUPS,
        "Roles": len(facts.roles(account)),
        "RolesQuota": roles.MAX_ROLES,
        "Policies": len(own),
        "PoliciesQuota": policies.MAX_POLICIES,
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in own),
        "PolicyVersionsInUseQuota": policies.MAX_POLICIES * policy_versions.MAX_VERSIONS,
        "VersionsPerPolicyQuota": policy_versions.MAX_VERSIONS,
        "PolicySizeQuota": MAX_MANAGED_CHARS,
        "UserPolicySizeQuota": MAX_USER_INLINE_CHARS,
        "GroupPolicySizeQuota": MAX_GROUP_INLINE_CHARS,
        "RolePolicySizeQuota": MAX_ROLE_INLINE_CHARS,
        "AssumeRolePolicySizeQuota": MAX_TRUST_CHARS,
        "AttachedPoliciesPerUserQuota": attachments.MAX_ATTACHED,
        "AttachedPoliciesPerGroupQuota": attachments.MAX_ATTACHED,
        "AttachedPoliciesPerRoleQuota": attachments.MAX_ATTACHED,
        "AccessKeysPerUserQuota": access_keys.MAX_KEYS,
        "GroupsPerUserQuota": groups.MAX_GROUPS_PER_USER,
        "Providers": len(facts.oidc_providers(account)),
        "AccountAccessKeysPresent": int(bool(facts.access_keys(account, ""))),
        "AccountMFAEnabled": 0,
        "MFADevices": 0,
        "MFADevicesInUse": 0,
        "InstanceProfiles": 0,
        "ServerCertificates": 0,
    }
    return Answer({"SummaryMap": summary})


def list_account_aliases(_context: Context, _parameters: Parameters) -> Answer:
    """List nothing: accounts of the lab have no alias."""
    return Answer({"AccountAliases": [], "IsTruncated": False})


OPERATIONS: dict[str, Operation] = {
    "GetAccountSummary": get_account_summary,
    "ListAccountAliases": list_account_aliases,
}
