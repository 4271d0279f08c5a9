"""What EKS keeps of a cluster beside it: access entries, updates, Pod Identity associations, add-ons."""

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


@dataclass(frozen=True, slots=True)
class PodIdentityAssociation:
    """Which role the pods of a service account get (EKS API, "PodIdentityAssociation").

    ``cluster`` is the cluster's ARN, ``association`` the id (``a-...``). ``external_id`` is what EKS shows
    the target role, empty where there is none; ``policy`` the text of a session policy, empty for none;
    ``token`` the client's, by which a request that is sent again is known.
    """

    cluster: str
    association: str
    namespace: str
    service_account: str
    role: str
    created: Instant
    modified: Instant
    disable_session_tags: bool = False
    target_role: str = ""
    external_id: str = ""
    policy: str = ""
    tags: Tags = ()
    token: str = ""

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID``."""
        cluster = Arn.parse(self.cluster)
        name = cluster.resource.partition("/")[2]
        resource = f"podidentityassociation/{name}/{self.association}"
        return Arn(cluster.partition, "eks", cluster.region, cluster.account, resource)

    @property
    def account_name(self) -> str:
        """``NAMESPACE/NAME`` of the service account."""
        return f"{self.namespace}/{self.service_account}"


@dataclass(frozen=True, slots=True)
class ClusterAddon:
    """An add-on of a cluster (EKS API, "Addon"). ``cluster`` is the cluster's ARN."""

    cluster: str
    name: str
    version: str
    uuid: str
    created: Instant
    modified: Instant
    tags: Tags = ()
    configuration: str = ""
    token: str = ""

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:eks:REGION:ACCOUNT:addon/CLUSTER/NAME/UUID``."""
        cluster = Arn.parse(self.cluster)
        resource = f"addon/{cluster.resource.partition('/')[2]}/{self.name}/{self.uuid}"
        return Arn(cluster.partition, "eks", cluster.region, cluster.account, resource)


ClusterFact = ClusterAccessEntry | ClusterUpdate | PodIdentityAssociation | ClusterAddon
