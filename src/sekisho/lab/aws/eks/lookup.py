"""Finding what an EKS operation is about, and saying what is not there."""

from sekisho.decide.eks.creator import API_MODES
from sekisho.facts import Cluster, ClusterAccessEntry, Key, Kind
from sekisho.lab.aws.operation import AwsError, Context


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
