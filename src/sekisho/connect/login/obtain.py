"""Answer a request for an id token: kept, renewed, or by signing in; for everybody who asks at once, once.

Ten commands that need a token at the same moment wait for one of them, which opens one browser; when it
fails, the others fail with it instead of opening the next.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.account_store import AccountStore, Failure, Vault, account_of
from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.signed_in import SignedIn, Tell
from sekisho.connect.private_folder import PrivateFolder, PrivateFolderBusy, PrivateFolderTrouble
from sekisho.connect.tokens import system_clock
from sekisho.decide.values import Instant

if TYPE_CHECKING:
    from sekisho.connect.login.flows import Hints, Way

SAFETY: Final = timedelta(minutes=1)
"""A token is not handed out during its last minute: the call it is for must still arrive."""
_BEYOND: Final = timedelta(minutes=1)
"""How long beyond the patience with the person others wait: the exchanges after that are bounded too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where accounts are kept and what the network is reached by."""

    directory: Path
    environ: Mapping[str, str]
    vault: Vault | None = None
    seconds: float = 10.0
    """For one exchange with the issuer."""
    clock: Callable[[], Instant] = system_clock
    client: int = 0
    """The process that a credential is for, 0 for a person at a terminal."""


def obtain_id_token(
    request: LoginRequest,
    way: Callable[[], "Way"],
    place: Place,
    tell: Tell,
    *,
    fresh: bool = False,
) -> SignedIn:
    """Return who is signed in for ``request``.

    ``way`` is made and gone only where nothing that is kept will do. ``fresh``: nothing of that counts.

    Raises:
        LoginRefused: the issuer, the person or a check refused.
        EnvironmentFailure: the issuer, the browser or a port is not there.
        SekishoInputError: the issuer does not offer this way.
    """
    made: SignedIn | None = None
    try:
        with PrivateFolder.opened(place.directory) as folder:
            store = AccountStore(folder, place.vault)
            kept = None if fresh else _usable(store, request, place.clock())
            if kept is not None:
                return kept
            began = time.time()
            with folder.locked(request.key, patience(request)):
                kept = None if fresh else _usable(store, request, place.clock())
                if kept is not None:
                    return kept
                _share_failure(store, request, began, place.client)
                made = _tried(store, request, way, place, tell, fresh=fresh)
                store.write(account_of(request, made))
    except PrivateFolderBusy:
        raise EnvironmentFailure(
            f"sign in at {request.issuer}", "another command is still signing in", can_retry=True
        ) from None
    except PrivateFolderTrouble as trouble:
        tell(f"the account is not kept: {trouble}")
    return made if made is not None else _run(request, way, place, tell, None, {})


def patience(request: LoginRequest) -> timedelta:
    """Return how long to wait for another command that signs in under the same key."""
    return request.timeout + _BEYOND


def _usable(store: AccountStore, request: LoginRequest, now: Instant) -> SignedIn | None:
    account = store.read(request.key)
    if account is None or account.signed_in.token.expires - now <= SAFETY:
        return None
    return account.signed_in


def _share_failure(store: AccountStore, request: LoginRequest, began: float, client: int) -> None:
    found = store.failure_since(request.key, began, client)
    if found is None:
        return
    if found.is_refusal:
        raise LoginRefused(found.sentence)
    raise EnvironmentFailure(f"sign in at {request.issuer}", found.sentence, can_retry=True)


def _tried(
    store: AccountStore,
    request: LoginRequest,
    way: Callable[[], "Way"],
    place: Place,
    tell: Tell,
    *,
    fresh: bool,
) -> SignedIn:
    accounts = store.accounts()
    own = next((one.signed_in for one in accounts if one.key == request.key), None)
    others = [
        one
        for one in accounts
        if (one.issuer, one.client_id) == (request.issuer, request.client_id) and one.name != request.account
    ]
    # A browser that is still signed in as another account would hand out that one again.
    hints = {"prompt": "login"} if others or fresh else {}
    if "@" in request.account:
        hints["login_hint"] = request.account

    def note(sentence: str, *, is_refusal: bool) -> None:
        store.note_failure(request.key, Failure(time.time(), sentence, is_refusal, place.client))

    try:
        done = _run(request, way, place, tell, None if fresh else own, hints)
    except LoginRefused as refused:
        note(str(refused), is_refusal=True)
        raise
    except EnvironmentFailure as failure:
        note(failure.message, is_refusal=False)
        raise
    except KeyboardInterrupt:
        note("it was interrupted", is_refusal=False)
        raise
    if own is not None and own.token.subject != done.token.subject:
        tell(f"account `{request.account}` was {own.who} before and is {done.who} now")
    twin = next((one for one in others if one.signed_in.token.subject == done.token.subject), None)
    if twin is not None:
        tell(f"{done.who} is account `{twin.name}` too: the browser signed in the same person")
    return done


def _run(
    request: LoginRequest,
    way: Callable[[], "Way"],
    place: Place,
    tell: Tell,
    kept: SignedIn | None,
    hints: "Hints",
) -> SignedIn:
    # Imported here as below: the libraries take longer than a kept token does altogether.
    import asyncio

    return asyncio.run(_made(request, way, place, tell, kept, hints))


async def _made(
    request: LoginRequest,
    way: Callable[[], "Way"],
    place: Place,
    tell: Tell,
    kept: SignedIn | None,
    hints: "Hints",
) -> SignedIn:
    from sekisho.connect.login.flows import renewed
    from sekisho.connect.login.http_exchange import HttpExchange
    from sekisho.connect.login.provider import Provider

    exchange = HttpExchange(request, place.environ, place.seconds)
    try:
        provider = await Provider.discovered(request, exchange, place.clock)
        if kept is not None and (done := await renewed(provider, kept, tell)) is not None:
            return done
        return await way()(provider, hints)
    finally:
        await exchange.close()
