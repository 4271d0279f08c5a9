"""Where an account stands in its organization, and the policies that reach it there.

Only member accounts are restricted: neither service control policies nor resource control
policies apply to the management account (AWS Organizations User Guide, "SCP effects on
permissions" and "Resource control policies"). Policies are inherited down the path from the
root; every level has to be asked by itself ("SCP evaluation").
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sekisho.decide.iam import PolicyKind
from sekisho.facts.model import (
    Document,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    OrganizationPolicyType,
)
from sekisho.facts.snapshot import Snapshot

Level = tuple[Document, ...]
"""The policies of one type at the root, an OU or an account, in the order they were attached."""

MAX_UNIT_DEPTH: Final = 5
"""OUs may be nested so deep below the root (User Guide, "Quotas for AWS Organizations")."""

MAX_UNITS: Final = 2000
MAX_CHARS: Final = {
    OrganizationPolicyType.SERVICE_CONTROL_POLICY: 10_240,
    OrganizationPolicyType.RESOURCE_CONTROL_POLICY: 5_120,
}
"""White space counts: what an SDK sends is stored as it is (User Guide, "Quotas for AWS Organizations";
SCPs had 5120 until May 2026)."""
MAX_ATTACHED: Final = {
    OrganizationPolicyType.SERVICE_CONTROL_POLICY: 10,
    OrganizationPolicyType.RESOURCE_CONTROL_POLICY: 5,
}
"""To each root, OU and account, AWS's own included (User Guide, "Quotas for AWS Organizations"; SCPs had
5 until May 2026)."""
POLICY_KINDS: Final = {
    OrganizationPolicyType.SERVICE_CONTROL_POLICY: PolicyKind.SCP,
    OrganizationPolicyType.RESOURCE_CONTROL_POLICY: PolicyKind.RCP,
}

FULL_ACCESS: Final = OrganizationPolicy(
    organization="",
    policy="p-FullAWSAccess",
    name="FullAWSAccess",
    type=OrganizationPolicyType.SERVICE_CONTROL_POLICY,
    text='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    description="Allows access to every operation",
)
RCP_FULL_ACCESS: Final = OrganizationPolicy(
    organization="",
    policy="p-RCPFullAWSAccess",
    name="RCPFullAWSAccess",
    type=OrganizationPolicyType.RESOURCE_CONTROL_POLICY,
    text='{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
    description="Allows access to every resource",
)
AWS_MANAGED: Final[Mapping[OrganizationPolicyType, OrganizationPolicy]] = MappingProxyType(
    {policy.type: policy for policy in (FULL_ACCESS, RCP_FULL_ACCESS)}
)
"""The policy of each type that AWS attaches to everything when the type is enabled."""


def scps_of(facts: Snapshot, account: str) -> tuple[Level, ...]:
    """Return the service control policies over ``account``: the root's, each OU's, the account's own.

    Empty where none can restrict it: it is in no organization, manages it, or the type is not
    enabled. A level without policies allows nothing. Total.
    """
    return _levels(facts, account, OrganizationPolicyType.SERVICE_CONTROL_POLICY)


def rcps_of(facts: Snapshot, account: str) -> tuple[Level, ...]:
    """Return the resource control policies over what ``account`` owns, as `scps_of` does.

    RCPFullAWSAccess stands at every level. Total.
    """
    return _levels(facts, account, OrganizationPolicyType.RESOURCE_CONTROL_POLICY)


def organization_of(facts: Snapshot, account: str) -> Organization | None:
    """Return the organization that ``account`` is in, None if it is in none."""
    member = facts.organization_account(account)
    return None if member is None else facts.organization(member.organization)


def path_of(facts: Snapshot, organization: Organization, parent: str) -> str:
    """Return ``o-ID/r-ID/ou-ID/.../`` down to the root or OU ``parent``.

    The path of an account's parent is what ``aws:PrincipalOrgPaths`` holds (IAM User Guide, "AWS
    global condition context keys").
    """
    units = units_above(facts, organization.organization, parent)
    return "/".join((organization.organization, organization.root, *(unit.unit for unit in units), ""))


def units_above(facts: Snapshot, organization: str, parent: str) -> tuple[OrganizationalUnit, ...]:
    """Return the OUs from below the root to ``parent``, which is in it unless it is the root."""
    return tuple(_climbed(facts, organization, parent))[::-1]


def find_organization_policy(facts: Snapshot, organization: str, policy: str) -> OrganizationPolicy | None:
    """Return the policy with this id, the organization's own or AWS's; None if there is none."""
    managed = (known for known in AWS_MANAGED.values() if known.policy == policy)
    return next(managed, None) or facts.organization_policy(organization, policy)


def attached_policies(
    facts: Snapshot, organization: str, ids: Iterable[str], kind: OrganizationPolicyType
) -> tuple[OrganizationPolicy, ...]:
    """Return the policies of one type among those with ``ids``, in that order."""
    found = (find_organization_policy(facts, organization, policy) for policy in ids)
    return tuple(policy for policy in found if policy is not None and policy.type is kind)


def email_of(account: str) -> str:
    """Return the address of an account that was there before; RFC 2606 §3 keeps its domain from mail."""
    return f"root+{account}@example.com"


def _levels(facts: Snapshot, account: str, kind: OrganizationPolicyType) -> tuple[Level, ...]:
    member = facts.organization_account(account)
    if member is None:
        return ()
    organization = facts.organization(member.organization)
    if organization is None:
        # A membership without its organization restricts it wholly: nobody knows by what.
        return ((),)
    if account == organization.management or kind not in organization.policy_types:
        return ()
    units = units_above(facts, organization.organization, member.parent)
    holders: list[Organization | OrganizationalUnit | OrganizationAccount] = [organization, *units, member]
    levels = [_level(facts, organization.organization, holder.attached, kind) for holder in holders]
    top = units[0].parent if units else member.parent
    # A path that does not reach the root leaves out levels that might restrict: it allows nothing.
    return tuple(levels) if top == organization.root else ((), *levels)


def _level(facts: Snapshot, organization: str, ids: Iterable[str], kind: OrganizationPolicyType) -> Level:
    policies = attached_policies(facts, organization, ids, kind)
    return tuple(Document(policy.name, policy.text) for policy in policies)


def _climbed(facts: Snapshot, organization: str, parent: str) -> Iterator[OrganizationalUnit]:
    unit = facts.organizational_unit(organization, parent)
    for _ in range(MAX_UNIT_DEPTH):
        if unit is None:
            return
        yield unit
        unit = facts.organizational_unit(organization, unit.parent)
