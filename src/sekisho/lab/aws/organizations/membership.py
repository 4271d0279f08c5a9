"""Joining and leaving an organization.

Differs: an invitation is accepted by itself, at once, since nobody reads the invited account's
mail; and an account may always leave, though AWS first asks for a way to pay, and for some days
to pass if the organization created it.
"""

from datetime import timedelta

from sekisho.facts import Delete, OrganizationAccount
from sekisho.facts.organization import email_of
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization, own_organization
from sekisho.lab.aws.organizations.account_creation import refuse_more_accounts
from sekisho.lab.aws.organizations.accounts import existing_member
from sekisho.lab.aws.organizations.errors import invalid_input, unserved
from sekisho.lab.aws.organizations.node import attached_at_birth, key_of, put
from sekisho.lab.aws.organizations.tags import tags_given

INVITATION_LASTS = timedelta(days=15)


def invite_account_to_organization(context: Context, parameters: Parameters) -> Answer:
    """Invite an account of the lab by its id; the handshake answered is already ACCEPTED."""
    organization = managed_organization(context)
    target = parameters["Target"]
    if target["Type"] != "ACCOUNT":
        raise unserved("the lab invites accounts by id, not by address")
    known = context.facts.account(target["Id"])
    if known is None:
        raise invalid_input("INVALID_PARTY_TYPE_TARGET", "You specified an account that doesn't exist.")
    if context.facts.organization_account(known.account) is not None:
        raise AwsError(
            "HandshakeConstraintViolationException",
            "The AWS account is already a member of an organization.",
            Reason="ALREADY_IN_AN_ORGANIZATION",
        )
    refuse_more_accounts(context, organization)
    member = OrganizationAccount(
        account=known.account,
        organization=organization.organization,
        parent=organization.root,
        name=known.name,
        email=email_of(known.account),
        joined=context.now,
        attached=attached_at_birth(organization),
        tags=tags_given(parameters),
    )
    id_ = f"h-{context.ids.hex(32).lower()}"
    handshake = {
        "Id": id_,
        "Arn": str(organization.arn_of("handshake", "invite", id_)),
        "Parties": [
            {"Id": organization.organization.removeprefix("o-"), "Type": "ORGANIZATION"},
            {"Id": known.account, "Type": "ACCOUNT"},
        ],
        "State": "ACCEPTED",
        "RequestedTimestamp": context.now,
        "ExpirationTimestamp": context.now + INVITATION_LASTS,
        "Action": "INVITE",
        "Resources": [
            {"Type": "ORGANIZATION", "Value": organization.organization},
            {"Type": "ACCOUNT", "Value": known.account},
        ],
    }
    return Answer({"Handshake": handshake}, (put(member),))


def remove_account_from_organization(context: Context, parameters: Parameters) -> Answer:
    """Make a member account stand alone; nothing in it is changed."""
    organization = managed_organization(context)
    member = existing_member(context, organization, parameters["AccountId"])
    if member.account == organization.management:
        raise _master_cannot_leave()
    return Answer({}, (Delete(key_of(member)),))


def leave_organization(context: Context, _parameters: Parameters) -> Answer:
    """Take the caller's own account out of its organization."""
    organization = own_organization(context)
    if context.account == organization.management:
        raise _master_cannot_leave()
    return Answer({}, (Delete(key_of(existing_member(context, organization, context.account))),))


def _master_cannot_leave() -> AwsError:
    return AwsError(
        "MasterCannotLeaveOrganizationException",
        "You cannot remove the master account from an organization.",
    )


OPERATIONS: dict[str, Operation] = {
    "InviteAccountToOrganization": invite_account_to_organization,
    "LeaveOrganization": leave_organization,
    "RemoveAccountFromOrganization": remove_account_from_organization,
}
