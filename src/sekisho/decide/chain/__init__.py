"""Where links are composed into chains, and nowhere else."""

from sekisho.decide.chain.bearer import checkpoint_of
from sekisho.decide.chain.person_to_cluster import (
    CLUSTER_CHAIN,
    ClusterFacts,
    LinkName,
    admitted,
    admitted_by_authorizers,
    authorize,
    by_authorizers,
    chain_of,
    refused_signature,
    seen_by_provider,
    service_account_link,
    user_of,
    without_token,
)

__all__ = [
    "CLUSTER_CHAIN",
    "ClusterFacts",
    "LinkName",
    "admitted",
    "admitted_by_authorizers",
    "authorize",
    "by_authorizers",
    "chain_of",
    "checkpoint_of",
    "refused_signature",
    "seen_by_provider",
    "service_account_link",
    "user_of",
    "without_token",
]
