"""The TokenReview webhook: plan -> STS -> mapping, one answer and one line of the log for each request.

Source: aws-iam-authenticator ``pkg/server``; what differs is told apart where it could not be before:
refused (200 with a reason), throttled (429), STS not there (503).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from sekisho.decide.authn.iam_token import TokenServer, fingerprint, plan
from sekisho.decide.authn.mapping import resolve, wanted_instance
from sekisho.decide.authn.sts_answer import StsCode, StsIdentity
from sekisho.decide.authn.templates import PrivateDnsNames
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import Instant, KubeUser, Ref, SekishoInputError
from sekisho.serve.authenticator.answers import Answers
from sekisho.serve.authenticator.code import ServeCode
from sekisho.serve.authenticator.file_sources import DynamicModes
from sekisho.serve.authenticator.metrics import Metrics, Result
from sekisho.serve.authenticator.oidc_file import OidcFile
from sekisho.serve.authenticator.private_dns import PrivateDns
from sekisho.serve.authenticator.sources import Sources
from sekisho.serve.json_log import facts
from sekisho.wire.http import BodyTooLarge, Request, Response
from sekisho.wire.http.message import Handler
from sekisho.wire.kube.token_review import (
    MAX_BODY_BYTES,
    TokenReview,
    admitted,
    read_review,
    refused,
)

_log = logging.getLogger("sekisho.authenticator")

_JSON = (("content-type", "application/json"),)
_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_NO_NAMES: PrivateDnsNames = {}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The answer to one token, the identity if STS named one, and the decision that ended it.

    ``is_id_token``: an issuer's token was decided about, not one of IAM.
    """

    decision: Decision[KubeUser] | Decision[object]
    identity: StsIdentity | None
    access_key_id: str = ""
    is_id_token: bool = False


