"""A real kube-apiserver that asks our webhook about the pods that it creates."""

import asyncio
import base64
import json
import signal
import ssl
import subprocess
import textwrap
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from cryptography import x509

from e2e.e2e_clients import client
from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import from_kubeconfig
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.decide.workload.registration import SKIP_LABEL, configuration
from sekisho.serve.pod_identity_webhook.certificates import bundle
from sekisho.serve.pod_identity_webhook.managed_certificate import ManagedCertificate
from support.checkpoint import ServedCheckpoint, served, waited
from support.kube_apiserver import ApiServerProcess, running_apiserver
from support.pod_webhook import ROLE, pod

HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
MAP = "/api/v1/namespaces/eks/configmaps"
SECRET = "/api/v1/namespaces/eks/secrets/pod-identity-webhook"
TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
PAIR = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": TOKEN}


@dataclass(frozen=True)
class Site:
    """A cluster, the webhook that it asks, and the file that says who uses EKS Pod Identity."""

    api: ApiServerProcess
    webhook: ServedCheckpoint
    identities: Path

    def account(self, name: str, **annotations: str) -> None:
        named = {f"eks.amazonaws.com/{key.replace('_', '-')}": text for key, text in annotations.items()}
        body = {"metadata": {"name": name, "annotations": named}}
        self.api.create("/api/v1/namespaces/shop/serviceaccounts", body)

    def create(self, account: str, labels: dict[str, str] | None = None, **spec: Any) -> Any:
        """Create a pod without storing it; return it as it would be stored."""
        metadata = {"name": "web", "labels": labels or {}}
        body = {**pod(serviceAccountName=account, **spec), "metadata": metadata}
        status, created = self.api.ask("POST", "/api/v1/namespaces/shop/pods?dryRun=All", body)
        assert status == 201, created
        return created


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("webhook")
    identities = folder / "identities.json"
    with running_apiserver(folder / "api", users={"only-get": (), "webhook": ()}) as api:
        for name in ("eks", "shop"):
            api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        allow(api)
        more = ["--watch-config-map=true", "--watch-container-credentials-config", identities]
        with served_webhook(folder / "webhook", api, *more) as webhook:
            # By URL, since no Service leads anywhere here; the certificate has its name for one all the same.
            where = {"url": f"https://localhost:{webhook.port}/mutate"}
            api.create(HOOKS, configuration("pod-identity-webhook", where))
            waited(lambda: authority(api) or None)
            yield Site(api, webhook, identities)


def allow(api: ApiServerProcess) -> None:
    """Give the user ``webhook`` the rights that the page of the documentation names, and no others."""
    page = (Path(__file__).parents[2] / "docs/how-to/serve-pod-identity-webhook.md").read_text()
    block = textwrap.dedent(page.split("```yaml\n")[1].split("```")[0])
    group = {"apiGroup": "rbac.authorization.k8s.io"}
    subject = {**group, "kind": "User", "name": "webhook"}
    for role in yaml.safe_load_all(block):
        place = "/apis/rbac.authorization.k8s.io/v1"
        if "namespace" in role["metadata"]:
            place += "/namespaces/" + role["metadata"]["namespace"]
        plural = role["kind"].lower() + "s"
        api.create(f"{place}/{plural}", role)
        bound = {
            "metadata": {"name": "webhook"},
            "roleRef": {**group, "kind": role["kind"], "name": role["metadata"]["name"]},
            "subjects": [subject],
        }
        api.create(f"{place}/{plural.removesuffix('s')}bindings", bound)


def webhook_user(api: ApiServerProcess) -> Path:
    return api.kubeconfig({"token": "webhook"}, "webhook")


def served_webhook(folder: Path, api: ApiServerProcess, *more: object, wait: str = "ready") -> Any:
    options = ["--service-name", "localhost", "--kubeconfig", webhook_user(api), *more]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    return served(folder, "pod-identity-webhook", options, environment, wait, own_flags=False)


def authority(api: ApiServerProcess) -> bytes:
    _, found = api.ask("GET", f"{HOOKS}/pod-identity-webhook")
    return base64.b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", ""))


def variables(created: Any) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in created["spec"]["containers"][0].get("env", [])}


def test_a_pod_of_an_account_created_a_moment_before_gets_its_role(site: Site) -> None:
    for place in range(5):
        site.account(f"fresh-{place}", role_arn=ROLE)
        created = site.create(f"fresh-{place}")
        assert variables(created) == PAIR
        token = {"audience": "sts.amazonaws.com", "expirationSeconds": 86_400, "path": "token"}
        assert created["spec"]["volumes"][0]["projected"]["sources"] == [{"serviceAccountToken": token}]
        mount = created["spec"]["containers"][0]["volumeMounts"][0]
        assert (mount["name"], mount["readOnly"]) == ("aws-iam-token", True)
    record = site.webhook.logged("pod changed", 5)[-1]
    assert record["code"][:2] == ["workload.web-identity", "workload.volume"]
    assert (record["namespace"], record["pod"], record["dryRun"]) == ("shop", "web", True)


