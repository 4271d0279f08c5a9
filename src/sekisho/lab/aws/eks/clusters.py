"""EKS operations on clusters (EKS API Reference).

A cluster here is ACTIVE as soon as its endpoint answers, which is before CreateCluster
returns, and gone when DeleteCluster returns; the answers still say CREATING and DELETING, as the
real ones do, so that the waiters of clients find what they wait for at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from sekisho.decide.eks.creator import API_MODES, MODES
from sekisho.decide.eks.service_trust import trusts_service
from sekisho.decide.sts.assume_role import ACTION, role_arn
from sekisho.decide.values import Instant
from sekisho.facts import Cluster, Kind, Put
from sekisho.lab.aws.eks.lookup import cluster_key, cluster_named, invalid_parameter, tags_given
from sekisho.lab.aws.eks.updates import creator_events, everything_of
from sekisho.lab.aws.eks.versions import DEFAULT_VERSION, VERSIONS, EksVersion, version_named
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

SERVICE: Final = "eks.amazonaws.com"


def create_cluster(context: Context, parameters: Parameters) -> Answer:
    """Create a cluster; the caller's IAM identity is recorded as its creator."""
    name = parameters["name"]
    if context.facts.cluster(context.account, context.region, name) is not None:
        raise AwsError(
            "ResourceInUseException", f"Cluster already exists with name: {name}", 409, clusterName=name
        )
    version = parameters.get("version") or DEFAULT_VERSION
    known = version_named(version)
    if known is None or known.status(context.now) == "UNSUPPORTED":
        raise AwsError("InvalidParameterException", "unsupported Kubernetes version", clusterName=name)
    access = parameters.get("accessConfig") or {}
    mode = access.get("authenticationMode") or "CONFIG_MAP"
    bootstrap = access.get("bootstrapClusterCreatorAdminPermissions", True)
    if mode not in MODES:
        modes = ", ".join(sorted(MODES))
        raise invalid_parameter(f"authenticationMode must be one of {modes}, not {mode[:40]}", name)
    if mode == "CONFIG_MAP" and not bootstrap:
        raise invalid_parameter(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode "
            "is set to CONFIG_MAP",
            name,
        )
    if not _is_assumable(context, parameters["roleArn"]):
        raise invalid_parameter(
            f"Role with arn: {parameters['roleArn']}, could not be assumed because it does not exist "
            "or the trusted entity is not correct",
            name,
        )
    vpc = parameters.get("resourcesVpcConfig") or {}
    tags = tags_given(parameters, name)
    cluster = Cluster(
        account=context.account,
        region=context.region,
        name=name,
        version=version,
        created=context.now,
        authentication_mode=mode,
        creator=str(context.caller.entity),
        partition=context.partition,
        endpoint=context.site.new_endpoint(),
        certificate_authority=context.site.certificate_authority,
        issuer=f"https://oidc.eks.{context.region}.amazonaws.com/id/{context.ids.hex(32)}",
        role_arn=parameters["roleArn"],
        tags=tags,
        subnet_ids=tuple(vpc.get("subnetIds") or ()),
        security_group_ids=tuple(vpc.get("securityGroupIds") or ()),
    )
    admin = creator_events(context, cluster) if bootstrap and mode in API_MODES else ()
    events = (Put(cluster_key(cluster), cluster), *context.site.first_objects(cluster), *admin)
    return Answer({"cluster": _describe(cluster, "CREATING")}, events)


def describe_cluster(context: Context, parameters: Parameters) -> Answer:
    """Describe one cluster."""
    return Answer({"cluster": _describe(cluster_named(context, parameters["name"]), "ACTIVE")})


def delete_cluster(context: Context, parameters: Parameters) -> Answer:
    """Delete a cluster with everything in it; its endpoint answers no more."""
    cluster = cluster_named(context, parameters["name"])
    return Answer({"cluster": _describe(cluster, "DELETING")}, everything_of(context, cluster))


def list_clusters(context: Context, parameters: Parameters) -> Answer:
    """List the names of the region's clusters."""
    names = sorted(context.facts.scope(Kind.CLUSTER, f"{context.account}/{context.region}"))
    found, token = page(names, parameters.get("nextToken"), parameters.get("maxResults") or 100)
    return Answer({"clusters": found, **({"nextToken": token} if token else {})})


def describe_cluster_versions(context: Context, parameters: Parameters) -> Answer:
    """List the Kubernetes versions on offer, with their support status today."""
    wanted = parameters.get("clusterVersions") or ()
    status = parameters.get("versionStatus") or (parameters.get("status") or "").upper().replace("-", "_")
    found = [
        version
        for version in VERSIONS
        if (not wanted or version.name in wanted)
        and (not status or version.status(context.now) == status)
        and (parameters.get("includeAll") or wanted or status or version.status(context.now) != "UNSUPPORTED")
        and (not parameters.get("defaultOnly") or version.name == DEFAULT_VERSION)
    ]
    chosen, token = page(found, parameters.get("nextToken"), parameters.get("maxResults") or 100)
    listed = [_version(version, context.now) for version in chosen]
    return Answer({"clusterVersions": listed, **({"nextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": create_cluster,
    "DeleteCluster": delete_cluster,
    "DescribeCluster": describe_cluster,
    "DescribeClusterVersions": describe_cluster_versions,
    "ListClusters": list_clusters,
}


def _is_assumable(context: Context, role: str) -> bool:
    """Tell whether EKS may assume a role."""
    arn = role_arn(role)
    if arn is None:
        return False
    found = context.facts.role(arn.account, arn.resource.rpartition("/")[2])
    return found is not None and found.arn == arn and trusts_service(found.trust, arn, SERVICE, ACTION)


def _describe(cluster: Cluster, status: str) -> Mapping[str, Any]:
    creating = status == "CREATING"
    answer: dict[str, Any] = {
        "name": cluster.name,
        "arn": str(cluster.arn),
        "createdAt": cluster.created,
        "version": cluster.version,
        "roleArn": cluster.role_arn,
        "resourcesVpcConfig": {
            "subnetIds": list(cluster.subnet_ids),
            "securityGroupIds": list(cluster.security_group_ids),
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": cluster.service_ipv4_cidr, "ipFamily": "ipv4"},
        "logging": {"clusterLogging": []},
        "status": status,
        "certificateAuthority": {} if creating else {"data": cluster.certificate_authority},
        "platformVersion": cluster.platform_version,
        "tags": dict(cluster.tags),
        "accessConfig": {"authenticationMode": cluster.authentication_mode},
    }
    if not creating:
        answer |= {"endpoint": cluster.endpoint, "identity": {"oidc": {"issuer": cluster.issuer}}}
    return answer


def _version(version: EksVersion, now: Instant) -> Mapping[str, Any]:
    status = version.status(now)
    return {
        "clusterVersion": version.name,
        "clusterType": "eks",
        "defaultPlatformVersion": "eks.1",
        "defaultVersion": version.name == DEFAULT_VERSION,
        "releaseDate": _date(version.released),
        "endOfStandardSupportDate": _date(version.standard_until),
        "endOfExtendedSupportDate": _date(version.extended_until),
        "status": status.lower().replace("_", "-"),
        "versionStatus": status,
        "kubernetesPatchVersion": version.patch,
    }


def _date(text: str) -> Instant:
    return Instant.parse_rfc3339(f"{text}T00:00:00Z")
