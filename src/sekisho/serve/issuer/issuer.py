"""The checkpoint ``sekisho serve issuer``: the two documents over TLS, to anybody.

They are public: whoever holds a token of the cluster needs them to verify it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.proof.jws_keys import KeySet
from sekisho.decide.values import Instant, SekishoInputError
from sekisho.decide.workload.issuer import IssuerKey
from sekisho.serve.issuer.documents import Issuer, cache_control, etag_of
from sekisho.serve.issuer.record import published
from sekisho.serve.json_log import facts
from sekisho.wire.http import Request, Response
from sekisho.wire.http.message import Handler

_log = logging.getLogger("sekisho.issuer")
_TEXT = (("content-type", "text/plain; charset=utf-8"),)


class KeySource(Protocol):
    """Where the public keys of the API servers come from."""

    async def run(self, changed: Callable[[KeySet], None], failed: Callable[[str], None]) -> None:
        """Tell of the keys whenever they may have changed, and of each failure to read them."""


class IssuerDocuments:
    """Publishes the documents of one issuer."""

    name = "issuer"

    def __init__(
        self,
        issuer: Issuer,
        source: KeySource,
        folder: Path | None,
        max_age: timedelta,
        longest_token: timedelta,
        now: Callable[[], Instant] = lambda: Instant(datetime.now(UTC)),
    ) -> None:
        self._issuer = issuer
        self._source = source
        self._folder = folder
        self._max_age = max_age
        self._longest_token = longest_token
        self._now = now
        self._present: KeySet | None = None
        self._problem = ""
        self._keys: tuple[IssuerKey, ...] = ()
        self._pages: dict[str, bytes] = {}
        self._registry = registry = CollectorRegistry()
        self._served = Counter(
            "sekisho_issuer_documents_total", "Documents served", ["document", "status"], registry=registry
        )
        self._published = Gauge("sekisho_issuer_published_keys", "Keys that are published", registry=registry)

    @property
    def paths(self) -> Mapping[str, Handler]:
        """The documents below the path of the issuer's URL."""
        return {
            f"{self._issuer.path}/{name}": self._page(name) for name in self._issuer.documents(self._keys)
        }

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics of this server."""
        return self._registry

    def missing(self) -> tuple[str, ...]:
        """Return what was not read yet."""
        return () if self._present is not None else (self._problem or "the keys of the cluster",)

    def degraded(self) -> tuple[str, ...]:
        """Return what could not be read; what was published last stands."""
        return (self._problem,) if self._problem else ()

    def measure(self) -> None:
        """Set the gauge of published keys."""
        self._published.set(len(self._keys))

    async def run(self) -> None:
        """Follow the keys."""
        await self._source.run(self._changed, self._failed)

    def _changed(self, present: KeySet) -> None:
        try:
            keys = published(self._folder, present, self._now(), self._longest_token)
        except (SekishoInputError, EnvironmentFailure) as error:
            self._failed(str(error))
            return
        self._problem = ""
        if keys != self._keys or self._present is None:
            ids = [one.key.key_id for one in keys]
            _log.info("published", extra=facts(keys=ids))
            self._keys, self._pages = keys, self._issuer.documents(keys)
        self._present = present

    def _failed(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("the keys cannot be read", extra=facts(problem=problem))
        self._problem = problem

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            response = self._answer(request, name)
            self._served.labels(name, str(response.status)).inc()
            return response

        return answer

    def _answer(self, request: Request, name: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"method not allowed\n", (*_TEXT, ("allow", "GET, HEAD")))
        if self._present is None:
            return Response(503, b"the keys of the cluster were not read yet\n", _TEXT)
        content = self._pages[name]
        headers = (
            ("content-type", "application/json"),
            cache_control(self._max_age),
            ("etag", etag_of(content)),
            ("access-control-allow-origin", "*"),
        )
        if request.header("if-none-match") == etag_of(content):
            return Response(304, b"", headers)
        return Response(200, content, headers)
