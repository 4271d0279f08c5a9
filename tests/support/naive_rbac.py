"""RBAC written from the reference, with loops and nothing clever, to hold the index against."""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.rbac.model import (
    Binding,
    ObjectKey,
    RbacObject,
    Requirement,
    Role,
    RoleRef,
    Rule,
    Subject,
)
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser


@dataclass(frozen=True)
class Granted:
    """What one binding gives to whom; ``scope`` is its namespace."""

    scope: str
    subjects: tuple[Subject, ...]
    rules: list[Rule]


def granted(objects: Iterable[RbacObject]) -> list[Granted]:
    """Return what every binding gives; of two objects with the same kind and name the last one counts."""
    latest = {(isinstance(found, Role), found.key): found for found in objects}
    roles = {found.key: found for found in latest.values() if isinstance(found, Role)}
    found: list[Granted] = []
    for bound in latest.values():
        if not isinstance(bound, Binding):
            continue
        scope = bound.key.namespace
        for role in roles.values():
            kind = "Role" if role.key.namespace else "ClusterRole"
            if role.key.namespace in ("", scope) and bound.role == RoleRef(kind, role.key.name):
                found.append(Granted(scope, bound.subjects, rules_of(role, roles)))
    return found


def allows(user: KubeUser, request: RequestAttributes, bindings: Iterable[Granted]) -> bool:
    """Tell whether a binding that counts where the request is made gives the user a rule that covers it."""
    if "system:masters" in user.groups:
        return True
    return any(
        (not one.scope or (request.path is None and one.scope == request.namespace))
        and any(is_named(user, subject, one.scope) for subject in one.subjects)
        and any(covers(rule, request) for rule in one.rules)
        for one in bindings
    )


def is_named(user: KubeUser, subject: Subject, scope: str) -> bool:
    """Tell whether a subject of a binding in ``scope`` is the user or one of its groups."""
    if subject.kind == "ServiceAccount":
        namespace = subject.namespace or scope
        return bool(namespace) and user.name == f"system:serviceaccount:{namespace}:{subject.name}"
    return (subject.kind, subject.name) in {("User", user.name), *(("Group", group) for group in user.groups)}


def covers(rule: Rule, request: RequestAttributes) -> bool:
    """Tell whether one rule satisfies every part of the request."""
    if not {request.verb, "*"} & set(rule.verbs):
        return False
    if request.path is not None:
        return any(
            request.path == url or (url[-1:] == "*" and request.path.startswith(url.rstrip("*")))
            for url in rule.urls
        )
    sub = request.subresource
    accepted = {"*", f"{request.resource}/{sub}", f"*/{sub}"} if sub else {"*", request.resource}
    return bool(
        {request.group, "*"} & set(rule.groups)
        and accepted & set(rule.resources)
        and (not rule.names or request.name in rule.names)
    )


def rules_of(role: Role, roles: dict[ObjectKey, Role]) -> list[Rule]:
    """Return what a role grants once the controller has aggregated it and everything that it is made of.

    Rules written by hand on an aggregate are overwritten, but stay in a circle of aggregates.
    """
    if not is_aggregate(role):
        return list(role.rules)
    parts = made_of(role, roles)
    sources = [part for part in parts if not is_aggregate(part) or part in made_of(part, roles)]
    return [rule for part in sources for rule in part.rules]


def made_of(role: Role, roles: dict[ObjectKey, Role]) -> list[Role]:
    """Return every role that an aggregate chooses, and so on; itself only if others choose it."""
    found: list[Role] = []
    waiting = [role]
    while waiting:
        chooser = waiting.pop()
        for other in roles.values():
            if other not in found and other.key != chooser.key and chooses(chooser, other):
                found.append(other)
                waiting.append(other)
    return found


def chooses(role: Role, other: Role) -> bool:
    """Tell whether an aggregate selects another ClusterRole by its labels."""
    return (
        is_aggregate(role)
        and not other.key.namespace
        and any(all(is_met(term, dict(other.labels)) for term in one) for one in role.aggregation or ())
    )


def is_met(term: Requirement, labels: dict[str, str]) -> bool:
    """Tell whether labels meet one requirement; who lacks the label is not in any list of values."""
    return {
        "In": labels.get(term.key) in term.values,
        "NotIn": labels.get(term.key) not in term.values,
        "Exists": term.key in labels,
        "DoesNotExist": term.key not in labels,
    }[term.operator]


def is_aggregate(role: Role) -> bool:
    """Tell whether the controller writes the rules: of ClusterRoles only."""
    return role.aggregation is not None and not role.key.namespace
