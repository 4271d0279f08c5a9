"""Make the token that proves an IAM identity to one EKS cluster.

The token is a presigned GET of STS GetCallerIdentity with the cluster's name as a signed header that
the URL does not carry (aws-iam-authenticator, README, "API Authorization from Outside a Cluster").
Which host and region are signed follows botocore's endpoint rules, including
``AWS_STS_REGIONAL_ENDPOINTS``, ``AWS_ENDPOINT_URL`` and ``AWS_ENDPOINT_URL_STS``; nothing is sent there.
"""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session
from botocore.utils import percent_encode_sequence

from sekisho.connect.aws_errors import aws_errors
from sekisho.connect.aws_session import AwsKeys, botocore_credentials, current_keys, open_client, role_keys
from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.token_request import TokenRequest
from sekisho.decide.values import Instant, Secret

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
LIFETIME = timedelta(minutes=14)
"""STS answers the URL for 15 minutes after its date; clients are told one minute less."""

_EXPIRES_SECONDS = 60  # what every client sends; STS goes by the date


def sign_token(session: Session, request: TokenRequest, clock: Callable[[], Instant]) -> BearerToken:
    """Return a token for ``request.cluster``, signed at ``clock()``.

    Offline once the credentials are there; with ``request.role`` one call of STS AssumeRole comes
    first. The token's end is 14 minutes away, or the end of the credentials if that is sooner.

    Raises:
        SekishoInputError: the AWS configuration is wrong or names no region.
        EnvironmentFailure: no credentials, or STS refused the role or could not be reached.
    """
    keys = current_keys(session)
    sts = open_client(session, "sts", keys)
    address, region = _where_to_sign(sts)
    if request.role is not None:
        keys = role_keys(sts, request.role)
    now = clock()
    url = _presigned_url(address, region, request.cluster, keys, now)
    text = PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    ends = now + LIFETIME
    return BearerToken(Secret(text), min(ends, keys.expires) if keys.expires else ends)


def _where_to_sign(sts: Any) -> tuple[str, str]:
    """Return URL and region that botocore would sign for GetCallerIdentity.

    botocore tells them only to whoever listens while it signs, so it is made to sign once.
    """
    heard: list[tuple[str, str]] = []

    def listen(request: Any, region_name: str, **_: object) -> None:
        heard.append((request.url, request.context.get("signing", {}).get("region") or region_name))

    event = "before-sign.sts.GetCallerIdentity"
    sts.meta.events.register(event, listen)
    try:
        with aws_errors("sts:GetCallerIdentity"):
            sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    finally:
        sts.meta.events.unregister(event, listen)
    return heard[-1]


def _presigned_url(address: str, region: str, cluster: str, keys: AwsKeys, now: Instant) -> str:
    """Return the URL, its parameters in the order of ``aws eks get-token`` (SigV4, "Query parameters")."""
    request = AWSRequest(method="GET", url=address, headers={CLUSTER_HEADER: cluster})
    request.context["timestamp"] = now.amz()
    signer = SigV4Auth(botocore_credentials(keys), "sts", region)
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": signer.scope(request),
        "X-Amz-Date": now.amz(),
        "X-Amz-Expires": str(_EXPIRES_SECONDS),
        "X-Amz-SignedHeaders": signer.signed_headers(signer.headers_to_sign(request)),
    }
    if keys.session_token.reveal():
        query["X-Amz-Security-Token"] = keys.session_token.reveal()
    request.url = f"{address}?{percent_encode_sequence(query)}"
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return f"{request.url}&X-Amz-Signature={signer.signature(text, request)}"
