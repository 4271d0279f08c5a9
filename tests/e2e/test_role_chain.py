"""The chain of roles across two accounts with the real clients: AWS API, then the other account's cluster.

The first role is assumed with a user's key: what a pod does with its token is tested elsewhere.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.e2e_shell import ACCOUNT, OTHER_ACCOUNT, REGION, Done, Shell, shell_of
from sekisho.lab.default_world import default_world
from sekisho.testing import running_lab

CLUSTER = "target-clu"
CLUSTER_ARN = f"arn:aws:eks:{REGION}:{OTHER_ACCOUNT}:cluster/{CLUSTER}"
CI_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci-account-iam-role"
TARGET_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/target-account-iam-role"
CI_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-account-iam-role/ci"
TARGET_SESSION = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/target-account-iam-role/xactarget"
CONFIG = f"""\
[default]
region = {REGION}
[profile target-admin]
region = {REGION}
[profile ci-env]
region = {REGION}
role_arn = {CI_ROLE}
source_profile = default
role_session_name = ci
[profile target-env]
region = {REGION}
role_arn = {TARGET_ROLE}
source_profile = ci-env
role_session_name = xactarget
[profile target-too-long]
region = {REGION}
role_arn = {TARGET_ROLE}
source_profile = ci-env
duration_seconds = 3601
"""
NOT_AUTHORIZED = (
    "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {who} "
    "is not authorized to perform: sts:AssumeRole on resource: {role}"
)
UNAUTHORIZED = "You must be logged in to the server"


def policy(*actions: str, resource: str = "*") -> str:
    statement = {
        "Sid": "VisualEditor0",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
        "Condition": {},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def put_policy(role: str, text: str) -> tuple[str, ...]:
    return ("aws iam put-role-policy --policy-name x --role-name", role, "--policy-document", text)


def world(folder: Path) -> Path:
    """Write the default world, with a cluster in the other account, and return its file."""
    value = yaml.safe_load(default_world())
    for user in value["accounts"][1]["users"]:
        user["accessKeys"] = [{"profile": "target-admin"}]
    value["clusters"].append(
        {
            "name": CLUSTER,
            "account": OTHER_ACCOUNT,
            "version": "1.34",
            "authenticationMode": "CONFIG_MAP",
            "creator": "user/eks-admin",
            "awsAuth": {"mapRoles": []},
        }
    )
    file = folder / "world.yaml"
    file.write_text(yaml.safe_dump(value))
    return file


@dataclass(frozen=True)
class Walk:
    """What each command answered, by a name of its own."""

    done: dict[str, Done]
    kubeconfig: Any

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
    """Walk through the article's steps once; the tests look at what was answered."""
    folder = tmp_path_factory.mktemp("chain")
    with running_lab(folder / "lab", world(folder)) as lab:
        shell = shell_of(lab, folder / "bin", ("aws", "kubectl"))
        (folder / "aws").write_text(CONFIG)
        shell = shell.using(AWS_CONFIG_FILE=str(folder / "aws"), AWS_PROFILE="default")
        target = shell.using(AWS_PROFILE="target-admin")
        done: dict[str, Done] = {}

        def note(name: str, who: Shell, command: str, *words: str | Path) -> None:
            done[name] = who(command, *words)

        def who_am_i(name: str, profile: str = "target-env") -> None:
            done[name] = cold(shell, folder, name)(f"aws sts get-caller-identity --profile {profile}")

        shell.output(
            "aws iam create-role --role-name ci-account-iam-role --assume-role-policy-document",
            trust(f"arn:aws:iam::{ACCOUNT}:root"),
        )
        target.output(
            "aws iam create-role --role-name target-account-iam-role --max-session-duration 7200 "
            "--assume-role-policy-document",
            trust(f"arn:aws:iam::{ACCOUNT}:user/eks-admin"),
        )
        who_am_i("neither side")
        shell.output(*put_policy("ci-account-iam-role", policy("sts:AssumeRole", resource=TARGET_ROLE)))
        who_am_i("no trust")
        note("why no trust", shell, "sekisho why --last")
        note("why no trust json", shell, "sekisho why --last -o json")
        target.output(
            "aws iam update-assume-role-policy --role-name target-account-iam-role --policy-document",
            trust(CI_ROLE),
        )
        who_am_i("ci", "ci-env")
        who_am_i("target")
        who_am_i("too long", "target-too-long")
        in_target = shell.using(AWS_PROFILE="target-env")
        note("no permission", in_target, f"aws eks describe-cluster --name {CLUSTER}")
        target.output(
            *put_policy(
                "target-account-iam-role",
                policy("s3:ListAllMyBuckets", "eks:DescribeCluster", "eks:ListClusters"),
            )
        )
        note("list clusters", shell, f"aws eks list-clusters --region {REGION} --profile target-env")
        note("list ci clusters", shell, "aws eks list-clusters")
        note("describe", in_target, f"aws eks describe-cluster --name {CLUSTER}")
        note("buckets", in_target, "aws s3 ls")
        note("users", in_target, "aws iam list-users")

        kubeconfig = folder / "kubeconfig"
        in_target.output(
            f"aws --region {REGION} eks update-kubeconfig --name {CLUSTER} --profile target-env --kubeconfig",
            kubeconfig,
        )
        written = yaml.safe_load(kubeconfig.read_text())
        # Whoever runs kubectl chooses no profile: the kubeconfig does.
        me = shell.using(KUBECONFIG=str(kubeconfig), AWS_PROFILE="")
        note("unmapped", me, "kubectl get namespaces")
        note("why unmapped json", me, "sekisho why --last -o json")
        note(
            "map",
            target,
            f"sekisho map create --cluster {CLUSTER} --region {REGION} --arn {TARGET_ROLE} "
            "--username test-user --group system:masters",
        )
        note("namespaces", me, "kubectl get namespaces")
        note("pods", me, "kubectl get pods -n kube-system")
        note("whoami", me, "kubectl auth whoami -o json")

        ci = shell.using(AWS_PROFILE="ci-env")
        for program in ("aws", "sekisho"):
            file = folder / f"kubeconfig-{program}"
            note(
                f"role {program}",
                in_target,
                f"sekisho kubeconfig --name {CLUSTER} --role-arn {TARGET_ROLE} --exec {program} --kubeconfig",
                file,
            )
            through = ci.using(KUBECONFIG=str(file))
            # The profile that wrote the file stands in it; the role is to be assumed from the one before.
            file.write_text(file.read_text().replace("target-env", "ci-env"))
            note(f"role {program} whoami", through, "kubectl auth whoami -o json")
            note(f"role {program} namespaces", through, "kubectl get namespaces")
        token = f"sekisho token --cluster-name {CLUSTER} --no-cache --role-arn"
        note("token", ci, token, TARGET_ROLE)
        note("token of no role", ci, token, f"{TARGET_ROLE}-other")
        shell.output("aws iam delete-role-policy --role-name ci-account-iam-role --policy-name x")
        who_am_i("no permission of the first role")
        done["broken kubectl"] = cold(me, folder, "broken")("kubectl get namespaces")
        note("why broken json", shell, "sekisho why --last -o json")
        yield Walk(done, written)


