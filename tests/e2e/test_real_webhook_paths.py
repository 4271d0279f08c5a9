"""Webhooks on every way to a write, as in a real cluster: of controllers, subresources, connections."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.both_clusters import Both, Side, both_clusters
from support.checkpoint import waited
from support.webhook_site import patch, webhook_site

GROUP = "/apis/admissionregistration.k8s.io/v1"
CORE = "/api/v1/namespaces/hooks"
APPS = "/apis/apps/v1/namespaces/hooks"
BATCH = "/apis/batch/v1/namespaces/hooks"


def annotated(request: dict[str, Any]) -> dict[str, Any]:
    """Write into the object who asked, so that both clusters show it."""
    user = request["userInfo"]
    told = f"{user['username']} {' '.join(sorted(user['groups']))} {request['options']['kind']}"
    return patch({"op": "add", "path": "/metadata/annotations", "value": {"asked-by": told}})


def refused(_: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": False, "status": {"message": "not here", "code": 403, "reason": "Forbidden"}}


def shown(request: dict[str, Any]) -> dict[str, Any]:
    """Refuse with all that was asked, so that both clusters show it."""
    told = {name: value for name, value in request.items() if name not in ("uid", "userInfo")}
    for member in ("object", "oldObject"):
        if told[member] is not None:
            told[member].get("metadata", {}).pop("managedFields", None)
    return {"allowed": False, "status": {"message": json.dumps(told, sort_keys=True)}}


def hook(case: str, client: dict[str, Any], group: str, *resources: str) -> dict[str, Any]:
    rule = {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": list(resources),
    }
    return {
        "name": f"{case}.hooks.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": client,
        "rules": [rule],
        "objectSelector": {"matchLabels": {"case": case}},
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("controllers")
    with (
        running_lab(folder / "state", None, "--pods", "off") as lab,
        both_clusters(folder, lab, admits=True) as both,
        webhook_site(folder) as hooks,
    ):
        hooks.answers |= {"/annotated": annotated, "/refused": refused, "/shown": shown}
        both.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "hooks"}})
        for kind, listed in (
            ("mutating", [hook("changed", hooks.client("/annotated"), "", "pods")]),
            (
                "validating",
                [
                    hook("no-pods", hooks.client("/refused"), "", "pods"),
                    hook("no-sets", hooks.client("/refused"), "apps", "replicasets"),
                    {
                        **hook("shown", hooks.client("/shown"), "*"),
                        "rules": [
                            {
                                "apiGroups": ["*"],
                                "apiVersions": ["*"],
                                "operations": ["*"],
                                "resources": ["*/*"],
                            }
                        ],
                        "objectSelector": {},
                        "matchConditions": [
                            {"name": "shown", "expression": "request.name.startsWith('shown')"},
                            {"name": "part", "expression": "has(request.subResource)"},
                        ],
                    },
                ],
            ),
        ):
            body = {"metadata": {"name": "cases"}, "webhooks": listed}
            answers = both.ask("POST", f"{GROUP}/{kind}webhookconfigurations", body)
            assert [status for status, _ in answers] == [201, 201]
        both_wait(both, lambda side: side.ask("GET", f"{CORE}/serviceaccounts/default")[0] == 200)
        both_wait(both, is_asking)
        yield both


def both_wait(both: Both, state: Any) -> list[Any]:
    return [waited(lambda side=side: state(side) or None) for side in (both.lab, both.real)]


def is_asking(side: Side) -> bool:
    """Tell whether the API server knows its webhooks by now."""
    pod = {**template("no-pods"), "metadata": {"name": "x", "labels": {"case": "no-pods"}}}
    return "not here" in str(side.ask("POST", f"{CORE}/pods?dryRun=All", pod))


def template(case: str, **more: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "main", "image": "web:1"}], **more}
    return {"metadata": {"labels": {"case": case, "app": case}}, "spec": spec}


def deployment(case: str) -> dict[str, Any]:
    selector = {"matchLabels": {"app": case}}
    spec = {"replicas": 1, "selector": selector, "template": template(case)}
    return {"metadata": {"name": case}, "spec": spec}


def events(side: Side, kind: str) -> list[tuple[str, str, str]]:
    """Return what was told of the objects of a kind."""
    listed = side.ask("GET", f"{CORE}/events?fieldSelector=involvedObject.kind={kind}")[1]["items"]
    return sorted({(one["type"], one["reason"], one["message"]) for one in listed})


def conditions(side: Side, path: str, name: str) -> list[tuple[str, ...]]:
    listed = side.ask("GET", path)[1]["items"]
    mine = [one for one in listed if one["metadata"]["name"].startswith(name)]
    return sorted(
        tuple(str(condition.get(member)) for member in ("type", "status", "reason", "message"))
        for one in mine
        for condition in one["status"].get("conditions", ())
    )


def test_a_pod_of_a_deployment_is_changed(both: Both) -> None:
    both.ask("POST", f"{APPS}/deployments", deployment("changed"))

    def asked_by(side: Side) -> Any:
        pods = side.ask("GET", f"{CORE}/pods?labelSelector=case=changed")[1]["items"]
        return [pod["metadata"]["annotations"] for pod in pods]

    lab, real = both_wait(both, asked_by)
    assert lab == real
    assert lab[0]["asked-by"].startswith("system:serviceaccount:kube-system:replicaset-controller ")


def test_a_pod_that_is_refused_is_told_on_its_set(both: Both) -> None:
    both.ask("POST", f"{APPS}/deployments", deployment("no-pods"))
    job = {"backoffLimit": 0, "template": template("no-pods", restartPolicy="Never")}
    both.ask("POST", f"{BATCH}/jobs", {"metadata": {"name": "no-pods"}, "spec": job})

    def failed(kind: str) -> Any:
        return lambda side: [one for one in events(side, kind) if one[1] == "FailedCreate"]

    for kind in ("ReplicaSet", "Job"):
        lab, real = both_wait(both, failed(kind))
        assert lab == real
        assert 'admission webhook "no-pods.hooks.example.com" denied the request: not here' in lab[0][2]
    both_wait(both, lambda side: conditions(side, f"{APPS}/replicasets", "no-pods"))
    lab, real = (conditions(side, f"{APPS}/replicasets", "no-pods") for side in (both.lab, both.real))
    assert lab == real
    assert lab[0][:3] == ("ReplicaFailure", "True", "FailedCreate")


def test_a_set_that_is_refused_is_told_on_its_deployment(both: Both) -> None:
    both.ask("POST", f"{APPS}/deployments", deployment("no-sets"))

    def told(side: Side) -> Any:
        return [one for one in events(side, "Deployment") if one[1] == "ReplicaSetCreateError"]

    lab, real = both_wait(both, told)
    assert lab == real
    lab, real = both_wait(both, lambda side: conditions(side, f"{APPS}/deployments", "no-sets"))
    assert lab == real


POD = {**template("shown"), "metadata": {"name": "shown", "labels": {"app": "alone"}}}
SCALE = {"metadata": {"name": "shown"}, "spec": {"replicas": 3}}
PARTS: dict[str, tuple[str, str, Any]] = {
    "exec": ("POST", f"{CORE}/pods/shown/exec?command=a&command=b&stdout=true&container=main", None),
    "exec by GET": ("GET", f"{CORE}/pods/shown/exec?command=a&stdin=1&tty=true", None),
    "exec of nothing": ("POST", f"{CORE}/pods/shown/exec", None),
    "exec in no pod": ("POST", f"{CORE}/pods/shown-not/exec?command=a", None),
    "attach": ("POST", f"{CORE}/pods/shown/attach?container=main&stdout=true", None),
    "ports": ("POST", f"{CORE}/pods/shown/portforward?ports=80&ports=81", None),
    "no ports": ("POST", f"{CORE}/pods/shown/portforward", None),
    "log": ("GET", f"{CORE}/pods/shown-not/log", None),
    "eviction": ("POST", f"{CORE}/pods/shown/eviction", {"metadata": {"name": "shown"}}),
    "binding": (
        "POST",
        f"{CORE}/pods/shown/binding",
        {"metadata": {"name": "shown"}, "target": {"kind": "Node", "name": "n"}},
    ),
    "token": ("POST", f"{CORE}/serviceaccounts/shown/token", {"spec": {"audiences": ["a"]}}),
    "token by default": ("POST", f"{CORE}/serviceaccounts/shown/token", {"spec": {}}),
    "scale": ("PUT", f"{APPS}/deployments/shown/scale", SCALE),
    "scale as a dry run": ("PUT", f"{APPS}/deployments/shown/scale?dryRun=All", SCALE),
    "scale below nothing": (
        "PUT",
        f"{APPS}/deployments/shown/scale",
        {"metadata": {"name": "shown"}, "spec": {"replicas": -1}},
    ),
    "scale that is read": ("GET", f"{APPS}/deployments/shown/scale", None),
}


@pytest.fixture(scope="module")
def parts(both: Both) -> Both:
    """Return the clusters with what the requests below are about."""
    stopped = deployment("shown")
    stopped["spec"]["replicas"] = 0
    for path, body in (
        (f"{CORE}/pods", POD),
        (f"{CORE}/serviceaccounts", {"metadata": {"name": "shown"}}),
        (f"{APPS}/deployments", stopped),
    ):
        assert [status for status, _ in both.ask("POST", path, body)] == [201, 201]
    return both


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_asked_about_alike(parts: Both, part: str) -> None:
    lab, real = parts.ask(*PARTS[part])
    assert lab == real
    if part not in ("log", "scale that is read", "scale below nothing"):
        assert 'admission webhook "shown.hooks.example.com" denied the request' in real[1]["message"]


def test_a_scale_is_changed_by_its_patch(parts: Both) -> None:
    """The patch of a Scale is tried again on what webhooks and others left."""
    path = f"{APPS}/deployments/changed/scale"
    patch_type = {"content-type": "application/merge-patch+json"}
    for side in (parts.lab, parts.real):
        status, scale = side.ask("PATCH", path, {"spec": {"replicas": 2}}, patch_type)
        assert (status, scale["spec"]) == (200, {"replicas": 2})
