"""Ask EKS for a cluster."""

from typing import Any

from sekisho.connect.aws_errors import aws_errors
from sekisho.connect.eks_cluster import EksCluster
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import Arn

OPERATION = "eks:DescribeCluster"
SESSION_NAME = "EKSDescribeClusterSession"
"""The session name ``aws eks update-kubeconfig`` uses for ``--assume-role-arn``."""

_USABLE = frozenset({"ACTIVE", "UPDATING"})
_PASSING = frozenset({"CREATING", "PENDING"})


def describe_cluster(eks: Any, name: str) -> EksCluster:
    """Return the cluster ``name``, asked of the botocore client ``eks``.

    Raises:
        SekishoInputError: ``name`` is not a cluster name.
        EnvironmentFailure: EKS refused or could not be reached, or the cluster is not usable now.
    """
    with aws_errors(OPERATION):
        answer = eks.describe_cluster(name=name)
    cluster: dict[str, Any] = answer.get("cluster") or {}
    status = cluster.get("status")
    if status is not None and status not in _USABLE:
        raise EnvironmentFailure(
            OPERATION,
            f"cluster `{name}` is {status}, expected ACTIVE or UPDATING",
            can_retry=status in _PASSING,
        )
    if not (status and cluster.get("arn") and cluster.get("endpoint")):
        raise EnvironmentFailure(OPERATION, f"the answer for `{name}` lacks status, ARN or endpoint")
    authority = (cluster.get("certificateAuthority") or {}).get("data", "")
    outpost_id = cluster.get("id", "") if cluster.get("outpostConfig") is not None else ""
    return EksCluster(_parse_arn(cluster["arn"]), name, cluster["endpoint"], authority, outpost_id)


def _parse_arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except ValueError as error:
        raise EnvironmentFailure(OPERATION, f"the answer holds no usable ARN: {error}") from None
