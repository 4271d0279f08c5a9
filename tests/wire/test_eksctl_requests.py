"""The requests that eksctl's commands on identity mappings, OIDC and access entries send, without eksctl.

In the order and form in which eksctl sends them: query and REST requests to AWS's own host names
through the proxy, and a ConfigMap read and put back with a token that eksctl presigns itself
(expiry of 60 seconds, signed headers ``host;x-k8s-aws-id``).
"""

import base64
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

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


JSON = {"Content-Type": "application/json"}
NODE_ROLE = "eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/eksctl-ops"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
IAM = "iam.amazonaws.com"


def entries_path(cluster: str, *names: str) -> str:
    """Return a path of the API of access entries; every ARN in it is percent-encoded, slashes too."""
    return "/".join([f"/clusters/{cluster}/access-entries", *(quote(name, safe="") for name in names)])


def as_json(answer: tuple[int, str], status: int = 200) -> Any:
    assert answer[0] == status, answer
    return json.loads(answer[1])


def iam(eksctl: Eksctl, action: str, **parameters: str) -> tuple[int, str]:
    """Ask IAM, whose endpoint and signature are those of us-east-1."""
    body = urlencode({"Action": action, "Version": "2010-05-08", **parameters})
    request = AWSRequest("POST", f"https://{IAM}/", FORM, body)
    SigV4Auth(eksctl.credentials, "iam", "us-east-1").add_auth(request)
    proxy = urlsplit(eksctl.lab.status["proxy"])
    connection = http.client.HTTPSConnection(
        str(proxy.hostname), proxy.port, timeout=20, context=eksctl.tls()
    )
    connection.set_tunnel(IAM)
    return answer_of(connection, "POST", "/", body, dict(request.headers.items()))


@pytest.fixture
def entries_cluster(eksctl: Eksctl) -> Iterator[str]:
    """Return a cluster as `eksctl create cluster` asks for it: entries count beside aws-auth."""
    name = "eksctl-entries"
    access = {"authenticationMode": "API_AND_CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
    body = {
        "name": name,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/eks-clu-cluster-role",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]},
        "accessConfig": access,
    }
    as_json(eksctl.aws(EKS, "POST", "/clusters", json.dumps(body), JSON))
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}],
    }
    status, _ = iam(
        eksctl,
        "CreateRole",
        RoleName="eksctl-ops",
        Path="/team/",
        AssumeRolePolicyDocument=json.dumps(trust),
    )
    assert status == 200
    yield name
    as_json(eksctl.aws(EKS, "DELETE", f"/clusters/{name}"))


def test_create_get_and_delete_accessentry(eksctl: Eksctl, entries_cluster: str) -> None:
    """What eksctl asks itself, and what CloudFormation asks for the stack of an entry."""
    path = entries_path(entries_cluster)
    body = {
        "principalArn": ROLE,
        "kubernetesGroups": ["viewers"],
        "type": "STANDARD",
        "clientRequestToken": "c",
    }
    made = as_json(eksctl.aws(EKS, "POST", path, json.dumps(body), JSON))["accessEntry"]
    assert (made["principalArn"], made["kubernetesGroups"]) == (ROLE, ["viewers"])
    assert made["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/eksctl-ops/{{{{SessionName}}}}"
    policies = f"{entries_path(entries_cluster, ROLE)}/access-policies"
    scope = {"policyArn": ADMIN, "accessScope": {"type": "cluster"}}
    as_json(eksctl.aws(EKS, "POST", policies, json.dumps(scope), JSON))
    listed = as_json(eksctl.aws(EKS, "GET", path))["accessEntries"]
    assert listed == sorted([f"arn:aws:iam::{ACCOUNT}:user/eks-admin", ROLE], key=str)
    described = as_json(eksctl.aws(EKS, "GET", entries_path(entries_cluster, ROLE)))["accessEntry"]
    assert described["accessEntryArn"] == made["accessEntryArn"]
    (associated,) = as_json(eksctl.aws(EKS, "GET", policies))["associatedAccessPolicies"]
    assert associated["accessScope"] == {"type": "cluster", "namespaces": []}
    gone = f"{policies}/{quote(ADMIN, safe='')}"
    assert eksctl.aws(EKS, "DELETE", gone) == (200, "{}")
    assert as_json(eksctl.aws(EKS, "GET", policies))["associatedAccessPolicies"] == []
    assert eksctl.aws(EKS, "DELETE", entries_path(entries_cluster, ROLE)) == (200, "{}")
    status, body_text = eksctl.aws(EKS, "GET", entries_path(entries_cluster, ROLE))
    assert (status, "list-access-entries" in body_text) == (404, True)


def test_migrate_to_access_entry(eksctl: Eksctl) -> None:
    """`eksctl utils migrate-to-access-entry --target-authentication-mode API`: the requests it sends."""
    name = "eksctl-migrates"
    body = {
        "name": name,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/eks-clu-cluster-role",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1"]},
    }
    as_json(eksctl.aws(EKS, "POST", "/clusters", json.dumps(body), JSON))
    cluster = as_json(eksctl.aws(EKS, "GET", f"/clusters/{name}"))["cluster"]
    assert cluster["accessConfig"] == {"authenticationMode": "CONFIG_MAP"}
    assert as_json(eksctl.aws(EKS, "GET", f"/clusters/{name}/node-groups"))["nodegroups"] == []
    status, found = iam(eksctl, "GetRole", RoleName=NODE_ROLE)
    assert (status, f"role/{NODE_ROLE}</Arn>" in found) == (200, True)
    status, found = iam(eksctl, "GetUser", UserName="nobody")
    assert (status, "NoSuchEntity" in found) == (404, True)

    def to_mode(mode: str) -> None:
        wanted = {"accessConfig": {"authenticationMode": mode}, "clientRequestToken": mode}
        answer = eksctl.aws(EKS, "POST", f"/clusters/{name}/update-config", json.dumps(wanted), JSON)
        update = as_json(answer)["update"]
        assert update["type"] == "AccessConfigUpdate"
        told = as_json(eksctl.aws(EKS, "GET", f"/clusters/{name}/updates/{update['id']}"))["update"]
        assert told["status"] == "Successful"

    to_mode("API_AND_CONFIG_MAP")
    node = {"principalArn": f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}", "type": "EC2_LINUX"}
    made = as_json(eksctl.aws(EKS, "POST", entries_path(name), json.dumps(node), JSON))["accessEntry"]
    assert (made["username"], made["kubernetesGroups"]) == (
        "system:node:{{EC2PrivateDNSName}}",
        ["system:nodes"],
    )
    to_mode("API")
    cluster = as_json(eksctl.aws(EKS, "GET", f"/clusters/{name}"))["cluster"]
    assert (cluster["status"], cluster["accessConfig"]["authenticationMode"]) == ("ACTIVE", "API")
    as_json(eksctl.aws(EKS, "DELETE", f"/clusters/{name}"))
