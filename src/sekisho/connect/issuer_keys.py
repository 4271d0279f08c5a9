"""The public keys of OpenID Connect issuers, fetched when they are needed and kept as long as they hold.

Source: OpenID Connect Discovery 1.0, section 4; OpenID Connect Core 1.0, section 10.1.1 (rotation: a key
id that is not known is a reason to ask again, and nobody's reason to ask all the time).
"""

import asyncio
import contextlib
import ssl
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sekisho.connect.https_document import (
    DocumentError,
    HttpsDocument,
    IsRefused,
    fetch_document,
    trusted_roots,
)
from sekisho.decide.proof.jws_keys import discovery_url, parse_discovery, parse_key_set
from sekisho.decide.values import SekishoInputError

MIN_SECONDS, MAX_SECONDS, DEFAULT_SECONDS = 60, 3_600, 300
"""The bounds of how long keys are kept, whatever the issuer says, and how long if it says nothing."""
REFETCH_SECONDS = 10.0
"""An unknown key id makes the keys be fetched again, at most once in this time."""
STALE_SECONDS = 86_400
"""For how long the keys that were had last count while the issuer does not answer: its outage is not ours."""
FAILURE_SECONDS = 10.0
"""For how long a failure is told without asking again."""
MAX_ISSUERS = 100


class IssuerError(Exception):
    """An issuer's keys could not be had.

    ``in_time`` is false for one that did not answer; ``is_document`` is true where it did, with something
    else; ``is_description`` where that is about its description, not about its keys.
    """

    def __init__(
        self, problem: str, *, in_time: bool = True, is_document: bool = False, is_description: bool = False
    ) -> None:
        super().__init__(problem)
        self.in_time = in_time
        self.is_document = is_document
        self.is_description = is_description


@dataclass(frozen=True, slots=True)
class _Known:
    fetched: float
    """When these keys were had."""
    until: float
    """When to ask again."""
    missed: float
    """When they were fetched for a key id that was not among them."""
    body: bytes = b""
    key_ids: frozenset[str] = frozenset()
    failure: IssuerError | None = None
    """Why the issuer was not heard the last time; the keys of before may still be there."""


Fetch = Callable[[str, ssl.SSLContext, IsRefused], Awaitable[HttpsDocument]]

_NEVER = float("-inf")


class IssuerKeysClient:
    """Fetches and keeps key sets; owned by one event loop.

    ``describe`` says where an issuer describes itself.
    """

    def __init__(
        self,
        is_refused: IsRefused,
        trust: Callable[[], ssl.SSLContext] = trusted_roots,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        describe: Callable[[str], str] = discovery_url,
        fetch: Fetch = fetch_document,
    ) -> None:
        self._is_refused = is_refused
        self._trust = trust
        self._monotonic = monotonic
        self._describe = describe
        self._fetch = fetch
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}
        self._retries: dict[str, asyncio.Task[None]] = {}

    async def keys(self, issuer: str, key_id: str) -> bytes:
        """Return the JWK set of ``issuer`` as served; ``key_id`` is the one that a token names.

        Raises:
            IssuerError: there is none.
        """
        known = self._known.get(issuer)
        if known is not None and known.body and _has(known, key_id):
            if not self._is_spent(known, key_id):
                return known.body
            if known.failure is not None:
                # An issuer that is down may be slow to say so: nobody waits for it whose key is here.
                self._retry(issuer, key_id)
                return known.body
        return await self._asked(issuer, key_id)

    async def _asked(self, issuer: str, key_id: str) -> bytes:
        # However many tokens of one issuer come at once, it is asked once.
        lock = self._locks.setdefault(issuer, asyncio.Lock())
        try:
            async with lock:
                known = self._known.get(issuer)
                if known is None or self._is_spent(known, key_id):
                    known = await self._fetched(issuer, key_id, known)
                    self._remember(issuer, known)
        finally:
            if not lock.locked():
                self._locks.pop(issuer, None)
        if known.failure is not None and not (known.body and _has(known, key_id)):
            raise known.failure
        return known.body

    def _retry(self, issuer: str, key_id: str) -> None:
        if issuer in self._retries:
            return

        async def ask() -> None:
            with contextlib.suppress(IssuerError):
                await self._asked(issuer, key_id)

        task = self._retries[issuer] = asyncio.create_task(ask())
        task.add_done_callback(lambda _task: self._retries.pop(issuer, None))

    def _is_spent(self, known: _Known, key_id: str) -> bool:
        now = self._monotonic()
        if now >= known.until:
            return True
        if known.failure is not None or _has(known, key_id):
            return False
        return now - known.missed >= REFETCH_SECONDS

    async def _fetched(self, issuer: str, key_id: str, before: _Known | None) -> _Known:
        try:
            document = await self._document(issuer)
        except IssuerError as error:
            now = self._monotonic()
            until = now + FAILURE_SECONDS
            if before is not None and before.body and now - before.fetched < STALE_SECONDS:
                return replace(before, until=until, failure=error)
            return _Known(now, until, _NEVER, failure=error)
        key_ids: frozenset[str] = frozenset()
        with contextlib.suppress(SekishoInputError):  # whoever verifies says what is wrong with it
            key_ids = frozenset(key.key_id for key in parse_key_set(document.body))
        kept = DEFAULT_SECONDS if document.max_age is None else document.max_age
        now = self._monotonic()
        until = now + min(max(kept, MIN_SECONDS), MAX_SECONDS)
        missed = now if key_id and key_id not in key_ids else _NEVER
        return _Known(now, until, missed, document.body, key_ids)

    async def _document(self, issuer: str) -> HttpsDocument:
        is_description = True
        try:
            trust = self._trust()
            described = await self._fetch(self._describe(issuer), trust, self._is_refused)
            place = parse_discovery(described.body, issuer)
            is_description = False
            return await self._fetch(place, trust, self._is_refused)
        except SekishoInputError as error:
            problem = error.faults[0].problem
            raise IssuerError(problem, is_document=True, is_description=is_description) from None
        except DocumentError as error:
            raise IssuerError(str(error), in_time=error.in_time, is_description=is_description) from None

    def _remember(self, issuer: str, known: _Known) -> None:
        self._known[issuer] = known
        self._known.move_to_end(issuer)
        while len(self._known) > MAX_ISSUERS:
            self._known.popitem(last=False)


def _has(known: _Known, key_id: str) -> bool:
    return not key_id or key_id in known.key_ids
