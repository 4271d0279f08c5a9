"""What is known of accounts and clusters, as pure values: the Snapshot and its parts.

A Snapshot holds no secret: it can be saved, shown and compared freely.
"""

from sekisho.facts.model import (
    Account,
    Cluster,
    Document,
    IdentityType,
    ManagedPolicy,
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
    "IdentityType",
    "Key",
    "Kind",
    "ManagedPolicy",
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
