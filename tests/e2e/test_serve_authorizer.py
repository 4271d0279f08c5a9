"""A real kube-apiserver whose users and rights come from access entries that EKS keeps: both our webhooks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from e2e.e2e_shell import ACCOUNT, REGION, Shell, shell_of
from sekisho.testing import RunningLab
from support.checkpoint import ServedCheckpoint, served, waited
from support.kube_apiserver import ApiServerProcess, running_apiserver

CLUSTER = "far-away"
POLICIES = "arn:aws:eks::aws:cluster-access-policy"
USER = f"arn:aws:iam::{ACCOUNT}:user/viewer"


@dataclass(frozen=True)
class Site:
    """A cluster somewhere, its webhooks, the shell of an administrator of AWS and that of a viewer."""

    api: ApiServerProcess
    authorizer: ServedCheckpoint
    admin: Shell
    viewer: Shell


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sekisho_shared_lab: RunningLab) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("authorizer")
    admin = shell_of(sekisho_shared_lab, folder / "bin").using(AWS_PROFILE="default")
    viewer = admin.new_user("viewer")
    role = admin.document("aws iam list-roles --query", "Roles[?contains(RoleName, `cluster`)].Arn")[0]
    admin.output(
        f"aws eks create-cluster --name {CLUSTER} --role-arn {role} --access-config authenticationMode=API "
        "--resources-vpc-config subnetIds=subnet-1,subnet-2"
    )
    admin.output(
        f"aws eks create-access-entry --cluster-name {CLUSTER} --principal-arn {USER} --username viewer"
    )
    associate(admin, "AmazonEKSViewPolicy", "type=namespace,namespaces=blue")
    environment = {**sekisho_shared_lab.environment(), "AWS_PROFILE": "default"}
    entries = ["--eks-cluster", CLUSTER, "--region", REGION, "--refresh-seconds", "1"]
    tokens = ["-i", CLUSTER, "--backend-mode", "AccessEntry", *entries]
    with (
        served(folder / "authenticator", "authenticator", tokens, environment) as authenticator,
        served(folder / "webhook", "authorizer", entries, environment) as authorizer,
        running_apiserver(
            folder / "api",
            [
                f"--authentication-token-webhook-config-file={webhook(authenticator, 'authenticate')}",
                "--authentication-token-webhook-version=v1",
                "--authentication-token-webhook-cache-ttl=0s",
                f"--authorization-webhook-config-file={webhook(authorizer, 'authorize')}",
                "--authorization-webhook-version=v1",
                "--authorization-webhook-cache-authorized-ttl=0s",
                "--authorization-webhook-cache-unauthorized-ttl=0s",
            ],
            more_authorizers=("Webhook",),
        ) as api,
    ):
        for name in ("blue", "green"):
            api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        who = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "command": "aws",
                "args": ["--region", REGION, "eks", "get-token", "--cluster-name", CLUSTER],
                "interactiveMode": "Never",
            }
        }
        yield Site(api, authorizer, admin, viewer.using(KUBECONFIG=str(api.kubeconfig(who, "viewer"))))


def associate(admin: Shell, policy: str, scope: str) -> None:
    admin.output(
        f"aws eks associate-access-policy --cluster-name {CLUSTER} --principal-arn {USER} "
        f"--policy-arn {POLICIES}/{policy} --access-scope {scope}"
    )


def webhook(checkpoint: ServedCheckpoint, path: str) -> Path:
    """Return a webhook file with the port that the checkpoint took."""
    file = checkpoint.folder / "webhook.yaml"
    document = yaml.safe_load(file.read_text())
    document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{checkpoint.port}/{path}"
    file.write_text(yaml.safe_dump(document))
    return file


def test_an_access_policy_allows_in_its_namespace_and_nowhere_else(site: Site) -> None:
    assert site.viewer.output("kubectl auth whoami -o jsonpath={.status.userInfo.username}") == "viewer"
    assert site.viewer("kubectl get configmaps -n blue").returncode == 0
    refused = site.viewer("kubectl get configmaps -n green")
    assert 'User "viewer" cannot list resource "configmaps"' in refused.stderr
    assert "eks.access-policy-in-other-namespace" in refused.stderr
    assert site.viewer("kubectl get secrets -n blue").returncode == 1
    assert "cannot delete" in site.viewer("kubectl delete configmap any -n blue").stderr


def test_rbac_still_counts_beside_it(site: Site) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    site.api.create(f"{rbac}/namespaces/green/roles", {"metadata": {"name": "r"}, "rules": rules})
    subject = {"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"}
    body = {"metadata": {"name": "r"}, "roleRef": role, "subjects": [subject]}
    site.api.create(f"{rbac}/namespaces/green/rolebindings", body)
    waited(lambda: site.viewer("kubectl get secrets -n green").returncode == 0 or None)


def test_a_policy_that_is_added_or_taken_away_counts_within_moments(site: Site) -> None:
    associate(site.admin, "AmazonEKSEditPolicy", "type=namespace,namespaces=green")
    create = "kubectl create configmap made -n green --dry-run=server"
    waited(lambda: site.viewer(create).returncode == 0 or None)
    site.admin.output(
        f"aws eks disassociate-access-policy --cluster-name {CLUSTER} --principal-arn {USER} "
        f"--policy-arn {POLICIES}/AmazonEKSEditPolicy"
    )
    waited(lambda: site.viewer(create).returncode or None)


def test_whoever_has_no_entry_is_nobody(site: Site) -> None:
    stranger = site.admin.new_user("stranger").using(KUBECONFIG=site.viewer.more["KUBECONFIG"])
    assert "Unauthorized" in stranger("kubectl auth whoami").stderr
