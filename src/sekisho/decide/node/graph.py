"""Which objects belong to which node: those that the pods bound to it name.

Source: kubernetes ``plugin/pkg/auth/authorizer/node/graph.go`` and ``graph_populator.go``, and for what a
pod names ``pkg/api/v1/pod/util.go``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sekisho.decide.values import Json, JsonObject

MIRROR: Final = "kubernetes.io/config.mirror"
"""A mirror pod stands for one that the kubelet runs from its own disk: it gives its node nothing."""

_SECRET_REFS: Final = {
    "azureFile": "secretName",
    "cephfs": "secretRef",
    "csi": "nodePublishSecretRef",
    "flexVolume": "secretRef",
    "iscsi": "secretRef",
    "rbd": "secretRef",
    "scaleIO": "secretRef",
    "storageos": "secretRef",
}
"""Volume sources of a pod and the member that names a secret."""
_PV_SECRET_REFS: Final = {
    "azureFile": ("secretName",),
    "cephfs": ("secretRef",),
    "csi": (
        "controllerPublishSecretRef",
        "nodePublishSecretRef",
        "nodeStageSecretRef",
        "controllerExpandSecretRef",
        "nodeExpandSecretRef",
    ),
    "flexVolume": ("secretRef",),
    "iscsi": ("secretRef",),
    "rbd": ("secretRef",),
    "scaleIO": ("secretRef",),
    "storageos": ("secretRef",),
}


class Kept(StrEnum):
    """The kinds of object that a node reaches only if one of its pods names it."""

    POD = "pods"
    SECRET = "secrets"  # noqa: S105 - a kind of object
    CONFIG_MAP = "configmaps"
    CLAIM = "persistentvolumeclaims"
    VOLUME = "persistentvolumes"
    SERVICE_ACCOUNT = "serviceaccounts"
    RESOURCE_CLAIM = "resourceclaims"
    ATTACHMENT = "volumeattachments"


class Object(NamedTuple):
    """An object: ``namespace`` is empty for those of the whole cluster."""

    kind: Kept
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class NodeGraph:
    """Objects by the node that reaches them. ``unread`` are the kinds of which no object was read."""

    by_node: Mapping[str, frozenset[Object]]
    unread: frozenset[Kept] = frozenset()

    def reaches(self, node: str, kind: Kept, namespace: str, name: str) -> bool:
        """Tell whether a pod on ``node`` names the object, itself or through its volumes."""
        return Object(kind, namespace, name) in self.by_node.get(node, frozenset())

    def may_reach(self, node: str, kind: Kept) -> bool:
        """Tell whether ``node`` may reach more objects of the kind, through what was not read.

        A volume behind a claim that a pod names may name secrets of its own.
        """
        if kind is Kept.SECRET and Kept.VOLUME in self.unread:
            return any(found.kind is Kept.CLAIM for found in self.by_node.get(node, ()))
        return kind in self.unread

    def nodes_of(self, kind: Kept, namespace: str, name: str) -> tuple[str, ...]:
        """Return the nodes that reach the object, sorted."""
        wanted = Object(kind, namespace, name)
        return tuple(sorted(node for node, found in self.by_node.items() if wanted in found))


def build_graph(
    pods: Iterable[JsonObject],
    volumes: Iterable[JsonObject] | None = (),
    attachments: Iterable[JsonObject] | None = (),
) -> NodeGraph:
    """Return the graph of Pods, PersistentVolumes and VolumeAttachments, as manifests; None: not read.

    Total: what has not the shape of its kind names nothing.
    """
    given = ((Kept.VOLUME, volumes), (Kept.ATTACHMENT, attachments))
    unread = frozenset(kind for kind, objects in given if objects is None)
    of_claim: dict[tuple[str, str], set[Object]] = {}
    for volume in volumes or ():
        claim, found = _volume(volume)
        of_claim.setdefault(claim, set()).update(found)
    by_node: dict[str, set[Object]] = {}
    for pod in pods:
        metadata, spec = _mapping(pod.get("metadata")), _mapping(pod.get("spec"))
        node = _text(spec.get("nodeName"))
        if not node or MIRROR in _mapping(metadata.get("annotations")):
            continue
        namespace = _text(metadata.get("namespace"))
        reached = by_node.setdefault(node, set())
        reached.add(Object(Kept.POD, namespace, _text(metadata.get("name"))))
        for named in _of_pod(pod, spec, namespace):
            reached.add(named)
            if named.kind is Kept.CLAIM:
                reached |= of_claim.get((named.namespace, named.name), set())
    for attachment in attachments or ():
        node = _text(_mapping(attachment.get("spec")).get("nodeName"))
        name = _text(_mapping(attachment.get("metadata")).get("name"))
        if node and name:
            by_node.setdefault(node, set()).add(Object(Kept.ATTACHMENT, "", name))
    return NodeGraph({node: frozenset(found) for node, found in by_node.items()}, unread)


def _of_pod(pod: JsonObject, spec: JsonObject, namespace: str) -> Iterator[Object]:
    """Yield what a pod names, in its own namespace."""
    account = _text(spec.get("serviceAccountName"))
    if account:
        yield Object(Kept.SERVICE_ACCOUNT, namespace, account)
    for kind, name in _names(pod, spec):
        if name:
            yield Object(kind, namespace, name)


def _names(pod: JsonObject, spec: JsonObject) -> Iterator[tuple[Kept, str]]:
    for secret in _list(spec.get("imagePullSecrets")):
        yield Kept.SECRET, _text(secret.get("name"))
    for section in ("initContainers", "containers", "ephemeralContainers"):
        for container in _list(spec.get(section)):
            yield from of_container(container)
    pod_name = _text(_mapping(pod.get("metadata")).get("name"))
    for volume in _list(spec.get("volumes")):
        yield from _of_volume(volume, pod_name)
    statuses = _list(_mapping(pod.get("status")).get("resourceClaimStatuses"))
    generated = {_text(found.get("name")): _text(found.get("resourceClaimName")) for found in statuses}
    for claim in _list(spec.get("resourceClaims")):
        own = _text(claim.get("resourceClaimName"))
        yield Kept.RESOURCE_CLAIM, own or generated.get(_text(claim.get("name")), "")


def of_container(container: JsonObject) -> Iterator[tuple[Kept, str]]:
    """Yield the secrets and ConfigMaps that a container's variables come from; a name may be empty."""
    for source in _list(container.get("envFrom")):
        yield Kept.SECRET, _text(_mapping(source.get("secretRef")).get("name"))
        yield Kept.CONFIG_MAP, _text(_mapping(source.get("configMapRef")).get("name"))
    for variable in _list(container.get("env")):
        value = _mapping(variable.get("valueFrom"))
        yield Kept.SECRET, _text(_mapping(value.get("secretKeyRef")).get("name"))
        yield Kept.CONFIG_MAP, _text(_mapping(value.get("configMapKeyRef")).get("name"))


