"""A service account's way to another account with the real clients, as an article walks it.

Token of the CI cluster -> role of the CI account -> role of the target account -> its buckets, its cluster.
Every step is asked for once before it can work and once after, and each refusal is explained.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.e2e_shell import ACCOUNT, CLUSTER, NODE, OTHER_ACCOUNT, REGION, Done, Shell, connected, shell_of
from sekisho.lab.default_world import default_world
from sekisho.testing import running_lab
from support.boto_lab import new_role, policy, profile, trust

TARGET = "target-clu"
NAMESPACE, SERVICE_ACCOUNT = "ci-namespace", "ci-serviceaccount"
SUBJECT = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
CI_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci-account-iam-role"
TARGET_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/target-account-iam-role"
TARGET_SESSION = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/target-account-iam-role/xactarget"
CONFIG = """\
[default]
region = {region}

[profile ci-env]
region = {region}
role_arn = {ci_role}
web_identity_token_file = {token}

[profile target-env]
region = {region}
role_arn = {target_role}
source_profile = ci-env
role_session_name = xactarget
"""
REFUSED = "An error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {text}"


def world(folder: Path) -> Path:
    """Write the default world, with a cluster in the other account, and return its file."""
    value: Any = yaml.safe_load(default_world())
    value["accounts"][1]["users"][0]["accessKeys"] = [{"profile": "target-admin"}]
    value["clusters"].append(
        {"name": TARGET, "account": OTHER_ACCOUNT, "creator": "user/eks-admin", "awsAuth": {"mapRoles": []}}
    )
    file = folder / "world.yaml"
    file.write_text(yaml.safe_dump(value))
    return file


def trusting(issuer: str, subject: str) -> str:
    host = issuer.removeprefix("https://")
    return policy(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
        Condition={"StringEquals": {f"{host}:sub": subject}},
    )


@dataclass(frozen=True)
class Walk:
    """What each command answered, by a name of its own."""

    done: dict[str, Done]
    issuer: str

    def __getitem__(self, name: str) -> Done:
        return self.done[name]

    def out(self, name: str) -> str:
        """Return what a command that succeeded printed."""
        assert self.done[name].returncode == 0, self.done[name]
        return self.done[name].stdout

    def document(self, name: str) -> Any:
        return json.loads(self.done[name].stdout)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Walk through the steps once; the tests look at what was answered."""
    folder = tmp_path_factory.mktemp("web")
    with running_lab(folder / "lab", world(folder)) as lab:
        shell = connected(shell_of(lab, folder / "bin", ("aws", "kubectl")), folder)
        target = shell.using(AWS_PROFILE="target-admin")
        # What is not the point of this walk is done with boto3, which starts faster than the CLI.
        ci_admin, target_admin = profile(lab, "creator"), profile(lab, "target-admin")
        done: dict[str, Done] = {}

        def note(name: str, who: Shell, command: str, *words: str | Path) -> None:
            done[name] = who(command, *words)

        shell.output(f"kubectl create namespace {NAMESPACE}")
        shell.output(f"kubectl create serviceaccount -n {NAMESPACE} {SERVICE_ACCOUNT}")
        cluster = ci_admin.ask("eks", "describe_cluster", name=CLUSTER)["cluster"]
        issuer = cluster["identity"]["oidc"]["issuer"]
        create = f"kubectl create token -n {NAMESPACE} {SERVICE_ACCOUNT}"
        token = folder / "token"
        token.write_text(shell.output(f"{create} --audience sts.amazonaws.com --duration 24h").strip())
        config = folder / "aws"
        told = {"region": REGION, "ci_role": CI_ROLE, "target_role": TARGET_ROLE, "token": token}
        config.write_text(CONFIG.format(**told))
        # Where the pod runs there are no keys, and nothing of the lab's own configuration.
        pod = shell.using(
            AWS_CONFIG_FILE=str(config),
            AWS_SHARED_CREDENTIALS_FILE=str(folder / "none"),
            AWS_PROFILE="ci-env",
        )
        nobody = pod.using(AWS_PROFILE="default")
        web = "aws sts assume-role-with-web-identity --role-session-name app --role-arn"
        asked = (web, CI_ROLE, "--web-identity-token", f"file://{token}")

        note("no provider", nobody, *asked)
        note("why no provider", shell, "sekisho why --last")
        ci_admin.ask("iam", "create_open_id_connect_provider", Url=issuer, ClientIDList=["sts.amazonaws.com"])
        new_role(
            ci_admin,
            "ci-account-iam-role",
            trusting(issuer, f"{SUBJECT}-other"),
            policy("sts:AssumeRole", Resource=TARGET_ROLE),
        )
        new_role(
            target_admin,
            "target-account-iam-role",
            trust(CI_ROLE),
            policy("s3:ListAllMyBuckets", "eks:DescribeCluster", "eks:ListClusters", Resource="*"),
        )
        note("other subject", pod, "aws sts get-caller-identity")
        note("why other subject", shell, "sekisho why --last")
        ci_admin.ask(
            "iam",
            "update_assume_role_policy",
            RoleName="ci-account-iam-role",
            PolicyDocument=trusting(issuer, SUBJECT),
        )
        note("session", nobody, *asked)

        hop = pod.using(AWS_PROFILE="target-env")
        location = {"LocationConstraint": REGION}
        target_admin.ask(
            "s3", "create_bucket", Bucket="ledger-of-the-target", CreateBucketConfiguration=location
        )
        note("target", hop, "aws sts get-caller-identity")
        note("buckets", hop, "aws s3 ls")
        kubeconfig = folder / "target-kubeconfig"
        note("update", hop, f"aws eks update-kubeconfig --name {TARGET} --kubeconfig", kubeconfig)
        inside = hop.using(KUBECONFIG=str(kubeconfig))
        note("unmapped", inside, "kubectl get namespaces")
        mapping = f"sekisho map create --cluster {TARGET} --region {REGION} --username test-user --arn"
        target.output(mapping, TARGET_ROLE, "--group", "system:masters")
        note("namespaces", inside, "kubectl get namespaces")
        note("whoami", inside, "kubectl auth whoami -o json")

        own = folder / "own-kubeconfig"
        plain: Any = yaml.safe_load(Path(shell.more["KUBECONFIG"]).read_text())
        plain["users"][0]["user"] = {"token": shell.output(create).strip()}
        own.write_text(yaml.safe_dump(plain))
        bearer = shell.using(KUBECONFIG=str(own))
        note("bearer", bearer, "kubectl auth whoami -o json")
        bound = f"--bound-object-kind Node --bound-object-name {NODE}"
        note("bound", shell, f"{create} {bound} -o jsonpath={{.spec.boundObjectRef.name}}")
        note("forbidden", bearer, f"kubectl get pods -n {NAMESPACE}")
        note("why forbidden", shell, "sekisho why --last")
        repair = next(
            line for line in done["why forbidden"].stdout.splitlines() if "kubectl create role" in line
        )
        shell.output(repair.strip())
        note("granted", bearer, f"kubectl get pods -n {NAMESPACE}")
        shell.output(f"kubectl delete serviceaccount -n {NAMESPACE} {SERVICE_ACCOUNT}")
        note("deleted", bearer, f"kubectl get pods -n {NAMESPACE}")
        note("why deleted", shell, "sekisho why --last")
        yield Walk(done, issuer)


