"""STS's answers, kept: one question for one token, however many ask and however often.

A token is a credential for fifteen minutes and STS would say the same again, so what it said is kept
until the token ends. What is *mapped* is decided on every request: taking a mapping away counts at once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sekisho.decide.authn.iam_token import StsQuestion
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Instant
from sekisho.serve.authenticator.metrics import Cached, Metrics

MAX_KEPT: Final = 16_384
"""Answers kept at most, some 3 KiB each."""
REFUSED_FOR: Final = timedelta(seconds=10)
"""How long a refusal is kept: long enough for a client's retries, short enough for a new key's first call."""

Ask = Callable[[StsQuestion], Awaitable[Decision[StsIdentity]]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What STS said about a token, and until when it counts: never beyond the end of the token."""

    told: Decision[StsIdentity]
    access_key_id: str
    until: Instant


class Answers:
    """Asks STS through ``ask`` for what it has not been told yet.

    Allowed answers are kept for ``kept_for`` and never beyond the token's end; refusals for
    `REFUSED_FOR`; that STS was throttling or not there is never kept. Keys are hashes: no token is held.
    """

    def __init__(
        self,
        ask: Ask,
        now: Callable[[], Instant],
        metrics: Metrics,
        kept_for: timedelta,
        max_kept: int = MAX_KEPT,
    ) -> None:
        self._ask = ask
        self._now = now
        self._metrics = metrics
        self._kept_for = kept_for
        self._max_kept = max_kept
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._waiting: dict[str, asyncio.Task[Decision[StsIdentity]]] = {}

    def kept(self, fingerprint: str, now: Instant) -> Kept | None:
        """Return what is known of a token already: it was fit to be asked about, and did not end since."""
        kept = self._kept.get(fingerprint)
        if kept is None or now >= kept.until:
            return None
        self._kept.move_to_end(fingerprint)
        self._metrics.answers.labels(Cached.HIT).inc()
        return kept

    async def answer(self, question: StsQuestion) -> Decision[StsIdentity]:
        """Return who signed ``question``, of which nothing is `kept`, as `sts_answer.conclude` tells it."""
        key = question.fingerprint
        running = self._waiting.get(key)
        if running is None:
            self._metrics.answers.labels(Cached.MISS).inc()
            # A task of its own: whoever asked first may go away, and others still wait.
            running = self._waiting[key] = asyncio.create_task(self._fetch(question))
            running.add_done_callback(lambda _task: self._waiting.pop(key, None))
        else:
            self._metrics.answers.labels(Cached.SHARED).inc()
        return await asyncio.shield(running)

    async def _fetch(self, question: StsQuestion) -> Decision[StsIdentity]:
        told = await self._ask(question)
        if told.outcome is Outcome.ALLOW:
            self._keep(question, told, min(question.expires_at, self._now() + self._kept_for))
        elif told.outcome is Outcome.DENY:
            lifetime = min(self._kept_for, REFUSED_FOR)
            self._keep(question, told, min(question.expires_at, self._now() + lifetime))
        return told

    def _keep(self, question: StsQuestion, told: Decision[StsIdentity], until: Instant) -> None:
        self._kept[question.fingerprint] = Kept(told, question.access_key_id, until)
        self._kept.move_to_end(question.fingerprint)
        while len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