def cold(shell: Shell, folder: Path, name: str) -> Shell:
    """Return a shell whose AWS CLI has cached no session."""
    home = folder / f"home-{name.replace(' ', '-')}"
    home.mkdir()
    return shell.using(HOME=str(home))


CHAINS = {
    "neither side": (CI_SESSION, ["iam.no-resource-policy-allows", "iam.no-statement-allows"]),
    "no trust": (CI_SESSION, ["iam.no-resource-policy-allows"]),
    "no permission of the first role": (CI_SESSION, ["iam.no-statement-allows"]),
}


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_that_lacks_a_side_ends_in_the_client_with_aws_s_words(walk: Walk, case: str) -> None:
    who, _ = CHAINS[case]
    assert walk[case].returncode != 0
    assert walk[case].stderr.strip().endswith(NOT_AUTHORIZED.format(who=who, role=TARGET_ROLE))
    assert walk[case].stdout == ""


def test_why_names_the_trust_policy_and_the_repair(walk: Walk) -> None:
    entry = walk.document("why no trust json")
    assert (entry["who"], entry["asked"], entry["code"]) == (
        CI_SESSION,
        ["sts AssumeRole"],
        "sts.not-authorized",
    )
    last = entry["chain"]["links"][-1]
    assert [step["code"] for step in last["decisive"]] == ["sts.not-authorized", *CHAINS["no trust"][1]]
    assert last["nearest"][0]["code"] == "iam.principal-not-listed"
    assert last["nearest"][0]["at"] == {"document": TARGET_ROLE, "pointer": "/trust/Statement/0/Principal"}
    text = walk["why no trust"].stdout
    assert TARGET_ROLE in text
    assert "principals" in text
    assert walk["why no trust"].returncode == 1


