"""What EKS keeps of a cluster beside it: access entries, providers, updates, associations, add-ons."""

from dataclasses import dataclass
from typing import Final

from sekisho.decide.eks.access_entry import AccessEntry
from sekisho.decide.values import Arn, Instant, Json, JsonObject
from sekisho.facts.model import Tags

PROVIDER_TYPE: Final = "oidc"
"""The one type of identity provider that EKS knows."""


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


@dataclass(frozen=True, slots=True)
class ClusterIdentityProvider:
    """An OIDC identity provider associated with a cluster (EKS API, "OidcIdentityProviderConfig").

    ``cluster`` is the cluster's ARN, ``uuid`` the last part of the provider's own. What was not given is
    empty: EKS's defaults are applied where the provider is used.
    """

    cluster: str
    name: str
    issuer: str
    client: str
    username_claim: str
    username_prefix: str
    groups_claim: str
    groups_prefix: str
    required_claims: tuple[tuple[str, str], ...]
    uuid: str
    tags: Tags = ()
    token: str = ""

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:eks:REGION:ACCOUNT:identityproviderconfig/CLUSTER/oidc/NAME/UUID``."""
        cluster = Arn.parse(self.cluster)
        name = cluster.resource.partition("/")[2]
        resource = f"identityproviderconfig/{name}/{PROVIDER_TYPE}/{self.name}/{self.uuid}"
        return Arn(cluster.partition, "eks", cluster.region, cluster.account, resource)

    def fields(self) -> JsonObject:
        """Return the provider as ``OidcIdentityProviderConfigRequest``: what was not given is absent."""
        given = {
            "identityProviderConfigName": self.name,
            "issuerUrl": self.issuer,
            "clientId": self.client,
            "usernameClaim": self.username_claim,
            "usernamePrefix": self.username_prefix,
            "groupsClaim": self.groups_claim,
            "groupsPrefix": self.groups_prefix,
        }
        required: Json = dict(self.required_claims)
        told: dict[str, Json] = {name: value for name, value in given.items() if value}
        return {**told, "requiredClaims": required} if required else told


ClusterFact = (
    ClusterAccessEntry | ClusterIdentityProvider | ClusterUpdate | PodIdentityAssociation | ClusterAddon
)
