"""The accounts of an organization, and moving them about in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sekisho.facts import Organization, OrganizationAccount, Snapshot
from sekisho.facts.organization import path_of
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import account_not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import accounts_in, existing_parent, node_arn, node_id, put


def describe_account(context: Context, parameters: Parameters) -> Answer:
    """Describe an account of the organization."""
    organization = managed_organization(context)
    member = existing_member(context, organization, parameters["AccountId"])
    return Answer({"Account": _described(context.facts, organization, member)})


def list_accounts(context: Context, parameters: Parameters) -> Answer:
    """List every account of the organization, the management account included."""
    organization = managed_organization(context)
    members = context.facts.organization_accounts(organization.organization)
    return _listed(context, organization, members, parameters)


def list_accounts_for_parent(context: Context, parameters: Parameters) -> Answer:
    """List the accounts directly in the root or an OU."""
    organization = managed_organization(context)
    parent = node_id(existing_parent(context.facts, organization, parameters["ParentId"]))
    return _listed(context, organization, accounts_in(context.facts, organization, parent), parameters)


def move_account(context: Context, parameters: Parameters) -> Answer:
    """Move an account from one parent to another; its own policies stay attached."""
    organization = managed_organization(context)
    facts = context.facts
    member = existing_member(context, organization, parameters["AccountId"])
    source = node_id(existing_parent(facts, organization, parameters["SourceParentId"], "SourceParent"))
    wanted = existing_parent(facts, organization, parameters["DestinationParentId"], "DestinationParent")
    if member.parent != source:
        # Observed of AWS: the account exists, but not there.
        raise account_not_found()
    if node_id(wanted) == source:
        raise AwsError(
            "DuplicateAccountException", "The account is already present in the specified destination."
        )
    return Answer({}, (put(replace(member, parent=node_id(wanted))),))


def existing_member(context: Context, organization: Organization, account: str) -> OrganizationAccount:
    """Return the membership of an account of the organization.

    Raises:
        AwsError: it is not in it.
    """
    found = context.facts.organization_account(account)
    if found is None or found.organization != organization.organization:
        raise account_not_found()
    return found


def _listed(
    context: Context,
    organization: Organization,
    members: Sequence[OrganizationAccount],
    parameters: Parameters,
) -> Answer:
    facts = context.facts
    return Answer(
        listed("Accounts", members, parameters, lambda member: _described(facts, organization, member))
    )


def _described(facts: Snapshot, organization: Organization, member: OrganizationAccount) -> Mapping[str, Any]:
    return {
        "Id": member.account,
        "Arn": node_arn(organization, member),
        "Email": member.email,
        "Name": member.name,
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "Paths": [f"{path_of(facts, organization, member.parent)}{member.account}/"],
        "JoinedMethod": member.joined_method,
        "JoinedTimestamp": member.joined,
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeAccount": describe_account,
    "ListAccounts": list_accounts,
    "ListAccountsForParent": list_accounts_for_parent,
    "MoveAccount": move_account,
}
