"""EKS operations on access policies and their associations with access entries (EKS API Reference)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.eks.access_entry import AssociatedPolicy, ScopeType
from sekisho.decide.eks.access_policies import POLICIES
from sekisho.decide.eks.entry_rules import fault_of_association
from sekisho.facts import ClusterAccessEntry, PolicyAssociation, Put
from sekisho.lab.aws.eks.entries import DEFAULT_PAGE, entry_key
from sekisho.lab.aws.eks.lookup import cluster_with_entries, entry_of, invalid_parameter
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page

MAX_POLICIES = 20
"""Service quota "Access policies per access entry"."""


def associate_access_policy(context: Context, parameters: Parameters) -> Answer:
    """Associate a policy with an entry; associated again, its scope is replaced."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    found = entry_of(context, cluster, parameters["principalArn"])
    scope = parameters["accessScope"]
    kind = scope.get("type") or ""
    if kind not in list(ScopeType):
        raise invalid_parameter("The type of the access scope must be cluster or namespace.", cluster.name)
    wanted = AssociatedPolicy(
        parameters["policyArn"], ScopeType(kind), tuple(dict.fromkeys(scope.get("namespaces") or ()))
    )
    problem = fault_of_association(found.entry.type, wanted)
    if problem:
        raise invalid_parameter(problem, cluster.name)
    policies = {one.policy: one for one in found.entry.policies or ()} | {wanted.policy: wanted}
    if len(policies) > MAX_POLICIES:
        raise AwsError(
            "ResourceLimitExceededException",
            f"an access entry has at most {MAX_POLICIES} access policies",
            clusterName=cluster.name,
        )
    dates = {one.policy: one for one in found.dates}
    before = dates.get(wanted.policy, PolicyAssociation(wanted.policy, context.now, context.now))
    dates[wanted.policy] = replace(before, modified=context.now)
    changed = _with(found, policies, dates)
    answer = {
        "clusterName": cluster.name,
        "principalArn": found.entry.principal,
        "associatedAccessPolicy": _described(wanted, changed),
    }
    return Answer(answer, (Put(entry_key(changed), changed),))


def disassociate_access_policy(context: Context, parameters: Parameters) -> Answer:
    """Take a policy from an entry, whatever its scope."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    found = entry_of(context, cluster, parameters["principalArn"])
    policy = parameters["policyArn"]
    policies = {one.policy: one for one in found.entry.policies or ()}
    if policies.pop(policy, None) is None:
        raise AwsError(
            "ResourceNotFoundException",
            "The specified policyArn could not be found. You can view the access policies that are "
            "associated with your access entry with 'list-associated-access-policies'.",
            404,
            clusterName=cluster.name,
        )
    dates = {one.policy: one for one in found.dates if one.policy != policy}
    changed = _with(found, policies, dates)
    return Answer({}, (Put(entry_key(changed), changed),))


def list_associated_access_policies(context: Context, parameters: Parameters) -> Answer:
    """List the policies of an entry with their scopes."""
    cluster = cluster_with_entries(context, parameters["clusterName"])
    found = entry_of(context, cluster, parameters["principalArn"])
    every = [_described(one, found) for one in found.entry.policies or ()]
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page(every, parameters.get("nextToken"), limit)
    answer: dict[str, Any] = {
        "clusterName": cluster.name,
        "principalArn": found.entry.principal,
        "associatedAccessPolicies": shown,
    }
    return Answer({**answer, **({"nextToken": token} if token else {})})


def list_access_policies(_context: Context, parameters: Parameters) -> Answer:
    """List the access policies that there are."""
    every = [{"name": arn.rpartition("/")[2], "arn": arn} for arn in sorted(POLICIES)]
    limit = parameters.get("maxResults") or DEFAULT_PAGE
    shown, token = page(every, parameters.get("nextToken"), limit)
    return Answer({"accessPolicies": shown, **({"nextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "AssociateAccessPolicy": associate_access_policy,
    "DisassociateAccessPolicy": disassociate_access_policy,
    "ListAccessPolicies": list_access_policies,
    "ListAssociatedAccessPolicies": list_associated_access_policies,
}


def _with(
    found: ClusterAccessEntry,
    policies: Mapping[str, AssociatedPolicy],
    dates: Mapping[str, PolicyAssociation],
) -> ClusterAccessEntry:
    entry = replace(found.entry, policies=tuple(policies.values()))
    return replace(found, entry=entry, dates=tuple(dates.values()))


def _described(policy: AssociatedPolicy, found: ClusterAccessEntry) -> Mapping[str, Any]:
    unread = PolicyAssociation(policy.policy, found.created, found.modified)
    dates = next((one for one in found.dates if one.policy == policy.policy), unread)
    return {
        "policyArn": policy.policy,
        "accessScope": {"type": str(policy.scope), "namespaces": list(policy.namespaces)},
        "associatedAt": dates.associated,
        "modifiedAt": dates.modified,
    }
