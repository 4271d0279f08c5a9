"""How what runs on a node asks AWS: a request that the node's role signs, through the lab's own door.

The door verifies it like any other, so a missing permission of the node's role is explained like any other.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.sign import sign_headers
from sekisho.decide.values import Json
from sekisho.decide.values.documents import to_json
from sekisho.facts.node_identity import NodeIdentity
from sekisho.lab.node.node_credentials import NodeKeys
from sekisho.lab.world import Clock
from sekisho.wire.http import Request, Response

Serve = Callable[[Request], Awaitable[Response]]
_DUAL_STACK = {"aws-cn": "api.amazonwebservices.com.cn"}
_PEER = ("127.0.0.1", 0)


class NodeDoor:
    """Asks the lab's AWS for nodes."""

    def __init__(self, serve: Serve, clock: Clock) -> None:
        self._serve = serve
        self._clock = clock

    async def ask(
        self, node: NodeIdentity, keys: NodeKeys, service: str, path: str, body: Mapping[str, Json]
    ) -> Response:
        """Return the answer to a POST of ``body`` to a service's dual-stack host in the node's region."""
        cluster = node.cluster
        host = f"{service}.{cluster.region}.{_DUAL_STACK.get(cluster.partition, 'api.aws')}"
        content = to_json(dict(body))
        headers = (
            ("host", host),
            ("content-type", "application/json"),
            ("content-length", str(len(content))),
            ("user-agent", "eks-pod-identity-agent"),
        )
        asked = HttpRequest("POST", path, "", headers, content)
        today = self._clock.client_now(None)
        signed = sign_headers(asked, keys.keys, today, region=cluster.region, service=service)
        return await self._serve(
            Request(signed.method, signed.path, signed.query, signed.headers, _PEER, _receiver(content))
        )


def _receiver(content: bytes) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive
