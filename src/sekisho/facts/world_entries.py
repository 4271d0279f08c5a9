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
from sekisho.facts.model import Cluster, Role, Tags, User
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.snapshot import Event, Key, Kind, Put

E = TypeVar("E", EntryType, ScopeType)

_KNOWN = ("principalArn", "type", "username", "kubernetesGroups", "tags", "associatedAccessPolicies")


@dataclass(frozen=True, slots=True)
class WorldEntry:
    """An access entry of a world file; what its ARN stands for has no id yet."""

    at: Ref
    entry: AccessEntry
    tags: Tags = ()


def read_entries(
    node: Node, cluster: Cluster, spellings: Mapping[str, str], *, bootstrap: bool
) -> tuple[WorldEntry, ...]:
    """Return the entries of a cluster, the creator's among them; every fault is noted.

    ``spellings`` are those of the world's users and roles, each with its ARN. With ``bootstrap`` the
    creator is an administrator, in a mode that has entries and unless the file gives it an entry.
    """
    found: dict[str, WorldEntry] = {}
    for item in node.items():
        one = _read(item, cluster, spellings)
        if one.entry.principal in found:
            item.member("principalArn").fault(
                FaultCode.TWICE, f"`{one.entry.principal}` has an access entry already"
            )
        found[one.entry.principal] = one
    if found and cluster.authentication_mode == "CONFIG_MAP":
        node.fault(FaultCode.CHOICE, "a cluster in mode CONFIG_MAP has no access entries")
    if bootstrap and cluster.authentication_mode != "CONFIG_MAP" and cluster.creator not in found:
        entry = creator_entry(cluster.creator)
        if entry is not None:
            found[cluster.creator] = WorldEntry(node.at, entry)
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
    return tuple(
        put_entry(
            ClusterAccessEntry(
                cluster_arn,
                replace(one.entry, principal_id=ids.get(one.entry.principal, "")),
                _uuid(cluster_arn, one.entry.principal),
                created,
                created,
                one.tags,
                tuple(
                    PolicyAssociation(policy.policy, created, created) for policy in one.entry.policies or ()
                ),
            )
        )
        for one in entries
    )


def put_entry(entry: ClusterAccessEntry) -> Put:
    """Return the event that makes ``entry`` the one of its principal."""
    return Put(Key(Kind.ACCESS_ENTRY, entry.cluster, entry.entry.principal), entry)


def unique_ids(events: Iterable[Event]) -> dict[str, str]:
    """Return the unique ids of the users and roles that ``events`` make, by ARN."""
    made = [event.value for event in events if isinstance(event, Put)]
    users = {str(one.arn): one.user_id for one in made if isinstance(one, User)}
    return users | {str(one.arn): one.role_id for one in made if isinstance(one, Role)}


def _read(node: Node, cluster: Cluster, spellings: Mapping[str, str]) -> WorldEntry:
    node.only(*_KNOWN, required=("principalArn",))
    principal = _principal(node.member("principalArn"), spellings)
    entry_type = _choice(node.member("type"), EntryType.STANDARD)
    groups = tuple(item.text() for item in node.member("kubernetesGroups").items())
    asked = node.member("username").text() if node.has("username") else None
    for problem in faults_of_choice(entry_type, asked, groups):
        node.fault(FaultCode.FORM, problem)
    username, given = asked or "", groups
    if principal and not asked:
        username = default_username(Arn.parse(principal), entry_type)
    policies = tuple(_policy(item, entry_type) for item in node.member("associatedAccessPolicies").items())
    entry = AccessEntry(principal, entry_type, username, given or set_groups(entry_type), "", policies)
    if principal:
        own = replace(entry, username="", groups=())
        for problem in faults_of_entry(own, cluster.account):
            node.member("principalArn").fault(FaultCode.FORM, problem)
    return WorldEntry(node.at, entry, node.member("tags").pairs())


def _choice(node: Node, default: E) -> E:
    """Return a member of the enumeration of ``default``; the default where the fault was noted."""
    known = type(default)
    written = node.one_of(list(known), default)
    return known(written) if written in list(known) else default


def _principal(node: Node, spellings: Mapping[str, str]) -> str:
    written = node.text()
    if written in spellings:
        return spellings[written]
    if written:
        hint = nearest(written, spellings) or "name a user or a role of this file: role/NAME, or its ARN"
        node.fault(FaultCode.REFERENCE, f"there is no user or role `{written[:200]}`", hint)
    return ""


def _policy(node: Node, entry_type: EntryType) -> AssociatedPolicy:
    node.only("policyArn", "accessScope", required=("policyArn",))
    written = node.member("policyArn").text()
    arn = written if written.startswith("arn:") else f"{PREFIX}{written}"
    scope = node.member("accessScope")
    if scope.value is not None:
        scope.only("type", "namespaces", required=("type",))
    found = AssociatedPolicy(
        arn,
        _choice(scope.member("type"), ScopeType.CLUSTER),
        tuple(item.text() for item in scope.member("namespaces").items()),
    )
    if arn not in POLICIES:
        names = [known.removeprefix(PREFIX) for known in POLICIES]
        node.member("policyArn").fault(
            FaultCode.REFERENCE,
            f"EKS has no access policy `{written[:200]}`",
            nearest(written.removeprefix(PREFIX), names),
        )
    elif problem := fault_of_association(entry_type, found):
        node.fault(FaultCode.FORM, problem)
    return found


def _uuid(cluster_arn: str, principal: str) -> str:
    digest = sha256(f"{cluster_arn} {principal}".encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
