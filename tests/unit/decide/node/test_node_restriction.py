"""What a node may write, row by row; `tests/e2e/test_real_node_restriction.py` asks a real one the same."""

from dataclasses import replace
from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.node.restriction import AUDIENCES_SINCE, Known, Write, restrict
from sekisho.decide.node.restriction_code import RestrictionCode as Code
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser

NODES = ("system:nodes", "system:authenticated")
NODE = KubeUser("system:node:n1", NODES)
MIRROR = {"kubernetes.io/config.mirror": "x"}
OWNER: dict[str, Any] = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u-n1", "controller": True}
SOURCES = [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "t"}}]
POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "u-p", "labels": {"a": "b"}},
    "spec": {"nodeName": "n1", "volumes": [{"name": "t", "projected": {"sources": SOURCES}}]},
    "status": {"resourceClaimStatuses": [{"name": "c"}]},
}
OBJECTS: dict[tuple[str, str, str], JsonObject] = {
    ("pods", "ns", "p"): POD,
    ("pods", "ns", "other"): {"metadata": {"uid": "u-o"}, "spec": {"nodeName": "n2"}},
    ("nodes", "", "n1"): {"metadata": {"name": "n1", "uid": "u-n1"}},
}


def known(minor: int = AUDIENCES_SINCE, *allowed: RequestAttributes) -> Known:
    return Known(lambda *place: OBJECTS.get(place), lambda asked: asked in allowed, minor)


def mirror(*, annotations: Any = MIRROR, owners: Any = (OWNER,), node: str = "n1", **spec: Any) -> Write:
    metadata: dict[str, Any] = {"name": "m", "annotations": annotations, "ownerReferences": list(owners)}
    body = {"metadata": metadata, "spec": {"nodeName": node, **spec}}
    return Write("CREATE", "", "pods", namespace="ns", name="m", body=body)


def volume(**source: Any) -> Write:
    return mirror(volumes=[{"name": "v", **source}])


def projected(**source: Any) -> Write:
    return volume(projected={"sources": [{"downwardAPI": {"items": []}}, source]})


def of_status(**changed: Any) -> Write:
    return Write("UPDATE", "", "pods", "status", "ns", "p", {**POD, **changed}, POD)


OLD_NODE: dict[str, Any] = {
    "metadata": {"name": "n1", "labels": {"kubernetes.io/role": "x", "team": "a"}},
    "spec": {"configSource": {"a": 1}, "taints": [{"key": "k", "effect": "NoSchedule"}]},
}


def of_node(labels: dict[str, str] | None = None, **spec: Any) -> Write:
    given = OLD_NODE["metadata"]["labels"] if labels is None else labels
    body: dict[str, Any] = {"metadata": {"name": "n1", "labels": given}, "spec": {**OLD_NODE["spec"], **spec}}
    return Write("UPDATE", "", "nodes", name="n1", body=body, old=OLD_NODE)


def new_node(labels: dict[str, str], **spec: Any) -> Write:
    body: dict[str, Any] = {"metadata": {"name": "n1", "labels": labels}, "spec": spec}
    return Write("CREATE", "", "nodes", name="n1", body=body)


def token(*audiences: str, **bound: Any) -> Write:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u-p", **bound}
    body: dict[str, Any] = {"spec": {"audiences": list(audiences), "boundObjectRef": reference}}
    return Write("CREATE", "", "serviceaccounts", "token", "ns", "sa", body)


def owned(**changed: Any) -> Write:
    return mirror(owners=({**OWNER, **changed},))


