"""DescribeCluster: which answers lead to a cluster, and which request could never be made."""

from typing import Any

import pytest

from sekisho.connect.connection_request import ConnectionRequest, check_connection_request
from sekisho.connect.describe_cluster import describe_cluster
from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import Arn, SekishoInputError

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/c"
ANSWER = {
    "name": "c",
    "arn": ARN,
    "endpoint": "https://x",
    "status": "ACTIVE",
    "certificateAuthority": {"data": "QUJD"},
    "id": "1234-ab",
}


class Eks:
    """A client that always gives one answer."""

    def __init__(self, **cluster: Any) -> None:
        self._answer = {
            "cluster": {key: value for key, value in (ANSWER | cluster).items() if value is not None}
        }

    def describe_cluster(self, *, name: str) -> dict[str, Any]:
        assert name == "c"
        return self._answer


USABLE: dict[str, tuple[dict[str, Any], EksCluster]] = {
    "active": ({}, EksCluster(Arn.parse(ARN), "c", "https://x", "QUJD")),
    "updating": ({"status": "UPDATING"}, EksCluster(Arn.parse(ARN), "c", "https://x", "QUJD")),
    "without a certificate": (
        {"certificateAuthority": None},
        EksCluster(Arn.parse(ARN), "c", "https://x", ""),
    ),
    "on Outposts": (
        {"outpostConfig": {"outpostArns": ["x"]}},
        EksCluster(Arn.parse(ARN), "c", "https://x", "QUJD", "1234-ab"),
    ),
}


@pytest.mark.parametrize(("answer", "cluster"), USABLE.values(), ids=USABLE.keys())
def test_usable(answer: dict[str, Any], cluster: EksCluster) -> None:
    assert describe_cluster(Eks(**answer), "c") == cluster


UNUSABLE: dict[str, tuple[dict[str, Any], str, bool]] = {
    "creating": ({"status": "CREATING", "endpoint": None}, "is CREATING", True),
    "failed": ({"status": "FAILED"}, "is FAILED", False),
    "deleting": ({"status": "DELETING"}, "is DELETING", False),
    "no status": ({"status": None}, "lacks status", False),
    "no endpoint": ({"endpoint": None}, "lacks status, ARN or endpoint", False),
    "no ARN": ({"arn": None}, "lacks status, ARN or endpoint", False),
    "an ARN that is none": ({"arn": "c"}, "no usable ARN", False),
}


@pytest.mark.parametrize(("answer", "text", "can_retry"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_unusable(answer: dict[str, Any], text: str, can_retry: bool) -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        describe_cluster(Eks(**answer), "c")
    assert caught.value.operation == "eks:DescribeCluster"
    assert text in caught.value.message
    assert caught.value.can_retry is can_retry


REQUESTS = {
    "no name": (ConnectionRequest(""), "kubeconfig.cluster-malformed", "--name"),
    "a name of 101 characters": (ConnectionRequest("c" * 101), "kubeconfig.cluster-malformed", "--name"),
    "a path for a name": (ConnectionRequest("../c"), "kubeconfig.cluster-malformed", "--name"),
    "role": (ConnectionRequest("c", role_arn="dev"), "token.role-malformed", "--role-arn"),
    "role to ask as": (
        ConnectionRequest("c", assume_role_arn="dev"),
        "token.role-malformed",
        "--assume-role-arn",
    ),
    "proxy without a scheme": (
        ConnectionRequest("c", proxy_url="proxy:3128"),
        "kubeconfig.proxy-url",
        "--proxy-url",
    ),
    "proxy without a host": (
        ConnectionRequest("c", proxy_url="http://"),
        "kubeconfig.proxy-url",
        "--proxy-url",
    ),
    "proxy with a port beyond all ports": (
        ConnectionRequest("c", proxy_url="http://p:99999"),
        "kubeconfig.proxy-url",
        "--proxy-url",
    ),
}


@pytest.mark.parametrize(("request_", "code", "place"), REQUESTS.values(), ids=REQUESTS.keys())
def test_requests_that_could_not_work(request_: ConnectionRequest, code: str, place: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        check_connection_request(request_)
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document) == (code, place)


def test_a_name_at_its_limit() -> None:
    assert check_connection_request(ConnectionRequest("c" * 100)).name == "c" * 100


@pytest.mark.parametrize("proxy", ["http://p:3128", "https://p", "socks5://u:w@p:1080", ""])
def test_proxies_kubectl_knows(proxy: str) -> None:
    request = ConnectionRequest("c", proxy_url=proxy)
    assert check_connection_request(request) is request
