"""What came closest to allowing a refused request, and the smallest change that would.

Only refusals come here, so everything is looked at: the user's own rules, the bindings that
name somebody else, the user's bindings in other namespaces.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.decide.decision import ReasonCode, Repair, Step
from sekisho.decide.rbac.bootstrap import BOOTSTRAPPING_LABEL
from sekisho.decide.rbac.examine import Code, examine, failing
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import Grant, ObjectKey, Role, Rule, quoted
from sekisho.decide.rbac.spelling import Identity, meant_as
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref

MAX_MISSES = 6
MAX_MISSES_PER_CODE = 2
MAX_REPAIRS = 4

_STOCK_PREFIXES = ("system:", "eks:")
_EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:serviceaccounts")
# Among misses with equally many failing facets: the more it looks as if it was meant, the earlier.
_RANK: dict[ReasonCode, int] = {
    Code.SUBJECT_SPELLING: 0,
    Code.VERB: 1,
    Code.NAME: 1,
    Code.GROUP: 2,
    Code.RESOURCE: 3,
    Code.URL: 3,
    Code.ROLE_MISSING: 4,
    Code.ROLE_UNSUPPORTED: 4,
    Code.OTHER_NAMESPACE: 0,
    Code.OTHER_SUBJECT: 1,
}


class RepairCode(ReasonCode):
    """Changes that would turn a refusal into a permission."""

    ADD_VERB = "rbac.add-verb", "add the verb `{verb}` to the rule at {rule}"
    ADD_GROUP = "rbac.add-api-group", "add the API group `{group}` to the rule at {rule}"
    ADD_RESOURCE = "rbac.add-resource", "add the resource `{resource}` to the rule at {rule}"
    ADD_NAME = "rbac.add-resource-name", "add `{name}` to the resourceNames of the rule at {rule}"
    FIX_SUBJECT = "rbac.fix-subject", "in {binding} write {known_as} instead of {subject}"
    CREATE_ROLE = "rbac.create-role", "create the {role} that {binding} refers to"
    BIND_ROLE = "rbac.bind-role", "bind {role} to {subject} {where}"
    GRANT = (
        "rbac.grant",
        (
            "make a role that allows `{verb}` on `{resource}`, as no role to bind does, "
            "and bind it to {subject} {where}"
        ),
    )


_ADDING: dict[ReasonCode, RepairCode] = {
    Code.VERB: RepairCode.ADD_VERB,
    Code.GROUP: RepairCode.ADD_GROUP,
    Code.RESOURCE: RepairCode.ADD_RESOURCE,
    Code.NAME: RepairCode.ADD_NAME,
}
_FACT_TO_ADD: dict[ReasonCode, str] = {
    Code.VERB: "verb",
    Code.GROUP: "group",
    Code.RESOURCE: "resource",
    Code.NAME: "name",
}


@dataclass(frozen=True, slots=True)
class Miss:
    """A grant that would allow but for ``facets`` facets. ``own`` tells whether it names the user."""

    step: Step
    facets: int
    own: bool
    grant: Grant
    breadth: int = 0

    @property
    def rank(self) -> tuple[int, bool, int, int, Ref]:
        """Sorts the closest first: fewest facets, the user's own, the likeliest, the narrowest."""
        return (self.facets, not self.own, _RANK[self.step.code], self.breadth, self.step.at)


def facts_of(request: RequestAttributes, grant: Grant) -> tuple[tuple[str, str], ...]:
    """Return the facts that every step about a grant carries."""
    about = (
        (("path", request.path),)
        if request.path is not None
        else (("group", request.group), ("resource", request.resource_path), ("name", request.name))
    )
    who = (("binding", str(grant.binding)), ("role", str(grant.binding.role)), ("subject", grant.to))
    return (*who, ("verb", request.verb), *about)