def test_the_cluster_is_asked_for_an_account_that_no_watch_has_shown(site: Site, tmp_path: Path) -> None:
    rule = {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]}
    kind: dict[str, Any] = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "only-get"}}
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    group = {"apiGroup": "rbac.authorization.k8s.io"}
    site.api.create(f"{rbac}/clusterroles", {**kind, "rules": [rule]})
    bound = {
        **kind,
        "roleRef": {**group, "kind": "ClusterRole", "name": "only-get"},
        "subjects": [{**group, "kind": "User", "name": "only-get"}],
    }
    site.api.create(f"{rbac}/clusterrolebindings", bound)
    site.account("asked-for", role_arn=ROLE)
    who = site.api.kubeconfig({"token": "only-get"}, "only-get")
    _, secret = site.api.ask("GET", SECRET)
    files = []
    for name in ("tls.crt", "tls.key"):
        files.append(tmp_path / name)
        files[-1].write_bytes(base64.b64decode(secret["data"][name]))
    more = ["--tls-cert", files[0], "--tls-key", files[1], "--kubeconfig", who]
    with served_webhook(tmp_path / "webhook", site.api, *more, wait="") as webhook:
        status, answer = asked(webhook, site, review("asked-for"))
        assert status == 200
        assert json.loads(base64.b64decode(answer["response"]["patch"]))[1]["value"][0]["value"] == ROLE
        _, answer = asked(webhook, site, review("nobody"))
        assert answer["response"]["allowed"] is True
        assert answer["response"]["auditAnnotations"] == {"decision": "workload.no-account"}
        assert webhook.health("/readyz") == (503, "waiting: the service accounts\n")
        waited(lambda: "cannot be watched" in webhook.health("/healthz")[1] or None)
        lookups = 'sekisho_pod_identity_webhook_account_lookups_total{result="%s"}'
        assert [webhook.metric(lookups % result) for result in ("found", "absent")] == [1, 1]
        assert webhook.metric("pod_identity_webhook_missing_sa_count") == 1
        assert webhook.metric('pod_identity_webhook_pod_count{method="sts_web_identity"}') == 1
        assert webhook.metric('http_request_count{code="200",path="/mutate",verb="POST"}') == 2


def review(account: str, version: str = "v1", **request: Any) -> dict[str, Any]:
    asked_for = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop",
        "operation": "CREATE",
        "object": pod(serviceAccountName=account),
        **request,
    }
    return {"apiVersion": f"admission.k8s.io/{version}", "kind": "AdmissionReview", "request": asked_for}


def asked(webhook: ServedCheckpoint, site: Site, body: dict[str, Any]) -> tuple[int, Any]:
    """Ask as kube-apiserver does, over TLS that the ``caBundle`` vouches for."""
    trust = ssl.create_default_context(cadata=authority(site.api).decode())
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    url = f"https://localhost:{webhook.port}/mutate"
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with opener.open(request, timeout=30) as answer:
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_answer_has_the_version_that_was_asked_in(site: Site, version: str) -> None:
    _, answer = asked(site.webhook, site, review("default", version))
    assert (answer["apiVersion"], answer["kind"]) == (f"admission.k8s.io/{version}", "AdmissionReview")
    assert answer["response"]["uid"] == "705ab4f5-6393-11e8-b7cc-42010a800002"


def test_what_the_webhook_does_not_change_is_as_without_it(site: Site) -> None:
    site.account("whole", role_arn=ROLE)
    spec: dict[str, Any] = {
        "securityContext": {"runAsUser": 1001},
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Mi"}}],
        "containers": [
            {
                "name": "main",
                "image": "web:1",
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
                "restartPolicy": "Always",
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
                ],
            }
        ],
    }
    without = site.create("whole", {SKIP_LABEL: ""}, **spec)["spec"]
    changed = site.create("whole", **spec)["spec"]
    main = changed["containers"][0]
    assert [entry["name"] for entry in main["env"]] == ["A", *PAIR]
    assert main["env"][0] == without["containers"][0]["env"][0]
    del main["env"][1:], main["volumeMounts"], changed["volumes"][0]
    assert changed == without


def test_pods_of_nobody_and_pods_with_the_label_are_left_alone(site: Site) -> None:
    site.account("plain")
    assert variables(site.create("plain")) == {}
    record = site.webhook.logged("pod left as it is")[-1]
    assert (record["level"], record["code"]) == ("debug", ["workload.not-annotated"])
    site.account("labelled", role_arn=ROLE)
    assert variables(site.create("labelled", {SKIP_LABEL: "yes"})) == {}
    assert [one for one in site.webhook.log() if one.get("account") == "labelled"] == []


