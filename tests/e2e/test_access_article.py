"""The walk from a cluster that only its creator can enter to one more user, with the real clients."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.e2e_clients import client
from e2e.e2e_shell import ACCOUNT, CLUSTER, KUBECTLS, NODE, REGION, Done, Shell, shell_of
from sekisho.testing import running_lab

ARN = f"arn:aws:iam::{ACCOUNT}:user/eks-ope"
CLUSTER_ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: test-clu-role
rules:
- apiGroups: [""]
  resources: ["pods","nodes"]
  verbs: ["get", "watch", "list"]
"""
PASTED = "clusterrolebinding.rbac.authorization.k8s.io/test-clu-rolebinding created\n"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: test-clu-rolebinding
subjects:
- kind: Group
  name: operators
  apiGroup: rbac.authorization.k8s.io
roleRef:
  kind: ClusterRole
  name: test-clu-role
  apiGroup: rbac.authorization.k8s.io
"""
MAPPING = f"iamidentitymapping --cluster {CLUSTER} --region={REGION}"


@dataclass(frozen=True)
class Walk:
    """What each command of the article answered, by a name of its own."""

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
    """Walk through the article once; the tests look at what was answered."""
    folder = tmp_path_factory.mktemp("article")
    with running_lab(folder / "lab") as lab:
        shell = shell_of(lab, folder / "bin")
        # The reader of the article chooses no profile: the AWS CLI would write it into the kubeconfig.
        creator, me = shell, Shell(lab, {"PATH": shell.more["PATH"]})
        done: dict[str, Done] = {"update": me(f"aws eks update-kubeconfig --name {CLUSTER}")}
        kubeconfig = yaml.safe_load(lab.state.kubeconfig.read_text())
        for kubectl in KUBECTLS:
            done[f"{kubectl} creator"] = me(f"{kubectl} get node")
        done["token"] = me(f"aws --region {REGION} eks get-token --cluster-name {CLUSTER}")
        done["create user"] = me("aws iam create-user --user-name eks-ope")
        key = me.document("aws iam create-access-key --user-name eks-ope")["AccessKey"]
        answers = f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\n{REGION}\njson\n"
        done["configure"] = me("aws configure", stdin=answers)
        done["identity"] = me("aws sts get-caller-identity")
        for kubectl in KUBECTLS:
            done[f"{kubectl} warm"] = me(f"{kubectl} get node")
            cold = folder / f"cold-{kubectl}"
            cold.mkdir()
            done[f"{kubectl} cold"] = me.using(HOME=str(cold))(f"{kubectl} get node")
        done["why unmapped"] = me("sekisho why --last")
        done["why unmapped json"] = me("sekisho why --last -o json")
        (folder / "pasted.yml").write_text(PASTED + ROLE)
        (folder / "role.yml").write_text(ROLE)
        (folder / "binding.yml").write_text(BINDING)
        done["pasted"] = creator("kubectl create -f", folder / "pasted.yml")
        done["role"] = creator("kubectl create -f", folder / "role.yml")
        done["role again"] = creator("kubectl-1.27 apply -f", folder / "role.yml")
        done["binding"] = creator("kubectl apply -f", folder / "binding.yml")
        done["binding again"] = creator("kubectl apply -f", folder / "binding.yml")
        map_it = f"--arn {ARN} --group operators --no-duplicate-arns"
        done["map"] = creator(f"sekisho map create {MAPPING.partition(' ')[2]} {map_it}")
        done["map again"] = creator(f"sekisho map create {MAPPING.partition(' ')[2]} {map_it}")
        done["mappings"] = creator(f"sekisho map get {MAPPING.partition(' ')[2]}")
        done["aws-auth"] = creator("kubectl get cm aws-auth -n kube-system -o json")
        for kubectl in KUBECTLS:
            done[f"{kubectl} mapped"] = me(f"{kubectl} get node")
            done[f"{kubectl} secrets"] = me(f"{kubectl} get secrets")
            done[f"{kubectl} whoami"] = me(f"{kubectl} auth whoami -o json")
            done[f"{kubectl} can-i nodes"] = me(f"{kubectl} auth can-i list nodes")
            done[f"{kubectl} can-i secrets"] = me(f"{kubectl} auth can-i list secrets")
        me("kubectl get secrets")
        done["why forbidden"] = me("sekisho why --last")
        done["why forbidden json"] = me("sekisho why --last -o json")
        yield Walk(done, kubeconfig)


def test_update_kubeconfig_writes_the_article_s_entry(walk: Walk) -> None:
    assert walk.out("update").startswith(f"Added new context {CLUSTER_ARN} to ")
    (user,) = walk.kubeconfig["users"]
    exec_ = user["user"]["exec"]
    assert exec_["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert exec_["command"] == "aws"
    assert exec_["args"][:6] == ["--region", REGION, "eks", "get-token", "--cluster-name", CLUSTER]
    assert walk.kubeconfig["current-context"] == CLUSTER_ARN


@pytest.mark.parametrize("kubectl", KUBECTLS)
@pytest.mark.parametrize("who", ["creator", "mapped"])
def test_nodes_are_listed(walk: Walk, kubectl: str, who: str) -> None:
    head, row = walk.out(f"{kubectl} {who}").splitlines()
    assert head.split() == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    name, status, roles, _, version = row.split()
    assert (name, status, roles) == (NODE, "Ready", "<none>")
    assert version.startswith("v1.") and "-eks-" in version  # noqa: PT018 - one fact: an EKS version


def test_a_token_is_a_presigned_url_without_padding(walk: Walk) -> None:
    credential = walk.document("token")
    assert credential["kind"] == "ExecCredential"
    prefix, _, body = credential["status"]["token"].rpartition(".")
    assert prefix == "k8s-aws-v1"
    url = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert url.startswith(f"https://sts.{REGION}.amazonaws.com/?Action=GetCallerIdentity&")
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" in url


def test_configure_takes_the_new_key(walk: Walk) -> None:
    assert walk.document("create user")["User"]["Arn"] == ARN
    assert walk["configure"].returncode == 0
    assert walk.document("identity")["Arn"] == ARN


@pytest.mark.parametrize("kubectl", KUBECTLS)
def test_the_unmapped_user_is_refused_in_the_clients_words(walk: Walk, kubectl: str) -> None:
    warm, cold = walk[f"{kubectl} warm"], walk[f"{kubectl} cold"]
    assert (warm.returncode, cold.returncode) == (1, 1)
    assert warm.stderr == "error: You must be logged in to the server (Unauthorized)\n"
    assert "the server has asked for the client to provide credentials" in cold.stderr
    assert cold.stderr.splitlines()[-1].startswith("error: You must be logged in to the server")


def test_a_refusal_of_many_requests_is_one_entry_with_every_link(walk: Walk) -> None:
    entry = walk.document("why unmapped json")
    assert walk["why unmapped json"].returncode == 1
    assert (entry["status"], entry["outcome"], entry["who"]) == (401, "no-opinion", ARN)
    assert entry["requests"] >= 5
    codes = {link["link"]: [step["code"] for step in link["decisive"]] for link in entry["chain"]["links"]}
    assert codes == {
        "token": ["iam-token.well-formed"],
        "signature": ["proof.signed"],
        "caller": ["iam-token.identified"],
        "mapping": ["mapping.not-mapped"],
    }
    mapping = entry["chain"]["links"][-1]
    assert [step["code"] for step in mapping["trace"]][:3] == [
        "chain.authentication-mode",
        "eks.not-cluster-creator",
        "mapping.entry-names-other",
    ]
    assert [repair["code"] for repair in mapping["repairs"]] == ["mapping.map-principal"]


def test_the_explanation_names_the_caller_and_the_command(walk: Walk) -> None:
    text = walk["why unmapped"].stdout
    assert f"{CLUSTER} answered 401" in text
    assert "requests of one command" in text
    assert f"maps {ARN} [mapping.not-mapped]" in text
    assert f"sekisho map create --cluster {CLUSTER} --arn {ARN} --group" in text


def test_no_credential_is_ever_explained(walk: Walk) -> None:
    told = "".join(walk[name].stdout for name in walk.done if name.startswith("why"))
    assert told
    assert "X-Amz-Signature" not in told
    assert "k8s-aws-v1" not in told


def test_the_file_with_a_pasted_line_is_no_yaml_and_the_clean_one_applies(walk: Walk) -> None:
    assert walk["pasted"].returncode == 1
    assert "mapping values are not allowed in this context" in walk["pasted"].stderr
    assert walk.out("role") == "clusterrole.rbac.authorization.k8s.io/test-clu-role created\n"
    assert walk.out("role again") == "clusterrole.rbac.authorization.k8s.io/test-clu-role configured\n"
    name = "clusterrolebinding.rbac.authorization.k8s.io/test-clu-rolebinding"
    assert walk.out("binding") == f"{name} created\n"
    assert walk.out("binding again") == f"{name} unchanged\n"


def test_the_mapping_is_written_without_a_user_name_and_once(walk: Walk) -> None:
    assert walk["map"].returncode == 0
    assert f'adding identity "{ARN}" to auth ConfigMap' in walk["map"].stderr
    assert "found existing mapping" in walk["map again"].stderr
    head, *rows = walk.out("mappings").splitlines()
    assert head.split() == ["ARN", "USERNAME", "GROUPS", "ACCOUNT"]
    assert [row.split() for row in rows if ARN in row] == [[ARN, "operators"]]
    users = yaml.safe_load(walk.document("aws-auth")["data"]["mapUsers"])
    assert users == [{"userarn": ARN, "groups": ["operators"]}]


@pytest.mark.parametrize("kubectl", KUBECTLS)
def test_the_mapped_user_gets_as_far_as_the_role_says(walk: Walk, kubectl: str) -> None:
    refused = walk[f"{kubectl} secrets"]
    assert refused.returncode == 1
    assert refused.stderr == (
        'Error from server (Forbidden): secrets is forbidden: User "" cannot list resource "secrets" '
        'in API group "" in the namespace "default"\n'
    )
    assert walk.out(f"{kubectl} can-i nodes") == "yes\n"
    assert (walk[f"{kubectl} can-i secrets"].stdout, walk[f"{kubectl} can-i secrets"].returncode) == (
        "no\n",
        1,
    )
    info = walk.document(f"{kubectl} whoami")["status"]["userInfo"]
    assert info.get("username", "") == ""
    assert info["groups"] == ["operators", "system:authenticated"]
    assert info["extra"]["arn"] == [ARN]
    assert info["uid"].startswith(f"aws-iam-authenticator:{ACCOUNT}:AIDA")


def test_a_forbidden_request_names_the_rule_that_came_closest(walk: Walk) -> None:
    entry = walk.document("why forbidden json")
    assert (entry["status"], entry["code"]) == (403, "rbac.no-rule-matches")
    assert entry["asked"] == ["list secrets in default"]
    authorization = entry["chain"]["links"][-1]
    first = authorization["nearest"][0]
    assert (first["code"], first["at"]["document"]) == (
        "rbac.resource-not-listed",
        "clusterrole/test-clu-role",
    )
    assert first["facts"]["binding"] == 'ClusterRoleBinding "test-clu-rolebinding"'
    assert {repair["code"] for repair in authorization["repairs"]} == {"rbac.bind-role"}
    text = walk["why forbidden"].stdout
    assert 'user "", groups operators, system:authenticated' in text
    assert 'ClusterRole "test-clu-role" does not list the resource `secrets`' in text


def test_eksctl_maps_the_user_too(tmp_path: Path) -> None:
    client("eksctl")
    with running_lab(tmp_path / "lab") as lab:
        shell = shell_of(lab, tmp_path / "bin", ("aws", "kubectl", "eksctl"))
        shell.output("aws iam create-user --user-name eks-ope")
        shell.output(f"eksctl create {MAPPING} --arn {ARN} --group operators --no-duplicate-arns")
        listed = shell.output(f"eksctl get {MAPPING}")
    assert [row.split() for row in listed.splitlines() if ARN in row] == [[ARN, "operators"]]
