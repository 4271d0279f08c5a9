"""Who the nodes of a cluster are to AWS: their EC2 instances and the role that these have.

The lab runs no EC2 instance. A Node names its own (``spec.providerID``, ``aws:///ZONE/i-...``), else the
id follows from cluster and name; the role is the one that the cluster takes for its nodes: that of an access
entry for EC2 instances, else of the first mapping into ``system:nodes``. Source: Kubernetes, AWS cloud
provider; EKS User Guide, "Amazon EKS node IAM role"; EC2 User Guide, "Instance profiles".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sekisho.decide.authn import aws_auth
from sekisho.decide.authn.canonical import ArnKind, canonicalize
from sekisho.decide.eks.access_entry import EntryType
from sekisho.decide.eks.creator import API_MODES
from sekisho.decide.values import Arn, JsonObject
from sekisho.facts.aws_auth_data import RULES, aws_auth_key, data_of
from sekisho.facts.iam_model import InstanceProfile
from sekisho.facts.keys import Kind, kube_key
from sekisho.facts.manifest import text
from sekisho.facts.model import Cluster, Role
from sekisho.facts.snapshot import Snapshot

NODES_GROUP = "system:nodes"
_PROVIDER_ID = re.compile(r"aws:///([a-z0-9-]{1,40})/(i-[0-9a-f]{8,17})", re.ASCII)
_EC2_TYPES = (EntryType.EC2_LINUX, EntryType.EC2)


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """A node as an EC2 instance. ``role`` is the role of its instance profile, None if there is none.

    ``address`` is its internal IP, empty where the Node tells none.
    """

    cluster: Cluster
    name: str
    instance: str
    zone: str
    address: str
    role: Role | None

    @property
    def key(self) -> tuple[str, str]:
        """Cluster and node: what no two nodes of a world share."""
        return str(self.cluster.arn), self.name


def node_identity(snapshot: Snapshot, cluster: Cluster, name: str) -> NodeIdentity | None:
    """Return a node of a cluster as an instance; None if the cluster has no such Node."""
    body = snapshot.kube(kube_key(str(cluster.arn), "", "nodes", "", name))
    return None if body is None else _identity(snapshot, cluster, name, body)


def instance_names(snapshot: Snapshot, cluster: Cluster) -> dict[str, str | None]:
    """Return the private DNS name of every instance that is a node, by instance id."""
    return {
        _instance(cluster, name, body)[0]: name
        for body in snapshot.kube_objects(str(cluster.arn), "", "nodes")
        if (name := text(body.get("metadata"), "name"))
    }


def node_role(snapshot: Snapshot, cluster: Cluster) -> Role | None:
    """Return the role of the cluster's nodes; None if it takes none or the role does not exist."""
    for written in _node_roles(snapshot, cluster):
        try:
            canonical = canonicalize(written)
        except ValueError:
            continue
        arn = Arn.parse(str(canonical.arn))
        role = snapshot.role(arn.account, canonical.name)
        if canonical.kind is ArnKind.ROLE and role is not None:
            return role
    return None


def instance_profile_of(snapshot: Snapshot, role: Role) -> tuple[str, str]:
    """Return ARN and id of an instance profile with ``role``; EKS makes one where nobody else did."""
    for found in snapshot.scope(Kind.INSTANCE_PROFILE, role.account).values():
        if isinstance(found, InstanceProfile) and found.role == role.name:
            return str(found.arn), found.profile_id
    arn = Arn(role.partition, "iam", "", role.account, f"instance-profile/eks-{_digits(role.role_id, 32)}")
    return str(arn), f"AIPA{_digits(role.role_id, 17).upper()}"


def _identity(snapshot: Snapshot, cluster: Cluster, name: str, body: JsonObject) -> NodeIdentity:
    instance, zone = _instance(cluster, name, body)
    return NodeIdentity(cluster, name, instance, zone, _address(body), node_role(snapshot, cluster))


def _instance(cluster: Cluster, name: str, body: JsonObject) -> tuple[str, str]:
    """Return instance id and availability zone of a Node."""
    found = _PROVIDER_ID.fullmatch(text(body.get("spec"), "providerID"))
    if found is not None:
        return found[2], found[1]
    return f"i-0{_digits(f'{cluster.arn} {name}', 16)}", f"{cluster.region}a"


def _address(body: JsonObject) -> str:
    status = body.get("status")
    listed = status.get("addresses") if isinstance(status, Mapping) else None
    every = listed if isinstance(listed, list) else []
    return next((text(one, "address") for one in every if text(one, "type") == "InternalIP"), "")


def _node_roles(snapshot: Snapshot, cluster: Cluster) -> list[str]:
    """Return the ARNs that stand for nodes, those that count first in front."""
    arn = str(cluster.arn)
    found: list[str] = []
    if cluster.authentication_mode in API_MODES:
        entries = snapshot.access_entries(arn)
        found += [one.entry.principal for one in entries if one.entry.type in _EC2_TYPES]
    body = snapshot.kube(aws_auth_key(arn))
    if cluster.authentication_mode != "API" and body is not None:
        mapped = aws_auth.parse(data_of(body), RULES).roles
        found += [one.arn for one in mapped if NODES_GROUP in one.groups and one.arn]
    return found


def _digits(told: str, count: int) -> str:
    return sha256(told.encode()).hexdigest()[:count]
