"""``sekisho token`` from its options to its exit code."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from sekisho.cli.token import token

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command()(token)

WARM = """
import sys
from sekisho.cli.token import token
token(cluster_name="c")
sys.stderr.write(",".join(name for name in sys.modules if name.split(".")[0] in {"botocore", "rich", "yaml"}))
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "KUBERNETES_EXEC_INFO",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("SEKISHO_TOKEN_CACHE", str(tmp_path / "cache"))


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def test_answer_for_kubectl() -> None:
    code, out, err = run("--cluster-name", "c")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert list(answer) == ["kind", "apiVersion", "spec", "status"]
    assert answer["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert list(answer["status"]) == ["expirationTimestamp", "token"]
    body = answer["status"]["token"].removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert url.startswith("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&")


def test_a_second_call_gives_the_same_token_and_no_cache_another(tmp_path: Path) -> None:
    first = run("--cluster-name", "c", "-o", "text")
    assert run("--cluster-id", "c", "--output", "text") == first
    for entry in (tmp_path / "cache").glob("*.json"):
        entry.write_text(entry.read_text().replace("k8s-aws-v1.", "k8s-aws-v1.kept"))
    assert run("--cluster-name", "c", "-o", "text")[1].startswith("k8s-aws-v1.kept")
    assert not run("--cluster-name", "c", "-o", "text", "--no-cache")[1].startswith("k8s-aws-v1.kept")


def test_no_cache_keeps_nothing(tmp_path: Path) -> None:
    assert run("--cluster-name", "c", "--no-cache")[0] == 0
    assert not (tmp_path / "cache").exists()


def test_yaml_says_the_same_as_json() -> None:
    assert yaml.safe_load(run("--cluster-name", "c", "-o", "yaml")[1]) == json.loads(
        run("--cluster-name", "c", "-o", "json")[1]
    )


def test_the_asked_version_is_not_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    run("--cluster-name", "c")
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", '{"apiVersion":"client.authentication.k8s.io/v1"}')
    assert json.loads(run("--cluster-name", "c")[1])["apiVersion"] == "client.authentication.k8s.io/v1"


def test_exec_info_that_is_a_list_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "[]")
    code, out, err = run("--cluster-name", "c")
    assert (code, err.count("\n")) == (0, 1)
    assert json.loads(out)["apiVersion"] == "client.authentication.k8s.io/v1beta1"


EXITS: dict[str, tuple[list[str], dict[str, str], int, str]] = {
    "no cluster": ([], {}, 2, "sekisho: --cluster-name: expected --cluster-name or --cluster-id\n"),
    "two clusters": (["--cluster-name", "a", "--cluster-id", "b"], {}, 2, "exclude each other"),
    "unknown profile": (["--cluster-name", "a", "--profile", "x"], {}, 2, "--profile: "),
    "no credentials": (
        ["--cluster-name", "a"],
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        4,
        "no AWS credentials found",
    ),
    "nobody there to assume a role": (
        ["--cluster-name", "a", "--role", "arn:aws:iam::111122223333:role/dev"],
        {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
        4,
        "trying again may help\n",
    ),
}


@pytest.mark.parametrize(("arguments", "variables", "code", "text"), EXITS.values(), ids=EXITS.keys())
def test_bad_news(
    arguments: list[str], variables: dict[str, str], code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert text in err
    assert err.count("\n") == 1


def test_a_spoilt_cache_costs_a_note(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o755)
    code, out, err = run("--cluster-name", "c")
    assert code == 0
    assert json.loads(out)["kind"] == "ExecCredential"
    assert err.startswith("sekisho: token cache not used: ")


def test_a_cached_answer_loads_no_heavy_library() -> None:
    cold = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
    warm = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
    assert "botocore" in cold.stderr
    assert warm.stderr == ""
    assert warm.stdout == cold.stdout
