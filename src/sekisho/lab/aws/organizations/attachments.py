"""Policies attached to the root, OUs and accounts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Organization
from sekisho.facts.organization import AWS_MANAGED, MAX_ATTACHED, RCP_FULL_ACCESS, attached_policies
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import constraint, invalid_input, not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import (
    Node,
    find_node,
    node_arn,
    node_id,
    node_name,
    node_type,
    nodes,
    put,
)
from sekisho.lab.aws.organizations.policies import existing_policy, summary
from sekisho.lab.aws.organizations.policy_types import refuse_disabled


def attach_policy(context: Context, parameters: Parameters) -> Answer:
    """Attach a policy of an enabled type to the root, an OU or an account."""
    organization = managed_organization(context)
    policy = existing_policy(context.facts, organization, parameters["PolicyId"])
    node = _existing_target(context, organization, parameters)
    refuse_disabled(organization, policy.type)
    if policy.policy in node.attached:
        raise AwsError(
            "DuplicatePolicyAttachmentException",
            "A policy with the specified name and type already exists.",
        )
    of_type = attached_policies(context.facts, organization.organization, node.attached, policy.type)
    if len(of_type) >= MAX_ATTACHED[policy.type]:
        raise constraint(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You have attached the maximum number of policies to the specified target.",
        )
    return Answer({}, (put(replace(node, attached=(*node.attached, policy.policy))),))


def detach_policy(context: Context, parameters: Parameters) -> Answer:
    """Detach a policy; the last SCP of a target and RCPFullAWSAccess stay."""
    organization = managed_organization(context)
    policy = existing_policy(context.facts, organization, parameters["PolicyId"])
    node = _existing_target(context, organization, parameters)
    if policy.policy not in node.attached:
        raise AwsError("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    if policy == RCP_FULL_ACCESS:
        raise invalid_input("NON_DETACHABLE_POLICY", "You cannot detach this AWS managed policy.")
    of_type = attached_policies(context.facts, organization.organization, node.attached, policy.type)
    if len(of_type) == 1:
        raise constraint(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy attached to the specified target. You must have at least "
            "one attached at all times.",
        )
    left = tuple(attached for attached in node.attached if attached != policy.policy)
    return Answer({}, (put(replace(node, attached=left)),))


def list_policies_for_target(context: Context, parameters: Parameters) -> Answer:
    """List the policies of one type attached to a target itself, not those above it."""
    organization = managed_organization(context)
    node = _existing_target(context, organization, parameters)
    policies = [
        policy
        for kind in AWS_MANAGED
        if kind == parameters["Filter"]
        for policy in attached_policies(context.facts, organization.organization, node.attached, kind)
    ]
    return Answer(listed("Policies", policies, parameters, lambda policy: summary(organization, policy)))


def list_targets_for_policy(context: Context, parameters: Parameters) -> Answer:
    """List what a policy is attached to: the root, then OUs, then accounts."""
    organization = managed_organization(context)
    policy = existing_policy(context.facts, organization, parameters["PolicyId"])
    found = [node for node in nodes(context.facts, organization) if policy.policy in node.attached]
    return Answer(listed("Targets", found, parameters, lambda node: _described(organization, node)))


def _existing_target(context: Context, organization: Organization, parameters: Parameters) -> Node:
    found = find_node(context.facts, organization, parameters["TargetId"])
    if found is None:
        raise not_found("Target", "target")
    return found


def _described(organization: Organization, node: Node) -> Mapping[str, Any]:
    return {
        "TargetId": node_id(node),
        "Arn": node_arn(organization, node),
        "Name": node_name(node),
        "Type": node_type(node),
    }


OPERATIONS: dict[str, Operation] = {
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "ListPoliciesForTarget": list_policies_for_target,
    "ListTargetsForPolicy": list_targets_for_policy,
}
