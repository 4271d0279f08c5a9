"""What browser tests begin with: one browser and one lab for all, and for each test a page of its own."""

from collections.abc import Iterator

import pytest

from e2e.e2e_clients import client
from support.browser_page import Page, new_page
from support.devtools import Chromium, chromium
from support.login_world import LoginWorld, login_world


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Return a real browser without a window."""
    with chromium(client("chromium"), tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginWorld]:
    """Return a lab with a pool and an application; no test may rely on its clock."""
    client("chromium")  # without a browser nothing is started
    with login_world(tmp_path_factory.mktemp("login")) as found:
        yield found


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    """Return a page with cookies of its own."""
    with new_page(browser) as shown:
        yield shown
