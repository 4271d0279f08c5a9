"""``sekisho map`` on a cluster: EKS, STS and the API server are on loopback."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sekisho.cli.map import app
from sekisho.connect.kube.cluster_aws_auth import COLLECTION, PATH
from wire.kube_cluster import (
    ME,
    MINE,
    OPE,
    A,
    Cluster,
    certificate_file,
    config_map,
    serving,
    serving_cluster,
    status,
)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_file(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def cluster(pem: Path) -> Iterator[Cluster]:
    with serving_cluster(pem) as running:
        yield running


@pytest.fixture
def eks(cluster: Cluster, pem: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    """EKS and STS, as far as finding ``cluster`` and oneself takes; credentials of the user ``me``."""
    described = {
        "name": "eks-clu",
        "status": "ACTIVE",
        "arn": f"arn:aws:eks:ap-northeast-1:{A}:cluster/eks-clu",
        "endpoint": f"https://127.0.0.1:{cluster.port}",
        "certificateAuthority": {"data": base64.b64encode(pem.read_bytes()).decode()},
    }
    caller = f"<Arn>{ME}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{A}</Account>"
    identity = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult>{caller}</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = self.path == "/clusters/eks-clu"
            text = identity if self.command == "POST" else json.dumps({"cluster": described} if known else {})
            self.send_response(200 if known or self.command == "POST" else 404)
            self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = reply  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "HTTPS_PROXY",
        "https_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EKS", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        yield cluster


def run(verb: str, *arguments: str) -> tuple[int, str, list[str]]:
    options = ("--cluster", "eks-clu", "--region", "ap-northeast-1")
    result = CliRunner().invoke(app, [verb, *options, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr.splitlines()


def test_map_create_on_a_cluster_without_aws_auth(eks: Cluster) -> None:
    code, out, err = run("create", "--arn", OPE, "--group", "operators", "--no-duplicate-arns")
    assert (code, out) == (0, "")
    assert err[-1] == f'sekisho: adding identity "{OPE}" to auth ConfigMap'
    assert [(verb, path) for verb, path, _, _ in eks.asked] == [("GET", PATH), ("POST", COLLECTION)]
    assert eks.asked[0][2]["Authorization"].startswith("Bearer k8s-aws-v1.")
    rows = [line.split() for line in run("get")[1].splitlines()]
    assert rows == [["ARN", "USERNAME", "GROUPS", "ACCOUNT"], [OPE, "operators"]]


def test_map_create_keeps_a_backup_named_after_the_cluster(eks: Cluster, tmp_path: Path) -> None:
    eks.aws_auth = config_map(mapUsers=MINE)
    assert run("create", "--arn", OPE, "--username", "ope")[0] == 0
    (backup,) = (tmp_path / "state/sekisho/backups").iterdir()
    assert backup.name.startswith(f"{A}-ap-northeast-1-eks-clu-aws-auth-2")
    assert yaml.safe_load(backup.read_text())["data"] == {"mapUsers": MINE}


def test_map_delete_does_not_lock_the_caller_out(eks: Cluster) -> None:
    eks.aws_auth = config_map(mapUsers=MINE)
    code, out, err = run("delete", "--arn", ME)
    assert (code, out) == (1, "")
    assert err[0] == f"sekisho: refused: {ME}, which is you, could no longer log in through aws-auth"
    assert [verb for verb, _, _, _ in eks.asked] == ["GET"]
    code, _, err = run("delete", "--arn", ME, "--force")
    assert (code, err[0].startswith("sekisho: forced: ")) == (0, True)
    assert eks.aws_auth["data"] == {"mapUsers": "[]\n"}


def test_map_create_is_made_again_after_a_conflict(eks: Cluster) -> None:
    eks.aws_auth = config_map(mapUsers=MINE)
    newer = config_map(mapUsers="[]\n")
    newer["metadata"]["resourceVersion"] = "6"
    eks.canned = [(200, json.dumps(newer).encode())]  # an old version is read first
    assert run("create", "--arn", OPE, "--username", "ope")[0] == 0
    assert [verb for verb, _, _, _ in eks.asked] == ["GET", "PUT", "GET", "PUT"]
    assert MINE in eks.aws_auth["data"]["mapUsers"]


def test_map_on_a_cluster_that_does_not_know_the_caller(eks: Cluster) -> None:
    eks.canned = [status(401, "Unauthorized", "Unauthorized")]
    code, out, err = run("get")
    assert (code, out) == (4, "")
    assert "does not accept these credentials" in err[-1]


def test_map_on_a_cluster_that_is_not_there(eks: Cluster) -> None:
    code, _, err = run("get", "--cluster", "other")
    assert (code, err[-1].startswith("sekisho: eks:DescribeCluster: ResourceNotFoundException")) == (4, True)
    assert eks.asked == []
