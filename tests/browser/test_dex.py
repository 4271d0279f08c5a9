"""An issuer that is not ours: a real Dex, its login page in a real browser, our authenticator after it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e.e2e_clients import client
from support.browser_page import Page
from support.checkpoint import ServedCheckpoint, served
from support.dex import CLIENT, EMAIL, PASSWORD, Dex, dex
from support.login_terminal import login
from support.user_pools import part

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dex]:
    """Return a running Dex."""
    with dex(client("dex"), tmp_path_factory.mktemp("dex")) as found:
        yield found


@pytest.fixture(scope="module")
def authenticator(issuer: Dex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCheckpoint]:
    """Return our authenticator, which is told to trust that Dex."""
    folder = tmp_path_factory.mktemp("authenticator")
    trusted = {"url": issuer.issuer, "audiences": [CLIENT], "certificateAuthority": issuer.authority}
    mapping = {"username": {"claim": "email", "prefix": "dex:"}}
    entry = {"issuer": trusted, "claimMappings": mapping}
    kind = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    (folder / "issuers.yaml").write_text(yaml.safe_dump({**kind, "jwt": [entry]}))
    (folder / "config.yaml").write_text("clusterID: demo\n")
    options = ["-c", folder / "config.yaml", "--authentication-config", folder / "issuers.yaml"]
    environment = {**ENVIRONMENT, "HOME": str(folder)}
    with served(folder / "served", "authenticator", options, environment) as running:
        yield running


def at_dex(issuer: Dex, *more: str) -> list[str]:
    """Return the options of somebody who signs in there."""
    words = ["--issuer", issuer.issuer, "--client-id", CLIENT, "--scope", "email offline_access"]
    return [*words, "--certificate-authority", str(issuer.certificate), "--listen", "0", *more]


def again(issuer: Dex, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run ``sekisho login`` without any browser."""
    return subprocess.run(
        [sys.executable, "-m", "sekisho", "login", *at_dex(issuer, *more)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**ENVIRONMENT, "HOME": str(folder), "SEKISHO_LOGIN_DIR": str(folder / "accounts")},
    )


def test_who_signs_in_at_dex_is_known_to_the_authenticator(
    issuer: Dex, authenticator: ServedCheckpoint, page: Page, tmp_path: Path
) -> None:
    page.trust_any_certificate()  # that of the test's Dex, which the browser does not know
    environment = {**ENVIRONMENT, "HOME": str(tmp_path)}
    with login(tmp_path, environment, *at_dex(issuer), "-o", "token") as terminal:
        page.open(terminal.url())
        page.fill("textbox", "email address", EMAIL)
        page.fill("textbox", "Password", "Wrong-Passw0rd")
        with page.leaving():
            page.click("button", "Login")
        assert "Invalid Email Address and password." in page.text
        page.fill("textbox", "Password", PASSWORD)
        with page.leaving():
            page.click("button", "Login")
        assert page.title == "You are signed in"
        assert EMAIL in page.text
        status, out, errors = terminal.end()
    assert status == 0, errors
    token = out.strip()
    claims = part(token, 1)
    assert (claims["iss"], claims["aud"], claims["email"]) == (issuer.issuer, CLIENT, EMAIL)
    _, review = authenticator.review(token)
    assert review["status"]["authenticated"] is True, review
    assert review["status"]["user"]["username"] == f"dex:{EMAIL}"
    body, _, signature = token.rpartition(".")
    _, forged = authenticator.review(f"{body}.{signature[::-1]}")
    assert not forged["status"]["authenticated"]

    # The token ends so soon that it is renewed: Dex gives a new refresh token for each that it is shown.
    for _ in range(2):
        renewed = again(issuer, tmp_path, "-o", "token", "--no-browser", "--timeout", "1")
        assert renewed.returncode == 0, renewed.stderr
        assert renewed.stdout.strip() != token
        assert part(renewed.stdout.strip(), 1)["email"] == EMAIL
        _, review = authenticator.review(renewed.stdout.strip())
        assert review["status"]["user"]["username"] == f"dex:{EMAIL}"


def test_what_this_dex_does_not_offer_is_said(issuer: Dex, tmp_path: Path) -> None:
    refused = again(issuer, tmp_path, "--device")
    assert refused.returncode == 2
    assert "offers no device authorization endpoint" in refused.stderr
    (tmp_path / "password").write_text(PASSWORD)
    by_password = again(issuer, tmp_path, "--username", EMAIL, "--password", str(tmp_path / "password"))
    assert by_password.returncode == 2
    assert "offers no `password` grant" in by_password.stderr


def test_a_dex_whose_authority_is_not_known_is_not_believed(issuer: Dex, tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "sekisho", "login", "--issuer", issuer.issuer, "--client-id", CLIENT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**ENVIRONMENT, "HOME": str(tmp_path), "SEKISHO_LOGIN_DIR": str(tmp_path / "accounts")},
    )
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "certificate" in refused.stderr
