"""What the journal tells of a write that admission refuses, and who may register webhooks."""

from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.service_accounts import NAMESPACE, KubeApi
from support.webhook_site import WebhookSite, patch, webhook_site

HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
ROLES = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles"
MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    with running_lab(tmp_path_factory.mktemp("webhooks")) as lab:
        found = KubeApi(lab)
        found.namespace()
        found.account("app")
        yield found


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookSite]:
    with webhook_site(tmp_path_factory.mktemp("site")) as site:
        site.answers["/no"] = lambda _: {"allowed": False, "status": {"message": "no"}}
        yield site


def registered(api: KubeApi, name: str, client: dict[str, Any], at: str = HOOKS, **more: Any) -> None:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    hook = {
        "name": f"{name}.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": client,
        "rules": [rule],
        **more,
    }
    api.made(at, {"metadata": {"name": name}, "webhooks": [hook]})


def why(api: KubeApi) -> tuple[str, str]:
    entry = api.lab.client.get("/journal/last-refusal")
    return entry["chain"]["links"][-1]["link"], entry["sentence"]


def test_why_names_the_webhook_that_refuses(api: KubeApi, hooks: WebhookSite) -> None:
    registered(api, "denies.all", hooks.client("/no"))
    status, document, _ = api.ask("POST", MAPS, {"metadata": {"name": "one"}})
    assert (status, document["message"]) == (
        400,
        'admission webhook "denies.all.example.com" denied the request: no',
    )
    assert api.why() == ["admission.webhook-denied"]
    link, sentence = why(api)
    assert link == "admission"
    assert "the webhook denies.all.example.com of denies.all refuses" in sentence
    api.gone(f"{HOOKS}/denies.all")  # the registrations themselves are never asked about
    api.made(MAPS, {"metadata": {"name": "one"}})


def test_why_names_the_webhook_that_is_not_there(api: KubeApi) -> None:
    registered(api, "fails.closed", {"url": "https://example.com/x"})
    status, document, _ = api.ask("POST", MAPS, {"metadata": {"name": "two"}})
    assert status == 500
    assert document["message"].startswith(
        'Internal error occurred: failed calling webhook "fails.closed.example.com": failed to call webhook'
    )
    assert api.why() == ["admission.webhook-failed"]
    api.gone(f"{HOOKS}/fails.closed")
    registered(api, "fails.open", {"url": "https://example.com/x"}, failurePolicy="Ignore")
    api.made(MAPS, {"metadata": {"name": "two"}})
    api.gone(f"{HOOKS}/fails.open")


def test_why_names_the_condition_that_has_no_value(api: KubeApi, hooks: WebhookSite) -> None:
    wanted = [{"name": "wanted", "expression": "object.data.wanted == 'yes'"}]
    registered(api, "wants.some", hooks.client("/no"), matchConditions=wanted)
    status, document, _ = api.ask("POST", MAPS, {"metadata": {"name": "three"}})
    assert status == 403
    assert document["message"].endswith(
        "expression 'object.data.wanted == 'yes'' resulted in error: no such key: data"
    )
    assert api.why() == ["admission.match-condition"]
    api.made(MAPS, {"metadata": {"name": "three"}, "data": {"wanted": "no"}})
    assert api.ask("POST", MAPS, {"metadata": {"name": "four"}, "data": {"wanted": "yes"}})[0] == 400
    api.gone(f"{HOOKS}/wants.some")


def test_why_names_the_policy_that_denies(api: KubeApi) -> None:
    """A policy that guards which accounts may have a role, as its users write it."""
    guard = (
        "!has(object.metadata.annotations) || !('eks.amazonaws.com/role-arn' in object.metadata.annotations)"
    )
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["serviceaccounts"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [
            {"name": "not-admins", "expression": "!('system:nodes' in request.userInfo.groups)"}
        ],
        "validations": [
            {"expression": guard, "message": "ask the platform team for a role", "reason": "Forbidden"}
        ],
    }
    group = "/apis/admissionregistration.k8s.io/v1"
    api.made(f"{group}/validatingadmissionpolicies", {"metadata": {"name": "roles"}, "spec": spec})
    bound = {"policyName": "roles", "validationActions": ["Deny"]}
    api.made(f"{group}/validatingadmissionpolicybindings", {"metadata": {"name": "roles"}, "spec": bound})
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/app"}
    body = {"metadata": {"name": "guarded", "annotations": annotations}}
    status, document, _ = api.ask("POST", MAPS.replace("configmaps", "serviceaccounts"), body)
    assert (status, document["reason"]) == (403, "Forbidden")
    assert api.why() == ["admission.policy-denied"]
    link, sentence = why(api)
    assert link == "admission"
    assert "denied request: ask the platform team for a role" in sentence
    api.made(MAPS.replace("configmaps", "serviceaccounts"), {"metadata": {"name": "guarded"}})
    api.gone(f"{group}/validatingadmissionpolicybindings/roles")


def test_a_patch_that_makes_an_object_too_large_to_be_stored(api: KubeApi, hooks: WebhookSite) -> None:
    hooks.answers["/grow"] = lambda _: patch(
        {"op": "add", "path": "/rules", "value": [{"verbs": ["get"], "resourceNames": ["x" * 1_600_000]}]}
    )
    registered(api, "grows", hooks.client("/grow"), at=MUTATING)
    body = {"metadata": {"name": "grown"}, "rules": []}
    status, document, _ = api.ask("POST", ROLES, body)
    api.gone(f"{MUTATING}/grows")
    assert (status, document["message"]) == (
        500,
        "Internal error occurred: etcdserver: request is too large",
    )
    assert api.why() == ["admission.webhook-failed"]


def test_an_object_does_not_grow_by_patches_beyond_what_is_stored(api: KubeApi) -> None:
    """The text and the limit are those of kube-apiserver 1.37 with etcd 3.6."""
    names = ["x" * 500_000]
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": names}
    api.made(ROLES, {"metadata": {"name": "grows"}, "rules": [rule]})
    copied = [{"op": "copy", "from": "/rules/0", "path": "/rules/-"}]
    statuses = [api.patched(f"{ROLES}/grows", copied) for _ in range(3)]
    assert [status for status, _ in statuses] == [200, 200, 500]
    assert statuses[2][1]["message"] == "etcdserver: request is too large"
    assert "reason" not in statuses[2][1]


def test_webhooks_are_an_administrator_s_to_register(api: KubeApi) -> None:
    token = api.token("app")
    status, document, _ = api.ask("POST", HOOKS, {"metadata": {"name": "mine"}, "webhooks": []}, token)
    assert status == 403
    assert "cannot create resource" in document["message"]
