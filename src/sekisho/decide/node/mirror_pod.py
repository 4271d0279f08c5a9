"""Whether a pod names objects that only the API server has: what a mirror pod must not do.

Source: kubernetes ``pkg/api/pod/util.go``, ``HasAPIObjectReference``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sekisho.decide.node.graph import Kept, of_container
from sekisho.decide.values import Json, JsonObject

_WITHOUT_OBJECTS: Final = frozenset(
    (
        "awsElasticBlockStore",
        "azureDisk",
        "cephfs",
        "cinder",
        "downwardAPI",
        "emptyDir",
        "fc",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "gitRepo",
        "hostPath",
        "image",
        "iscsi",
        "nfs",
        "photonPersistentDisk",
        "portworxVolume",
        "quobyte",
        "rbd",
        "scaleIO",
        "storageos",
        "vsphereVolume",
    )
)
_WITH_OBJECTS: Final = {
    "configMap": "configmaps (via configmap volumes)",
    "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)",
    "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
_PROJECTED: Final = {
    "configMap": "configmaps (via projected volumes)",
    "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)",
    "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}


class UnknownSourceError(ValueError):
    """A volume of a kind that is not known: nobody can say whether it names an object."""


def references(pod: JsonObject) -> str:
    """Return the kind of object that ``pod`` names first, as kube-apiserver words it; empty if none.

    Raises:
        UnknownSourceError: a volume has a source that is not known.
    """
    spec = _mapping(pod.get("spec"))
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    if names_a_secret(pod):
        return "secrets"
    if any(True for _ in _named(spec, Kept.CONFIG_MAP, "configMap")):
        return "configmaps"
    if spec.get("resourceClaims"):
        return "resourceclaims"
    for volume in _list(spec.get("volumes")):
        found = _of_volume(volume)
        if found:
            return found
    return ""


def names_a_secret(pod: JsonObject) -> bool:
    """Tell whether ``pod`` names a secret anywhere (``VisitPodSecretNames``)."""
    spec = _mapping(pod.get("spec"))
    if any(one.get("name") for one in _list(spec.get("imagePullSecrets"))):
        return True
    return any(True for _ in _named(spec, Kept.SECRET, "secret"))


def _named(spec: JsonObject, kind: Kept, source: str) -> Iterator[str]:
    """Yield the names of secrets or ConfigMaps that containers and volumes name."""
    for member in ("initContainers", "containers", "ephemeralContainers"):
        for container in _list(spec.get(member)):
            yield from (name for found, name in of_container(container) if found is kind and name)
    for volume in _list(spec.get("volumes")):
        yield from (name for name in _names_in(volume, source) if isinstance(name, str) and name)


_REFERENCES: Final = {
    "cephfs": "secretRef",
    "cinder": "secretRef",
    "csi": "nodePublishSecretRef",
    "flexVolume": "secretRef",
    "iscsi": "secretRef",
    "rbd": "secretRef",
    "scaleIO": "secretRef",
    "storageos": "secretRef",
}


def _names_in(volume: JsonObject, source: str) -> Iterator[Json]:
    yield _mapping(volume.get(source)).get("secretName" if source == "secret" else "name")
    for projection in _list(_mapping(volume.get("projected")).get("sources")):
        yield _mapping(projection.get(source)).get("name")
    if source == "secret":
        yield _mapping(volume.get("azureFile")).get("secretName")
        for member, reference in _REFERENCES.items():
            yield _mapping(_mapping(volume.get(member)).get(reference)).get("name")


def _of_volume(volume: JsonObject) -> str:
    """Return what a volume's source refers to. A volume has one source; without any it is an emptyDir."""
    if not set(volume) - {"name"} or any(member in volume for member in _WITHOUT_OBJECTS):
        return ""
    for member, told in _WITH_OBJECTS.items():
        if member in volume:
            return told
    if "projected" not in volume:
        # Two blanks: so it is written there.
        raise UnknownSourceError(f'unknown volume type for volume  "{volume.get("name", "")}"')
    for source in _list(_mapping(volume["projected"]).get("sources")):
        for member, told in _PROJECTED.items():
            if member in source:
                return told
        if "downwardAPI" not in source:
            raise UnknownSourceError(f'unknown source for projected volume "{volume.get("name", "")}"')
    return ""


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _list(value: Json) -> Iterator[JsonObject]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item