def test_each_hop_is_who_the_profile_says(walk: Walk) -> None:
    assert walk.document("ci")["Arn"] == CI_SESSION
    told = walk.document("target")
    assert (told["Account"], told["Arn"]) == (OTHER_ACCOUNT, TARGET_SESSION)
    assert told["UserId"].endswith(":xactarget")


def test_the_second_hop_is_an_hour_at_most(walk: Walk) -> None:
    assert walk["too long"].returncode != 0
    assert "(ValidationError) when calling the AssumeRole operation" in walk["too long"].stderr
    assert "1 hour session limit for roles assumed by role chaining" in walk["too long"].stderr


def test_the_role_s_own_policy_says_what_the_session_may_do(walk: Walk) -> None:
    assert "(AccessDeniedException)" in walk["no permission"].stderr
    assert (
        f"{TARGET_SESSION} is not authorized to perform: eks:DescribeCluster" in walk["no permission"].stderr
    )
    assert walk.document("list clusters")["clusters"] == [CLUSTER]
    assert walk.document("list ci clusters")["clusters"] == ["eks-clu"]
    assert walk.document("describe")["cluster"]["arn"] == CLUSTER_ARN
    assert walk.out("buckets") == ""
    assert "(AccessDenied)" in walk["users"].stderr


def test_update_kubeconfig_keeps_the_profile_for_the_token(walk: Walk) -> None:
    (user,) = walk.kubeconfig["users"]
    exec_ = user["user"]["exec"]
    assert exec_["env"] == [{"name": "AWS_PROFILE", "value": "target-env"}]
    assert walk.kubeconfig["current-context"] == CLUSTER_ARN


def test_a_role_that_is_not_mapped_is_refused_by_the_cluster(walk: Walk) -> None:
    assert walk["unmapped"].returncode == 1
    assert UNAUTHORIZED in walk["unmapped"].stderr
    entry = walk.document("why unmapped json")
    assert (entry["target"], entry["status"], entry["who"]) == (CLUSTER, 401, TARGET_SESSION)
    mapping = entry["chain"]["links"][-1]
    assert [step["code"] for step in mapping["decisive"]] == ["mapping.not-mapped"]


def test_a_mapped_role_enters_under_the_name_of_the_mapping(walk: Walk) -> None:
    assert walk["map"].returncode == 0, walk["map"].stderr
    names = [row.split()[0] for row in walk.out("namespaces").splitlines()[1:]]
    assert {"default", "kube-system"} <= set(names)
    assert walk["pods"].returncode == 0
    info = walk.document("whoami")["status"]["userInfo"]
    assert info["username"] == "test-user"
    assert info["groups"] == ["system:masters", "system:authenticated"]
    assert info["extra"]["arn"] == [TARGET_SESSION]
    assert info["extra"]["canonicalArn"] == [TARGET_ROLE]
    assert info["extra"]["sessionName"] == ["xactarget"]


@pytest.mark.parametrize("program", ["aws", "sekisho"])
def test_a_kubeconfig_with_a_role_assumes_it_for_each_token(walk: Walk, program: str) -> None:
    assert walk[f"role {program}"].returncode == 0, walk[f"role {program}"].stderr
    info = walk.document(f"role {program} whoami")["status"]["userInfo"]
    assert (info["username"], info["extra"]["canonicalArn"]) == ("test-user", [TARGET_ROLE])
    assert "kube-system" in walk.out(f"role {program} namespaces")


def test_a_token_of_a_role_is_signed_by_its_session(walk: Walk) -> None:
    prefix, _, body = walk.document("token")["status"]["token"].rpartition(".")
    assert prefix == "k8s-aws-v1"
    url = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert "X-Amz-Credential=ASIA" in url
    assert "X-Amz-Security-Token=" in url


def test_a_token_of_a_role_that_may_not_be_assumed_is_refused_with_sts_s_words(walk: Walk) -> None:
    refused = walk["token of no role"]
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "sts:AssumeRole" in refused.stderr
    assert f"{TARGET_ROLE}-other" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_chain_that_breaks_keeps_kubectl_out_and_is_explained(walk: Walk) -> None:
    assert walk["broken kubectl"].returncode == 1
    assert "AccessDenied" in walk["broken kubectl"].stderr
    entry = walk.document("why broken json")
    codes = [step["code"] for step in entry["chain"]["links"][-1]["decisive"]]
    assert codes == ["sts.not-authorized", *CHAINS["no permission of the first role"][1]]
