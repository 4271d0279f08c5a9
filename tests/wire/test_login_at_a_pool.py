"""``sekisho login`` as a process against a user pool of the lab, its login page walked through over HTTP."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import profile
from support.user_pools import OAUTH, PASSWORD, Pool, new_pool, part

BROWSER = Path(__file__).parents[1] / "support" / "login_browser.py"
PORTS = (18311, 18312, 18313)
SECONDS = 60.0


@dataclass
class Desk:
    """A person at a shell of the lab: accounts in ``folder``, a browser that signs in as ``user``."""

    lab: RunningLab
    pool: Pool
    client: str
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "browser.log"

    @property
    def opened(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def page(self) -> str:
        return Path(f"{self.log}.page").read_text()

    def words(self, *more: str, user: str = "k@example.com", password: str = PASSWORD) -> list[str]:
        browser = [sys.executable, str(BROWSER), str(self.log), user, password]
        return [
            *(sys.executable, "-m", "sekisho", "login", "--issuer", self.pool.issuer),
            *("--client-id", self.client, "--scope", "email", "--redirect-path", "/callback"),
            *("--listen", ",".join(map(str, PORTS)), "--browser", shlex.join(browser), *more),
        ]

    def environment(self, *, kubectl: bool = False) -> dict[str, str]:
        info = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "spec": {}}
        more = {"KUBERNETES_EXEC_INFO": json.dumps(info)} if kubectl else {}
        return self.lab.environment(SEKISHO_LOGIN_DIR=str(self.folder / "accounts"), **more)

    def login(
        self, *more: str, kubectl: bool = False, user: str = "k@example.com", password: str = PASSWORD
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.words(*more, user=user, password=password),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=self.environment(kubectl=kubectl),
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningLab, Pool, str]]:
    with running_lab(tmp_path_factory.mktemp("login") / "state") as lab:
        pool = new_pool(profile(lab, "default"), "People")
        pool.ask("create_user_pool_domain", Domain="people-1")
        back = [f"http://localhost:{port}/callback" for port in PORTS]
        client = pool.new_client(**{**OAUTH, "CallbackURLs": back})["ClientId"]
        pool.new_user("k@example.com", name="Kase")
        pool.new_user("m@example.com", name="Mira")
        yield lab, pool, client


@pytest.fixture
def desk(lab: tuple[RunningLab, Pool, str], tmp_path: Path) -> Desk:
    return Desk(*lab, tmp_path)


def test_a_browser_signs_in_once_and_what_is_kept_answers_after_that(desk: Desk) -> None:
    done = desk.login(kubectl=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["apiVersion"] == "client.authentication.k8s.io/v1"
    claims = part(answer["status"]["token"], 1)
    assert (claims["email"], claims["aud"], claims["iss"]) == ("k@example.com", desk.client, desk.pool.issuer)
    (url,) = desk.opened
    assert url.startswith(desk.lab.status["loginPages"] + "/oauth2/authorize?")
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert claims["nonce"] == asked["nonce"][0]
    assert "You are signed in" in desk.page
    again = desk.login(kubectl=True)
    assert (again.stdout, desk.opened) == (done.stdout, [url])
    told = desk.login()
    assert told.returncode == 0
    assert "as k@example.com (account default)" in told.stdout
    for text in (done.stderr, told.stdout, told.stderr):
        assert answer["status"]["token"] not in text
