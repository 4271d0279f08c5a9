"""The parts of a pod that admission looks at, read strictly: what kube-apiserver would not store raises.

An absent member and ``null`` mean the same, as in Kubernetes' own decoding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError

_CODE: Final = "workload.malformed-pod"
_KINDS: Final = ("initContainers", "containers")
"""Never ``ephemeralContainers``: they come later, by an update."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container. ``at`` is its place; ``has_env`` and ``has_mounts`` whether these lists are there."""

    at: Ref
    name: str
    variables: frozenset[str]
    mounts: frozenset[str]
    has_env: bool
    has_mounts: bool


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod, init containers first. ``labels`` is None where it has none.

    ``name`` is the beginning of it where the API server is to complete it.
    """

    at: Ref
    name: str
    account: str
    annotations: Mapping[str, str]
    labels: Mapping[str, str] | None
    has_metadata: bool
    containers: tuple[Container, ...]
    volumes: frozenset[str]
    has_volumes: bool
    is_windows: bool


def read_pod(value: Json, at: Ref) -> PodView:
    """Return the view of a pod.

    ``account`` is ``default`` where the pod names none, as kube-apiserver completes it.

    Raises:
        SekishoInputError: something looked at is not of the type that a pod has there.
    """
    pod = _present(value, at)
    metadata_at, spec_at = at.child("metadata"), at.child("spec")
    metadata = _object(pod.get("metadata"), metadata_at)
    spec = _present(pod.get("spec"), spec_at)
    selector = _texts(spec.get("nodeSelector"), spec_at.child("nodeSelector"))
    labels = metadata.get("labels")
    return PodView(
        at=at,
        name=_text(metadata.get("name"), metadata_at.child("name"))
        or _text(metadata.get("generateName"), metadata_at.child("generateName")),
        account=_text(spec.get("serviceAccountName"), spec_at.child("serviceAccountName")) or "default",
        annotations=_texts(metadata.get("annotations"), metadata_at.child("annotations")),
        labels=None if labels is None else _texts(labels, metadata_at.child("labels")),
        has_metadata=pod.get("metadata") is not None,
        containers=tuple(
            _container(member, spec_at.child(kind, place))
            for kind in _KINDS
            for place, member in enumerate(_members(spec.get(kind), spec_at.child(kind)))
        ),
        volumes=_names(spec.get("volumes"), spec_at.child("volumes")),
        has_volumes=spec.get("volumes") is not None,
        is_windows="windows" in (selector.get("kubernetes.io/os"), selector.get("beta.kubernetes.io/os")),
    )


def _container(value: JsonObject, at: Ref) -> Container:
    return Container(
        at,
        _text(value.get("name"), at.child("name")),
        _names(value.get("env"), at.child("env")),
        _names(value.get("volumeMounts"), at.child("volumeMounts")),
        value.get("env") is not None,
        value.get("volumeMounts") is not None,
    )


def _names(value: Json, at: Ref) -> frozenset[str]:
    return frozenset(
        _text(member.get("name"), at.child(place, "name")) for place, member in enumerate(_members(value, at))
    )


def _members(value: Json, at: Ref) -> list[JsonObject]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SekishoInputError.single(_CODE, at, "expected a list")
    return [_present(member, at.child(place)) for place, member in enumerate(value)]


def _object(value: Json, at: Ref) -> JsonObject:
    return {} if value is None else _present(value, at)


def _present(value: Json, at: Ref) -> JsonObject:
    if not isinstance(value, Mapping):
        raise SekishoInputError.single(_CODE, at, "expected an object")
    return value


def _texts(value: Json, at: Ref) -> dict[str, str]:
    return {name: _text(member, at.child(name)) for name, member in _object(value, at).items()}


def _text(value: Json, at: Ref) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SekishoInputError.single(_CODE, at, "expected a string")
    return value
