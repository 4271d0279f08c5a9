"""The requests that ``eksctl create iamidentitymapping`` and its OIDC command send, without eksctl.

In the order and form in which eksctl sends them: query and REST requests to AWS's own host names
through the proxy, and a ConfigMap read and put back with a token that eksctl presigns itself
(expiry of 60 seconds, signed headers ``host;x-k8s-aws-id``).
"""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import yaml
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sekisho.testing import RunningLab

ACCOUNT = "111122223333"
REGION = "ap-northeast-1"
STS, EKS = f"sts.{REGION}.amazonaws.com", f"eks.{REGION}.amazonaws.com"
CLUSTER = "eks-clu"
CLUSTER_ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
AWS_AUTH = "/api/v1/namespaces/kube-system/configmaps/aws-auth"
ARN = f"arn:aws:iam::{ACCOUNT}:user/eksctl-maps-me"


@dataclass(frozen=True)
class Eksctl:
    """Sends what eksctl would."""

    lab: RunningLab
    credentials: Credentials

    def aws(
        self, host: str, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Send a signed request to an AWS name through the lab's proxy."""
        request = AWSRequest(method, f"https://{host}{path}", dict(headers or {}), body)
        SigV4Auth(self.credentials, host.partition(".")[0], REGION).add_auth(request)
        proxy = urlsplit(self.lab.status["proxy"])
        connection = http.client.HTTPSConnection(
            str(proxy.hostname), proxy.port, timeout=20, context=self.tls()
        )
        connection.set_tunnel(host)
        return answer_of(connection, method, path, body, dict(request.headers.items()))

    def kubernetes(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        """Send a request to the cluster with a token of the moment."""
        endpoint = urlsplit(self.lab.status["clusters"][0]["endpoint"])
        connection = http.client.HTTPSConnection(
            str(endpoint.hostname), endpoint.port, timeout=20, context=self.tls()
        )
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "application/json, */*"}
        if body:
            headers["Content-Type"] = "application/json"
        return answer_of(connection, method, path, body, headers)

    def token(self) -> str:
        url = f"https://{STS}/?Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("GET", url, {"x-k8s-aws-id": CLUSTER})
        SigV4QueryAuth(self.credentials, "sts", REGION, expires=60).add_auth(request)
        assert request.url is not None
        assert "X-Amz-Expires=60" in request.url
        assert f"X-Amz-SignedHeaders={quote('host;x-k8s-aws-id')}" in request.url
        return "k8s-aws-v1." + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.lab.state.ca))


def answer_of(
    connection: http.client.HTTPSConnection, method: str, path: str, body: str, headers: Mapping[str, str]
) -> tuple[int, str]:
    try:
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


@pytest.fixture
def eksctl(sekisho_shared_lab: RunningLab) -> Eksctl:
    files = ConfigParser()
    files.read(sekisho_shared_lab.state.aws_credentials)
    keys = files["creator"]
    return Eksctl(sekisho_shared_lab, Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"]))


def test_who_am_i_as_a_form(eksctl: Eksctl) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    status, body = eksctl.aws(STS, "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form)
    assert status == 200
    assert f"<Arn>arn:aws:iam::{ACCOUNT}:user/eks-admin</Arn>" in body


def test_what_it_reads_of_the_cluster(eksctl: Eksctl) -> None:
    status, body = eksctl.aws(EKS, "GET", f"/clusters/{CLUSTER}")
    assert status == 200
    cluster = json.loads(body)["cluster"]
    assert cluster["arn"] == CLUSTER_ARN
    assert cluster["endpoint"] == eksctl.lab.status["clusters"][0]["endpoint"]
    assert base64.b64decode(cluster["certificateAuthority"]["data"]) == eksctl.lab.state.ca.read_bytes()


def test_a_version_that_is_supported(eksctl: Eksctl) -> None:
    """Without one eksctl panics."""
    status, body = eksctl.aws(EKS, "GET", "/cluster-versions")
    assert status == 200
    versions = json.loads(body)["clusterVersions"]
    supported = {one["clusterVersion"] for one in versions if one["versionStatus"] != "UNSUPPORTED"}
    assert eksctl.lab.status["clusters"][0]["version"] in supported


def test_the_mapping_is_read_and_put_back_without_a_user_name(eksctl: Eksctl) -> None:
    status, body = eksctl.kubernetes("GET", AWS_AUTH)
    assert status == 200
    found: dict[str, Any] = json.loads(body)
    users = yaml.safe_load(found["data"].get("mapUsers", "[]"))
    wanted = [*users, {"groups": ["operators"], "userarn": ARN}]
    changed = {**found, "data": {**found["data"], "mapUsers": yaml.safe_dump(wanted)}}
    status, body = eksctl.kubernetes("PUT", AWS_AUTH, json.dumps(changed))
    assert status == 200
    assert yaml.safe_load(json.loads(body)["data"]["mapUsers"]) == wanted
    status, body = eksctl.kubernetes("PUT", AWS_AUTH, json.dumps(changed))
    assert (status, json.loads(body)["reason"]) == (409, "Conflict")
    mapped = eksctl.lab.run(["sekisho", "why", ARN, "get", "nodes", "-o", "json"])
    mapping = json.loads(mapped.stdout)["links"][1]
    assert mapping["decisive"][0]["code"] == "mapping.user-matched"
    assert mapping["value"]["username"] == ""
    assert mapping["value"]["groups"][0] == "operators"


def test_the_tag_that_says_the_provider_is_there(eksctl: Eksctl) -> None:
    tags = {"tags": {"alpha.eksctl.io/cluster-oidc-enabled": "true"}}
    path = f"/tags/{quote(CLUSTER_ARN, safe='')}"
    headers = {"Content-Type": "application/json"}
    status, _ = eksctl.aws(EKS, "POST", path, json.dumps(tags), headers)
    assert status == 200
    _, body = eksctl.aws(EKS, "GET", f"/clusters/{CLUSTER}")
    assert json.loads(body)["cluster"]["tags"]["alpha.eksctl.io/cluster-oidc-enabled"] == "true"
