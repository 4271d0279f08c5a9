"""EKS Pod Identity in a lab with real boto3: associations, the agent, EKS Auth, and every broken link.

Source: EKS API Reference, "CreatePodIdentityAssociation" and its kin; EKS Auth API Reference; EKS User Guide,
"Learn how EKS Pod Identity grants pods access to AWS services"; amazon-eks-pod-identity-agent.
"""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    last_refusal,
    new_role,
    new_user,
    policy,
    profile,
)
from support.jwt import rsa_key, signed
from support.lab_with_nodes import LabWithNodes, lab_with_nodes
from support.service_accounts import NAMESPACE, KubeApi, parts

CLUSTER = "eks-clu"
ARN = f"arn:aws:eks:{REGION}:{HOME}:cluster/{CLUSTER}"
SERVICE = "pods.eks.amazonaws.com"
NODE_ROLE = "eksctl-eks-clu-nodegroup-ng-1-NodeInstanceRole"
NO_ROLE = "Unauthorized Exception! EKS does not have permissions to assume the associated role."


SLACK = 30.0
"""Seconds by which the Date of an answer may be behind, on a machine that is busy."""


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
        self.role = new_role(self.admin, "ledger", eks_trust(), policy("s3:ListAllMyBuckets", Resource="*"))
        made = self.associate("ledger", self.role)
        self.association: str = made["associationId"]
        self.made = made
        self.kube.pod("ledger-0", "ledger")
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
        """Return EKS Auth's answer to a signature of ``caller``, by default of the administrator."""
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


def test_what_eks_auth_answers(ground: Ground) -> None:
    answer = ground.exchange(ground.token())
    assert answer["subject"] == {"namespace": NAMESPACE, "serviceAccount": "ledger"}
    assert answer["audience"] == SERVICE
    told = {"associationArn": ground.made["associationArn"], "associationId": ground.association}
    assert answer["podIdentityAssociation"] == told
    user = answer["assumedRoleUser"]
    assert user["arn"].startswith(f"arn:aws:sts::{HOME}:assumed-role/ledger/eks-eks-clu-ledger-0-")
    assert user["assumeRoleId"].startswith("AROA")
    assert len(user["arn"].rpartition("/")[2]) <= 64
    life = answer["credentials"]["expiration"].timestamp() - answer_time(answer)
    assert abs(life - 6 * 3600) < SLACK


def answer_time(answer: Any) -> float:
    """Return when an answer was given, by its Date header."""
    date: str = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    return parsedate_to_datetime(date).timestamp()


def test_admission_gives_the_pod_what_its_sdk_reads(ground: Ground) -> None:
    _, pod, _ = ground.kube.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/ledger-0")
    container = pod["spec"]["containers"][0]
    env = {one["name"]: one.get("value") for one in container["env"]}
    mount = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
    assert env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://169.254.170.23/v1/credentials"
    assert env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == f"{mount}/eks-pod-identity-token"
    assert "AWS_ROLE_ARN" not in env
    volume = pod["spec"]["volumes"][0]
    token = volume["projected"]["sources"][0]["serviceAccountToken"]
    assert (volume["name"], token["audience"]) == ("eks-pod-identity-token", SERVICE)
    assert 79_200 <= token["expirationSeconds"] <= 86_400
    assert pod["metadata"]["labels"]["eks.amazonaws.com/pod-identity"] == "enabled"


def test_an_association_goes_before_the_annotation(ground: Ground) -> None:
    ground.kube.account("both", annotations={"eks.amazonaws.com/role-arn": ground.role})
    ground.associate("both", ground.role)
    ground.kube.pod("both-0", "both")
    _, pod, _ = ground.kube.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/both-0")
    names = [one["name"] for one in pod["spec"]["containers"][0]["env"]]
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in names
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" not in names


def test_session_tags_decide_about_access(ground: Ground) -> None:
    """One role for many accounts: what a session may do hangs on whose pod it is (ABAC)."""
    tagged = {"StringEquals": {"aws:PrincipalTag/kubernetes-service-account": "tagged"}}
    role = new_role(
        ground.admin,
        "by-tag",
        eks_trust(),
        policy("s3:ListAllMyBuckets", Resource="*", Condition=tagged),
    )
    for account in ("tagged", "other"):
        ground.kube.account(account)
        ground.kube.pod(f"{account}-0", account)
        ground.associate(account, role)
    pods = {
        account: ground.sign_in(ground.exchange(ground.token(account, f"{account}-0")))
        for account in ("tagged", "other")
    }
    assert pods["tagged"].ask("s3", "list_buckets")["Buckets"] == []
    assert pods["other"].refused("s3", "list_buckets").code == "AccessDenied"