def test_without_a_provider_the_issuer_is_not_known(walk: Walk) -> None:
    text = f"No OpenIDConnect provider found in your account for {walk.issuer}"
    assert REFUSED.format(code="InvalidIdentityToken", text=text) in walk["no provider"].stderr
    why = walk["why no provider"].stdout
    assert " no Identity provider: " in why
    create = f"aws iam create-open-id-connect-provider --url {walk.issuer} --client-id-list sts.amazonaws.com"
    assert create in why


def test_a_role_that_trusts_another_account_says_no_more_than_that(walk: Walk) -> None:
    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    assert walk["other subject"].returncode != 0
    assert REFUSED.format(code="AccessDenied", text=text) in walk["other subject"].stderr


def test_why_names_the_condition_and_both_values(walk: Walk) -> None:
    why = walk["why other subject"].stdout
    for passed in ("Web identity token", "Identity provider", "Token signature", "Token claims"):
        assert f"yes {passed}: " in why
    assert " no Trust policy: " in why
    assert f":sub StringEquals {SUBJECT}-other; it is {SUBJECT}" in why


def test_a_token_obtains_the_role(walk: Walk) -> None:
    found = walk.document("session")
    assert found["SubjectFromWebIdentityToken"] == SUBJECT
    assert found["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-account-iam-role/app"


def test_the_chain_ends_in_the_other_account(walk: Walk) -> None:
    assert walk.document("target")["Arn"] == TARGET_SESSION
    assert walk.out("buckets").split()[-1] == "ledger-of-the-target"


def test_the_other_account_s_cluster_takes_the_last_role_once_it_is_mapped(walk: Walk) -> None:
    assert walk.out("update")
    assert "You must be logged in to the server" in walk["unmapped"].stderr
    assert "kube-system" in walk.out("namespaces")
    info = walk.document("whoami")["status"]["userInfo"]
    assert (info["username"], info["extra"]["arn"]) == ("test-user", [TARGET_SESSION])


def test_the_cluster_s_own_tokens_enter_as_the_service_account(walk: Walk) -> None:
    info = walk.document("bearer")["status"]["userInfo"]
    assert info["username"] == SUBJECT
    assert f"system:serviceaccounts:{NAMESPACE}" in info["groups"]
    assert f'User "{SUBJECT}" cannot list resource "pods"' in walk["forbidden"].stderr
    assert (
        f"--clusterrole view --serviceaccount {NAMESPACE}:{SERVICE_ACCOUNT}" in walk["why forbidden"].stdout
    )
    assert walk["granted"].returncode == 0
    assert walk.out("bound") == NODE


def test_a_token_ends_with_its_service_account(walk: Walk) -> None:
    assert walk["deleted"].returncode == 1
    assert "You must be logged in to the server" in walk["deleted"].stderr
    why = walk["why deleted"].stdout
    assert f"there is no service account {NAMESPACE}/{SERVICE_ACCOUNT} [service-account.deleted]" in why
