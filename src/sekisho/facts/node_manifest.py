"""A worker node in few words, and the Node object that kubectl shows for it."""

import re
from dataclasses import dataclass

from sekisho.decide.values import Instant, Json, JsonObject, Ref
from sekisho.facts.model import Cluster

_IP_NAME = re.compile(r"ip-([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})\..+", re.ASCII)


@dataclass(frozen=True, slots=True)
class WorkerNode:
    """A node of a world file. ``version`` is the kubelet's; an empty ``address`` follows from ``name``."""

    at: Ref
    name: str
    version: str = ""
    address: str = ""
    ready: bool = True
    labels: tuple[tuple[str, str], ...] = ()


def node_manifest(node: WorkerNode, cluster: Cluster, created: Instant) -> JsonObject:
    """Return the Node: Ready condition, addresses and kubelet version, as `kubectl get nodes` reads them.

    Without a version of its own the node runs patch 0 of the cluster's.
    """
    status = "True" if node.ready else "Unknown"
    reason, message = (
        ("KubeletReady", "kubelet is posting ready status")
        if node.ready
        else ("NodeStatusUnknown", "Kubelet stopped posting node status.")
    )
    ready: Json = {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": created.rfc3339(),
        "lastTransitionTime": created.rfc3339(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "creationTimestamp": created.rfc3339(),
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": node.name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": cluster.region,
                **dict(node.labels),
            },
        },
        "spec": {},
        "status": {
            "addresses": [*_internal_ip(node), *_names(node)],
            "conditions": [ready],
            "nodeInfo": {
                "architecture": "amd64",
                "kubeletVersion": node.version or f"v{cluster.version}.0",
                "operatingSystem": "linux",
            },
        },
    }


def _internal_ip(node: WorkerNode) -> list[Json]:
    found = _IP_NAME.fullmatch(node.name)
    address = node.address or (".".join(found.groups()) if found else "")
    return [{"type": "InternalIP", "address": address}] if address else []


def _names(node: WorkerNode) -> list[Json]:
    return [{"type": kind, "address": node.name} for kind in ("InternalDNS", "Hostname")]
