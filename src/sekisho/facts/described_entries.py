"""What `aws eks` prints about access entries: their list, one described, and its access policies.

`list-access-entries`, `describe-access-entry`, `list-associated-access-policies`. The first is the only
one that tells who has no entry; the others complete what it lists. None tells the unique id that EKS
holds an entry to. (EKS API Reference.)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sekisho.decide.eks.access_entry import AccessEntry, AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.entry_book import EntryBook, PlacedEntry
from sekisho.decide.values import Arn, Json, Ref
from sekisho.facts.aws_members import Output
from sekisho.facts.cluster_access import ClusterAccessEntry
from sekisho.facts.cluster_entries import entries_at, undescribed_scope
from sekisho.facts.keys import Kind
from sekisho.facts.snapshot import Event, Gap
from sekisho.facts.world.content import UNDATED
from sekisho.facts.world.entries import put_entry


@dataclass(slots=True)
class DescribedEntries:
    """What was read so far of one cluster; ``whole`` if a listing was read to its end."""

    whole: bool = False
    listed: dict[str, Ref] = field(default_factory=dict)
    entries: dict[str, tuple[ClusterAccessEntry, Ref]] = field(default_factory=dict)
    policies: dict[str, tuple[tuple[AssociatedPolicy, ...] | None, Ref]] = field(default_factory=dict)

    def facts(self, cluster_arn: str) -> tuple[tuple[Event, ...], tuple[Gap, ...], dict[Ref, Ref]]:
        """Return the entries with their policies, what is not known of them, and where they stand."""
        events: list[Event] = []
        gaps: list[Gap] = []
        places: dict[Ref, Ref] = {}
        for principal, (found, at) in self.entries.items():
            policies, policies_at = self.policies.get(principal, (None, at))
            events.append(
                put_entry(replace(found, cluster=cluster_arn, entry=replace(found.entry, policies=policies)))
            )
            place = entries_at(cluster_arn).child(principal)
            places[place] = at
            places[place.child("associatedAccessPolicies")] = policies_at.child("associatedAccessPolicies")
        if not self.whole:
            reason = "the access entries, which count first, were not listed (`aws eks list-access-entries`)"
            gaps.append(Gap(Kind.ACCESS_ENTRY, cluster_arn, reason))
        for principal in self.listed:
            if principal not in self.entries:
                reason = "the access entry was listed and not described"
                gaps.append(Gap(Kind.ACCESS_ENTRY, undescribed_scope(cluster_arn, principal), reason))
        return tuple(events), tuple(gaps), places


def book_of_described(found: DescribedEntries, at: Ref) -> EntryBook:
    """Return the entries that were described, with their access policies, as authorizers ask them. Total.

    What was listed and not described is undescribed; without a whole list the book is unread.
    """
    placed = tuple(
        PlacedEntry(replace(one.entry, policies=found.policies.get(principal, (None, at))[0]), place)
        for principal, (one, place) in found.entries.items()
    )
    undescribed = tuple(principal for principal in found.listed if principal not in found.entries)
    unread = "" if found.whole else "the access entries were not listed to their end"
    return EntryBook(at, placed, undescribed, unread)


def merged(read: Iterable[DescribedEntries]) -> DescribedEntries:
    """Return everything that was read of one cluster."""
    found = DescribedEntries()
    for one in read:
        found.whole = found.whole or one.whole
        found.listed |= one.listed
        found.entries |= one.entries
        found.policies |= one.policies
    return found


def is_access_entries(value: Json) -> bool:
    """Whether a document is one of the three outputs."""
    if not isinstance(value, Mapping) or "apiVersion" in value:
        return False
    match value:
        case {"accessEntries": [*_]} | {"accessEntry": {}} | {"associatedAccessPolicies": [*_]}:
            return True
        case _:
            return False


def cluster_named(value: Json) -> str:
    """Return the name of the cluster that an output names; empty for a listing, which names none."""
    told = value.get("accessEntry", value) if isinstance(value, Mapping) else None
    name = told.get("clusterName") if isinstance(told, Mapping) else None
    return name if isinstance(name, str) else ""


def read_access_entries(value: Json, at: Ref, into: DescribedEntries) -> None:
    """Read one output into what is known of its cluster.

    Raises:
        SekishoInputError: a member is missing or of the wrong type.
    """
    output = Output(value, at, [])
    if output.member("accessEntries").value is not None:
        listed = {item.text(): item.at for item in output.member("accessEntries").items()}
        output.raise_faults()
        into.listed |= listed
        into.whole = into.whole or output.member("nextToken").value is None
    elif output.member("accessEntry").value is not None:
        found = _entry(output.member("accessEntry"))
        output.raise_faults()
        into.entries[found.entry.principal] = (found, output.member("accessEntry").at)
    else:
        principal = output.member("principalArn").text()
        policies = tuple(_policy(item) for item in output.member("associatedAccessPolicies").items())
        output.raise_faults()
        whole = output.member("nextToken").value is None
        into.policies[principal] = (policies if whole else None, at)


def _entry(output: Output) -> ClusterAccessEntry:
    principal = output.member("principalArn")
    principal.arn()
    written = output.member("type").text(optional=True) or EntryType.STANDARD
    if written not in list(EntryType):
        output.member("type").expected("a type of access entries")
        written = EntryType.STANDARD
    tags = output.member("tags").value
    arn = output.member("accessEntryArn").text(optional=True)
    return ClusterAccessEntry(
        "",
        AccessEntry(
            principal.text(),
            EntryType(written),
            output.member("username").text(),
            tuple(item.text() for item in output.member("kubernetesGroups").items()),
            policies=None,
        ),
        arn.rpartition("/")[2],
        output.member("createdAt").instant(UNDATED),
        output.member("modifiedAt").instant(UNDATED),
        tuple((k, v) for k, v in tags.items() if isinstance(v, str)) if isinstance(tags, Mapping) else (),
    )


def _policy(output: Output) -> AssociatedPolicy:
    scope = output.member("accessScope")
    written = scope.member("type").text()
    if written not in list(ScopeType):
        scope.member("type").expected("`cluster` or `namespace`")
        written = ScopeType.CLUSTER
    return AssociatedPolicy(
        str(output.member("policyArn").arn() or Arn("aws", "eks", "", "aws", "unread")),
        ScopeType(written),
        tuple(item.text() for item in scope.member("namespaces").items()),
    )
