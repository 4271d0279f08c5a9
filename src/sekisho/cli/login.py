"""``sekisho login``: a credential plugin for kubectl that signs people in at OpenID Connect issuers."""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.login_in_lab import login_clock
from sekisho.cli.output import write
from sekisho.connect.exec_credential import BearerToken, asked_version, exec_credential, render_json
from sekisho.connect.login.account_store import KeyringVault, store_directory
from sekisho.connect.login.login_request import LoginRequest, parse_login_request
from sekisho.connect.login.obtain import Place, obtain_id_token
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.signed_in import SignedIn
from sekisho.decide.values import Ref, SekishoInputError

if TYPE_CHECKING:
    from sekisho.connect.login.flows import Way

REFUSED = 1


class LoginForm(StrEnum):
    """Spellings of the answer: a sentence for people, the credential for kubectl, or the bare token."""

    TEXT = "text"
    JSON = "json"
    TOKEN = "token"  # noqa: S105 - the name of a form


@report()
def login(
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="URL of the issuer, as the cluster has it.")
    ] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="Client that tokens are for.")] = None,
    client_secret_file: Annotated[
        str | None,
        typer.Option("--client-secret-file", help="File with the secret of a confidential client."),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option("--scope", help='Scopes beside openid, such as "email groups offline_access".'),
    ] = None,
    certificate_authority: Annotated[
        str | None,
        typer.Option(
            "--certificate-authority", help="PEM file: trust this authority alone about the issuer."
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account", help="Your own name for who signs in, to keep several apart; or an address."
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen", help="Ports for the browser to come back to, with commas; 0: a free one. [8000,18000]"
        ),
    ] = None,
    redirect_host: Annotated[
        str | None, typer.Option("--redirect-host", help="localhost or 127.0.0.1, as the client lists it.")
    ] = None,
    redirect_path: Annotated[
        str | None, typer.Option("--redirect-path", help="Path of the redirect URI, such as /callback.")
    ] = None,
    browser: Annotated[
        str | None, typer.Option("--browser", help="Command that opens an address (else BROWSER, xdg-open).")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening it.")
    ] = False,
    authorization_endpoint: Annotated[
        str | None,
        typer.Option(
            "--authorization-endpoint", help="Where the browser reaches the login page, if not as discovered."
        ),
    ] = None,
    device: Annotated[
        bool, typer.Option("--device", help="Sign in on another device with a code, where the issuer has it.")
    ] = False,
    username: Annotated[str | None, typer.Option("--username", help="User name for --password.")] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            help="File with a password, - for standard input: for tests, where the issuer has it.",
        ),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Seconds to wait for the browser. [180]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Sign in again, whatever is kept.")] = False,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep tokens in the keyring (library `keyring`), not in a file.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show who is signed in; no secret.")] = False,
    logout: Annotated[
        bool, typer.Option("--logout", help="Forget the account and revoke its refresh token.")
    ] = False,
    end_session: Annotated[
        bool, typer.Option("--end-session", help="With --logout: sign the browser out at the issuer too.")
    ] = False,
    logout_uri: Annotated[
        str | None, typer.Option("--logout-uri", help="With --end-session: where the browser goes next.")
    ] = None,
    output: Annotated[
        LoginForm | None,
        typer.Option("--output", "-o", help="Form of the answer; kubectl gets json without asking."),
    ] = None,
) -> None:
    """Sign in at an OpenID Connect issuer; kubectl calls this as a credential plugin.

    A token that is kept answers at once, a refresh token renews it silently, and only then a browser opens.
    Tokens are kept in private files (SEKISHO_LOGIN_DIR). Exit codes: 0 signed in, 1 refused, 2 bad usage,
    4 the issuer, the browser or a port is not there.

    Example: sekisho login --issuer https://issuer.example.com --client-id kubernetes --scope email

    Example: sekisho login --issuer https://issuer.example.com --client-id kubernetes --device

    Example: sekisho login --show

    Example: sekisho login --issuer https://issuer.example.com --client-id kubernetes --logout
    """
    _check_combination(
        {"--show": show, "--logout": logout, "--device": device, "--password": password is not None},
        {"--end-session": end_session, "--logout-uri": logout_uri is not None},
        is_logout=logout,
    )
    place = Place(
        store_directory(os.environ, Path.home()),
        os.environ,
        KeyringVault() if keyring else None,
        clock=login_clock(issuer, os.environ),
        client=os.getppid() if "KUBERNETES_EXEC_INFO" in os.environ else 0,
    )
    if show:
        from sekisho.cli.login_accounts import show_accounts

        raise SystemExit(show_accounts(place, issuer, client_id, account, as_json=output is LoginForm.JSON))
    if not issuer or not client_id:
        missing = "--client-id" if issuer else "--issuer"
        raise SekishoInputError.single(
            "login.option", Ref(missing), "expected; `sekisho login --help` has an example"
        )
    request = parse_login_request(
        issuer=issuer,
        client_id=client_id,
        client_secret=_text(client_secret_file, "--client-secret-file"),
        scope=scope or "",
        certificate_authority=_text(certificate_authority, "--certificate-authority") or "",
        account=account or "",
        listen=listen or "",
        redirect_host=redirect_host or "",
        redirect_path=redirect_path or "",
        timeout=timeout or "",
    )
    if logout:
        from sekisho.cli.login_accounts import log_out

        back = logout_uri or "" if end_session else None
        raise SystemExit(log_out(request, place, browser, back, no_browser=no_browser))
    way = _way(device, username, password, browser, authorization_endpoint, no_browser=no_browser)
    try:
        done = obtain_id_token(request, way, place, note, fresh=fresh)
    except LoginRefused as refused:
        note(str(refused))
        raise SystemExit(REFUSED) from None
    _answer(request, done, output)