def test_a_role_from_the_config_map_is_followed(site: Site) -> None:
    site.account("mapped")
    config = {"*/mapped": {"RoleARN": ROLE, "Audience": "sts.amazonaws.com", "TokenExpiration": 900}}
    body = {"metadata": {"name": "pod-identity-webhook"}, "data": {"config": json.dumps(config)}}
    site.api.create(MAP, body)
    created = waited(lambda: found if variables(found := site.create("mapped")) else None)
    assert variables(created) == PAIR
    source = created["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert source["expirationSeconds"] == 900
    broken = {**body, "data": {"config": "{"}}
    assert site.api.ask("PUT", f"{MAP}/pod-identity-webhook", broken)[0] == 200
    waited(lambda: "not JSON" in site.webhook.health("/healthz")[1] or None)
    assert variables(site.create("mapped")) == PAIR
    assert site.api.ask("DELETE", f"{MAP}/pod-identity-webhook")[0] == 200
    waited(lambda: True if variables(site.create("mapped")) == {} else None)


def test_pod_identity_goes_before_the_annotation(site: Site) -> None:
    site.account("associated", role_arn=ROLE)
    entry = {"namespace": "shop", "serviceAccount": "associated"}
    site.identities.write_text(json.dumps({"identities": [entry]}))

    def associated() -> Any:
        created = site.create("associated")
        return created if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in variables(created) else None

    created = waited(associated)
    assert created["metadata"]["labels"]["eks.amazonaws.com/pod-identity"] == "enabled"
    token = created["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token["audience"] == "pods.eks.amazonaws.com"
    assert 79_200 <= token["expirationSeconds"] <= 86_400
    site.identities.write_text("")
    waited(lambda: True if variables(site.create("associated")) == PAIR else None)


def test_whoever_creates_a_pod_is_warned_of_what_counts_otherwise_than_it_looks(site: Site) -> None:
    site.account("typo", role_arn="app", token_expiration="1h")
    document = {**pod(serviceAccountName="typo"), "metadata": {"name": "typo", "namespace": "shop"}}
    done = subprocess.run(
        [str(client("kubectl")), "--kubeconfig", str(site.api.kubeconfig()), "create", "-f", "-"],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"HOME": str(site.api.folder), "PATH": "/usr/bin:/bin"},
    )
    assert "Warning: pod-identity-webhook: app is injected as it is written" in done.stderr
    assert "(workload.expiration-unreadable)" in done.stderr


def test_replicas_share_a_certificate_and_mend_what_is_applied_over_it(site: Site, tmp_path: Path) -> None:
    path = site.api.kubeconfig()
    before = authority(site.api)

    async def managed(days: int, secret: str = "shared", folder: str = "a") -> str:
        async with aiohttp.ClientSession() as session:
            asks = ObjectClient(session, from_kubeconfig(path, path.read_text()), 10)
            now = datetime.now(UTC) + timedelta(days=days)
            names = ("eks", "localhost", secret, "pod-identity-webhook")
            one = ManagedCertificate(asks, tmp_path / folder, *names, lambda: now)
            await one.ensure()
            await one.look()
            assert one.problem == ""
            assert (tmp_path / folder / "tls.key").stat().st_mode & 0o777 == 0o600
            return (tmp_path / folder / "tls.crt").read_text()

    def run(days: int, **more: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(asyncio.run(managed(days, **more)).encode())

    first = run(0)
    assert before.strip() in authority(site.api)  # the one in use is still believed
    assert run(0, folder="b") == first
    renewed = run(300, folder="c")
    assert renewed != first
    assert renewed.issuer == first.issuer
    hook = configuration("pod-identity-webhook", {"url": f"https://localhost:{site.webhook.port}/mutate"})
    _, found = site.api.ask("GET", f"{HOOKS}/pod-identity-webhook")
    version = {"resourceVersion": found["metadata"]["resourceVersion"], "name": "pod-identity-webhook"}
    assert site.api.ask("PUT", f"{HOOKS}/pod-identity-webhook", {**hook, "metadata": version})[0] == 200
    assert authority(site.api) == b""
    run(0, secret="pod-identity-webhook", folder="d")
    assert authority(site.api) == before
    assert bundle(before, b"", datetime.now(UTC)) == before
    foreign = {"metadata": {"name": "foreign"}, "data": {}}
    site.api.create("/api/v1/namespaces/eks/secrets", foreign)
    with pytest.raises(EnvironmentFailure, match="so somebody else's; name another --tls-secret"):
        run(0, secret="foreign")


def test_it_ends_when_it_is_told_to(site: Site, tmp_path: Path) -> None:
    with served_webhook(tmp_path, site.api) as webhook:
        webhook.process.send_signal(signal.SIGTERM)
        assert webhook.process.wait(20) == 0
        assert webhook.logged("stopping")[0]["checkpoint"] == "pod-identity-webhook"
