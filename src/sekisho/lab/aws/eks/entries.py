"""EKS operations on access entries (EKS API Reference; EKS User Guide, "Create access entries").

An entry counts from the next request to the cluster on, and it counts for the unique id that its ARN
stood for when it was made: not for a principal made later under the same name.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.eks.access_entry import AccessEntry, EntryType, default_username, set_groups
from sekisho.decide.eks.entry_rules import NOT_STANDARD, fault_of_principal, faults_of_choice
from sekisho.decide.values import Arn
from sekisho.facts import Cluster, ClusterAccessEntry, Delete, Key, Kind, Put
from sekisho.facts.iam_lookup import unique_id_of
from sekisho.lab.aws.eks.lookup import cluster_with_entries, entry_of, invalid_parameter, tags_given
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

MAX_ENTRIES = 10_000
"""Service quota "Access entries per cluster"."""

DEFAULT_PAGE = 100


def create_access_entry(context: Context, parameters: Parameters) -> Answer:
    """Create an entry for an IAM user or role that exists; asked twice with one token it is made once."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    principal = parameters["principalArn"]
    wanted = _wanted(cluster, parameters)
    token = parameters.get("clientRequestToken") or ""
    existing = context.facts.access_entry(str(cluster.arn), principal)
    if existing is not None:
        asked = replace(wanted, principal_id=existing.entry.principal_id, policies=existing.entry.policies)
        if token and token == existing.token and asked == existing.entry:
            return Answer({"accessEntry": described(existing)})
        raise AwsError(
            "ResourceInUseException",
            "The specified access entry resource is already in use on this cluster.",
            409,
            clusterName=cluster.name,
        )
    if len(context.facts.access_entries(str(cluster.arn))) >= MAX_ENTRIES:
        raise AwsError(
            "ResourceLimitExceededException",
            f"a cluster has at most {MAX_ENTRIES} access entries",
            clusterName=cluster.name,
        )
    unique_id = unique_id_of(context.facts, principal)
    if not unique_id:
        raise invalid_parameter("The specified principalArn is invalid: invalid principal.", cluster.name)
    tags = tags_given(parameters, cluster.name)
    made = ClusterAccessEntry(
        str(cluster.arn),
        replace(wanted, principal_id=unique_id),
        context.ids.request_id(),
        context.now,
        context.now,
        tags,
        token=token,
    )
    return Answer({"accessEntry": described(made)}, (Put(entry_key(made), made),))


def describe_access_entry(context: Context, parameters: Parameters) -> Answer:
    """Describe an entry; the unique id that it is held to is not shown."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    return Answer({"accessEntry": described(entry_of(context, cluster, parameters["principalArn"]))})


def update_access_entry(context: Context, parameters: Parameters) -> Answer:
    """Replace the user name, the groups or both of a STANDARD entry."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    found = entry_of(context, cluster, parameters["principalArn"])
    if found.entry.type is not EntryType.STANDARD:
        raise invalid_parameter(NOT_STANDARD, cluster.name)
    username, groups = parameters.get("username"), parameters.get("kubernetesGroups")
    for problem in faults_of_choice(found.entry.type, username, groups or ()):
        raise invalid_parameter(problem, cluster.name)
    entry = replace(
        found.entry,
        username=username or found.entry.username,
        groups=found.entry.groups if groups is None else tuple(groups),
    )
    changed = replace(found, entry=entry, modified=context.now)
    return Answer({"accessEntry": described(changed)}, (Put(entry_key(changed), changed),))


def delete_access_entry(context: Context, parameters: Parameters) -> Answer:
    """Delete an entry with the associations of its access policies."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    found = entry_of(context, cluster, parameters["principalArn"])
    return Answer({}, (Delete(entry_key(found)),))


def list_access_entries(context: Context, parameters: Parameters) -> Answer:
    """List the ARNs of the principals with an entry, or with one that has a certain access policy."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    policy = parameters.get("associatedPolicyArn")
    principals = sorted(
        found.entry.principal
        for found in context.facts.access_entries(str(cluster.arn))
        if policy is None or policy in [one.policy for one in found.entry.policies or ()]
    )
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page(principals, parameters.get("nextToken"), limit)
    return Answer({"accessEntries": shown, **({"nextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "CreateAccessEntry": create_access_entry,
    "DeleteAccessEntry": delete_access_entry,
    "DescribeAccessEntry": describe_access_entry,
    "ListAccessEntries": list_access_entries,
    "UpdateAccessEntry": update_access_entry,
}


def described(found: ClusterAccessEntry) -> Mapping[str, Any]:
    """Return an entry as the API describes it."""
    entry = found.entry
    return {
        "clusterName": Arn.parse(found.cluster).resource.partition("/")[2],
        "principalArn": entry.principal,
        "kubernetesGroups": list(entry.groups),
        "accessEntryArn": str(found.arn),
        "createdAt": found.created,
        "modifiedAt": found.modified,
        "tags": dict(found.tags),
        "username": entry.username,
        "type": str(entry.type),
    }


def entry_key(found: ClusterAccessEntry) -> Key:
    """Return the key of an entry."""
    return Key(Kind.ACCESS_ENTRY, found.cluster, found.entry.principal)


def _wanted(cluster: Cluster, parameters: Parameters) -> AccessEntry:
    """Return the entry that was asked for, without its unique id.

    Raises:
        AwsError: InvalidParameterException.
    """
    principal, username = parameters["principalArn"], parameters.get("username")
    groups = tuple(parameters.get("kubernetesGroups") or ())
    asked = parameters.get("type") or EntryType.STANDARD
    if asked not in list(EntryType):
        known = ", ".join(EntryType)
        raise invalid_parameter(f"The specified type is invalid: it must be one of {known}.", cluster.name)
    entry_type = EntryType(asked)
    problem = fault_of_principal(principal, entry_type, cluster.account)
    for fault in (problem, *faults_of_choice(entry_type, username, groups)):
        if fault:
            raise invalid_parameter(fault, cluster.name)
    return AccessEntry(
        principal,
        entry_type,
        username or default_username(Arn.parse(principal), entry_type),
        groups or set_groups(entry_type),
    )
