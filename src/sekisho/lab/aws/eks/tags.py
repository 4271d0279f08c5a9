"""EKS operations on the tags of clusters and of what belongs to them (EKS API Reference, "TagResource")."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sekisho.decide.values import Arn
from sekisho.facts import (
    Cluster,
    ClusterAccessEntry,
    ClusterAddon,
    ClusterIdentityProvider,
    Kind,
    PodIdentityAssociation,
    Put,
)
from sekisho.facts.cluster_providers import identity_providers, provider_key
from sekisho.facts.pod_identity import association_key, associations_of
from sekisho.lab.aws.eks.addons import addon_key
from sekisho.lab.aws.eks.entries import entry_key
from sekisho.lab.aws.eks.lookup import MAX_TAGS, RESERVED, cluster_key, is_reserved
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

_Tagged = Cluster | ClusterAccessEntry | ClusterIdentityProvider | PodIdentityAssociation | ClusterAddon


def tag_resource(context: Context, parameters: Parameters) -> Answer:
    """Add or replace tags."""
    _refuse_reserved(parameters["tags"])
    found = _by_arn(context, parameters["resourceArn"])
    tags = {**dict(found.tags), **parameters["tags"]}
    if sum(not is_reserved(key) for key in tags) > MAX_TAGS:
        raise AwsError("BadRequestException", f"a resource has at most {MAX_TAGS} tags")
    return Answer({}, (_tagged(found, tags),))


def untag_resource(context: Context, parameters: Parameters) -> Answer:
    """Remove tags."""
    _refuse_reserved(parameters["tagKeys"])
    found = _by_arn(context, parameters["resourceArn"])
    left = {key: value for key, value in found.tags if key not in parameters["tagKeys"]}
    return Answer({}, (_tagged(found, left),))


def list_tags_for_resource(context: Context, parameters: Parameters) -> Answer:
    """List the tags of a resource."""
    return Answer({"tags": dict(_by_arn(context, parameters["resourceArn"]).tags)})


OPERATIONS: dict[str, Operation] = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}


def _refuse_reserved(keys: Iterable[str]) -> None:
    """Refuse the tags that AWS alone sets."""
    if any(is_reserved(key) for key in keys):
        raise AwsError("BadRequestException", RESERVED)


def _by_arn(context: Context, text: str) -> _Tagged:
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise AwsError("BadRequestException", f"invalid ARN: {text}") from None
    kind, _, rest = arn.resource.partition("/")
    found = context.facts.cluster(arn.account, arn.region, rest.partition("/")[0])
    if found is not None and found.account == context.account:
        of_cluster = (found,) if kind == "cluster" else _members(context, kind, str(found.arn))
        for one in of_cluster:
            if one.arn == arn:
                return one
    raise AwsError("NotFoundException", f"The requested resource was not found: {text}", 404)


def _members(context: Context, kind: str, cluster_arn: str) -> tuple[_Tagged, ...]:
    """Return what of a cluster has ARNs of a kind."""
    match kind:
        case "access-entry":
            return context.facts.access_entries(cluster_arn)
        case "identityproviderconfig":
            return identity_providers(context.facts, cluster_arn)
        case "podidentityassociation":
            return associations_of(context.facts, cluster_arn)
        case "addon":
            every = context.facts.scope(Kind.ADDON, cluster_arn).values()
            return tuple(one for one in every if isinstance(one, ClusterAddon))
        case _:
            return ()


def _tagged(found: _Tagged, tags: Mapping[str, str]) -> Put:
    pairs = tuple(tags.items())
    if isinstance(found, Cluster):
        return Put(cluster_key(found), replace(found, tags=pairs))
    if isinstance(found, ClusterAccessEntry):
        return Put(entry_key(found), replace(found, tags=pairs))
    if isinstance(found, ClusterIdentityProvider):
        return Put(provider_key(found), replace(found, tags=pairs))
    if isinstance(found, ClusterAddon):
        return Put(addon_key(found), replace(found, tags=pairs))
    return Put(association_key(found), replace(found, tags=pairs))
