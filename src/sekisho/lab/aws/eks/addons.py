"""EKS operations on add-ons, as far as the lab has any: the Pod Identity agent (EKS API, "Addon").

The lab serves credentials to pods by itself, so the add-on installs nothing: it says that the agent of a
cluster is wanted, and without it no pod is answered. Other add-ons are software that the lab does not run.
"""

from collections.abc import Mapping
from typing import Any

from sekisho.facts import Cluster, ClusterAddon, Delete, Key, Kind, Put
from sekisho.lab.aws.eks.lookup import cluster_named, invalid_parameter, tags_given
from sekisho.lab.aws.eks.versions import VERSIONS
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

AGENT = "eks-pod-identity-agent"
VERSION = "v1.3.10-eksbuild.2"
_SERVED = frozenset(
    {
        "clusterName",
        "addonName",
        "addonVersion",
        "resolveConflicts",
        "clientRequestToken",
        "tags",
        "configurationValues",
    }
)


def create_addon(context: Context, parameters: Parameters) -> Answer:
    """Install the Pod Identity agent; asked twice with one token it is installed once."""
    cluster = cluster_named(context, parameters["clusterName"])
    name = parameters["addonName"]
    if name != AGENT:
        raise invalid_parameter(f"The lab serves the add-on {AGENT} alone, not {name[:100]}.", cluster.name)
    other = sorted(set(parameters) - _SERVED)
    if other:
        raise invalid_parameter(f"the lab serves the add-on {AGENT} without {other[0]}", cluster.name)
    version = parameters.get("addonVersion") or VERSION
    if version != VERSION:
        raise invalid_parameter("Addon version specified is not supported", cluster.name)
    token = parameters.get("clientRequestToken") or ""
    existing = addon_named(context, cluster, name)
    if existing is not None:
        if token and token == existing.token:
            return Answer({"addon": described(existing, "CREATING")})
        raise AwsError("ResourceInUseException", "Addon already exists.", 409, clusterName=cluster.name)
    tags = tags_given(parameters, cluster.name)
    made = ClusterAddon(
        str(cluster.arn),
        name,
        version,
        context.ids.request_id(),
        context.now,
        context.now,
        tags,
        parameters.get("configurationValues") or "",
        token,
    )
    return Answer({"addon": described(made, "CREATING")}, (Put(addon_key(made), made),))


def describe_addon(context: Context, parameters: Parameters) -> Answer:
    """Describe an add-on, which is ACTIVE from the first."""
    cluster = cluster_named(context, parameters["clusterName"])
    return Answer({"addon": described(_addon(context, cluster, parameters["addonName"]), "ACTIVE")})


def delete_addon(context: Context, parameters: Parameters) -> Answer:
    """Remove an add-on."""
    cluster = cluster_named(context, parameters["clusterName"])
    found = _addon(context, cluster, parameters["addonName"])
    return Answer({"addon": described(found, "DELETING")}, (Delete(addon_key(found)),))


def list_addons(context: Context, parameters: Parameters) -> Answer:
    """List the names of the add-ons of a cluster."""
    cluster = cluster_named(context, parameters["clusterName"])
    names = sorted(context.facts.scope(Kind.ADDON, str(cluster.arn)))
    shown, token = page(names, parameters.get("nextToken"), parameters.get("maxResults") or 100)
    return Answer({"addons": shown, **({"nextToken": token} if token else {})})


def describe_addon_versions(_context: Context, parameters: Parameters) -> Answer:
    """List what could be installed: the Pod Identity agent, for every Kubernetes version."""
    name, wanted = parameters.get("addonName"), parameters.get("kubernetesVersion")
    is_asked = name in (None, AGENT) and all(
        "eks" in (parameters.get(filter_) or ["eks"]) for filter_ in ("owners", "publishers")
    )
    is_asked = is_asked and (wanted is None or wanted in [one.name for one in VERSIONS])
    return Answer({"addons": [_offer(wanted)] if is_asked else []})


OPERATIONS: dict[str, Operation] = {
    "CreateAddon": create_addon,
    "DeleteAddon": delete_addon,
    "DescribeAddon": describe_addon,
    "DescribeAddonVersions": describe_addon_versions,
    "ListAddons": list_addons,
}


def addon_named(context: Context, cluster: Cluster, name: str) -> ClusterAddon | None:
    """Return an add-on of a cluster; None if it is not installed."""
    found = context.facts.get(Key(Kind.ADDON, str(cluster.arn), name))
    return found if isinstance(found, ClusterAddon) else None


def addon_key(found: ClusterAddon) -> Key:
    """Return the key of an add-on."""
    return Key(Kind.ADDON, found.cluster, found.name)


def described(found: ClusterAddon, status: str) -> Mapping[str, Any]:
    """Return an add-on as the API describes it."""
    return {
        "addonName": found.name,
        "clusterName": found.arn.resource.split("/")[1],
        "status": status,
        "addonVersion": found.version,
        "health": {"issues": []},
        "addonArn": str(found.arn),
        "createdAt": found.created,
        "modifiedAt": found.modified,
        "tags": dict(found.tags),
        **({"configurationValues": found.configuration} if found.configuration else {}),
    }


def _addon(context: Context, cluster: Cluster, name: str) -> ClusterAddon:
    found = addon_named(context, cluster, name)
    if found is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"No addon: {name} found in cluster: {cluster.name}",
            404,
            clusterName=cluster.name,
            addonName=name,
        )
    return found


def _offer(wanted: str | None) -> Mapping[str, Any]:
    return {
        "addonName": AGENT,
        "type": "security",
        "publisher": "eks",
        "owner": "aws",
        "addonVersions": [
            {
                "addonVersion": VERSION,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [
                    {"clusterVersion": one.name, "platformVersions": ["*"], "defaultVersion": True}
                    for one in VERSIONS
                    if wanted in (None, one.name)
                ],
                "requiresConfiguration": False,
                "requiresIamPermissions": False,
            }
        ],
    }
