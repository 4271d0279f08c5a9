"""The organization itself and its root."""

from collections.abc import Mapping
from typing import Any

from sekisho.facts import Delete, Organization, OrganizationAccount, OrganizationPolicyType
from sekisho.facts.organization import FULL_ACCESS, email_of
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization, own_organization
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import ROOT_NAME, OrganizationFact, key_of, put

ALL_FEATURES = "ALL"


def create_organization(context: Context, parameters: Parameters) -> Answer:
    """Create an organization that the caller's account manages; with all features, SCPs are enabled."""
    if context.facts.organization_account(context.account) is not None:
        raise AwsError(
            "AlreadyInOrganizationException", "The AWS account is already a member of an organization."
        )
    feature_set = parameters.get("FeatureSet") or ALL_FEATURES
    has_policies = feature_set == ALL_FEATURES
    organization = Organization(
        organization=f"o-{context.ids.hex(10).lower()}",
        management=context.account,
        root=f"r-{context.ids.hex(4).lower()}",
        created=context.now,
        feature_set=feature_set,
        partition=context.partition,
        policy_types=(OrganizationPolicyType.SERVICE_CONTROL_POLICY,) if has_policies else (),
        attached=(FULL_ACCESS.policy,) if has_policies else (),
    )
    known = context.facts.account(context.account)
    member = OrganizationAccount(
        account=context.account,
        organization=organization.organization,
        parent=organization.root,
        name=context.account if known is None else known.name,
        email=email_of(context.account),
        joined=context.now,
        attached=organization.attached,
    )
    return Answer({"Organization": _described(organization, member.email)}, (put(organization), put(member)))


def describe_organization(context: Context, _parameters: Parameters) -> Answer:
    """Describe the organization; every member may ask."""
    organization = own_organization(context)
    manager = context.facts.organization_account(organization.management)
    email = email_of(organization.management) if manager is None else manager.email
    return Answer({"Organization": _described(organization, email)})


def delete_organization(context: Context, _parameters: Parameters) -> Answer:
    """Delete the organization with its OUs and policies; no other account may be in it."""
    organization = managed_organization(context)
    facts, name = context.facts, organization.organization
    members = facts.organization_accounts(name)
    if len(members) > 1:
        raise AwsError(
            "OrganizationNotEmptyException",
            "To delete an organization you must first remove all member accounts (except the master).",
        )
    gone: tuple[OrganizationFact, ...] = (
        organization,
        *members,
        *facts.organizational_units(name),
        *facts.organization_policies(name),
        *facts.account_creations(name),
    )
    return Answer({}, tuple(Delete(key_of(fact)) for fact in gone))


def list_roots(context: Context, parameters: Parameters) -> Answer:
    """List the one root there is."""
    return Answer(listed("Roots", [managed_organization(context)], parameters, described_root))


def described_root(organization: Organization) -> Mapping[str, Any]:
    """Return the root as the API writes it."""
    return {
        "Id": organization.root,
        "Arn": str(organization.root_arn),
        "Name": ROOT_NAME,
        "PolicyTypes": [{"Type": str(kind), "Status": "ENABLED"} for kind in organization.policy_types],
    }


def _described(organization: Organization, email: str) -> Mapping[str, Any]:
    # "Don't use this element": it names SCPs whatever else is on offer (API, "Organization").
    available = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    return {
        "Id": organization.organization,
        "Arn": str(organization.arn),
        "FeatureSet": organization.feature_set,
        "MasterAccountArn": str(organization.arn_of("account", organization.management)),
        "MasterAccountId": organization.management,
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": available if organization.feature_set == ALL_FEATURES else [],
    }


OPERATIONS: dict[str, Operation] = {
    "CreateOrganization": create_organization,
    "DeleteOrganization": delete_organization,
    "DescribeOrganization": describe_organization,
    "ListRoots": list_roots,
}
