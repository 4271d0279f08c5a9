"""A lab whose API servers are real kube-apiservers: the lab's checkpoints decide, real clients ask."""

import json
import os
import signal
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.e2e_clients import client
from e2e.e2e_shell import ACCOUNT, CLUSTER, NODE, Shell, connected, shell_of
from sekisho.lab.client import LabClient
from sekisho.lab.errors import LabError
from sekisho.testing import RunningLab, running_lab

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
POLICIES = "arn:aws:eks::aws:cluster-access-policy"
WAIT_SECONDS = 60.0


def assets(folder: Path, names: tuple[str, ...] = PROGRAMS) -> Path:
    """Return a folder with links to the programs, as KUBEBUILDER_ASSETS names one."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).symlink_to(client(name))
    return folder


@dataclass(frozen=True)
class Answer:
    """A status and the id under which the API server audits the request."""

    status: int
    audit_id: str


def asked(lab: RunningLab, path: str, token: str, client_name: str) -> Answer:
    """Ask the cluster's API server with a bearer token."""
    headers = {"authorization": f"Bearer {token}", "user-agent": client_name}
    request = urllib.request.Request(lab.status["clusters"][0]["endpoint"] + path, headers=headers)  # noqa: S310
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(lab.state.ca)))
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({}), trust).open(request) as answer:
            return Answer(answer.status, answer.headers["audit-id"])
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers["audit-id"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    folder = tmp_path_factory.mktemp("envtest")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBEBUILDER_ASSETS", str(assets(folder / "assets")))
        with running_lab(folder, None, "--apiserver", "envtest") as running:
            yield running


@pytest.fixture(scope="module")
def admin(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    return connected(shell_of(lab, folder / "bin"), folder)


def test_the_server_is_a_real_one_of_the_clusters_version(lab: RunningLab, admin: Shell) -> None:
    version = json.loads(admin.output("kubectl get --raw /version"))
    assert (version["emulationMajor"], version["emulationMinor"]) == ("1", "34")
    assert lab.client.get("/status")["apiServers"] == "envtest"
    assert "pods do not run" in admin.output("sekisho status")


def test_the_creator_is_administrator_and_finds_the_world(admin: Shell) -> None:
    assert admin.output("kubectl get node -o name").strip() == f"node/{NODE}"
    groups = json.loads(admin.output("kubectl auth whoami -o json"))["status"]["userInfo"]["groups"]
    assert "system:masters" in groups
    assert "eksctl-eks-clu-nodegroup" in admin.output("kubectl -n kube-system get cm aws-auth -o yaml")


def test_aws_auth_and_rbac_count_at_once_and_refusals_are_explained(admin: Shell, tmp_path: Path) -> None:
    user = admin.new_user("envtest-ope").using(KUBECONFIG=connected(admin, tmp_path).more["KUBECONFIG"])
    refused = user("kubectl get node")
    assert refused.returncode == 1
    assert "You must be logged in to the server" in refused.stderr
    arn = f"arn:aws:iam::{ACCOUNT}:user/envtest-ope"
    told = user("sekisho why --last").stdout
    assert "mapping.not-mapped" in told
    assert "client  kubectl/" in told
    assert f"caller  {arn}" in told
    admin.output(f"sekisho map create --cluster {CLUSTER} --arn {arn} --username ope --group operators")
    refused = user("kubectl get node")
    assert 'nodes is forbidden: User "ope" cannot list resource "nodes"' in refused.stderr
    told = user("sekisho why --last").stdout
    assert "asked   list nodes" in told
    assert "client  kubectl/" in told
    assert f"caller  {arn}" in told
    assert "rbac.no-rule-matches" in told
    admin.output("kubectl create clusterrole list-nodes --verb=list --resource=nodes")
    admin.output("kubectl create clusterrolebinding list-nodes --clusterrole list-nodes --group operators")
    assert NODE in user.output("kubectl get node")
    assert user("sekisho can", arn, *f"list nodes --cluster {CLUSTER}".split()).returncode == 0


def test_nonsense_and_expired_tokens_are_refused(admin: Shell) -> None:
    for token in ("abc", "k8s-aws-v1.abc", "e30.e30.e30", "a" * 16_000):
        done = admin(f"kubectl --token {token} get ns")
        assert done.returncode == 1
        assert "You must be logged in to the server" in done.stderr


def test_a_refused_token_is_told_with_the_request_that_carried_it(lab: RunningLab, admin: Shell) -> None:
    refused = asked(lab, "/apis/apps/v1/namespaces/shop/deployments/web", "nonsense", "one/1")
    told = admin("sekisho why", refused.audit_id).stdout
    assert refused.status == 401
    assert "asked   get deployments.apps web in shop\n  client  one/1\n  caller  (unknown)" in told
    assert "[iam-token.prefix]" in told
    # Watching begins to be answered before it ends; nothing else is noted twice.
    refused = asked(lab, "/api/v1/pods?watch=1", "k8s-aws-v1.abc", "two/2")
    told = admin("sekisho why --last").stdout
    assert "asked   watch pods\n  client  two/2" in told
    assert refused.audit_id in [entry["id"] for entry in lab.client.get("/journal")]


def test_requests_at_once_with_one_token_are_all_told(lab: RunningLab) -> None:
    paths = [f"/api/v1/namespaces/n-{number}/pods" for number in range(8)]
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: asked(lab, path, "the-same", "many/8"), paths))
    assert {answer.status for answer in answers} == {401}
    (entry,) = [entry for entry in lab.client.get("/journal") if entry["client"] == "many/8"]
    assert (entry["code"], entry["requests"]) == ("iam-token.prefix", len(paths))
    assert sorted(entry["ids"]) == sorted(answer.audit_id for answer in answers)
    assert sorted(entry["asked"]) == [f"list pods in n-{number}" for number in range(8)]


