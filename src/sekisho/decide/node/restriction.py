"""NodeRestriction: what a kubelet may write, once the Node authorizer let its request through.

The authorizer sees no objects, so it lets every node create pods and change Nodes; this admission plugin
limits each to its own. Source: kubernetes ``plugin/pkg/admission/noderestriction/admission.go`` as of
1.37, feature gates at their defaults. Order and texts of the refusals are the plugin's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.node.authorize import GROUP, LEASES, PREFIX
from sekisho.decide.node.graph import MIRROR
from sekisho.decide.node.mirror_pod import UnknownSourceError, references
from sekisho.decide.node.restriction_code import RestrictionCode as Code
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref

AUDIENCES_SINCE: Final = 33
"""The minor version from which a node may ask only for audiences that its pods name (feature gate
``ServiceAccountNodeAudienceRestriction``)."""
RESTRICTED: Final = "node-restriction.kubernetes.io"

_KUBELET_LABELS: Final = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    }
)
_KUBELET_NAMESPACES: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")

Find = Callable[[str, str, str], JsonObject | None]
"""The core object of a resource, by namespace and name; None where there is none."""
Allows = Callable[[RequestAttributes], bool]
"""Whether the cluster's authorizers allow the node a request."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write as admission sees it.

    ``operation`` is ``CREATE``, ``UPDATE`` or ``DELETE``; ``name`` is empty where the server makes one.
    ``body`` is the object as it would be stored (a delete has none), ``old`` the one that is stored.
    """

    operation: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    body: JsonObject | None = None
    old: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the plugin looks up: objects, the node's other rights, the cluster's minor version."""

    find: Find
    allows: Allows
    minor: int


