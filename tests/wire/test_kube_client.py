"""The Kubernetes client, and aws-auth through it, against HTTPS on loopback."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.client import MAX_ANSWER_BYTES, KubeClient, KubeConflict
from sekisho.connect.kube.cluster_aws_auth import PATH, load_from_cluster
from sekisho.connect.kube.stored import Outrun
from sekisho.connect.kube.trust import trust_of_data, trust_of_file
from sekisho.decide.values import Secret, SekishoInputError
from wire.kube_cluster import (
    MINE,
    TOKEN,
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


def client(cluster: Cluster, pem: Path, timeout_seconds: float = 5, **environ: str) -> KubeClient:
    server = f"https://127.0.0.1:{cluster.port}"
    return KubeClient(server, trust_of_file(pem), Secret(TOKEN), environ, timeout_seconds)


def test_what_is_asked_and_answered(cluster: Cluster, pem: Path) -> None:
    cluster.aws_auth = config_map(mapUsers=MINE)
    assert client(cluster, pem).read(PATH) == cluster.aws_auth
    verb, path, headers, _ = cluster.asked[0]
    assert (verb, path) == ("GET", "/api/v1/namespaces/kube-system/configmaps/aws-auth")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"


def test_the_authority_of_describe_cluster_is_base64_of_pem(cluster: Cluster, pem: Path) -> None:
    trust = trust_of_data(base64.b64encode(pem.read_bytes()).decode())
    found = KubeClient(f"https://127.0.0.1:{cluster.port}/", trust, Secret(TOKEN), {}).read(PATH)
    assert found is None


def test_a_write_carries_what_was_read(cluster: Cluster, pem: Path) -> None:
    cluster.aws_auth = config_map(mapUsers=MINE)
    stored = load_from_cluster(client(cluster, pem))
    stored.write({"mapUsers": "[]\n"})
    _, _, headers, body = cluster.asked[-1]
    assert json.loads(body) == config_map(mapUsers="[]\n")
    assert headers["Content-Type"] == "application/json"


def test_a_backup_is_what_kubectl_replace_takes(cluster: Cluster, pem: Path) -> None:
    cluster.aws_auth = config_map(mapUsers=MINE)
    backup = load_from_cluster(client(cluster, pem)).backup
    kept = {"name": "aws-auth", "namespace": "kube-system", "labels": {"a": "b"}}
    assert yaml.safe_load(backup) == {**config_map(mapUsers=MINE), "metadata": kept}
    assert "mapUsers: |\n" in backup


def test_a_config_map_is_made_where_there_is_none(cluster: Cluster, pem: Path) -> None:
    stored = load_from_cluster(client(cluster, pem))
    assert (stored.data, stored.backup) == ({}, "")
    stored.write({"mapUsers": MINE})
    assert cluster.aws_auth is not None
    assert cluster.aws_auth["data"] == {"mapUsers": MINE}
    with pytest.raises(Outrun):
        stored.write({"mapUsers": ""})


def test_a_newer_version_is_not_overwritten(cluster: Cluster, pem: Path) -> None:
    cluster.aws_auth = config_map(mapUsers=MINE)
    stored = load_from_cluster(client(cluster, pem))
    cluster.aws_auth["metadata"]["resourceVersion"] = "8"
    with pytest.raises(Outrun):
        stored.write({"mapUsers": ""})
    assert cluster.aws_auth["data"] == {"mapUsers": MINE}


def test_a_config_map_without_data_maps_nobody(cluster: Cluster, pem: Path) -> None:
    cluster.aws_auth = config_map()
    del cluster.aws_auth["data"]
    assert load_from_cluster(client(cluster, pem)).data == {}


SENTENCE = 'configmaps "aws-auth" is forbidden: User "ana" cannot get resource "configmaps"'
FAILURES: dict[str, tuple[tuple[int, bytes], str, bool]] = {
    "not accepted": (
        status(401, "Unauthorized", "Unauthorized"),
        "does not accept these credentials",
        False,
    ),
    "forbidden": (status(403, "Forbidden", SENTENCE), SENTENCE, False),
    "invalid": (status(422, "Invalid", "data: field is immutable"), "field is immutable", False),
    "too many": (status(429, "TooManyRequests", "slow down"), "slow down", True),
    "a page of something in between": ((503, b"<html>"), "HTTP 503, without a reason", True),
    "a missing page is no missing object": ((404, b"<html>"), "HTTP 404, without a reason", False),
    "a redirect": ((302, b""), "redirect (HTTP 302), not followed", False),
    "not JSON": ((200, b"<html>"), "unusable: not JSON", False),
    "a member twice": ((200, b'{"a":1,"a":2}'), "occurs twice", False),
    "not an object": ((200, b"[]"), "not an object", False),
    "too large": ((200, b" " * (MAX_ANSWER_BYTES + 1)), "larger than", False),
}


@pytest.mark.parametrize(("canned", "said", "can_retry"), FAILURES.values(), ids=FAILURES.keys())
def test_failures(cluster: Cluster, pem: Path, canned: tuple[int, bytes], said: str, can_retry: bool) -> None:
    cluster.canned = [canned]
    with pytest.raises(EnvironmentFailure) as caught:
        client(cluster, pem).read(PATH)
    assert said in caught.value.message
    assert caught.value.can_retry is can_retry
    assert TOKEN not in str(caught.value)
    assert len(cluster.asked) == 1


OTHER_ANSWERS = {
    "another kind": {"kind": "Secret", "metadata": {"resourceVersion": "1"}},
    "no version": {"kind": "ConfigMap", "metadata": {}},
    "an empty version": {"kind": "ConfigMap", "metadata": {"resourceVersion": ""}},
    "data that is no text": {"kind": "ConfigMap", "metadata": {"resourceVersion": "1"}, "data": {"a": 1}},
    "data that is a list": {"kind": "ConfigMap", "metadata": {"resourceVersion": "1"}, "data": [1]},
}


@pytest.mark.parametrize("answer", OTHER_ANSWERS.values(), ids=OTHER_ANSWERS.keys())
def test_what_is_no_config_map(cluster: Cluster, pem: Path, answer: dict[str, Any]) -> None:
    cluster.canned = [(200, json.dumps(answer).encode())]
    with pytest.raises(EnvironmentFailure, match="not a ConfigMap"):
        load_from_cluster(client(cluster, pem))


def test_a_conflict_is_told_apart(cluster: Cluster, pem: Path) -> None:
    cluster.canned = [status(409, "Conflict", "the object has been modified")]
    with pytest.raises(KubeConflict, match="has been modified"):
        client(cluster, pem).replace(PATH, {})


def test_silence_ends(cluster: Cluster, pem: Path) -> None:
    cluster.canned = [(0, b"")]
    with pytest.raises(EnvironmentFailure, match=r"no answer within 0\.2 s") as caught:
        client(cluster, pem, 0.2).read(PATH)
    assert caught.value.can_retry


def test_an_authority_that_is_not_trusted(cluster: Cluster) -> None:
    untrusting = KubeClient(f"https://127.0.0.1:{cluster.port}", trust_of_data(""), Secret(TOKEN), {})
    with pytest.raises(EnvironmentFailure, match="not trusted") as caught:
        untrusting.read(PATH)
    assert not caught.value.can_retry
    assert cluster.asked == []


def test_a_name_that_the_certificate_does_not_have(cluster: Cluster, pem: Path) -> None:
    other = KubeClient(f"https://localhost:{cluster.port}", trust_of_file(pem), Secret(TOKEN), {})
    with pytest.raises(EnvironmentFailure, match="not trusted"):
        other.read(PATH)
    assert cluster.asked == []


def test_nobody_there(pem: Path) -> None:
    with socket.socket() as closed:  # bound and not listening
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(EnvironmentFailure, match="no connection") as caught:
            client(Cluster(port=closed.getsockname()[1]), pem).read(PATH)
    assert caught.value.can_retry


UNUSABLE = ("http://127.0.0.1", "127.0.0.1:443", "https://", "https://u:p@h", "https://h:x", "https://h?q")


@pytest.mark.parametrize("server", UNUSABLE)
def test_a_token_goes_over_https_only(server: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        KubeClient(server, ssl.create_default_context(), Secret(TOKEN), {})
    assert caught.value.faults[0].code == "kube.server-url"


def test_authorities_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff")
    for data in (
        "?",
        "Cg==",
        base64.b64encode(b"no certificate").decode(),
        base64.b64encode(b"\xff").decode(),
    ):
        with pytest.raises(EnvironmentFailure):
            trust_of_data(data)
    for name in ("missing", "empty", "binary"):
        with pytest.raises(EnvironmentFailure):
            trust_of_file(tmp_path / name)


@contextmanager
def proxy(target: int, code: int = 200) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A CONNECT proxy that leads to the port ``target`` whatever it is asked for."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
            self.send_response(code)
            self.end_headers()
            self.close_connection = True
            if code == 200:
                with socket.create_connection(("127.0.0.1", target)) as there:
                    back = threading.Thread(target=pump, args=(there, self.connection))
                    back.start()
                    pump(self.connection, there)
                    back.join()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, asked


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_a_proxy_is_asked_to_connect_and_sees_no_token(cluster: Cluster, pem: Path) -> None:
    with proxy(cluster.port) as (port, asked):
        environ = {"HTTPS_PROXY": f"http://ana:pw@127.0.0.1:{port}"}
        trust = trust_of_file(pem)
        trust.check_hostname = False  # the name exists in this test only
        remote = KubeClient("https://k.example:6443", trust, Secret(TOKEN), environ)
        assert remote.read(PATH) is None
    assert asked == [("k.example:6443", "Basic YW5hOnB3")]
    assert cluster.asked[0][2]["Authorization"] == f"Bearer {TOKEN}"
    assert "Proxy-Authorization" not in cluster.asked[0][2]


def test_a_proxy_that_refuses(cluster: Cluster, pem: Path) -> None:
    with proxy(cluster.port, 403) as (port, _):
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        remote = KubeClient("https://k.example", trust_of_file(pem), Secret(TOKEN), environ)
        with pytest.raises(EnvironmentFailure, match="403"):
            remote.read(PATH)
    assert cluster.asked == []


def test_loopback_is_never_proxied(cluster: Cluster, pem: Path) -> None:
    assert client(cluster, pem, HTTPS_PROXY="http://127.0.0.1:1").read(PATH) is None
