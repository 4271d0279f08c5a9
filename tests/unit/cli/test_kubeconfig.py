"""``sekisho kubeconfig`` from its options to the file, against an EKS on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from sekisho.cli.kubeconfig import kubeconfig

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command()(kubeconfig)

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/c"
ROLE = "arn:aws:iam::111122223333:role/dev"
CLUSTER = {
    "arn": ARN,
    "endpoint": "https://127.0.0.1:6443",
    "status": "ACTIVE",
    "certificateAuthority": {"data": "QUJD"},
}
MISSING = json.dumps({"message": "No cluster found for name: nope."})
SESSION = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-31T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


class FakeAws(HTTPServer):
    """EKS and STS on loopback; remembers who asked."""

    signers: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: FakeAws

    def do_GET(self) -> None:
        self.server.signers.append(
            self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        )
        if self.path == "/clusters/c":
            self._answer(200, json.dumps({"cluster": CLUSTER}))
        else:
            self._answer(404, MISSING, ("x-amzn-ErrorType", "ResourceNotFoundException"))

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"]))
        assert b"RoleSessionName=EKSDescribeClusterSession" in form
        self._answer(200, SESSION)

    def _answer(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(text)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    server = FakeAws(("127.0.0.1", 0), _Handler)
    server.signers = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "credentials").write_text("[dev]\naws_access_key_id=AKIDDEV\naws_secret_access_key=s\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def test_first_added_then_updated(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    assert run("--name", "c") == (0, f"Added new context {ARN} to {path}\n", "")
    before = path.read_text()
    assert run("--name", "c") == (0, f"Updated context {ARN} in {path}\n", "")
    assert path.read_text() == before


def test_the_file_of_the_environment_and_of_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/b")
    assert run("--name", "c")[1].endswith(f" to {tmp_path}/a\n")
    assert run("--name", "c", "--kubeconfig", f"{tmp_path}/o", "--alias", "x")[1] == (
        f"Added new context x to {tmp_path}/o\n"
    )


def test_roles_and_profiles_have_users_of_their_own(tmp_path: Path) -> None:
    for options in ([], ["--role-arn", ROLE], ["--profile", "dev"], ["--profile", "dev", "--role-arn", ROLE]):
        assert run("--name", "c", *options)[0] == 0
    content = yaml.safe_load((tmp_path / ".kube" / "config").read_text())
    names = [ARN, f"{ARN}@{ROLE}", f"{ARN}@dev", f"{ARN}@dev@{ROLE}"]
    assert [user["name"] for user in content["users"]] == names
    assert [context["name"] for context in content["contexts"]] == names
    assert [cluster["name"] for cluster in content["clusters"]] == [ARN]


def test_a_profile_of_the_environment_counts_as_named(monkeypatch: pytest.MonkeyPatch, aws: FakeAws) -> None:
    monkeypatch.setenv("AWS_PROFILE", "dev")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_PROFILE" in run("--name", "c", "--dry-run")[1]
    assert aws.signers == ["AKIDDEV"]


def test_dry_run_prints_and_writes_nothing(tmp_path: Path) -> None:
    code, out, _ = run("--name", "c", "--dry-run", "--exec", "sekisho")
    assert code == 0
    assert yaml.safe_load(out)["users"][0]["user"]["exec"]["command"] == "sekisho"
    assert not (tmp_path / ".kube").exists()


def test_verbose_shows_context_user_and_cluster() -> None:
    _, out, _ = run("--name", "c", "--verbose", "--user-alias", "u")
    _, _, shown = out.partition("Entries:\n\n")
    entries = [yaml.safe_load(part) for part in shown.split("\n\n") if part.strip()]
    assert [next(iter(entry)) for entry in entries] == ["context", "name", "cluster"]


def test_the_role_to_ask_as_leaves_no_trace(aws: FakeAws) -> None:
    code, out, _ = run("--name", "c", "--assume-role-arn", ROLE, "--dry-run")
    assert code == 0
    assert ROLE not in out
    assert aws.signers == ["ASIAROLE"]


BAD_NEWS = {
    "unknown cluster": (["--name", "nope"], 4, "ResourceNotFoundException: No cluster found for name: nope."),
    "bad role": (["--name", "c", "--role-arn", "dev"], 2, "--role-arn: "),
    "bad proxy": (["--name", "c", "--proxy-url", "x"], 2, "--proxy-url: "),
    "unknown profile": (["--name", "c", "--profile", "x"], 2, "--profile: "),
    "a device": (["--name", "c", "--kubeconfig", "/dev/null"], 4, "not a regular file"),
}


@pytest.mark.parametrize(("arguments", "code", "text"), BAD_NEWS.values(), ids=BAD_NEWS.keys())
def test_bad_news(arguments: list[str], code: int, text: str, tmp_path: Path) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert text in err
    assert err.count("\n") == 1
    assert not (tmp_path / ".kube").exists()


def test_a_malformed_file_is_named_with_its_line_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text("kind: Config\nusers: none\n")
    code, out, err = run("--name", "c", "--kubeconfig", str(path))
    assert (code, out) == (2, "")
    assert err == f"sekisho: {path}:2 at /users: expected `users` to be a list, found text\n"
    assert path.read_text() == "kind: Config\nusers: none\n"
