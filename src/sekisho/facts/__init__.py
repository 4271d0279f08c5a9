"""What is known of accounts and clusters, as pure values: the Snapshot and its parts.

A Snapshot holds no secret: it can be saved, shown and compared freely.
"""

from sekisho.facts.model import (
    Account,
    AccountCreation,
    Cluster,
    Document,
    Group,
    IdentityType,
    IssuedSession,
    ManagedPolicy,
    OpenIdConnectProvider,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    OrganizationPolicyType,
    PolicyVersion,
    Role,
    Tags,
    User,
    UserAccessKey,
)
from sekisho.facts.snapshot import Delete, Event, Fact, Gap, Key, Kind, Put, Snapshot, kube_key, kube_scope

__all__ = [
    "Account",
    "AccountCreation",
    "Cluster",
    "Delete",
    "Document",
    "Event",
    "Fact",
    "Gap",
    "Group",
    "IdentityType",
    "IssuedSession",
    "Key",
    "Kind",
    "ManagedPolicy",
    "OpenIdConnectProvider",
    "Organization",
    "OrganizationAccount",
    "OrganizationPolicy",
    "OrganizationPolicyType",
    "OrganizationalUnit",
    "PolicyVersion",
    "Put",
    "Role",
    "Snapshot",
    "Tags",
    "User",
    "UserAccessKey",
    "kube_key",
    "kube_scope",
]
