"""The same webhooks registered in the lab and in a real kube-apiserver: the same answers."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.lab.net.sockets import free_ports
from sekisho.testing import running_lab
from support.both_clusters import Both, both_clusters
from support.checkpoint import waited
from support.match_conditions import ASKED, JUDGED, LACKING, SEVERAL
from support.webhook_site import Respond, WebhookSite, patch, webhook_site

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/hooks/configmaps"
RULE = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps"],
}


def label(name: str, value: str = "yes") -> dict[str, Any]:
    return {"op": "add", "path": f"/metadata/labels/{name}", "value": value}


def data(value: dict[str, str]) -> dict[str, Any]:
    return {"op": "add", "path": "/data", "value": value}


def seen(request: dict[str, Any]) -> Any:
    """Patch what was asked into the object: so both servers show what they sent."""
    shown = {
        name: request.get(name)
        for name in ("kind", "resource", "requestKind", "operation", "name", "namespace", "dryRun", "options")
    }
    user = {name: request["userInfo"].get(name) for name in ("username", "groups")}
    return patch(data({"asked": json.dumps({**shown, "user": user}, sort_keys=True)}))


DENIED: dict[str, Respond] = {
    "told": lambda _: {"allowed": False, "status": {"message": "not today", "code": 418, "reason": "Teapot"}},
    "reason": lambda _: {"allowed": False, "status": {"reason": "Forbidden"}},
    "silent": lambda _: {"allowed": False},
    "success": lambda _: {"allowed": False, "status": {"code": 200, "message": "odd", "status": "Success"}},
    "status-500": lambda _: 500,
    "status-404": lambda _: 404,
    "status-403": lambda _: 403,
    "status-503": lambda _: 503,
    "other-uid": lambda _: {"uid": "other"},
    "nothing": lambda _: ...,
    "slow": lambda _: None,
}
MUTATING: dict[str, Respond] = {
    "label": lambda _: patch(label("made")),
    "seen": seen,
    "untyped": lambda _: {"patch": patch(label("a"))["patch"]},
    "typed-alone": lambda _: {"patchType": "JSONPatch"},
    "other-type": lambda _: {**patch(label("a")), "patchType": "Merge"},
    "renamed": lambda _: patch({"op": "replace", "path": "/metadata/namespace", "value": "default"}),
    "made-invalid": lambda _: patch(data({"bad key": "x"})),
    "no-change": lambda _: patch(),
}
VALIDATING: dict[str, Respond] = {
    "warned": lambda _: {"warnings": ["take care", "really"]},
    "patched": lambda _: patch(label("a")),
    "patch-type": lambda _: {"patchType": "JSONPatch"},
}


@dataclass(frozen=True)
class Site:
    """Both clusters, and the webhooks that they ask."""

    both: Both
    hooks: WebhookSite


def hook(case: str, client: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": f"{case}.hooks.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": client,
        "rules": [RULE],
        "objectSelector": {"matchLabels": {"case": case}},
        **more,
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("webhooks")
    with (
        running_lab(folder / "state") as lab,
        both_clusters(folder, lab) as both,
        webhook_site(folder) as hooks,
    ):
        for name in ("hooks", "away"):
            sent(both, "POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"at": name}}})
        slow = {"timeoutSeconds": 1}
        (nobody,) = free_ports(1, "nobody")
        closed = {"url": f"https://127.0.0.1:{nobody}/x"}
        stranger = {"url": f"https://localhost:{hooks.port}/label"}
        mutating = [
            *(hook(case, hooks.client(f"/{case}")) for case in MUTATING),
            *(hook(f"m-{case}", hooks.client(f"/{case}"), **slow) for case in DENIED),
            hook("closed", closed),
            hook("closed-ignored", closed, failurePolicy="Ignore"),
            hook("stranger", stranger),
            hook("silent-ignored", hooks.client("/silent"), failurePolicy="Ignore"),
            hook("slow-ignored", hooks.client("/slow"), failurePolicy="Ignore", **slow),
            hook("scoped", hooks.client("/label"), rules=[{**RULE, "scope": "Cluster"}]),
            hook("updated", hooks.client("/label"), rules=[{**RULE, "operations": ["UPDATE"]}]),
            hook("beta", hooks.client("/label"), admissionReviewVersions=["v2", "v1beta1", "v1"]),
            hook("away", hooks.client("/label"), namespaceSelector={"matchLabels": {"at": "away"}}),
            hook("first", hooks.client("/first"), reinvocationPolicy="IfNeeded"),
            hook("never", hooks.client("/never"), objectSelector={"matchLabels": {"case": "first"}}),
            hook("second", hooks.client("/second"), objectSelector={"matchLabels": {"case": "first"}}),
        ]
        validating = [
            *(hook(case, hooks.client(f"/{case}")) for case in VALIDATING),
            *(hook(f"v-{case}", hooks.client(f"/{case}"), **slow) for case in DENIED),
            hook("deleted", hooks.client("/told"), rules=[{**RULE, "operations": ["DELETE"]}]),
            *(
                hook(f"{policy.lower()}-{index}", hooks.client("/told"), failurePolicy=policy, **on(texts))
                for policy in ("Fail", "Ignore")
                for index, texts in enumerate(CONDITIONS.values())
            ),
        ]
        hooks.answers.update({f"/{case}": one for case, one in (DENIED | MUTATING | VALIDATING).items()})
        count = "/metadata/annotations"
        hooks.answers["/first"] = lambda request: patch(label("first", rounds(request)))
        hooks.answers["/never"] = lambda request: patch(label("never", rounds(request)))
        hooks.answers["/second"] = lambda _: patch({"op": "add", "path": count, "value": {"second": "x"}})
        for kind, listed in (("Mutating", mutating), ("Validating", validating)):
            body = {"metadata": {"name": "cases"}, "webhooks": listed}
            sent(both, "POST", f"{GROUP}/{kind.lower()}webhookconfigurations", body)
        waited(lambda: "made" in str(asked_real(both, "label")) or None)
        waited(lambda: "not today" in str(asked_real(both, "v-told")) or None)
        yield Site(both, hooks)


def rounds(request: dict[str, Any]) -> str:
    """Tell whether the webhook after this one has been asked already."""
    return "again" if "second" in request["object"]["metadata"].get("annotations", {}) else "once"


def sent(both: Both, method: str, path: str, body: Any = None) -> Any:
    lab, real = both.ask(method, path, body)
    assert real[0] < 400, real
    assert lab == real
    return lab[1]


CONDITIONS = {**{name: [text] for name, text in ASKED.items()}, **SEVERAL}


def on(texts: list[str]) -> dict[str, Any]:
    """Return the match conditions of these expressions."""
    found = [{"name": f"c{index}", "expression": text} for index, text in enumerate(texts)]
    return {"matchConditions": found}


def config_map(case: str) -> dict[str, Any]:
    return {"metadata": {"name": "one", "labels": {"case": case}}}


def asked_real(both: Both, case: str) -> Any:
    return both.real.ask("POST", f"{MAPS}?dryRun=All", config_map(case))


CASES = (
    *MUTATING,
    *VALIDATING,
    *(f"{kind}-{case}" for kind in "mv" for case in DENIED),
    *("closed", "closed-ignored", "stranger", "silent-ignored", "slow-ignored"),
    *("scoped", "updated", "beta", "away", "first", "none"),
)


@pytest.mark.parametrize("case", CASES)
def test_a_create_is_answered_alike(site: Site, case: str) -> None:
    lab, real = site.both.ask("POST", f"{MAPS}?dryRun=All", config_map(case))
    assert lab == real


def test_updates_and_deletes_are_asked_about(site: Site) -> None:
    for case in ("updated", "deleted"):
        path = f"{MAPS}/{case}"
        body = {"metadata": {"name": case, "labels": {"case": case}}, "data": {"a": "b"}}
        sent(site.both, "POST", MAPS, body)
        lab, real = site.both.ask("PUT", path, {**body, "data": {"a": "c"}})
        assert (lab[0], lab[1]["metadata"]["labels"]) == (real[0], real[1]["metadata"]["labels"])
        lab, real = site.both.ask("DELETE", path)
        assert lab == real
        assert lab[0] == (418 if case == "deleted" else 200)


def test_no_credential_is_sent_and_a_redirect_is_not_followed(site: Site) -> None:
    site.hooks.answers["/elsewhere"] = lambda _: {}
    site.hooks.answers["/label"] = lambda _: 302
    site.hooks.asked.clear()
    status, told = site.both.lab.ask("POST", f"{MAPS}?dryRun=All", config_map("label"))
    site.hooks.answers["/label"] = MUTATING["label"]
    assert (status, told["reason"]) == (500, "InternalError")
    assert [path for path, _, _ in site.hooks.asked] == ["/label?timeout=10s"]
    assert not {"authorization", "cookie"} & set(site.hooks.asked[0][1])


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_choose_what_is_asked_alike(site: Site, name: str) -> None:
    index = list(CONDITIONS).index(name)
    for policy in ("fail", "ignore"):
        lab, real = site.both.ask("POST", f"{MAPS}?dryRun=All", config_map(f"{policy}-{index}"))
        assert lab == real


GOOD = {
    "name": "a.example.com",
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
    "clientConfig": {"url": "https://127.0.0.1:1/x"},
    "rules": [RULE],
}


def rule(**changed: Any) -> dict[str, Any]:
    return {"rules": [{**RULE, **changed}]}


def client_of(**given: Any) -> dict[str, Any]:
    return {"clientConfig": given}


def service(**given: Any) -> dict[str, Any]:
    return client_of(service={"name": "s", "namespace": "n", **given})


INVALID: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "short name": {"name": "a.b"},
    "bad name": {"name": "A.b.c"},
    "no name": {"name": ""},
    "no side effects": {"sideEffects": None},
    "side effects": {"sideEffects": "Some"},
    "failure policy": {"failurePolicy": "Maybe"},
    "match policy": {"matchPolicy": "Maybe"},
    "reinvocation": {"reinvocationPolicy": "Maybe"},
    "no time": {"timeoutSeconds": 0},
    "much time": {"timeoutSeconds": 31},
    "no versions": {"admissionReviewVersions": []},
    "unknown versions": {"admissionReviewVersions": ["v9"]},
    "a version twice": {"admissionReviewVersions": ["v1", "v1"]},
    "odd version": {"admissionReviewVersions": ["v1", "1A"]},
    "no operations": rule(operations=[]),
    "odd operation": rule(operations=["READ"]),
    "all operations and one": rule(operations=["*", "CREATE"]),
    "no groups": rule(apiGroups=[]),
    "all groups and one": rule(apiGroups=["*", ""]),
    "no api versions": rule(apiVersions=[]),
    "empty api version": rule(apiVersions=[""]),
    "all api versions and one": rule(apiVersions=["*", "v1"]),
    "no resources": rule(resources=[]),
    "empty resource": rule(resources=[""]),
    "all resources and one": rule(resources=["*", "pods"]),
    "all with parts and one": rule(resources=["*/*", "pods"]),
    "all parts and one": rule(resources=["pods/*", "pods/log"]),
    "part of all and of one": rule(resources=["*/log", "pods/log"]),
    "scope": rule(scope="Some"),
    "selector": {"objectSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
    "selector of namespaces": {"namespaceSelector": {"matchLabels": {"bad key": "x"}}},
    "no client": client_of(),
    "two clients": client_of(url="https://127.0.0.1/x", service={"name": "s", "namespace": "n"}),
    "plain http": client_of(url="http://127.0.0.1/x"),
    "no host": client_of(url="https:///x"),
    "query": client_of(url="https://127.0.0.1/x?a=b"),
    "fragment": client_of(url="https://127.0.0.1/x#a"),
    "service without a name": service(name=""),
    "service without a namespace": service(namespace=""),
    "service port": service(port=70000),
    "service path": service(path="x"),
    "service path of two slashes": service(path="//"),
    "service path with a gap": service(path="/a//b"),
    "service path with an odd step": service(path="/a/B"),
    "many conditions": {"matchConditions": [{"name": f"c{i}", "expression": "true"} for i in range(65)]},
    "most conditions": {"matchConditions": [{"name": f"c{i}", "expression": "true"} for i in range(64)]},
    "names of conditions": {
        "matchConditions": [
            *({"name": name, "expression": "true"} for name in ("a", "a", "A b", "a/b/c", "", "x.io/a")),
            {"expression": "foo"},
            {"name": "z"},
        ]
    },
    **{f"condition: {name}": on([text]) for name, text in JUDGED.items()},
}


@pytest.mark.parametrize("changed", INVALID.values(), ids=INVALID.keys())
def test_a_configuration_is_judged_alike(site: Site, changed: dict[str, Any]) -> None:
    one = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    body = {"metadata": {"name": "judged"}, "webhooks": [one]}
    lab, real = site.both.ask("POST", f"{GROUP}/mutatingwebhookconfigurations?dryRun=All", body)
    assert lab == real


@pytest.mark.parametrize("function", LACKING)
def test_functions_that_the_lab_lacks_are_named(site: Site, function: str) -> None:
    body = {"metadata": {"name": "judged"}, "webhooks": [{**GOOD, **on([LACKING[function]])}]}
    lab, real = site.both.ask("POST", f"{GROUP}/mutatingwebhookconfigurations?dryRun=All", body)
    assert (lab[0], real[0]) == (422, 201)
    assert f"API servers have `{function}`" in lab[1]["message"]


def test_two_webhooks_have_two_names(site: Site) -> None:
    body = {"metadata": {"name": "judged"}, "webhooks": [GOOD, GOOD]}
    lab, real = site.both.ask("POST", f"{GROUP}/validatingwebhookconfigurations?dryRun=All", body)
    assert lab == real
    assert real[0] == 422


def test_kubectl_lists_configurations_alike(site: Site) -> None:
    for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
        lab, real = site.both.kubectl(["get", kind, "cases"])
        assert lab == real
        assert lab[0] == 0


def test_what_is_out_of_reach_is_said(site: Site) -> None:
    lab = site.both.lab
    elsewhere = {**GOOD, **client_of(url="https://example.com/x"), "failurePolicy": "Fail"}
    away = {**GOOD, **service(), "name": "b.example.com"}
    selector = {"objectSelector": {"matchLabels": {"case": "reach"}}}
    body = {"metadata": {"name": "reach"}, "webhooks": [{**elsewhere, **selector}, {**away, **selector}]}
    document = json.dumps(
        {**body, "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    )
    code, _, told = lab.kubectl(["create", "-f", "-"], document)
    assert code == 0
    assert 'nothing leaves the lab, so "example.com" is not called' in told
    assert "the lab has no network of Services" in told
    status, answer = lab.ask("POST", f"{MAPS}?dryRun=All", config_map("reach"))
    assert (status, answer["reason"]) == (500, "InternalError")
    assert 'failed calling webhook "a.example.com"' in answer["message"]
    assert base64.b64decode(site.hooks.authority).startswith(b"-----BEGIN CERTIFICATE")