def nearest(user: KubeUser, request: RequestAttributes, index: Index) -> tuple[Miss, ...]:
    """Return the closest misses of a refused request, best first, a few of each kind."""
    namespace = request.namespace if request.is_resource_request else ""
    found = list(_own(user, request, index, namespace))
    covering = _covering(request, index)
    found += _others(user, request, index, namespace, covering)
    found += _elsewhere(user, request, index, namespace, covering)
    chosen: list[Miss] = []
    for miss in sorted(found, key=lambda miss: miss.rank):
        same = sum(other.step.code is miss.step.code for other in chosen)
        if same < MAX_MISSES_PER_CODE and len(chosen) < MAX_MISSES:
            chosen.append(miss)
    return tuple(chosen)


def repairs(
    user: KubeUser, request: RequestAttributes, index: Index, misses: tuple[Miss, ...]
) -> tuple[Repair, ...]:
    """Return changes that would allow the request, the smallest first.

    Never proposes to change a stock role, to bind one of the control plane's, or to grant
    everything: a repair should not be a hole.
    """
    stock = frozenset(
        rule.at for role in index.stored.values() if BOOTSTRAPPING_LABEL in role.labels for rule in role.rules
    )
    found = [repair for miss in misses for repair in _repair(user, request, miss, stock)]
    covering = _covering(request, index)
    reserved = _reserved(covering, index)
    usable = sorted(
        (size, role)
        for key, size in covering.items()
        if key not in reserved and (role := _bindable(key, request))
    )
    found += [_bind(user, request, role) for _, role in usable[:MAX_REPAIRS]]
    if not found and request.is_resource_request:
        found.append(_grant(user, request))
    return tuple(dict.fromkeys(found))[:MAX_REPAIRS]


def _own(user: KubeUser, request: RequestAttributes, index: Index, namespace: str) -> Iterator[Miss]:
    for grant in index.grants_for(user, namespace):
        role = index.role_of(grant.binding)
        if role is None:
            code = Code.ROLE_UNSUPPORTED if grant.binding.role_key is None else Code.ROLE_MISSING
            yield Miss(
                Step(code, grant.binding.at.child("roleRef"), facts_of(request, grant)), 1, True, grant
            )
            continue
        for rule in role.rules:
            codes = tuple(failing(request, rule))
            # A rule about other resources is near only if nothing else is wrong with it.
            elsewhere = Code.RESOURCE in codes and len(codes) > 1 and not _lists_parent(request, rule)
            if not elsewhere and not {Code.ONLY_RESOURCES, Code.ONLY_URLS} & set(codes):
                step = Step(codes[0], rule.at, facts_of(request, grant))
                yield Miss(
                    step, len(codes), True, grant, 0 if _lists_parent(request, rule) else breadth(rule)
                )


def _others(
    user: KubeUser, request: RequestAttributes, index: Index, namespace: str, covering: dict[ObjectKey, int]
) -> Iterator[Miss]:
    """Bindings in scope that grant a covering role to somebody else."""
    identity = Identity.of(user)
    for binding in index.bindings(*(("", namespace) if namespace else ("",))):
        size = covering.get(binding.role_key) if binding.role_key is not None else None
        if size is None:
            continue
        for subject in binding.subjects:
            grant = Grant(binding, subject)
            known_as = meant_as(subject, binding.key.namespace, identity)
            facts = facts_of(request, grant)
            if known_as is not None:
                step = Step(Code.SUBJECT_SPELLING, subject.at, (*facts, ("known_as", known_as)))
                yield Miss(step, 1, True, grant, size)
            elif not _is_control_plane(grant):
                yield Miss(Step(Code.OTHER_SUBJECT, subject.at, facts), 1, False, grant, size)


def _elsewhere(
    user: KubeUser, request: RequestAttributes, index: Index, namespace: str, covering: dict[ObjectKey, int]
) -> Iterator[Miss]:
    """Bindings of the user that grant a covering role in a namespace that was not asked about."""
    if not request.is_resource_request:
        return
    for other in index.scopes:
        if other in ("", namespace):
            continue
        for grant in index.grants_for(user, other):
            size = covering.get(grant.binding.role_key) if grant.binding.role_key is not None else None
            if grant.scope == other and size is not None:
                facts = (*facts_of(request, grant), ("granted", other))
                yield Miss(Step(Code.OTHER_NAMESPACE, grant.binding.at, facts), 1, False, grant, size)


