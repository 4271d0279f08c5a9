"""The EKS Pod Identity agent of a node: a pod's token for credentials (amazon-eks-pod-identity-agent).

host -> rate -> token, roughly -> cache -> EKS Auth, asked as the node's role

The agent believes nothing of a token but that it is one: EKS Auth decides. Differs: the real agent answers
from its cache for up to three hours whatever becomes of the association and the pod; here an answer is not
kept beyond them, so that a change counts from the next request on, as everywhere in the lab.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sekisho.decide.decision import Decision
from sekisho.decide.proof.jws_token import UnverifiedToken, parse_token
from sekisho.decide.values import Instant, Json, Secret, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.facts import PodIdentityAssociation, kube_key
from sekisho.facts.node_identity import NodeIdentity
from sekisho.facts.pod_identity import association_for
from sekisho.lab.node.node_credentials import NodeCredentials
from sekisho.lab.node.node_door import NodeDoor
from sekisho.lab.node.rate_limit import RateLimit
from sekisho.lab.world import Clock, World
from sekisho.wire.http import Request, Response
from sekisho.wire.kube.members import text

ADDRESSES: Final = ("169.254.170.23", "fd00:ec2::23")
PATH: Final = "/v1/credentials"
MAX_CACHED: Final = 2_000
KEPT: Final = timedelta(hours=3)
LEAST_LIFE: Final = timedelta(seconds=15)
RATE, BURST = 1_000.0, 500

_IRRECOVERABLE: Final = frozenset(
    {"ResourceNotFoundException", "ExpiredTokenException", "InvalidTokenException", "AccessDeniedException"}
)
_NO_ROLE: Final = (
    "operation error EKS Auth: AssumeRoleForPodIdentity, get identity: get credentials: "
    "failed to refresh cached credentials, no EC2 IMDS role found"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and what it hangs on. ``pod`` is namespace, name and uid."""

    content: Secret
    since: Instant
    expires: Instant
    association: PodIdentityAssociation | None
    pod: tuple[str, str, str]


