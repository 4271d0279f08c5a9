"""EKS operations on clusters (EKS API Reference).

A cluster here is ACTIVE as soon as its endpoint answers, which is before CreateCluster
returns; the answer still says CREATING, as the real one does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.values import Arn, Instant
from sekisho.facts import Cluster, Key, Kind, Put
from sekisho.lab.aws.eks_versions import DEFAULT_VERSION, VERSIONS, EksVersion, version_named
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

MAX_TAGS = 50


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
    if mode != "CONFIG_MAP":
        raise AwsError(
            "InvalidParameterException",
            f"the lab serves authenticationMode CONFIG_MAP; {mode} needs access entries, not served yet",
            clusterName=name,
        )
    vpc = parameters.get("resourcesVpcConfig") or {}
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
        tags=tuple((parameters.get("tags") or {}).items()),
        subnet_ids=tuple(vpc.get("subnetIds") or ()),
        security_group_ids=tuple(vpc.get("securityGroupIds") or ()),
    )
    events = (Put(_key(cluster), cluster), *context.site.first_objects(cluster))
    return Answer({"cluster": _describe(cluster, "CREATING")}, events)


def describe_cluster(context: Context, parameters: Parameters) -> Answer:
    """Describe one cluster."""
    return Answer({"cluster": _describe(_cluster(context, parameters["name"]), "ACTIVE")})


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


def tag_resource(context: Context, parameters: Parameters) -> Answer:
    """Add or replace tags of a cluster."""
    cluster = _by_arn(context, parameters["resourceArn"])
    tags = {**dict(cluster.tags), **parameters["tags"]}
    if len(tags) > MAX_TAGS:
        raise AwsError("BadRequestException", f"a resource has at most {MAX_TAGS} tags")
    return Answer({}, (Put(_key(cluster), replace(cluster, tags=tuple(tags.items()))),))


def untag_resource(context: Context, parameters: Parameters) -> Answer:
    """Remove tags of a cluster."""
    cluster = _by_arn(context, parameters["resourceArn"])
    left = tuple((key, value) for key, value in cluster.tags if key not in parameters["tagKeys"])
    return Answer({}, (Put(_key(cluster), replace(cluster, tags=left)),))


def list_tags_for_resource(context: Context, parameters: Parameters) -> Answer:
    """List the tags of a cluster."""
    return Answer({"tags": dict(_by_arn(context, parameters["resourceArn"]).tags)})


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": create_cluster,
    "DescribeCluster": describe_cluster,
    "DescribeClusterVersions": describe_cluster_versions,
    "ListClusters": list_clusters,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}


def _cluster(context: Context, name: str) -> Cluster:
    found = context.facts.cluster(context.account, context.region, name)
    if found is None:
        raise AwsError(
            "ResourceNotFoundException", f"No cluster found for name: {name}.", 404, clusterName=name
        )
    return found


def _by_arn(context: Context, text: str) -> Cluster:
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise AwsError("BadRequestException", f"invalid ARN: {text}") from None
    kind, _, name = arn.resource.partition("/")
    found = context.facts.cluster(arn.account, arn.region, name) if kind == "cluster" else None
    if found is None or found.arn != arn or found.account != context.account:
        raise AwsError("NotFoundException", f"The requested resource was not found: {text}", 404)
    return found


def _key(cluster: Cluster) -> Key:
    return Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name)


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
