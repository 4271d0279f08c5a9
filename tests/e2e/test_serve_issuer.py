"""`sekisho serve issuer` beside a real kube-apiserver: the same keys, in files, over TLS, as they change."""

import json
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sekisho.lab.net.authority import Authority, create_authority
from support.checkpoint import waited
from support.kube_apiserver import ApiServerProcess, running_apiserver

URL = "https://oidc.example.com/prod"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServerProcess]:
    with running_apiserver(tmp_path_factory.mktemp("api")) as running:
        yield running


def sekisho(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "sekisho", "serve", "issuer", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_documents_of_files_are_those_of_a_real_api_server(api: ApiServerProcess, tmp_path: Path) -> None:
    done = sekisho("--issuer", URL, "--public-key", api.folder / "sa.pub", "--write", tmp_path)
    assert done.returncode == 0, done.stderr
    status, theirs = api.ask("GET", "/openid/v1/jwks")
    assert status == 200
    assert _sorted(json.loads((tmp_path / "keys.json").read_text())) == _sorted(theirs)
    described = json.loads((tmp_path / ".well-known/openid-configuration").read_text())
    _, own = api.ask("GET", "/.well-known/openid-configuration")
    shared = ("response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported")
    assert {name: described[name] for name in shared} == {name: own[name] for name in shared}


def test_the_keys_of_a_cluster_are_asked_for(api: ApiServerProcess, tmp_path: Path) -> None:
    done = sekisho("--issuer", URL, "--kubeconfig", api.kubeconfig(), "--write", tmp_path, "-o", "json")
    assert done.returncode == 0, done.stderr
    (key,) = json.loads(done.stdout)["keys"]
    (theirs,) = api.ask("GET", "/openid/v1/jwks")[1]["keys"]
    assert key["kid"] == theirs["kid"]
    assert _sorted(json.loads((tmp_path / "keys.json").read_text())) == _sorted({"keys": [theirs]})


def test_a_token_of_the_cluster_names_a_published_key(api: ApiServerProcess, tmp_path: Path) -> None:
    account = {"metadata": {"name": "app", "namespace": "default"}}
    api.create("/api/v1/namespaces/default/serviceaccounts", account)
    path = "/api/v1/namespaces/default/serviceaccounts/app/token"
    status, told = api.ask("POST", path, {"spec": {"audiences": ["sts.amazonaws.com"]}})
    assert status == 201, told
    from joserfc import jws

    head = jws.extract_compact(told["status"]["token"].encode()).protected
    done = sekisho("--issuer", URL, "--public-key", api.folder / "sa.pub", "--write", tmp_path)
    assert done.returncode == 0
    (key,) = json.loads((tmp_path / "keys.json").read_text())["keys"]
    assert (head["kid"], head["alg"]) == (key["kid"], key["alg"])


def test_the_plan_says_when_a_new_key_may_sign(tmp_path: Path) -> None:
    old, new = _key(tmp_path, "old"), _key(tmp_path, "new")
    bucket = tmp_path / "bucket"
    assert sekisho("--issuer", URL, "--public-key", old, "--write", bucket).returncode == 0
    done = sekisho("--issuer", URL, "--public-key", old, "--public-key", new, "--write", bucket, "--plan")
    assert done.stdout.count("must not sign yet until") == 2
    assert "6. take the old key from the API servers" in done.stdout
    done = sekisho("--issuer", URL, "--public-key", new, "--write", bucket, "--max-age", "0")
    assert "its last tokens end until" in done.stdout
    assert "may sign" in done.stdout
    assert len(json.loads((bucket / "keys.json").read_text())["keys"]) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--issuer", "http://a", "--public-key", "k", "--write", "w"), "expected an https URL"),
        (("--issuer", URL, "--public-key", "no-such-file", "--write", "w"), "no-such-file"),
        (("--issuer", URL, "--write", "w"), "needs --public-key or --kubeconfig"),
        (("--issuer", URL, "--public-key", "k"), "--tls-cert-file and --tls-private-key-file are needed"),
    ],
)
def test_bad_flags_are_told_in_a_sentence(words: tuple[str, ...], told: str) -> None:
    done = sekisho(*words)
    assert done.returncode in (2, 4)
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_served_documents_follow_the_files(tmp_path: Path) -> None:
    authority = create_authority(datetime.now(UTC))
    made = Authority(authority).files("issuer", names=("localhost",))
    (tmp_path / "ca.pem").write_text(authority.certificate)
    (tmp_path / "tls.crt").write_text(made.certificate)
    (tmp_path / "tls.key").write_text(made.key.reveal())
    keys = _key(tmp_path, "served")
    words = ["--issuer", URL, "--public-key", keys, "--port", "0", "--health-port", "0"]
    words += ["--tls-cert-file", tmp_path / "tls.crt", "--tls-private-key-file", tmp_path / "tls.key"]
    words += ["--state-dir", tmp_path / "state"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sekisho", "serve", "issuer", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        port = waited(lambda: _port(tmp_path / "log"))
        page = f"https://localhost:{port}/prod/keys.json"
        first = waited(lambda: _page(page, trust))
        assert len(first["keys"]) == 1
        assert (
            _page(f"https://localhost:{port}/prod/.well-known/openid-configuration", trust)["issuer"] == URL
        )
        for path in ("keys.json", "healthz", "readyz", "metrics"):
            assert _page(f"https://localhost:{port}/{path}", trust) is None
        keys.write_text(_key(tmp_path, "next").read_text())
        both = waited(lambda: (found := _page(page, trust)) and (found if len(found["keys"]) == 2 else None))
        assert both["keys"][1] == first["keys"][0]
        keys.write_text("broken")
        waited(lambda: "expected public keys" in (tmp_path / "log").read_text() or None)
        assert _page(page, trust) == both
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _key(folder: Path, name: str) -> Path:
    key = rsa.generate_private_key(65537, 2048).public_key()
    path = folder / f"{name}.pub"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(key.public_bytes(serialization.Encoding.PEM, form))
    return path


def _sorted(document: Any) -> list[list[tuple[str, str]]]:
    return sorted(sorted(key.items()) for key in document["keys"])


def _port(log: Path) -> int | None:
    for line in log.read_text().splitlines():
        if line.startswith("{") and json.loads(line)["msg"] == "serving":
            return int(json.loads(line)["port"])
    return None


def _page(url: str, trust: ssl.SSLContext) -> Any:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    try:
        with opener.open(url, timeout=30) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError:
        return None
