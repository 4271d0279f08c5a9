"""Probes, hooks and sidecars as a kubelet has them: what the real kubectl shows of them."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from support.pods import PodLab, pod_lab, until

_SERVE = """
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path[1:4]) if self.headers["X-Probe"] == "yes" else 400)
        self.end_headers()
    def log_message(self, *words):
        print(self.headers["User-Agent"], self.headers["Host"], flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
_POLITE = "trap 'echo asked; exit 0' TERM; echo up; while true; do sleep 0.05; done"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodLab]:
    with pod_lab(tmp_path_factory.mktemp("probes")) as found:
        yield found


def status(lab: PodLab, name: str, container: str = "main") -> Any:
    """Return the status of a container of a pod; empty as long as there is none."""
    told = lab.pod(name)["status"]
    both = (*told.get("containerStatuses", ()), *told.get("initContainerStatuses", ()))
    return next((one for one in both if one["name"] == container), {})


def ready(lab: PodLab, name: str) -> str:
    """Return the status of a pod's condition Ready."""
    conditions = {one["type"]: one["status"] for one in lab.pod(name)["status"].get("conditions", ())}
    return str(conditions.get("Ready"))


def unhealthy(lab: PodLab, name: str) -> set[str]:
    """Return what events say of a pod's probes."""
    items = lab.shell.document("kubectl get events -o json --field-selector reason=Unhealthy")["items"]
    return {one["message"] for one in items if one["involvedObject"]["name"] == name}


def test_a_container_is_ready_while_its_readiness_probe_says_so(lab: PodLab) -> None:
    probe = {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 1}  # noqa: S108
    lab.apply("turns", "sleep", "600", container={"readinessProbe": probe})
    message = "Readiness probe failed: cat: /tmp/ready: No such file or directory\n"
    until(lambda: message in unhealthy(lab, "turns"), "the event")
    assert status(lab, "turns")["started"] is True
    assert status(lab, "turns")["ready"] is False
    assert ready(lab, "turns") == "False"
    lab.shell.output("kubectl exec turns -- touch /tmp/ready")
    lab.shell.output("kubectl wait --for=condition=Ready --timeout=60s pod/turns")
    assert lab.shell.output("kubectl get pod turns --no-headers").split()[1] == "1/1"
    lab.shell.output("kubectl exec turns -- rm /tmp/ready")
    until(lambda: ready(lab, "turns") == "False", "it is ready no more")
    assert status(lab, "turns")["restartCount"] == 0


def test_a_container_that_is_not_alive_is_ended_and_started_again(lab: PodLab) -> None:
    ports = {"ports": [{"name": "web", "containerPort": 8080}]}
    startup = {"tcpSocket": {"port": "web"}, "periodSeconds": 1, "failureThreshold": 60}
    header = [{"name": "X-Probe", "value": "yes"}]
    for name, path in (("dead", "/503"), ("alive", "/204")):
        ask = {"path": path, "port": "web", "httpHeaders": header}
        liveness = {"httpGet": ask, "periodSeconds": 1, "failureThreshold": 2}
        container = {**ports, "startupProbe": startup, "livenessProbe": liveness}
        lab.apply(name, "python3", "-c", _SERVE, container=container, restartPolicy="OnFailure")
    until(lambda: status(lab, "dead").get("restartCount"), "it is started again, though it ended well")
    assert "Liveness probe failed: HTTP probe failed with statuscode: 503" in unhealthy(lab, "dead")
    assert lab.events("dead")["Killing"] == "Container main failed liveness probe, will be restarted"
    assert status(lab, "dead")["lastState"]["terminated"]["exitCode"] == 0
    address = lab.pod("alive")["status"]["podIP"]
    until(lambda: f" {address}:8080\n" in lab.log("alive"), "it was asked")
    assert lab.log("alive").startswith("kube-probe/")
    assert status(lab, "alive")["restartCount"] == 0
    assert not any(message.startswith("Liveness") for message in unhealthy(lab, "alive"))


