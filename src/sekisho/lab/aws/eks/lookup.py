"""Finding what an EKS operation is about, and saying what is not there."""

from sekisho.decide.eks.creator import API_MODES
from sekisho.facts import Cluster, ClusterAccessEntry, Key, Kind, Tags
from sekisho.lab.aws.operation import AwsError, Context, Parameters

MAX_TAGS = 50
RESERVED = "aws: prefixed tag keys are reserved for AWS use"


def cluster_named(context: Context, name: str) -> Cluster:
    """Return a cluster of the caller's account and region.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    found = context.facts.cluster(context.account, context.region, name)
    if found is None:
        raise AwsError(
            "ResourceNotFoundException", f"No cluster found for name: {name}.", 404, clusterName=name
        )
    return found


def cluster_key(cluster: Cluster) -> Key:
    """Return the key of a cluster."""
    return Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name)


def cluster_with_entries(context: Context, name: str) -> Cluster:
    """Return a cluster whose mode has access entries.

    Raises:
        AwsError: no such cluster, or InvalidRequestException: its mode is CONFIG_MAP.
    """
    found = cluster_named(context, name)
    if found.authentication_mode not in API_MODES:
        raise AwsError(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
            "to perform this operation.",
            clusterName=name,
        )
    return found


def entry_of(context: Context, cluster: Cluster, principal: str) -> ClusterAccessEntry:
    """Return the access entry of a principal.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    found = context.facts.access_entry(str(cluster.arn), principal)
    if found is None:
        raise AwsError(
            "ResourceNotFoundException",
            "The specified principalArn could not be found. "
            "You can view your available access entries with 'list-access-entries'.",
            404,
            clusterName=cluster.name,
        )
    return found


def invalid_parameter(problem: str, cluster: str) -> AwsError:
    """Return the refusal of a parameter."""
    return AwsError("InvalidParameterException", problem, clusterName=cluster)


def tags_given(parameters: Parameters, cluster: str) -> Tags:
    """Return the tags of something new.

    Raises:
        AwsError: InvalidParameterException, they are too many or reserved.
    """
    tags = tuple((parameters.get("tags") or {}).items())
    if len(tags) > MAX_TAGS:
        raise invalid_parameter(f"a resource has at most {MAX_TAGS} tags", cluster)
    if any(is_reserved(key) for key, _ in tags):
        raise invalid_parameter(RESERVED, cluster)
    return tags


def is_reserved(key: str) -> bool:
    """Tell whether AWS alone sets tags of this key: those of a stack, for one (EKS API Reference, "Tag")."""
    return key.lower().startswith("aws:")
