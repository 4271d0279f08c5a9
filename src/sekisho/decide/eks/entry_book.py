"""The access entries of a cluster, as a source of identity mappings and of access policies.

EKS puts the entries before aws-auth, holds each to the unique id that its ARN stood for when it
was made, and never merges the two sources (EKS User Guide, "Create access entries").
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.entry import Mapping as IdentityMapping
from sekisho.decide.authn.entry import Reading, Section
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.eks.access_entry import AccessEntry
from sekisho.decide.values import InputFault, KubeUser, Ref


class Code(ReasonCode):
    """What a cluster's entries say of a caller, beside the mapping itself."""

    STALE = (
        "eks.access-entry-of-deleted-principal",
        (
            "the access entry of {principal} was made for the unique id {pinned}; the caller has that ARN "
            "and the id {user_id}: the principal was deleted and created again"
        ),
    )
    UNDESCRIBED = (
        "eks.access-entry-undescribed",
        "{principal} has an access entry whose user name and groups were not read",
    )


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry and where it stands in the user's document."""

    entry: AccessEntry
    at: Ref


@dataclass(frozen=True, slots=True)
class EntryBook:
    """All entries of a cluster; ``at`` is the list of them.

    ``undescribed`` are ARNs that have an entry of which no more was read. ``unread`` says that the
    list itself was not read as a whole: whoever is not in it may have an entry.
    """

    at: Ref
    placed: tuple[PlacedEntry, ...] = ()
    undescribed: tuple[str, ...] = ()
    unread: str = ""
    backend: Backend = field(init=False, repr=False, compare=False)
    _by_key: Mapping[str, PlacedEntry] = field(init=False, repr=False, compare=False)
    _undescribed: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {Reading.CANONICAL.key(one.entry.principal): one for one in self.placed}
        object.__setattr__(self, "_by_key", by_key)
        keys = frozenset(Reading.CANONICAL.key(arn) for arn in self.undescribed)
        object.__setattr__(self, "_undescribed", keys)
        fault = InputFault("facts.unread", self.at, self.unread)
        backend = Backend(
            BackendMode.ACCESS_ENTRIES,
            self.at,
            Reading.CANONICAL,
            tuple(_mapping(one) for one in self.placed),
            unread=(fault,) if self.unread else (),
        )
        object.__setattr__(self, "backend", backend)

    def stale(self, identity: StsIdentity) -> Step | None:
        """Return the step that says that an entry names the caller's ARN and means an earlier principal."""
        found = self._by_key.get(identity.canonical.key)
        if found is None or _is_same(found.entry, identity.user_id):
            return None
        facts = (
            ("principal", found.entry.principal),
            ("pinned", found.entry.principal_id),
            ("user_id", identity.user_id),
        )
        return Step(Code.STALE, found.at, facts)

    def undescribed_step(self, identity: StsIdentity) -> Step | None:
        """Return the step that says that the caller's entry was listed and not described."""
        if identity.canonical.key not in self._undescribed:
            return None
        return Step(Code.UNDESCRIBED, self.at, (("principal", str(identity.canonical.arn)),))

    def entry_of(self, user: KubeUser) -> PlacedEntry | None:
        """Return the entry that ``user`` came by, as its ``extra`` tells; None for everybody else.

        Who impersonates another sends no such ``extra`` along, so that no access policy follows it.
        """
        if not self._by_key:
            return None
        told = dict(user.extra)
        arns, ids = told.get("canonicalArn", ()), told.get("principalId", ())
        if len(arns) != 1 or len(ids) != 1:
            return None
        found = self._by_key.get(Reading.CANONICAL.key(arns[0]))
        return found if found is not None and _is_same(found.entry, ids[0]) else None


def book_of(at: Ref, entries: Iterable[AccessEntry]) -> EntryBook:
    """Return the book of ``entries``, each placed under ``at`` by its ARN."""
    return EntryBook(at, tuple(PlacedEntry(one, at.child(one.principal)) for one in entries))


NO_ENTRIES = EntryBook(Ref("accessEntries"))
"""The book of a cluster whose mode knows no access entries."""


def _is_same(entry: AccessEntry, user_id: str) -> bool:
    return entry.principal_id in ("", user_id)


def _mapping(placed: PlacedEntry) -> IdentityMapping:
    entry = placed.entry
    return IdentityMapping(
        placed.at,
        0,
        Section.ACCESS_ENTRIES,
        entry.principal,
        Reading.CANONICAL.key(entry.principal),
        None,
        entry.username,
        entry.groups,
        entry.principal_id,
    )
