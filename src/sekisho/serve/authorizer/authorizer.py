"""The SubjectAccessReview webhook: what the access policies of the caller's entry allow, and nothing more.

It never denies: a kube-apiserver asks it beside RBAC, and whoever says yes is enough. It knows a caller
by ``extra`` (``canonicalArn``, ``principalId``), which aws-iam-authenticator and ours put there.
"""

import logging
import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.values import SekishoInputError
from sekisho.serve.entry_sources import EntrySource
from sekisho.serve.json_log import facts
from sekisho.wire.http import BodyTooLarge, Request, Response
from sekisho.wire.http.message import Handler
from sekisho.wire.kube.access_review import MAX_BODY_BYTES, AccessReview, answered, read_review

_log = logging.getLogger("sekisho.authorizer")

_JSON = (("content-type", "application/json"),)
_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_OWN = "sekisho_authorizer"


class Authorizer:
    """The checkpoint ``sekisho serve authorizer``."""

    name = "authorizer"

    def __init__(self, source: EntrySource) -> None:
        self._source = source
        self._registry = registry = CollectorRegistry()
        self._answers = Counter(f"{_OWN}_answers_total", "Answers by outcome", ["outcome"], registry=registry)
        self._latency = Histogram(f"{_OWN}_latency_seconds", "Time to answer", registry=registry)
        self._entries = Gauge(f"{_OWN}_access_entries", "Access entries in use", registry=registry)

    @property
    def paths(self) -> Mapping[str, Handler]:
        """``/authorize``, as kube-apiserver's webhook file names it."""
        return {"/authorize": self.authorize}

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics of this server."""
        return self._registry

    def missing(self) -> tuple[str, ...]:
        """Return what was not read yet."""
        return () if self._source.book is not None else ("the access entries",)

    def degraded(self) -> tuple[str, ...]:
        """Return what is wrong with the source."""
        return (self._source.problem,) if self._source.problem else ()

    def measure(self) -> None:
        """Set the gauges that are read off the source."""
        self._entries.set(len(self._source.book.placed) if self._source.book is not None else 0)

    async def run(self) -> None:
        """Follow the source."""
        await self._source.run()

    async def authorize(self, request: Request) -> Response:
        """Answer one SubjectAccessReview."""
        started = time.perf_counter()
        response = await self._review(request)
        self._latency.observe(time.perf_counter() - started)
        return response

    async def _review(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(405, b"expected POST\n", (*_TEXT, ("allow", "POST")))
        try:
            review = read_review(await request.body(MAX_BODY_BYTES))
        except BodyTooLarge:
            text = f"a SubjectAccessReview has at most {MAX_BODY_BYTES} bytes\n"
            return Response(413, text.encode(), _TEXT)
        except SekishoInputError as error:
            _log.warning("malformed request", extra=facts(problem=str(error)))
            return Response(400, f"{error}\n".encode(), _TEXT)
        book = self._source.book
        if book is None:
            self._answers.labels("unready").inc()
            return Response(503, b"the access entries were not read yet\n", (*_TEXT, ("retry-after", "1")))
        decision = policy_authorizer.explain(review.user, review.request, book)
        self._answers.labels(decision.outcome.value).inc()
        self._tell(review, decision)
        return Response(200, _answer(review, decision), _JSON)

    def _tell(self, review: AccessReview, decision: Decision[None]) -> None:
        if not decision.trace:
            return  # nobody of an access entry: RBAC's business alone
        asked = review.request
        what = asked.path if asked.path is not None else asked.resource_path
        known = {
            "code": [str(step.code) for step in decision.decisive],
            "user": review.user.name,
            "verb": asked.verb,
            "what": what,
            "namespace": asked.namespace or None,
        }
        if decision.allowed:
            _log.debug("allowed", extra=facts(**known))
        else:
            _log.info("no opinion", extra=facts(**known, reason=decision.sentence()))


def _answer(review: AccessReview, decision: Decision[None]) -> bytes:
    if not decision.trace:
        return answered(review, allowed=False, reason="")
    codes = ", ".join(str(step.code) for step in decision.decisive)
    told = f"{codes}: {decision.sentence()}"
    if decision.outcome is Outcome.UNKNOWN:
        return answered(review, allowed=False, reason="", error=told)
    return answered(review, allowed=decision.allowed, reason=told)
