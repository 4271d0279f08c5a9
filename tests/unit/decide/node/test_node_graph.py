"""What a pod names, volume source by volume source, and whose node reaches it."""

from typing import Any

import pytest

from sekisho.decide.node.graph import Kept, NodeGraph, build_graph


def graph_of(spec: dict[str, Any], **pod: Any) -> NodeGraph:
    return build_graph(
        [{"metadata": {"namespace": "ns", "name": "p"}, "spec": {"nodeName": "n", **spec}, **pod}]
    )


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", **source}]}


def container(section: str = "containers", **members: Any) -> dict[str, Any]:
    return {section: [{"name": "c", **members}]}


NAMED: dict[str, tuple[dict[str, Any], Kept, str]] = {
    "its account": ({"serviceAccountName": "sa"}, Kept.SERVICE_ACCOUNT, "sa"),
    "a pull secret": ({"imagePullSecrets": [{"name": "s"}]}, Kept.SECRET, "s"),
    "a secret volume": (volume(secret={"secretName": "s"}), Kept.SECRET, "s"),
    "a config map volume": (volume(configMap={"name": "c"}), Kept.CONFIG_MAP, "c"),
    "a claim": (volume(persistentVolumeClaim={"claimName": "c"}), Kept.CLAIM, "c"),
    "an ephemeral claim": (volume(ephemeral={}), Kept.CLAIM, "p-v"),
    "a projected secret": (volume(projected={"sources": [{"secret": {"name": "s"}}]}), Kept.SECRET, "s"),
    "a projected map": (volume(projected={"sources": [{"configMap": {"name": "c"}}]}), Kept.CONFIG_MAP, "c"),
    "azureFile": (volume(azureFile={"secretName": "s"}), Kept.SECRET, "s"),
    "cephfs": (volume(cephfs={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "csi": (volume(csi={"nodePublishSecretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "flexVolume": (volume(flexVolume={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "iscsi": (volume(iscsi={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "rbd": (volume(rbd={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "scaleIO": (volume(scaleIO={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "storageos": (volume(storageos={"secretRef": {"name": "s"}}), Kept.SECRET, "s"),
    "env from a secret": (container(envFrom=[{"secretRef": {"name": "s"}}]), Kept.SECRET, "s"),
    "env from a map": (container(envFrom=[{"configMapRef": {"name": "c"}}]), Kept.CONFIG_MAP, "c"),
    "a variable from a secret": (
        container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]),
        Kept.SECRET,
        "s",
    ),
    "a variable from a map, of an init container": (
        container("initContainers", env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c"}}}]),
        Kept.CONFIG_MAP,
        "c",
    ),
    "an ephemeral container": (
        container("ephemeralContainers", envFrom=[{"secretRef": {"name": "s"}}]),
        Kept.SECRET,
        "s",
    ),
    "a resource claim": (
        {"resourceClaims": [{"name": "r", "resourceClaimName": "rc"}]},
        Kept.RESOURCE_CLAIM,
        "rc",
    ),
}


@pytest.mark.parametrize("case", NAMED)
def test_what_a_pod_names_its_node_reaches_and_no_other(case: str) -> None:
    spec, kind, name = NAMED[case]
    graph = graph_of(spec)
    assert graph.reaches("n", kind, "ns", name)
    assert graph.nodes_of(kind, "ns", name) == ("n",)
    assert not graph.reaches("n", kind, "other", name)
    assert not graph.reaches("n", kind, "ns", "other")
    assert not graph.reaches("other", kind, "ns", name)


def test_a_claim_made_from_a_template_is_found_by_the_pod_s_status() -> None:
    statuses = [{"name": "r", "resourceClaimName": "p-r-x1"}]
    spec = {"resourceClaims": [{"name": "r", "resourceClaimTemplateName": "t"}]}
    assert graph_of(spec, status={"resourceClaimStatuses": statuses}).reaches(
        "n", Kept.RESOURCE_CLAIM, "ns", "p-r-x1"
    )


PV_SECRETS: dict[str, dict[str, Any]] = {
    "csi, staged": {"csi": {"nodeStageSecretRef": {"name": "s", "namespace": "vault"}}},
    "csi, published": {"csi": {"controllerPublishSecretRef": {"name": "s", "namespace": "vault"}}},
    "azureFile": {"azureFile": {"secretName": "s", "secretNamespace": "vault"}},
    "rbd": {"rbd": {"secretRef": {"name": "s", "namespace": "vault"}}},
}


@pytest.mark.parametrize("case", PV_SECRETS)
def test_through_its_claim_a_node_reaches_the_volume_and_the_secrets_of_it(case: str) -> None:
    pod: dict[str, Any] = {
        "metadata": {"namespace": "ns", "name": "p"},
        "spec": {"nodeName": "n", **volume(persistentVolumeClaim={"claimName": "c"})},
    }
    bound: dict[str, Any] = {
        "metadata": {"name": "pv"},
        "spec": {"claimRef": {"namespace": "ns", "name": "c"}, **PV_SECRETS[case]},
    }
    free: dict[str, Any] = {
        "metadata": {"name": "free"},
        "spec": {"claimRef": {"namespace": "ns", "name": "d"}},
    }
    graph = build_graph([pod], [bound, free])
    assert graph.reaches("n", Kept.VOLUME, "", "pv")
    assert graph.reaches("n", Kept.SECRET, "vault", "s")
    assert not graph.reaches("n", Kept.VOLUME, "", "free")


def test_a_secret_without_a_namespace_is_that_of_the_claim() -> None:
    pod: dict[str, Any] = {
        "metadata": {"namespace": "ns"},
        "spec": {"nodeName": "n", **volume(persistentVolumeClaim={"claimName": "c"})},
    }
    bound: dict[str, Any] = {
        "spec": {"claimRef": {"namespace": "ns", "name": "c"}, "iscsi": {"secretRef": {"name": "s"}}}
    }
    assert build_graph([pod], [bound]).reaches("n", Kept.SECRET, "ns", "s")


NOTHING: dict[str, dict[str, Any]] = {
    "a pod without a node": {
        "metadata": {"namespace": "ns", "name": "p"},
        "spec": {"serviceAccountName": "sa"},
    },
    "a mirror pod": {
        "metadata": {"namespace": "ns", "name": "p", "annotations": {"kubernetes.io/config.mirror": "x"}},
        "spec": {"nodeName": "n", "serviceAccountName": "sa"},
    },
    "no pod at all": {"spec": "x"},
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_reached_through(case: str) -> None:
    assert build_graph([NOTHING[case]]).by_node == {}


def test_what_has_not_its_shape_names_nothing() -> None:
    odd = {"volumes": [1, {"secret": "s"}], "containers": {"env": 1}, "imagePullSecrets": "x"}
    assert graph_of(odd).by_node["n"] == {(Kept.POD, "ns", "p")}


def test_an_attachment_is_of_its_node() -> None:
    found: list[dict[str, Any]] = [
        {"metadata": {"name": "va"}, "spec": {"nodeName": "n"}},
        {"metadata": {}, "spec": {"nodeName": "n"}},
        {"metadata": {"name": "vb"}, "spec": {}},
    ]
    graph = build_graph([], (), found)
    assert graph.by_node == {"n": {(Kept.ATTACHMENT, "", "va")}}


def test_kinds_that_were_not_read_are_remembered() -> None:
    graph = build_graph([], None, None)
    assert graph.unread == {Kept.VOLUME, Kept.ATTACHMENT}
    assert build_graph([]).unread == frozenset()
