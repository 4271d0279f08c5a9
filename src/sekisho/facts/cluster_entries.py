"""The access entries of a cluster in a Snapshot, as the chain asks for them."""

from sekisho.decide.eks.creator import API_MODES
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook, PlacedEntry
from sekisho.decide.values import Ref
from sekisho.facts.keys import Kind
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Snapshot


def entries_at(cluster_arn: str) -> Ref:
    """Return the list of a cluster's access entries; each stands under it by the principal's ARN."""
    return Ref(cluster_arn, "/accessEntries")


def undescribed_scope(cluster_arn: str, principal: str) -> str:
    """Return the scope of the gap that says that an entry was listed and not described."""
    return f"{cluster_arn} {principal}"


def book_of_cluster(snapshot: Snapshot, cluster: Cluster) -> EntryBook:
    """Return the access entries that count in the cluster's mode; what was not read is unread. Total."""
    if cluster.authentication_mode not in API_MODES:
        return NO_ENTRIES
    arn = str(cluster.arn)
    at = entries_at(arn)
    placed = tuple(
        PlacedEntry(one.entry, at.child(one.entry.principal)) for one in snapshot.access_entries(arn)
    )
    gap = snapshot.gap(Kind.ACCESS_ENTRY, arn)
    undescribed = tuple(
        one.scope.removeprefix(f"{arn} ")
        for one in snapshot.gaps
        if one.kind is Kind.ACCESS_ENTRY and one.scope.startswith(f"{arn} ")
    )
    return EntryBook(at, placed, undescribed, "" if gap is None else gap.reason)
