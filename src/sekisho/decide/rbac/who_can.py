"""Who may make a request: every subject that a binding gives a covering rule.

The reverse of `Index.allows`, by the same `examine`. Groups and service accounts are answered as
they are named; who is in a group is known only to authentication.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Binding, Role, Rule
from sekisho.decide.request.kubernetes import RequestAttributes

IMPLICIT = f"Group:{MASTERS}"
"""Always has access, and no binding shows it: kube-apiserver allows the group before it asks RBAC."""


@dataclass(frozen=True, slots=True)
class Access:
    """One way in; ``subject`` reads ``User:jane``, ``Group:devs`` or ``ServiceAccount:ns/name``."""

    subject: str
    binding: Binding
    rule: Rule


def who_can(request: RequestAttributes, index: Index) -> tuple[Access, ...]:
    """Return every way by which the request is allowed, by subject, cluster-wide bindings first. Total.

    A request without a name is not allowed by a rule that is limited to names. Subjects that
    can never match (unknown kinds, a service account without a namespace in a
    ClusterRoleBinding) are left out; so is ``IMPLICIT``, unless a binding names it.
    """
    scopes = ("", request.namespace) if request.is_resource_request and request.namespace else ("",)
    found: list[Access] = []
    for namespace in scopes:
        scope = index.scopes.get(namespace)
        for key, bindings in scope.by_role().items() if scope is not None else ():
            rule = _covering(request, index.roles.get(key))
            if rule is not None:
                found += [
                    Access(name, one, rule) for one in bindings for name in dict.fromkeys(_subjects(one))
                ]
    return tuple(sorted(found, key=attrgetter("subject")))


def subjects_of(accesses: tuple[Access, ...]) -> tuple[str, ...]:
    """Return the distinct subjects, sorted."""
    return tuple(dict.fromkeys(access.subject for access in accesses))


def _covering(request: RequestAttributes, role: Role | None) -> Rule | None:
    """Return the first rule of the role that covers the request."""
    rules = () if role is None else role.rules
    return next((rule for rule in rules if examine(request, rule) is Code.MATCHED), None)


def _subjects(binding: Binding) -> Iterator[str]:
    namespace = binding.key.namespace
    for subject in binding.subjects:
        if subject.kind in ("User", "Group"):
            yield f"{subject.kind}:{subject.name}"
        elif subject.username(namespace) is not None:
            yield f"{subject.kind}:{subject.namespace or namespace}/{subject.name}"
