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
_LISTS: Final = (list, Sequence)
_OBJECTS: Final = (dict, Mapping)
"""Parsed documents are of the first type, which is quickly told; the second is what the type promises."""
MAX_CONTAINERS: Final = 1_000
"""Each gets some hundred bytes; a pod of more could not be stored."""


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
    metadata, spec = _object(pod.get("metadata"), at, "metadata"), _present(pod.get("spec"), at, "spec")
    selector = _texts(spec.get("nodeSelector"), at, "spec", "nodeSelector")
    labels = metadata.get("labels")
    members = [(kind, _members(spec.get(kind), at, "spec", kind)) for kind in _KINDS]
    if sum(len(found) for _, found in members) > MAX_CONTAINERS:
        raise SekishoInputError.single(
            _CODE, at.child("spec", "containers"), f"expected at most {MAX_CONTAINERS} containers"
        )
    return PodView(
        at=at,
        name=_text(metadata.get("name"), at, "metadata", "name")
        or _text(metadata.get("generateName"), at, "metadata", "generateName"),
        account=_text(spec.get("serviceAccountName"), at, "spec", "serviceAccountName") or "default",
        annotations=_texts(metadata.get("annotations"), at, "metadata", "annotations"),
        labels=None if labels is None else _texts(labels, at, "metadata", "labels"),
        has_metadata=pod.get("metadata") is not None,
        containers=tuple(
            _container(member, at.child("spec", kind, place))
            for kind, found in members
            for place, member in enumerate(found)
        ),
        volumes=_names(spec.get("volumes"), at, "spec", "volumes"),
        has_volumes=spec.get("volumes") is not None,
        is_windows="windows" in (selector.get("kubernetes.io/os"), selector.get("beta.kubernetes.io/os")),
    )


def _container(value: JsonObject, at: Ref) -> Container:
    return Container(
        at,
        _text(value.get("name"), at, "name"),
        _names(value.get("env"), at, "env"),
        _names(value.get("volumeMounts"), at, "volumeMounts"),
        value.get("env") is not None,
        value.get("volumeMounts") is not None,
    )


# The place of a value is its tokens below ``at``: it is put together only where something is wrong.


def _names(value: Json, at: Ref, *tokens: str) -> frozenset[str]:
    return frozenset(
        _text(member.get("name"), at, *tokens, place, "name")
        for place, member in enumerate(_members(value, at, *tokens))
    )


def _members(value: Json, at: Ref, *tokens: str) -> list[JsonObject]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, _LISTS):
        raise SekishoInputError.single(_CODE, at.child(*tokens), "expected a list")
    return [_present(member, at, *tokens, place) for place, member in enumerate(value)]


def _object(value: Json, at: Ref, *tokens: str) -> JsonObject:
    return {} if value is None else _present(value, at, *tokens)


def _present(value: Json, at: Ref, *tokens: str | int) -> JsonObject:
    if not isinstance(value, _OBJECTS):
        raise SekishoInputError.single(_CODE, at.child(*tokens), "expected an object")
    return value


def _texts(value: Json, at: Ref, *tokens: str) -> dict[str, str]:
    return {name: _text(member, at, *tokens, name) for name, member in _object(value, at, *tokens).items()}


def _text(value: Json, at: Ref, *tokens: str | int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SekishoInputError.single(_CODE, at.child(*tokens), "expected a string")
    return value