def _covering(request: RequestAttributes, index: Index) -> dict[ObjectKey, int]:
    """Return the roles that hold a rule for the request, with their breadth."""
    return {
        key: sum(breadth(rule) for rule in role.rules)
        for key, role in index.roles.items()
        if any(examine(request, rule) is Code.MATCHED for rule in role.rules)
    }


def breadth(rule: Rule) -> int:
    """Estimate how much a rule grants, to prefer the narrower one; a wildcard counts as a thousand."""
    product = 1
    for listed in (rule.verbs, rule.groups or ("",), rule.resources or rule.urls):
        product *= 1000 if "*" in listed else max(len(listed), 1)
    return product


def _lists_parent(request: RequestAttributes, rule: Rule) -> bool:
    """``pods`` listed where ``pods/log`` is asked: the likeliest thing to have been meant."""
    return bool(request.subresource) and request.resource in rule.resources


def _repair(
    user: KubeUser, request: RequestAttributes, miss: Miss, stock: frozenset[Ref]
) -> Iterator[Repair]:
    facts = dict(miss.step.facts)
    code = miss.step.code
    if code in _ADDING and miss.facets == 1 and miss.step.at not in stock:
        if code is Code.NAME and not request.name:
            return
        if code is Code.RESOURCE and miss.breadth:
            return
        what = _FACT_TO_ADD[code]
        yield Repair(_ADDING[code], ((what, facts[what]), ("rule", str(miss.step.at))))
    elif code is Code.SUBJECT_SPELLING:
        names = ("binding", "known_as", "subject")
        yield Repair(RepairCode.FIX_SUBJECT, tuple((name, facts[name]) for name in names))
    elif code is Code.ROLE_MISSING:
        yield Repair(RepairCode.CREATE_ROLE, (("role", facts["role"]), ("binding", facts["binding"])))
    elif code is Code.OTHER_NAMESPACE and miss.grant.binding.role.kind == "ClusterRole":
        yield _bind(user, request, facts["role"])


def _reserved(covering: dict[ObjectKey, int], index: Index) -> set[ObjectKey]:
    """Return the roles that some binding gives to components of the cluster alone, like ``aws-node``."""
    return {
        key
        for binding in index.bindings()
        if (key := binding.role_key) is not None
        and key in covering
        and binding.subjects
        and all(_is_control_plane(Grant(binding, subject)) for subject in binding.subjects)
    }


def _bindable(key: ObjectKey, request: RequestAttributes) -> str | None:
    """Return the role as a binding for the request could refer to it; None if none should."""
    if key.name.startswith(_STOCK_PREFIXES) or key.name == "cluster-admin":
        return None
    if key.namespace and key.namespace != request.namespace:
        return None
    return str(Role(Ref(""), key))


def _bind(user: KubeUser, request: RequestAttributes, role: str) -> Repair:
    return Repair(RepairCode.BIND_ROLE, (("role", role), *_to_whom(user, request)))


def _grant(user: KubeUser, request: RequestAttributes) -> Repair:
    """Bare RBAC has nothing that fits: the caller needs a role of its own."""
    group = f".{request.group}" if request.group else ""
    path, slash, subresource = request.resource_path.partition("/")
    resource = f"{path}{group}{slash}{subresource}"
    return Repair(
        RepairCode.GRANT, (("verb", request.verb), ("resource", resource), *_to_whom(user, request))
    )


def _to_whom(user: KubeUser, request: RequestAttributes) -> tuple[tuple[str, str], ...]:
    """Return the subject to bind, a group rather than a person, and the scope."""
    group = next((group for group in user.groups if not group.startswith("system:")), None)
    who = f"Group {quoted(group)}" if group is not None else f"User {quoted(user.name)}"
    where = f"in the namespace {quoted(request.namespace)}" if request.namespace else "for the whole cluster"
    return ("subject", who), ("where", where)


def _is_control_plane(grant: Grant) -> bool:
    """Whether a grant belongs to the cluster itself, which no user is meant to join."""
    subject = grant.subject
    if subject.kind == "ServiceAccount":
        return (subject.namespace or grant.scope) == "kube-system"
    return subject.name.startswith(_STOCK_PREFIXES) and not subject.name.startswith(_EVERYBODY)
