"""Questions to a lab's cluster with tokens of boto callers, as clients of Kubernetes send them."""

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.boto_lab import REGION, Caller


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer: the HTTP status and the decoded body."""

    status: int
    body: Any


def ask_kube(
    caller: Caller, cluster: str, path: str, method: str = "GET", body: object = None, region: str = REGION
) -> Asked:
    """Send one request to a cluster with a token that ``caller`` signs now."""
    described = caller.lab.client.get("/status")["clusters"]
    endpoint = urlsplit(next(one["endpoint"] for one in described if one["name"] == cluster))
    connection = http.client.HTTPSConnection(
        str(endpoint.hostname), endpoint.port, timeout=20, context=_tls(caller)
    )
    headers = {"Authorization": f"Bearer {token_of(caller, cluster, region)}", "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return Asked(response.status, json.loads(response.read() or b"{}"))
    finally:
        connection.close()


def token_of(caller: Caller, cluster: str, region: str = REGION) -> str:
    """Return a token for a cluster, as `aws eks get-token` makes it."""
    url = f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(Credentials(caller.key_id, caller.secret, caller.token), "sts", region, 60).add_auth(
        request
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def _tls(caller: Caller) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(caller.lab.state.ca))