class _Refused(Exception):  # noqa: N818 - how a rule ends
    def __init__(self, code: Code, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def restrict(user: KubeUser, write: Write, known: Known) -> Decision[None]:
    """Return ALLOW, or DENY with the one step that says what a node must not do. Total.

    ALLOW means that this plugin has nothing against the write: it gives nobody a right.
    """
    if not user.name.startswith(PREFIX) or GROUP not in user.groups:
        return _answer(Code.NOT_A_NODE, user, {"user": user.name})
    node = user.name.removeprefix(PREFIX)
    facts = {"node": node, "operation": write.operation, "name": write.name, "user": user.name}
    if not node:
        return _answer(Code.NO_NODE_NAME, user, facts)
    try:
        rule = _RULES.get((write.group, write.resource))
        if rule is not None:
            rule(node, write, known, user)
    except _Refused as refused:
        return _answer(refused.code, user, {**facts, "subresource": write.subresource, **refused.facts})
    return _answer(Code.NOT_LIMITED, user, {**facts, "resource": write.resource})


def _answer(code: Code, user: KubeUser, facts: Mapping[str, str]) -> Decision[None]:
    allowed = code in (Code.NOT_A_NODE, Code.NOT_LIMITED)
    step = Step(code, Ref(f"user/{user.name}"), tuple(facts.items()))
    return Decision(Outcome.ALLOW if allowed else Outcome.DENY, (step,), (step,))


def _pod(node: str, write: Write, known: Known, user: KubeUser) -> None:
    del user
    match write.subresource, write.operation:
        case "", "CREATE":
            _mirror_pod(node, _mapping(write.body), known)
        case "", "DELETE":
            if _node_of(_found_pod(write.name, write.namespace, known)) != node:
                raise _Refused(Code.DELETES_OTHERS_POD)
        case "", _:
            raise _Refused(Code.POD_OPERATION)
        case "status", "UPDATE":
            _pod_status(node, _mapping(write.body), _mapping(write.old))
        case "status", _:
            raise _Refused(Code.OPERATION)
        case "eviction", "CREATE":
            if _node_of(_found_pod(write.name, write.namespace, known)) != node:
                raise _Refused(Code.EVICTS_OTHERS_POD)
        case "eviction", _:
            raise _Refused(Code.EVICTION_OPERATION)
        case _:
            raise _Refused(Code.POD_SUBRESOURCE)


def _mirror_pod(node: str, pod: JsonObject, known: Known) -> None:
    metadata = _mapping(pod.get("metadata"))
    if MIRROR not in _mapping(metadata.get("annotations")):
        raise _Refused(Code.NOT_A_MIRROR_POD)
    if _node_of(pod) != node:
        raise _Refused(Code.CREATES_OTHERS_POD)
    owners = list(_list(metadata.get("ownerReferences")))
    if len(owners) > 1:
        raise _Refused(Code.MANY_OWNERS)
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        raise _Refused(Code.NOT_OWNED)
    if owner.get("controller") is not True:
        raise _Refused(Code.NOT_CONTROLLED)
    if owner.get("blockOwnerDeletion") is True:
        raise _Refused(Code.BLOCKS_DELETION)
    found = known.find("nodes", "", node)
    if found is None:
        raise _Refused(Code.NODE_MISSING, name=node)
    if owner.get("uid") != _uid(found):
        raise _Refused(Code.NODE_UID, given=str(owner.get("uid", "")), found=_uid(found))
    try:
        referred = references(pod)
    except UnknownSourceError as error:
        raise _Refused(Code.UNKNOWN_VOLUME, problem=str(error)) from None
    if referred:
        raise _Refused(Code.REFERENCES, referred=referred)


def _pod_status(node: str, pod: JsonObject, old: JsonObject) -> None:
    if _node_of(old) != node:
        raise _Refused(Code.STATUS_OF_OTHERS_POD)
    if _labels(pod) != _labels(old):
        raise _Refused(Code.LABELS_BY_STATUS)
    now, before = _mapping(pod.get("status")), _mapping(old.get("status"))
    for member, code in (
        ("resourceClaimStatuses", Code.CLAIM_STATUSES),
        ("extendedResourceClaimStatus", Code.EXTENDED_CLAIM_STATUS),
        ("nodeAllocatableResourceClaimStatuses", Code.ALLOCATABLE_CLAIM_STATUSES),
    ):
        if (now.get(member) or None) != (before.get(member) or None):
            raise _Refused(code)


def _node(node: str, write: Write, known: Known, user: KubeUser) -> None:
    del known, user
    if write.name != node:
        raise _Refused(Code.OTHER_NODE)
    body, old = _mapping(write.body), _mapping(write.old)
    spec, before = _mapping(body.get("spec")), _mapping(old.get("spec"))
    source = spec.get("configSource")
    forbidden = ", ".join(_forbidden_labels(_labels(body), _labels(old)))
    if write.operation == "CREATE":
        if source is not None:
            raise _Refused(Code.CREATES_CONFIG_SOURCE)
        if forbidden:
            raise _Refused(Code.SETS_LABELS, labels=forbidden)
    if write.operation == "UPDATE":
        if source is not None and source != before.get("configSource"):
            raise _Refused(Code.CONFIG_SOURCE)
        if (spec.get("taints") or []) != (before.get("taints") or []):
            raise _Refused(Code.TAINTS)
        if _owners(body) != _owners(old):
            raise _Refused(Code.OWNERS)
        if forbidden:
            raise _Refused(Code.CHANGES_LABELS, labels=forbidden)


def _forbidden_labels(labels: JsonObject, before: JsonObject) -> Iterator[str]:
    """Yield the labels that differ and that a kubelet must not set, sorted."""
    for label in sorted({*labels, *before}):
        if label in labels and label in before and labels[label] == before[label]:
            continue
        prefix, slash, _ = label.partition("/")
        namespace = prefix if slash else ""
        is_ours = _is_within(namespace, "kubernetes.io") or _is_within(namespace, "k8s.io")
        is_known = label in _KUBELET_LABELS or any(_is_within(namespace, own) for own in _KUBELET_NAMESPACES)
        if _is_within(namespace, RESTRICTED) or (is_ours and not is_known):
            yield label


def _is_within(namespace: str, domain: str) -> bool:
    return namespace == domain or namespace.endswith(f".{domain}")


def _service_account(node: str, write: Write, known: Known, user: KubeUser) -> None:
    """Tokens: bound to a pod of the node, by its uid, for an audience that the pod names."""
    if (write.operation, write.subresource) != ("CREATE", "token"):
        return
    spec = _mapping(_mapping(write.body).get("spec"))
    bound = _mapping(spec.get("boundObjectRef"))
    name, uid = _text(bound.get("name")), _text(bound.get("uid"))
    if (bound.get("apiVersion"), bound.get("kind")) != ("v1", "Pod") or not name:
        raise _Refused(Code.TOKEN_NOT_BOUND)
    if not uid:
        raise _Refused(Code.TOKEN_WITHOUT_UID)
    pod = _found_pod(name, write.namespace, known)
    if uid != _uid(pod):
        raise _Refused(Code.TOKEN_UID, given=uid)
    if _node_of(pod) != node:
        raise _Refused(Code.TOKEN_OF_OTHERS_POD)
    if known.minor >= AUDIENCES_SINCE:
        _audience(spec.get("audiences"), pod, write, known, user)


def _audience(given: Json, pod: JsonObject, write: Write, known: Known, user: KubeUser) -> None:
    """Refuse an audience that neither the pod's volumes name nor the node may ask for besides.

    Volumes of CSI drivers name audiences, too; drivers are not kept here, so those count for nothing.
    """
    audiences = given if isinstance(given, list) else []
    if len(audiences) > 1:
        raise _Refused(Code.MANY_AUDIENCES)
    audience = _text(audiences[0]) if audiences else ""
    for volume in _list(_mapping(pod.get("spec")).get("volumes")):
        for source in _list(_mapping(volume.get("projected")).get("sources")):
            token = source.get("serviceAccountToken")
            if isinstance(token, Mapping) and _text(token.get("audience")) == audience:
                return
    asked = RequestAttributes(
        "request-serviceaccounts-token-audience",
        version="v1",
        resource=audience,
        namespace=write.namespace,
        name=write.name,
    )
    if not known.allows(asked):
        raise _Refused(Code.AUDIENCE, user=user.name, audience=audience)


def _lease(node: str, write: Write, known: Known, user: KubeUser) -> None:
    del known, user
    if write.namespace != LEASES:
        raise _Refused(Code.LEASE_NAMESPACE)
    if write.name != node:
        raise _Refused(Code.OTHER_LEASE)


def _csi_node(node: str, write: Write, known: Known, user: KubeUser) -> None:
    del known, user
    if write.name != node:
        raise _Refused(Code.OTHER_CSI_NODE)


_RULES: Final = {
    ("", "pods"): _pod,
    ("", "nodes"): _node,
    ("", "serviceaccounts"): _service_account,
    ("coordination.k8s.io", "leases"): _lease,
    ("storage.k8s.io", "csinodes"): _csi_node,
}


def _found_pod(name: str, namespace: str, known: Known) -> JsonObject:
    pod = known.find("pods", namespace, name)
    if pod is None:
        raise _Refused(Code.POD_MISSING, name=name)
    return pod


def _node_of(pod: JsonObject) -> str:
    return _text(_mapping(pod.get("spec")).get("nodeName"))


def _labels(body: JsonObject) -> JsonObject:
    return _mapping(_mapping(body.get("metadata")).get("labels"))


def _owners(body: JsonObject) -> list[JsonObject]:
    return list(_list(_mapping(body.get("metadata")).get("ownerReferences")))


def _uid(body: JsonObject) -> str:
    return _text(_mapping(body.get("metadata")).get("uid"))


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Json) -> Iterator[JsonObject]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item
