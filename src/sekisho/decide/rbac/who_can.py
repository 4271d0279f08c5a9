"""Who may make a request: every subject that a binding gives a covering rule.

The reverse of `Index.allows`, by the same `examine`. Groups and service accounts are answered as
they are named; who is in a group is known only to authentication.
"""

from dataclasses import dataclass
from operator import attrgetter

from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Binding, ObjectKey, Rule
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
    covering = _covering(request, index)
    scopes = ("", request.namespace) if request.is_resource_request and request.namespace else ("",)
    found: list[Access] = []
    for binding in index.bindings(*scopes):
        rule = covering.get(binding.role_key) if binding.role_key is not None else None
        if rule is not None:
            found += [Access(subject, binding, rule) for subject in _subjects(binding)]
    return tuple(sorted(found, key=attrgetter("subject")))


def subjects_of(accesses: tuple[Access, ...]) -> tuple[str, ...]:
    """Return the distinct subjects, sorted."""
    return tuple(dict.fromkeys(access.subject for access in accesses))


def _covering(request: RequestAttributes, index: Index) -> dict[ObjectKey, Rule]:
    """Return the first covering rule of each role that has one."""
    covering: dict[ObjectKey, Rule] = {}
    for key, role in index.roles.items():
        rule = next((rule for rule in role.rules if examine(request, rule) is Code.MATCHED), None)
        if rule is not None:
            covering[key] = rule
    return covering


def _subjects(binding: Binding) -> list[str]:
    namespace = binding.key.namespace
    found: list[str] = []
    for subject in binding.subjects:
        if subject.kind in ("User", "Group"):
            found.append(f"{subject.kind}:{subject.name}")
        elif subject.username(namespace) is not None:
            found.append(f"{subject.kind}:{subject.namespace or namespace}/{subject.name}")
    return found