def bad_token(ground: Ground, kind: str) -> str:
    header, claims = parts(ground.token())
    match kind:
        case "forged":
            return signed(claims, header["alg"], rsa_key(serial=1), kid=header["kid"])
        case "audience":
            return ground.token(audiences=["sts.amazonaws.com"])
        case "unbound":
            return ground.kube.token("ledger", audiences=[SERVICE])
        case _:
            return "YQ.Yg.Yw"


TOKENS = {
    "not a token": ("", "InvalidTokenException", "The token was not issued by the cluster."),
    "signed by another key": (
        "forged",
        "InvalidTokenException",
        "The signature of the token could not be verified.",
    ),
    "for another audience": (
        "audience",
        "InvalidTokenException",
        "The audience of the token is not pods.eks.amazonaws.com.",
    ),
    "bound to no pod": ("unbound", "InvalidTokenException", "The token is not bound to a pod."),
}


@pytest.mark.parametrize(("kind", "code", "text"), TOKENS.values(), ids=TOKENS)
def test_tokens_that_eks_auth_refuses(ground: Ground, kind: str, code: str, text: str) -> None:
    assert ground.refused(bad_token(ground, kind)) == Refused(code, 400, text)
    assert last_refusal(ground.lab)["chain"]["links"][-1]["link"] == "service-account-token"


def test_a_token_of_another_cluster(ground: Ground) -> None:
    ground.admin.ask(
        "eks",
        "create_cluster",
        name="two",
        roleArn=f"arn:aws:iam::{HOME}:role/eks-clu-cluster-role",
        resourcesVpcConfig={},
    )
    status = ground.lab.client.get("/status")
    two = KubeApi(RunningLab(ground.lab.state, ground.lab.home, status), "two")
    two.namespace()
    two.account("ledger")
    two.pod("ledger-0", "ledger")
    token = two.token(
        "ledger",
        audiences=[SERVICE],
        boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "ledger-0"},
    )
    text = "The token was not issued by the cluster."
    assert ground.refused(token) == Refused("InvalidTokenException", 400, text)
    assert codes_of(last_refusal(ground.lab)) == ["service-account.other-issuer"]


def test_an_expired_token(ground: Ground) -> None:
    token = ground.token(expirationSeconds=600)
    ground.lab.client.post("/clock", {"seconds": 700})
    try:
        assert ground.refused(token) == Refused("ExpiredTokenException", 400, "The token is expired.")
        said = "token failed basic claim validations: token has invalid claims: token is expired"
        assert ground.agent(token) == (400, f"Service account {said}\n")
    finally:
        ground.lab.client.post("/clock", {"reset": True})


def test_a_token_ends_with_its_pod_and_its_account(ground: Ground) -> None:
    ground.kube.account("short")
    ground.associate("short", ground.role)
    ground.kube.pod("short-0", "short")
    token = ground.token("short", "short-0")
    assert ground.agent(token)[0] == 200
    account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/short"
    ground.kube.gone(account)
    gone = "The service account of the token does not exist."
    assert ground.refused(token) == Refused("InvalidTokenException", 400, gone)
    ground.kube.account("short")
    assert ground.refused(token) == Refused("InvalidTokenException", 400, gone)
    assert codes_of(last_refusal(ground.lab)) == ["service-account.recreated"]
    again = ground.token("short", "short-0")
    assert ground.agent(again)[0] == 200
    ground.kube.gone(f"/api/v1/namespaces/{NAMESPACE}/pods/short-0?gracePeriodSeconds=0")
    status, body = ground.agent(again)
    assert (status, body.partition(": ")[2]) == (
        400,
        "(InvalidTokenException): The pod of the token does not exist., fault: client\n",
    )


def test_without_an_association_the_nearest_is_named(ground: Ground) -> None:
    ground.kube.pod("idle-0", "idle")
    text = f"No pod identity association found for service account: {NAMESPACE}/idle"
    assert ground.refused(ground.token("idle", "idle-0")) == Refused("ResourceNotFoundException", 404, text)
    entry = last_refusal(ground.lab)
    assert codes_of(entry) == ["pod-identity.no-association"]
    repairs = entry["chain"]["links"][-1]["repairs"]
    assert [one["code"] for one in repairs] == ["pod-identity.fix.associate"]


