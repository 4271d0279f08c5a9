"""A pod as it is stored, or the template of pods to come: what its containers have of a role.

Read leniently: what is not formed as a pod has it counts as absent, since kube-apiserver refused it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json, JsonObject, Ref
from sekisho.decide.workload.pod_view import PodView, read_pod

_KINDS: Final = ("initContainers", "containers")


@dataclass(frozen=True, slots=True)
class MountedContainer:
    """A container. ``mounts`` pairs volume and path; a variable whose value comes from elsewhere has None."""

    at: Ref
    name: str
    variables: Mapping[str, str | None]
    mounts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A projected token: its volume, the file in it, its audience (empty: the cluster's own), its seconds."""

    volume: str
    path: str
    audience: str
    seconds: int


@dataclass(frozen=True, slots=True)
class StoredPod:
    """``view`` is what admission looks at. ``exists``: it was created, so admission is done with it.

    ``created`` is its creationTimestamp as written, empty where there is none. ``config_maps`` pairs the
    name of a volume with the ConfigMap that it holds.
    """

    view: PodView
    kind: str
    namespace: str
    exists: bool
    created: str
    containers: tuple[MountedContainer, ...]
    tokens: tuple[TokenFile, ...]
    config_maps: tuple[tuple[str, str], ...]


TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where each kind that makes pods has their template."""


def read_workload(body: JsonObject, at: Ref, *, is_state: bool = False) -> StoredPod:
    """Return the pod that ``body``, an object of one of `TEMPLATES`, is or makes.

    ``is_state``: a pod among the facts exists, though it has no uid, as in a world file.

    Raises:
        SekishoInputError: admission could not read it.
    """
    kind = _text(body.get("kind")) or "Pod"
    path = TEMPLATES.get(kind, ())
    pod: JsonObject = body
    for member in path:
        pod = _object(pod.get(member))
    place = at.child(*path) if path else at
    metadata, spec = _object(body.get("metadata")), _object(pod.get("spec"))
    volumes = list(_objects(spec.get("volumes")))
    return StoredPod(
        view=read_pod(pod, place),
        kind=kind,
        namespace=_text(metadata.get("namespace")) or "default",
        exists=not path and bool(is_state or metadata.get("uid") or body.get("status")),
        created=_text(metadata.get("creationTimestamp")),
        containers=tuple(
            _container(member, place.child("spec", group, number))
            for group in _KINDS
            for number, member in enumerate(_objects(spec.get(group)))
        ),
        tokens=tuple(token for volume in volumes for token in _tokens(volume)),
        config_maps=tuple(
            (_text(volume.get("name")), name)
            for volume in volumes
            if (name := _text(_object(volume.get("configMap")).get("name")))
        ),
    )


def _container(value: JsonObject, at: Ref) -> MountedContainer:
    variables = {
        _text(one.get("name")): None if "valueFrom" in one else _text(one.get("value"))
        for one in _objects(value.get("env"))
    }
    mounts = tuple(
        (_text(one.get("name")), _text(one.get("mountPath"))) for one in _objects(value.get("volumeMounts"))
    )
    return MountedContainer(at, _text(value.get("name")), variables, mounts)


def _tokens(volume: JsonObject) -> Iterator[TokenFile]:
    for source in _objects(_object(volume.get("projected")).get("sources")):
        token = source.get("serviceAccountToken")
        if isinstance(token, Mapping):
            seconds = token.get("expirationSeconds")
            yield TokenFile(
                _text(volume.get("name")),
                _text(token.get("path")),
                _text(token.get("audience")),
                seconds if isinstance(seconds, int) else 3600,
            )


def _objects(value: Json) -> Iterator[JsonObject]:
    for member in value if isinstance(value, list | tuple) else ():
        if isinstance(member, Mapping):
            yield member


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
