"""Decide a kubelet's request: some resources by what its pods name, the rest by the rules of all nodes.

A node is the user ``system:node:NAME`` in the group ``system:nodes``. The authorizer only adds: what it
does not allow RBAC may. Source: kubernetes ``plugin/pkg/auth/authorizer/node/node_authorizer.go`` as of
1.37, feature gates at their defaults.
"""

import re
from collections.abc import Callable
from typing import Final

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.node.graph import Kept, NodeGraph
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.rbac.stock.components import ROLES
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref

GROUP: Final = "system:nodes"
PREFIX: Final = "system:node:"
LEASES: Final = "kube-node-lease"

Rule = Callable[[str, RequestAttributes, NodeGraph | None], "Code"]
"""What the Node authorizer says of one resource."""

_SELECTED = re.compile(r"(?:^|,)spec\.nodeName==?(?P<node>[^,=!\\]+)(?=,|$)")
_ROLE = "system:node"


class Code(ReasonCode):
    """What the Node authorizer has to say."""

    NOT_A_NODE = "node.not-a-node", "the user `{user}` is no node: the Node authorizer has no opinion"
    STATIC = "node.rule-of-all-nodes", "every node may {verb} {resource}"
    OWN = "node.own-object", "node {node} may {verb} its own {resource}"
    REACHED = "node.named-by-its-pods", "a pod on node {node} names {resource} {object}"
    NOT_REACHED = "node.not-named-by-its-pods", "no pod on node {node} names {resource} {object}"
    NOT_OWN = "node.not-its-own", "node {node} may {verb} only its own {resource}, not {object}"
    NOT_SELECTED = (
        "node.not-selected",
        "node {node} may {verb} pods only with the field selector spec.nodeName={node}",
    )
    UNREAD = (
        "node.pods-unread",
        "whether a pod on node {node} names {resource} {object} hangs on objects that were not read",
    )
    NOT_FOR_NODES = "node.not-for-nodes", "nodes may not {verb} {resource} this way"


def node_name(user: KubeUser) -> str | None:
    """Return the node that ``user`` is; None if it is none.

    Source: kubernetes ``pkg/auth/nodeidentifier``.
    """
    if not user.name.startswith(PREFIX) or GROUP not in user.groups:
        return None
    return user.name.removeprefix(PREFIX) or None


def authorize(user: KubeUser, request: RequestAttributes, graph: NodeGraph | None) -> Decision[None]:
    """Return ALLOW or NO_OPINION with the one step that says why. Total.

    UNKNOWN where it hangs on objects that were not read; without ``graph`` no pod was.
    """
    node = node_name(user)
    if node is None:
        return _answer(Code.NOT_A_NODE, user, user=user.name)
    special = _SPECIAL.get((request.group, request.resource)) if request.is_resource_request else None
    if special is not None:
        return _told(special(node, request, graph), user, node, request)
    allowed = _RULES.allows(_NODE, request)
    return _told(Code.STATIC if allowed else Code.NOT_FOR_NODES, user, node, request)


def _told(code: Code, user: KubeUser, node: str, request: RequestAttributes) -> Decision[None]:
    resource = request.resource_path if request.is_resource_request else str(request.path)
    shown = f"{request.namespace}/{request.name}" if request.namespace else request.name
    facts = {"node": node, "verb": request.verb, "resource": resource, "object": shown or "(all)"}
    return _answer(code, user, **facts)


def _answer(code: Code, who: KubeUser, **facts: str) -> Decision[None]:
    step = Step(code, Ref(f"user/{who.name}"), tuple(facts.items()))
    return Decision(_OUTCOMES.get(code, Outcome.NO_OPINION), (step,), (step,))


_OUTCOMES = {
    Code.STATIC: Outcome.ALLOW,
    Code.OWN: Outcome.ALLOW,
    Code.REACHED: Outcome.ALLOW,
    Code.UNREAD: Outcome.UNKNOWN,
}