def test_access_entries_and_policies_decide_behind_a_real_server(admin: Shell, tmp_path: Path) -> None:
    role = admin.document("aws iam list-roles --query", "Roles[?contains(RoleName, `cluster`)].Arn")[0]
    admin.output(
        f"aws eks create-cluster --name by-entry --role-arn {role} --access-config authenticationMode=API "
        "--resources-vpc-config subnetIds=subnet-1,subnet-2"
    )
    file = tmp_path / "kubeconfig"
    who = f"arn:aws:iam::{ACCOUNT}:user/viewer"
    viewer = admin.new_user("viewer").using(KUBECONFIG=str(file))
    admin.output(f"aws eks create-access-entry --cluster-name by-entry --principal-arn {who}")
    admin.output(
        f"aws eks associate-access-policy --cluster-name by-entry --principal-arn {who} --policy-arn "
        f"{POLICIES}/AmazonEKSViewPolicy --access-scope type=namespace,namespaces=default"
    )
    admin.output(f"sekisho kubeconfig --name by-entry --exec sekisho --kubeconfig {file}")
    _until_served(admin.using(KUBECONFIG=str(file)))
    assert viewer("kubectl get pods -n default").returncode == 0
    refused = viewer("kubectl get pods -n kube-system")
    assert "is forbidden" in refused.stderr
    assert "eks.access-policy-in-other-namespace" in viewer("sekisho why --last").stdout
    admin.output(f"aws eks delete-access-entry --cluster-name by-entry --principal-arn {who}")
    # Its policies are gone at once; whom a token stands for a real API server remembers for ten seconds.
    assert "is forbidden" in viewer("kubectl get pods -n default").stderr
    before = _children(admin.lab)
    admin.output("aws eks delete-cluster --name by-entry")
    _wait(lambda: len(_children(admin.lab)) == len(before) - len(PROGRAMS))


def test_a_pod_gets_its_role_and_its_token_opens_the_role(admin: Shell) -> None:
    admin.output("kubectl create namespace shop")
    admin.output("kubectl create serviceaccount app -n shop")
    issuer = admin.document(f"aws eks describe-cluster --name {CLUSTER} --query cluster.identity.oidc.issuer")
    admin.output(f"aws iam create-open-id-connect-provider --url {issuer} --client-id-list sts.amazonaws.com")
    host = issuer.removeprefix("https://")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{host}:sub": "system:serviceaccount:shop:app"}},
            }
        ],
    }
    admin.output("aws iam create-role --role-name shop --assume-role-policy-document", json.dumps(trust))
    role = f"arn:aws:iam::{ACCOUNT}:role/shop"
    admin.output(f"kubectl annotate serviceaccount app -n shop eks.amazonaws.com/role-arn={role}")
    overrides = json.dumps({"spec": {"serviceAccountName": "app"}})
    # At once after the annotation: the webhook does not rely on its copy alone.
    admin.output("kubectl run p -n shop --image busybox --overrides", overrides)
    pod = json.loads(admin.output("kubectl get pod p -n shop -o json"))
    environment = {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}
    assert environment["AWS_ROLE_ARN"] == role
    volumes = [one["name"] for one in pod["spec"]["volumes"]]
    assert "aws-iam-token" in volumes
    token = admin.output("kubectl create token app -n shop --audience sts.amazonaws.com").strip()
    assume = f"aws sts assume-role-with-web-identity --role-arn {role} --role-session-name it"
    done = admin(f"{assume} --query AssumedRoleUser.Arn --web-identity-token", token)
    assert json.loads(done.stdout) == f"arn:aws:sts::{ACCOUNT}:assumed-role/shop/it", done.stderr
    own = admin.output("kubectl create token app -n shop").strip()
    done = admin(f"{assume} --web-identity-token", own)
    assert "InvalidIdentityToken" in done.stderr


