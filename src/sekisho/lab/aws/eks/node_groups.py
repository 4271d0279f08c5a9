"""What clients ask of a cluster that no cluster here has: node groups and Fargate profiles.

The lab runs no EC2 instance; the lists are empty because nothing is there.
"""

from sekisho.lab.aws.eks.lookup import cluster_named
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters


def list_nodegroups(context: Context, parameters: Parameters) -> Answer:
    """List the managed node groups of a cluster."""
    cluster_named(context, parameters["clusterName"])
    return Answer({"nodegroups": []})


def describe_nodegroup(context: Context, parameters: Parameters) -> Answer:
    """Describe a managed node group."""
    cluster_named(context, parameters["clusterName"])
    raise _absent(f"No node group found for name: {parameters['nodegroupName']}.")


def list_fargate_profiles(context: Context, parameters: Parameters) -> Answer:
    """List the Fargate profiles of a cluster."""
    cluster_named(context, parameters["clusterName"])
    return Answer({"fargateProfileNames": []})


def describe_fargate_profile(context: Context, parameters: Parameters) -> Answer:
    """Describe a Fargate profile."""
    cluster = cluster_named(context, parameters["clusterName"])
    name = parameters["fargateProfileName"]
    raise _absent(f"No Fargate Profile found with name: {name} in cluster: {cluster.name}.")


OPERATIONS: dict[str, Operation] = {
    "DescribeFargateProfile": describe_fargate_profile,
    "DescribeNodegroup": describe_nodegroup,
    "ListFargateProfiles": list_fargate_profiles,
    "ListNodegroups": list_nodegroups,
}


def _absent(problem: str) -> AwsError:
    return AwsError("ResourceNotFoundException", problem, 404)
