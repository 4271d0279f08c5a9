"""Where links are composed into chains, and nowhere else."""

from sekisho.decide.chain.person_to_cluster import (
    CLUSTER_CHAIN,
    ClusterFacts,
    LinkName,
    admitted,
    authorize,
    chain_of,
    refused_signature,
    service_account_link,
    user_of,
    without_token,
)

__all__ = [
    "CLUSTER_CHAIN",
    "ClusterFacts",
    "LinkName",
    "admitted",
    "authorize",
    "chain_of",
    "refused_signature",
    "service_account_link",
    "user_of",
    "without_token",
]
