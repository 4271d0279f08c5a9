"""The EKS API: clusters, who may enter them, and what belongs to them."""

from sekisho.lab.aws.eks import (
    addons,
    associations,
    clusters,
    entries,
    node_groups,
    pod_identity,
    providers,
    tags,
    updates,
)
from sekisho.lab.aws.operation import Operation

OPERATIONS: dict[str, Operation] = {
    **addons.OPERATIONS,
    **associations.OPERATIONS,
    **clusters.OPERATIONS,
    **entries.OPERATIONS,
    **node_groups.OPERATIONS,
    **pod_identity.OPERATIONS,
    **providers.OPERATIONS,
    **tags.OPERATIONS,
    **updates.OPERATIONS,
}

__all__ = ["OPERATIONS"]
