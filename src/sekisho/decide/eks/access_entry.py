"""An access entry: the IAM principal that it names, and what it makes of whoever that is.

Sources: EKS User Guide, "Create access entries" and "Review access policy permissions"; EKS API
Reference, "AccessEntry" and "AccessScope".
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values import Arn


class EntryType(StrEnum):
    """What the principal of an entry is for; it cannot be changed."""

    STANDARD = "STANDARD"
    EC2_LINUX = "EC2_LINUX"
    EC2_WINDOWS = "EC2_WINDOWS"
    FARGATE_LINUX = "FARGATE_LINUX"
    EC2 = "EC2"
    HYBRID_LINUX = "HYBRID_LINUX"
    HYPERPOD_LINUX = "HYPERPOD_LINUX"


class ScopeType(StrEnum):
    """How far an associated access policy reaches."""

    CLUSTER = "cluster"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True)
class AssociatedPolicy:
    """An access policy and where it holds.

    ``policy`` is an ARN; ``namespaces`` are names or patterns with ``*``, none in the scope of the cluster.
    """

    policy: str
    scope: ScopeType = ScopeType.CLUSTER
    namespaces: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the policy, such as ``AmazonEKSViewPolicy``."""
        return self.policy.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """An entry. ``principal`` is the ARN of an IAM user or role, with its path.

    ``principal_id`` is the unique id that the ARN stood for when the entry was made: EKS keeps
    it and shows it to nobody, so it is empty where it is not known. ``policies`` are None where
    they were not read.
    """

    principal: str
    type: EntryType
    username: str
    groups: tuple[str, ...] = ()
    principal_id: str = ""
    policies: tuple[AssociatedPolicy, ...] | None = ()


_NODE_BY_INSTANCE = "system:node:{{EC2PrivateDNSName}}"
_NODE_BY_SESSION = "system:node:{{SessionName}}"
_NODES = "system:nodes"

_USERNAMES = {
    EntryType.EC2_LINUX: _NODE_BY_INSTANCE,
    EntryType.EC2_WINDOWS: _NODE_BY_INSTANCE,
    EntryType.EC2: _NODE_BY_INSTANCE,
    EntryType.FARGATE_LINUX: _NODE_BY_SESSION,
    EntryType.HYBRID_LINUX: _NODE_BY_SESSION,
    EntryType.HYPERPOD_LINUX: _NODE_BY_SESSION,
}
_GROUPS = {
    EntryType.STANDARD: (),
    EntryType.EC2_WINDOWS: (_NODES, "eks:kube-proxy-windows"),
    EntryType.FARGATE_LINUX: (_NODES, "system:bootstrappers", "system:node-proxier"),
}


def default_username(principal: Arn, entry_type: EntryType) -> str:
    """Return the user name that EKS gives where none is asked for. Total.

    A STANDARD entry of a user has the user's ARN, one of a role the ARN of its session without
    the role's path. That of EC2 and of HYPERPOD_LINUX is not documented: they are taken to be
    like the other nodes.
    """
    node = _USERNAMES.get(entry_type)
    if node is not None:
        return node
    if not principal.resource.startswith("role/"):
        return str(principal)
    name = principal.resource.rpartition("/")[2]
    session = f"assumed-role/{name}/{{{{SessionName}}}}"
    return str(Arn(principal.partition, "sts", "", principal.account, session))


def set_groups(entry_type: EntryType) -> tuple[str, ...]:
    """Return the groups that EKS itself gives entries of a type; none to STANDARD ones. Total.

    Those of Windows and Fargate nodes are the groups that EKS wrote into aws-auth for them.
    """
    return _GROUPS.get(entry_type, (_NODES,))
