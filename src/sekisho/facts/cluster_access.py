"""What EKS keeps of a cluster beside the cluster: its access entries and its updates."""

from dataclasses import dataclass

from sekisho.decide.eks.access_entry import AccessEntry
from sekisho.decide.values import Arn, Instant
from sekisho.facts.model import Tags


@dataclass(frozen=True, slots=True)
class PolicyAssociation:
    """When an access policy was associated with an entry, and when that was last changed."""

    policy: str
    associated: Instant
    modified: Instant


@dataclass(frozen=True, slots=True)
class ClusterAccessEntry:
    """An access entry of a cluster (EKS API, "AccessEntry").

    ``cluster`` is the cluster's ARN, ``uuid`` the last part of the entry's own. ``dates`` are those of
    the entry's policies, where they are known; ``token`` is the client's, by which a request that is
    sent again is known.
    """

    cluster: str
    entry: AccessEntry
    uuid: str
    created: Instant
    modified: Instant
    tags: Tags = ()
    dates: tuple[PolicyAssociation, ...] = ()
    token: str = ""

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:eks:REGION:ACCOUNT:access-entry/CLUSTER/KIND/PRINCIPAL_ACCOUNT/NAME/UUID``."""
        cluster, principal = Arn.parse(self.cluster), Arn.parse(self.entry.principal)
        kind, _, path = principal.resource.partition("/")
        name = cluster.resource.partition("/")[2]
        resource = f"access-entry/{name}/{kind}/{principal.account}/{path.rpartition('/')[2]}/{self.uuid}"
        return Arn(cluster.partition, "eks", cluster.region, cluster.account, resource)


@dataclass(frozen=True, slots=True)
class ClusterUpdate:
    """A change that was made to a cluster (EKS API, "Update"). ``parameters`` are types and values."""

    cluster: str
    update: str
    type: str
    parameters: tuple[tuple[str, str], ...]
    created: Instant
    token: str = ""
