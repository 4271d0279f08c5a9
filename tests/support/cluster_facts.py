"""A cluster's facts for the chain, made of what a test gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from sekisho.decide.authn.backend import Backend
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.rbac.index import Index
from sekisho.decide.values import Ref


@dataclass(frozen=True)
class GivenCluster:
    """Answers `sekisho.decide.chain.ClusterFacts` from its fields."""

    rbac: Index | None
    name: str = "eks-clu"
    at: Ref = Ref("cluster/eks-clu")  # noqa: RUF009 - a Ref is immutable
    version: str = "1.34"
    authentication_mode: str = "CONFIG_MAP"
    creator: str | None = None
    backends: Sequence[Backend] = ()
    entries: EntryBook = NO_ENTRIES
    nodes: NodeGraph | None = None


def cluster_with(index: Index | None) -> GivenCluster:
    """Return a cluster that knows only its RBAC objects."""
    return GivenCluster(index)
