"""The access entries that a world file gives a cluster."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from sekisho.decide.eks.access_entry import (
    AccessEntry,
    AssociatedPolicy,
    EntryType,
    ScopeType,
    default_username,
    set_groups,
)
from sekisho.decide.eks.access_policies import CLUSTER_ADMIN, POLICIES, PREFIX
from sekisho.decide.eks.entry_rules import fault_of_association, faults_of_choice, faults_of_entry
from sekisho.decide.values import Arn, Instant, Ref
from sekisho.facts.cluster_access import ClusterAccessEntry, PolicyAssociation
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Cluster, Role, Tags, User
from sekisho.facts.shape import FaultCode, nearest
from sekisho.facts.snapshot import Event, Put
from sekisho.facts.world.content import UNDATED
from sekisho.facts.world.entry_tables import ACCESS_SCOPE
from sekisho.facts.world.shape import Fields

E = TypeVar("E", EntryType, ScopeType)


@dataclass(frozen=True, slots=True)
class WorldEntry:
    """An access entry of a world file; without an id it is held to the one that its ARN gets.

    ``dates`` are those of the entry's policies; what the file does not date is `UNDATED`.
    """

    at: Ref
    entry: AccessEntry
    tags: Tags = ()
    uuid: str = ""
    created: Instant = UNDATED
    updated: Instant = UNDATED
    dates: tuple[PolicyAssociation, ...] = ()


def read_entries(
    fields: Fields,
    cluster: Cluster,
    spellings: Mapping[str, str],
    gone: frozenset[str],
    *,
    bootstrap: bool,
) -> tuple[WorldEntry, ...]:
    """Return the entries of a cluster, the creator's among them; every fault is noted.

    ``spellings`` are those of the world's users and roles, each with its ARN; ``gone`` are the ARNs of
    those that are deleted. With ``bootstrap`` the creator is an administrator, in a mode that has entries
    and unless the file gives it an entry.
    """
    found: dict[str, WorldEntry] = {}
    for item in fields.objects("accessEntries"):
        one = _read(item, cluster, spellings, gone)
        if one.entry.principal in found:
            item.member("principalArn").fault(
                FaultCode.TWICE, f"`{one.entry.principal}` has an access entry already"
            )
        found[one.entry.principal] = one
    if found and cluster.authentication_mode == "CONFIG_MAP":
        fields.member("accessEntries").fault(
            FaultCode.CHOICE, "a cluster in mode CONFIG_MAP has no access entries"
        )
    is_wanted = bootstrap and cluster.authentication_mode != "CONFIG_MAP" and cluster.creator not in found
    entry = creator_entry(cluster.creator) if is_wanted else None
    if entry is not None:
        dates = tuple(PolicyAssociation(one.policy, UNDATED, UNDATED) for one in entry.policies or ())
        found[cluster.creator] = WorldEntry(fields.node.at.child("accessEntries"), entry, dates=dates)
    return tuple(found.values())


def creator_entry(creator: str) -> AccessEntry | None:
    """Return the administrator's entry that EKS makes for who created a cluster; none for a root user."""
    if not creator or creator.endswith(":root"):
        return None
    username = default_username(Arn.parse(creator), EntryType.STANDARD)
    admin = (AssociatedPolicy(f"{PREFIX}{CLUSTER_ADMIN}"),)
    return AccessEntry(creator, EntryType.STANDARD, username, policies=admin)


def entry_events(
    cluster_arn: str, entries: Iterable[WorldEntry], ids: Mapping[str, str], created: Instant
) -> tuple[Event, ...]:
    """Return the entries as facts, made at ``created``; ``ids`` are the unique ids of users and roles."""
    return tuple(put_entry(_made(cluster_arn, one, ids, created)) for one in entries)


def put_entry(entry: ClusterAccessEntry) -> Put:
    """Return the event that makes ``entry`` the one of its principal."""
    return Put(Key(Kind.ACCESS_ENTRY, entry.cluster, entry.entry.principal), entry)


def unique_ids(events: Iterable[Event]) -> dict[str, str]:
    """Return the unique ids of the users and roles that ``events`` make, by ARN."""
    made = [event.value for event in events if isinstance(event, Put)]
    users = {str(one.arn): one.user_id for one in made if isinstance(one, User)}
    return users | {str(one.arn): one.role_id for one in made if isinstance(one, Role)}


