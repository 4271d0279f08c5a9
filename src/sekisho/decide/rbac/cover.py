"""May somebody grant this: the escalation and bind checks on writes to RBAC objects.

Nobody can hand out what they do not hold (Kubernetes reference, "Using RBAC Authorization",
"Privilege escalation prevention and bootstrapping"; kubernetes ``rbac/policybased`` storages).
"""

from collections.abc import Callable, Iterable, Iterator

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.rbac.authorize import explain
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Binding, RbacObject, Role, Rule, quoted
from sekisho.decide.rbac.objects import GROUP
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.rbac.table import compile_rules
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref

MAX_ATOMS = 200_000
"""Rules that multiply out to more are refused: comparing them would cost more than any real role needs."""

_MAX_REPORTED = 100


class CoverCode(ReasonCode):
    """Why a write of an RBAC object is or is not allowed, beyond the permission to write."""

    MASTERS = "rbac.grant-by-masters", "members of `system:masters` may grant anything"
    ESCALATE = "rbac.grant-by-escalate", "allowed by the verb `escalate` on {what}"
    BIND = "rbac.grant-by-bind", "allowed by the verb `bind` on {what}"
    HELD = "rbac.grant-held", "every permission granted is held already"
    NOT_HELD = (
        "rbac.grant-not-held",
        (
            "user {user} (groups={groups}) is attempting to grant RBAC permissions "
            "not currently held:\n{missing}"
        ),
    )
    ROLE_MISSING = (
        "rbac.grant-role-missing",
        "{role} does not exist, and the verb `bind` on it is not granted",
    )
    TOO_LARGE = "rbac.grant-too-large", "the rules multiply out to more than {most} permissions"


_EVERYTHING = (
    Rule(Ref("everything"), ("*",), ("*",), ("*",)),
    Rule(Ref("everything"), ("*",), urls=("*",)),
)


def message(decision: Decision[None]) -> str:
    """Return a refusal as kube-apiserver words it, a line for each rule that is not held.

    Source: kubernetes ``pkg/registry/rbac/validation`` (ConfirmNoEscalation). It goes to the client as JSON;
    `Decision.sentence` is the same on one line.
    """
    step = decision.decisive[0]
    return step.code.sentence.format_map(dict(step.facts))


Authorizer = Callable[[RequestAttributes], bool]
"""Whether something beside RBAC lets the user make a request."""


def _nothing_else(_request: RequestAttributes) -> bool:
    return False


def may_write(
    user: KubeUser,
    operation: str,
    attempted: RbacObject,
    index: Index,
    also: Authorizer = _nothing_else,
) -> Decision[None]:
    """Return whether the user may ``create`` or ``update`` the object in the cluster of ``index``.

    The write itself must be authorized (else NO_OPINION, with the explanation of that request);
    then granting must be (else DENY, each missing permission a fact of the step). Total. An
    update that changes nothing but owner references and finalizers is exempt; the caller knows.
    What ``also`` allows counts for the write, for ``escalate`` and for ``bind``; a permission that it
    gives is not held: only RBAC's rules are compared.
    """
    resource = _kind(attempted).lower() + "s"
    name = attempted.key.name if operation == "update" else ""
    wanted = _request(operation, resource, attempted.key.namespace, name)
    write = explain(user, wanted, index)
    if not write.allowed and not also(wanted):
        return write
    granted = may_grant(user, operation, attempted, index, also)
    return Decision(granted.outcome, granted.decisive, (*write.trace, *granted.trace))


def may_grant(
    user: KubeUser,
    operation: str,
    attempted: RbacObject,
    index: Index,
    also: Authorizer = _nothing_else,
) -> Decision[None]:
    """Return whether the user may hand out what the object grants, the write itself aside: ALLOW or DENY.

    A patch is the ``operation`` ``update``: it is authorized as ``patch``, and what it grants is
    compared the same way. Total; otherwise as `may_write`.
    """

    def allows(request: RequestAttributes) -> bool:
        return index.allows(user, request) or also(request)

    resource = _kind(attempted).lower() + "s"
    name = attempted.key.name if operation == "update" else ""
    step = _granting(user, resource, name, attempted, index, allows)
    refused = step.code in (CoverCode.NOT_HELD, CoverCode.ROLE_MISSING, CoverCode.TOO_LARGE)
    return Decision(Outcome.DENY if refused else Outcome.ALLOW, (step,), (step,))


