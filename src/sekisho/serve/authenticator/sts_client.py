"""STS asked over the network: bounded in time, in size, in how many at once, and again if that may help."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypedDict

import aiohttp
from yarl import URL

from sekisho.connect.kube.proxy import is_direct, proxy_named
from sekisho.decide.authn.iam_token import StsQuestion
from sekisho.decide.authn.sts_answer import (
    MAX_ANSWER_BYTES,
    StsAnswer,
    StsCode,
    StsFault,
    StsFaultKind,
    StsIdentity,
    conclude,
)
from sekisho.decide.authn.sts_host import StsEndpoints
from sekisho.decide.decision import Decision
from sekisho.serve.authenticator.metrics import Metrics

MAX_AT_ONCE: Final = 64
OTHER_REGION: Final = "other"

_RETRIED: Final = frozenset({StsCode.THROTTLED, StsCode.UNREACHABLE, StsCode.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer is waited for: seconds for all attempts together, how many, the first pause.

    The pause doubles, with jitter. kube-apiserver gives a webhook 30 s.
    """

    total_seconds: float = 10.0
    attempts: int = 3
    pause_seconds: float = 0.1


class _Through(TypedDict, total=False):
    """How aiohttp is told of a proxy."""

    proxy: URL
    proxy_headers: dict[str, str]


class StsClient:
    """Asks STS who signed a question."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoints: StsEndpoints,
        metrics: Metrics,
        patience: Patience,
        environ: Mapping[str, str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``environ`` may name a proxy, as for every Go program.

        Raises:
            SekishoInputError: it names one that cannot be used.
        """
        self._session = session
        self._regions = frozenset(region for known in endpoints.partitions for region in known.regions)
        self._metrics = metrics
        self._patience = patience
        self._sleep = sleep
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        # Not aiohttp's trust_env: it asks threads for every request, and sends what ~/.netrc has for STS.
        self._is_direct = lru_cache(maxsize=64)(lambda host: is_direct(host, 443, environ))
        proxy = proxy_named(environ)
        self._through: _Through = {}
        if proxy is not None:
            self._through["proxy"] = URL.build(scheme="http", host=proxy.host, port=proxy.port)
            if proxy.authorization.reveal():
                self._through["proxy_headers"] = {"proxy-authorization": proxy.authorization.reveal()}

    async def ask(self, question: StsQuestion) -> Decision[StsIdentity]:
        """Return what STS's answer means. Never raises but for cancellation."""
        told: Decision[StsIdentity] | None = None
        try:
            async with asyncio.timeout(self._patience.total_seconds):
                for attempt in range(self._patience.attempts):
                    if attempt:
                        pause = self._patience.pause_seconds * 2 ** (attempt - 1)
                        await self._sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                    told = conclude(question, await self._once(question))
                    if not {step.code for step in told.decisive} & _RETRIED:
                        break
        except TimeoutError:
            if told is None:
                self._metrics.sts_failures.labels(self._region(question)).inc()
                told = conclude(question, StsFault(StsFaultKind.TIMEOUT))
        assert told is not None  # noqa: S101 - there is at least one attempt
        return told

    async def _once(self, question: StsQuestion) -> StsAnswer | StsFault:
        region = self._region(question)
        async with self._places:
            answer = await self._request(question)
        if isinstance(answer, StsFault):
            self._metrics.sts_failures.labels(region).inc()
            return answer
        self._metrics.sts_responses.labels(str(answer.status), region).inc()
        return answer

    async def _request(self, question: StsQuestion) -> StsAnswer | StsFault:
        # The target is signed as it stands: nothing may encode it again.
        url = URL(f"https://{question.host}{question.target.reveal()}", encoded=True)
        through = _Through() if self._is_direct(question.host) else self._through
        headers = dict(question.headers)
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False, **through) as response:
                body = bytearray()
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > MAX_ANSWER_BYTES:
                        break
                return StsAnswer(response.status, bytes(body[: MAX_ANSWER_BYTES + 1]))
        except TimeoutError:  # before ClientError: aiohttp's time-outs are both
            return StsFault(StsFaultKind.TIMEOUT)
        except aiohttp.ClientConnectionError:
            return StsFault(StsFaultKind.CONNECT)
        except (aiohttp.ClientError, OSError, ValueError):
            return StsFault(StsFaultKind.READ)

    def _region(self, question: StsQuestion) -> str:
        """Return the region for a label: those that somebody made up would make labels without end."""
        return question.region if question.region in self._regions else OTHER_REGION
