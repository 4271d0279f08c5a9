"""The output of `aws eks describe-cluster` (EKS API Reference, "DescribeCluster")."""

from collections.abc import Mapping

from sekisho.decide.eks.creator import MODES
from sekisho.decide.values import AccountId, Json, Ref
from sekisho.facts.aws_members import Output
from sekisho.facts.model import Cluster
from sekisho.facts.world.content import UNDATED


def is_described_cluster(value: Json) -> bool:
    """Whether a document is such an output."""
    return (
        isinstance(value, Mapping) and isinstance(value.get("cluster"), Mapping) and "apiVersion" not in value
    )


def read_described_cluster(value: Json, at: Ref, authentication_mode: str) -> Cluster:
    """Return the cluster. EKS does not say who created it, so the creator is unread.

    ``authentication_mode`` counts where the output has none, as those of old clients.

    Raises:
        SekishoInputError: no name or ARN, or a member of the wrong type.
    """
    found = Output(value, at, []).member("cluster")
    arn = found.member("arn").arn()
    mode = found.member("accessConfig").member("authenticationMode").text(optional=True)
    network = found.member("resourcesVpcConfig")
    tags = found.member("tags").value
    cluster = Cluster(
        account=AccountId(arn.account if arn else ""),
        region=arn.region if arn else "",
        name=found.member("name").text(),
        version=found.member("version").text(optional=True),
        created=found.member("createdAt").instant(UNDATED),
        authentication_mode=mode if mode in MODES else authentication_mode,
        creator="",
        partition=arn.partition if arn else "aws",
        endpoint=found.member("endpoint").text(optional=True),
        certificate_authority=found.member("certificateAuthority").member("data").text(optional=True),
        issuer=found.member("identity").member("oidc").member("issuer").text(optional=True),
        role_arn=found.member("roleArn").text(optional=True),
        platform_version=found.member("platformVersion").text(optional=True),
        tags=tuple((k, v) for k, v in tags.items() if isinstance(v, str))
        if isinstance(tags, Mapping)
        else (),
        subnet_ids=tuple(item.text() for item in network.member("subnetIds").items()),
        security_group_ids=tuple(item.text() for item in network.member("securityGroupIds").items()),
        service_ipv4_cidr=found.member("kubernetesNetworkConfig")
        .member("serviceIpv4Cidr")
        .text(optional=True),
    )
    found.raise_faults()
    return cluster
