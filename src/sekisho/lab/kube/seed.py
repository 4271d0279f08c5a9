"""What a new cluster holds before anyone asks: namespaces, and the RBAC objects of EKS out of the box."""

import uuid
from collections.abc import Iterable
from typing import Any

from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.values import Instant, JsonObject, Ref, SekishoInputError
from sekisho.facts import Event, Kind, Put, Snapshot, kube_key, kube_scope
from sekisho.lab.kube.companions import namespace_companions
from sekisho.lab.kube.objects import aggregated
from sekisho.lab.kube.strategies import as_created
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.registry import APPS, BATCH, CORE, RBAC, REGISTRY

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def first_objects(cluster_arn: str, now: Instant, root_certificate: str) -> tuple[Event, ...]:
    """Return the objects of a new cluster; aggregated ClusterRoles have their rules."""
    created = now.rfc3339()
    events: list[Event] = []
    for name in NAMESPACES:
        events.append(_put(cluster_arn, _namespace(name), created))
        events.extend(namespace_companions(cluster_arn, name, created, root_certificate))
    events.extend(_put(cluster_arn, body, created) for body in default_objects())
    roles = Snapshot(events).kube_objects(cluster_arn, RBAC.group, "clusterroles")
    return (*events, *aggregated_roles(cluster_arn, roles))


def companions(
    cluster_arn: str, namespaces: Iterable[str], now: Instant, root_certificate: str
) -> tuple[Event, ...]:
    """Return what the controllers of a cluster put into namespaces that people make."""
    return tuple(
        event
        for name in namespaces
        if name not in NAMESPACES
        for event in namespace_companions(cluster_arn, name, now.rfc3339(), root_certificate)
    )


def aggregated_roles(cluster_arn: str, cluster_roles: Iterable[JsonObject]) -> tuple[Event, ...]:
    """Return the changes that give aggregated ClusterRoles the rules of those that they gather."""
    return tuple(aggregated(cluster_arn, cluster_roles))


def namespaces_of(cluster_arn: str) -> tuple[Kind, str]:
    """Return kind and scope of the namespaces of a cluster."""
    return Kind.KUBE, kube_scope(cluster_arn, CORE.group, "namespaces")


def manifest(cluster_arn: str, body: JsonObject, created: str, at: Ref) -> Event:
    """Return the event that puts one object of a world file into a cluster.

    Raises:
        SekishoInputError: as `check`.
    """
    check(body, at)
    resource = REGISTRY.of_kind(text(body, "apiVersion"), text(body, "kind"))
    assert resource is not None  # noqa: S101 - it was checked
    return _put(cluster_arn, with_defaults(resource, body), created)


def check(body: JsonObject, at: Ref) -> None:
    """Return if an object of a world file can be put into a cluster.

    Raises:
        SekishoInputError: its kind is not served, or it has no name.
    """
    resource = REGISTRY.of_kind(text(body, "apiVersion"), text(body, "kind"))
    if resource is None or not resource.is_stored:
        shown = f"{text(body, 'apiVersion')} {text(body, 'kind')}".strip()
        raise SekishoInputError.single(
            "world.unserved-kind", at, f"expected a kind that the lab serves, found `{shown or 'none'}`"
        )
    if not text(body, "metadata", "name"):
        raise SekishoInputError.single("world.no-name", at.child("metadata"), "expected a name")


def _put(cluster_arn: str, body: JsonObject, created: str) -> Event:
    resource = REGISTRY.of_kind(text(body, "apiVersion"), text(body, "kind"))
    assert resource is not None  # noqa: S101 - callers checked or wrote the kind
    metadata: dict[str, Any] = dict(mapping(body, "metadata"))
    namespace = ""
    if resource.namespaced:
        namespace = metadata["namespace"] = text(metadata, "namespace") or "default"
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": created}
    key = kube_key(cluster_arn, resource.group, resource.plural, namespace, text(metadata, "name"))
    placed: JsonObject = {**body, "metadata": metadata}
    is_workload = resource.group in (APPS.group, BATCH.group)
    return Put(key, as_created(resource, placed) if is_workload else placed)


def _namespace(name: str) -> JsonObject:
    return {
        "apiVersion": CORE.api_version,
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