TRUSTS = {
    "a condition on another namespace": (
        {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "other"}},
        "sts:AssumeRole",
    ),
    "a condition on another cluster": (
        {"ArnEquals": {"aws:SourceArn": f"{ARN}-other"}},
        "sts:AssumeRole",
    ),
    "a condition on another account": (
        {"StringEquals": {"aws:SourceAccount": AWAY}},
        "sts:AssumeRole",
    ),
}


@pytest.mark.parametrize(("condition", "action"), TRUSTS.values(), ids=TRUSTS)
def test_a_trust_policy_that_does_not_let_the_pod_in(
    ground: Ground, condition: dict[str, Any], action: str
) -> None:
    iam = ground.admin.client("iam")
    iam.update_assume_role_policy(RoleName="ledger", PolicyDocument=eks_trust(**condition))
    try:
        assert ground.refused(ground.token()) == Refused("AccessDeniedException", 400, NO_ROLE)
        entry = last_refusal(ground.lab)
        assert codes_of(entry)[0] == "sts.not-authorized"
        link = entry["chain"]["links"][-1]
        assert (link["link"], dict(link["decisive"][0]["facts"])["action"]) == ("role", action)
        assert "pod-identity.fix.trust-eks" in [one["code"] for one in link["repairs"]]
    finally:
        iam.update_assume_role_policy(RoleName="ledger", PolicyDocument=eks_trust())


def test_a_trust_policy_without_tag_session(ground: Ground) -> None:
    iam = ground.admin.client("iam")
    iam.update_assume_role_policy(RoleName="ledger", PolicyDocument=eks_trust("sts:AssumeRole"))
    try:
        assert ground.refused(ground.token()) == Refused("AccessDeniedException", 400, NO_ROLE)
        decisive = last_refusal(ground.lab)["chain"]["links"][-1]["decisive"]
        assert dict(decisive[0]["facts"])["action"] == "sts:TagSession"
    finally:
        iam.update_assume_role_policy(RoleName="ledger", PolicyDocument=eks_trust())


def test_the_node_needs_its_permission(ground: Ground) -> None:
    """The agent asks as the node's role, and its words are those of EKS Auth."""
    ground.associate("idle", ground.role)
    token = ground.token("idle", "idle-0")
    iam = ground.admin.client("iam")
    worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    iam.detach_role_policy(RoleName=NODE_ROLE, PolicyArn=worker)
    try:
        status, body = ground.agent(token)
        assert status == 403
        assert "(AccessDeniedException): User: " in body
        assert f"is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: {ARN}" in body
        who = last_refusal(ground.lab)["who"]
        assert who.startswith(f"arn:aws:sts::{HOME}:assumed-role/{NODE_ROLE}/i-0")
    finally:
        iam.attach_role_policy(RoleName=NODE_ROLE, PolicyArn=worker)
    assert ground.agent(token)[0] == 200


def test_whoever_signs_needs_the_permission_on_the_cluster(ground: Ground) -> None:
    user = new_user(ground.admin, "curious")
    refused = ground.refused(ground.token(), user)
    assert (refused.code, refused.status) == ("AccessDeniedException", 403)


AGENT = {
    "no token": (None, "", 400, "Service account token cannot be empty"),
    "no token at all": ("x", "", 400, "Service account token cannot be parsed: token is malformed: "),
    "another host": (
        "a.b.c",
        "metadata.example",
        403,
        "Access Denied. Called agent through invalid address, please use either [127.0.0.1] address not m",
    ),
}


@pytest.mark.parametrize(("token", "host", "status", "text"), AGENT.values(), ids=AGENT)
def test_what_the_agent_itself_refuses(
    ground: Ground, token: str | None, host: str, status: int, text: str
) -> None:
    found, body = ground.agent(token, host)
    assert (found, body.startswith(text)) == (status, True), body


def test_the_agent_has_one_path(ground: Ground) -> None:
    assert ground.agent(ground.token(), path="/") == (404, "404 page not found\n")


def test_the_agents_cache_does_not_outlive_the_association(ground: Ground) -> None:
    ground.kube.account("cached")
    made = ground.associate("cached", ground.role)
    ground.kube.pod("cached-0", "cached")
    token = ground.token("cached", "cached-0")
    first, second = (ground.agent(token) for _ in range(2))
    assert first[0] == 200
    assert second == first, "the second answer is the first, kept"
    other = new_role(ground.admin, "other-ledger", eks_trust())
    ground.eks("update_pod_identity_association", associationId=made["associationId"], roleArn=other)
    changed = ground.agent(token)
    assert (changed[0], changed != first) == (200, True)
    ground.eks("delete_pod_identity_association", associationId=made["associationId"])
    status, body = ground.agent(token)
    assert (status, "(ResourceNotFoundException): " in body) == (404, True)


