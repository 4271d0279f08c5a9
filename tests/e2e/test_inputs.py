"""Malformed input: one sentence with file, line and what was expected; exit code 2; nothing written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.e2e_shell import CLUSTER, Done, Shell, connected, shell_of
from sekisho.testing import RunningLab

WORLD = "apiVersion: sekisho.dev/v1alpha1\nkind: World\nregion: ap-northeast-1\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: r\n"
AWS_AUTH = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\n"
WHO = "arn:aws:iam::111122223333:user/x"

UP, UP_BACKGROUND = "up --state-dir state --world", "up -d --state-dir state --world"
CAN = f"can {WHO} get nodes --from"
MAP = f"map create --arn {WHO} --group g -f"
KUBECONFIG = f"kubeconfig --name {CLUSTER} --kubeconfig"

CASES = {
    "world: an account id of eleven digits": (
        UP,
        WORLD + 'accounts:\n  - id: "11112222333"\n    name: dev\n',
        5,
        "expected an account id, which is twelve digits, found `11112222333`",
    ),
    "world: the same in the background": (
        UP_BACKGROUND,
        WORLD + 'accounts:\n  - id: "11112222333"\n    name: dev\n',
        5,
        "expected an account id, which is twelve digits, found `11112222333`",
    ),
    "world: a misspelt key": (UP_BACKGROUND, WORLD + "acounts: []\n", 4, "did you mean `accounts`"),
    "world: not YAML": (UP_BACKGROUND, WORLD + "accounts: [\n", 5, "not YAML"),
    "world: a key twice": (UP_BACKGROUND, WORLD + "region: us-east-1\n", 4, "region"),
    "world: a statement with no such effect": (
        UP_BACKGROUND,
        WORLD
        + 'accounts:\n  - id: "111122223333"\n    name: dev\n    users:\n      - name: u\n'
        + '        inline:\n          p:\n            Version: "2012-10-17"\n'
        + '            Statement: {Effect: Alow, Action: "s3:*", Resource: "*"}\n',
        12,
        "expected `Allow` or `Deny`",
    ),
    "facts: no world and nothing else known": (CAN, "[1, 2]\n", 1, "expected a world file"),
    "facts: a rule whose apiGroups is a text": (
        CAN,
        ROLE + 'rules:\n- apiGroups: ""\n  resources: ["pods"]\n  verbs: ["get"]\n',
        6,
        "expected a list",
    ),
    "facts: an anchor that is not there": (CAN, ROLE + "rules: *nowhere\n", 5, "not YAML"),
    "aws-auth: data that is a list": (MAP, AWS_AUTH + "data: []\n", 6, "expected"),
    "aws-auth: not YAML": (MAP, AWS_AUTH + "data: {\n", 7, "not YAML"),
    "aws-auth: users that are not YAML": (
        MAP,
        AWS_AUTH + "data:\n  mapUsers: |\n    - userarn: [\n",
        None,
        "mapUsers",
    ),
    "kubeconfig: clusters that are a mapping": (
        KUBECONFIG,
        "apiVersion: v1\nkind: Config\nclusters: {}\n",
        3,
        "expected `clusters` to be a list, found a mapping",
    ),
    "kubeconfig: not YAML": (KUBECONFIG, "clusters: [\n", 2, "not YAML"),
}


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return the names and contents of all that is below ``folder``."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def shell(sekisho_shared_lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("inputs")
    return connected(shell_of(sekisho_shared_lab, folder / "bin", ("aws", "kubectl")), folder)


@pytest.mark.parametrize(("command", "text", "line", "expected"), CASES.values(), ids=CASES.keys())
def test_malformed_files(
    shell: Shell, tmp_path: Path, command: str, text: str, line: int | None, expected: str
) -> None:
    (tmp_path / "input.yaml").write_text(text)
    before = tree(tmp_path)
    done = sekisho(shell, tmp_path, *command.split(), "input.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    told = [row for row in done.stderr.splitlines() if "input.yaml" in row]
    assert len(told) == 1, done.stderr
    assert expected in told[0]
    if line is not None:
        assert f"input.yaml:{line}" in told[0]
    assert tree(tmp_path) == before


def sekisho(shell: Shell, folder: Path, *words: str) -> Done:
    """Run the program in ``folder``, which is also its HOME."""
    environment = {**shell.lab.environment(), **shell.more, "HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "sekisho", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=environment,
    )


WORDS = {
    "an ARN that is none": (f"map create --cluster {CLUSTER} --arn nonsense --group g", "nonsense"),
    "nobody": ("can user/nobody-here get nodes", "no user or role is called"),
    "no resource": (f"can {WHO} get", "needs a resource"),
    "an unknown command": ("frobnicate", "there is no command `frobnicate`"),
    "a misspelt command": ("staus", "did you mean `status`?"),
    "an unknown option": ("up --frobnicate", "--frobnicate"),
    "a file that is not there": (f"can {WHO} get nodes --from gone.yaml", "gone.yaml: cannot be read"),
    "a world file that is not there": ("up -d --state-dir s --world gone.yaml", "gone.yaml: cannot be read"),
    "a directory for a file": (f"can {WHO} get nodes --from .", "cannot be read: not a file"),
    "why about nothing": ("why", "give --last"),
    "a token for no cluster": ("token", "cluster"),
    "an unknown mode": (
        f"can {WHO} get nodes --from empty.yaml --authentication-mode NONE",
        "expected one of",
    ),
}


@pytest.mark.parametrize(("command", "expected"), WORDS.values(), ids=WORDS.keys())
def test_malformed_words(shell: Shell, tmp_path: Path, command: str, expected: str) -> None:
    (tmp_path / "empty.yaml").touch()
    before = tree(tmp_path)
    done = sekisho(shell, tmp_path, *command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(tmp_path) == before


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: malformed}\n"
MANIFESTS = {
    "a misspelt field": (
        ROLE + 'rules: [{apiGroups: [""], resources: ["pods"], verb: ["get"]}]\n',
        'cannot be handled as a ClusterRole: strict decoding error: unknown field "rules[0].verb"',
    ),
    "a rule without verbs": (
        ROLE + 'rules: [{apiGroups: [""], resources: ["pods"]}]\n',
        '"r" is invalid: rules[0].verbs: Required value',
    ),
    "a number where a text belongs": (
        CONFIG_MAP + "data: {a: 1}\n",
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
    ),
    "a name with capitals": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: X_Y}\n",
        'The ConfigMap "X_Y" is invalid: metadata.name: Invalid value: "X_Y": a lowercase RFC 1123 subdomain',
    ),
    "a namespace that is not there": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: nowhere}\n",
        'namespaces "nowhere" not found',
    ),
    "a binding to no role kind": (
        ROLE.replace("Role\n", "RoleBinding\n") + "roleRef: {kind: Roles, name: r}\n",
        'roleRef.kind: Unsupported value: "Roles": supported values: "ClusterRole"',
    ),
    "an unknown kind": ("apiVersion: v1\nkind: Nope\nmetadata: {name: x}\n", 'no matches for kind "Nope"'),
}


@pytest.mark.parametrize(("manifest", "expected"), MANIFESTS.values(), ids=MANIFESTS.keys())
def test_malformed_objects_get_the_api_server_s_kind_of_error(
    shell: Shell, tmp_path: Path, manifest: str, expected: str
) -> None:
    (tmp_path / "object.yaml").write_text(manifest)
    done = shell("kubectl apply -f", tmp_path / "object.yaml")
    assert done.returncode == 1
    assert expected in done.stderr


def test_what_the_api_server_fills_in_may_be_left_out(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "binding.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: short}\n"
        "roleRef: {kind: ClusterRole, name: view}\nsubjects: [{kind: Group, name: nobody}]\n"
    )
    shell.output("kubectl create -f", tmp_path / "binding.yaml")
    found = shell.document("kubectl get rolebinding short -o json")
    group = "rbac.authorization.k8s.io"
    assert found["roleRef"] == {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
    assert found["subjects"] == [{"apiGroup": group, "kind": "Group", "name": "nobody"}]


POLICIES = {
    "not JSON": '{"Version": ',
    "an effect that is none": '{"Statement": {"Effect": "Alow", "Action": "*", "Resource": "*"}}',
    "no resource": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}',
    "a principal in an identity policy": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
        }
    ),
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_malformed_policies(shell: Shell, policy: str) -> None:
    command = "aws iam put-user-policy --user-name eks-admin --policy-name p --policy-document"
    done = shell(command, policy)
    assert done.returncode != 0
    assert "(MalformedPolicyDocument) when calling the PutUserPolicy operation" in done.stderr
    assert "p" not in shell.document("aws iam list-user-policies --user-name eks-admin")["PolicyNames"]
