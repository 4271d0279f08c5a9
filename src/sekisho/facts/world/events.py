"""From a world file to facts: what AWS adds when it makes an object is given, not invented here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.values import Instant
from sekisho.facts.cluster_providers import put_provider
from sekisho.facts.keys import Key, Kind
from sekisho.facts.manifest import Manifest, put_manifest
from sekisho.facts.model import Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.facts.node_manifest import node_manifest
from sekisho.facts.policy_documents import trusted_arns
from sekisho.facts.snapshot import Event, Put
from sekisho.facts.world.associations import association_events
from sekisho.facts.world.clusters import WorldCluster
from sekisho.facts.world.content import UNDATED
from sekisho.facts.world.entries import entry_events, unique_ids
from sekisho.facts.world.file import WorldFile
from sekisho.facts.world.organizations import STAND_IN, WorldOrganization
from sekisho.facts.world.stacks import stack_put


class Ids(Protocol):
    """Where unique ids come from."""

    def unique_id(self, prefix: str) -> str:
        """Return an IAM unique id that starts with ``prefix``, such as ``AIDA`` for a user."""

    def organizations_id(self, prefix: str, stand_in: str) -> str:
        """Return an id that starts with ``prefix`` (``o-``, ``r-``, ``ou-ROOT-``, ``p-``) for a stand-in."""


class UnknownIds:
    """For questions about a file: the ids that AWS would give are not known."""

    def unique_id(self, prefix: str) -> str:
        """Return the prefix alone: no real id is as short."""
        return prefix

    def organizations_id(self, prefix: str, stand_in: str) -> str:
        """Return the stand-in: it is no real id, and still tells one thing from another."""
        del prefix
        return stand_in


def account_events(world: WorldFile, ids: Ids, created: Instant) -> tuple[Event, ...]:
    """Return the accounts with their users, groups, roles and policies, as made at ``created``.

    Access keys are not among them: whoever keeps their secrets makes them (``world.keys``).
    """
    users = tuple(
        replace(one, user_id=one.user_id or ids.unique_id("AIDA"), created=_date(one.created, created))
        for one in world.users
    )
    groups = tuple(
        replace(one, group_id=one.group_id or ids.unique_id("AGPA"), created=_date(one.created, created))
        for one in world.groups
    )
    roles = tuple(
        replace(one, role_id=one.role_id or ids.unique_id("AROA"), created=_date(one.created, created))
        for one in world.roles
    )
    policies = tuple(_policy(one, ids, created) for one in world.policies)
    # An id that nobody gave yet cannot differ from the one that a trust policy was saved with.
    known = {
        **{str(user.arn): user.user_id for user in users if user.user_id != "AIDA"},
        **{str(role.arn): role.role_id for role in roles if role.role_id != "AROA"},
    }
    providers = (replace(one, created=_date(one.created, created)) for one in world.providers)
    profiles = (
        replace(one, profile_id=one.profile_id or ids.unique_id("AIPA"), created=_date(one.created, created))
        for one in world.profiles
    )
    accounts = tuple(Put(Key(Kind.ACCOUNT, "", one.account), one) for one in world.accounts)
    trusting = (
        role
        if str(role.arn) in world.told_trust
        else replace(role, trusted_ids=trusted_today(role.trust, known))
        for role in roles
    )
    return (
        *accounts,
        *(Put(Key(Kind.POLICY, one.account, str(one.arn)), one) for one in policies),
        *(_put(Kind.GROUP, group) for group in groups),
        *(_put(Kind.USER, user) for user in users),
        *(_put(Kind.ROLE, role) for role in trusting),
        *(Put(Key(Kind.OIDC_PROVIDER, one.account, str(one.arn)), one) for one in providers),
        *(Put(Key(Kind.INSTANCE_PROFILE, one.account, one.name), one) for one in profiles),
        *(stack_put(one, created) for one in world.stacks),
        *(event for found in world.organizations for event in organization_events(found, ids, created)),
    )


def organization_events(found: WorldOrganization, ids: Ids, created: Instant) -> tuple[Event, ...]:
    """Return an organization with its tree, its policies and its members, with ids for the stand-ins."""
    given = found.organization
    whole = _real(ids, "o-", given.organization)
    root = _real(ids, "r-", given.root)
    unit_prefix = f"ou-{root.removeprefix('r-')}-"
    real = {given.root: root}
    real |= {one.unit: _real(ids, unit_prefix, one.unit) for one in found.units}
    real |= {one.policy: _real(ids, "p-", one.policy) for one in found.policies}

    def attached(policies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(real.get(policy, policy) for policy in policies)

    organization = replace(
        given,
        organization=whole,
        root=root,
        created=_date(given.created, created),
        attached=attached(given.attached),
    )
    units = (
        replace(
            one,
            organization=whole,
            unit=real[one.unit],
            parent=real[one.parent],
            attached=attached(one.attached),
        )
        for one in found.units
    )
    members = (
        replace(
            one,
            organization=whole,
            parent=real[one.parent],
            joined=_date(one.joined, created),
            attached=attached(one.attached),
        )
        for one in found.members
    )
    policies = (replace(one, organization=whole, policy=real[one.policy]) for one in found.policies)
    creations = (
        replace(one, organization=whole, requested=_date(one.requested, created)) for one in found.creations
    )
    return (
        Put(Key(Kind.ORGANIZATION, "", whole), organization),
        *(Put(Key(Kind.ORGANIZATIONAL_UNIT, whole, one.unit), one) for one in units),
        *(Put(Key(Kind.ORGANIZATION_ACCOUNT, "", one.account), one) for one in members),
        *(Put(Key(Kind.ORGANIZATION_POLICY, whole, one.policy), one) for one in policies),
        *(Put(Key(Kind.ACCOUNT_CREATION, whole, one.request), one) for one in creations),
    )


def cluster_events(found: WorldCluster, accounts: Iterable[Event], created: Instant) -> tuple[Event, ...]:
    """Return a cluster without endpoint and authority, which the file does not say, and what EKS keeps of it.

    ``accounts`` are the events that make the users and roles, which have the ids that entries pin.
    """
    cluster = replace(found.cluster, created=_date(found.cluster.created, created))
    return (
        Put(Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name), cluster),
        *entry_events(str(cluster.arn), found.entries, unique_ids(accounts), created),
        *association_events(found.associations, created),
        *(put_provider(one) for one in found.providers),
    )


def events(world: WorldFile, ids: Ids, created: Instant) -> tuple[Event, ...]:
    """Return accounts and clusters, without what the clusters hold (`manifests`)."""
    accounts = account_events(world, ids, created)
    clusters = (event for found in world.clusters for event in cluster_events(found, accounts, created))
    return (*accounts, *clusters)


def manifests(found: WorldCluster, created: Instant) -> tuple[Manifest, ...]:
    """Return the Kubernetes objects that the file puts into a cluster: aws-auth, nodes, manifests."""
    nodes = (Manifest(node_manifest(node, found.cluster, created), node.at) for node in found.nodes)
    own = () if found.aws_auth is None else (found.aws_auth,)
    return (*own, *nodes, *found.manifests)


def default_manifests() -> tuple[Manifest, ...]:
    """Return the RBAC objects that every new EKS cluster holds; they stand in no file."""
    return tuple(Manifest(body, None) for body in default_objects())


def kube_events(found: WorldCluster, created: Instant) -> tuple[Event, ...]:
    """Return all objects of a cluster as facts: those of every new cluster, then the file's."""
    arn = str(found.cluster.arn)
    stock = (one for one in default_manifests() if one.key(arn) not in found.absent)
    return tuple(put_manifest(arn, one) for one in (*stock, *manifests(found, created)))


def _put(kind: Kind, entity: User | Group | Role) -> Put:
    return Put(Key(kind, entity.account, entity.name), entity)


def trusted_today(trust: str, known: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the ids of those whom a trust policy names; ``known`` are ids by ARN."""
    named = dict.fromkeys(name for _, name in trusted_arns(trust))
    return tuple((name, known[name]) for name in named if name in known)


def _policy(policy: ManagedPolicy, ids: Ids, created: Instant) -> ManagedPolicy:
    made = _date(policy.created, created)
    versions = tuple(
        PolicyVersion(one.version, one.text, _date(one.created, made)) for one in policy.versions
    )
    return replace(
        policy,
        policy_id=policy.policy_id or ids.unique_id("ANPA"),
        created=made,
        updated=_date(policy.updated, made),
        versions=versions,
    )


def _date(given: Instant, otherwise: Instant) -> Instant:
    return otherwise if given == UNDATED else given


def _real(ids: Ids, prefix: str, id_: str) -> str:
    return ids.organizations_id(prefix, id_) if STAND_IN in id_ else id_
