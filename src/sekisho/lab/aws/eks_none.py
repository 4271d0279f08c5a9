"""What clients ask of a cluster that no cluster here has: node groups, Fargate profiles, add-ons.

The lab runs no EC2 instance and installs no add-on; the lists are empty because nothing is there.
"""

from sekisho.lab.aws.eks_lookup import cluster_named
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


def list_addons(context: Context, parameters: Parameters) -> Answer:
    """List the add-ons of a cluster."""
    cluster_named(context, parameters["clusterName"])
    return Answer({"addons": []})


def describe_addon(context: Context, parameters: Parameters) -> Answer:
    """Describe an add-on."""
    cluster = cluster_named(context, parameters["clusterName"])
    raise _absent(f"No addon: {parameters['addonName']} found in cluster: {cluster.name}")


def describe_addon_versions(_context: Context, _parameters: Parameters) -> Answer:
    """List the add-ons that could be installed."""
    return Answer({"addons": []})


OPERATIONS: dict[str, Operation] = {
    "DescribeAddon": describe_addon,
    "DescribeAddonVersions": describe_addon_versions,
    "DescribeFargateProfile": describe_fargate_profile,
    "DescribeNodegroup": describe_nodegroup,
    "ListAddons": list_addons,
    "ListFargateProfiles": list_fargate_profiles,
    "ListNodegroups": list_nodegroups,
}


def _absent(problem: str) -> AwsError:
    return AwsError("ResourceNotFoundException", problem, 404)
