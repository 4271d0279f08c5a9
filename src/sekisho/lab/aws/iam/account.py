"""What an account holds and may hold, and its alias (IAM API Reference, "GetAccountSummary")."""

from dataclasses import replace

from sekisho.decide.iam.grammar import (
    MAX_GROUP_INLINE_CHARS,
    MAX_MANAGED_CHARS,
    MAX_ROLE_INLINE_CHARS,
    MAX_TRUST_CHARS,
    MAX_USER_INLINE_CHARS,
)
from sekisho.facts import Account, Kind
from sekisho.facts.iam_lookup import instance_profiles, mfa_devices
from sekisho.lab.aws.iam import (
    access_keys,
    attachments,
    groups,
    policies,
    policy_versions,
    roles,
    users,
)
from sekisho.lab.aws.iam import (
    instance_profiles as profiles,
)
from sekisho.lab.aws.iam.errors import already_exists, no_such_entity
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.iam.password_policy import account_of, put_account
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_SERVER_CERTIFICATES = 20
MAX_SIGNING_CERTIFICATES = 2


def get_account_summary(context: Context, _parameters: Parameters) -> Answer:
    """Count what the account holds, beside its quotas; of what the lab does not keep there is none."""
    facts, account = context.facts, context.account
    own = facts.policies(account)
    devices = mfa_devices(facts, account)
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
        # The root user of the lab has neither a password nor a device.
        "AccountMFAEnabled": 0,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(device.enabled is not None for device in devices),
        "InstanceProfiles": len(instance_profiles(facts, account)),
        "InstanceProfilesQuota": profiles.MAX_PROFILES,
        "ServerCertificates": 0,
        "ServerCertificatesQuota": MAX_SERVER_CERTIFICATES,
        "SigningCertificatesPerUserQuota": MAX_SIGNING_CERTIFICATES,
        "GlobalEndpointTokenVersion": 1,
    }
    return Answer({"SummaryMap": summary})


def create_account_alias(context: Context, parameters: Parameters) -> Answer:
    """Give the account an alias instead of the one that it has; no other account may have it."""
    alias = parameters["AccountAlias"]
    known = context.facts.scope(Kind.ACCOUNT, "").values()
    if any(isinstance(one, Account) and one.alias == alias for one in known):
        raise already_exists(f"The account alias {alias} already exists.")
    return Answer({}, (put_account(replace(account_of(context), alias=alias)),))


def delete_account_alias(context: Context, parameters: Parameters) -> Answer:
    """Take the account's alias away."""
    account, alias = account_of(context), parameters["AccountAlias"]
    if account.alias != alias:
        raise no_such_entity(f"The account alias {alias} cannot be found.")
    return Answer({}, (put_account(replace(account, alias="")),))


def list_account_aliases(context: Context, parameters: Parameters) -> Answer:
    """List the one alias, or none."""
    alias = account_of(context).alias
    return Answer(listed("AccountAliases", [alias] if alias else [], parameters, str))


OPERATIONS: dict[str, Operation] = {
    "CreateAccountAlias": create_account_alias,
    "DeleteAccountAlias": delete_account_alias,
    "GetAccountSummary": get_account_summary,
    "ListAccountAliases": list_account_aliases,
}
