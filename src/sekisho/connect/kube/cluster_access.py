"""From a cluster's name to its API server, and who one is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sekisho.connect.aws_errors import aws_errors
from sekisho.connect.aws_session import current_keys, open_client, open_session
from sekisho.connect.describe_cluster import describe_cluster
from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.eks_token import sign_token
from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.client import KubeClient
from sekisho.connect.kube.trust import trust_of_data
from sekisho.connect.token_request import TokenRequest
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.values import Instant


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """A cluster, a client of its API server, and a question to STS: whose credentials are these."""

    cluster: EksCluster
    client: KubeClient
    caller: Callable[[], StsIdentity]


def open_cluster(
    request: TokenRequest, environ: Mapping[str, str], clock: Callable[[], Instant]
) -> ClusterAccess:
    """Return the access to the cluster that ``request.cluster`` names, after EKS DescribeCluster.

    Raises:
        SekishoInputError: the AWS configuration is wrong or names no region.
        EnvironmentFailure: no credentials, no network, EKS refused, or the cluster is not usable.
    """
    session = open_session(request.profile, request.region, environ)
    keys = current_keys(session)
    cluster = describe_cluster(open_client(session, "eks", keys), request.cluster)
    named = TokenRequest(cluster.outpost_id or cluster.name, request.region, request.profile)
    token = sign_token(session, named, clock)
    client = KubeClient(cluster.server, trust_of_data(cluster.certificate_authority), token.text, environ)
    return ClusterAccess(cluster, client, lambda: caller_identity(open_client(session, "sts", keys)))


def caller_identity(sts: Any) -> StsIdentity:
    """Return who the credentials of the botocore client ``sts`` are.

    Raises:
        EnvironmentFailure: STS refused, could not be reached, or named no principal.
    """
    operation = "sts:GetCallerIdentity"
    with aws_errors(operation):
        answer = sts.get_caller_identity()
    try:
        return identity_of(
            str(answer.get("Arn", "")), str(answer.get("UserId", "")), str(answer.get("Account", ""))
        )
    except ValueError as error:
        raise EnvironmentFailure(operation, f"the answer names nobody: {error}") from None
