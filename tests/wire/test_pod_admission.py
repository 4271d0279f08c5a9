"""Pods that a running lab creates: what `kubectl get pod -o yaml` shows of their service account's role."""

from collections.abc import Iterator
from typing import Any

import pytest

from sekisho.decide.workload.registration import SKIP_LABEL
from sekisho.testing import running_lab
from support.pod_webhook import ROLE
from support.service_accounts import NAMESPACE, KubeApi

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    with running_lab(tmp_path_factory.mktemp("admission")) as lab:
        found = KubeApi(lab)
        found.namespace()
        found.account("app", annotations={"eks.amazonaws.com/role-arn": ROLE})
        found.account("plain")
        yield found


def created(api: KubeApi, name: str, labels: dict[str, str] | None = None, **spec: Any) -> Any:
    """Create a pod and read it again."""
    members = {"containers": [{"name": "main", "image": "app"}], **spec}
    api.made(PODS, {"metadata": {"name": name, "labels": labels or {}}, "spec": members})
    status, document, _ = api.ask("GET", f"{PODS}/{name}")
    assert status == 200
    return document["spec"]


def volume_names(members: list[Any]) -> list[str]:
    """Return the names of volumes or mounts, the one with a random end without it."""
    return [
        "kube-api-access" if one["name"].startswith("kube-api-access-") else one["name"] for one in members
    ]


def test_a_pod_of_an_annotated_account_has_its_role(api: KubeApi) -> None:
    spec = created(api, "web", serviceAccountName="app", initContainers=[{"name": "init", "image": "app"}])
    for container in (*spec["initContainers"], *spec["containers"]):
        assert [(entry["name"], entry["value"]) for entry in container["env"]] == [
            ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
            ("AWS_DEFAULT_REGION", "ap-northeast-1"),
            ("AWS_REGION", "ap-northeast-1"),
            ("AWS_ROLE_ARN", ROLE),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", TOKEN),
        ]
        assert volume_names(container["volumeMounts"]) == ["kube-api-access", "aws-iam-token"]
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": 86_400, "path": "token"}
    # The webhook puts its volume before those that are there.
    assert volume_names(spec["volumes"]) == ["aws-iam-token", "kube-api-access"]
    assert spec["volumes"][0]["projected"] == {
        "defaultMode": 0o644,
        "sources": [{"serviceAccountToken": token}],
    }


def test_a_pod_gets_the_token_of_its_account(api: KubeApi) -> None:
    spec = created(api, "with-token", serviceAccountName="plain")
    (volume,) = spec["volumes"]
    assert spec["containers"][0]["volumeMounts"] == [
        {
            "name": volume["name"],
            "readOnly": True,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        }
    ]
    assert volume["projected"] == {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {
                            "path": "namespace",
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                        }
                    ]
                }
            },
        ],
    }


def test_a_pod_or_else_its_account_declines_the_token(api: KubeApi) -> None:
    declining = {"metadata": {"name": "declining"}, "automountServiceAccountToken": False}
    api.made(PODS.replace("pods", "serviceaccounts"), declining)
    cases: list[tuple[str, dict[str, Any], int]] = [
        ("pod-declines", {"automountServiceAccountToken": False}, 0),
        ("account-declines", {"serviceAccountName": "declining"}, 0),
        ("pod-over-account", {"serviceAccountName": "declining", "automountServiceAccountToken": True}, 1),
    ]
    for name, members, volumes in cases:
        assert len(created(api, name, **members).get("volumes", ())) == volumes, name


def test_other_pods_get_their_account_and_no_more(api: KubeApi) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("plain", {"serviceAccountName": "plain"}, "plain"),
        ("of-default", {}, "default"),
        ("deprecated", {"serviceAccount": "plain"}, "plain"),
    ]
    for name, spec, account in cases:
        found = created(api, name, **spec)
        assert found["serviceAccountName"] == account
        assert volume_names(found["volumes"]) == ["kube-api-access"]
        assert "env" not in found["containers"][0]


def test_the_label_keeps_the_webhook_away(api: KubeApi) -> None:
    found = created(api, "labelled", {SKIP_LABEL: ""}, serviceAccountName="app")
    assert volume_names(found["volumes"]) == ["kube-api-access"]


def test_what_is_not_formed_as_a_pod_is_left_to_those_who_say_what_is_wrong(api: KubeApi) -> None:
    status, document, _ = api.ask("POST", PODS, {"metadata": {"name": "no-spec"}})
    assert status == 422
    assert [cause["field"] for cause in document["details"]["causes"]] == ["spec.containers"]
    wrong = {"serviceAccountName": "app", "containers": [{"name": "main", "env": "none"}]}
    status, document, _ = api.ask("POST", PODS, {"metadata": {"name": "wrong"}, "spec": wrong})
    assert status == 400
    assert "env" in document["message"]


def test_a_pod_needs_an_account_that_exists(api: KubeApi) -> None:
    status, document, _ = api.ask(
        "POST", PODS, {"metadata": {"name": "of-nobody"}, "spec": {"serviceAccountName": "nobody"}}
    )
    assert status == 403
    assert document["message"] == (
        f'pods "of-nobody" is forbidden: error looking up service account {NAMESPACE}/nobody: '
        'serviceaccount "nobody" not found'
    )
    assert api.why() == ["admission.service-account"]
