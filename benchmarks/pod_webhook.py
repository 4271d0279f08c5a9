"""Pod mutations: the pure function, and `sekisho serve pod-identity-webhook` over kept-alive TLS.

    python -m benchmarks.pod_webhook [--json] [--seconds N]

The served webhook follows the service accounts of a lab's cluster. The load generator shares the machine's
cores with it. ``cpu_us`` is the time on a core that the server's process took for a request, TLS included.
amazon-eks-pod-identity-webhook is not beside it: Go's module proxy does not have its module.
"""

import argparse
import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml
from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.load import Job, Result

from sekisho.connect.kube.client import KubeClient
from sekisho.connect.kube.trust import trust_of_data
from sekisho.decide.values import Json, Ref, Secret
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.testing import RunningLab, running_lab
from sekisho.wire.kube.admission_review import allowed, read_review

CLUSTER = "eks-clu"
ACCOUNT = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/app"}
CONNECTIONS = (1, 16)
READY_SECONDS = 30.0
LOOPS = 500
PATCHED = '"patchType":"JSONPatch"'


def main() -> None:
    """Print the tables."""
    report = harness.run("Measure pod mutations.", _options)
    harness.compile_bytecode()
    pods = {"1 container": _pod(1), "5 containers, 40 variables each": _pod(5, 40)}
    report.add("Pod mutation, no network", [_pure(what, pod) for what, pod in pods.items()])
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-") as parent,
        running_lab(Path(parent) / "lab") as lab,
        _served(lab, Path(parent)) as (process, port, ca),
    ):
        rows = [
            _measure(what, pod, connections, process, port, ca, report.options.seconds)
            for what, pod in pods.items()
            for connections in CONNECTIONS
        ]
        report.add("AdmissionReview over TLS", rows)
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=4.0, help="of each row over TLS (default: 4)")


def _pod(containers: int, variables: int = 4) -> dict[str, Any]:
    """Return a pod as kube-apiserver completes and sends it."""
    env = [{"name": f"VARIABLE_{place}", "value": "value of it"} for place in range(variables)]
    members = [
        {
            "name": f"c{place}",
            "image": "registry.example/app:1",
            "env": env,
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
            "livenessProbe": {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
            "volumeMounts": [{"name": "kube-api-access", "readOnly": True, "mountPath": "/var/run/secrets"}],
        }
        for place in range(containers)
    ]
    metadata = {"generateName": "web-", "namespace": "default", "labels": {"app": "web"}}
    spec = {"serviceAccountName": "app", "containers": members, "volumes": [{"name": "kube-api-access"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}


def _review(pod: Json) -> str:
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod,
        "oldObject": None,
        "dryRun": False,
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


def _pure(what: str, pod: Json) -> Row:
    facts, settings = AccountFacts("default", "app", ACCOUNT), Settings(region="eu-west-1", regional_sts=True)
    body = _review(pod).encode()

    def whole() -> bytes:
        review = read_review(body)
        decision = mutate(read_pod(review.pod, Ref("pod")), facts, settings)
        return allowed(review, decision.value or (), (), {})

    view = read_pod(pod, Ref("pod"))
    answered = harness.microseconds(whole, LOOPS)
    return {
        "pod": what,
        "bytes": len(body),
        "decide_us": round(harness.microseconds(lambda: mutate(view, facts, settings), LOOPS), 1),
        "review_to_answer_us": round(answered, 1),
        "per_second": round(1e6 / answered),
    }


def _measure(what: str, pod: Json, connections: int, process: int, port: int, ca: str, seconds: float) -> Row:
    _ask(pod, connections, port, ca, 0.5)
    before = _processor_seconds(process)
    result = _ask(pod, connections, port, ca, seconds)
    spent = _processor_seconds(process) - before
    return {
        "pod": what,
        "connections": connections,
        "per_second": round(result["requests"] / result["seconds"]),
        "p50_ms": round(result["p50_ms"], 2),
        "p99_ms": round(result["p99_ms"], 2),
        "cpu_us": round(spent / result["requests"] * 1e6),
    }


def _ask(pod: Json, connections: int, port: int, ca: str, seconds: float) -> Result:
    job: Job = {
        "host": "localhost",
        "port": port,
        "ca": ca,
        "path": "/mutate",
        "headers": {"host": f"localhost:{port}", "content-type": "application/json"},
        "bodies": [_review(pod)],
        "connections": connections,
        "expect": PATCHED,
        "seconds": seconds,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        cwd=harness.ROOT,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip()[-500:])
    result: Result = json.loads(done.stdout)
    if result["wrong"]:
        raise SystemExit(f"{result['wrong']} of {result['requests']} pods were not patched")
    return result


@contextmanager
def _served(lab: RunningLab, folder: Path) -> Iterator[tuple[int, int, str]]:
    """Run the webhook on the lab's cluster; return its process, its port and the authority to trust."""
    program = harness.sekisho_program()
    token = json.loads(lab.run([program, "token", "--cluster-name", CLUSTER]).stdout)["status"]["token"]
    home = folder / "webhook"
    home.mkdir()
    written = lab.run([program, "kubeconfig", "--name", CLUSTER, "--kubeconfig", str(home / "lab")])
    if written.returncode:
        raise SystemExit(written.stderr.strip()[-500:])
    config = yaml.safe_load((home / "lab").read_text(encoding="utf-8"))
    cluster = next(one for one in config["clusters"] if one["name"] == config["current-context"])["cluster"]
    trust = trust_of_data(cluster["certificate-authority-data"])
    client = KubeClient(cluster["server"], trust, Secret(token), {})
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    client.create(accounts, {"metadata": {"name": "app", "annotations": ACCOUNT}})
    config["users"] = [{"name": one["name"], "user": {"token": token}} for one in config["users"]]
    (home / "kubeconfig").touch(mode=0o600)
    (home / "kubeconfig").write_text(yaml.safe_dump(config))
    port, metrics = _free_port(), _free_port()
    command = [program, "serve", "pod-identity-webhook", "--kubeconfig", str(home / "kubeconfig")]
    command += ["--namespace", "default", "--service-name", "localhost", "--state-dir", str(home / "state")]
    command += ["--address", "127.0.0.1", "--port", str(port), "--metrics-port", str(metrics)]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home) as process,
    ):
        try:
            _await_ready(metrics, process)
            secret = client.read("/api/v1/namespaces/default/secrets/pod-identity-webhook")
            yield process.pid, port, _authority(secret)
        finally:
            process.terminate()


def _authority(secret: Any) -> str:
    return base64.b64decode(secret["data"]["ca.crt"]).decode()


def _await_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the webhook was not ready")


def _processor_seconds(process: int) -> float:
    """Return the time that a process has had on a core: busy neighbours hardly change it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