def test_a_secret_keeps_its_values_out_of_the_facts(lab: RunningLab, admin: Shell) -> None:
    admin.output("kubectl create secret generic hidden --from-literal=word=xyzzy-plugh")
    assert "eHl6enktcGx1Z2g=" in admin.output("kubectl get secret hidden -o yaml")
    assert "eHl6enktcGx1Z2g=" not in json.dumps(lab.client.get("/facts"))


def test_another_world_is_refused(admin: Shell, tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text("apiVersion: sekisho.dev/v1alpha1\nkind: World\nregion: eu-west-1\naccounts: []\n")
    done = admin(f"sekisho world load {file} --yes")
    assert done.returncode != 0
    assert "real API servers" in done.stderr


def test_the_checkpoints_answer_nobody_but_their_api_server(lab: RunningLab) -> None:
    (folder,) = (lab.state.path / "envtest").glob(f"*-{CLUSTER}")
    for name in ("authenticate", "authorize", "audit"):
        found = json.loads((folder / f"{name}.json").read_text())
        assert (folder / f"{name}.json").stat().st_mode & 0o077 == 0
        url = found["clusters"][0]["cluster"]["server"]
        for headers in ({}, {"authorization": "Bearer guess"}):
            assert _status(lab, url, headers) == 401
    base = url.rpartition("/")[0]
    assert _status(lab, f"{base}/mutate/guess", {}) == 401
    token = found["users"][0]["user"]["token"]
    assert _status(lab, url, {"authorization": f"Bearer {token}"}, b"[" * 100_000) == 400
    assert _status(lab, f"{base}/authenticate", {"authorization": f"Bearer {token}"}, b"x" * 70_000) == 413


def test_what_was_made_is_there_after_a_kill_and_no_program_is_left(lab: RunningLab, admin: Shell) -> None:
    admin.output("kubectl create configmap kept --from-literal=a=b")
    left = _children(lab)
    assert len(left) == len(PROGRAMS)
    pid = int((lab.state.path / "lab.lock").read_text())
    os.kill(pid, signal.SIGKILL)
    _wait(lambda: not LabClient(lab.state).is_running() and not any(map(_is_alive, left)))
    lab.start()
    assert admin.output("kubectl get configmap kept -o jsonpath={.data.a}") == "b"
    left = _children(lab)
    lab.stop()
    assert not any(map(_is_alive, left))
    lab.start()
    assert admin.output("kubectl get configmap kept -o jsonpath={.data.a}") == "b"


def test_without_the_programs_up_says_what_to_do(tmp_path: Path) -> None:
    start = running_lab(tmp_path / "lab", None, "--apiserver", "envtest")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        with pytest.raises(LabError) as told:
            start.__enter__()
    assert "no program etcd and kube-apiserver in the folder" in str(told.value)
    assert not (tmp_path / "lab" / "state" / "world.db").exists()


def _status(lab: RunningLab, url: str, headers: dict[str, str], body: bytes = b"{}") -> int:
    context = ssl.create_default_context(cafile=str(lab.state.ca))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - https to loopback
    try:
        with opener.open(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _children(lab: RunningLab) -> list[int]:
    """Return the processes of the lab's control planes: those that name its folder."""
    marker = str(lab.state.path / "envtest").encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if marker in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _until_served(shell: Shell) -> None:
    _wait(lambda: shell("kubectl get --raw /readyz").returncode == 0)


def _wait(is_done: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        if is_done():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")
