"""The OIDC identity providers that a world file gives a cluster."""

from sekisho.decide.authn.oidc.eks_provider import read_provider
from sekisho.decide.values import SekishoInputError
from sekisho.facts.cluster_access import ClusterIdentityProvider
from sekisho.facts.cluster_providers import with_providers
from sekisho.facts.model import Cluster
from sekisho.facts.world.entries import default_uuid
from sekisho.facts.world.shape import Fields


def read_identity_providers(fields: Fields, cluster: Cluster) -> tuple[ClusterIdentityProvider, ...]:
    """Return the providers of a cluster, held to EKS's rules of an association; every fault is noted."""
    found: list[ClusterIdentityProvider] = []
    for item in fields.objects("identityProviders"):
        before = len(item.node.faults.found)
        one = _read(item, str(cluster.arn))
        if not (one.name and one.issuer and one.client) or len(item.node.faults.found) > before:
            continue  # what is missing was noted
        try:
            read_provider(one.fields(), with_providers(cluster, tuple(found)), item.node.at)
        except SekishoInputError as error:
            item.node.faults.extend(error.faults)
        else:
            found.append(one)
    return tuple(found)


def _read(fields: Fields, cluster_arn: str) -> ClusterIdentityProvider:
    name = fields.text("identityProviderConfigName")
    return ClusterIdentityProvider(
        cluster=cluster_arn,
        name=name,
        issuer=fields.text("issuerUrl"),
        client=fields.text("clientId"),
        username_claim=fields.text("usernameClaim") if fields.has("usernameClaim") else "",
        username_prefix=fields.text("usernamePrefix"),
        groups_claim=fields.text("groupsClaim"),
        groups_prefix=fields.text("groupsPrefix"),
        required_claims=fields.pairs("requiredClaims"),
        uuid=fields.text("configId") or default_uuid(cluster_arn, f"oidc/{name}"),
        tags=fields.pairs("tags"),
    )
