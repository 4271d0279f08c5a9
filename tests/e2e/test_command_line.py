"""`sekisho can` and `sekisho why`: from a lab and from files, in text and JSON, with exit codes."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.e2e_shell import ACCOUNT, CLUSTER, OTHER_ACCOUNT, Shell, connected, shell_of
from sekisho.testing import RunningLab

GROUP = "cli-readers"
ROLE, BINDING = "cli-reader", "cli-readers-read"
USERS = {
    # What the facts hold about each: the path of the user, and the ARN that somebody mapped.
    "cli-path": ("/team/dev/", f"arn:aws:iam::{ACCOUNT}:user/cli-path"),
    "cli-account": ("/", f"arn:aws:iam::{OTHER_ACCOUNT}:user/cli-account"),
    "cli-spelling": ("/", f"arn:aws:iam::{ACCOUNT}:user/cli-speling"),
    "cli-member": ("/", f"arn:aws:iam::{ACCOUNT}:user/cli-member"),
}
NEAREST = {
    "cli-path": "mapping.near-user-path",
    "cli-account": "mapping.near-account",
    "cli-spelling": "mapping.near-spelling",
}
PATH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cli-team/cli-role"


@dataclass(frozen=True)
class Setting:
    """People, mappings that miss them, and the same facts as files."""

    creator: Shell
    people: dict[str, Shell]
    files: list[str]

    def arn(self, name: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:user{USERS[name][0]}{name}"


@pytest.fixture(scope="module")
def setting(sekisho_shared_lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("command-line")
    creator = connected(shell_of(sekisho_shared_lab, folder / "bin", ("aws", "kubectl")), folder)
    people = {name: creator.new_user(name, path) for name, (path, _) in USERS.items()}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    creator.output(
        "aws iam create-role --role-name cli-role --path /cli-team/ --assume-role-policy-document",
        json.dumps(trust),
    )
    creator.output(f"kubectl create clusterrole {ROLE} --verb=get,list --resource=nodes")
    creator.output(f"kubectl create clusterrolebinding {BINDING} --clusterrole={ROLE} --group={GROUP}")
    for _, mapped in USERS.values():
        creator.output(f"sekisho map create --cluster {CLUSTER} --arn {mapped} --group {GROUP}")
    _map_as_written(creator, PATH_ROLE)
    files = {
        "aws-auth.yaml": "kubectl get cm aws-auth -n kube-system -o yaml",
        "rbac.yaml": "kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o yaml",
        "cluster.json": f"aws eks describe-cluster --name {CLUSTER}",
        "account.json": "aws iam get-account-authorization-details",
    }
    sources: list[str] = []
    for name, command in files.items():
        (folder / name).write_text(creator.output(command))
        sources += ["--from", str(folder / name)]
    return Setting(creator, people, sources)


def _map_as_written(creator: Shell, role: str) -> None:
    """Map a role by the ARN that IAM shows, path and all: what a person pastes."""
    found = creator.document("kubectl get cm aws-auth -n kube-system -o json")
    roles = yaml.safe_load(found["data"]["mapRoles"])
    roles.append({"rolearn": role, "groups": [GROUP]})
    patch = json.dumps({"data": {"mapRoles": yaml.safe_dump(roles)}})
    creator.output("kubectl patch cm aws-auth -n kube-system --type merge -p", patch)


def failed(document: Any) -> Any:
    """Return the last link of a chain: the one that decided."""
    return document["links"][-1]


def codes(steps: list[Any]) -> list[str]:
    return [step["code"] for step in steps]


@pytest.mark.parametrize("name", NEAREST)
def test_a_near_miss_is_named_and_the_printed_command_repairs_it(setting: Setting, name: str) -> None:
    me = setting.people[name]
    refused = me("kubectl get node")
    assert refused.returncode == 1
    entry = me.document("sekisho why --last -o json")
    assert entry["who"] == setting.arn(name)
    link = failed(entry["chain"])
    assert (link["link"], codes(link["decisive"])) == ("mapping", ["mapping.not-mapped"])
    assert codes(link["nearest"]) == [NEAREST[name]]
    assert link["nearest"][0]["at"]["pointer"].startswith("/data/mapUsers/")
    commands = [
        line.strip() for line in me("sekisho why --last").stdout.splitlines() if "sekisho map create" in line
    ]
    assert len(commands) == 1
    setting.creator.output("", *shlex.split(commands[0]))
    head, *rows = me.output("kubectl get node").splitlines()
    assert head.startswith("NAME")
    assert len(rows) == 1


@pytest.mark.parametrize("name", NEAREST)
def test_files_give_the_same_nearest_miss_with_file_and_line(setting: Setting, name: str) -> None:
    question = f"sekisho why {setting.arn(name)} get nodes"
    answer = setting.creator.document(f"{question} -o json", *setting.files)
    link = failed(answer)
    assert codes(link["nearest"]) == [NEAREST[name]]
    place = link["nearest"][0]["at"]
    file, number = Path(place["file"]), place["line"]
    assert file.name == "aws-auth.yaml"
    assert USERS[name][1] in "".join(file.read_text().splitlines()[number - 1 : number + 2])
    # EKS does not tell who created a cluster, and whoever did needs no mapping.
    assert (answer["outcome"], codes(link["decisive"])) == ("unknown", ["eks.creator-unknown"])
    assert "mapping.not-mapped" in codes(link["trace"])
    text = setting.creator(question, *setting.files)
    assert text.returncode == 3
    assert f"(line {number})" in text.stdout


def test_a_role_mapped_with_its_path_is_a_near_miss(setting: Setting) -> None:
    answer = setting.creator.document(f"sekisho why {PATH_ROLE} get nodes -o json")
    link = failed(answer)
    assert (answer["outcome"], codes(link["decisive"])) == ("no-opinion", ["mapping.not-mapped"])
    assert codes(link["nearest"]) == ["mapping.near-role-path"]
    assert PATH_ROLE.replace("cli-team/", "") in link["repairs"][0]["sentence"]
    told = setting.creator(f"sekisho why {PATH_ROLE} get nodes")
    assert told.returncode == 1
    assert f"sekisho map create --cluster {CLUSTER} --arn" in told.stdout


def test_the_lab_and_the_files_agree_on_a_forbidden_request(setting: Setting) -> None:
    me = setting.people["cli-member"]
    refused = me("kubectl get secrets")
    assert "(Forbidden)" in refused.stderr
    seen = failed(me.document("sekisho why --last -o json")["chain"])
    question = f"sekisho why {setting.arn('cli-member')} list secrets -o json"
    live = failed(setting.creator.document(question))
    filed = failed(setting.creator.document(question, *setting.files))
    for answer in (seen, live, filed):
        assert (answer["outcome"], codes(answer["decisive"])) == ("no-opinion", ["rbac.no-rule-matches"])
        assert answer["nearest"][0]["facts"]["role"] == f'ClusterRole "{ROLE}"'
    assert codes(seen["nearest"]) == codes(live["nearest"]) == codes(filed["nearest"])
    assert codes(seen["repairs"]) == codes(live["repairs"]) == codes(filed["repairs"])
    assert sorted(codes(seen["trace"])) == sorted(codes(filed["trace"]))
    place = filed["nearest"][0]["at"]
    assert Path(place["file"]).name == "rbac.yaml"
    rule = "\n".join(Path(place["file"]).read_text().splitlines()[place["line"] - 1 : place["line"] + 8])
    assert "- nodes" in rule


def test_the_repair_of_a_forbidden_request_repairs_it(setting: Setting) -> None:
    me = setting.people["cli-member"]
    me("kubectl get configmaps -n kube-public")
    told = me("sekisho why --last").stdout
    command = next(line.strip() for line in told.splitlines() if "kubectl create rolebinding" in line)
    setting.creator.output("", *shlex.split(command))
    assert "kube-root-ca.crt" in me.output("kubectl get configmaps -n kube-public")


def test_refused_grants_are_in_the_journal(setting: Setting) -> None:
    creator, me = setting.creator, setting.people["cli-member"]
    creator.output("kubectl create ns cli-grants")
    creator.output("kubectl create role binder -n cli-grants --verb=create --resource=rolebindings")
    creator.output(f"kubectl create rolebinding binder -n cli-grants --role=binder --group={GROUP}")
    assert me("kubectl create rolebinding b -n cli-grants --clusterrole=edit --group=x").returncode == 1
    entry = me.document("sekisho why --last -o json")
    assert (entry["status"], entry["outcome"], entry["code"]) == (403, "deny", "rbac.grant-not-held")
    assert "rbac.grant-not-held" in me("sekisho why --last").stdout


EXIT_CODES = {
    "allowed": ("cli-member get nodes", 0, "yes"),
    "nobody allows it": ("cli-member list secrets", 1, "no"),
    "a resource that is none": ("cli-member list nodez", 2, ""),
    "a verb that is none": ("cli-member lst nodes", 2, ""),
    "an AWS action that nobody allows": ("cli-member s3:ListAllMyBuckets", 1, "no"),
}


@pytest.mark.parametrize(("question", "code", "word"), EXIT_CODES.values(), ids=EXIT_CODES.keys())
@pytest.mark.parametrize("source", ["lab", "files"])
def test_exit_codes(setting: Setting, source: str, question: str, code: int, word: str) -> None:
    name, _, rest = question.partition(" ")
    files = setting.files if source == "files" else []
    done = setting.creator("sekisho can", setting.arn(name), *rest.split(), *files)
    assert (done.returncode, done.stdout.strip()) == (code, word)
    assert "Traceback" not in done.stderr


def test_what_was_not_read_is_unknown(setting: Setting) -> None:
    done = setting.creator(
        f"sekisho can {setting.arn('cli-member')} get nodes", *setting.files[:2], *setting.files[4:6]
    )
    assert (done.returncode, done.stdout) == (3, "unknown\n")
    assert "RBAC objects of the cluster were not read" in done.stderr


def test_the_token_program_is_a_drop_in(setting: Setting, tmp_path: Path) -> None:
    me, file = setting.people["cli-member"], tmp_path / "config"
    for program in ("aws", "sekisho"):
        me_there = me.using(KUBECONFIG=str(file))
        setting.creator.using(KUBECONFIG=str(file)).output(
            f"sekisho kubeconfig --name {CLUSTER} --exec {program}"
        )
        written = yaml.safe_load(file.read_text())["users"][0]["user"]["exec"]
        assert written["command"] == program
        assert me_there.output("kubectl get node -o name").startswith("node/ip-")
    theirs = me.document(f"aws eks get-token --cluster-name {CLUSTER}")
    ours = me.document(f"sekisho token --cluster-name {CLUSTER}")
    assert ours.keys() == theirs.keys()
    assert ours["status"].keys() == theirs["status"].keys()
    assert ours["apiVersion"] == theirs["apiVersion"]
    assert (ours["status"]["token"][:11], theirs["status"]["token"][:11]) == ("k8s-aws-v1.",) * 2


def test_kubeconfig_keeps_both_profiles_apart(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "config"
    for profile in ("creator", "default"):
        setting.creator.output(
            f"sekisho kubeconfig --name {CLUSTER} --profile {profile} --alias {profile} "
            f"--user-alias {profile} --exec sekisho --kubeconfig {file}"
        )
    shell = setting.creator.using(KUBECONFIG=str(file), AWS_PROFILE="")
    assert sorted(shell.output("kubectl config get-contexts -o name").split()) == ["creator", "default"]
    for profile in ("creator", "default"):
        assert shell.output(f"kubectl --context {profile} get node -o name").startswith("node/ip-")
    users = {user["name"]: user["user"]["exec"] for user in yaml.safe_load(file.read_text())["users"]}
    assert users["creator"]["env"] == [{"name": "AWS_PROFILE", "value": "creator"}]


def test_an_explained_token_is_never_shown(setting: Setting) -> None:
    me = setting.people["cli-member"]
    token = me.output(f"sekisho token --cluster-name {CLUSTER} -o text")
    good = me(f"sekisho why --token - --cluster {CLUSTER} -o json", stdin=token)
    assert good.returncode == 0, good.stderr
    assert token.strip() not in good.stdout
    bad = me(f"sekisho why --token - --cluster {CLUSTER} -o json", stdin="k8s-aws-v1.bm9uc2Vuc2U")
    assert bad.returncode == 1
    assert failed(json.loads(bad.stdout))["link"] == "token"