def _reach(kind: Kept, node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    if not request.name:
        return Code.NOT_REACHED
    if graph is None:
        return Code.UNREAD
    if graph.reaches(node, kind, request.namespace, request.name):
        return Code.REACHED
    return Code.UNREAD if graph.may_reach(node, kind) else Code.NOT_REACHED


def _readable(kind: Kept) -> Rule:
    """Secrets and ConfigMaps: read by name, list and watch with the name selected."""

    def decide(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
        if request.verb not in ("get", "list", "watch") or request.subresource or not request.namespace:
            return Code.NOT_FOR_NODES
        return _reach(kind, node, request, graph)

    return decide


def _gettable(kind: Kept) -> Rule:
    def decide(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
        if request.verb != "get" or request.subresource:
            return Code.NOT_FOR_NODES
        return _reach(kind, node, request, graph)

    return decide


def _claim(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    if request.subresource == "status":
        if request.verb not in ("update", "patch"):
            return Code.NOT_FOR_NODES
        return _reach(Kept.CLAIM, node, request, graph)
    return _gettable(Kept.CLAIM)(node, request, graph)


def _service_account(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    """Tokens for the accounts of the node's pods; reading the account itself."""
    if (request.verb, request.subresource) not in (("create", "token"), ("get", "")):
        return Code.NOT_FOR_NODES
    return _reach(Kept.SERVICE_ACCOUNT, node, request, graph)


def _lease(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    del graph
    verbs = ("get", "create", "update", "patch", "delete")
    if request.verb not in verbs or request.namespace != LEASES or request.subresource:
        return Code.NOT_FOR_NODES
    # Which one is created is for the NodeRestriction admission to say.
    return Code.OWN if request.verb == "create" or request.name == node else Code.NOT_OWN


def _csi_node(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    del graph
    if request.verb not in ("get", "create", "update", "patch", "delete") or request.subresource:
        return Code.NOT_FOR_NODES
    # Which one is created is for the NodeRestriction admission to say.
    return Code.OWN if request.verb == "create" or request.name == node else Code.NOT_OWN


def _node(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    """Nodes: creates and changes are for the NodeRestriction admission to limit, reads for this."""
    del graph
    match request.subresource, request.verb:
        case "", "create" | "update" | "patch":
            return Code.STATIC
        case "", "get" | "list" | "watch":
            return Code.OWN if request.name == node else Code.NOT_OWN
        case "status", "update" | "patch":
            return Code.STATIC
    return Code.NOT_FOR_NODES


def _pod(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    match request.subresource, request.verb:
        case "", "get":
            return _reach(Kept.POD, node, request, graph)
        case "", "list" | "watch":
            # By name it is one pod, which may be this node's.
            named = _reach(Kept.POD, node, request, graph)
            by_selector = _selected(node, request)
            return (
                named if named in (Code.REACHED, Code.UNREAD) and by_selector is not Code.OWN else by_selector
            )
        case ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create"):
            return Code.STATIC
    return Code.NOT_FOR_NODES


def _resource_slice(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    """Slices: which node one that exists belongs to is not followed, so none is read by its name."""
    del graph
    match request.subresource, request.verb:
        case "", "create":
            return Code.STATIC
        case "", "list" | "watch" | "deletecollection":
            return _selected(node, request)
    return Code.NOT_FOR_NODES


def _certificate_request(node: str, request: RequestAttributes, graph: NodeGraph | None) -> Code:
    del graph
    match request.subresource, request.verb:
        case "", "create":
            return Code.STATIC
        case "", "list" | "watch":
            return _selected(node, request)
    return Code.NOT_FOR_NODES


def _selected(node: str, request: RequestAttributes) -> Code:
    found = _SELECTED.search(request.field_selector)
    return Code.OWN if found is not None and found["node"] == node else Code.NOT_SELECTED


_SPECIAL: Final = {
    ("", "secrets"): _readable(Kept.SECRET),
    ("", "configmaps"): _readable(Kept.CONFIG_MAP),
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _gettable(Kept.VOLUME),
    ("", "serviceaccounts"): _service_account,
    ("", "nodes"): _node,
    ("", "pods"): _pod,
    ("resource.k8s.io", "resourceslices"): _resource_slice,
    ("certificates.k8s.io", "podcertificaterequests"): _certificate_request,
    ("resource.k8s.io", "resourceclaims"): _gettable(Kept.RESOURCE_CLAIM),
    ("storage.k8s.io", "volumeattachments"): _gettable(Kept.ATTACHMENT),
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("coordination.k8s.io", "leases"): _lease,
}


def _rules_of_all_nodes() -> Index:
    group = "rbac.authorization.k8s.io"
    role: JsonObject = {"kind": "ClusterRole", "apiVersion": f"{group}/v1", "metadata": {"name": _ROLE}}
    binding: JsonObject = {
        "kind": "ClusterRoleBinding",
        "apiVersion": f"{group}/v1",
        "metadata": {"name": _ROLE},
        "roleRef": {"kind": "ClusterRole", "name": _ROLE, "apiGroup": group},
        "subjects": [{"kind": "Group", "name": GROUP, "apiGroup": group}],
    }
    rules: list[Json] = [rule.manifest() for rule in ROLES[_ROLE]]
    return build([parse_object({**role, "rules": rules}), parse_object(binding)])


_NODE: Final = KubeUser("node", (GROUP,))
_RULES: Final = _rules_of_all_nodes()
