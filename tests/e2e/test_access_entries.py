"""Access entries with the real clients: a policy in a namespace, a role made again, modes, the creator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, REGION, Shell, shell_of
from sekisho.testing import running_lab

CLUSTER = "entries-clu"
CREATOR = f"arn:aws:iam::{ACCOUNT}:user/eks-admin"
CLUSTER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/eks-clu-cluster-role"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    f'"Principal": {{"AWS": "{ACCOUNT}"}}}}]}}'
)
UNAUTHORIZED = "You must be logged in to the server"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Return a shell of the creator of a cluster that has access entries and aws-auth."""
    folder = tmp_path_factory.mktemp("entries")
    with running_lab(folder / "lab") as lab:
        shell = shell_of(lab, folder / "bin", ("aws", "kubectl")).using(KUBECONFIG=str(folder / "config"))
        shell.output(
            f"aws eks create-cluster --name {CLUSTER} --role-arn {CLUSTER_ROLE}",
            "--resources-vpc-config",
            "subnetIds=subnet-1",
            "--access-config",
            "authenticationMode=API_AND_CONFIG_MAP",
        )
        shell.output(f"aws eks wait cluster-active --name {CLUSTER}")
        shell.output(f"aws eks update-kubeconfig --name {CLUSTER}")
        shell.output("kubectl create namespace team-a")
        yield shell


def test_a_policy_opens_one_namespace(admin: Shell) -> None:
    viewer = admin.new_user("e2e-viewer")
    arn = f"arn:aws:iam::{ACCOUNT}:user/e2e-viewer"
    assert UNAUTHORIZED in viewer("kubectl get pods -n team-a").stderr
    why = admin("sekisho why --last")
    command = f"aws eks create-access-entry --cluster-name {CLUSTER} --principal-arn {arn}"
    assert command in why.stdout
    admin.output(command)
    refused = viewer("kubectl get pods -n team-a")
    assert 'cannot list resource "pods" in API group "" in the namespace "team-a"' in refused.stderr
    why = admin("sekisho why --last")
    assert "eks.no-access-policy" in why.stdout
    repair = f"aws eks associate-access-policy --cluster-name {CLUSTER} --principal-arn {arn}"
    scope = f"--policy-arn {VIEW} --access-scope type=namespace,namespaces=team-a"
    assert f"{repair} {scope}" in why.stdout
    admin.output(f"{repair} {scope}")
    assert "No resources found" in viewer("kubectl get pods -n team-a").stderr
    elsewhere = viewer("kubectl get pods -n default")
    assert 'cannot list resource "pods" in API group "" in the namespace "default"' in elsewhere.stderr
    why = admin("sekisho why --last")
    assert why.returncode == 1
    near = f"access policy AmazonEKSViewPolicy of {arn} would allow it, but only in the namespaces team-a"
    assert near in why.stdout
    listed = viewer("kubectl auth can-i --list -n team-a")
    assert "webhook authorizer does not support user rule resolution" in listed.stderr


def test_a_role_that_is_made_again_is_refused(admin: Shell) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/e2e-phoenix"
    make = ("aws iam create-role --role-name e2e-phoenix --assume-role-policy-document", TRUST)
    kubectl = "kubectl get pods -n team-a --token"
    token = f"aws eks get-token --cluster-name {CLUSTER} --role-arn {arn} --query status.token --output text"
    admin.output(*make)
    named = f"--cluster-name {CLUSTER} --principal-arn {arn}"
    admin.output(f"aws eks create-access-entry {named}")
    admin.output(f"aws eks associate-access-policy {named} --policy-arn {VIEW} --access-scope type=cluster")
    bare = admin.using(KUBECONFIG=str(without_user(admin)))
    assert bare(kubectl, admin.output(token).strip()).returncode == 0
    admin.output("aws iam delete-role --role-name e2e-phoenix")
    admin.output(*make)
    again = bare(kubectl, admin.output(token).strip())
    assert again.returncode != 0
    assert UNAUTHORIZED in again.stderr
    why = admin("sekisho why --last")
    assert "the principal was deleted and created again [eks.access-entry-of-deleted-principal]" in why.stdout
    assert f"aws eks delete-access-entry {named} && aws eks create-access-entry {named}" in why.stdout


def without_user(admin: Shell) -> Path:
    """Return a copy of the kubeconfig whose context has no credentials: `--token` is all there is."""
    source = Path(admin.more["KUBECONFIG"])
    target = source.with_name("bare")
    admin.output(f"cp {source} {target}")
    bare = admin.using(KUBECONFIG=str(target))
    context = bare.output("kubectl config current-context").strip()
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
    bare.output("kubectl config set-credentials nobody")
    bare.output(f"kubectl config set-context {context} --cluster {cluster} --user nobody")
    return target


def test_modes_go_one_way_and_the_creator_can_be_removed(admin: Shell) -> None:
    update = f"aws eks update-cluster-config --name {CLUSTER} --access-config authenticationMode="
    back = admin(f"{update}CONFIG_MAP")
    assert back.returncode != 0
    assert "Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP" in back.stderr
    admin.output(f"{update}API")
    admin.output(f"aws eks wait cluster-active --name {CLUSTER}")
    assert admin("kubectl get nodes").returncode == 0
    admin.output(f"aws eks delete-access-entry --cluster-name {CLUSTER} --principal-arn {CREATOR}")
    gone = admin("kubectl get nodes")
    assert gone.returncode != 0
    assert UNAUTHORIZED in gone.stderr
    why = admin("sekisho why --last")
    assert f"maps {CREATOR}" in why.stdout
    admin.output(f"aws eks delete-cluster --name {CLUSTER}")
    admin.output(f"aws eks wait cluster-deleted --name {CLUSTER}")
