"""Forget an account: here first, then at the issuer."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.account_store import Account, AccountStore
from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.obtain import Place, patience
from sekisho.connect.login.signed_in import Tell
from sekisho.connect.private_folder import PrivateFolder, PrivateFolderTrouble


def kept_accounts(place: Place) -> tuple[Account, ...]:
    """Return every account that is kept.

    Raises:
        EnvironmentFailure: the folder cannot be used.
    """
    if not place.directory.exists():
        return ()
    try:
        with PrivateFolder.opened(place.directory) as folder:
            return AccountStore(folder, place.vault).accounts()
    except PrivateFolderTrouble as trouble:
        raise EnvironmentFailure(f"read {place.directory}", str(trouble)) from None


def sign_out(
    request: LoginRequest, place: Place, tell: Tell, end: Callable[[str], None] | None = None
) -> bool:
    """Forget the account of ``request`` and revoke its refresh token; False if none is kept.

    ``end`` is handed the issuer's end-session endpoint, so that the browser forgets the person too. The
    account is gone from here whatever the issuer answers.

    Raises:
        EnvironmentFailure: the issuer could not be told.
    """
    try:
        with PrivateFolder.opened(place.directory) as folder, folder.locked(request.key, patience(request)):
            # Under the lock: a command that renews the account now would put it back.
            store = AccountStore(folder, place.vault)
            account = store.read(request.key)
            store.remove(request.key)
    except PrivateFolderTrouble as trouble:
        raise EnvironmentFailure(f"remove from {place.directory}", str(trouble)) from None
    if account is None and end is None:
        return False
    try:
        asyncio.run(_told(request, place, tell, account, end))
    except EnvironmentFailure as failure:
        problem = f"the account is forgotten here, but its refresh token was not revoked: {failure.message}"
        raise EnvironmentFailure(failure.operation, problem, can_retry=False) from None
    return account is not None


async def _told(
    request: LoginRequest,
    place: Place,
    tell: Tell,
    account: Account | None,
    end: Callable[[str], None] | None,
) -> None:
    from sekisho.connect.login.http_exchange import HttpExchange
    from sekisho.connect.login.provider import Provider

    exchange = HttpExchange(request, place.environ, place.seconds)
    try:
        provider = await Provider.discovered(request, exchange, place.clock)
        if account is not None and account.signed_in.refresh_token is not None:
            problem = await provider.revoke(account.signed_in.refresh_token)
            tell(
                f"the refresh token is not revoked: {problem}" if problem else "the refresh token is revoked"
            )
        if end is not None and provider.metadata.end_session:
            end(provider.metadata.end_session)
        elif end is not None:
            tell("the issuer has no end-session endpoint: the browser stays signed in there")
    finally:
        await exchange.close()


def end_session_url(endpoint: str, client_id: str, back: str) -> str:
    """Return the address that ends the browser's session (OpenID Connect RP-Initiated Logout 1.0, section 2).

    It has no ``id_token_hint``: what is on a command line can be read by others. ``logout_uri`` is Cognito's
    name for where to go next.
    """
    where = {"post_logout_redirect_uri": back, "logout_uri": back} if back else {}
    query = urlencode({"client_id": client_id, **where})
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"
