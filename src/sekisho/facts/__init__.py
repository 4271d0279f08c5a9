"""What is known of accounts and clusters, as pure values: the Snapshot and its parts.

A Snapshot holds no secret: it can be saved, shown and compared freely.
"""

from sekisho.facts.model import (
    Account,
    Cluster,
    Document,
    Group,
    IdentityType,
    ManagedPolicy,
    OpenIdConnectProvider,
    PolicyVersion,
    Role,
    Tags,
    User,
    UserAccessKey,
)
from sekisho.facts.snapshot import Delete, Event, Fact, Gap, Key, Kind, Put, Snapshot, kube_key, kube_scope

__all__ = [
    "Account",
    "Cluster",
    "Delete",
    "Document",
    "Event",
    "Fact",
    "Gap",
    "Group",
    "IdentityType",
    "Key",
    "Kind",
    "ManagedPolicy",
    "OpenIdConnectProvider",
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
