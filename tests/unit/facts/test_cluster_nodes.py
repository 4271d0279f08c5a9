"""The node graph of a cluster among facts: unread pods are no "no"."""

from sekisho.decide.node.graph import Kept
from sekisho.facts.files import read_documents

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: web}
spec:
  nodeName: n1
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
"""
VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv}
spec:
  claimRef: {namespace: web, name: data}
  csi: {driver: d, volumeHandle: h, nodePublishSecretRef: {name: key, namespace: web}}
"""
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: []
"""


def test_no_pod_in_the_files_is_no_graph() -> None:
    cluster = read_documents([("role.yaml", ROLE)]).cluster
    assert cluster is not None
    assert cluster.nodes is None


def test_pods_alone_leave_the_volumes_open() -> None:
    cluster = read_documents([("pod.yaml", POD)]).cluster
    assert cluster is not None
    assert cluster.nodes is not None
    assert cluster.nodes.reaches("n1", Kept.POD, "web", "p")
    assert cluster.nodes.unread == {Kept.VOLUME, Kept.ATTACHMENT}


def test_volumes_lead_to_their_secrets() -> None:
    cluster = read_documents([("pod.yaml", POD), ("volume.yaml", VOLUME)]).cluster
    assert cluster is not None
    assert cluster.nodes is not None
    assert cluster.nodes.reaches("n1", Kept.SECRET, "web", "key")
    assert cluster.nodes.unread == {Kept.ATTACHMENT}
