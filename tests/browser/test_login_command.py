"""``sekisho login`` and a real browser: from the terminal through a pool's pages to the last page."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from support.accessibility import violations
from support.browser_page import DARK, LIGHT, Page
from support.login_terminal import login
from support.login_world import USER, LoginWorld
from support.user_pools import OAUTH, TEMPORARY, part

PORT = 18_351


@pytest.fixture(scope="module")
def client_id(world: LoginWorld) -> str:
    """Return an app client that the command may come back from."""
    back = {**OAUTH, "CallbackURLs": [f"http://localhost:{PORT}/callback"]}
    found: str = world.pool.new_client("sekisho", **back)["ClientId"]
    return found


def at_pool(world: LoginWorld, client: str) -> list[str]:
    """Return the options of somebody who signs in at the pool."""
    words = ["--issuer", world.pool.issuer, "--client-id", client, "--scope", "email"]
    return [*words, "--redirect-path", "/callback", "--listen", str(PORT)]


def looked_at(page: Page) -> None:
    """Hold a page of the command's own against what holds for the pool's."""
    for scheme in (LIGHT, DARK):
        page.show(320, 640, scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.show(1024, 768)


def test_who_signs_in_is_told_so_in_the_browser_and_in_the_terminal(
    world: LoginWorld, page: Page, client_id: str, tmp_path: Path
) -> None:
    with login(tmp_path, world.lab.environment(), *at_pool(world, client_id), "-o", "token") as terminal:
        asked = terminal.url()
        page.open(asked)
        assert f"to go on to sekisho at localhost:{PORT}" in page.text
        world.sign_in(page)
        assert page.title == "You are signed in"
        assert f"as {USER}" in page.text
        assert len(page.elements("status")) == 1
        assert "You can close this tab and go back to the terminal." in page.text
        assert page.evaluate("document.referrer") == ""
        looked_at(page)
        status, out, errors = terminal.end()
    assert status == 0, errors
    claims = part(out.strip(), 1)
    assert (claims["email"], claims["nonce"]) == (USER, parse_qs(urlsplit(asked).query)["nonce"][0])
    pool = urlsplit(world.local).port
    assert page.cookies().keys() == {f"{name}-{pool}" for name in ("XSRF-TOKEN", "cognito")}


def test_a_newcomer_changes_the_password_on_the_way(
    world: LoginWorld, page: Page, client_id: str, tmp_path: Path
) -> None:
    name = world.newcomer()
    with login(tmp_path, world.lab.environment(), *at_pool(world, client_id)) as terminal:
        page.open(terminal.url())
        world.sign_in(page, name, TEMPORARY)
        world.change(page, "New-Passw0rd", "New-Passw0rd")
        assert page.title == "You are signed in"
        status, out, errors = terminal.end()
    assert (status, f"as {name}" in out) == (0, True), errors


def test_an_answer_that_was_not_asked_for_ends_nothing(
    world: LoginWorld, page: Page, client_id: str, tmp_path: Path
) -> None:
    with login(tmp_path, world.lab.environment(), *at_pool(world, client_id)) as terminal:
        asked = terminal.url()
        page.open(f"http://localhost:{PORT}/callback?code=stolen&state=guessed")
        assert page.title == "You are not signed in"
        assert "The sign-in in the terminal goes on waiting." in page.text
        looked_at(page)
        page.open(asked)
        world.sign_in(page)
        assert page.title == "You are signed in"
        assert terminal.end()[0] == 0


def test_who_is_refused_is_told_in_both_places(
    world: LoginWorld, page: Page, client_id: str, tmp_path: Path
) -> None:
    with login(tmp_path, world.lab.environment(), *at_pool(world, client_id)) as terminal:
        state = parse_qs(urlsplit(terminal.url()).query)["state"][0]
        page.open(f"http://localhost:{PORT}/callback?error=access_denied&state={state}")
        assert page.title == "You are not signed in"
        assert "access_denied" in page.text
        looked_at(page)
        status, out, errors = terminal.end()
    assert (status, out, "access_denied" in errors) == (1, "", True)
