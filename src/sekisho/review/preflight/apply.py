"""May somebody apply an object: the requests that `kubectl apply` makes, one after the other.

Apply reads the object; if there is none it creates it, else it patches it. A write of an RBAC object must
besides hand out nothing that its writer does not hold. (Client-side apply, kubectl.)
"""

from dataclasses import dataclass, replace

from sekisho.decide.chain import admitted, authorize
from sekisho.decide.chain.migration import ClusterState
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.rbac.cover import may_grant
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, RbacObject
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser
from sekisho.review.preflight.manifests import Wanted
from sekisho.review.preflight.merged import is_unchanged

_NO_RBAC = build([])


class Code(ReasonCode):
    """What stands against an object before anybody's permissions do."""

    ROLE_REF = (
        "preflight.role-ref-immutable",
        "the roleRef of a binding cannot change: {name} refers to {before}, not to {after}; delete it first",
    )
    NO_NAMESPACE = "preflight.namespace-missing", "there is no namespace `{namespace}`"


@dataclass(frozen=True, slots=True)
class Need:
    """A request that apply makes, and the answer to it."""

    request: RequestAttributes
    decision: Decision[None]


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether an object may be applied.

    ``exists`` is None where the facts do not tell; then apply may have to create or to patch. ``unchanged``:
    there is nothing to patch. ``grant`` is the answer of the escalation check, None where there is none.
    """

    wanted: Wanted
    exists: bool | None
    unchanged: bool
    needs: tuple[Need, ...]
    grant: Decision[None] | None
    faults: tuple[Step, ...]

    @property
    def outcome(self) -> Outcome:
        """ALLOW if apply gets through, DENY if it certainly does not, else UNKNOWN."""
        if self.faults or (self.grant is not None and not self.grant.allowed):
            return Outcome.DENY
        first, *writes = (_settled(need.decision.outcome) for need in self.needs)
        if self.exists is None and len(set(writes)) > 1:
            writes = [Outcome.UNKNOWN]
        found = {first, *writes}
        return next((one for one in (Outcome.DENY, Outcome.UNKNOWN) if one in found), Outcome.ALLOW)


def apply_object(
    user: KubeUser,
    wanted: Wanted,
    live: JsonObject | None,
    after: RbacObject | None,
    facts: ClusterState,
    *,
    exists: bool | None,
    namespaces: frozenset[str] | None,
) -> Applied:
    """Return whether ``user`` may apply ``wanted`` in the cluster of ``facts``. Total.

    ``live`` is the object as it is, ``after`` the RBAC object that it becomes. ``namespaces`` are all there
    are, None if they were not read.
    """
    unchanged = live is not None and is_unchanged(wanted.body, live)
    verbs = {True: ("patch",), False: ("create",), None: ("create", "patch")}[exists]
    if unchanged:
        verbs = ()
    needs = tuple(_need(user, verb, wanted, facts) for verb in ("get", *verbs))
    grant, faults = None, list[Step]()
    if after is not None and facts.rbac is not None and not unchanged:
        operation = "update" if exists else "create"
        grant = may_grant(user, operation, after, facts.rbac, lambda asked: admitted(user, asked, facts))
        faults.extend(_role_ref(after, facts.rbac, wanted))
    if wanted.namespace and namespaces is not None and wanted.namespace not in namespaces:
        step = Step(Code.NO_NAMESPACE, wanted.at, (("namespace", wanted.namespace),))
        faults.append(step)
    return Applied(wanted, exists, unchanged, needs, grant, tuple(faults))


def _need(user: KubeUser, verb: str, wanted: Wanted, facts: ClusterState) -> Need:
    request = RequestAttributes(
        verb,
        group=wanted.group,
        resource=wanted.resource,
        # The namespace of a Namespace is itself, where it has a name.
        namespace=wanted.namespace or _own_namespace(verb, wanted),
        name="" if verb == "create" else wanted.name,
    )
    if facts.rbac is not None and not facts.rbac.allows(user, request):
        # The refusal reads the same; to find what came closest costs a walk through all roles.
        facts = replace(facts, rbac=_NO_RBAC)
    return Need(request, authorize(user, request, facts))


def _own_namespace(verb: str, wanted: Wanted) -> str:
    return wanted.name if (wanted.group, wanted.resource) == ("", "namespaces") and verb != "create" else ""


def _settled(outcome: Outcome) -> Outcome:
    return Outcome.DENY if outcome is Outcome.NO_OPINION else outcome


def _role_ref(after: RbacObject, index: Index, wanted: Wanted) -> tuple[Step, ...]:
    if not isinstance(after, Binding):
        return ()
    before = next(
        (one for one in index.bindings(after.key.namespace) if one.key == after.key),
        None,
    )
    if before is None or before.role == after.role:
        return ()
    facts = (("name", after.key.name), ("before", str(before.role)), ("after", str(after.role)))
    return (Step(Code.ROLE_REF, wanted.at.child("roleRef"), facts),)


def refused(applied: Applied, decision: Decision[None]) -> Applied:
    """Return ``applied`` for somebody whom the cluster does not know: every request gets ``decision``."""
    needs = tuple(replace(need, decision=decision) for need in applied.needs)
    return replace(applied, needs=needs, grant=None)
