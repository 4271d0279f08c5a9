"""Workloads of a running lab: its controllers, deletion with owners and finalizers, watches, restarts."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.hostile_wire import Doors, Target, render, token_of, token_url
from sekisho.testing import RunningLab, running_lab
from support.checkpoint import waited
from support.service_accounts import KubeApi

APPS = "/apis/apps/v1/namespaces/{}"
BATCH = "/apis/batch/v1/namespaces/{}"
CORE = "/api/v1/namespaces/{}"
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "main", "image": "web:1"}]},
}
JOB_TEMPLATE = {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
NUMBERS = itertools.count()
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    # Pods are reported by the tests themselves.
    with running_lab(tmp_path_factory.mktemp("workloads"), None, "--pods", "off") as lab:
        yield lab


@pytest.fixture
def place(lab: RunningLab) -> "Place":
    name = f"place-{next(NUMBERS)}"
    KubeApi(lab).namespace(name)
    return Place(KubeApi(lab), name)


class Place:
    """One namespace, whose pods the tests report as a kubelet would."""

    def __init__(self, api: KubeApi, name: str) -> None:
        self.api = api
        self.name = name

    def path(self, plural: str) -> str:
        kind = re.split("[/?]", plural)[0]
        prefix = {"deployments": APPS, "replicasets": APPS, "jobs": BATCH}.get(kind, CORE)
        return f"{prefix.format(self.name)}/{plural}"

    def read(self, plural: str) -> Any:
        return self.api.ask("GET", self.path(plural))[1]

    def items(self, plural: str) -> list[Any]:
        items: list[Any] = self.read(plural)["items"]
        return items

    def names(self, plural: str) -> list[str]:
        return [item["metadata"]["name"] for item in self.items(plural)]

    def make(self, plural: str, name: str, spec: Any = None, **metadata: Any) -> Any:
        body = {"metadata": {"name": name, **metadata}, **({} if spec is None else {"spec": spec})}
        return self.api.made(self.path(plural), body)

    def change(self, path: str, **spec: Any) -> None:
        body = self.read(path)
        body["spec"] |= spec
        status, told, _ = self.api.ask("PUT", self.path(path), body)
        assert status == 200, told

    def delete(self, path: str, **options: Any) -> int:
        return self.api.ask("DELETE", self.path(path), options)[0]

    def deployment(self, name: str = "web", **spec: Any) -> None:
        selector = {"matchLabels": {"app": "web"}}
        self.make("deployments", name, {"selector": selector, "template": TEMPLATE, **spec})

    def job(self, name: str = "work", **spec: Any) -> None:
        self.make("jobs", name, {"template": JOB_TEMPLATE, **spec})

    def report(self, phase: str = "Running", *, ready: bool = True, **more: Any) -> None:
        """Report every pod that has not ended."""
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": LONG_AGO}
        for pod in self.items("pods"):
            if pod["status"]["phase"] not in ("Succeeded", "Failed"):
                pod["status"] |= {"phase": phase, "conditions": [condition], **more}
                path = f"pods/{pod['metadata']['name']}/status"
                assert self.api.ask("PUT", self.path(path), pod)[0] in (200, 404, 409)

    def rolled_out(self, name: str, replicas: int) -> None:
        """Report pods until the rollout is complete."""

        def complete() -> bool | None:
            self.report()
            found = self.read(f"deployments/{name}")
            status = found["status"]
            counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
            seen = status.get("observedGeneration") == found["metadata"]["generation"]
            return (seen and counts == [replicas] * 3) or None

        waited(complete)

    def conditions(self, path: str) -> dict[str, tuple[str, str]]:
        told = self.read(path)["status"].get("conditions", [])
        return {one["type"]: (one["status"], one.get("reason", "")) for one in told}


def test_a_rollout_survives_a_restart_of_the_lab(lab: RunningLab, place: Place) -> None:
    place.deployment(replicas=3)
    place.rolled_out("web", 3)
    place.change(
        "deployments/web",
        template={**TEMPLATE, "spec": {"containers": [{"name": "main", "image": "web:2"}]}},
    )
    waited(lambda: len(place.items("replicasets")) == 2 or None)
    lab.stop()
    lab.start()
    place.rolled_out("web", 3)
    images = {pod["spec"]["containers"][0]["image"] for pod in place.items("pods")}
    assert images == {"web:2"}
    assert place.read("deployments/web")["metadata"]["annotations"] == {
        "deployment.kubernetes.io/revision": "2"
    }


def test_a_pod_that_is_gone_is_made_again(place: Place) -> None:
    place.deployment(replicas=2)
    first = set(waited(lambda: place.names("pods") if len(place.names("pods")) == 2 else None))
    gone = min(first)
    assert place.delete(f"pods/{gone}") == 200
    now = waited(lambda: place.names("pods") if len(place.names("pods")) == 2 else None)
    assert len(set(now) & first) == 1
    assert gone not in now


@pytest.mark.parametrize(("surge", "missing", "old", "new"), [(1, 0, 4, 1), (0, 1, 3, 1), (2, 2, 2, 4)])
def test_a_rolling_update_keeps_its_bounds(
    place: Place, surge: int, missing: int, old: int, new: int
) -> None:
    """Of four pods, before any of the new ones is ready."""
    update = {"maxSurge": surge, "maxUnavailable": missing}
    place.deployment(replicas=4, strategy={"rollingUpdate": update})
    place.rolled_out("web", 4)
    place.change("deployments/web", template={**TEMPLATE, "metadata": {"labels": {"app": "web", "v": "2"}}})

    def sizes() -> list[int] | None:
        sets = sorted(place.items("replicasets"), key=lambda one: "v" in one["metadata"]["labels"])
        found = [one["spec"]["replicas"] for one in sets]
        return found if found == [old, new] else None

    assert waited(sizes) == [old, new]


def test_a_rollout_that_gets_no_further_has_failed_by_the_lab_s_clock(lab: RunningLab, place: Place) -> None:
    place.deployment(replicas=1, progressDeadlineSeconds=60)
    waited(lambda: place.read("deployments/web")["status"].get("updatedReplicas") or None)
    lab.client.post("/clock", {"seconds": 120})
    try:
        waited(
            lambda: (
                place.conditions("deployments/web").get("Progressing")
                == ("False", "ProgressDeadlineExceeded")
                or None
            )
        )
    finally:
        lab.client.post("/clock", {"reset": True})
    assert place.conditions("deployments/web")["Available"] == ("False", "MinimumReplicasUnavailable")


def test_a_pod_is_made_of_its_template_and_owned_by_its_set(place: Place) -> None:
    template = {**TEMPLATE, "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}}}
    place.deployment(replicas=1, template=template)
    waited(lambda: place.items("pods") or None)
    pod = place.items("pods")[0]
    assert pod["metadata"]["annotations"] == {"a": "b"}
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
    assert pod["spec"]["serviceAccountName"] == "default"


def test_min_ready_seconds_hold_availability_back(lab: RunningLab, place: Place) -> None:
    place.deployment(replicas=1, minReadySeconds=30)
    now = lab.client.get("/status")["time"]
    waited(lambda: place.items("pods") or None)
    pod = place.items("pods")[0]
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": now}
    pod["status"] |= {"phase": "Running", "conditions": [ready]}
    place.api.ask("PUT", place.path(f"pods/{pod['metadata']['name']}/status"), pod)
    waited(lambda: place.read("deployments/web")["status"].get("readyReplicas") == 1 or None)
    assert "availableReplicas" not in place.read("deployments/web")["status"]
    lab.client.post("/clock", {"seconds": 40})
    try:
        waited(lambda: place.read("deployments/web")["status"].get("availableReplicas") == 1 or None)
    finally:
        lab.client.post("/clock", {"reset": True})


def test_a_job_counts_its_pods_once_though_they_are_deleted(place: Place) -> None:
    place.job(completions=3, parallelism=1)
    for number in range(1, 4):
        waited(lambda: [p for p in place.items("pods") if p["status"]["phase"] == "Pending"] or None)
        place.report("Succeeded", ready=False)
        waited(lambda count=number: place.read("jobs/work")["status"].get("succeeded") == count or None)
        place.api.ask("DELETE", place.path("pods"))
    assert waited(lambda: place.conditions("jobs/work").get("Complete")) == ("True", "CompletionsReached")
    status = place.read("jobs/work")["status"]
    assert (status["succeeded"], status["uncountedTerminatedPods"]) == (3, {})
    assert "active" not in status


@pytest.mark.parametrize(
    ("spec", "reason"), [({"backoffLimit": 0}, "BackoffLimitExceeded"), ({"backoffLimit": 1}, "")]
)
def test_a_job_fails_beyond_its_backoff_limit(place: Place, spec: Any, reason: str) -> None:
    name = f"work-{spec['backoffLimit']}"
    place.job(name, **spec)
    waited(lambda: place.items("pods") or None)
    place.report("Failed", ready=False)
    waited(lambda: place.read(f"jobs/{name}")["status"].get("failed") == 1 or None)
    if reason:
        assert waited(lambda: place.conditions(f"jobs/{name}").get("Failed")) == ("True", reason)
    else:
        assert "Failed" not in place.conditions(f"jobs/{name}")
        assert len(place.items("pods")) == 1  # the next one waits


def test_a_job_s_deadline_and_time_to_live_are_by_the_lab_s_clock(lab: RunningLab, place: Place) -> None:
    place.job(activeDeadlineSeconds=50, ttlSecondsAfterFinished=100)
    waited(lambda: place.items("pods") or None)
    lab.client.post("/clock", {"seconds": 60})
    try:
        assert waited(lambda: place.conditions("jobs/work").get("Failed")) == ("True", "DeadlineExceeded")
        assert place.items("pods") == []
        lab.client.post("/clock", {"seconds": 110})
        waited(lambda: place.items("jobs") == [] or None)
    finally:
        lab.client.post("/clock", {"reset": True})


def test_a_suspended_job_has_no_pods(place: Place) -> None:
    place.job(suspend=True)
    assert waited(lambda: place.conditions("jobs/work").get("Suspended")) == ("True", "JobSuspended")
    assert place.items("pods") == []
    place.change("jobs/work", suspend=False)
    waited(lambda: place.items("pods") or None)
    assert place.conditions("jobs/work")["Suspended"] == ("False", "JobResumed")
    place.change("jobs/work", suspend=True)
    waited(lambda: place.items("pods") == [] or None)


def owner(place: Place, name: str, **more: Any) -> dict[str, Any]:
    uid = place.read(f"configmaps/{name}")["metadata"]["uid"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, **more}


@pytest.mark.parametrize(
    ("policy", "left"),
    [("Background", ["beside"]), ("Foreground", ["beside"]), ("Orphan", ["beside", "mine"])],
)
def test_what_an_owner_takes_with_it(place: Place, policy: str, left: list[str]) -> None:
    for name in ("first", "other"):
        place.make("configmaps", name)
    place.make("configmaps", "mine", ownerReferences=[owner(place, "first", blockOwnerDeletion=True)])
    place.make("configmaps", "beside", ownerReferences=[owner(place, "first"), owner(place, "other")])
    assert place.delete("configmaps/first", propagationPolicy=policy) == 200
    wanted = sorted([*left, "kube-root-ca.crt", "other"])
    waited(lambda: place.names("configmaps") == wanted or None)
    if policy == "Orphan":
        assert "ownerReferences" not in place.read("configmaps/mine")["metadata"]
    waited(
        lambda: (
            [one["name"] for one in place.read("configmaps/beside")["metadata"]["ownerReferences"]]
            == ["other"]
            or None
        )
    )


def test_an_owner_in_the_foreground_waits_for_what_blocks_it(place: Place) -> None:
    place.make("configmaps", "first")
    reference = owner(place, "first", blockOwnerDeletion=True)
    place.make("configmaps", "held", ownerReferences=[reference], finalizers=["example.com/held"])
    place.delete("configmaps/first", propagationPolicy="Foreground")
    waited(lambda: "deletionTimestamp" in place.read("configmaps/held")["metadata"] or None)
    assert place.read("configmaps/first")["metadata"]["finalizers"] == ["foregroundDeletion"]
    held = place.read("configmaps/held")
    held["metadata"]["finalizers"] = []
    assert place.api.ask("PUT", place.path("configmaps/held"), held)[0] == 200
    waited(lambda: place.names("configmaps") == ["kube-root-ca.crt"] or None)


def test_an_object_whose_owner_never_was_goes(place: Place) -> None:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "0"}
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "never", "uid": "0"}
    place.make("configmaps", "lost", ownerReferences=[reference])
    place.make("configmaps", "kept", ownerReferences=[unknown])  # nothing is known of such an owner
    waited(lambda: place.names("configmaps") == ["kept", "kube-root-ca.crt"] or None)


def test_a_namespace_goes_after_its_contents(place: Place) -> None:
    place.deployment(replicas=2)
    place.make("configmaps", "held", finalizers=["example.com/held"])
    assert place.api.ask("DELETE", f"/api/v1/namespaces/{place.name}")[0] == 200
    assert place.api.ask("GET", f"/api/v1/namespaces/{place.name}")[1]["status"]["phase"] == "Terminating"
    status, told, _ = place.api.ask("POST", place.path("configmaps"), {"metadata": {"name": "late"}})
    assert (status, told["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    waited(lambda: place.items("pods") == place.items("deployments") == [] or None)
    held = place.read("configmaps/held")
    held["metadata"]["finalizers"] = []
    place.api.ask("PUT", place.path("configmaps/held"), held)
    waited(lambda: place.api.ask("GET", f"/api/v1/namespaces/{place.name}")[0] == 404 or None)
    place.api.namespace(place.name)
    assert waited(lambda: place.names("configmaps") or None) == ["kube-root-ca.crt"]


def test_what_every_namespace_has_comes_back(place: Place) -> None:
    place.delete("serviceaccounts/default")
    waited(lambda: place.names("serviceaccounts") == ["default"] or None)
    certificate = place.read("configmaps/kube-root-ca.crt")
    place.api.ask("PUT", place.path("configmaps/kube-root-ca.crt"), {**certificate, "data": {"ca.crt": "x"}})
    waited(lambda: place.read("configmaps/kube-root-ca.crt")["data"] == certificate["data"] or None)


def test_a_controller_without_its_rights_does_nothing(place: Place) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:controller:replicaset-controller"
    _, binding, _ = place.api.ask("GET", path)
    assert place.api.ask("DELETE", path)[0] == 200
    try:
        place.deployment(replicas=1)
        waited(lambda: place.names("replicasets") or None)
        place.read("deployments/web")
        assert place.names("pods") == []
    finally:
        binding["metadata"] = {"name": binding["metadata"]["name"]}
        place.api.made(path.rpartition("/")[0], binding)
    waited(lambda: place.names("pods") or None)


def test_a_watch_of_a_rollout_sees_every_step(place: Place) -> None:
    since = place.read("replicasets")["metadata"]["resourceVersion"]
    place.deployment(replicas=1)
    waited(lambda: place.read("replicasets")["items"][:1] or None)
    place.rolled_out("web", 1)
    events = watched(
        place.api, place.path(f"replicasets?watch=true&resourceVersion={since}&timeoutSeconds=1")
    )
    assert events[0]["type"] == "ADDED"
    assert {event["type"] for event in events[1:]} == {"MODIFIED"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[-1]["object"]["status"]["availableReplicas"] == 1


def watched(api: KubeApi, path: str) -> list[Any]:
    """Return the events of a watch that ends."""
    doors = Doors.of(api.lab)
    bearer = token_of(token_url(doors.keys(api.profile), cluster=api.name))
    headers = [("host", api.address), ("authorization", f"Bearer {bearer}")]
    target = Target(int(api.address.rpartition(":")[2]), "127.0.0.1")
    answer = doors.send(target, render("GET", path, headers, b""))
    # The body is in chunks, whose sizes stand between the events.
    return [json.loads(line) for line in answer.body.splitlines() if line.startswith(b"{")]
