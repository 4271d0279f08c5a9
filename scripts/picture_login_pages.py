"""Take the pictures of the login pages that the how-to pages show, by day and by night.

Run it when a page has changed: ``.venv/bin/python scripts/picture_login_pages.py``. It needs Chromium
(``python tests/clients/install.py chromium``) and writes docs/how-to/images.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from e2e.e2e_clients import client  # noqa: E402 - found by the line above
from support.browser_page import DARK, LIGHT, Page, new_page  # noqa: E402
from support.devtools import chromium  # noqa: E402
from support.login_terminal import login  # noqa: E402
from support.login_world import NAME, LoginWorld, login_world  # noqa: E402
from support.user_pools import OAUTH, TEMPORARY  # noqa: E402

IMAGES: Final = ROOT / "docs" / "how-to" / "images"
MAX_BYTES: Final = 60_000
PORT: Final = 18_361
BACK: Final = "http://localhost:8000"
USER: Final = "mira@example.com"


def main() -> None:
    """Write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lab, profile = Path(folder, "lab"), Path(folder, "chromium")
        lab.mkdir()
        profile.mkdir()
        with login_world(lab) as world, chromium(client("chromium"), profile) as browser:
            wanted = {**OAUTH, "CallbackURLs": [BACK, f"http://localhost:{PORT}"]}
            world.client = world.pool.new_client("kubectl", **wanted)["ClientId"]
            world.pool.new_user(USER, None)
            with new_page(browser) as page:
                _sign_in(world, page, Path(folder))


def _sign_in(world: LoginWorld, page: Page, folder: Path) -> None:
    page.open(world.authorize(redirect_uri=BACK))
    page.type(USER)
    _take(page, "sign-in", 570)
    words = ["--issuer", world.pool.issuer, "--client-id", world.client, "--listen", str(PORT)]
    with login(folder, world.lab.environment(), *words, "--scope", "email") as terminal:
        page.open(terminal.url())
        page.element("textbox", NAME)
        world.sign_in(page, USER, TEMPORARY)
        _take(page, "new-password", 730)
        world.change(page, "New-Passw0rd", "New-Passw0rd")
        _take(page, "signed-in", 380)
        terminal.end()


def _take(page: Page, name: str, height: int) -> None:
    for scheme, media in (("light", LIGHT), ("dark", DARK)):
        page.show(520, height, media)
        picture = page.picture()
        if len(picture) > MAX_BYTES:
            raise SystemExit(
                f"{name}-{scheme}.png has {len(picture)} bytes: at most {MAX_BYTES} belong in the docs"
            )
        (IMAGES / f"{name}-{scheme}.png").write_bytes(picture)
        print(f"{name}-{scheme}.png: {len(picture)} bytes")


if __name__ == "__main__":
    main()
