"""What a real kube-apiserver asks the lab: who sends this token, do the access policies allow it, which role.

One small HTTPS server per cluster, on loopback. The API server shows a token of its own; whoever has
none is refused. Admission webhooks are asked without credentials, so the path of that one is a secret.
"""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Final

import jsonpatch

from sekisho.decide.decision import Outcome
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.values import Json, JsonObject, Secret, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.lab.envtest.audit import AuditLog
from sekisho.lab.kube.admission import admit
from sekisho.lab.kube.authenticator import Authenticator
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.world import World
from sekisho.wire.http import BodyTooLarge, Request, Response
from sekisho.wire.kube import access_review, admission_review, token_review
from sekisho.wire.kube.members import text
from sekisho.wire.kube.registry import CORE, REGISTRY

_BEARER: Final = "Bearer "
_PODS: Final = REGISTRY.at_path(CORE.group, CORE.version, "pods")

FreshAccount = Callable[[str, str], Awaitable[None]]
"""Makes the lab's copy of a service account (its namespace and name) as new as the cluster's own."""


class Checkpoints:
    """Answers the webhooks of one cluster's API server."""

    def __init__(
        self,
        world: World,
        cluster: LiveCluster,
        authenticator: Authenticator,
        audit: AuditLog,
        token: Secret,
        admission: Secret,
        fresh_account: FreshAccount,
    ) -> None:
        self._world = world
        self._cluster = cluster
        self._authenticator = authenticator
        self._audit = audit
        self._token = token
        self._admission = admission
        self._fresh_account = fresh_account

    async def serve(self, request: Request) -> Response:
        """Answer one request; never raises for what was sent."""
        if hmac.compare_digest(request.path.encode(), f"/mutate/{self._admission.reveal()}".encode()):
            answer = self._mutate
        else:
            shown = request.header("authorization") or ""
            if not hmac.compare_digest(shown.encode(), f"{_BEARER}{self._token.reveal()}".encode()):
                return _told(401, "expected the token that the lab gave to the API server of this cluster")
            match request.path:
                case "/authenticate":
                    answer = self._authenticate
                case "/authorize":
                    answer = self._authorize
                case "/audit":
                    answer = self._note
                case _:
                    return _told(404, "no such checkpoint")
        if request.method != "POST":
            return _told(405, "expected POST")
        try:
            return await answer(request)
        except SekishoInputError as error:
            return _told(400, str(error))
        except BodyTooLarge:
            return _told(413, "the body is too large")

    async def _authenticate(self, request: Request) -> Response:
        review = token_review.read_review(await request.body(token_review.MAX_BODY_BYTES))
        found = await self._authenticator.authenticate(review.token.reveal(), review.audiences)
        # The API server has refused the tokens of its own accounts already where they come to us.
        if found.user is None or not found.links or found.audiences:
            self._audit.refused_token(found)
            return _json(token_review.refused(review, _why(found.links)))
        self._audit.remember(found)
        return _json(token_review.admitted(review, found.user, review.audiences))

    async def _authorize(self, request: Request) -> Response:
        review = access_review.read_review(await request.body(access_review.MAX_BODY_BYTES))
        found = policy_authorizer.explain(review.user, review.request, self._cluster.entries)
        reason = found.sentence() if found.decisive else ""
        return _json(access_review.answered(review, allowed=found.outcome is Outcome.ALLOW, reason=reason))

    async def _mutate(self, request: Request) -> Response:
        review = admission_review.read_review(await request.body(admission_review.MAX_BODY_BYTES))
        pod = review.pod
        patch: list[Json] = []
        if review.is_creation and isinstance(pod, dict) and _PODS is not None:
            await self._fresh_account(review.namespace, text(pod, "spec", "serviceAccountName") or "default")
            wanted = admit(_PODS, review.namespace, pod, self._cluster.cluster, self._world.facts)
            patch = list(jsonpatch.make_patch(pod, wanted).patch)
        return _json(_admitted(review, patch))

    async def _note(self, request: Request) -> Response:
        await self._audit.note(request)
        return _json(b"{}")


def _why(links: object) -> str:
    failed = next((link for link in links if not link.decision.allowed), None)  # type: ignore[attr-defined]
    return failed.decision.sentence() if failed is not None else "the identity is not mapped"


def _admitted(review: admission_review.AdmissionReview, patch: list[Json]) -> bytes:
    response: dict[str, Json] = {"uid": review.uid, "allowed": True}
    if patch:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(to_json(patch)).decode()}
    document: JsonObject = {
        "kind": "AdmissionReview",
        "apiVersion": review.api_version,
        "response": response,
    }
    return to_json(document)


def _json(body: bytes) -> Response:
    return Response(200, body, (("content-type", "application/json"),))


def _told(status: int, sentence: str) -> Response:
    return Response(status, json.dumps({"error": sentence}).encode(), (("content-type", "application/json"),))
