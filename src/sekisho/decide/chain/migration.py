"""Who gains and who loses access if aws-auth becomes access entries, asked of the engine itself.

Every principal that is known by name is taken to the cluster as it is and as it would be, by the
same chain that decides about requests; what it may do there is compared rule by rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sekisho.decide.authn.aws_auth import CONFIG_MAP, AwsAuth
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.canonical import ArnError, ArnKind, canonical_mapping
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.chain.person_to_cluster import user_of
from sekisho.decide.decision import Outcome, ReasonCode, Step
from sekisho.decide.eks.access_entry import AccessEntry, ScopeType
from sekisho.decide.eks.access_policies import CLUSTER_ADMIN
from sekisho.decide.eks.entry_book import NO_ENTRIES, EntryBook, book_of
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Rule
from sekisho.decide.values import KubeUser, Ref

_INSTANCE = "i-0123456789abcdef0"
_PRIVATE_DNS = {_INSTANCE: "ip-192-0-2-1.ec2.internal"}
"""An instance that stands for any: a session of its name can be a person's and a node's."""

_EVERYTHING = frozenset({"everything"})

Right = tuple[str, Rule] | tuple[str, str, tuple[str, ...]] | str
"""A rule in a namespace (empty: the whole cluster); an access policy in its scope; everything."""


class AccessCode(ReasonCode):
    """What a migration does to one principal."""

    KEEPS = "migrate.keeps", "{principal} keeps its access as user `{after}`"
    RENAMED = (
        "migrate.renamed",
        "{principal} keeps its access and becomes user `{after}` instead of `{before}`",
    )
    STAYS_OUT = "migrate.stays-out", "{principal} is let in neither before nor after"
    GAINS = "migrate.gains", "{principal} gains access: {gained}"
    LOSES = "migrate.loses", "{principal} loses access: {lost}"
    UNSURE = "migrate.unsure", "what becomes of {principal} cannot be told: {problem}"


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster before or after; answers `ClusterFacts`."""

    name: str
    at: Ref
    authentication_mode: str
    creator: str | None
    backends: Sequence[Backend]
    entries: EntryBook
    rbac: Index | None
    nodes: NodeGraph | None = None
    version: str = ""


def state_of(
    name: str,
    mode: str,
    creator: str | None,
    auth: AwsAuth,
    entries: Iterable[AccessEntry],
    rbac: Index | None,
) -> ClusterState:
    """Return a cluster in ``mode`` with what aws-auth maps and with access entries. Total."""
    at = Ref(f"cluster/{name}")
    book = NO_ENTRIES if mode == "CONFIG_MAP" else book_of(at.child("accessEntries"), entries)
    config_map = Backend.from_aws_auth(auth, Ref(CONFIG_MAP.document))
    sources = {"CONFIG_MAP": (config_map,), "API": (book.backend,)}
    return ClusterState(name, at, mode, creator, sources.get(mode, (book.backend, config_map)), book, rbac)


def effect(principal: str, before: ClusterState, after: ClusterState) -> Step:
    """Return what the change does to the user or role ``principal``. Total.

    Everything that a member of ``system:masters`` may do is what AmazonEKSClusterAdminPolicy allows.
    """
    at = before.at.child(principal)
    identity = _identity(principal)
    if identity is None:
        return Step(AccessCode.STAYS_OUT, at, (("principal", principal),))
    had, has = _seen(identity, before), _seen(identity, after)
    facts: dict[str, str] = {"principal": principal}
    if isinstance(had, str) or isinstance(has, str):
        problem = had if isinstance(had, str) else str(has)
        return Step(AccessCode.UNSURE, at, (*facts.items(), ("problem", problem)))
    if had is None and has is None:
        return Step(AccessCode.STAYS_OUT, at, tuple(facts.items()))
    facts |= {"before": _name(had), "after": _name(has)}
    rights, left = _rights(had, before), _rights(has, after)
    if rights is None or left is None:
        same = (had is None) == (has is None) and _groups(had) == _groups(has)
        if not same:
            problem = "the RBAC objects of the cluster were not read"
            return Step(AccessCode.UNSURE, at, (*facts.items(), ("problem", problem)))
    else:
        lost = frozenset() if left == _EVERYTHING else rights - left
        gained = frozenset() if rights == _EVERYTHING else left - rights
        facts |= {"lost": _shown(lost, had, has), "gained": _shown(gained, has, had)}
        if lost or (had is not None and has is None):
            return Step(AccessCode.LOSES, at, tuple(facts.items()))
        if gained or (had is None and has is not None):
            return Step(AccessCode.GAINS, at, tuple(facts.items()))
    renamed = facts["before"] != facts["after"]
    return Step(AccessCode.RENAMED if renamed else AccessCode.KEEPS, at, tuple(facts.items()))


def _identity(principal: str) -> StsIdentity | None:
    """Return a caller who is ``principal``; None if nobody can be."""
    try:
        found = canonical_mapping(principal)
    except ArnError:
        return None
    account = found.arn.account
    if found.kind in (ArnKind.ROLE, ArnKind.ASSUMED_ROLE):
        arn = f"arn:{found.arn.partition}:sts::{account}:assumed-role/{found.name}/{_INSTANCE}"
        return identity_of(arn, f"AROA:{_INSTANCE}", account)
    return identity_of(str(found.arn), "AIDA", account)


def _seen(identity: StsIdentity, state: ClusterState) -> KubeUser | str | None:
    """Return the user that the cluster sees, None for nobody, a sentence where that cannot be told."""
    decision = user_of(identity, state, private_dns=_PRIVATE_DNS)
    return decision.sentence() if decision.outcome is Outcome.UNKNOWN else decision.value


def _rights(user: KubeUser | None, state: ClusterState) -> frozenset[Right] | None:
    """Return everything that a user may do, in a form that can be compared; None if RBAC was not read."""
    if user is None:
        return frozenset()
    if MASTERS in user.groups:
        return _EVERYTHING
    found: set[Right] = set()
    placed = state.entries.entry_of(user)
    for policy in (placed.entry.policies or ()) if placed is not None else ():
        if policy.name == CLUSTER_ADMIN and policy.scope is ScopeType.CLUSTER:
            return _EVERYTHING
        found.add((policy.name, str(policy.scope), policy.namespaces))
    if state.rbac is None:
        return None
    for scope in dict.fromkeys(("", *state.rbac.scopes)):
        for grant in state.rbac.grants_for(user, scope):
            role = state.rbac.role_of(grant.binding)
            found |= {(grant.scope, rule) for rule in (role.rules if role is not None else ())}
    return frozenset(found)


def _shown(rights: frozenset[Right], whose: KubeUser | None, others: KubeUser | None) -> str:
    """Say which groups make the difference, and how much it is."""
    groups = ", ".join(group for group in _groups(whose) if group not in _groups(others))
    count = "everything" if rights == _EVERYTHING else f"{len(rights)} rules"
    by = f" by the groups {groups}" if groups else ""
    return f"{count}{by}" if rights else f"the login as `{_name(whose)}`"


def _groups(user: KubeUser | None) -> tuple[str, ...]:
    return () if user is None else user.groups


def _name(user: KubeUser | None) -> str:
    return "" if user is None else user.name