def uncovered(held: Iterable[Rule], wanted: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the atoms of ``wanted`` that no single rule of ``held`` covers, as rules of one permission.

    ``*`` on the wanted side has to be held literally: listing everything there is does not cover
    it (component-helpers ``auth/rbac/validation/policy_comparator.go``).
    """
    table = compile_rules(held)
    for atom in (atom for rule in wanted for atom in _atoms(rule)):
        request = _request_of(atom)
        if not any(
            examine(request, rule) is Code.MATCHED
            and (atom.names or request.path is not None or not rule.names)
            for rule in table.candidates(request)
        ):
            yield atom


def _granting(
    user: KubeUser, resource: str, name: str, attempted: RbacObject, index: Index, allows: Authorizer
) -> Step:
    if MASTERS in user.groups:
        return Step(CoverCode.MASTERS, attempted.at)
    namespace = attempted.key.namespace
    if isinstance(attempted, Binding):
        return _binding(user, namespace, attempted, index, allows)
    if allows(_request("escalate", resource, namespace, name)):
        return Step(CoverCode.ESCALATE, attempted.at, (("what", resource),))
    stored = index.stored.get(attempted.key)
    aggregates = attempted.aggregation is not None or (stored is not None and stored.aggregation is not None)
    wanted = (*attempted.rules, *_EVERYTHING) if aggregates and not namespace else attempted.rules
    return _held(user, namespace, wanted, attempted.at, index)


def _binding(user: KubeUser, namespace: str, attempted: Binding, index: Index, allows: Authorizer) -> Step:
    """``bind`` is asked on roles or clusterroles, by the kind of the roleRef, before it is resolved."""
    resource = "clusterroles" if attempted.role.kind == "ClusterRole" else "roles"
    if allows(_request("bind", resource, namespace, attempted.role.name)):
        return Step(CoverCode.BIND, attempted.at, (("what", str(attempted.role)),))
    role = index.role_of(attempted)
    if role is None:
        at = attempted.at.child("roleRef")
        return Step(CoverCode.ROLE_MISSING, at, (("role", str(attempted.role)),))
    return _held(user, namespace, role.rules, attempted.at, index)


def _held(user: KubeUser, namespace: str, wanted: tuple[Rule, ...], at: Ref, index: Index) -> Step:
    if sum(atom_count(rule) for rule in wanted) > MAX_ATOMS:
        return Step(CoverCode.TOO_LARGE, at, (("most", str(MAX_ATOMS)),))
    missing = _compact(uncovered(rules_for(user, namespace, index).rules, wanted))
    if not missing:
        return Step(CoverCode.HELD, at)
    shown = missing[:_MAX_REPORTED] + (["..."] if len(missing) > _MAX_REPORTED else [])
    facts = (("user", quoted(user.name)), ("groups", _listed(user.groups)), ("missing", "\n".join(shown)))
    return Step(CoverCode.NOT_HELD, at, facts)


def _kind(found: RbacObject) -> str:
    kind = "Role" if isinstance(found, Role) else "RoleBinding"
    return kind if found.key.namespace else f"Cluster{kind}"


def _request(verb: str, resource: str, namespace: str, name: str) -> RequestAttributes:
    return RequestAttributes(verb, group=GROUP, resource=resource, namespace=namespace, name=name)


def atom_count(rule: Rule) -> int:
    """Return how many atoms `uncovered` makes of a rule."""
    resources = len(rule.groups) * len(rule.resources) * max(len(rule.names), 1)
    return len(rule.verbs) * (resources + len(rule.urls))


def _atoms(rule: Rule) -> Iterator[Rule]:
    for verb in rule.verbs:
        for group in rule.groups:
            for resource in rule.resources:
                if not rule.names:
                    yield Rule(rule.at, (verb,), (group,), (resource,))
                for name in rule.names:
                    yield Rule(rule.at, (verb,), (group,), (resource,), (name,))
        for url in rule.urls:
            yield Rule(rule.at, (verb,), urls=(url,))


def _request_of(atom: Rule) -> RequestAttributes:
    """Ask for the atom literally, wildcards and all."""
    if atom.urls:
        return RequestAttributes(atom.verbs[0], path=atom.urls[0])
    resource, _, subresource = atom.resources[0].partition("/")
    name = atom.names[0] if atom.names else ""
    return RequestAttributes(
        atom.verbs[0], group=atom.groups[0], resource=resource, subresource=subresource, name=name
    )


def _compact(atoms: Iterable[Rule]) -> list[str]:
    """Return what is missing as the API server prints it: a line per resource with all its verbs, sorted.

    A verb that several rules list is repeated, as there.
    Source: kubernetes ``pkg/registry/rbac/validation`` (``ConfirmNoEscalation``, ``CompactRules``).
    """
    verbs: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    lines: set[str] = set()
    for atom in atoms:
        if atom.urls:
            lines.add(f"{{NonResourceURLs:{_listed(atom.urls)}, Verbs:{_listed(atom.verbs)}}}")
        else:
            verbs.setdefault((atom.groups, atom.resources, atom.names), []).append(atom.verbs[0])
    for (groups, resources, names), found in verbs.items():
        named = f", ResourceNames:{_listed(names)}" if names else ""
        rule = f"APIGroups:{_listed(groups)}, Resources:{_listed(resources)}{named}"
        lines.add(f"{{{rule}, Verbs:{_listed(found)}}}")
    return sorted(lines)


def _listed(words: Iterable[str]) -> str:
    return f"[{' '.join(quoted(word) for word in words)}]"