class Authenticator:
    """The checkpoint ``sekisho serve authenticator``."""

    name = "authenticator"

    def __init__(
        self,
        server: TokenServer,
        sources: Sources,
        answers: Answers,
        private_dns: PrivateDns | None,
        scrubbed_accounts: frozenset[str],
        metrics: Metrics,
        now: Callable[[], Instant],
        modes: DynamicModes | None = None,
        issuers: OidcFile | None = None,
        api_audiences: tuple[str, ...] = (),
    ) -> None:
        """``api_audiences`` are those of the cluster, if reviews are to be held to them."""
        self._server = server
        self._sources = sources
        self._answers = answers
        self._private_dns = private_dns
        self._scrubbed = scrubbed_accounts
        self._metrics = metrics
        self._now = now
        self._modes = modes
        self._issuers = issuers
        self._api_audiences = api_audiences

    @property
    def paths(self) -> Mapping[str, Handler]:
        """``/authenticate``, as kube-apiserver's webhook file names it."""
        return {"/authenticate": self.authenticate}

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics of this server."""
        return self._metrics.registry

    def missing(self) -> tuple[str, ...]:
        """Return the sources that were not read yet."""
        return self._sources.missing()

    def degraded(self) -> tuple[str, ...]:
        """Return what is wrong with the sources."""
        files = (self._modes, self._issuers)
        problems = tuple(file.problem for file in files if file is not None and file.problem)
        return (*self._sources.degraded(), *problems)

    def measure(self) -> None:
        """Set the gauges that are read off the sources."""
        self._sources.measure()

    async def run(self) -> None:
        """Follow the sources, and the file that says which they are."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sources.run())
            if self._modes is not None:
                tasks.create_task(self._modes.run())
            if self._issuers is not None:
                tasks.create_task(self._issuers.run())

    async def authenticate(self, request: Request) -> Response:
        """Answer one TokenReview."""
        started = time.perf_counter()
        response, result = await self._review(request)
        self._metrics.latency.labels(result).observe(time.perf_counter() - started)
        return response

    async def _review(self, request: Request) -> tuple[Response, Result]:
        if request.method != "POST":
            return Response(405, b"expected POST\n", (*_TEXT, ("allow", "POST"))), Result.MALFORMED
        try:
            review = read_review(await request.body(MAX_BODY_BYTES))
        except BodyTooLarge:
            text = f"a TokenReview has at most {MAX_BODY_BYTES} bytes\n"
            return Response(413, text.encode(), _TEXT), Result.MALFORMED
        except SekishoInputError as error:
            _log.warning("malformed request", extra=facts(problem=str(error), client=_client(request)))
            return Response(400, f"{error}\n".encode(), _TEXT), Result.MALFORMED
        verdict = self._refuse_audiences(review) or await self._judge(review.token.reveal())
        self._tell(verdict, request)
        return self._answer(review, verdict)

    def _refuse_audiences(self, review: TokenReview) -> _Verdict | None:
        if not self._api_audiences or not review.audiences or self._audiences(review):
            return None
        facts_ = ("wanted", ", ".join(review.audiences)[:200]), ("audiences", ", ".join(self._api_audiences))
        step = Step(ServeCode.AUDIENCE, Ref("request", "/spec/audiences"), facts_)
        return _Verdict(Decision(Outcome.DENY, (step,), (step,)), None)

    def _audiences(self, review: TokenReview) -> tuple[str, ...]:
        """Return the audiences of the cluster that ``review`` asks for; all if it asks for none."""
        wanted = review.audiences or self._api_audiences
        return tuple(one for one in self._api_audiences if one in wanted)

    async def _judge(self, token: str) -> _Verdict:
        now = self._now()
        kept = self._answers.kept(fingerprint(token), now)
        if kept is not None:
            return await self._mapped(kept.told, kept.access_key_id)
        planned = plan(token, self._server, now)
        if planned.outcome is Outcome.NO_OPINION and self._issuers is not None:
            decided = await self._issuers.decide(token, now)
            self._metrics.id_tokens.labels(str(decided.outcome)).inc()
            return _Verdict(decided, None, is_id_token=True)
        if planned.value is None:
            return _Verdict(planned, None)
        question = planned.value
        return await self._mapped(await self._answers.answer(question), question.access_key_id)

    async def _mapped(self, told: Decision[StsIdentity], access_key_id: str) -> _Verdict:
        if told.value is None:
            return _Verdict(told, None, access_key_id)
        identity = told.value
        missing = self._sources.missing()
        if missing:
            # A source that was not read may map the caller otherwise than those after it.
            unread = Step(ServeCode.SOURCES_UNREAD, Ref("sources"), (("sources", ", ".join(missing)),))
            return _Verdict(Decision(Outcome.UNKNOWN, (unread,), (unread,)), identity, access_key_id)
        backends = self._sources.backends()
        names = _NO_NAMES
        if self._private_dns is not None:
            instance = wanted_instance(identity, backends)
            if instance is not None:
                names = await self._private_dns.lookup(instance)
        mapped = resolve(identity, backends, names, self._scrubbed)
        if not mapped.allowed:
            # Again with a trace, on the same facts: the reason names what came nearest.
            mapped = resolve(identity, backends, names, self._scrubbed, explain=True)
        return _Verdict(mapped, identity, access_key_id)

    def _answer(self, review: TokenReview, verdict: _Verdict) -> tuple[Response, Result]:
        decision = verdict.decision
        if decision.allowed and isinstance(decision.value, KubeUser):
            return Response(
                200, admitted(review, decision.value, self._audiences(review)), _JSON
            ), Result.SUCCESS
        for step in decision.decisive:
            self._metrics.refusals.labels(str(step.code)).inc()
        codes = {step.code for step in decision.decisive}
        reason = self._reason(verdict)
        body = refused(review, reason)
        if StsCode.THROTTLED in codes:
            return Response(429, body, (*_JSON, ("retry-after", "1"))), Result.STS_THROTTLING
        if decision.outcome is Outcome.UNKNOWN:
            result = Result.UNKNOWN_USER if verdict.identity is not None else Result.STS_ERROR
            result = Result.ISSUER_ERROR if verdict.is_id_token else result
            return Response(503, body, (*_JSON, ("retry-after", "1"))), result
        if verdict.identity is not None:
            return Response(200, body, _JSON), Result.UNKNOWN_USER
        result = Result.STS_ERROR if codes & set(StsCode) else Result.INVALID
        return Response(200, body, _JSON), result

    def _tell(self, verdict: _Verdict, request: Request) -> None:
        decision, identity = verdict.decision, verdict.identity
        level = logging.DEBUG if decision.allowed else logging.WARNING
        if not _log.isEnabledFor(level):
            return
        codes = [str(step.code) for step in decision.decisive]
        known: dict[str, object] = {"code": codes, "client": _client(request)}
        if not self._is_scrubbed(verdict):
            known["accessKeyId"] = verdict.access_key_id or None
            if identity is not None:
                known |= {"arn": str(identity.arn), "userId": identity.user_id}
            if isinstance(decision.value, KubeUser):
                known["username"] = decision.value.name
            if not decision.allowed:
                known["reason"] = decision.sentence()
                known["nearest"] = [step.sentence() for step in decision.nearest] or None
        _log.log(level, "access granted" if decision.allowed else "access denied", extra=facts(**known))

    def _is_scrubbed(self, verdict: _Verdict) -> bool:
        """Whether the caller's account stays out of logs: its people administer the cluster for others."""
        return verdict.identity is not None and verdict.identity.account in self._scrubbed

    def _reason(self, verdict: _Verdict) -> str:
        """Return the refusal as text: code, sentence, the nearest miss, what would help."""
        decision = verdict.decision
        codes = ", ".join(str(step.code) for step in decision.decisive)
        if self._is_scrubbed(verdict):
            return codes
        parts = [f"{codes}: {decision.sentence()}"]
        parts += [f"nearest: {step.sentence()}" for step in decision.nearest[:1]]
        parts += [f"repair: {repair.sentence()}" for repair in decision.repairs[:1]]
        return "; ".join(parts)


def _client(request: Request) -> str | None:
    return request.client[0] if request.client else None
