"""The Snapshot: every known fact under one key, and what could not be read.

Snapshots are immutable. A change is a list of events; `Snapshot.applied` returns
the Snapshot after them and shares everything that did not change, so whoever holds
an older one keeps a consistent view for as long as it needs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from sekisho.decide.values import Json
from sekisho.facts.cluster_access import ClusterAccessEntry, ClusterFact, ClusterUpdate
from sekisho.facts.iam_model import InstanceProfile, LoginProfile, MfaDevice, RoleDeletion
from sekisho.facts.keys import Key, Kind, kube_scope
from sekisho.facts.model import (
    Account,
    AccountCreation,
    Cluster,
    Group,
    IssuedSession,
    ManagedPolicy,
    OpenIdConnectProvider,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    Role,
    User,
    UserAccessKey,
)
from sekisho.facts.pool_model import (
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
)
from sekisho.facts.stack_model import StackFact

Fact = (
    Account
    | User
    | UserAccessKey
    | IssuedSession
    | Group
    | Role
    | ManagedPolicy
    | OpenIdConnectProvider
    | MfaDevice
    | LoginProfile
    | InstanceProfile
    | RoleDeletion
    | Cluster
    | ClusterFact
    | Organization
    | OrganizationalUnit
    | OrganizationAccount
    | OrganizationPolicy
    | AccountCreation
    | UserPool
    | UserPoolClient
    | UserPoolDomain
    | UserPoolGroup
    | UserPoolUser
    | StackFact
    | Mapping[str, Json]
)
F = TypeVar(
    "F",
    Account,
    User,
    UserAccessKey,
    IssuedSession,
    Group,
    Role,
    ManagedPolicy,
    OpenIdConnectProvider,
    Cluster,
    ClusterAccessEntry,
    ClusterUpdate,
    Organization,
    OrganizationalUnit,
    OrganizationAccount,
    OrganizationPolicy,
    AccountCreation,
)


@dataclass(frozen=True, slots=True)
class Put:
    """The fact under ``key`` is now ``value``."""

    key: Key
    value: Fact


@dataclass(frozen=True, slots=True)
class Delete:
    """There is no fact under ``key`` any more."""

    key: Key


Event = Put | Delete


@dataclass(frozen=True, slots=True)
class Gap:
    """A scope that was not read, and why. Questions that depend on it are UNKNOWN, never "no".

    For ``Kind.ROLE`` the scope may be a role's ARN: its policies were not read.
    """

    kind: Kind
    scope: str
    reason: str


_Scope = Mapping[str, Fact]
_EMPTY: _Scope = MappingProxyType({})


class Snapshot:
    """An immutable set of facts with its gaps."""

    __slots__ = ("_scopes", "gaps")

    def __init__(self, events: Iterable[Event] = (), gaps: Iterable[Gap] = ()) -> None:
        self._scopes: Mapping[tuple[Kind, str], _Scope] = {}
        self.gaps: tuple[Gap, ...] = tuple(gaps)
        self._scopes = self.applied(events)._scopes

    def applied(self, events: Iterable[Event]) -> "Snapshot":
        """Return the Snapshot after ``events``, in order. Deleting what is not there changes nothing."""
        scopes = dict(self._scopes)
        copied: dict[tuple[Kind, str], dict[str, Fact]] = {}
        for event in events:
            place = (event.key.kind, event.key.scope)
            scope = copied.get(place)
            if scope is None:
                scope = copied[place] = dict(scopes.get(place, _EMPTY))
                scopes[place] = scope
            if isinstance(event, Put):
                scope[event.key.name] = event.value
            else:
                scope.pop(event.key.name, None)
        after = object.__new__(Snapshot)
        after._scopes = scopes
        after.gaps = self.gaps
        return after

    def get(self, key: Key) -> Fact | None:
        """Return the fact under ``key``, or None if absent; ask `gap` whether that means "no"."""
        return self._scopes.get((key.kind, key.scope), _EMPTY).get(key.name)

    def scope(self, kind: Kind, scope: str) -> Mapping[str, Fact]:
        """Return the facts of one scope by name, in the order they came to be known."""
        return self._scopes.get((kind, scope), _EMPTY)

    def scopes(self, kind: Kind) -> tuple[str, ...]:
        """Return the scopes of ``kind`` that hold a fact, sorted."""
        return tuple(
            sorted(scope for found, scope in self._scopes if found is kind and self._scopes[found, scope])
        )

    def gap(self, kind: Kind, scope: str) -> Gap | None:
        """Return the gap that covers a scope, or None if the scope was read."""
        return next((gap for gap in self.gaps if gap.kind is kind and gap.scope == scope), None)

    def items(self) -> Iterator[tuple[Key, Fact]]:
        """Yield every fact with its key."""
        for (kind, scope), facts in self._scopes.items():
            for name, fact in facts.items():
                yield Key(kind, scope, name), fact

    def _typed(self, kind: Kind, scope: str, name: str, type_: type[F]) -> F | None:
        fact = self._scopes.get((kind, scope), _EMPTY).get(name)
        return fact if isinstance(fact, type_) else None

    def _all(self, kind: Kind, scope: str, type_: type[F]) -> tuple[F, ...]:
        facts = self._scopes.get((kind, scope), _EMPTY).values()
        return tuple(fact for fact in facts if isinstance(fact, type_))

    def user(self, account: str, name: str) -> User | None:
        """Return a user by name."""
        return self._typed(Kind.USER, account, name, User)

    def role(self, account: str, name: str) -> Role | None:
        """Return a role by name (without its path)."""
        return self._typed(Kind.ROLE, account, name, Role)

    def group(self, account: str, name: str) -> Group | None:
        """Return a group by name."""
        return self._typed(Kind.GROUP, account, name, Group)

    def oidc_provider(self, account: str, arn: str) -> OpenIdConnectProvider | None:
        """Return an OIDC provider by ARN."""
        return self._typed(Kind.OIDC_PROVIDER, account, arn, OpenIdConnectProvider)

    def users(self, account: str) -> tuple[User, ...]:
        """Return the users of an account."""
        return self._all(Kind.USER, account, User)

    def groups(self, account: str) -> tuple[Group, ...]:
        """Return the groups of an account."""
        return self._all(Kind.GROUP, account, Group)

    def roles(self, account: str) -> tuple[Role, ...]:
        """Return the roles of an account."""
        return self._all(Kind.ROLE, account, Role)

    def policies(self, account: str) -> tuple[ManagedPolicy, ...]:
        """Return the customer managed policies of an account."""
        return self._all(Kind.POLICY, account, ManagedPolicy)

    def oidc_providers(self, account: str) -> tuple[OpenIdConnectProvider, ...]:
        """Return the OIDC providers of an account."""
        return self._all(Kind.OIDC_PROVIDER, account, OpenIdConnectProvider)

    def access_keys(self, account: str, user: str) -> tuple[UserAccessKey, ...]:
        """Return the access keys of a user; of the root user if ``user`` is empty."""
        keys = self._all(Kind.ACCESS_KEY, "", UserAccessKey)
        return tuple(key for key in keys if key.account == account and key.user == user)

    def policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """Return a customer managed policy by ARN."""
        return self._typed(Kind.POLICY, account, arn, ManagedPolicy)

    def access_key(self, key_id: str) -> UserAccessKey | None:
        """Return an access key by id."""
        return self._typed(Kind.ACCESS_KEY, "", key_id, UserAccessKey)

    def session(self, key_id: str) -> IssuedSession | None:
        """Return temporary credentials by their access key id, expired ones too."""
        return self._typed(Kind.SESSION, "", key_id, IssuedSession)

    def sessions(self) -> tuple[IssuedSession, ...]:
        """Return all temporary credentials that are remembered."""
        return self._all(Kind.SESSION, "", IssuedSession)

    def accounts(self) -> tuple[Account, ...]:
        """Return every account, in the order they came to be known."""
        return self._all(Kind.ACCOUNT, "", Account)

    def account(self, account: str) -> Account | None:
        """Return an account by id."""
        return self._typed(Kind.ACCOUNT, "", account, Account)

    def organization(self, organization: str) -> Organization | None:
        """Return an organization by id."""
        return self._typed(Kind.ORGANIZATION, "", organization, Organization)

    def organizational_unit(self, organization: str, unit: str) -> OrganizationalUnit | None:
        """Return an organizational unit by id."""
        return self._typed(Kind.ORGANIZATIONAL_UNIT, organization, unit, OrganizationalUnit)

    def organizational_units(self, organization: str) -> tuple[OrganizationalUnit, ...]:
        """Return the organizational units of an organization, at any depth."""
        return self._all(Kind.ORGANIZATIONAL_UNIT, organization, OrganizationalUnit)

    def organization_account(self, account: str) -> OrganizationAccount | None:
        """Return the membership of an account, or None where it is in no organization."""
        return self._typed(Kind.ORGANIZATION_ACCOUNT, "", account, OrganizationAccount)

    def organization_accounts(self, organization: str) -> tuple[OrganizationAccount, ...]:
        """Return the memberships of an organization, its management account's included."""
        members = self._all(Kind.ORGANIZATION_ACCOUNT, "", OrganizationAccount)
        return tuple(member for member in members if member.organization == organization)

    def organization_policy(self, organization: str, policy: str) -> OrganizationPolicy | None:
        """Return an organization's own policy by id."""
        return self._typed(Kind.ORGANIZATION_POLICY, organization, policy, OrganizationPolicy)

    def organization_policies(self, organization: str) -> tuple[OrganizationPolicy, ...]:
        """Return an organization's own policies, of both types."""
        return self._all(Kind.ORGANIZATION_POLICY, organization, OrganizationPolicy)

    def account_creation(self, organization: str, request: str) -> AccountCreation | None:
        """Return what became of a request to create an account."""
        return self._typed(Kind.ACCOUNT_CREATION, organization, request, AccountCreation)

    def account_creations(self, organization: str) -> tuple[AccountCreation, ...]:
        """Return the requests to create accounts of an organization."""
        return self._all(Kind.ACCOUNT_CREATION, organization, AccountCreation)

    def cluster(self, account: str, region: str, name: str) -> Cluster | None:
        """Return a cluster by account, region and name."""
        return self._typed(Kind.CLUSTER, f"{account}/{region}", name, Cluster)

    def clusters(self) -> tuple[Cluster, ...]:
        """Return every cluster, by scope and in the order they came to be known."""
        return tuple(
            fact
            for scope in self.scopes(Kind.CLUSTER)
            for fact in self.scope(Kind.CLUSTER, scope).values()
            if isinstance(fact, Cluster)
        )

    def access_entry(self, cluster_arn: str, principal: str) -> ClusterAccessEntry | None:
        """Return the access entry of a principal by its ARN."""
        return self._typed(Kind.ACCESS_ENTRY, cluster_arn, principal, ClusterAccessEntry)

    def access_entries(self, cluster_arn: str) -> tuple[ClusterAccessEntry, ...]:
        """Return the access entries of a cluster."""
        return self._all(Kind.ACCESS_ENTRY, cluster_arn, ClusterAccessEntry)

    def cluster_updates(self, cluster_arn: str) -> tuple[ClusterUpdate, ...]:
        """Return the updates of a cluster, the oldest first."""
        return self._all(Kind.CLUSTER_UPDATE, cluster_arn, ClusterUpdate)

    def kube(self, key: Key) -> Mapping[str, Json] | None:
        """Return a Kubernetes object by its key."""
        fact = self.get(key)
        return fact if isinstance(fact, Mapping) else None

    def kube_objects(self, cluster_arn: str, group: str, resource: str) -> tuple[Mapping[str, Json], ...]:
        """Return the objects of one resource type in a cluster."""
        facts = self.scope(Kind.KUBE, kube_scope(cluster_arn, group, resource)).values()
        return tuple(fact for fact in facts if isinstance(fact, Mapping))
