"""A user pool that a browser signs in to, with an application behind it, and the way to each of its pages."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from sekisho.testing import RunningLab, running_lab
from support.application import Application, application
from support.boto_lab import REGION, profile
from support.browser_page import Page
from support.user_pools import LOGOUT, OAUTH, PASSWORD, TEMPORARY, Got, Pool, fetch, new_pool

VERIFIER: Final = "v" * 43
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
DOMAIN: Final = f"https://people-1.auth.{REGION}.amazoncognito.com"
USER: Final = "k@example.com"
NAME, SECRET, SUBMIT = "Email address", "Password", "Sign in"
NEW, AGAIN, CHANGE = "New password", "New password, once more", "Change password and sign in"


@dataclass
class LoginWorld:
    """A lab with a pool named People, the client ``kubectl`` of an application, and a user."""

    lab: RunningLab
    pool: Pool
    client: str
    local: str
    app: Application
    _users: Iterator[int] = field(default_factory=count)

    def asking(self, **more: str) -> dict[str, str]:
        """Return an authorization request; ``-`` leaves a parameter out."""
        given = {"client_id": self.client, "response_type": "code", "redirect_uri": self.app.callback}
        given |= {"state": "s 1", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **more}
        return {name: value for name, value in given.items() if value != "-"}

    def authorize(self, base: str | None = None, **more: str) -> str:
        """Return the address that an application sends the browser to."""
        return f"{base or self.local}/oauth2/authorize?{urlencode(self.asking(**more))}"

    def tokens(self, code: str, verifier: str = VERIFIER) -> Got:
        """Return what the token endpoint answers to a code."""
        form = {"grant_type": "authorization_code", "client_id": self.client, "code": code}
        form |= {"redirect_uri": self.app.callback, "code_verifier": verifier}
        return fetch(self.lab, f"{DOMAIN}/oauth2/token", form)

    def newcomer(self) -> str:
        """Return a new user whose password is temporary."""
        name = f"new-{next(self._users)}@example.com"
        self.pool.new_user(name, None)
        return name

    # --- what a person does

    def sign_in(self, page: Page, name: str = USER, password: str = PASSWORD) -> None:
        """Fill in the form that is shown and send it."""
        page.fill("textbox", NAME, name)
        page.fill("textbox", SECRET, password)
        with page.leaving():
            page.click("button", SUBMIT)

    def change(self, page: Page, password: str, again: str) -> None:
        """Fill in the form for a new password and send it."""
        page.fill("textbox", NEW, password)
        page.fill("textbox", AGAIN, again)
        with page.leaving():
            page.click("button", CHANGE)

    # --- the way to each page

    def show_sign_in(self, page: Page) -> None:
        """Show the page that everybody begins with."""
        page.open(self.authorize())

    def show_wrong_password(self, page: Page) -> None:
        """Show it after a wrong password."""
        self.show_sign_in(page)
        self.sign_in(page, password="Wrong-Passw0rd")

    def show_new_password(self, page: Page) -> None:
        """Show the page for a new password."""
        self.show_sign_in(page)
        self.sign_in(page, self.newcomer(), TEMPORARY)

    def show_refused_password(self, page: Page) -> None:
        """Show it after a password that the pool's policy refuses."""
        self.show_new_password(page)
        self.change(page, "short", "short")

    def show_expired_form(self, page: Page) -> None:
        """Show what is said of a form whose cookie is gone."""
        self.show_sign_in(page)
        page.forget_cookies()
        self.sign_in(page)

    def show_error(self, page: Page) -> None:
        """Show what is said of a request that no application can be told of."""
        page.open(self.authorize(redirect_uri="https://evil.example.com"))


@contextmanager
def login_world(folder: Path) -> Iterator[LoginWorld]:
    """Start the lab and the application."""
    with running_lab(folder) as lab, application() as app:
        pool = new_pool(profile(lab, "default"), "People")
        pool.ask("create_user_pool_domain", Domain="people-1")
        wanted = {**OAUTH, "CallbackURLs": [app.callback], "LogoutURLs": [LOGOUT, app.url("/bye")]}
        client = pool.new_client("kubectl", **wanted)["ClientId"]
        pool.new_user(USER, name="Kase")
        yield LoginWorld(lab, pool, client, lab.client.get("/status")["loginPages"], app)
