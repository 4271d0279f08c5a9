"""From a world file to facts: what AWS adds when it makes an object is given, not invented here."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.values import Instant
from sekisho.facts.manifest import Manifest, put_manifest
from sekisho.facts.model import Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.facts.node_manifest import node_manifest
from sekisho.facts.policy_documents import trusted_arns
from sekisho.facts.snapshot import Event, Key, Kind, Put
from sekisho.facts.world_clusters import WorldCluster
from sekisho.facts.world_entries import entry_events, unique_ids
from sekisho.facts.world_file import WorldFile


class Ids(Protocol):
    """Where unique ids come from."""

    def unique_id(self, prefix: str) -> str:
        """Return an IAM unique id that starts with ``prefix`` (``AIDA``, ``AROA``, ``AGPA``, ``ANPA``)."""


class UnknownIds:
    """For questions about a file: the ids that AWS would give are not known."""

    def unique_id(self, prefix: str) -> str:
        """Return the prefix alone: no real id is as short."""
        return prefix


def account_events(world: WorldFile, ids: Ids, created: Instant) -> tuple[Event, ...]:
    """Return the accounts with their users, groups, roles and policies, as made at ``created``.

    Access keys are not among them: whoever keeps their secrets makes them (``world.keys``).
    """
    users = tuple(replace(one, user_id=ids.unique_id("AIDA"), created=created) for one in world.users)
    groups = tuple(replace(one, group_id=ids.unique_id("AGPA"), created=created) for one in world.groups)
    roles = tuple(replace(one, role_id=ids.unique_id("AROA"), created=created) for one in world.roles)
    policies = tuple(_policy(one, ids, created) for one in world.policies)
    # An id that nobody gave yet cannot differ from the one that a trust policy was saved with.
    known = {
        **{str(user.arn): user.user_id for user in users if user.user_id != "AIDA"},
        **{str(role.arn): role.role_id for role in roles if role.role_id != "AROA"},
    }
    accounts = tuple(Put(Key(Kind.ACCOUNT, "", one.account), one) for one in world.accounts)
    trusting = (replace(role, trusted_ids=_trusted(role, known)) for role in roles)
    return (
        *accounts,
        *(Put(Key(Kind.POLICY, one.account, str(one.arn)), one) for one in policies),
        *(_put(Kind.GROUP, group) for group in groups),
        *(_put(Kind.USER, user) for user in users),
        *(_put(Kind.ROLE, role) for role in trusting),
    )


def cluster_events(found: WorldCluster, accounts: Iterable[Event], created: Instant) -> tuple[Event, ...]:
    """Return a cluster without endpoint, authority and issuer, which the file does not say, and its entries.

    ``accounts`` are the events that make the users and roles, which have the ids that entries pin.
    """
    cluster = replace(found.cluster, created=created)
    return (
        Put(Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name), cluster),
        *entry_events(str(cluster.arn), found.entries, unique_ids(accounts), created),
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
    return tuple(put_manifest(arn, one) for one in (*default_manifests(), *manifests(found, created)))


def _put(kind: Kind, entity: User | Group | Role) -> Put:
    return Put(Key(kind, entity.account, entity.name), entity)


def _policy(policy: ManagedPolicy, ids: Ids, created: Instant) -> ManagedPolicy:
    versions = tuple(PolicyVersion(one.version, one.text, created) for one in policy.versions)
    policy_id = ids.unique_id("ANPA")
    return replace(policy, policy_id=policy_id, created=created, updated=created, versions=versions)


def _trusted(role: Role, known: dict[str, str]) -> tuple[tuple[str, str], ...]:
    named = dict.fromkeys(name for _, name in trusted_arns(role.trust))
    return tuple((name, known[name]) for name in named if name in known)
