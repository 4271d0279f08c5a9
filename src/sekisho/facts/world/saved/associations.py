"""The ``podIdentityAssociations`` of a cluster in a world file, made from facts."""

from sekisho.decide.values import Json, JsonObject
from sekisho.facts.cluster_access import PodIdentityAssociation
from sekisho.facts.model import Cluster
from sekisho.facts.pod_identity import associations_of
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.saved.accounts import filled, tags_document


def association_documents(facts: Snapshot, cluster: Cluster) -> list[Json]:
    """Return the associations of a cluster as a world file writes them, by service account."""
    listed = sorted(associations_of(facts, str(cluster.arn)), key=lambda one: one.account_name)
    return [_document(one) for one in listed]


def _document(found: PodIdentityAssociation) -> JsonObject:
    return filled(
        {
            "namespace": found.namespace,
            "serviceAccount": found.service_account,
            "roleArn": found.role,
            "associationId": found.association,
            "created": found.created.rfc3339(),
            "updated": "" if found.modified == found.created else found.modified.rfc3339(),
            "disableSessionTags": True if found.disable_session_tags else None,
            "targetRoleArn": found.target_role,
            "policy": found.policy,
            "tags": tags_document(found.tags),
        }
    )
