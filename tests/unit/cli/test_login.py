"""``sekisho login`` and ``sekisho kubeconfig --oidc`` from their options to exit code, without an issuer."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from sekisho.cli.kubeconfig import kubeconfig
from sekisho.cli.login import login
from sekisho.cli.quick import plain_arguments
from sekisho.connect.login.login_request import parse_login_request

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command()(login)
config = typer.Typer(add_completion=False, rich_markup_mode=None)
config.command()(kubeconfig)

ISSUER = "https://issuer.example.com"
WORDS = ("--issuer", ISSUER, "--client-id", "kube")
HEAVY = ("aiohttp", "asyncio", "botocore", "joserfc", "cryptography", "rich")
WARM = f"""
import sys
from sekisho.cli.main import main
main(sys.argv[1:])
sys.stderr.write(",".join(name for name in sys.modules if name in {HEAVY!r}))
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBERNETES_EXEC_INFO", "SEKISHO_STATE_DIR", "HTTPS_PROXY", "https_proxy", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SEKISHO_LOGIN_DIR", str(tmp_path / "accounts"))


def run(*arguments: str, of: typer.Typer = app) -> tuple[int, str, str]:
    result = CliRunner().invoke(of, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def kept(folder: Path, seconds: int = 3600) -> str:
    """Keep an account and return its token."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"iss": ISSUER, "sub": "u-1", "email": "k@example.com", "exp": int(time.time()) + seconds}
    token = f"{part({'alg': 'RS256'})}.{part(claims)}.AA"
    folder.mkdir(mode=0o700)
    request = parse_login_request(issuer=ISSUER, client_id="kube")
    file = folder / f"{request.key}.json"
    file.touch(mode=0o600)
    told = {"issuer": ISSUER, "clientId": "kube", "account": "default", "scopes": ["openid"], "nonce": ""}
    file.write_text(json.dumps({**told, "idToken": token, "refreshToken": "r-secret"}))
    return token


def test_what_is_kept_answers_in_the_form_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = kept(tmp_path / "accounts")
    code, out, err = run(*WORDS)
    assert (code, err) == (0, "")
    assert out.startswith(f"signed in at {ISSUER} as k@example.com (account default); the token ends at ")
    assert run(*WORDS, "-o", "token")[1] == token + "\n"
    assert json.loads(run(*WORDS, "-o", "json")[1])["apiVersion"].endswith("/v1beta1")
    for version in ("v1", "v1beta1"):
        info = {"apiVersion": f"client.authentication.k8s.io/{version}"}
        monkeypatch.setenv("KUBERNETES_EXEC_INFO", json.dumps(info))
        answer = json.loads(run(*WORDS)[1])
        assert answer["apiVersion"] == info["apiVersion"]
        assert answer["status"]["token"] == token


def test_a_kept_token_costs_no_library(tmp_path: Path) -> None:
    token = kept(tmp_path / "accounts")
    done = subprocess.run(
        [sys.executable, "-c", WARM, "login", *WORDS, "-o", "token"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (token + "\n", "")


def test_kubectls_arguments_are_plain() -> None:
    assert plain_arguments(login, [*WORDS, "--scope", "email groups", "--listen=8000,0", "--no-browser"]) == {
        "issuer": ISSUER,
        "client_id": "kube",
        "scope": "email groups",
        "listen": "8000,0",
        "no_browser": True,
    }


BAD_NEWS = {
    "no issuer": ([], 2, "--issuer: expected; `sekisho login --help`"),
    "no client": (["--issuer", ISSUER], 2, "--client-id: expected; `sekisho login --help`"),
    "two ways": ([*WORDS, "--device", "--password", "-"], 2, "--password: cannot go with --device"),
    "show and logout": (["--show", "--logout"], 2, "--logout: cannot go with --show"),
    "an end without a beginning": ([*WORDS, "--end-session"], 2, "only meaningful with --logout"),
    "a password without a name": ([*WORDS, "--password", "-"], 2, "--username: expected it"),
    "a secret that is not there": ([*WORDS, "--client-secret-file", "nope"], 2, "`nope`: no such file"),
    "an open line": (["--issuer", "http://i.example.com", "--client-id", "k"], 2, "--issuer: expected an"),
    "nobody": (["--show"], 1, "nobody is signed in"),
    "nobody to sign out": ([*WORDS, "--logout"], 1, "nobody is signed in at"),
    "no keyring": ([*WORDS, "--keyring"], 4, "the library `keyring` is not installed here"),
}


@pytest.mark.parametrize(("arguments", "code", "text"), BAD_NEWS.values(), ids=BAD_NEWS.keys())
def test_bad_news(
    arguments: list[str], code: int, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.chdir(tmp_path)
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert text in err
    assert err.count("\n") == 1


def test_an_authorization_endpoint_over_an_open_line_is_refused() -> None:
    from sekisho.cli.login_in_lab import login_page_place

    discovered = "https://people.auth.eu-west-1.amazoncognito.com/oauth2/authorize"
    assert login_page_place(None, {})(discovered) == discovered
    assert login_page_place(None, {"SEKISHO_STATE_DIR": "/nonexistent"})(discovered) == discovered
    assert login_page_place("http://localhost:1/a", {})(discovered) == "http://localhost:1/a"
    with pytest.raises(ValueError, match="expected an https address, or one of this machine"):
        login_page_place("http://example.com/a", {})


def test_show_has_no_secret(tmp_path: Path) -> None:
    token = kept(tmp_path / "accounts", -10)
    text, listed = run("--show")[1], run("--show", "-o", "json")[1]
    for secret in (token, "r-secret"):
        assert secret not in text + listed
    assert "ended at" in text
    assert "claim    sub = u-1" in text
    (one,) = json.loads(listed)
    assert (one["account"], one["isExpired"], one["isRenewed"]) == ("default", True, True)
    assert run("--show", "--issuer", "https://other.example.com")[0] == 1


# --- sekisho kubeconfig --oidc


CLUSTERS = """# mine
apiVersion: v1
kind: Config
clusters:
- name: prod  # the one
  cluster: {server: "https://prod.example.com"}
users: []
contexts: []
current-context: ""
"""


def test_an_entry_for_a_cluster_that_is_there(tmp_path: Path) -> None:
    path, authority = tmp_path / "config", tmp_path / "ca.pem"
    path.write_text(CLUSTERS)
    authority.write_text("x")
    words = ("--oidc", "--kubeconfig", str(path), "--cluster", "prod", *WORDS)
    assert run(*words, of=config) == (0, f"Updated context prod@oidc in {path}\n", "")
    more = ("--scope", "email", "--account", "k@example.com", "--certificate-authority", str(authority))
    assert run(*words, *more, of=config)[1] == f"Updated context prod@oidc@k@example.com in {path}\n"
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "# the one" in text
    content = yaml.safe_load(text)
    assert content["current-context"] == "prod@oidc@k@example.com"
    first, second = (user["user"]["exec"] for user in content["users"])
    assert first == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "args": ["login", *WORDS],
        "command": "sekisho",
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    assert second["args"][-6:] == [
        *("--scope", "email", "--certificate-authority", str(authority), "--account", "k@example.com")
    ]
    assert plain_arguments(login, second["args"][1:]) is not None


REFUSED = {
    "options of a sign-in for IAM": (["--name", "c", "--issuer", ISSUER], "--issuer: only meaningful with"),
    "a role": (["--oidc", "--name", "c", *WORDS, "--role-arn", "x"], "--role-arn: cannot go with --oidc"),
    "no issuer": (["--oidc", "--name", "c"], "--issuer: expected it with --oidc"),
    "no client": (["--oidc", "--name", "c", "--issuer", ISSUER], "--client-id: expected it with --oidc"),
    "two clusters": (["--oidc", "--name", "c", "--cluster", "c", *WORDS], "--cluster: cannot go with --name"),
    "no cluster": (["--oidc", *WORDS], "--name: expected the name"),
    "no cluster at all": ([], "--name: expected the name"),
    "a cluster of the file for IAM": (["--cluster", "prod"], "--cluster: only meaningful with --oidc"),
    "a cluster that is not there": (["--oidc", "--cluster", "x", *WORDS], "there is no cluster `x` in it"),
    "a port in words": (["--oidc", "--cluster", "x", *WORDS, "--listen", "x"], "--listen: expected ports"),
    "a file that is not there": (
        ["--oidc", "--cluster", "x", *WORDS, "--client-secret-file", "nope"],
        "--client-secret-file: `nope`: no such file",
    ),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_kubeconfigs_that_are_refused_stay_as_they_were(
    arguments: list[str], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_text(CLUSTERS)
    code, out, err = run(*arguments, "--kubeconfig", str(path), of=config)
    assert (code, out) == (2, "")
    assert text in err
    assert path.read_text() == CLUSTERS
