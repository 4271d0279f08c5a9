"""The compiled index: every Role and binding of a cluster, asked in microseconds.

Two questions: `Index.allows` for the hot path, `Index.grants_for` for explanations. Both end in
`examine`; the index only chooses which rules are worth examining, by (scope, subject) and then
by (API group, resource). The price of a question depends on what the user holds in that
scope, not on how many bindings the cluster has.

An index never changes: `with_object` and `without_object` return a new one that shares
what stayed the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sekisho.decide.rbac.aggregate import converge
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.model import MASTERS, Binding, Grant, ObjectKey, RbacObject, Role
from sekisho.decide.rbac.table import Table, compile_rules
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser

_MAX_TABLES = 16_384

Grants = tuple[Grant, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The grants that name one subject in one scope. Compared by identity: it is a memo's key."""

    grants: Grants = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The bindings of one namespace (or of the whole cluster) and whom they name.

    ``users`` has User subjects and service accounts under their user name.
    """

    bindings: Mapping[str, Binding] = field(default_factory=dict)
    users: Mapping[str, Held] = field(default_factory=dict)
    groups: Mapping[str, Held] = field(default_factory=dict)
    _by_role: dict[ObjectKey, list[Binding]] = field(default_factory=dict, compare=False, repr=False)

    def by_role(self) -> Mapping[ObjectKey, list[Binding]]:
        """Return the bindings by the role they grant, in their order; those that can grant none are left out.

        Filed when it is first asked for: a server that is only asked what somebody may do never needs it.
        """
        if not self._by_role:
            filed: dict[ObjectKey, list[Binding]] = {}
            for binding in self.bindings.values():
                key = binding.role_key
                if key is not None:
                    filed.setdefault(key, []).append(binding)
            self._by_role.update(filed)
        return self._by_role


_NOTHING = Held()
_EMPTY = Scope()


@dataclass(frozen=True, slots=True)
class Index:
    """A cluster's RBAC. Build one with `build`.

    ``stored`` are the roles as written, ``roles`` with aggregation converged, ``scopes`` the
    bindings by namespace (``""`` for ClusterRoleBindings).
    """

    stored: Mapping[ObjectKey, Role] = field(default_factory=dict)
    roles: Mapping[ObjectKey, Role] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    # Memos of what `roles` says; they can be dropped at any time without changing an answer.
    _tables: dict[Held, Table] = field(default_factory=dict, compare=False, repr=False)
    _shared: dict[frozenset[ObjectKey], Table] = field(default_factory=dict, compare=False, repr=False)

    def allows(self, user: KubeUser, request: RequestAttributes) -> bool:
        """Whether the user may make the request. Total; agrees with `authorize.explain`."""
        if MASTERS in user.groups:
            return True
        for held in self._held(user, request):
            table = self._tables.get(held) or self._compile(held)
            for rule in table.candidates(request):
                if examine(request, rule) is Code.MATCHED:
                    return True
        return False

    def grants_for(self, user: KubeUser, namespace: str = "") -> Grants:
        """Return every grant that names the user and holds for a request in ``namespace``.

        ClusterRoleBindings come first, then the RoleBindings of that namespace, each sorted by
        name. A grant of a role that does not exist is among them; it grants nothing.
        """
        found: list[Grant] = []
        for name in ("", namespace) if namespace else ("",):
            scope = self.scopes.get(name, _EMPTY)
            held = [scope.users.get(user.name, _NOTHING)]
            held += [scope.groups.get(group, _NOTHING) for group in dict.fromkeys(user.groups)]
            found += sorted(
                (grant for one in held for grant in one.grants), key=lambda grant: grant.binding.key
            )
        return tuple(found)

    def role_of(self, binding: Binding) -> Role | None:
        """Return the role a binding grants, aggregation converged; None if there is none."""
        key = binding.role_key
        return None if key is None else self.roles.get(key)

    def bindings(self, *scopes: str) -> Iterator[Binding]:
        """Yield the bindings of the given namespaces, or all there are."""
        for name in scopes or self.scopes:
            yield from self.scopes.get(name, _EMPTY).bindings.values()

    def with_object(self, found: RbacObject) -> "Index":
        """Return an index in which the object exists, replacing one of the same kind and name."""
        if isinstance(found, Role):
            return self._with_roles({**self.stored, found.key: found})
        scope = _without_binding(self.scopes.get(found.key.namespace, _EMPTY), found.key.name)
        scope = _with_bindings(scope, (found,))
        return replace(self, scopes={**self.scopes, found.key.namespace: scope})

    def without_object(self, found: RbacObject) -> "Index":
        """Return an index without the object of the same kind and name, if there was one."""
        if isinstance(found, Role):
            return self._with_roles({key: role for key, role in self.stored.items() if key != found.key})
        namespace = found.key.namespace
        scope = _without_binding(self.scopes.get(namespace, _EMPTY), found.key.name)
        others = {name: other for name, other in self.scopes.items() if name != namespace}
        return replace(self, scopes={**others, namespace: scope} if scope.bindings else others)

    def _with_roles(self, stored: Mapping[ObjectKey, Role]) -> "Index":
        return Index(stored, converge(stored), self.scopes)

    def _held(self, user: KubeUser, request: RequestAttributes) -> Iterator[Held]:
        for name in ("", request.namespace) if request.namespace and request.path is None else ("",):
            scope = self.scopes.get(name)
            if scope is None:
                continue
            if held := scope.users.get(user.name):
                yield held
            for group in user.groups:
                if held := scope.groups.get(group):
                    yield held

    def _compile(self, held: Held) -> Table:
        named = (grant.binding.role_key for grant in held.grants)
        keys = frozenset(key for key in named if key is not None and key in self.roles)
        table = self._shared.get(keys)
        if table is None:
            table = compile_rules(rule for key in sorted(keys) for rule in self.roles[key].rules)
        if len(self._tables) >= _MAX_TABLES:
            self._tables.clear()
            self._shared.clear()
        self._tables[held] = self._shared[keys] = table
        return table


def build(objects: Iterable[RbacObject]) -> Index:
    """Return the index of ``objects``; of two with the same kind and name the last counts."""
    stored: dict[ObjectKey, Role] = {}
    bindings: dict[str, dict[str, Binding]] = {}
    for found in objects:
        if isinstance(found, Role):
            stored[found.key] = found
        else:
            bindings.setdefault(found.key.namespace, {})[found.key.name] = found
    scopes = {namespace: _with_bindings(_EMPTY, named.values()) for namespace, named in bindings.items()}
    return Index(stored, converge(stored), scopes)


def _with_bindings(scope: Scope, added: Iterable[Binding]) -> Scope:
    bindings = dict(scope.bindings)
    users: dict[str, list[Grant]] = {}
    groups: dict[str, list[Grant]] = {}
    for binding in added:
        bindings[binding.key.name] = binding
        for subject in binding.subjects:
            username = subject.username(binding.key.namespace)
            if username is not None:
                users.setdefault(username, []).append(Grant(binding, subject))
            elif subject.kind == "Group":
                groups.setdefault(subject.name, []).append(Grant(binding, subject))
    return Scope(bindings, _extended(scope.users, users), _extended(scope.groups, groups))


def _extended(have: Mapping[str, Held], more: Mapping[str, list[Grant]]) -> Mapping[str, Held]:
    added = {name: Held((*have.get(name, _NOTHING).grants, *grants)) for name, grants in more.items()}
    return {**have, **added}


def _without_binding(scope: Scope, name: str) -> Scope:
    binding = scope.bindings.get(name)
    if binding is None:
        return scope
    bindings = {other: kept for other, kept in scope.bindings.items() if other != name}
    usernames = {subject.username(binding.key.namespace) for subject in binding.subjects}
    groups = {subject.name for subject in binding.subjects if subject.kind == "Group"}
    return Scope(bindings, _reduced(scope.users, usernames, binding), _reduced(scope.groups, groups, binding))


def _reduced(have: Mapping[str, Held], names: Iterable[str | None], binding: Binding) -> Mapping[str, Held]:
    left = dict(have)
    for name in names:
        held = left.pop(name, None) if name is not None else None
        grants = tuple(grant for grant in held.grants if grant.binding.key != binding.key) if held else ()
        if name is not None and grants:
            left[name] = Held(grants)
    return left
