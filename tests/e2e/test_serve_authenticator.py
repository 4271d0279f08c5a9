"""A real kube-apiserver whose tokens our authenticator checks, with real clients on both sides."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from e2e.e2e_clients import client
from e2e.e2e_shell import ACCOUNT, CLUSTER, REGION, Shell, shell_of
from sekisho.testing import RunningLab
from support.checkpoint import ServedCheckpoint, served, waited
from support.kube_apiserver import ApiServerProcess, running_apiserver

AUTH = "/api/v1/namespaces/kube-system/configmaps"
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "viewers"},
    "subjects": [{"kind": "Group", "name": "viewers", "apiGroup": "rbac.authorization.k8s.io"}],
    "roleRef": {"kind": "ClusterRole", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"},
}
READER = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "reader"},
    "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
}


def aws_auth(user: str, username: str = "ops", groups: str = "[viewers]") -> dict[str, object]:
    entry = f"- userarn: arn:aws:iam::{ACCOUNT}:user/{user}\n  username: {username}\n  groups: {groups}\n"
    return {"metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {"mapUsers": entry}}


@dataclass(frozen=True)
class Site:
    """A cluster with our authenticator, a lab for AWS, and a shell of the lab's ``eks-admin``."""

    shell: Shell
    api: ApiServerProcess
    authenticator: ServedCheckpoint


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sekisho_shared_lab: RunningLab) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    shell = shell_of(sekisho_shared_lab, folder / "bin").using(AWS_PROFILE="default")
    # The webhook's file names a port that has to be known before the server that reads ConfigMaps is there.
    plain = ["-i", CLUSTER, "--region", REGION, "-c", folder / "empty.yaml"]
    (folder / "empty.yaml").write_text("server: {}\n")
    environment = sekisho_shared_lab.environment()
    with served(folder / "first", "authenticator", plain, environment) as first:
        webhook = folder / "webhook.yaml"
        text = yaml.safe_load((folder / "first" / "webhook.yaml").read_text())
        text["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{first.port}/authenticate"
        port = first.port
        webhook.write_text(yaml.safe_dump(text))
    flags = [
        f"--authentication-token-webhook-config-file={webhook}",
        "--authentication-token-webhook-version=v1",
        "--authentication-token-webhook-cache-ttl=0s",
    ]
    with running_apiserver(folder / "api", flags) as api:
        api.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", READER)
        api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", BINDING)
        options = [
            "-i", CLUSTER, "--region", REGION, "--backend-mode", "EKSConfigMap",
            "--kubeconfig", api.kubeconfig(), "--port", str(port),
        ]  # fmt: skip
        (folder / "second").mkdir()
        (folder / "first" / "state").rename(folder / "second" / "state")
        with served(folder / "second", "authenticator", options, environment) as authenticator:
            yield Site(shell, api, authenticator)


def kubeconfig_of(site: Site, *command: str) -> Path:
    """Write a kubeconfig whose tokens a client makes."""
    program, *arguments = command
    exec_entry = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": program,
        "args": arguments,
        "interactiveMode": "Never",
    }
    return site.api.kubeconfig({"exec": exec_entry}, f"kubeconfig-{Path(program).name}")


TOKENS = {
    "aws": ("aws", "--region", REGION, "eks", "get-token", "--cluster-name", CLUSTER),
    "sekisho": ("sekisho", "token", "--cluster-name", CLUSTER, "--region", REGION),
    "aws-iam-authenticator": ("aws-iam-authenticator", "token", "-i", CLUSTER, "--region", REGION),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_user_that_aws_auth_maps_logs_in_and_is_what_its_groups_allow(site: Site, name: str) -> None:
    site.api.ask("DELETE", f"{AUTH}/aws-auth")
    site.api.create(AUTH, aws_auth("eks-admin"))
    waited(lambda: site.authenticator.metric('sekisho_authenticator_mappings{source="EKSConfigMap"}') or None)
    program, *arguments = TOKENS[name]
    command = [str(client(program)) if program != "sekisho" else program, *arguments]
    file = kubeconfig_of(site, *command)
    who = site.shell.document(f"kubectl --kubeconfig {file} auth whoami -o json")["status"]["userInfo"]
    assert who["username"] == "ops"
    assert who["groups"] == ["viewers", "system:authenticated"]
    assert who["uid"].startswith(f"aws-iam-authenticator:{ACCOUNT}:AIDA")
    assert who["extra"]["arn"] == [f"arn:aws:iam::{ACCOUNT}:user/eks-admin"]
    assert site.shell(f"kubectl --kubeconfig {file} get configmaps -n kube-system").returncode == 0
    refused = site.shell(f"kubectl --kubeconfig {file} get secrets")
    assert 'User "ops" cannot list resource "secrets"' in refused.stderr


def test_taking_the_mapping_away_counts_at_once_and_the_server_logs_why(site: Site) -> None:
    site.api.ask("DELETE", f"{AUTH}/aws-auth")
    site.api.create(AUTH, aws_auth("eks-admin"))
    file = kubeconfig_of(site, *TOKENS["aws"])
    waited(lambda: site.shell(f"kubectl --kubeconfig {file} auth whoami").returncode == 0 or None)
    status, _ = site.api.ask("PUT", f"{AUTH}/aws-auth", aws_auth("eks-admni"))
    assert status == 200
    who = f"kubectl --kubeconfig {file} auth whoami"
    refused = waited(lambda: done if (done := site.shell(who)).returncode else None)
    assert "Unauthorized" in refused.stderr
    denial = site.authenticator.logged("access denied")[-1]
    assert denial["code"] == ["mapping.not-mapped"]
    assert denial["arn"] == f"arn:aws:iam::{ACCOUNT}:user/eks-admin"
    assert "mapping.not-mapped" in waited(
        lambda: site.api.log if "mapping.not-mapped" in site.api.log else None
    )


def test_a_broken_aws_auth_locks_nobody_out_and_health_says_so(site: Site) -> None:
    site.api.ask("DELETE", f"{AUTH}/aws-auth")
    site.api.create(AUTH, aws_auth("eks-admin"))
    file = kubeconfig_of(site, *TOKENS["aws"])
    waited(lambda: site.shell(f"kubectl --kubeconfig {file} auth whoami").returncode == 0 or None)
    broken = {**aws_auth("eks-admin"), "data": {"mapUsers": "- userarn: ["}}
    assert site.api.ask("PUT", f"{AUTH}/aws-auth", broken)[0] == 200
    told = waited(lambda: text if "degraded" in (text := site.authenticator.health("/healthz")[1]) else None)
    assert "EKSConfigMap" in told
    assert site.shell(f"kubectl --kubeconfig {file} auth whoami").returncode == 0
    assert site.api.ask("DELETE", f"{AUTH}/aws-auth")[0] == 200
    waited(lambda: site.shell(f"kubectl --kubeconfig {file} auth whoami").returncode or None)


def test_the_token_of_another_cluster_is_nobodys(site: Site) -> None:
    other = [word if word != CLUSTER else "another" for word in TOKENS["aws"]]
    file = kubeconfig_of(site, *other)
    assert "must be logged in" in site.shell(f"kubectl --kubeconfig {file} get pods").stderr
    denial = site.authenticator.logged("access denied")[-1]
    assert denial["code"] == ["iam-token.sts-refused"]
