"""From aws-auth to access entries: which entries would do the same, and what no entry can do.

Sources: EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"; eksctl,
``utils migrate-to-access-entry``. Differs from eksctl: of several mappings of a principal the last
counts, as the control plane reads them, and a mapping that matches nobody gives nobody an entry.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sekisho.decide.authn.aws_auth import AwsAuth
from sekisho.decide.authn.canonical import canonicalize
from sekisho.decide.authn.entry import Mapping as IdentityMapping
from sekisho.decide.authn.entry import Reading, Section
from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.eks.access_entry import (
    AccessEntry,
    AssociatedPolicy,
    EntryType,
    default_username,
    set_groups,
)
from sekisho.decide.eks.access_policies import CLUSTER_ADMIN, PREFIX
from sekisho.decide.eks.entry_rules import RESERVED_GROUP, faults_of_entry
from sekisho.decide.rbac.model import MASTERS
from sekisho.decide.values import AccountId, Arn

WINDOWS_GROUP = "eks:kube-proxy-windows"
MISSING = ""
"""Stands for the ARN of a principal that IAM does not have."""


class LeftCode(ReasonCode):
    """Why a mapping is left in aws-auth."""

    SYSTEM_GROUP = (
        "migrate.system-group",
        "{principal} is in {group}, and groups of access entries cannot start with system:",
    )
    ACCOUNT = "migrate.account", "everybody of account {account} may log in, and no access entry says that"
    MATCHES_NOBODY = (
        "migrate.matches-nobody",
        "{principal} matches nobody as aws-auth is read; an access entry would let the principal in",
    )
    SHADOWED = "migrate.shadowed", "{principal} is mapped again at {by}, which counts"
    HAS_ENTRY = "migrate.has-entry", "{principal} has an access entry already, which counts"
    NOT_IN_IAM = "migrate.not-in-iam", "{principal} does not exist, and an access entry needs a principal"
    REFUSED = "migrate.refused", "EKS would refuse an access entry of {principal}: {problem}"


@dataclass(frozen=True, slots=True)
class Move:
    """A mapping and the access entry that takes its place."""

    mapping: IdentityMapping
    entry: AccessEntry


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes an access entry, and what is left in aws-auth, each with its reason."""

    moves: tuple[Move, ...]
    left: tuple[Step, ...]

    @property
    def loses_nothing_in_api(self) -> bool:
        """Whether nothing that is left counts: in mode API aws-auth is not read."""
        harmless = {LeftCode.MATCHES_NOBODY, LeftCode.SHADOWED, LeftCode.HAS_ENTRY, LeftCode.NOT_IN_IAM}
        return all(step.code in harmless for step in self.left)


def plan(
    auth: AwsAuth,
    cluster_account: AccountId | None,
    existing: Collection[str] = (),
    in_iam: Mapping[str, str] | None = None,
) -> Plan:
    """Return the plan for what ``auth`` maps. Total.

    Args:
        auth: aws-auth as the control plane reads it.
        cluster_account: the account of the cluster, which roles of nodes must be of; None if not known.
        existing: ARNs of principals that have an access entry.
        in_iam: canonical ARN (lower case) to the ARN that IAM has, with its path, or `MISSING`; what is
            not in it was not looked up and is taken as it is written.
    """
    entries = {Reading.CANONICAL.key(arn) for arn in existing}
    winners = {one.key: one for one in (*auth.users, *auth.roles) if one.key}
    moves: list[Move] = []
    left: list[Step] = []
    for mapping in auth.mappings:
        reason = _left(mapping, winners, entries)
        if reason is None:
            found = _moved(mapping, cluster_account, in_iam or {})
            if isinstance(found, Move):
                moves.append(found)
                continue
            reason = found
        left.append(reason)
    left += [Step(LeftCode.ACCOUNT, rule.at, (("account", rule.account),)) for rule in auth.accounts]
    return Plan(tuple(moves), tuple(left))


def _left(
    mapping: IdentityMapping, winners: Mapping[str, IdentityMapping], entries: Collection[str]
) -> Step | None:
    facts = (("principal", mapping.principal),)
    if not mapping.key or mapping.key != Reading.CANONICAL.key(mapping.arn):  # a role path, a session
        return Step(LeftCode.MATCHES_NOBODY, mapping.at, facts)
    winner = winners[mapping.key]
    if winner is not mapping:
        return Step(LeftCode.SHADOWED, mapping.at, (*facts, ("by", str(winner.at))))
    return Step(LeftCode.HAS_ENTRY, mapping.at, facts) if mapping.key in entries else None


def _moved(
    mapping: IdentityMapping, cluster_account: AccountId | None, in_iam: Mapping[str, str]
) -> Move | Step:
    facts = (("principal", mapping.principal),)
    arn = in_iam.get(mapping.key, mapping.arn)
    if arn == MISSING:
        return Step(LeftCode.NOT_IN_IAM, mapping.at, facts)
    entry = _node_entry(mapping, arn) or _standard_entry(mapping, arn)
    if entry is None:
        group = next(one for one in mapping.groups if one.startswith(RESERVED_GROUP) and one != MASTERS)
        return Step(LeftCode.SYSTEM_GROUP, mapping.at, (*facts, ("group", group)))
    account = cluster_account or AccountId(canonicalize(arn).arn.account)
    problem = next(faults_of_entry(entry, account), None)
    if problem is not None:
        return Step(LeftCode.REFUSED, mapping.at, (*facts, ("problem", problem)))
    return Move(mapping, entry)


def _node_entry(mapping: IdentityMapping, arn: str) -> AccessEntry | None:
    """Return the entry of nodes, if the mapping is one of theirs; EKS sets its user name and groups."""
    if mapping.section is not Section.ROLES or "system:nodes" not in mapping.groups:
        return None
    for kind in _node_types(mapping):
        if mapping.username == default_username(Arn.parse(arn), kind):
            return AccessEntry(arn, kind, mapping.username, set_groups(kind))
    return None


def _node_types(mapping: IdentityMapping) -> Iterator[EntryType]:
    yield EntryType.EC2_WINDOWS if WINDOWS_GROUP in mapping.groups else EntryType.EC2_LINUX
    yield EntryType.FARGATE_LINUX


def _standard_entry(mapping: IdentityMapping, arn: str) -> AccessEntry | None:
    """Return the entry of a person; None if a group of the system has no access policy that equals it."""
    groups = tuple(group for group in mapping.groups if group != MASTERS)
    if any(group.startswith(RESERVED_GROUP) for group in groups):
        return None
    policies = (AssociatedPolicy(f"{PREFIX}{CLUSTER_ADMIN}"),) if MASTERS in mapping.groups else ()
    username = mapping.username or default_username(Arn.parse(arn), EntryType.STANDARD)
    return AccessEntry(arn, EntryType.STANDARD, username, groups, "", policies)
