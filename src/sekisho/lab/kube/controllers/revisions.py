"""The ReplicaSets of a Deployment: one per version of its template, numbered by annotations.

Source: kubernetes ``pkg/controller/deployment/util/deployment_util.go``. The hash of a template is ours;
only that equal templates have equal hashes matters.
"""

import json

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.kube.controllers.ownership import owner_reference
from sekisho.lab.world.world import LAST_APPLIED
from sekisho.wire.kube.members import mapping, number, text

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
_OWN = frozenset({REVISION, HISTORY, DESIRED, MAXIMUM, LAST_APPLIED, "deprecated.deployment.rollback.to"})
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
MAX_HISTORY_CHARS = 2_000


def revision_of(body: JsonObject) -> int:
    """Return the revision that a Deployment or ReplicaSet is annotated with; 0 where there is none."""
    told = text(body, "metadata", "annotations", REVISION)
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0


def replica_set_of(sets: list[JsonObject], template: JsonObject) -> JsonObject | None:
    """Return the oldest of ``sets`` that was made of ``template``."""
    wanted = _bare(template)
    same = [one for one in sets if _bare(mapping(one, "spec", "template")) == wanted]
    return min(same, key=age_order, default=None)


def age_order(body: JsonObject) -> tuple[str, str]:
    """Return the place of an object among others by age."""
    return text(body, "metadata", "creationTimestamp"), text(body, "metadata", "name")


def template_hash(template: JsonObject, collisions: int) -> str:
    """Return a short name of ``template`` (FNV-1a, spelled as Kubernetes spells such hashes)."""
    value = _FNV_OFFSET
    for byte in f"{json.dumps(template, sort_keys=True)}{collisions or ''}".encode():
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(char) % len(_ALPHABET)] for char in str(value))


def new_replica_set(deployment: JsonObject, replicas: int, maximum: int, revision: int) -> dict[str, Json]:
    """Return the ReplicaSet of the Deployment's template."""
    spec = mapping(deployment, "spec")
    template = mapping(spec, "template")
    hash_ = template_hash(template, number(deployment, "status", "collisionCount"))
    metadata = mapping(template, "metadata")
    labels = {**mapping(metadata, "labels"), HASH: hash_}
    selector = mapping(spec, "selector")
    return {
        "metadata": {
            "name": f"{text(deployment, 'metadata', 'name')}-{hash_}",
            "labels": labels,
            "annotations": {
                **copied_annotations(deployment),
                **size_annotations(deployment, maximum),
                REVISION: str(revision),
            },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": replicas,
            **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            "selector": {**selector, "matchLabels": {**mapping(selector, "matchLabels"), HASH: hash_}},
            "template": {**template, "metadata": {**metadata, "labels": labels}},
        },
    }


def as_current(found: JsonObject, deployment: JsonObject, maximum: int, revision: int) -> JsonObject:
    """Return the newest ReplicaSet as it is to be annotated; one that is used again is a new revision."""
    metadata = mapping(found, "metadata")
    annotations: dict[str, Json] = {
        **mapping(metadata, "annotations"),
        **copied_annotations(deployment),
        **size_annotations(deployment, maximum),
    }
    old = revision_of(found)
    if old < revision:
        annotations[REVISION] = str(revision)
        if old:
            told = text(annotations, HISTORY)
            annotations[HISTORY] = f"{told},{old}".lstrip(",")[-MAX_HISTORY_CHARS:]
    spec = dict(mapping(found, "spec"))
    spec.pop("minReadySeconds", None)
    if mapping(deployment, "spec").get("minReadySeconds"):
        spec["minReadySeconds"] = mapping(deployment, "spec")["minReadySeconds"]
    return {**found, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def size_annotations(deployment: JsonObject, maximum: int) -> dict[str, Json]:
    """Return how many pods the Deployment wanted when its set was last looked at."""
    return {DESIRED: str(number(deployment, "spec", "replicas")), MAXIMUM: str(maximum)}


def copied_annotations(deployment: JsonObject) -> dict[str, Json]:
    """Return the annotations of a Deployment that its ReplicaSets get."""
    return {
        name: value
        for name, value in mapping(deployment, "metadata", "annotations").items()
        if name not in _OWN
    }


def _bare(template: JsonObject) -> JsonObject:
    """Return a template without the hash that a ReplicaSet adds to its labels."""
    metadata = dict(mapping(template, "metadata"))
    labels = {name: value for name, value in mapping(metadata, "labels").items() if name != HASH}
    metadata.pop("labels", None)
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, **({"labels": labels} if labels else {})}}