def _of_volume(volume: JsonObject, pod_name: str) -> Iterator[tuple[Kept, str]]:
    yield Kept.SECRET, _text(_mapping(volume.get("secret")).get("secretName"))
    yield Kept.CONFIG_MAP, _text(_mapping(volume.get("configMap")).get("name"))
    yield Kept.CLAIM, _text(_mapping(volume.get("persistentVolumeClaim")).get("claimName"))
    if isinstance(volume.get("ephemeral"), Mapping):
        yield Kept.CLAIM, f"{pod_name}-{_text(volume.get('name'))}"
    for source in _list(_mapping(volume.get("projected")).get("sources")):
        yield Kept.SECRET, _text(_mapping(source.get("secret")).get("name"))
        yield Kept.CONFIG_MAP, _text(_mapping(source.get("configMap")).get("name"))
    for name, member in _SECRET_REFS.items():
        yield Kept.SECRET, _referred(_mapping(volume.get(name)).get(member))


def _volume(volume: JsonObject) -> tuple[tuple[str, str], set[Object]]:
    """Return the claim that a PersistentVolume is bound to, and what reaching that claim leads to."""
    spec = _mapping(volume.get("spec"))
    claim = _mapping(spec.get("claimRef"))
    namespace = _text(claim.get("namespace"))
    found = {Object(Kept.VOLUME, "", _text(_mapping(volume.get("metadata")).get("name")))}
    for source, members in _PV_SECRET_REFS.items():
        given = _mapping(spec.get(source))
        for member in members:
            name = _referred(given.get(member))
            if name:
                elsewhere = _text(_mapping(given.get(member)).get("namespace"))
                elsewhere = elsewhere or _text(given.get("secretNamespace")) or namespace
                found.add(Object(Kept.SECRET, elsewhere, name))
    return (namespace, _text(claim.get("name"))), found


def _referred(value: Json) -> str:
    """Return the name in a reference, which is text in some sources and an object in others."""
    return value if isinstance(value, str) else _text(_mapping(value).get("name"))


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Json) -> Iterator[JsonObject]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item
