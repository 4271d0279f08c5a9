"""What the access policies of a user's access entry allow: an authorizer beside RBAC that never denies.

EKS asks it after RBAC; whoever says yes is enough, and the policies of an entry add up. `kubectl
auth can-i --list` shows none of it. (EKS User Guide, "Associate access policies with access entries".)
"""

from collections.abc import Iterator, Sequence

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Repair, Step
from sekisho.decide.eks.access_entry import AssociatedPolicy, EntryType, ScopeType
from sekisho.decide.eks.access_policies import POLICIES, PREFIX, PROPOSED
from sekisho.decide.eks.entry_book import EntryBook, PlacedEntry
from sekisho.decide.rbac import examine
from sekisho.decide.rbac.model import Rule
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Wildcard


class Code(ReasonCode):
    """What became of an associated access policy."""

    ALLOWS = "eks.access-policy-allows", "access policy {policy} of {principal} allows it {scope}"
    OTHER_NAMESPACE = (
        "eks.access-policy-in-other-namespace",
        "access policy {policy} of {principal} would allow it, but only {scope}",
    )
    NOT_COVERED = (
        "eks.access-policy-does-not-cover",
        "access policy {policy} of {principal} has no rule for `{verb}` on `{what}`",
    )
    OUT_OF_SCOPE = (
        "eks.access-policy-out-of-scope",
        "access policy {policy} of {principal} holds only {scope}",
    )
    UNDOCUMENTED = (
        "eks.access-policy-undocumented",
        "AWS does not document the rules of access policy {policy} of {principal}",
    )
    UNREAD = "eks.access-policies-unread", "the access policies of {principal} were not read"
    NONE = "eks.no-access-policy", "no access policy is associated with the access entry of {principal}"


class RepairCode(ReasonCode):
    """What would make an access policy allow."""

    ASSOCIATE = "eks.associate-access-policy", "associate {policy} with {principal} {where}"


_NOTHING: Decision[None] = Decision(Outcome.NO_OPINION)


def allows(user: KubeUser, request: RequestAttributes, book: EntryBook) -> bool:
    """Return whether an access policy allows; what is not known does not. Total."""
    found = book.entry_of(user)
    if found is None or not found.entry.policies:
        return False
    return any(_covers(one, request) and _reaches(one, request) for one in found.entry.policies)


def explain(user: KubeUser, request: RequestAttributes, book: EntryBook) -> Decision[None]:
    """Return ALLOW, NO_OPINION, or UNKNOWN if a policy was not read or its rules are not documented.

    Total. The trace has a step per policy; it is empty for who has no access entry.
    """
    found = book.entry_of(user)
    if found is None:
        return _NOTHING
    principal = found.entry.principal
    if found.entry.policies is None:
        step = Step(Code.UNREAD, found.at, (("principal", principal),))
        return Decision(Outcome.UNKNOWN, (step,), (step,))
    trace = tuple(_examine(found, number, request) for number in range(len(found.entry.policies)))
    allowing = tuple(step for step in trace if step.code is Code.ALLOWS)
    if allowing:
        return Decision(Outcome.ALLOW, allowing, trace)
    unsure = tuple(step for step in trace if step.code is Code.UNDOCUMENTED)
    if unsure:
        return Decision(Outcome.UNKNOWN, unsure, trace)
    near = tuple(step for step in trace if step.code is Code.OTHER_NAMESPACE)
    none = (Step(Code.NONE, found.at, (("principal", principal),)),)
    told = trace or none
    return Decision(
        Outcome.NO_OPINION, told, told, nearest=near or told, repairs=tuple(_repairs(found, request))
    )


def rules_of(policy: AssociatedPolicy) -> tuple[Rule, ...] | None:
    """Return the rules of a policy; None where AWS does not document them."""
    return POLICIES.get(policy.policy)


def reaches(policy: AssociatedPolicy, namespace: str) -> bool:
    """Whether a policy holds in a namespace; ``""`` stands for what lies in none, or in all."""
    if policy.scope is ScopeType.CLUSTER:
        return True
    return bool(namespace) and any(
        "?" not in pattern and Wildcard(pattern).matches(namespace) for pattern in policy.namespaces
    )


def described(policy: AssociatedPolicy) -> str:
    """Return where a policy holds, as a phrase."""
    if policy.scope is ScopeType.CLUSTER:
        return "in the whole cluster"
    return f"in the namespaces {', '.join(policy.namespaces)}"


def _examine(placed: PlacedEntry, number: int, request: RequestAttributes) -> Step:
    policies = placed.entry.policies or ()
    policy = policies[number]
    facts = (
        ("policy", policy.name),
        ("principal", placed.entry.principal),
        ("scope", described(policy)),
        ("verb", request.verb),
        ("what", request.path if request.path is not None else request.resource_path),
    )
    return Step(_code(policy, request), placed.at.child("associatedAccessPolicies", number), facts)


def _code(policy: AssociatedPolicy, request: RequestAttributes) -> Code:
    in_scope = _reaches(policy, request)
    if rules_of(policy) is None:
        return Code.UNDOCUMENTED if in_scope else Code.OUT_OF_SCOPE
    if not _covers(policy, request):
        return Code.NOT_COVERED
    return Code.ALLOWS if in_scope else Code.OTHER_NAMESPACE


def _covers(policy: AssociatedPolicy, request: RequestAttributes) -> bool:
    return _are_enough(rules_of(policy) or (), request)


def _are_enough(rules: Sequence[Rule], request: RequestAttributes) -> bool:
    return any(examine.examine(request, rule) is examine.Code.MATCHED for rule in rules)


def _reaches(policy: AssociatedPolicy, request: RequestAttributes) -> bool:
    return reaches(policy, request.namespace if request.is_resource_request else "")


def _repairs(placed: PlacedEntry, request: RequestAttributes) -> Iterator[Repair]:
    """Yield the association that would be enough: of the narrowest policy, in the request's namespace.

    Never of the policy that allows everything: a repair should not make an administrator.
    """
    if placed.entry.type is not EntryType.STANDARD:
        return
    enough = (name for name in PROPOSED if _are_enough(POLICIES[PREFIX + name] or (), request))
    name = next(enough, None)
    if name is None:
        return
    namespaces = [request.namespace] if request.namespace else []
    for one in placed.entry.policies or ():
        if one.name == name:  # an association replaces the one before
            namespaces = [*one.namespaces, *namespaces] if namespaces else []
    where = f"in the namespaces {', '.join(namespaces)}" if namespaces else "in the whole cluster"
    facts = (
        ("policy", name),
        ("principal", placed.entry.principal),
        ("namespaces", ",".join(namespaces)),
        ("where", where),
    )
    yield Repair(RepairCode.ASSOCIATE, facts)
