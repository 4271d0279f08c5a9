"""What is not identity is answered by moto: S3 here, after our authentication and decision.

moto sees a request only when the door has let it through, with the account chosen by the
door; its own account header, authorization switches and reset endpoints are out of reach,
because clients' headers are filtered and only service requests are handed over. Its state
lives in memory and is gone with the process.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import AccountId
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.aws.route import Route
from sekisho.wire.aws.message import Response

SERVICES = frozenset({"s3"})

_ACCOUNT_HEADER = "x-moto-account-id"


class MotoServices:
    """moto, loaded on first use, asked one request at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._stubber: Any = None

    def serves(self, service: str) -> bool:
        """Tell whether moto answers for the service."""
        return service in SERVICES

    async def answer(self, where: Route, request: HttpRequest, account: AccountId) -> Response:
        """Return moto's answer to a permitted request.

        Raises:
            AwsError: the ``lab`` extra is not installed.
        """
        # moto's backends are not made for threads that run at once.
        async with self._lock:
            return await asyncio.to_thread(self._answer, where, request, account)

    def _answer(self, where: Route, request: HttpRequest, account: AccountId) -> Response:
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders

        if self._stubber is None:
            self._stubber = _load()
        headers = HTTPHeaders()
        for name, value in request.headers:
            if not name.startswith("x-moto-"):
                headers[name] = value
        headers[_ACCOUNT_HEADER] = account
        # In the path, because moto chooses its service by host name: `iam.x.s3...` would be its IAM.
        bucket = f"/{where.bucket}" if where.bucket else ""
        suffix = "amazonaws.com.cn" if where.partition == "aws-cn" else "amazonaws.com"
        host = f"{where.service.endpoint_prefix}.{where.region}.{suffix}"
        url = f"https://{host}{bucket}{request.path}" + (f"?{request.query}" if request.query else "")
        del headers["host"]
        headers["host"] = host
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, stream_output=False)
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
        return Response(
            int(status), _texts(raw_headers), body.encode() if isinstance(body, str) else bytes(body)
        )


def _load() -> Any:
    try:
        from moto.core.botocore_stubber import BotocoreStubber
    except ImportError:
        raise AwsError(
            "SekishoUnserved",
            "the lab serves this through moto; install sekisho with its extra: sekisho[lab]",
            404,
        ) from None
    return BotocoreStubber()


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the answer's headers without those that our server writes itself."""
    own = {"content-length", "date", "server", "connection", "transfer-encoding"}
    return {str(name): str(value) for name, value in headers.items() if str(name).lower() not in own}