def default_uuid(cluster_arn: str, principal: str) -> str:
    """Return the last part of an entry's ARN where the file gives none."""
    digest = sha256(f"{cluster_arn} {principal}".encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _made(
    cluster_arn: str, one: WorldEntry, ids: Mapping[str, str], otherwise: Instant
) -> ClusterAccessEntry:
    entry = one.entry
    created = _date(one.created, otherwise)
    dates = []
    for policy in one.dates:
        associated = _date(policy.associated, created)
        modified = _date(policy.modified, associated)
        dates.append(PolicyAssociation(policy.policy, associated, modified))
    return ClusterAccessEntry(
        cluster_arn,
        replace(entry, principal_id=entry.principal_id or ids.get(entry.principal, "")),
        one.uuid or default_uuid(cluster_arn, entry.principal),
        created,
        _date(one.updated, created),
        one.tags,
        tuple(dates),
    )


def _date(given: Instant, otherwise: Instant) -> Instant:
    return otherwise if given == UNDATED else given


def _read(fields: Fields, cluster: Cluster, spellings: Mapping[str, str], gone: frozenset[str]) -> WorldEntry:
    principal = _principal(fields, spellings, gone)
    entry_type = _choice(fields, "type", EntryType.STANDARD)
    groups = fields.texts("kubernetesGroups")
    asked = fields.text("username") if fields.has("username") else None
    for problem in faults_of_choice(entry_type, asked, groups):
        fields.node.fault(FaultCode.FORM, problem)
    username = asked or ""
    if principal and not asked:
        username = default_username(Arn.parse(principal), entry_type)
    policies, dates = _policies(fields, entry_type)
    entry = AccessEntry(
        principal,
        entry_type,
        username,
        groups or set_groups(entry_type),
        fields.text("principalId"),
        policies,
    )
    if principal:
        own = replace(entry, username="", groups=())
        for problem in faults_of_entry(own, cluster.account):
            fields.member("principalArn").fault(FaultCode.FORM, problem)
    return WorldEntry(
        fields.node.at,
        entry,
        fields.pairs("tags"),
        fields.text("entryId"),
        fields.moment("created", UNDATED),
        fields.moment("updated", UNDATED),
        dates,
    )


def _choice(fields: Fields, name: str, default: E) -> E:
    """Return a member of the enumeration of ``default``; the default where the fault was noted."""
    known = type(default)
    written = fields.text(name)
    return known(written) if written in list(known) else default


def _principal(fields: Fields, spellings: Mapping[str, str], gone: frozenset[str]) -> str:
    node, written = fields.member("principalArn"), fields.text("principalArn")
    if written in gone and written not in spellings:
        if not fields.has("principalId"):
            # Without it whoever gets the name next would come by the entry.
            fields.node.fault(
                FaultCode.MISSING, "`principalId` is missing: the principal is deleted, and no id is today's"
            )
        return written
    if written in spellings:
        return spellings[written]
    if written:
        hint = nearest(written, spellings) or "name a user or a role of this file: role/NAME, or its ARN"
        node.fault(FaultCode.REFERENCE, f"there is no user or role `{written[:200]}`", hint)
    return ""


def _policies(
    fields: Fields, entry_type: EntryType
) -> tuple[tuple[AssociatedPolicy, ...], tuple[PolicyAssociation, ...]]:
    found: dict[str, AssociatedPolicy] = {}
    dates = []
    for item in fields.objects("associatedAccessPolicies"):
        one = _policy(item, entry_type)
        if one.policy in found:
            item.member("policyArn").fault(FaultCode.TWICE, f"`{one.name}` is associated already")
        found[one.policy] = one
        dates.append(
            PolicyAssociation(one.policy, item.moment("associated", UNDATED), item.moment("updated", UNDATED))
        )
    return tuple(found.values()), tuple(dates)


def _policy(fields: Fields, entry_type: EntryType) -> AssociatedPolicy:
    written = fields.text("policyArn")
    arn = written if written.startswith("arn:") else f"{PREFIX}{written}"
    node = fields.member("accessScope")
    scope = Fields.of(node, ACCESS_SCOPE) if fields.has("accessScope") else Fields(node, ACCESS_SCOPE)
    found = AssociatedPolicy(arn, _choice(scope, "type", ScopeType.CLUSTER), scope.texts("namespaces"))
    if arn not in POLICIES:
        names = [known.removeprefix(PREFIX) for known in POLICIES]
        fields.member("policyArn").fault(
            FaultCode.REFERENCE,
            f"EKS has no access policy `{written[:200]}`",
            nearest(written.removeprefix(PREFIX), names),
        )
    elif problem := fault_of_association(entry_type, found):
        fields.node.fault(FaultCode.FORM, problem)
    return found
