"""What ``sekisho login`` does beside signing in by a browser: show, sign out, read small files."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sekisho.cli.errors import note
from sekisho.cli.login_in_lab import login_clock
from sekisho.cli.output import Form, write, write_document
from sekisho.connect.login.account_store import Account
from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.obtain import Place
from sekisho.connect.login.sign_out import end_session_url, kept_accounts, sign_out
from sekisho.decide.values import Ref, Secret, SekishoInputError
from sekisho.decide.values.document_text import on_one_line

if TYPE_CHECKING:
    from sekisho.connect.login.flows import Way

NOBODY: Final = 1
MAX_FILE_BYTES: Final = 256 * 1024


def show_accounts(
    place: Place, issuer: str | None, client_id: str | None, name: str | None, *, as_json: bool
) -> int:
    """Print who is signed in, as far as the options narrow it; return the exit code."""
    wanted = ((issuer, "issuer"), (client_id, "client_id"), (name, "name"))
    found = [
        account
        for account in kept_accounts(place)
        if all(value in (None, getattr(account, member)) for value, member in wanted)
    ]
    if as_json:
        write_document([_told(account) for account in found], Form.JSON)
    else:
        for account in found:
            _write_account(_told(account))
    if not found:
        note("nobody is signed in")
        return NOBODY
    return 0


def _told(account: Account) -> dict[str, Any]:
    done, clock = account.signed_in, login_clock(account.issuer, os.environ)
    return {
        "account": account.name,
        "issuer": account.issuer,
        "clientId": account.client_id,
        "scopes": list(account.scopes),
        "who": done.who,
        "expires": done.token.expires.rfc3339(),
        "isExpired": done.token.expires <= clock(),
        "isRenewed": done.refresh_token is not None,
        "claims": {name: value for name, value in done.token.claims.items() if name != "_claim_sources"},
    }


def _write_account(told: dict[str, Any]) -> None:
    ended = "ended" if told["isExpired"] else "ends"
    renewed = ", renewed by a refresh token" if told["isRenewed"] else ""
    write(f"{told['account']}: {on_one_line(told['who'])}")
    write(f"  issuer   {told['issuer']}")
    write(f"  client   {told['clientId']} ({' '.join(told['scopes'])})")
    write(f"  token    {ended} at {told['expires']}{renewed}")
    for name, value in sorted(told["claims"].items()):
        shown = on_one_line(value if isinstance(value, str) else str(value))
        write(f"  claim    {on_one_line(name)} = {shown[:200]}")


def log_out(
    request: LoginRequest, place: Place, browser: str | None, back: str | None, *, no_browser: bool
) -> int:
    """Sign out and return the exit code; ``back`` None leaves the browser's own session alone."""

    def end(endpoint: str) -> None:
        from sekisho.cli.login_in_lab import login_page_place
        from sekisho.connect.login.browser import browser_command, open_browser

        url = end_session_url(login_page_place(None, os.environ)(endpoint), request.client_id, back or "")
        if not open_browser(() if no_browser else browser_command(browser, os.environ), url):
            note(f"open this address to sign the browser out:\n{url}")

    if not sign_out(request, place, note, None if back is None else end):
        note(f"nobody is signed in at {request.issuer} as account {request.account}")
        return NOBODY
    write(f"signed out: account {request.account} at {request.issuer}")
    return 0


def by_password_of(username: str, place: str) -> Callable[[], "Way"]:
    """Return what makes the way by a password that is read from a file, or from standard input for ``-``."""

    def made() -> "Way":
        from sekisho.connect.login.flows import by_password

        text = sys.stdin.read(4096) if place == "-" else read_small_file(place, "--password")
        return by_password(username, Secret(text.rstrip("\r\n")))

    return made


def read_small_file(place: str, option: str) -> str:
    """Return the text of a file that an option names.

    Raises:
        SekishoInputError: it cannot be read, is no text or is too large.
    """
    try:
        with Path(place).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise SekishoInputError.single("file.unreadable", Ref(option), f"`{place}`: {problem}") from None
    except UnicodeDecodeError:
        raise SekishoInputError.single("file.not-text", Ref(option), f"`{place}`: expected text") from None
    if len(content) > MAX_FILE_BYTES:
        problem = f"`{place}`: longer than {MAX_FILE_BYTES} bytes"
        raise SekishoInputError.single("file.too-large", Ref(option), problem)
    return text
