"""Tokens that were refused, and the requests that carried them.

A TokenReview tells nothing of its request, and the audit event of a request that was refused tells nothing of
its token. The API server asks about a token after it received the request and before it answers, by the
clock of this same machine: a refusal belongs to the request in whose span it lies. Requests that come
together with one token are asked about once, so a refusal may belong to several. A request whose client
certificate is refused in such a span looks the same.
Source: k8s.io/apiserver ``pkg/endpoints/filters/audit.go``, WithFailedAuthenticationAudit, and
``pkg/authentication/token/cache``; `tests/e2e/test_envtest.py` shows it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sekisho.decide.values import Instant
from sekisho.lab.kube.authenticator import Authenticated

KEPT_FOR: Final = timedelta(seconds=5)
"""How long the event of a request is waited for. It is sent before the answer, within milliseconds."""
SLACK: Final = timedelta(milliseconds=250)
"""A request may join another with its token while our answer is still on its way."""
MAX_KEPT: Final = 1_024


@dataclass(slots=True, eq=False)
class _Refusal:
    found: Authenticated
    at: Instant
    timer: asyncio.TimerHandle
    is_told: bool = False

    @property
    def story(self) -> tuple[object, ...]:
        """What would be told of a request: whose token, and what refused it."""
        codes = tuple(step.code for link in self.found.links for step in link.decision.decisive)
        return (self.found.identity, self.found.claimed, codes)


class RefusedTokens:
    """The refusals of the last moments; ``untold`` is told of those whose request did not come forward."""

    def __init__(self, untold: Callable[[Authenticated], None], kept_for: timedelta = KEPT_FOR) -> None:
        self._untold = untold
        self._kept_for = kept_for
        self._kept: list[_Refusal] = []

    def add(self, found: Authenticated, at: Instant) -> None:
        """Keep a refusal that is answered now, ``at`` by the time of day."""
        timer = asyncio.get_running_loop().call_later(self._kept_for.total_seconds(), self._drop_oldest)
        self._kept.append(_Refusal(found, at, timer))
        if len(self._kept) > MAX_KEPT:
            self._drop_oldest()

    def of(self, received: Instant, answered: Instant) -> Authenticated | None:
        """Return what a request's token came to; None where nothing, or several things, were refused then."""
        fits = [one for one in self._kept if received <= one.at <= answered]
        if not fits:
            fits = [one for one in self._kept if received + -SLACK <= one.at <= answered]
        if len({one.story for one in fits}) != 1:
            return None
        for one in fits:
            one.is_told = True
        return fits[-1].found

    def close(self) -> None:
        """Wait for no more events."""
        while self._kept:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = self._kept.pop(0)
        oldest.timer.cancel()
        if not oldest.is_told:
            self._untold(oldest.found)