CONTAINER = {"name": "c"}
ENV_SECRET = {**CONTAINER, "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}
ENV_MAP = {**CONTAINER, "envFrom": [{"configMapRef": {"name": "c"}}]}

ALLOWED = {
    "a mirror pod of its own": mirror(),
    "a mirror pod with volumes that name nothing": volume(hostPath={"path": "/x"}),
    "a volume without a source is empty": volume(),
    "a volume without its shape names nothing": mirror(volumes=["x"]),
    "a projected volume that names nothing": projected(downwardAPI={"items": []}),
    "deleting its pod": Write("DELETE", "", "pods", namespace="ns", name="p"),
    "evicting its pod": Write("CREATE", "", "pods", "eviction", "ns", "p", {}),
    "the status of its pod": of_status(status={"phase": "Running", "resourceClaimStatuses": [{"name": "c"}]}),
    "its own node, registered": new_node(
        {
            "kubernetes.io/hostname": "n1",
            "topology.kubernetes.io/zone": "a",
            "node.kubernetes.io/x": "a",
            "x.kubelet.kubernetes.io/y": "a",
            "example.com/pool": "a",
            "pool": "a",
        }
    ),
    "its own node, unchanged": of_node(),
    "a label of its own": of_node({"kubernetes.io/role": "x", "team": "b"}),
    "its config source removed": of_node(configSource=None),
    "deleting its own node": Write("DELETE", "", "nodes", name="n1", old=OLD_NODE),
    "the status of its node": replace(of_node(), subresource="status"),
    "a token for an audience that its pod names": token("sts.amazonaws.com"),
    "an account read again": Write("UPDATE", "", "serviceaccounts", namespace="ns", name="sa"),
    "its lease": Write("CREATE", "coordination.k8s.io", "leases", "", "kube-node-lease", "n1", {}),
    "its CSINode": Write("UPDATE", "storage.k8s.io", "csinodes", name="n1"),
    "what the plugin knows nothing of": Write("CREATE", "", "events", namespace="ns", name="e"),
}


@pytest.mark.parametrize("write", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_a_node_may_write(write: Write) -> None:
    decision = restrict(NODE, write, known())
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.ALLOW, Code.NOT_LIMITED)


REFERRED = {
    "serviceaccounts": mirror(serviceAccountName="sa"),
    "secrets": mirror(imagePullSecrets=[{"name": "s"}]),
    "configmaps": mirror(containers=[ENV_MAP]),
    "resourceclaims": mirror(resourceClaims=[{"name": "c"}]),
    "csidrivers (via CSI volumes)": volume(csi={"driver": "d"}),
    "endpoints (via glusterFS volumes)": volume(glusterfs={"endpoints": "e"}),
    "persistentvolumeclaims": volume(persistentVolumeClaim={"claimName": "c"}),
    "persistentvolumeclaims (via ephemeral volumes)": volume(ephemeral={}),
    "secrets (via azureFile volumes)": volume(azureFile={"shareName": "s"}),
    "configmaps (via configmap volumes)": volume(configMap={}),
    "secrets (via secret volumes)": volume(secret={}),
    "configmaps (via projected volumes)": projected(configMap={}),
    "secrets (via projected volumes)": projected(secret={}),
    "serviceaccounts (via projected volumes)": projected(serviceAccountToken={"path": "t"}),
    "clustertrustbundles": projected(clusterTrustBundle={"path": "t"}),
    "podcertificates": projected(podCertificate={}),
}


@pytest.mark.parametrize(("referred", "write"), REFERRED.items(), ids=REFERRED.keys())
def test_a_mirror_pod_names_no_object(referred: str, write: Write) -> None:
    decision = restrict(NODE, write, known())
    assert decision.sentence() == f'node "n1" can not create pods that reference {referred}'
    assert decision.decisive[0].code is Code.REFERENCES


SECRETS = {
    "a container's variable": mirror(initContainers=[ENV_SECRET]),
    "a projected secret": projected(secret={"name": "s"}),
    "a secret volume": volume(secret={"secretName": "s"}),
    "an azureFile secret": volume(azureFile={"secretName": "s"}),
    "a reference of a volume": volume(csi={"nodePublishSecretRef": {"name": "s"}}),
}


@pytest.mark.parametrize("write", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_found_wherever_it_is_named(write: Write) -> None:
    assert restrict(NODE, write, known()).sentence().endswith("can not create pods that reference secrets")


REFUSED: dict[str, tuple[Write, Code, str]] = {
    "a pod that is no mirror": (
        mirror(annotations={}),
        Code.NOT_A_MIRROR_POD,
        'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ),
    "a mirror pod elsewhere": (
        mirror(node="n2"),
        Code.CREATES_OTHERS_POD,
        'node "n1" can only create pods with spec.nodeName set to itself',
    ),
    "two owners": (
        mirror(owners=(OWNER, OWNER)),
        Code.MANY_OWNERS,
        'node "n1" can only create pods with a single owner reference set to itself',
    ),
    "no owner": (
        mirror(owners=()),
        Code.NOT_OWNED,
        'node "n1" can only create pods with an owner reference set to itself',
    ),
    "another owner": (
        owned(name="n2"),
        Code.NOT_OWNED,
        'node "n1" can only create pods with an owner reference set to itself',
    ),
    "an owner that does not control": (
        owned(controller=False),
        Code.NOT_CONTROLLED,
        'node "n1" can only create pods with a controller owner reference set to itself',
    ),
    "an owner that blocks deletion": (
        owned(blockOwnerDeletion=True),
        Code.BLOCKS_DELETION,
        'node "n1" must not set blockOwnerDeletion on an owner reference',
    ),
    "an owner of before": (
        owned(uid="u-old"),
        Code.NODE_UID,
        "node n1 UID mismatch: expected u-old got u-n1",
    ),
    "a volume of an unknown kind": (
        volume(strange={}),
        Code.UNKNOWN_VOLUME,
        'error checking mirror pod for API references: unknown volume type for volume  "v"',
    ),
    "a projection of an unknown kind": (
        projected(strange={}),
        Code.UNKNOWN_VOLUME,
        'error checking mirror pod for API references: unknown source for projected volume "v"',
    ),
    "deleting another's pod": (
        Write("DELETE", "", "pods", namespace="ns", name="other"),
        Code.DELETES_OTHERS_POD,
        'node "n1" can only delete pods with spec.nodeName set to itself',
    ),
    "deleting no pod": (
        Write("DELETE", "", "pods", namespace="ns", name="x"),
        Code.POD_MISSING,
        'pod "x" not found',
    ),
    "changing a pod": (
        Write("UPDATE", "", "pods", namespace="ns", name="p", body=POD, old=POD),
        Code.POD_OPERATION,
        'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    ),
    "evicting another's pod": (
        Write("CREATE", "", "pods", "eviction", "ns", "other", {}),
        Code.EVICTS_OTHERS_POD,
        "node n1 can only evict pods with spec.nodeName set to itself",
    ),
    "changing an eviction": (
        Write("UPDATE", "", "pods", "eviction", "ns", "p", {}),
        Code.EVICTION_OPERATION,
        "unexpected operation UPDATE",
    ),
    "creating a status": (
        Write("CREATE", "", "pods", "status", "ns", "p", {}),
        Code.OPERATION,
        'unexpected operation "CREATE"',
    ),
    "another part of a pod": (
        Write("CREATE", "", "pods", "binding", "ns", "p", {}),
        Code.POD_SUBRESOURCE,
        "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
    ),
    "the status of another's pod": (
        Write("UPDATE", "", "pods", "status", "ns", "other", {}, OBJECTS["pods", "ns", "other"]),
        Code.STATUS_OF_OTHERS_POD,
        'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    ),
    "labels by status": (
        of_status(metadata={"labels": {"a": "c"}}),
        Code.LABELS_BY_STATUS,
        'node "n1" cannot update labels through pod status',
    ),
    "claims by status": (
        of_status(status={}),
        Code.CLAIM_STATUSES,
        'node "n1" cannot update resource claim statues',
    ),
    "extended claims by status": (
        of_status(status={**POD["status"], "extendedResourceClaimStatus": {"resourceClaimName": "x"}}),
        Code.EXTENDED_CLAIM_STATUS,
        'node "n1" cannot update extended resource claim status',
    ),
    "allocatable claims by status": (
        of_status(status={**POD["status"], "nodeAllocatableResourceClaimStatuses": [{}]}),
        Code.ALLOCATABLE_CLAIM_STATUSES,
        'node "n1" cannot update node allocatable resource claim statuses',
    ),
    "another node": (
        Write("UPDATE", "", "nodes", name="n2"),
        Code.OTHER_NODE,
        'node "n1" is not allowed to modify node "n2"',
    ),
    "a node with a config source": (
        new_node({}, configSource={}),
        Code.CREATES_CONFIG_SOURCE,
        'node "n1" is not allowed to create pods with a non-nil configSource',
    ),
    "a node with labels of others": (
        new_node(
            {
                "z.node-restriction.kubernetes.io/a": "b",
                "node-restriction.kubernetes.io/a": "b",
                "kubernetes.io/x": "y",
                "foo.k8s.io/x": "y",
            }
        ),
        Code.SETS_LABELS,
        (
            'node "n1" is not allowed to set the following labels: foo.k8s.io/x, kubernetes.io/x, '
            "node-restriction.kubernetes.io/a, z.node-restriction.kubernetes.io/a"
        ),
    ),
    "another config source": (
        of_node(configSource={"a": 2}),
        Code.CONFIG_SOURCE,
        'node "n1" is not allowed to update configSource to a new non-nil configSource',
    ),
    "its taints": (of_node(taints=[]), Code.TAINTS, 'node "n1" is not allowed to modify taints'),
    "its owners": (
        replace(
            of_node(),
            body={"metadata": {**OLD_NODE["metadata"], "ownerReferences": [OWNER]}, "spec": OLD_NODE["spec"]},
        ),
        Code.OWNERS,
        'node "n1" is not allowed to modify ownerReferences',
    ),
    "a label that it may not remove": (
        of_node({"team": "a"}),
        Code.CHANGES_LABELS,
        "is not allowed to modify labels: kubernetes.io/role",
    ),
    "a token that is bound to nothing": (
        Write("CREATE", "", "serviceaccounts", "token", "ns", "sa", {"spec": {}}),
        Code.TOKEN_NOT_BOUND,
        "node requested token not bound to a pod",
    ),
    "a token bound to a secret": (
        token(kind="Secret"),
        Code.TOKEN_NOT_BOUND,
        "node requested token not bound to a pod",
    ),
    "a token bound to no name": (
        token(name=""),
        Code.TOKEN_NOT_BOUND,
        "node requested token not bound to a pod",
    ),
    "a token without a uid": (
        token(uid=""),
        Code.TOKEN_WITHOUT_UID,
        "node requested token with a pod binding without a uid",
    ),
    "a token for no pod": (token(name="x"), Code.POD_MISSING, 'pod "x" not found'),
    "a token for a pod of before": (
        token(uid="u-old"),
        Code.TOKEN_UID,
        (
            "the UID in the bound object reference (u-old) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        ),
    ),
    "a token for another's pod": (
        token(name="other", uid="u-o"),
        Code.TOKEN_OF_OTHERS_POD,
        "node requested token bound to a pod scheduled on a different node",
    ),
    "a token for two audiences": (
        token("a", "b"),
        Code.MANY_AUDIENCES,
        "node may only request 0 or 1 audiences",
    ),
    "a token for an audience that its pod does not name": (
        token("vault"),
        Code.AUDIENCE,
        'system:node:n1 is not authorized to request tokens for audience "vault"',
    ),
    "a token for the API server where the pod mounts none": (
        token(),
        Code.AUDIENCE,
        'system:node:n1 is not authorized to request tokens for audience ""',
    ),
    "a lease elsewhere": (
        Write("CREATE", "coordination.k8s.io", "leases", "", "ns", "n1", {}),
        Code.LEASE_NAMESPACE,
        'can only access leases in the "kube-node-lease" system namespace',
    ),
    "another's lease": (
        Write("UPDATE", "coordination.k8s.io", "leases", "", "kube-node-lease", "n2", {}),
        Code.OTHER_LEASE,
        "can only access node lease with the same name as the requesting node",
    ),
    "another's CSINode": (
        Write("CREATE", "storage.k8s.io", "csinodes", name="n2", body={}),
        Code.OTHER_CSI_NODE,
        "can only access CSINode with the same name as the requesting node",
    ),
}


@pytest.mark.parametrize(("write", "code", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_node_may_not_write(write: Write, code: Code, sentence: str) -> None:
    decision = restrict(NODE, write, known())
    assert decision.outcome is Outcome.DENY
    assert (decision.decisive[0].code, decision.sentence()) == (code, sentence)


def test_a_node_that_is_not_registered_has_no_mirror_pods() -> None:
    write = mirror(node="n9", owners=({**OWNER, "name": "n9"},))
    decision = restrict(KubeUser("system:node:n9", NODES), write, known())
    assert (decision.decisive[0].code, decision.sentence()) == (Code.NODE_MISSING, 'node "n9" not found')


def test_an_audience_that_rbac_lets_the_node_ask_for() -> None:
    granted = RequestAttributes(
        "request-serviceaccounts-token-audience", "", "v1", "vault", namespace="ns", name="sa"
    )
    assert restrict(NODE, token("vault"), known(AUDIENCES_SINCE, granted)).allowed
    assert not restrict(NODE, token("other"), known(AUDIENCES_SINCE, granted)).allowed


def test_audiences_are_free_before_1_33() -> None:
    assert restrict(NODE, token("a", "b"), known(AUDIENCES_SINCE - 1)).allowed
    assert not restrict(NODE, token("a", "b"), known(AUDIENCES_SINCE)).allowed


USERS = {
    "a node without its group": (KubeUser("system:node:n1"), Code.NOT_A_NODE, Outcome.ALLOW),
    "another user among the nodes": (KubeUser("n1", NODES), Code.NOT_A_NODE, Outcome.ALLOW),
    "a node without a name": (KubeUser("system:node:", NODES), Code.NO_NODE_NAME, Outcome.DENY),
}


@pytest.mark.parametrize(("user", "code", "outcome"), USERS.values(), ids=USERS.keys())
def test_who_is_a_node(user: KubeUser, code: Code, outcome: Outcome) -> None:
    decision = restrict(user, mirror(annotations={}), known())
    assert (decision.outcome, decision.decisive[0].code) == (outcome, code)


MALFORMED: dict[str, Write] = {
    "no object": Write("CREATE", "", "pods", namespace="ns"),
    "members of other types": mirror(annotations=[], owners=("x",), volumes="x"),
    "no object of a token": Write("CREATE", "", "serviceaccounts", "token", "ns", "sa"),
}


@pytest.mark.parametrize("write", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_has_not_its_shape_is_refused(write: Write) -> None:
    assert restrict(NODE, write, known()).outcome is Outcome.DENY


def test_volumes_that_have_not_their_shape_name_no_audience() -> None:
    OBJECTS["pods", "ns", "odd"] = {
        "metadata": {"uid": "u"},
        "spec": {
            "nodeName": "n1",
            "volumes": ["x", {"projected": {"sources": [{"serviceAccountToken": 1}]}}],
        },
    }
    assert not restrict(NODE, token("a", name="odd", uid="u"), known()).allowed
