"""The webhook's answers, and what it does while the cluster does not answer."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sekisho.connect.kube.api_server import ApiServer
from sekisho.connect.kube.follow import Follower, Objects
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.decide.workload.settings import Settings
from sekisho.serve.pod_identity_webhook.accounts import MAX_LOOKUPS, SERVICE_ACCOUNTS, Accounts
from sekisho.serve.pod_identity_webhook.mappings import ConfigMapRoles, FileIdentities
from sekisho.serve.pod_identity_webhook.metrics import Metrics
from sekisho.serve.pod_identity_webhook.webhook import PodIdentityWebhook
from sekisho.wire.http import Request, Response
from sekisho.wire.kube.admission_review import MAX_BODY_BYTES
from support.pod_webhook import ROLE, pod

ANNOTATED: Objects = {"shop/app": {"eks.amazonaws.com/role-arn": ROLE, "other": 1}}
JSON = (("content-type", "application/json"),)


def request(body: bytes, method: str = "POST", headers: tuple[tuple[str, str], ...] = JSON) -> Request:
    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": body}

    return Request(method, "/mutate", "", headers, ("127.0.0.1", 1), receive)


def review(given: Any, **changes: Any) -> bytes:
    asked = {"uid": "u", "resource": {"resource": "pods"}, "operation": "CREATE", "namespace": "shop"}
    document = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return json.dumps({**document, "request": {**asked, "object": given, **changes}}).encode()


def run(test: Callable[["Site"], Awaitable[None]], port: int = 1, **parts: Any) -> None:
    """Run ``test`` with a webhook whose cluster is at ``port``: by default nobody is there."""

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            await test(Site(session, port, **parts))

    asyncio.run(main())


class Site:
    """A webhook whose sources are told what they hold."""

    def __init__(self, session: aiohttp.ClientSession, port: int, **parts: Any) -> None:
        api = ApiServer(f"https://127.0.0.1:{port}", ssl.create_default_context(), lambda: None)
        self.metrics = Metrics()
        follower = Follower(session, api, SERVICE_ACCOUNTS)
        self.accounts = Accounts(follower, ObjectClient(session, api, 0.2), self.metrics, "eks.amazonaws.com")
        self.roles = ConfigMapRoles(follower, "eks", self.metrics)
        roles = self.roles if parts.get("has_map") else None
        self.webhook = PodIdentityWebhook(
            Settings(), self.accounts, roles, parts.get("identities"), self.metrics, spread=lambda low, _: low
        )

    async def answer(self, body: bytes) -> dict[str, Any]:
        response = await self.webhook.mutate(request(body))
        assert response.status == 200
        found: dict[str, Any] = json.loads(response.body)["response"]
        return found

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def test_a_pod_is_patched_and_counted() -> None:
    async def test(site: Site) -> None:
        assert site.webhook.missing() == ("the service accounts",)
        site.accounts.changed(ANNOTATED)
        assert site.webhook.missing() == ()
        found = await site.answer(review(pod()))
        assert found["patchType"] == "JSONPatch"
        patch = json.loads(base64.b64decode(found["patch"]))
        assert [one["path"] for one in patch] == [
            "/spec/volumes",
            "/spec/containers/0/env",
            "/spec/containers/0/volumeMounts",
        ]
        assert found["auditAnnotations"] == {"decision": "workload.web-identity"}
        site.webhook.measure()
        assert site.metric("pod_identity_webhook_used") == 1
        assert site.metric("sekisho_pod_identity_webhook_accounts") == 1
        assert site.metric("sekisho_pod_identity_webhook_reviews_total", code="workload.web-identity") == 1

    run(test)


def test_the_spread_of_pod_identity_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    path.write_text('{"identities": [{"namespace": "shop", "serviceAccount": "app"}]}')

    async def test(site: Site) -> None:
        site.accounts.changed(ANNOTATED)
        found = await site.answer(review(pod()))
        volume = json.loads(base64.b64decode(found["patch"]))[0]["value"][0]
        assert volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 79_200
        assert site.metric("pod_identity_webhook_pod_count", method="container_credentials") == 1

    run(test, identities=FileIdentities(path, Metrics()))


def test_identities_that_cannot_be_read_leave_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    identities = FileIdentities(path, Metrics())
    assert (identities.identities, identities.problem) == (frozenset(), "")
    path.write_text('{"identities": [{"namespace": "shop", "serviceAccount": "app"}]}')
    identities.changed()
    path.write_text("{")
    identities.changed()
    assert identities.identities == {("shop", "app")}
    assert "not JSON" in identities.problem
    path.unlink()
    identities.changed()
    assert (identities.identities, identities.problem) == (frozenset(), "")


REFUSED = {
    "GET": (request(b"", "GET"), 405, "POST"),
    "no content type": (request(b"{}", headers=()), 415, "application/json"),
    "another content type": (
        request(b"{}", headers=(("content-type", "text/plain"),)), 415, "application/json",
    ),
    "no JSON": (request(b"{"), 400, "not JSON"),
    "no review": (request(b"{}"), 400, "expected one of admission.k8s.io/v1"),
    "too large": (request(b" " * (MAX_BODY_BYTES + 1)), 413, "at most 3145728 bytes"),
    "declared too large": (
        request(b"{}", headers=(*JSON, ("content-length", str(MAX_BODY_BYTES + 1)))), 413, "at most",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "status", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_review_is_refused_with_a_sentence(asked: Request, status: int, sentence: str) -> None:
    async def test(site: Site) -> None:
        response: Response = await site.webhook.mutate(asked)
        assert response.status == status
        assert sentence in response.body.decode()

    run(test)


def test_a_content_type_may_have_parameters_and_a_body_be_as_large_as_the_limit() -> None:
    async def test(site: Site) -> None:
        site.accounts.changed(ANNOTATED)
        body = review(pod())
        headers = (("content-type", "Application/JSON; charset=utf-8"),)
        padded = body + b" " * (MAX_BODY_BYTES - len(body))
        assert (await site.webhook.mutate(request(padded, headers=headers))).status == 200

    run(test)


def test_what_is_no_pod_is_refused_with_its_place() -> None:
    async def test(site: Site) -> None:
        found = await site.answer(review({"spec": {"containers": "none"}}))
        assert found["allowed"] is False
        assert found["status"]["message"] == "pod at /spec/containers: expected a list"
        assert (await site.answer(review(None)))["allowed"] is False

    run(test)


def test_what_is_no_creation_is_allowed_as_it_is() -> None:
    async def test(site: Site) -> None:
        site.accounts.changed(ANNOTATED)
        for changes in ({"operation": "UPDATE"}, {"operation": "DELETE"}, {"subResource": "exec"}):
            found = await site.answer(review(None, **changes))
            assert found == {
                "uid": "u",
                "allowed": True,
                "auditAnnotations": {"decision": "pod-identity-webhook.not-a-creation"},
            }

    run(test)


def test_an_account_that_cannot_be_read_is_said_and_the_pod_allowed() -> None:
    async def test(site: Site) -> None:
        found = await site.answer(review(pod()))
        assert found["allowed"] is True
        assert "patch" not in found
        assert "shop/app could not be read" in found["warnings"][0]
        assert "(workload.account-unread)" in found["warnings"][0]
        assert site.metric("pod_identity_webhook_missing_sa_count") == 1
        assert site.metric("sekisho_pod_identity_webhook_account_lookups_total", result="failed") == 1
        site.accounts.changed(ANNOTATED)
        assert "patch" in await site.answer(review(pod()))

    run(test)


def test_a_cluster_that_does_not_answer_is_waited_for_once_and_not_long() -> None:
    async def test(site: Site) -> None:
        many = [review(pod(serviceAccountName=f"a{place // 2}")) for place in range(2 * MAX_LOOKUPS + 2)]
        answers = await asyncio.gather(*(site.answer(body) for body in many))
        assert all(one["allowed"] and "patch" not in one for one in answers)
        lookups = "sekisho_pod_identity_webhook_account_lookups_total"
        assert site.metric(lookups, result="failed") == MAX_LOOKUPS
        assert site.metric(lookups, result="too-many") == 2

    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        run(test, silent.getsockname()[1])


def test_nobody_is_told_that_a_pod_has_no_role_while_the_config_map_was_not_read() -> None:
    async def test(site: Site) -> None:
        site.accounts.changed({"shop/app": {}})
        assert site.webhook.missing() == ("the ConfigMap",)
        found = await site.answer(review(pod()))
        assert found["auditAnnotations"] == {"decision": "pod-identity-webhook.mappings-unread"}
        assert "the ConfigMap was not read since the start" in found["warnings"][0]
        site.roles.changed({})
        assert site.webhook.missing() == ()
        assert "warnings" not in await site.answer(review(pod()))
        config = json.dumps({"*/app": {"RoleARN": "star"}, "shop/app": {"RoleARN": ROLE}})
        site.roles.changed({"eks/pod-identity-webhook": {"data": {"config": config}}})
        found = await site.answer(review(pod()))
        assert ROLE in base64.b64decode(found["patch"]).decode()
        found = await site.answer(review(pod(), namespace="other"))
        assert found["auditAnnotations"] == {"decision": "workload.account-unread"}

    run(test, has_map=True)


def test_a_watch_that_fails_is_said_and_what_was_known_counts() -> None:
    async def test(site: Site) -> None:
        site.accounts.changed(ANNOTATED)
        site.roles.changed({})
        site.accounts.failed("no answer in time")
        site.roles.failed("no answer in time")
        assert site.webhook.degraded() == (
            "the service accounts cannot be watched: no answer in time",
            "the ConfigMap cannot be watched: no answer in time",
        )
        assert "patch" in await site.answer(review(pod()))
        site.accounts.changed(ANNOTATED)
        site.roles.changed({"eks/pod-identity-webhook": {"data": {"config": "{"}}})
        assert "not JSON" in site.webhook.degraded()[0]
        assert site.webhook.missing() == ()

    run(test, has_map=True)