def test_no_other_probe_is_made_before_a_container_has_started(lab: PodLab) -> None:
    hung = {"exec": {"command": ["sleep", "60"]}, "periodSeconds": 1, "failureThreshold": 1}
    container = {"startupProbe": {**hung, "terminationGracePeriodSeconds": 1}}
    lab.apply("never", "sleep", "600", container=container)
    script = "until [ -e /tmp/go ]; do sleep 0.05; done; exec python3 -m http.server 8080"
    startup = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 60}
    liveness = {"exec": {"command": ["test", "-e", "/tmp/go"]}, "periodSeconds": 1, "failureThreshold": 1}  # noqa: S108
    lab.apply("slow", "sh", "-c", script, container={"startupProbe": startup, "livenessProbe": liveness})
    address = until(lambda: lab.pod("slow")["status"].get("podIP"), "it has an address")
    message = f"Startup probe failed: dial tcp {address}:8080: connect: connection refused"
    until(lambda: message in unhealthy(lab, "slow"), "the event")
    assert status(lab, "slow")["started"] is False
    assert ready(lab, "slow") == "False"
    lab.shell.output("kubectl exec slow -- touch /tmp/go")
    until(lambda: status(lab, "slow")["started"], "it has started")
    until(lambda: ready(lab, "slow") == "True", "it is ready")
    assert status(lab, "slow")["restartCount"] == 0

    lab.wait("never", "Failed")
    timed_out = 'Startup probe failed: command timed out: "sleep 60" timed out after 1s'
    assert unhealthy(lab, "never") == {timed_out}
    assert lab.events("never")["Killing"] == "Container main failed startup probe"
    assert status(lab, "never")["state"]["terminated"]["exitCode"] == 137


def test_hooks_are_carried_out_at_the_start_and_before_the_end(lab: PodLab) -> None:
    def said(word: str) -> dict[str, object]:
        return {"exec": {"command": ["sh", "-c", f"echo {word} > /proc/1/fd/1"]}}

    hooks = {"lifecycle": {"postStart": said("begun"), "preStop": said("ending")}}
    lab.apply("hooked", "sh", "-c", f"echo first > /dev/stdout; {_POLITE}", container=hooks)
    lab.wait("hooked", "Running")
    command = ["kubectl", "logs", "-f", "hooked"]
    environment = {**lab.shell.lab.environment(), **lab.shell.more}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as following:
        assert following.stdout is not None
        assert {following.stdout.readline() for _ in range(3)} == {"first\n", "up\n", "begun\n"}
        lab.shell.output("kubectl delete pod hooked --grace-period=30")
        assert following.stdout.read() == "ending\nasked\n"

    failing = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 3"]}}}}
    lab.apply("refused", "sleep", "600", container=failing, terminationGracePeriodSeconds=1)
    lab.wait("refused", "Failed")
    assert lab.events("refused")["FailedPostStartHook"] == "PostStartHook failed: no\n"


def test_sidecars_start_before_and_end_after_the_others(lab: PodLab) -> None:
    script = f"touch /tmp/started; {_POLITE}"
    startup = {"exec": {"command": ["test", "-e", "/tmp/started"]}, "periodSeconds": 1}  # noqa: S108
    sidecar = {
        "name": "beside",
        "image": "busybox",
        "command": ["sh", "-c", script],
        "restartPolicy": "Always",
        "startupProbe": startup,
    }
    lab.apply("accompanied", "true", initContainers=[sidecar])
    lab.wait("accompanied", "Succeeded")
    beside = status(lab, "accompanied", "beside")
    assert beside["state"]["terminated"]["exitCode"] == 0
    assert lab.log("accompanied", "-c", "beside") == "up\nasked\n"
    main = status(lab, "accompanied")["state"]["terminated"]
    assert main["finishedAt"] <= beside["state"]["terminated"]["finishedAt"]


def test_a_probe_that_cannot_be_made_says_nothing_of_its_container(lab: PodLab) -> None:
    probe = {"grpc": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    named = {"httpGet": {"port": "missing"}, "periodSeconds": 1, "failureThreshold": 1}
    lab.apply("unknown", "sleep", "600", container={"livenessProbe": probe})
    lab.apply("unnamed", "sleep", "600", container={"livenessProbe": named})
    errored = "Liveness probe errored and resulted in unknown state: "
    sentence = f"{errored}the lab has no handler grpc: exec, httpGet, tcpSocket and sleep are what it does"
    until(lambda: sentence in unhealthy(lab, "unknown"), "the event")
    until(lambda: f"{errored}couldn't find port missing" in unhealthy(lab, "unnamed"), "the event")
    for name in ("unknown", "unnamed"):
        assert ready(lab, name) == "True"
        assert status(lab, name)["restartCount"] == 0
