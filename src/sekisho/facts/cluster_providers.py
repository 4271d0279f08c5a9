"""The OIDC identity providers of a cluster in a Snapshot, and whose id tokens the cluster takes by them."""

from sekisho.decide.authn.oidc.eks_provider import PROVIDERS, EksCluster, read_provider
from sekisho.decide.authn.oidc.model import JwtAuthenticator, OidcConfiguration
from sekisho.decide.values import Ref
from sekisho.decide.values.documents import to_json
from sekisho.facts.cluster_access import ClusterIdentityProvider
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Put, Snapshot


def provider_key(provider: ClusterIdentityProvider) -> Key:
    """Return the key under which an identity provider stands."""
    return Key(Kind.IDENTITY_PROVIDER, provider.cluster, provider.name)


def put_provider(provider: ClusterIdentityProvider) -> Put:
    """Return the event that associates a provider."""
    return Put(provider_key(provider), provider)


def identity_provider(facts: Snapshot, cluster_arn: str, name: str) -> ClusterIdentityProvider | None:
    """Return an identity provider of a cluster by its name."""
    found = facts.get(Key(Kind.IDENTITY_PROVIDER, cluster_arn, name))
    return found if isinstance(found, ClusterIdentityProvider) else None


def identity_providers(facts: Snapshot, cluster_arn: str) -> tuple[ClusterIdentityProvider, ...]:
    """Return the identity providers of a cluster, in the order of their association."""
    known = facts.scope(Kind.IDENTITY_PROVIDER, cluster_arn).values()
    return tuple(one for one in known if isinstance(one, ClusterIdentityProvider))


def provider_at(cluster_arn: str, name: str) -> Ref:
    """Return where a provider stands: a refusal names ``identityProviders.NAME.clientId``."""
    return Ref(cluster_arn, f"/{PROVIDERS}").child(name)


def with_providers(cluster: Cluster, providers: tuple[ClusterIdentityProvider, ...]) -> EksCluster:
    """Return what the rules of an association ask of a cluster that has ``providers`` already."""
    return EksCluster(
        cluster.version,
        cluster.issuer,
        [one.name for one in providers],
        [one.issuer for one in providers],
        sum(len(to_json(one.fields())) for one in providers),
    )


def issuers_of_cluster(facts: Snapshot, cluster_arn: str) -> OidcConfiguration:
    """Return whose id tokens a cluster takes, and as whom. Total: what is associated was checked."""
    found: dict[str, JwtAuthenticator] = {}
    for one in identity_providers(facts, cluster_arn):
        # The rules of the moment of the association: a limit that came later takes nobody's login.
        read = read_provider(one.fields(), EksCluster(""), provider_at(cluster_arn, one.name))
        found.update(read.issuers)
    return OidcConfiguration(found)
