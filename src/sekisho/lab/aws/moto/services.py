"""What is not identity is answered by moto, after our authentication and decision.

moto sees a request only when the door has let it through, written anew for it and with the
account chosen by the door; its own account header, authorization switches and reset endpoints
are out of reach. Its state lives in memory and is gone with the process, policies included.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import AccountId
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.moto.request import MotoRequest, moto_request
from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.message import Call, Response

_SWITCHES = (
    "DEFAULT_CONTAINER_REGISTRY",
    "INITIAL_NO_AUTH_ACTION_COUNT",
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME",
    "S3_UPLOAD_PART_MIN_SIZE",
    "TEST_PROXY_MODE",
    "TEST_SERVER_MODE",
)
_BLOCKED = {
    "block_public_acls": True,
    "ignore_public_acls": True,
    "block_public_policy": True,
    "restrict_public_buckets": True,
}


class MotoServices:
    """moto, loaded on first use, asked one request at a time.

    ``turn`` is held over a decision and the answer that follows from it: what was decided about
    is what is answered about.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._stubber: Any = None

    async def answer(
        self, where: Route, call: Call, request: HttpRequest, account: AccountId | str
    ) -> Response:
        """Return moto's answer to a permitted request; the caller holds ``turn``.

        Raises:
            AwsError: the ``lab`` extra is not installed, or moto stumbles over the request.
        """
        asked = moto_request(where, call, request, account)
        # moto's backends are not made for threads that run at once.
        return await asyncio.to_thread(self._answer, where, call, asked, account)

    def _answer(self, where: Route, call: Call, asked: MotoRequest, account: AccountId | str) -> Response:
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders

        if self._stubber is None:
            self._stubber = _load()
        headers = HTTPHeaders()
        for name, value in asked.headers:
            headers[name] = value
        prepared = AWSPreparedRequest(asked.method, asked.url, headers, asked.body, stream_output=False)
        try:
            answer = self._stubber.process_request(prepared)
        except Exception as error:  # noqa: BLE001 - moto's handlers raise whatever they stumble over
            raise AwsError(
                "SekishoUnserved",
                f"moto cannot answer this request of {where.service.name} ({type(error).__name__})",
            ) from None
        if answer is None:
            raise AwsError(
                "SekishoUnserved", f"the lab does not serve this request of {where.service.name}", 404
            )
        status, raw_headers, body = answer
        if call.operation.name == "CreateBucket" and where.service.name == "s3" and int(status) < 300:
            _block_public_access(call.parameters["Bucket"], account, where.partition)
        content = body.encode() if isinstance(body, str) else bytes(body)
        if int(status) >= 500:
            # Clients would ask again.
            problem = f"moto cannot answer this request of {where.service.name} (status {int(status)})"
            raise AwsError("SekishoUnserved", problem)
        return Response(int(status), _texts(raw_headers, is_head=asked.method == "HEAD"), content)


def _load() -> Any:
    for name in [*(name for name in os.environ if name.startswith("MOTO_")), *_SWITCHES]:
        # Whoever started the lab may use moto elsewhere: none of its switches holds here.
        os.environ.pop(name, None)
    try:
        from moto.core.botocore_stubber import BotocoreStubber
        from moto.iam.access_control import PermissionResult
        from moto.s3.models import FakeBucket
    except ImportError:
        raise AwsError(
            "SekishoUnserved",
            "the lab serves this through moto; install sekisho with its extra: sekisho[lab]",
            404,
        ) from None
    # moto reads bucket policies by rules of its own; they have been decided about before.
    setattr(FakeBucket, "get_permission", lambda *_asked: PermissionResult.NEUTRAL)  # noqa: B010 - a method
    return BotocoreStubber()


def _block_public_access(bucket: Any, account: AccountId | str, partition: str) -> None:
    """Give a new bucket what S3 gives each since April 2023 (S3 User Guide, "Blocking public access")."""
    from moto.s3.models import PublicAccessBlock, s3_backends

    s3_backends[account][partition].buckets[bucket].public_access_block = PublicAccessBlock(**_BLOCKED)


def _texts(headers: Mapping[str, Any], *, is_head: bool) -> dict[str, str]:
    """Return the answer's headers without those that our server writes itself."""
    own = {"date", "server", "connection", "transfer-encoding"} | (set() if is_head else {"content-length"})
    return {str(name): str(value) for name, value in headers.items() if str(name).lower() not in own}
