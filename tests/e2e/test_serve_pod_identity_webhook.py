"""A real kube-apiserver that asks our webhook about the pods that it creates."""

import base64
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sekisho.decide.workload.registration import configuration
from support.checkpoint import ServedCheckpoint, served, waited
from support.kube_apiserver import ApiServerProcess, running_apiserver
from support.pod_webhook import ROLE, pod

HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"


@dataclass(frozen=True)
class Site:
    """A cluster and the webhook that it asks."""

    api: ApiServerProcess
    webhook: ServedCheckpoint

    def account(self, namespace: str, name: str, **annotations: str) -> None:
        named = {f"eks.amazonaws.com/{key.replace('_', '-')}": text for key, text in annotations.items()}
        self.api.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts",
            {"metadata": {"name": name, "annotations": named}},
        )

    def create(self, namespace: str, body: dict[str, Any]) -> Any:
        status, created = self.api.ask("POST", f"/api/v1/namespaces/{namespace}/pods", body)
        assert status == 201, created
        return created


def options(api: ApiServerProcess) -> list[object]:
    return ["--kubeconfig", api.kubeconfig(), "--namespace", "hooks", "--state-dir", "state"]


def registered(api: ApiServerProcess, port: int, **changes: Any) -> None:
    """Register the webhook at ``port``: by URL, since no Service leads anywhere here."""
    document = configuration("pod-identity-webhook", {"url": f"https://localhost:{port}/mutate"})
    api.create(HOOKS, {**document, **changes})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("webhook")
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with running_apiserver(folder / "api") as api:
        for name in ("hooks", "shop"):
            api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        more = [*options(api), "--watch-config-map", "--service-name", "localhost"]
        with served(
            folder / "webhook", "pod-identity-webhook", more, environment, own_flags=False
        ) as webhook:
            registered(api, webhook.port)
            waited(lambda: "caBundle" in client_config(api) or None, 60)
            yield Site(api, webhook)


def client_config(api: ApiServerProcess) -> dict[str, Any]:
    _, found = api.ask("GET", f"{HOOKS}/pod-identity-webhook")
    config: dict[str, Any] = found["webhooks"][0]["clientConfig"]
    return config


def variables(created: Any) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in created["spec"]["containers"][0].get("env", [])}


def test_a_pod_of_an_account_created_a_moment_before_gets_its_role(site: Site) -> None:
    for place in range(5):
        site.account("shop", f"fresh-{place}", role_arn=ROLE)
        created = site.create(
            "shop", {**pod(serviceAccountName=f"fresh-{place}"), "metadata": {"generateName": "web-"}}
        )
        assert variables(created) == {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN}
        token = {"audience": "sts.amazonaws.com", "expirationSeconds": 86_400, "path": "token"}
        assert created["spec"]["volumes"][0]["projected"]["sources"] == [{"serviceAccountToken": token}]
        mount = created["spec"]["containers"][0]["volumeMounts"][0]
        assert (mount["name"], mount["readOnly"]) == ("aws-iam-token", True)
    assert site.webhook.logged("pod changed", 5)[0]["code"][0] == "workload.web-identity"