def _check_combination(ways: dict[str, bool], needing: dict[str, bool], *, is_logout: bool) -> None:
    chosen = [option for option, given in ways.items() if given]
    if len(chosen) > 1:
        raise SekishoInputError.single("login.option", Ref(chosen[1]), f"cannot go with {chosen[0]}")
    for option, given in needing.items():
        if given and not is_logout:
            raise SekishoInputError.single("login.option", Ref(option), "only meaningful with --logout")


def _way(
    device: bool,
    username: str | None,
    password: str | None,
    browser: str | None,
    authorization_endpoint: str | None,
    *,
    no_browser: bool,
) -> Callable[[], "Way"]:
    """Return what makes the way to sign in, once it is needed: its libraries take long to load."""
    if password is not None:
        if not username:
            raise SekishoInputError.single("login.option", Ref("--username"), "expected it with --password")
        from sekisho.cli.login_accounts import by_password_of

        return by_password_of(username, password)

    def made() -> "Way":
        from sekisho.connect.login.browser import browser_command
        from sekisho.connect.login.flows import by_browser, by_device

        if device:
            return by_device(note)
        from sekisho.cli.login_in_lab import login_page_place

        command = () if no_browser else browser_command(browser, os.environ)
        return by_browser(command, login_page_place(authorization_endpoint, os.environ), note)

    return made


def _answer(request: LoginRequest, done: SignedIn, output: LoginForm | None) -> None:
    asked = os.environ.get("KUBERNETES_EXEC_INFO", "")
    form = output or (LoginForm.JSON if asked else LoginForm.TEXT)
    match form:
        case LoginForm.JSON:
            version = asked_version(asked)
            if version.note:
                note(version.note)
            token = BearerToken(done.token.text, done.token.expires)
            sys.stdout.write(render_json(exec_credential(token, version.api_version)))
        case LoginForm.TOKEN:
            write(done.token.text.reveal())
        case LoginForm.TEXT:
            write(
                f"signed in at {request.issuer} as {done.who} (account {request.account}); "
                f"the token ends at {done.token.expires}"
                + (" and is renewed" if done.refresh_token is not None else "")
            )
        case _:
            assert_never(form)


def _text(place: str | None, option: str) -> str | None:
    if place is None:
        return None
    from sekisho.cli.login_accounts import read_small_file

    return read_small_file(place, option)
