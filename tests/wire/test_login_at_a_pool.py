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
from support.checkpoint import waited
from support.user_pools import LOGOUT, OAUTH, PASSWORD, Pool, fetch, new_pool, part

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
        asked = {"KUBERNETES_EXEC_INFO": json.dumps(info)} if kubectl else {}
        return {**self.lab.environment(SEKISHO_LOGIN_DIR=str(self.folder / "accounts")), **asked}

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

    def login_accounts(self, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run the command without an issuer."""
        return subprocess.run(
            [sys.executable, "-m", "sekisho", "login", *more],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=self.environment(),
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


def test_a_wrong_password_stays_on_the_page_and_the_terminal_waits(desk: Desk) -> None:
    done = desk.login("--timeout", "1", password="Wrong-Passw0rd")
    assert done.returncode == 4, done.stderr
    assert "nobody signed in within 1 s; trying again may help" in done.stderr
    waited(lambda: Path(f"{desk.log}.page").exists() or None)
    assert "Incorrect username or password." in desk.page


def test_two_people_have_accounts_of_their_own_and_sign_out_one_by_one(desk: Desk) -> None:
    assert desk.login().returncode == 0
    second = desk.login("--account", "m@example.com", user="m@example.com")
    assert "as m@example.com (account m@example.com)" in second.stdout, second.stderr
    shown = desk.login_accounts("--show")
    assert [line for line in shown.stdout.splitlines() if not line.startswith(" ")] == [
        "default: k@example.com",
        "m@example.com: m@example.com",
    ]
    assert "claim    email = m@example.com" in shown.stdout
    listed = json.loads(desk.login_accounts("--show", "-o", "json", "--account", "default").stdout)
    assert [(one["who"], one["isRenewed"]) for one in listed] == [("k@example.com", True)]
    kept = json.loads(next(iter((desk.folder / "accounts").glob("*.json"))).read_text())
    for secret in (kept["idToken"], kept["refreshToken"]):
        assert secret not in shown.stdout
        assert secret not in json.dumps(listed)
    out = desk.login("--logout")
    assert (out.returncode, out.stdout) == (0, f"signed out: account default at {desk.pool.issuer}\n")
    assert "the refresh token is revoked" in out.stderr
    assert desk.login_accounts("--show", "--account", "default").returncode == 1
    assert desk.login_accounts("--show", "--account", "m@example.com").returncode == 0
    again = desk.login("--logout")
    assert again.returncode == 1
    assert "nobody is signed in" in again.stderr


def test_the_browser_is_signed_out_even_if_nobody_is_here(desk: Desk) -> None:
    done = desk.login("--logout", "--end-session", "--logout-uri", LOGOUT, "--no-browser")
    assert done.returncode == 1, done.stderr
    url = done.stderr.splitlines()[1]
    assert url.startswith(desk.lab.status["loginPages"] + "/logout?")
    got = fetch(desk.lab, url)
    assert (got.status, got.header("location")) == (302, LOGOUT)


def test_what_a_pool_does_not_offer_is_said(desk: Desk) -> None:
    password = subprocess.run(
        desk.words("--password", "-", "--username", "k@example.com"),
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=False,
        env=desk.environment(),
    )
    assert password.returncode == 2
    assert "offers no `password` grant" in password.stderr
    assert PASSWORD not in password.stderr


def test_the_clock_of_the_lab_ends_tokens_and_they_are_renewed(desk: Desk) -> None:
    first = json.loads(desk.login(kubectl=True).stdout)["status"]["token"]
    desk.lab.client.post("/clock", {"seconds": 3600})
    try:
        assert "token    ended at" in desk.login_accounts("--show").stdout
        renewed = desk.login(kubectl=True)
        assert renewed.returncode == 0, renewed.stderr
        second = json.loads(renewed.stdout)["status"]["token"]
        assert part(second, 1)["exp"] >= part(first, 1)["exp"] + 3600
        assert part(second, 1)["origin_jti"] == part(first, 1)["origin_jti"]
        assert len(desk.opened) == 1
    finally:
        desk.lab.client.post("/clock", {"reset": True})
