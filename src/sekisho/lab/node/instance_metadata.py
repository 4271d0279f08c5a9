"""The instance metadata service of a node, with the credentials of its role (IMDS, versions 1 and 2).

Source: Amazon EC2 User Guide, "Use the Instance Metadata Service", "Instance metadata categories",
"Retrieve security credentials from instance metadata".
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sekisho.decide.decision import Decision
from sekisho.decide.values import Instant, Json
from sekisho.decide.values.documents import to_json
from sekisho.facts.node_identity import NodeIdentity, instance_profile_of
from sekisho.lab.node.node_credentials import NodeCredentials, NodeKeys
from sekisho.lab.world import Clock, World
from sekisho.wire.http import Request, Response

ADDRESSES: Final = ("169.254.169.254", "fd00:ec2::254")
TOKEN_PATH: Final = "/latest/api/token"  # noqa: S105 - a path
TTL_HEADER: Final = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER: Final = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
MAX_TTL_SECONDS: Final = 21_600
MAX_TOKENS: Final = 4_096
MAX_PATH_CHARS: Final = 1_024
DROPPED_SECONDS: Final = 60.0
"""How long a connection is held whose answer would not get as far as the client."""

_TEXT = ("content-type", "text/plain")
_INSTANCE_TYPE = "m5.large"


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """How an instance is set up (EC2 API, "InstanceMetadataOptions"); defaults are those of EKS's nodes.

    ``hop_limit`` is how many network hops the answer to a PUT may travel: 1 keeps it from pods that have a
    network of their own.
    """

    http_tokens_required: bool = True
    hop_limit: int = 2


class InstanceMetadata:
    """The metadata services of the nodes of a lab; owned by one event loop."""

    def __init__(self, world: World, clock: Clock, credentials: NodeCredentials) -> None:
        self._world = world
        self._clock = clock
        self._credentials = credentials
        # Keyed by hash: a token is a credential and is not kept.
        self._tokens: OrderedDict[bytes, tuple[tuple[str, str], Instant]] = OrderedDict()

    async def serve(
        self, request: Request, node: NodeIdentity, hops: int = 1, options: MetadataOptions | None = None
    ) -> Response:
        """Answer one request; ``hops`` is how far away the client is: 1 the node itself, 2 a pod on it."""
        options = options or MetadataOptions()
        if len(request.path) > MAX_PATH_CHARS:
            return _refusal(414, "URI Too Long")
        if request.method == "PUT":
            if hops > options.hop_limit:
                return await _dropped(request)
            return self._new_token(request, node)
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, "Method Not Allowed")
        if not self._may_read(request, node, options):
            return _refusal(401, "Unauthorized")
        return self._read(request.path, node)

    def _new_token(self, request: Request, node: NodeIdentity) -> Response:
        if request.path != TOKEN_PATH:
            return _refusal(405, "Method Not Allowed")
        if request.header("x-forwarded-for") is not None:
            # Open proxies add this header; no token leaves the node through one.
            return _refusal(403, "Forbidden")
        asked = request.header(TTL_HEADER) or ""
        if not (
            asked.isascii() and asked.isdecimal() and len(asked) <= 5 and 1 <= int(asked) <= MAX_TTL_SECONDS
        ):
            return _refusal(400, "Bad Request")
        token = secrets.token_urlsafe(40)
        ends = self._clock.now() + timedelta(seconds=int(asked))
        self._tokens[_hash(token)] = (node.key, ends)
        while len(self._tokens) > MAX_TOKENS:
            self._tokens.popitem(last=False)
        return Response(200, token.encode(), (_TEXT, (TTL_HEADER, asked)))

    def _may_read(self, request: Request, node: NodeIdentity, options: MetadataOptions) -> bool:
        token = request.header(TOKEN_HEADER)
        if token is None:
            return not options.http_tokens_required
        found = self._tokens.get(_hash(token))
        return found is not None and found[0] == node.key and self._clock.now() < found[1]

    def _read(self, path: str, node: NodeIdentity) -> Response:
        names = [name for name in path.split("/") if name]
        if not names:
            return Response(200, b"latest", (_TEXT,))
        found: _Entry = {
            "latest": {"meta-data": self._meta_data(node), "dynamic": _dynamic(self._world, node)}
        }
        for name in names:
            if not isinstance(found, Mapping) or name not in found:
                return _refusal(404, "Not Found")
            found = found[name]
        if isinstance(found, Mapping):
            listed = [f"{name}/" if isinstance(below, Mapping) else name for name, below in found.items()]
            return Response(200, "\n".join(listed).encode(), (_TEXT,))
        content = found if isinstance(found, str) else found()
        return Response(200, content.encode(), (_TEXT,))

    def _meta_data(self, node: NodeIdentity) -> "Mapping[str, _Entry]":
        found: dict[str, _Entry] = {
            "hostname": node.name,
            "instance-id": node.instance,
            "instance-type": _INSTANCE_TYPE,
            "local-hostname": node.name,
            "local-ipv4": node.address,
            "placement": {"availability-zone": node.zone, "region": node.cluster.region},
            "services": {"domain": "amazonaws.com", "partition": node.cluster.partition},
        }
        if not node.address:
            del found["local-ipv4"]
        if node.role is not None:
            role = node.role
            found["iam"] = {
                "info": lambda: self._info(node),
                "security-credentials": {role.name: lambda: self._security_credentials(node)},
            }
        return dict(sorted(found.items()))

    def _info(self, node: NodeIdentity) -> str:
        assert node.role is not None  # noqa: S101 - the tree has no such entry otherwise
        arn, profile_id = instance_profile_of(self._world.facts, node.role)
        return _json(
            {
                "Code": "Success",
                "LastUpdated": self._clock.now().rfc3339(),
                "InstanceProfileArn": arn,
                "InstanceProfileId": profile_id,
            }
        )

    def _security_credentials(self, node: NodeIdentity) -> str:
        assert node.role is not None  # noqa: S101 - the tree has no such entry otherwise
        found = self._credentials.current(node)
        if isinstance(found, Decision):
            return _json(
                {
                    "Code": "AssumeRoleUnauthorizedAccess",
                    "Message": f"EC2 cannot assume the role {node.role.name}. Please see documentation at "
                    "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
                    "troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.",
                    "LastUpdated": self._clock.now().rfc3339(),
                }
            )
        return _json(_credentials_document(found))


_Entry = Mapping[str, "_Entry"] | str | Callable[[], str]


def _dynamic(world: World, node: NodeIdentity) -> Mapping[str, _Entry]:
    account = world.facts.account(node.cluster.account)
    document: dict[str, Json] = {
        "accountId": node.cluster.account if account is None else account.account,
        "architecture": "x86_64",
        "availabilityZone": node.zone,
        "instanceId": node.instance,
        "instanceType": _INSTANCE_TYPE,
        "privateIp": node.address,
        "region": node.cluster.region,
        "version": "2017-09-30",
    }
    return {"instance-identity": {"document": _json(document)}}


def _credentials_document(found: NodeKeys) -> dict[str, Json]:
    assert found.keys.session_token is not None  # noqa: S101 - they are temporary
    return {
        "Code": "Success",
        "LastUpdated": found.issued.rfc3339(),
        "Type": "AWS-HMAC",
        "AccessKeyId": found.keys.access_key_id,
        "SecretAccessKey": found.keys.secret.reveal(),
        "Token": found.keys.session_token.reveal(),
        "Expiration": found.expires.rfc3339(),
    }


async def _dropped(request: Request) -> Response:
    """Answer nothing for as long as the client waits: the packets of an answer would end on the way."""
    try:
        await asyncio.wait_for(request.disconnected(), DROPPED_SECONDS)
    except TimeoutError:
        return _refusal(408, "Request Timeout")
    raise ConnectionError("the client went away")


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdecimal() and len(written) <= 5


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _json(document: Mapping[str, Json]) -> str:
    return to_json(dict(document)).decode()


def _refusal(status: int, title: str) -> Response:
    body = f"{status} - {title}\n"
    return Response(status, body.encode(), (_TEXT,))
