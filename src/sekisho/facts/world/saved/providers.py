"""The ``identityProviders`` of a cluster in a world file, made from facts."""

from sekisho.decide.values import Json
from sekisho.facts.cluster_providers import identity_providers
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.saved.accounts import filled, tags_document


def provider_documents(facts: Snapshot, cluster: Cluster) -> dict[str, Json]:
    """Return the member of a cluster that tells its identity providers; nothing if it has none."""
    listed: list[Json] = [
        {
            **one.fields(),
            **filled({"configId": one.uuid, "tags": tags_document(one.tags)}),
        }
        for one in identity_providers(facts, str(cluster.arn))
    ]
    return filled({"identityProviders": listed})
