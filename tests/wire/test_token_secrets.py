"""Secrets that hold tokens of service accounts, in a running lab: filled, used, labelled, gone."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.checkpoint import waited
from support.service_accounts import NAMESPACE, KubeApi, parts

SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCOUNT = "kubernetes.io/service-account.name"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    with running_lab(tmp_path_factory.mktemp("token-secrets")) as lab:
        found = KubeApi(lab)
        found.namespace()
        yield found


def secret(api: KubeApi, name: str, account: str) -> None:
    metadata = {"name": name, "annotations": {ACCOUNT: account}}
    api.made(SECRETS, {"metadata": metadata, "type": "kubernetes.io/service-account-token"})


def filled(api: KubeApi, name: str) -> dict[str, str]:
    def data() -> Any:
        return (
            api.ask("GET", f"{SECRETS}/{name}")[1].get("data", {}).get("token")
            and api.ask("GET", f"{SECRETS}/{name}")[1]
        )

    found = waited(lambda: data() or None)
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def who(api: KubeApi, token: str) -> Any:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    status, document, _ = api.ask("POST", REVIEWS, body, token=token)
    return document["status"]["userInfo"] if status == 201 else None


def test_a_secret_gets_a_token_of_its_account(api: KubeApi) -> None:
    uid = api.account("robot")
    secret(api, "robot-token", "robot")
    data = filled(api, "robot-token")
    assert data["namespace"] == NAMESPACE
    assert data["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    _, claims = parts(data["token"])
    assert claims["iss"] == "kubernetes/serviceaccount"
    assert "exp" not in claims
    user = who(api, data["token"])
    assert (user["username"], user["uid"]) == (f"system:serviceaccount:{NAMESPACE}:robot", uid)
    assert "extra" not in user
    _, kept, _ = api.ask("GET", f"{SECRETS}/robot-token")
    assert kept["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    today = api.lab.client.get("/status")["time"][:10]
    assert kept["metadata"]["labels"] == {"kubernetes.io/legacy-token-last-used": today}
    assert base64.b64decode(kept["data"]["token"]).decode() == data["token"]


def test_the_token_outlives_the_rotation_of_keys_and_a_restart(api: KubeApi) -> None:
    api.account("old")
    secret(api, "old-token", "old")
    token = filled(api, "old-token")["token"]
    api.lab.client.post("/clock", {"seconds": 40 * 86_400})
    try:
        api.lab.stop()
        api.lab.start()
        assert who(api, token)["username"].endswith(":old")
    finally:
        api.lab.client.post("/clock", {"reset": True})


def test_the_token_ends_with_its_secret(api: KubeApi) -> None:
    api.account("brief")
    secret(api, "brief-token", "brief")
    token = filled(api, "brief-token")["token"]
    assert who(api, token) is not None
    api.gone(f"{SECRETS}/brief-token")
    assert who(api, token) is None
    assert api.why() == ["service-account.bound-object-deleted"]
    secret(api, "brief-token", "brief")
    filled(api, "brief-token")


def test_the_secret_ends_with_its_account(api: KubeApi) -> None:
    api.account("gone")
    secret(api, "gone-token", "gone")
    token = filled(api, "gone-token")["token"]
    api.gone(f"{ACCOUNTS}/gone")
    waited(lambda: api.ask("GET", f"{SECRETS}/gone-token")[0] == 404 or None)
    assert who(api, token) is None


def test_a_secret_of_nobody_goes(api: KubeApi) -> None:
    secret(api, "nobody-token", "nobody")
    waited(lambda: api.ask("GET", f"{SECRETS}/nobody-token")[0] == 404 or None)


def test_a_token_that_is_marked_invalid_does_not_count(api: KubeApi) -> None:
    api.account("unused")
    secret(api, "unused-token", "unused")
    token = filled(api, "unused-token")["token"]
    assert who(api, token) is not None
    _, kept, _ = api.ask("GET", f"{SECRETS}/unused-token")
    kept["metadata"]["labels"]["kubernetes.io/legacy-token-invalid-since"] = "2026-11-24"
    assert api.ask("PUT", f"{SECRETS}/unused-token", kept)[0] == 200
    assert who(api, token) is None
    assert api.why() == ["service-account.secret-marked-invalid"]
