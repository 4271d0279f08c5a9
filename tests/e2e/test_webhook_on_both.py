"""The served pod identity webhook, registered by kubectl in the lab and in a real API server: same pods."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from sekisho.testing import running_lab
from support.both_clusters import Both, Side, both_clusters
from support.checkpoint import served, waited
from support.pod_webhook import ROLE, pod

PREFIX = "roles.example.com"
HOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook"
PODS = "/api/v1/namespaces/shop/pods?dryRun=All"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both-webhooks")
    with running_lab(folder / "state") as lab, both_clusters(folder, lab) as both, ExitStack() as stack:
        for side in (both.lab, both.real):
            for path, body in (
                ("/api/v1/namespaces", {"metadata": {"name": "shop"}}),
                ("/api/v1/namespaces", {"metadata": {"name": "eks"}}),
                ("/api/v1/namespaces/shop/serviceaccounts", account("app")),
            ):
                assert side.ask("POST", path, body)[0] == 201
            registered(side, folder / f"webhook-{side.name}", stack)
        yield both


def account(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {f"{PREFIX}/role-arn": ROLE}}}


def registered(side: Side, folder: Path, stack: ExitStack) -> None:
    """Serve the webhook for one cluster and register it there, as it prints itself."""
    environment = {"HOME": str(side.folder), "PATH": "/usr/bin:/bin"}
    options = ["--service-name", "localhost", "--annotation-prefix", PREFIX, "--kubeconfig", side.kubeconfig]
    webhook = stack.enter_context(
        served(folder, "pod-identity-webhook", options, environment, "ready", own_flags=False)
    )
    printed = yaml.safe_load(printed_configuration(folder))
    for one in printed["webhooks"]:  # no Service leads anywhere here
        one["clientConfig"] = {"url": f"https://localhost:{webhook.port}/mutate"}
    done = side.kubectl(["apply", "-f", "-"], yaml.safe_dump(printed))
    assert done[0] == 0, done
    waited(lambda: side.ask("GET", HOOK)[1]["webhooks"][0]["clientConfig"].get("caBundle"))
    waited(lambda: env(side.ask("POST", PODS, named("app"))) or None)


def printed_configuration(folder: Path) -> str:
    """Return what the webhook prints of itself."""
    command = [sys.executable, "-m", "sekisho", "serve", "pod-identity-webhook", "--print-configuration"]
    return subprocess.run(
        [*command, "--namespace", "eks"], capture_output=True, text=True, timeout=60, check=True, cwd=folder
    ).stdout


def named(name: str) -> dict[str, Any]:
    body = pod(serviceAccountName=name)
    return {**body, "metadata": {**body["metadata"], "name": "web"}}


def env(answer: tuple[int, Any]) -> list[dict[str, str]]:
    assert answer[0] == 201, answer
    found: list[dict[str, str]] = answer[1]["spec"]["containers"][0].get("env", [])
    return found


def test_a_pod_gets_the_same_from_both(both: Both) -> None:
    lab, real = both.ask("POST", PODS, named("app"))
    assert env(lab) == env(real)
    assert {"name": "AWS_ROLE_ARN", "value": ROLE} in env(lab)
    volumes = [
        [one for one in answer[1]["spec"]["volumes"] if one["name"] == "aws-iam-token"]
        for answer in (lab, real)
    ]
    assert volumes[0] == volumes[1] != []


def test_the_registration_is_kept_alike(both: Both) -> None:
    lab, real = both.kubectl(["get", "mutatingwebhookconfigurations"])
    assert lab == real
    assert "pod-identity-webhook" in lab[1]
