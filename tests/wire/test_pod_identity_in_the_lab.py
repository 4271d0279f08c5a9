"""EKS Pod Identity in a lab with real boto3: associations, the agent, EKS Auth, and every broken link.

Source: EKS API Reference, "CreatePodIdentityAssociation" and its kin; EKS Auth API Reference; EKS User Guide,
"Learn how EKS Pod Identity grants pods access to AWS services"; amazon-eks-pod-identity-agent.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config

from support.boto_lab import AWAY, HOME, REGION, Caller, Refused, codes_of, last_refusal, new_role, policy, profile
from support.jwt import rsa_key, signed
from support.lab_with_nodes import LabWithNodes, lab_with_nodes
from support.service_accounts import NAMESPACE, KubeApi, parts

CLUSTER = "eks-clu"
ARN = f"arn:aws:eks:{REGION}:{HOME}:cluster/{CLUSTER}"
SERVICE = "pods.eks.amazonaws.com"
NODE_ROLE = "eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
NO_ROLE = "Unauthorized Exception! EKS does not have permissions to assume the associated role."


def eks_trust(*actions: str, **condition: Any) -> str:
    """Return a trust policy for EKS Pod Identity."""
    more = {"Condition": condition} if condition else {}
    wanted = actions or ("sts:AssumeRole", "sts:TagSession")
    return policy(*wanted, Principal={"Service": SERVICE}, **more)


class Ground:
    """A cluster with a pod of ``ledger``, whose account has an association that a test may break."""

    def __init__(self, nodes: LabWithNodes, folder: Path) -> None:
        self.nodes = nodes
        self.folder = folder
        self.lab = nodes.running
        self.admin = profile(self.lab, "creator")
        self.away = profile(self.lab, "target-env")
        self.kube = KubeApi(self.lab)
        self.kube.namespace()
        self.kube.account("ledger")
        self.pod_uid = self.kube.pod("ledger-0", "ledger")
        self.role = new_role(self.admin, "ledger", eks_trust(), policy("s3:ListAllMyBuckets", Resource="*"))
        made = self.associate("ledger", self.role)
        self.association: str = made["associationId"]
        self.made = made
        self.kube.account("idle")

    def eks(self, operation: str, **parameters: Any) -> Any:
        return self.admin.ask("eks", operation, clusterName=CLUSTER, **parameters)

    def eks_refused(self, operation: str, **parameters: Any) -> Refused:
        return self.admin.refused("eks", operation, clusterName=CLUSTER, **parameters)

    def associate(self, account: str, role: str, **more: Any) -> Any:
        told = {"namespace": NAMESPACE, "serviceAccount": account, "roleArn": role, **more}
        return self.eks("create_pod_identity_association", **told)["association"]

    def token(self, account: str = "ledger", pod: str = "ledger-0", **spec: Any) -> str:
        bound = {"apiVersion": "v1", "kind": "Pod", "name": pod}
        return self.kube.token(account, **{"audiences": [SERVICE], "boundObjectRef": bound, **spec})

    def exchange(self, token: str, caller: Caller | None = None) -> Any:
        """Return EKS Auth's answer to whoever signs as ``caller``, the administrator unless somebody is given."""
        who = caller or self.admin
        return who.ask("eks-auth", "assume_role_for_pod_identity", clusterName=CLUSTER, token=token)

    def refused(self, token: str, caller: Caller | None = None) -> Refused:
        who = caller or self.admin
        return who.refused("eks-auth", "assume_role_for_pod_identity", clusterName=CLUSTER, token=token)

    def agent(self, token: str | None, host: str = "", path: str = "") -> tuple[int, str]:
        """Return status and body of the agent's answer."""
        headers = {} if token is None else {"Authorization": token}
        headers |= {"Host": host} if host else {}
        address = self.nodes.agent.replace("/v1/credentials", path) if path else self.nodes.agent
        request = Request(address, headers=headers)  # noqa: S310 - http on loopback
        try:
            with urlopen(request) as answer:  # noqa: S310 - http on loopback
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def pod_session(self, monkeypatch: pytest.MonkeyPatch, token: str) -> Any:
        """Return a boto3 session that finds its credentials as one in the pod does."""
        file = self.folder / "token"
        file.write_text(token)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.folder / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(self.folder / "none"))
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.nodes.agent)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
        return boto3.Session(region_name=REGION)

    def client(self, session: Any, service: str) -> Any:
        environment = self.lab.environment()
        config = Config(proxies={"https": environment["HTTPS_PROXY"]}, retries={"total_max_attempts": 1})
        return session.client(service, config=config, verify=environment["AWS_CA_BUNDLE"])

    def sign_in(self, answer: Any) -> Caller:
        given = answer["credentials"]
        return Caller(self.lab, given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("lab")
    with lab_with_nodes(folder) as nodes:
        yield Ground(nodes, folder)


def test_a_pod_gets_the_role_of_its_association(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    session = ground.pod_session(monkeypatch, ground.token())
    arn = ground.client(session, "sts").get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::{HOME}:assumed-role/ledger/eks-eks-clu-ledger-0-")
    assert ground.client(session, "s3").list_buckets()["Buckets"] == []
    assert session.get_credentials().method == "container-role"
