"""Which objects the nodes of a cluster reach, from the Pods and volumes among its facts."""

from sekisho.decide.node.graph import NodeGraph, build_graph
from sekisho.decide.values import JsonObject
from sekisho.facts.keys import Kind, kube_scope
from sekisho.facts.snapshot import Snapshot

PODS = ("", "pods")
VOLUMES = ("", "persistentvolumes")
ATTACHMENTS = ("storage.k8s.io", "volumeattachments")
NODE_RESOURCES = (PODS, VOLUMES, ATTACHMENTS)
"""API group and resource of the objects that the graph is made of."""


def node_graph(snapshot: Snapshot, cluster_arn: str) -> NodeGraph | None:
    """Return the graph of a cluster; None if its pods were not read. Total."""
    pods = _objects(snapshot, cluster_arn, *PODS)
    if pods is None:
        return None
    volumes = _objects(snapshot, cluster_arn, *VOLUMES)
    return build_graph(pods, volumes, _objects(snapshot, cluster_arn, *ATTACHMENTS))


def _objects(
    snapshot: Snapshot, cluster_arn: str, group: str, resource: str
) -> tuple[JsonObject, ...] | None:
    if snapshot.gap(Kind.KUBE, kube_scope(cluster_arn, group, resource)) is not None:
        return None
    return snapshot.kube_objects(cluster_arn, group, resource)
