"""The objects of RBAC as frozen values (rbac.authorization.k8s.io/v1).

A cluster-wide object and a namespaced one differ only in ``namespace``: ``""`` is a
ClusterRole or ClusterRoleBinding.
"""

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from sekisho.decide.values import KubeUser, Ref

MASTERS = "system:masters"
"""The group that is allowed everything before RBAC is asked; no binding can revoke it."""

_SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"


class ObjectKey(NamedTuple):
    """What names an object among those of its kind; ``namespace`` is ``""`` cluster-wide."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One PolicyRule. Rules with the same content are equal wherever they stand."""

    at: Ref = field(compare=False)
    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One match expression of a label selector; ``matchLabels`` is ``In`` with one value."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def accepts(self, labels: tuple[tuple[str, str], ...]) -> bool:
        """Whether the labels satisfy the requirement (apimachinery ``labels.Requirement.Matches``)."""
        value = dict(labels).get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case _:  # INVARIANT: the parser accepts four operators; this is DoesNotExist
                return value is None


LabelSelector = tuple[Requirement, ...]
"""Requirements that must all hold; an empty selector selects everything."""


@dataclass(frozen=True, slots=True)
class Role:
    """A Role or ClusterRole. ``aggregation`` is None without an aggregationRule; its selectors are ORed."""

    at: Ref = field(compare=False)
    key: ObjectKey
    rules: tuple[Rule, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    aggregation: tuple[LabelSelector, ...] | None = None

    def __str__(self) -> str:
        kind = "Role" if self.key.namespace else "ClusterRole"
        return f"{kind} {quoted(self.key.name)}"


@dataclass(frozen=True, slots=True)
class RoleRef:
    """The role that a binding grants, by kind and name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a binding grants to. Any ``kind`` can be written; only three ever match."""

    at: Ref = field(compare=False)
    kind: str
    name: str
    namespace: str = ""

    def names(self, user: KubeUser, binding_namespace: str) -> bool:
        """Whether the subject names the user (kubernetes ``rbac/validation/rule.go``, appliesTo)."""
        match self.kind:
            case "User":
                return user.name == self.name
            case "Group":
                return self.name in user.groups
            case "ServiceAccount":
                return user.name == self.username(binding_namespace)
        return False

    def username(self, binding_namespace: str) -> str | None:
        """The user name that a User or ServiceAccount subject stands for.

        None for groups, unknown kinds, and a service account without a namespace in a
        ClusterRoleBinding, which matches nobody.
        """
        if self.kind == "User":
            return self.name
        namespace = self.namespace or binding_namespace
        if self.kind == "ServiceAccount" and namespace:
            return f"{_SERVICE_ACCOUNT_PREFIX}{namespace}:{self.name}"
        return None

    def described(self, binding_namespace: str) -> str:
        """Render the subject the way Kubernetes' reasons do: ``ServiceAccount "name/namespace"``."""
        if self.kind != "ServiceAccount":
            return f"{self.kind} {quoted(self.name)}"
        namespace = self.namespace or binding_namespace
        return f"{self.kind} {quoted(f'{self.name}/{namespace}')}"


@dataclass(frozen=True, slots=True)
class Binding:
    """A RoleBinding or ClusterRoleBinding."""

    at: Ref = field(compare=False)
    key: ObjectKey
    role: RoleRef
    subjects: tuple[Subject, ...] = ()

    @property
    def role_key(self) -> ObjectKey | None:
        """The role that is granted; None if no role can be (unknown kind, ClusterRoleBinding to a Role)."""
        if self.role.kind == "ClusterRole":
            return ObjectKey("", self.role.name)
        if self.role.kind == "Role" and self.key.namespace:
            return ObjectKey(self.key.namespace, self.role.name)
        return None

    def __str__(self) -> str:
        if self.key.namespace:
            return f"RoleBinding {quoted(f'{self.key.name}/{self.key.namespace}')}"
        return f"ClusterRoleBinding {quoted(self.key.name)}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A binding together with one of its subjects: the path on which a role reaches somebody."""

    binding: Binding
    subject: Subject

    @property
    def scope(self) -> str:
        """The namespace in which the grant holds; ``""`` is everywhere."""
        return self.binding.key.namespace

    @property
    def to(self) -> str:
        """The subject as Kubernetes describes it."""
        return self.subject.described(self.scope)


RbacObject = Role | Binding


def service_account_of(username: str) -> ObjectKey | None:
    """Return namespace and name of a service account's user name; None for any other user."""
    namespace, separator, name = username.removeprefix(_SERVICE_ACCOUNT_PREFIX).partition(":")
    if not username.startswith(_SERVICE_ACCOUNT_PREFIX) or not (namespace and separator and name):
        return None
    return None if ":" in name else ObjectKey(namespace, name)


def quoted(text: str) -> str:
    """Render a name between double quotes, as the reasons of Kubernetes do."""
    return json.dumps(text, ensure_ascii=False)