def test_a_target_role_in_another_account(ground: Ground) -> None:
    """Role A assumes role B, whose trust names A, asks for the tags and for the external id."""
    hub = new_role(
        ground.admin,
        "hub",
        eks_trust(),
        policy("sts:AssumeRole", "sts:TagSession", Resource=f"arn:aws:iam::{AWAY}:role/spoke"),
    )
    identity = f"{REGION}/{HOME}/{CLUSTER}/{NAMESPACE}/far"
    asked = {"StringEquals": {"sts:ExternalId": identity, "aws:RequestTag/kubernetes-namespace": NAMESPACE}}
    wanted = ("sts:AssumeRole", "sts:TagSession")
    allowed = policy(*wanted, Principal={"AWS": hub}, Condition=asked)
    # Of both actions the tags are asked about, of the first alone the external id.
    spoke = new_role(ground.away, "spoke", allowed, policy("s3:ListAllMyBuckets", Resource="*"))
    ground.kube.account("far")
    ground.kube.pod("far-0", "far")
    made = ground.associate("far", hub, targetRoleArn=spoke)
    assert (made["externalId"], made["targetRoleArn"]) == (identity, spoke)
    answer = ground.exchange(ground.token("far", "far-0"))
    assert ":assumed-role/spoke/eks-eks-clu-far-0-" in answer["assumedRoleUser"]["arn"]
    life = answer["credentials"]["expiration"].timestamp() - answer_time(answer)
    assert abs(life - 59 * 60) < SLACK
    assert ground.sign_in(answer).ask("s3", "list_buckets")["Buckets"] == []
    iam = ground.away.client("iam")
    elsewhere = {"StringEquals": {"sts:ExternalId": f"{identity}-other"}}
    closed = policy(*wanted, Principal={"AWS": hub}, Condition=elsewhere)
    iam.update_assume_role_policy(RoleName="spoke", PolicyDocument=closed)
    assert ground.refused(ground.token("far", "far-0")) == Refused("AccessDeniedException", 400, NO_ROLE)
    entry = last_refusal(ground.lab)
    assert entry["chain"]["links"][-1]["link"] == "target-role"
    assert "pod-identity.fix.trust-role" in [one["code"] for one in entry["chain"]["links"][-1]["repairs"]]


def test_a_session_policy_limits_the_role(ground: Ground) -> None:
    ground.kube.account("limited")
    ground.kube.pod("limited-0", "limited")
    text = policy("s3:GetObject", Resource="*")
    ground.associate("limited", ground.role, policy=text, disableSessionTags=True)
    pod = ground.sign_in(ground.exchange(ground.token("limited", "limited-0")))
    assert pod.refused("s3", "list_buckets").code == "AccessDenied"


def test_associations_are_described_listed_and_paged(ground: Ground) -> None:
    described = ground.eks("describe_pod_identity_association", associationId=ground.association)
    assert described["association"] == ground.made
    assert ground.made["associationArn"] == (
        f"arn:aws:eks:{REGION}:{HOME}:podidentityassociation/{CLUSTER}/{ground.association}"
    )
    pages = ground.admin.client("eks").get_paginator("list_pod_identity_associations")
    listed = [
        one
        for page in pages.paginate(clusterName=CLUSTER, PaginationConfig={"PageSize": 1})
        for one in page["associations"]
    ]
    assert len(listed) > 1
    own = ground.eks("list_pod_identity_associations", namespace=NAMESPACE, serviceAccount="ledger")
    (short,) = own["associations"]
    assert short in listed
    assert set(short) == {"clusterName", "namespace", "serviceAccount", "associationArn", "associationId"}


def test_an_association_is_tagged(ground: Ground) -> None:
    arn = ground.made["associationArn"]
    eks = ground.admin.client("eks")
    eks.tag_resource(resourceArn=arn, tags={"team": "tide"})
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "tide"}
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_a_request_that_is_sent_again_makes_one_association(ground: Ground) -> None:
    told = {"namespace": NAMESPACE, "serviceAccount": "twice", "roleArn": ground.role}
    first, second = (
        ground.eks("create_pod_identity_association", **told, clientRequestToken="once")["association"]
        for _ in range(2)
    )
    assert first == second
    refused = ground.eks_refused("create_pod_identity_association", **told)
    text = f"Association already exists: {first['associationId']}"
    assert refused == Refused("ResourceInUseException", 409, text)