class PodIdentityAgent:
    """The agent of one node; owned by one event loop."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        credentials: NodeCredentials,
        door: NodeDoor,
        seconds: Callable[[], float],
        hosts: tuple[str, ...] = ADDRESSES,
    ) -> None:
        """``hosts`` are the addresses that clients name; ``seconds`` is a clock that never goes back."""
        self._world = world
        self._clock = clock
        self._credentials = credentials
        self._door = door
        self._hosts = hosts
        self._limit = RateLimit(RATE, BURST, seconds)
        # Keyed by hash: a token is a credential and is not kept.
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._turn = asyncio.Lock()

    async def serve(self, request: Request, node: NodeIdentity) -> Response:
        """Answer one request of a pod on ``node``, in the agent's statuses and words."""
        if request.path != PATH:
            return _error(404, "404 page not found")
        if not self._limit.admits():
            return _error(429, "Too Many Requests")
        host = _host(request.header("host") or "")
        if host not in self._hosts:
            listed = " ".join(self._hosts)
            return _error(
                403,
                f"Access Denied. Called agent through invalid address, please use either [{listed}] address "
                f"not {host[:256]}",
            )
        token = request.header("authorization") or ""
        if not token:
            return _error(400, "Service account token cannot be empty")
        try:
            parsed = parse_token(token)
        except SekishoInputError as error:
            problem = error.faults[0].problem
            return _error(400, f"Service account token cannot be parsed: token is malformed: {problem}")
        problem = self._fault_of_times(parsed)
        if problem:
            return _error(
                400,
                "Service account token failed basic claim validations: token has invalid claims: " + problem,
            )
        async with self._turn:
            return await self._answer(Secret(token), parsed, node)

    async def _answer(self, token: Secret, parsed: UnverifiedToken, node: NodeIdentity) -> Response:
        key = sha256(token.reveal().encode("utf-8", "surrogateescape")).digest()
        kept = self._usable(key, node)
        now = self._clock.now()
        if kept is not None and now < min(kept.since + KEPT, kept.expires):
            self._kept.move_to_end(key)
            return _credentials(kept.content)
        if node.role is None:
            return _error(500, _NO_ROLE)
        signing = self._credentials.current(node)
        if isinstance(signing, Decision):
            return _error(500, _NO_ROLE)
        name = node.cluster.name
        path = f"/clusters/{name}/assume-role-for-pod-identity"
        answer = await self._door.ask(node, signing, "eks-auth", path, {"token": token.reveal()})
        if answer.status == 200:
            return self._remember(key, parsed, answer.body, node)
        code, message = _fault(answer)
        if code in _IRRECOVERABLE:
            self._kept.pop(key, None)
        elif kept is not None:
            return _credentials(kept.content)
        request_id = next(
            (value for named, value in answer.headers if named.lower() == "x-amzn-requestid"), ""
        )
        fault = "client" if answer.status < 500 else "server"
        return _error(answer.status, f"[{request_id}]: ({code}): {message}, fault: {fault}")

    def _usable(self, key: bytes, node: NodeIdentity) -> _Kept | None:
        """Return what is kept for a token, if everything that it hangs on is still so."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        arn = str(node.cluster.arn)
        namespace, name, uid = kept.pod
        pod = self._world.facts.kube(kube_key(arn, "", "pods", namespace, name))
        is_alive = pod is not None and text(pod, "metadata", "uid") == uid
        known = kept.association
        now = known and association_for(self._world.facts, arn, known.namespace, known.service_account)
        lasts = self._clock.now() + LEAST_LIFE < kept.expires
        if is_alive and lasts and known is not None and now == known:
            return kept
        del self._kept[key]
        return None

    def _remember(self, key: bytes, parsed: UnverifiedToken, body: bytes, node: NodeIdentity) -> Response:
        answer = json.loads(body)
        given, subject = answer["credentials"], answer["subject"]
        expires = Instant.from_epoch(given["expiration"])
        account = answer["assumedRoleUser"]["arn"].split(":")[4]
        document: dict[str, Json] = {
            "AccessKeyId": given["accessKeyId"],
            "SecretAccessKey": given["secretAccessKey"],
            "Token": given["sessionToken"],
            "AccountId": account,
            "Expiration": expires.rfc3339(),
        }
        content = Secret(to_json(document).decode())
        arn = str(node.cluster.arn)
        association = association_for(self._world.facts, arn, subject["namespace"], subject["serviceAccount"])
        pod = _pod_of(parsed)
        self._kept[key] = _Kept(content, self._clock.now(), expires, association, pod)
        while len(self._kept) > MAX_CACHED:
            self._kept.popitem(last=False)
        return _credentials(content)

    def _fault_of_times(self, parsed: UnverifiedToken) -> str:
        """Return what the agent finds wrong with the times of a token; empty if nothing is."""
        now = self._clock.now().epoch
        expires, begins = parsed.claims.get("exp"), parsed.claims.get("nbf")
        if isinstance(expires, int | float) and now >= expires:
            return "token is expired"
        return "token is not valid yet" if isinstance(begins, int | float) and now < begins else ""


def _pod_of(parsed: UnverifiedToken) -> tuple[str, str, str]:
    private = parsed.claims.get("kubernetes.io")
    return text(private, "namespace"), text(private, "pod", "name"), text(private, "pod", "uid")


def _host(header: str) -> str:
    """Return the name of a Host header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _header(answer: Response, wanted: str) -> str:
    return next((value for name, value in answer.headers if name.lower() == wanted), "")


def _fault(answer: Response) -> tuple[str, str]:
    """Return code and message of a refusal."""
    code = _header(answer, "x-amzn-errortype")
    try:
        told = json.loads(answer.body)
    except ValueError:
        return code, ""
    message = told.get("message") if isinstance(told, dict) else ""
    return code, message if isinstance(message, str) else ""


def _credentials(content: Secret) -> Response:
    return Response(200, content.reveal().encode(), (("content-type", "application/json"),))


def _error(status: int, sentence: str) -> Response:
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff"))
    return Response(status, f"{sentence}\n".encode(), headers)
