"""EKS operations that change a cluster as a whole, and the updates that tell of it (EKS API Reference).

Here a change is made before the answer to it is given. The answer still says InProgress, as the real
one does; whoever asks next, as a waiter, finds the cluster ACTIVE and the update Successful.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.eks.entry_rules import fault_of_mode_change
from sekisho.facts import (
    Cluster,
    ClusterAccessEntry,
    ClusterUpdate,
    Delete,
    Event,
    Key,
    Kind,
    PolicyAssociation,
    Put,
)
from sekisho.facts.iam_lookup import unique_id_of
from sekisho.facts.world.entries import creator_entry
from sekisho.lab.aws.eks.entries import DEFAULT_PAGE, entry_key
from sekisho.lab.aws.eks.lookup import cluster_key, cluster_named, invalid_parameter
from sekisho.lab.aws.eks.versions import version_named
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

_SERVED = frozenset({"name", "accessConfig", "clientRequestToken"})


def update_cluster_config(context: Context, parameters: Parameters) -> Answer:
    """Change the authentication mode: one way, one step at a time."""
    cluster = cluster_named(context, parameters["name"])
    other = sorted(set(parameters) - _SERVED)
    if other:
        raise invalid_parameter(f"the lab serves updates of accessConfig, not of {other[0]}", cluster.name)
    mode = (parameters.get("accessConfig") or {}).get("authenticationMode")
    if not mode:
        raise invalid_parameter("accessConfig.authenticationMode must be specified", cluster.name)
    token = parameters.get("clientRequestToken") or ""
    told = (("AuthenticationMode", mode),)
    known = known_update(context, cluster, token, "AccessConfigUpdate", told)
    if known is not None:
        return Answer({"update": described_update(known)})
    problem = fault_of_mode_change(cluster.authentication_mode, mode)
    if problem:
        raise invalid_parameter(problem, cluster.name)
    changed = replace(cluster, authentication_mode=mode)
    made = new_update(context, cluster, "AccessConfigUpdate", told, token)
    # Only when entries begin to count: a creator's entry that was deleted since stays deleted.
    admin = creator_events(context, cluster) if cluster.authentication_mode == "CONFIG_MAP" else ()
    events = (Put(cluster_key(changed), changed), put_update(made), *admin)
    return Answer({"update": described_update(made)}, events)


def update_cluster_version(context: Context, parameters: Parameters) -> Answer:
    """Move a cluster to the next minor version of Kubernetes."""
    cluster = cluster_named(context, parameters["name"])
    version = parameters["version"]
    told = (("Version", version), ("PlatformVersion", cluster.platform_version))
    token = parameters.get("clientRequestToken") or ""
    known = known_update(context, cluster, token, "VersionUpdate", told)
    if known is not None:
        return Answer({"update": described_update(known)})
    offered = version_named(version)
    if offered is None or offered.status(context.now) == "UNSUPPORTED":
        raise invalid_parameter("unsupported Kubernetes version", cluster.name)
    if _minor(version) != _minor(cluster.version) + 1:
        raise invalid_parameter(
            f"Unsupported Kubernetes minor version update from {cluster.version} to {version}", cluster.name
        )
    changed = replace(cluster, version=version)
    made = new_update(context, cluster, "VersionUpdate", told, token)
    return Answer(
        {"update": described_update(made)},
        (Put(cluster_key(changed), changed), put_update(made)),
    )


def describe_update(context: Context, parameters: Parameters) -> Answer:
    """Describe one update of a cluster."""
    cluster = cluster_named(context, parameters["name"])
    wanted = parameters["updateId"]
    found = [one for one in context.facts.cluster_updates(str(cluster.arn)) if one.update == wanted]
    if not found or parameters.get("nodegroupName") or parameters.get("addonName"):
        raise AwsError("ResourceNotFoundException", f"No update found for ID: {wanted}", 404)
    return Answer({"update": described_update(found[0], "Successful")})


def list_updates(context: Context, parameters: Parameters) -> Answer:
    """List the ids of a cluster's updates; node groups and add-ons have none here."""
    cluster = cluster_named(context, parameters["name"])
    of_other = parameters.get("nodegroupName") or parameters.get("addonName")
    every = [] if of_other else [one.update for one in context.facts.cluster_updates(str(cluster.arn))]
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page(every, parameters.get("nextToken"), limit)
    return Answer({"updateIds": shown, **({"nextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "DescribeUpdate": describe_update,
    "ListUpdates": list_updates,
    "UpdateClusterConfig": update_cluster_config,
    "UpdateClusterVersion": update_cluster_version,
}


def creator_events(context: Context, cluster: Cluster) -> tuple[Event, ...]:
    """Return the entry by which the creator of ``cluster`` is its administrator in a mode with entries.

    None for a creator that cannot have one or has one, or that does not exist any more.
    """
    entry = creator_entry(cluster.creator)
    unique_id = unique_id_of(context.facts, cluster.creator)
    if entry is None or not unique_id:
        return ()
    if context.facts.access_entry(str(cluster.arn), cluster.creator) is not None:
        return ()
    made = ClusterAccessEntry(
        str(cluster.arn),
        replace(entry, principal_id=unique_id),
        context.ids.request_id(),
        context.now,
        context.now,
        dates=tuple(PolicyAssociation(one.policy, context.now, context.now) for one in entry.policies or ()),
    )
    return (Put(entry_key(made), made),)


def everything_of(context: Context, cluster: Cluster) -> tuple[Event, ...]:
    """Return the events after which nothing of a cluster is left."""
    arn = str(cluster.arn)
    own = (
        Delete(key) for key, _ in context.facts.items() if key.scope == arn or key.scope.startswith(f"{arn} ")
    )
    return (*own, Delete(cluster_key(cluster)))


def known_update(
    context: Context, cluster: Cluster, token: str, kind: str, told: tuple[tuple[str, str], ...]
) -> ClusterUpdate | None:
    """Return the update that the same request made before: clients send it again under one token."""
    if not token:
        return None
    made = context.facts.cluster_updates(str(cluster.arn))
    return next((one for one in made if (one.token, one.type, one.parameters) == (token, kind, told)), None)


def new_update(
    context: Context, cluster: Cluster, kind: str, told: tuple[tuple[str, str], ...], token: str
) -> ClusterUpdate:
    """Return an update that is made now."""
    return ClusterUpdate(str(cluster.arn), context.ids.request_id(), kind, told, context.now, token)


def put_update(update: ClusterUpdate) -> Event:
    """Return the event that keeps an update."""
    return Put(Key(Kind.CLUSTER_UPDATE, update.cluster, update.update), update)


def described_update(update: ClusterUpdate, status: str = "InProgress") -> Mapping[str, Any]:
    """Return an update as the API describes it."""
    return {
        "id": update.update,
        "status": status,
        "type": update.type,
        "params": [{"type": kind, "value": value} for kind, value in update.parameters],
        "createdAt": update.created,
        "errors": [],
    }


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
