"""Service control policies and resource control policies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Organization, OrganizationPolicy, Snapshot
from sekisho.facts.organization import AWS_MANAGED, find_organization_policy
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import constraint, invalid_input, not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import key_of, nodes, put
from sekisho.lab.aws.organizations.policy_documents import check_document
from sekisho.lab.aws.organizations.policy_types import refuse_unavailable, served_type
from sekisho.lab.aws.organizations.tags import tags_given

MAX_POLICIES = {"SERVICE_CONTROL_POLICY": 10_000, "RESOURCE_CONTROL_POLICY": 1_000}


def create_policy(context: Context, parameters: Parameters) -> Answer:
    """Create a policy; it restricts nothing until it is attached."""
    organization = managed_organization(context)
    kind = served_type(parameters["Type"])
    refuse_unavailable(organization)
    policy = OrganizationPolicy(
        organization=organization.organization,
        policy=f"p-{context.ids.hex(10).lower()}",
        name=parameters["Name"],
        type=kind,
        text=parameters["Content"],
        description=parameters["Description"],
        tags=tags_given(parameters),
    )
    check_document(policy.text, kind, policy.name)
    _refuse_name(context.facts, policy)
    known = context.facts.organization_policies(organization.organization)
    if sum(one.type is kind for one in known) >= MAX_POLICIES[kind]:
        raise constraint("POLICY_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of policies.")
    return Answer({"Policy": _described(organization, policy)}, (put(policy),))


def describe_policy(context: Context, parameters: Parameters) -> Answer:
    """Describe a policy with its document."""
    organization = managed_organization(context)
    policy = existing_policy(context.facts, organization, parameters["PolicyId"])
    return Answer({"Policy": _described(organization, policy)})


def update_policy(context: Context, parameters: Parameters) -> Answer:
    """Change a policy's name, description or document, wherever it is attached."""
    organization = managed_organization(context)
    policy = own_policy(context.facts, organization, parameters["PolicyId"])
    changed = replace(
        policy,
        name=parameters.get("Name") or policy.name,
        description=parameters.get("Description", policy.description),
        text=parameters.get("Content") or policy.text,
    )
    check_document(changed.text, changed.type, changed.name)
    _refuse_name(context.facts, changed)
    return Answer({"Policy": _described(organization, changed)}, (put(changed),))


def delete_policy(context: Context, parameters: Parameters) -> Answer:
    """Delete a policy that is attached nowhere."""
    organization = managed_organization(context)
    policy = own_policy(context.facts, organization, parameters["PolicyId"])
    if any(policy.policy in node.attached for node in nodes(context.facts, organization)):
        raise AwsError(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, "
            "organizational units, and accounts before performing this operation.",
        )
    return Answer({}, (Delete(key_of(policy)),))


def list_policies(context: Context, parameters: Parameters) -> Answer:
    """List the policies of one type: AWS's own first, then the organization's."""
    organization = managed_organization(context)
    known = (*AWS_MANAGED.values(), *context.facts.organization_policies(organization.organization))
    found = [policy for policy in known if policy.type == parameters["Filter"]]
    return Answer(listed("Policies", found, parameters, lambda policy: summary(organization, policy)))


def existing_policy(facts: Snapshot, organization: Organization, id_: str) -> OrganizationPolicy:
    """Return the policy with this id, the organization's own or AWS's.

    Raises:
        AwsError: there is none.
    """
    found = find_organization_policy(facts, organization.organization, id_)
    if found is None:
        raise not_found("Policy", "policy")
    return found


def own_policy(facts: Snapshot, organization: Organization, id_: str) -> OrganizationPolicy:
    """Return the organization's own policy with this id, to be changed.

    Raises:
        AwsError: there is none, or it is AWS's.
    """
    found = existing_policy(facts, organization, id_)
    if not found.organization:
        raise invalid_input("IMMUTABLE_POLICY", "You cannot modify a policy that is managed by AWS.")
    return found


def summary(organization: Organization, policy: OrganizationPolicy) -> Mapping[str, Any]:
    """Return a policy without its document, as listings write it."""
    return {
        "Id": policy.policy,
        "Arn": policy_arn(organization, policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": str(policy.type),
        "AwsManaged": not policy.organization,
    }


def policy_arn(organization: Organization, policy: OrganizationPolicy) -> str:
    """Return the ARN of a policy; AWS's own belong to no account."""
    kind = policy.type.lower()
    if not policy.organization:
        return f"arn:{organization.partition}:organizations::aws:policy/{kind}/{policy.policy}"
    return str(organization.arn_of("policy", kind, policy.policy))


def _refuse_name(facts: Snapshot, policy: OrganizationPolicy) -> None:
    known = (*AWS_MANAGED.values(), *facts.organization_policies(policy.organization))
    if any(
        one.name == policy.name and one.type is policy.type and one.policy != policy.policy for one in known
    ):
        raise AwsError(
            "DuplicatePolicyException", "A policy with the specified name and type already exists."
        )


def _described(organization: Organization, policy: OrganizationPolicy) -> Mapping[str, Any]:
    return {"PolicySummary": summary(organization, policy), "Content": policy.text}


OPERATIONS: dict[str, Operation] = {
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "DescribePolicy": describe_policy,
    "ListPolicies": list_policies,
    "UpdatePolicy": update_policy,
}
