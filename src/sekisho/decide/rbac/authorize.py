"""Decide one request against the RBAC of a cluster, with a step for every rule that was looked at.

RBAC only adds: no rule can deny, so the outcomes are ALLOW and NO_OPINION, and the order of
bindings changes only which of several permissions is named first. The group
``system:masters`` is allowed before RBAC is asked, as kube-apiserver does.
"""

from collections.abc import Iterator

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Grant, quoted
from sekisho.decide.rbac.nearest import facts_of, nearest, repairs
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref


def explain(
    user: KubeUser, request: RequestAttributes, index: Index, *, with_repairs: bool = True
) -> Decision[None]:
    """Return ALLOW if a rule bound to the user covers the request, else NO_OPINION.

    Total: never raises. ``user.groups`` must be complete: nothing is derived from the name. The
    trace has a step per rule of every grant that names the user in the request's scope,
    ClusterRoleBindings first (kubernetes ``rbac/validation/rule.go``). The first decisive step
    renders the reason that kube-apiserver writes to its audit log. A refusal carries the
    misses that came closest and what would repair them, which looks at every binding there is and is left
    out unless ``with_repairs``. `Index.allows` answers the same, faster.
    """
    trace = (*_privileged(user), *_steps(user, request, index))
    allowing = tuple(step for step in trace if step.code in (Code.MASTERS, Code.MATCHED))
    if allowing:
        return Decision(Outcome.ALLOW, allowing, trace)
    refused = (_refusal(user, request),)
    if not with_repairs:
        return Decision(Outcome.NO_OPINION, refused, trace)
    misses = nearest(user, request, index)
    return Decision(
        Outcome.NO_OPINION,
        refused,
        trace,
        nearest=tuple(miss.step for miss in misses),
        repairs=repairs(user, request, index, misses),
    )


def forbidden_message(user: KubeUser, request: RequestAttributes) -> str:
    """Return the sentence of the API server's 403, as in ``User "u" cannot get resource "pods" in ...``.

    Source: apiserver ``endpoints/handlers/responsewriters/errors.go``.
    """
    return _refusal(user, request).sentence()


def _privileged(user: KubeUser) -> Iterator[Step]:
    if MASTERS in user.groups:
        at = Ref(f"user/{user.name}", f"/groups/{user.groups.index(MASTERS)}")
        yield Step(Code.MASTERS, at, (("group", MASTERS),))


def _steps(user: KubeUser, request: RequestAttributes, index: Index) -> Iterator[Step]:
    namespace = request.namespace if request.is_resource_request else ""
    for grant in index.grants_for(user, namespace):
        yield from _grant_steps(request, grant, index)


def _grant_steps(request: RequestAttributes, grant: Grant, index: Index) -> Iterator[Step]:
    role = index.role_of(grant.binding)
    if role is None:
        code = Code.ROLE_UNSUPPORTED if grant.binding.role_key is None else Code.ROLE_MISSING
        yield Step(code, grant.binding.at.child("roleRef"), facts_of(request, grant))
        return
    for rule in role.rules:
        yield Step(examine(request, rule), rule.at, facts_of(request, grant))


def _refusal(user: KubeUser, request: RequestAttributes) -> Step:
    if request.path is not None:
        what = f"path {quoted(request.path)}"
    else:
        where = (
            f"in the namespace {quoted(request.namespace)}" if request.namespace else "at the cluster scope"
        )
        what = f"resource {quoted(request.resource_path)} in API group {quoted(request.group)} {where}"
    facts = (("user", quoted(user.name)), ("verb", request.verb), ("what", what))
    return Step(Code.NO_MATCH, Ref(f"user/{user.name}"), facts)
