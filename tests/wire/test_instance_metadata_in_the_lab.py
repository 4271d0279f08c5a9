"""The instance metadata of a node: tokens, hops, version 1, and the node's role with real boto3.

Source: Amazon EC2 User Guide, "Use the Instance Metadata Service", "Instance metadata categories".
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config

from e2e.hostile_wire import token_of, token_url
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Secret
from support.boto_lab import HOME, REGION, Caller, delete_role, profile
from support.lab_with_nodes import NODE, LabWithNodes, lab_with_nodes
from support.service_accounts import KubeApi

NODE_ROLE = "eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
TOKEN = "/latest/api/token"
CREDENTIALS = f"/latest/meta-data/iam/security-credentials/{NODE_ROLE}"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabWithNodes]:
    with lab_with_nodes(tmp_path_factory.mktemp("lab")) as found:
        yield found


def ask(base: str, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(base + path, method=method, headers=named)  # noqa: S310 - http on loopback
    try:
        with urlopen(request) as answer:  # noqa: S310 - http on loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def new_token(nodes: LabWithNodes, seconds: str = "60") -> tuple[int, str]:
    return ask(nodes.metadata, TOKEN, "PUT", X_aws_ec2_metadata_token_ttl_seconds=seconds)


def read(nodes: LabWithNodes, path: str, token: str = "") -> tuple[int, str]:
    return ask(nodes.metadata, path, X_aws_ec2_metadata_token=token or new_token(nodes)[1])


LIFETIMES = {
    "least": ("1", 200),
    "none": ("0", 400),
    "most": ("21600", 200),
    "more": ("21601", 400),
    "a word": ("long", 400),
    "many digits": ("000060000000", 400),
}


@pytest.mark.parametrize(("seconds", "status"), LIFETIMES.values(), ids=LIFETIMES)
def test_how_long_a_token_may_live(nodes: LabWithNodes, seconds: str, status: int) -> None:
    assert new_token(nodes, seconds)[0] == status


def test_a_token_is_not_given_through_a_proxy_nor_elsewhere(nodes: LabWithNodes) -> None:
    seconds = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
    assert ask(nodes.metadata, TOKEN, "PUT", **seconds, X_Forwarded_For="203.0.113.7")[0] == 403
    assert ask(nodes.metadata, "/latest/meta-data", "PUT", **seconds)[0] == 405
    assert ask(nodes.metadata, TOKEN, "POST")[0] == 405
    assert ask(nodes.metadata, "/" + "a" * 2000)[0] == 414


def test_nothing_is_read_without_a_token(nodes: LabWithNodes) -> None:
    assert ask(nodes.metadata, "/latest/meta-data/instance-id")[0] == 401
    assert read(nodes, "/latest/meta-data/instance-id", "other")[0] == 401


def test_a_token_ends_by_the_labs_clock(nodes: LabWithNodes) -> None:
    token = new_token(nodes, "60")[1]
    assert read(nodes, "/latest/meta-data/instance-id", token)[0] == 200
    nodes.running.client.post("/clock", {"seconds": 61})
    try:
        assert read(nodes, "/latest/meta-data/instance-id", token)[0] == 401
    finally:
        nodes.running.client.post("/clock", {"reset": True})


def test_version_one_where_it_is_allowed(nodes: LabWithNodes) -> None:
    assert ask(nodes.old_metadata, "/latest/meta-data/placement/region") == (200, REGION)


def test_a_hop_limit_keeps_the_token_from_pods(nodes: LabWithNodes) -> None:
    """The answer to a PUT never comes, so the client waits in vain; what needs no token it could read."""
    seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    request = Request(nodes.far_metadata + TOKEN, method="PUT", headers=seconds)  # noqa: S310 - loopback
    with pytest.raises(TimeoutError):
        urlopen(request, timeout=0.3)  # noqa: S310 - loopback
    assert ask(nodes.far_metadata, "/latest/meta-data/instance-id")[0] == 401


def test_what_a_node_tells_of_itself(nodes: LabWithNodes) -> None:
    told = {
        "/": "latest",
        "/latest": "meta-data/\ndynamic/",
        "/latest/meta-data/placement/": "availability-zone\nregion",
        "/latest/meta-data/placement/availability-zone": f"{REGION}a",
        "/latest/meta-data/local-hostname": NODE,
        "/latest/meta-data/local-ipv4": "192.168.92.154",
        "/latest/meta-data/iam/security-credentials/": NODE_ROLE,
    }
    assert {path: read(nodes, path)[1] for path in told} == told
    for path in ("/latest/meta-data/none", "/latest/meta-data/hostname/none", "/none"):
        assert read(nodes, path)[0] == 404
    document = json.loads(read(nodes, "/latest/dynamic/instance-identity/document")[1])
    instance = read(nodes, "/latest/meta-data/instance-id")[1]
    assert (document["accountId"], document["region"], document["instanceId"]) == (HOME, REGION, instance)
    assert instance.startswith("i-0")
    assert len(instance) == 19
    info = json.loads(read(nodes, "/latest/meta-data/iam/info")[1])
    assert info["Code"] == "Success"
    assert info["InstanceProfileArn"].startswith(f"arn:aws:iam::{HOME}:instance-profile/")


def test_boto3_signs_as_the_nodes_role(nodes: LabWithNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nodes.running.home / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nodes.running.home / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", nodes.metadata)
    session = boto3.Session(region_name=REGION)
    environment = nodes.running.environment()
    config = Config(proxies={"https": environment["HTTPS_PROXY"]}, retries={"total_max_attempts": 1})
    sts = session.client("sts", config=config, verify=environment["AWS_CA_BUNDLE"])
    instance = read(nodes, "/latest/meta-data/instance-id")[1]
    arn = f"arn:aws:sts::{HOME}:assumed-role/{NODE_ROLE}/{instance}"
    assert sts.get_caller_identity()["Arn"] == arn
    found = session.get_credentials()
    assert found is not None
    assert found.method == "iam-role"


def given(nodes: LabWithNodes) -> Any:
    return json.loads(read(nodes, CREDENTIALS)[1])


def test_credentials_are_rotated(nodes: LabWithNodes) -> None:
    first = given(nodes)
    assert (first["Code"], first["Type"]) == ("Success", "AWS-HMAC")
    assert given(nodes) == first
    nodes.running.client.post("/clock", {"seconds": 3600})
    try:
        second = given(nodes)
        assert second["AccessKeyId"] != first["AccessKeyId"]
        # What was given before lives until its six hours are over.
        old = Caller(nodes.running, first["AccessKeyId"], first["SecretAccessKey"], first["Token"])
        assert NODE_ROLE in old.arn
    finally:
        nodes.running.client.post("/clock", {"reset": True})


def test_the_node_is_a_user_of_the_cluster(nodes: LabWithNodes) -> None:
    """aws-auth maps the role to system:node:{{EC2PrivateDNSName}}, which is the name of the Node."""
    keys = given(nodes)
    signing = SigningKeys(keys["AccessKeyId"], Secret(keys["SecretAccessKey"]), Secret(keys["Token"]))
    bearer = token_of(token_url(signing, cluster="eks-clu"))
    kube = KubeApi(nodes.running)
    assert kube.ask("GET", f"/api/v1/nodes/{NODE}", token=bearer)[0] == 200
    status, refused, _ = kube.ask("GET", "/api/v1/namespaces/default/secrets", token=bearer)
    assert (status, f'User "system:node:{NODE}"' in refused["message"]) == (403, True)


def test_a_role_that_ec2_may_not_assume(nodes: LabWithNodes) -> None:
    admin = profile(nodes.running, "creator")
    iam = admin.client("iam")
    before = iam.get_role(RoleName=NODE_ROLE)["Role"]["AssumeRolePolicyDocument"]
    nobody = json.loads(json.dumps(before))
    nobody["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}
    iam.update_assume_role_policy(RoleName=NODE_ROLE, PolicyDocument=json.dumps(nobody))
    nodes.running.client.post("/clock", {"seconds": 7200})
    try:
        assert given(nodes)["Code"] == "AssumeRoleUnauthorizedAccess"
    finally:
        nodes.running.client.post("/clock", {"reset": True})
        iam.update_assume_role_policy(RoleName=NODE_ROLE, PolicyDocument=json.dumps(before))


def test_a_node_without_its_role_has_no_credentials(nodes: LabWithNodes) -> None:
    """The last test of the file: the role is gone afterwards."""
    admin = profile(nodes.running, "creator")
    iam = admin.client("iam")
    for one in iam.list_attached_role_policies(RoleName=NODE_ROLE)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=NODE_ROLE, PolicyArn=one["PolicyArn"])
    delete_role(admin, NODE_ROLE)
    assert read(nodes, CREDENTIALS)[0] == 404
    assert "iam/" not in read(nodes, "/latest/meta-data/")[1]
