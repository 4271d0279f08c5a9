"""The policy types of the root: which kinds of policy are in force in the organization."""

from dataclasses import replace

from sekisho.facts import Event, Organization, OrganizationPolicyType, Snapshot
from sekisho.facts.organization import AWS_MANAGED, attached_policies
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import not_found, unserved
from sekisho.lab.aws.organizations.node import nodes, put
from sekisho.lab.aws.organizations.organization import ALL_FEATURES, described_root


def enable_policy_type(context: Context, parameters: Parameters) -> Answer:
    """Enable a type in the root: AWS's policy that allows everything is attached everywhere."""
    organization = _with_root(context, parameters)
    kind = served_type(parameters["PolicyType"])
    refuse_unavailable(organization)
    if kind in organization.policy_types:
        raise AwsError("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
    types = (*organization.policy_types, kind)
    return _changed(context.facts, organization, types, kind, (AWS_MANAGED[kind].policy,))


def disable_policy_type(context: Context, parameters: Parameters) -> Answer:
    """Disable a type in the root: every policy of the type is detached, and stays so (User Guide)."""
    organization = _with_root(context, parameters)
    kind = served_type(parameters["PolicyType"])
    refuse_disabled(organization, kind)
    types = tuple(one for one in organization.policy_types if one is not kind)
    return _changed(context.facts, organization, types, kind, ())


def served_type(name: str) -> OrganizationPolicyType:
    """Return the type the API calls so.

    Raises:
        AwsError: it is not one that decides about requests; the lab has no use for others.
    """
    if name not in list(OrganizationPolicyType):
        raise unserved(f"the lab serves no policies of type {name}")
    return OrganizationPolicyType(name)


def refuse_unavailable(organization: Organization) -> None:
    """Return if the organization has all features.

    Raises:
        AwsError: it has not, so it has no policies.
    """
    if organization.feature_set != ALL_FEATURES:
        raise AwsError(
            "PolicyTypeNotAvailableForOrganizationException",
            "The policy type is not available for the feature set of this organization.",
        )


def refuse_disabled(organization: Organization, kind: OrganizationPolicyType) -> None:
    """Return if the type is enabled in the root.

    Raises:
        AwsError: it is not.
    """
    if kind not in organization.policy_types:
        raise AwsError(
            "PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types."
        )


def _with_root(context: Context, parameters: Parameters) -> Organization:
    organization = managed_organization(context)
    if parameters["RootId"] != organization.root:
        raise not_found("Root", "root")
    return organization


def _changed(
    facts: Snapshot,
    organization: Organization,
    types: tuple[OrganizationPolicyType, ...],
    kind: OrganizationPolicyType,
    attached: tuple[str, ...],
) -> Answer:
    events: list[Event] = []
    for node in nodes(facts, replace(organization, policy_types=types)):
        of_type = attached_policies(facts, organization.organization, node.attached, kind)
        gone = {policy.policy for policy in of_type}
        kept = tuple(policy for policy in node.attached if policy not in gone)
        events.append(put(replace(node, attached=(*kept, *attached))))
    return Answer({"Root": described_root(replace(organization, policy_types=types))}, tuple(events))


OPERATIONS: dict[str, Operation] = {
    "DisablePolicyType": disable_policy_type,
    "EnablePolicyType": enable_policy_type,
}
