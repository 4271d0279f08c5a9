"""The admission webhook: a pod in, a patch out, one answer and one line of the log for each request.

Source: amazon-eks-pod-identity-webhook ``pkg/handler``; Kubernetes documentation, "Dynamic Admission
Control". A pod is let through unchanged where that webhook does so; what cannot be read is refused.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from prometheus_client import CollectorRegistry

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.workload.code import WorkloadCode
from sekisho.decide.workload.mutation import Patch, mutate
from sekisho.decide.workload.pod_view import PodView, read_pod
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.serve.json_log import facts
from sekisho.serve.pod_identity_webhook.accounts import Accounts, Unread
from sekisho.serve.pod_identity_webhook.code import WebhookCode
from sekisho.serve.pod_identity_webhook.mappings import ConfigMapRoles, FileIdentities
from sekisho.serve.pod_identity_webhook.metrics import Metrics
from sekisho.wire.http import BodyTooLarge, Request, Response
from sekisho.wire.http.message import Handler
from sekisho.wire.kube.admission_review import (
    MAX_BODY_BYTES,
    MAX_WARNINGS,
    AdmissionReview,
    allowed,
    read_review,
    refused,
)

_log = logging.getLogger("sekisho.pod-identity-webhook")

_JSON: Final = (("content-type", "application/json"),)
_TEXT: Final = (("content-type", "text/plain; charset=utf-8"),)
SHORTEST_SPREAD: Final = 79_200
LONGEST_SPREAD: Final = 86_400
_METHODS: Final[Mapping[ReasonCode, str]] = {
    WorkloadCode.WEB_IDENTITY: "sts_web_identity",
    WorkloadCode.MAPPED: "sts_web_identity",
    WorkloadCode.POD_IDENTITY: "container_credentials",
}
_WARNED: Final = frozenset(
    {
        WorkloadCode.ACCOUNT_UNREAD,
        WorkloadCode.ROLE_NOT_ARN,
        WorkloadCode.NO_AUDIENCE,
        WorkloadCode.EXPIRATION_UNREADABLE,
        WorkloadCode.EXPIRATION_RAISED,
        WorkloadCode.STS_UNREADABLE,
        WorkloadCode.SKIP_UNREADABLE,
        WebhookCode.MAPPINGS_UNREAD,
    }
)
"""Told to whoever creates the pod: what they wrote counts otherwise than it looks, or could not be known."""


class Upkeep(Protocol):
    """Work in the background that is not a source: certificates that the webhook manages itself."""

    problem: str

    async def run(self) -> None:
        """Work until cancelled."""


class PodIdentityWebhook:
    """The checkpoint ``sekisho serve pod-identity-webhook``."""

    name = "pod-identity-webhook"

    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        roles: ConfigMapRoles | None,
        identities: FileIdentities | None,
        metrics: Metrics,
        upkeep: Upkeep | None = None,
        spread: Callable[[int, int], int] = random.randint,
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._roles = roles
        self._identities = identities
        self._metrics = metrics
        self._upkeep = upkeep
        self._spread = spread

    @property
    def paths(self) -> Mapping[str, Handler]:
        """``/mutate``, as the registration names it."""
        return {"/mutate": self.mutate}

    @property
    def registry(self) -> CollectorRegistry:
        """The metrics of this server."""
        return self._metrics.registry

    def missing(self) -> tuple[str, ...]:
        """Return the sources that were not read yet."""
        unread = [] if self._accounts.is_read else ["the service accounts"]
        if self._roles is not None and self._roles.roles is None:
            unread.append("the ConfigMap")
        return tuple(unread)

    def degraded(self) -> tuple[str, ...]:
        """Return what is wrong with the sources, or with the certificate."""
        parts = (self._accounts, self._roles, self._identities, self._upkeep)
        return tuple(part.problem for part in parts if part is not None and part.problem)

    def measure(self) -> None:
        """Set the gauges that are read off the sources."""
        self._accounts.measure()

    async def run(self) -> None:
        """Follow the sources."""
        async with asyncio.TaskGroup() as tasks:
            for part in (self._accounts, self._roles, self._identities, self._upkeep):
                if part is not None:
                    tasks.create_task(part.run())

    async def mutate(self, request: Request) -> Response:
        """Answer one AdmissionReview."""
        return await self._measured(request, self._review(request))

    async def _measured(self, request: Request, answer: Awaitable[Response]) -> Response:
        started = time.perf_counter()
        response = await answer
        seconds = time.perf_counter() - started
        metrics = self._metrics
        verb = request.method if request.method == "POST" else "other"
        metrics.seconds.observe(seconds)
        metrics.requests.labels(verb, "/mutate", str(response.status)).inc()
        metrics.latencies.labels(verb, "/mutate").observe(seconds * 1e6)
        metrics.durations.labels(verb, "/mutate").observe(seconds * 1e6)
        return response

    async def _review(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(405, b"expected POST\n", (*_TEXT, ("allow", "POST")))
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return Response(415, b"expected the content type application/json\n", _TEXT)
        try:
            review = read_review(await request.body(MAX_BODY_BYTES))
        except BodyTooLarge:
            return Response(413, f"an AdmissionReview has at most {MAX_BODY_BYTES} bytes\n".encode(), _TEXT)
        except SekishoInputError as error:
            _log.warning("malformed request", extra=facts(problem=str(error), client=_client(request)))
            return Response(400, f"{error}\n".encode(), _TEXT)
        if not review.is_creation:
            told = (("operation", review.operation), ("resource", review.resource))
            step = Step(WebhookCode.NOT_A_CREATION, Ref("request"), told)
            return self._allowed(review, None, Decision(Outcome.NO_OPINION, (step,), (step,)))
        try:
            pod = read_pod(review.pod, Ref("pod"))
        except SekishoInputError as error:
            _log.warning("malformed pod", extra=facts(problem=str(error), namespace=review.namespace))
            return Response(200, refused(review, str(error)), _JSON)
        return self._allowed(review, pod, await self._decide(review.namespace, pod))

    async def _decide(self, namespace: str, pod: PodView) -> Decision[Patch]:
        identities = self._identities.identities if self._identities is not None else frozenset()
        mapped = self._roles.of(namespace, pod.account) if self._roles is not None else None
        annotations, is_read = None, True
        try:
            annotations = await self._accounts.annotations(namespace, pod.account)
        except Unread:
            is_read = False
        known = AccountFacts(
            namespace, pod.account, annotations, is_read, mapped, (namespace, pod.account) in identities
        )
        decision = mutate(pod, known, self._settings, self._spread(SHORTEST_SPREAD, LONGEST_SPREAD))
        if decision.outcome is Outcome.NO_OPINION and self._roles is not None and self._roles.roles is None:
            # Not "no role": the ConfigMap could have given it one.
            told = (("account", known.shown), ("source", "the ConfigMap"))
            step = Step(WebhookCode.MAPPINGS_UNREAD, Ref("configmap/pod-identity-webhook"), told)
            return Decision(Outcome.UNKNOWN, (step,), (*decision.trace, step))
        return decision

    def _allowed(self, review: AdmissionReview, pod: PodView | None, decision: Decision[Patch]) -> Response:
        decisive = decision.decisive[0].code
        self._metrics.reviews.labels(str(decisive)).inc()
        if decision.allowed:
            self._metrics.pods.labels(_METHODS[decisive]).inc()
        elif decisive in (WorkloadCode.NO_ACCOUNT, WorkloadCode.ACCOUNT_UNREAD):
            self._metrics.missing.inc()
        warned = [step for step in decision.trace if step.code in _WARNED]
        self._tell(review, pod, decision, warned)
        warnings = [f"{self.name}: {step.sentence()} ({step.code})" for step in warned]
        body = allowed(review, decision.value or (), warnings, {"decision": str(decisive)})
        return Response(200, body, _JSON)

    def _tell(
        self,
        review: AdmissionReview,
        pod: PodView | None,
        decision: Decision[Patch],
        warned: Sequence[Step],
    ) -> None:
        level = logging.WARNING if warned else logging.INFO if decision.allowed else logging.DEBUG
        if not _log.isEnabledFor(level):
            return
        message = "pod changed" if decision.value else "pod left as it is"
        known = facts(
            code=list(dict.fromkeys(str(step.code) for step in decision.trace)),
            reason=decision.sentence(),
            notes=[step.sentence() for step in warned[:MAX_WARNINGS]] or None,
            namespace=review.namespace,
            pod=(pod.name if pod is not None else "") or review.name or None,
            account=pod.account if pod is not None else None,
            uid=review.uid,
            dryRun=review.is_dry_run or None,
        )
        _log.log(level, message, extra=known)


def _client(request: Request) -> str | None:
    return request.client[0] if request.client else None