REFUSED = {
    "a role that does not exist": (
        {"roleArn": f"arn:aws:iam::{HOME}:role/nobody"},
        "Role provided in the request does not exist.",
    ),
    "a role that does not trust EKS": (
        {"roleArn": f"arn:aws:iam::{HOME}:role/{NODE_ROLE}"},
        "Trust policy of the role provided is invalid.",
    ),
    "what is no role": ({"roleArn": "role/ledger"}, "The role ARN role/ledger is invalid."),
    "a policy beside session tags": (
        {"policy": policy("s3:GetObject", Resource="*")},
        "disableSessionTags must be set to true when policy is specified.",
    ),
    "a target that is no role": ({"targetRoleArn": "spoke"}, "The target role ARN spoke is invalid."),
    "a namespace that no cluster takes": (
        {"namespace": "Billing"},
        "The namespace Billing is invalid: expected a name of a Kubernetes namespace.",
    ),
}


@pytest.mark.parametrize(("changed", "text"), REFUSED.values(), ids=REFUSED)
def test_associations_that_eks_refuses(ground: Ground, changed: dict[str, Any], text: str) -> None:
    told = {"namespace": NAMESPACE, "serviceAccount": "nobody", "roleArn": ground.role, **changed}
    refused = ground.eks_refused("create_pod_identity_association", **told)
    assert refused == Refused("InvalidParameterException", 400, text)


def test_a_role_has_to_be_passed(ground: Ground) -> None:
    """iam:PassRole on the role, to pods.eks.amazonaws.com."""
    passed = {"StringEquals": {"iam:PassedToService": SERVICE}}
    user = new_user(ground.admin, "associator", policy("eks:*", Resource="*"))
    told = {
        "clusterName": CLUSTER,
        "namespace": NAMESPACE,
        "serviceAccount": "passed",
        "roleArn": ground.role,
    }
    refused = user.refused("eks", "create_pod_identity_association", **told)
    assert (refused.code, refused.status) == ("AccessDeniedException", 403)
    assert f"is not authorized to perform: iam:PassRole on resource: {ground.role}" in refused.message
    ground.admin.ask(
        "iam",
        "put_user_policy",
        UserName="associator",
        PolicyName="pass",
        PolicyDocument=policy("iam:PassRole", Resource=ground.role, Condition=passed),
    )
    assert user.ask("eks", "create_pod_identity_association", **told)["association"]["roleArn"] == ground.role


def test_what_is_not_there(ground: Ground) -> None:
    absent = (
        ground.eks_refused("describe_pod_identity_association", associationId="a-none"),
        ground.eks_refused("delete_pod_identity_association", associationId="a-none"),
        ground.admin.refused("eks", "list_pod_identity_associations", clusterName="none"),
        ground.admin.refused("eks-auth", "assume_role_for_pod_identity", clusterName="none", token="a.b.c"),
    )
    assert {(one.code, one.status) for one in absent} == {("ResourceNotFoundException", 404)}
    refused = ground.eks_refused("update_pod_identity_association", associationId=ground.association)
    assert refused.code == "InvalidParameterException"


def test_the_agent_is_an_add_on(ground: Ground) -> None:
    offered = ground.admin.ask("eks", "describe_addon_versions", addonName="eks-pod-identity-agent")
    (agent,) = offered["addons"]
    version = agent["addonVersions"][0]["addonVersion"]
    named = {"addonName": "eks-pod-identity-agent"}
    made = ground.eks("create_addon", **named, addonVersion=version, tags={"team": "tide"})["addon"]
    assert (made["status"], made["addonVersion"]) == ("CREATING", version)
    ground.admin.client("eks").get_waiter("addon_active").wait(clusterName=CLUSTER, **named)
    assert ground.eks("list_addons")["addons"] == ["eks-pod-identity-agent"]
    assert ground.eks_refused("create_addon", **named).code == "ResourceInUseException"
    tags = ground.admin.ask("eks", "list_tags_for_resource", resourceArn=made["addonArn"])["tags"]
    assert tags == {"team": "tide"}
    ground.admin.ask("eks", "tag_resource", resourceArn=made["addonArn"], tags={"tier": "1"})
    assert ground.eks("describe_addon", **named)["addon"]["tags"] == {"team": "tide", "tier": "1"}
    assert ground.eks("delete_addon", **named)["addon"]["status"] == "DELETING"
    ground.admin.client("eks").get_waiter("addon_deleted").wait(clusterName=CLUSTER, **named)
    refused = ground.eks_refused("create_addon", addonName="vpc-cni")
    text = "The lab serves the add-on eks-pod-identity-agent alone, not vpc-cni."
    assert refused == Refused("InvalidParameterException", 400, text)
