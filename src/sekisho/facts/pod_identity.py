"""The Pod Identity associations of a cluster in a Snapshot, as the chain asks for them."""

from sekisho.decide.chain.pod_identity_to_aws import PodIdentityCluster
from sekisho.decide.sts.pod_identity import Association
from sekisho.decide.values import Ref
from sekisho.facts.cluster_access import PodIdentityAssociation
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Snapshot


def associations_of(snapshot: Snapshot, cluster_arn: str) -> tuple[PodIdentityAssociation, ...]:
    """Return the associations of a cluster, in the order they came to be known."""
    found = snapshot.scope(Kind.POD_IDENTITY, cluster_arn).values()
    return tuple(one for one in found if isinstance(one, PodIdentityAssociation))


def association_for(
    snapshot: Snapshot, cluster_arn: str, namespace: str, service_account: str
) -> PodIdentityAssociation | None:
    """Return the association of a service account; None if it has none."""
    wanted = f"{namespace}/{service_account}"
    every = associations_of(snapshot, cluster_arn)
    return next((one for one in every if one.account_name == wanted), None)


def associations_at(cluster_arn: str) -> Ref:
    """Return the list of a cluster's associations; each stands under it by its id."""
    return PodIdentityCluster(cluster_arn, "", ()).at


def association_key(found: PodIdentityAssociation) -> Key:
    """Return the key of an association."""
    return Key(Kind.POD_IDENTITY, found.cluster, found.association)


def pod_identity_of(snapshot: Snapshot, cluster: Cluster) -> PodIdentityCluster:
    """Return a cluster as `decide.chain.pod_identity_to_aws` asks about it."""
    arn = str(cluster.arn)
    gap = snapshot.gap(Kind.POD_IDENTITY, arn)
    return PodIdentityCluster(
        arn,
        cluster.issuer,
        tuple(_decided(one) for one in associations_of(snapshot, arn)),
        "" if gap is None else gap.reason,
    )


def _decided(found: PodIdentityAssociation) -> Association:
    return Association(
        found.association,
        found.namespace,
        found.service_account,
        found.role,
        found.disable_session_tags,
        found.target_role,
        found.external_id,
        found.policy,
    )
