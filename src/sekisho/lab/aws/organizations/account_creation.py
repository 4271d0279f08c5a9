"""New accounts. The account is there when CreateAccount answers, though the answer says IN_PROGRESS."""

import json
from collections.abc import Mapping
from typing import Any

from sekisho.decide.values import AccountId
from sekisho.facts import (
    Account,
    AccountCreation,
    Event,
    Key,
    Kind,
    Organization,
    OrganizationAccount,
    Put,
    Role,
)
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import constraint, not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import attached_at_birth, put
from sekisho.lab.aws.organizations.tags import tags_given

MAX_ACCOUNTS = 10
DEFAULT_ROLE = "OrganizationAccountAccessRole"


def create_account(context: Context, parameters: Parameters) -> Answer:
    """Create an account in the root, with a role that the management account may assume."""
    organization = managed_organization(context)
    refuse_more_accounts(context, organization)
    email = parameters["Email"]
    # Every account of the lab counts, whichever organization it is in: addresses are unique in AWS.
    members = context.facts.scope(Kind.ORGANIZATION_ACCOUNT, "").values()
    is_taken = any(
        isinstance(one, OrganizationAccount) and one.email.lower() == email.lower() for one in members
    )
    account = AccountId("") if is_taken else _free_account(context)
    creation = AccountCreation(
        organization=organization.organization,
        request=f"car-{context.ids.hex(32).lower()}",
        name=parameters["AccountName"],
        requested=context.now,
        account=account,
        failure="EMAIL_ALREADY_EXISTS" if is_taken else "",
    )
    made = () if is_taken else _made(context, organization, account, parameters)
    answer = {**_described(creation), "State": "IN_PROGRESS"}
    shown = {name: answer[name] for name in ("Id", "AccountName", "State", "RequestedTimestamp")}
    return Answer({"CreateAccountStatus": shown}, (put(creation), *made))


def describe_create_account_status(context: Context, parameters: Parameters) -> Answer:
    """Tell what became of a request to create an account."""
    organization = managed_organization(context)
    request = parameters["CreateAccountRequestId"]
    found = context.facts.account_creation(organization.organization, request)
    if found is None:
        raise not_found("CreateAccountStatus", "create account request")
    return Answer({"CreateAccountStatus": _described(found)})


def list_create_account_status(context: Context, parameters: Parameters) -> Answer:
    """List the requests to create accounts, of some states or all."""
    organization = managed_organization(context)
    states = parameters.get("States") or ("SUCCEEDED", "FAILED")
    found = context.facts.account_creations(organization.organization)
    wanted = [creation for creation in found if _state(creation) in states]
    return Answer(listed("CreateAccountStatuses", wanted, parameters, _described))


def refuse_more_accounts(context: Context, organization: Organization) -> None:
    """Return if the organization may have another account.

    Raises:
        AwsError: it has as many as the default quota allows.
    """
    if len(context.facts.organization_accounts(organization.organization)) >= MAX_ACCOUNTS:
        raise constraint(
            "ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS Accounts."
        )


def _made(
    context: Context, organization: Organization, account: AccountId, parameters: Parameters
) -> tuple[Event, ...]:
    partition = organization.partition
    member = OrganizationAccount(
        account=account,
        organization=organization.organization,
        parent=organization.root,
        name=parameters["AccountName"],
        email=parameters["Email"],
        joined=context.now,
        joined_method="CREATED",
        attached=attached_at_birth(organization),
        tags=tags_given(parameters),
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{organization.management}:root"},
        "Action": "sts:AssumeRole",
    }
    role = Role(
        account=account,
        name=parameters.get("RoleName") or DEFAULT_ROLE,
        role_id=context.ids.unique_id("AROA"),
        created=context.now,
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        partition=partition,
        attached=(f"arn:{partition}:iam::aws:policy/AdministratorAccess",),
    )
    return (
        Put(Key(Kind.ACCOUNT, "", account), Account(account, parameters["AccountName"], partition)),
        put(member),
        Put(Key(Kind.ROLE, account, role.name), role),
    )


def _free_account(context: Context) -> AccountId:
    number = int(context.ids.hex(12), 16) % 10**12
    while context.facts.account(f"{number:012d}") is not None:
        number = (number + 1) % 10**12
    return AccountId(f"{number:012d}")


def _state(creation: AccountCreation) -> str:
    return "FAILED" if creation.failure else "SUCCEEDED"


def _described(creation: AccountCreation) -> Mapping[str, Any]:
    return {
        "Id": creation.request,
        "AccountName": creation.name,
        "State": _state(creation),
        "RequestedTimestamp": creation.requested,
        "CompletedTimestamp": creation.requested,
        **({"AccountId": creation.account} if creation.account else {}),
        **({"FailureReason": creation.failure} if creation.failure else {}),
    }


OPERATIONS: dict[str, Operation] = {
    "CreateAccount": create_account,
    "DescribeCreateAccountStatus": describe_create_account_status,
    "ListCreateAccountStatus": list_create_account_status,
}
