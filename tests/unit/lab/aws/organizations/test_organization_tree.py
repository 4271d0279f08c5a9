"""Organizations, OUs and accounts: who may ask, where things stand, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from sekisho.facts import Kind, OrganizationalUnit
from sekisho.lab.aws.organizations import OPERATIONS
from sekisho.lab.aws.organizations.node import put
from unit.lab.aws.organizations.build import ALONE, MANAGER, MEMBER, SCP, Lab, organization

NO_OU = "ou-0002-00000000"
ANY: dict[str, Any] = {
    "AccountId": MEMBER,
    "AccountName": "a",
    "ChildId": MEMBER,
    "ChildType": "ACCOUNT",
    "Content": "{}",
    "CreateAccountRequestId": "car-00000000",
    "Description": "",
    "DestinationParentId": "r-0002",
    "Email": "a@example.com",
    "Filter": SCP,
    "Name": "n",
    "OrganizationalUnitId": NO_OU,
    "ParentId": "r-0002",
    "PolicyId": "p-FullAWSAccess",
    "PolicyType": SCP,
    "ResourceId": MEMBER,
    "RootId": "r-0002",
    "SourceParentId": "r-0002",
    "TagKeys": ["k"],
    "Tags": [],
    "Target": {"Id": ALONE, "Type": "ACCOUNT"},
    "TargetId": MEMBER,
    "Type": SCP,
}
FOR_MEMBERS = {"CreateOrganization", "DescribeOrganization", "LeaveOrganization"}


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - FOR_MEMBERS))
def test_only_the_management_account_may(operation: str) -> None:
    lab = organization()
    lab.caller = MEMBER
    assert lab.refusal(operation, **ANY) == ("AccessDeniedException", "")
    lab.caller = ALONE
    assert lab.refusal(operation, **ANY) == ("AWSOrganizationsNotInUseException", "")


def test_every_member_may_describe_the_organization() -> None:
    lab = organization()
    described = lab.ask("DescribeOrganization")
    lab.caller = MEMBER
    assert lab.ask("DescribeOrganization") == described
    lab.caller = ALONE
    assert lab.refusal("DescribeOrganization") == ("AWSOrganizationsNotInUseException", "")


def test_an_account_is_in_one_organization() -> None:
    lab = organization()
    for caller in (MANAGER, MEMBER):
        lab.caller = caller
        assert lab.refusal("CreateOrganization") == ("AlreadyInOrganizationException", "")
    lab.caller = ALONE
    second = lab.ask("CreateOrganization")["Organization"]
    lab.caller = MANAGER
    assert lab.ask("DescribeOrganization")["Organization"]["Id"] != second["Id"]
    refused = lab.refusal("InviteAccountToOrganization", Target={"Id": ALONE, "Type": "ACCOUNT"})
    assert refused == ("HandshakeConstraintViolationException", "ALREADY_IN_AN_ORGANIZATION")
    assert lab.refusal("DescribeAccount", AccountId=ALONE) == ("AccountNotFoundException", "")


@pytest.mark.parametrize(
    ("feature_set", "types"), [("ALL", [SCP]), ("CONSOLIDATED_BILLING", [])], ids=["all", "billing"]
)
def test_features_decide_what_is_enabled_at_first(feature_set: str, types: list[str]) -> None:
    lab = organization(feature_set=feature_set)
    assert [one["Type"] for one in lab.ask("ListRoots")["Roots"][0]["PolicyTypes"]] == types
    available = lab.ask("DescribeOrganization")["Organization"]["AvailablePolicyTypes"]
    assert [one["Type"] for one in available] == types
    assert lab.attached(MEMBER) == ["FullAWSAccess"] * len(types)


def test_an_organization_is_deleted_when_nobody_else_is_in_it() -> None:
    lab = organization()
    lab.unit()
    lab.policy()
    lab.ask("CreateAccount", Email="new@example.com", AccountName="new")
    made = lab.ask("ListCreateAccountStatus")["CreateAccountStatuses"][0]["AccountId"]
    assert lab.refusal("DeleteOrganization") == ("OrganizationNotEmptyException", "")
    for account in (MEMBER, made):
        lab.ask("RemoveAccountFromOrganization", AccountId=account)
    lab.ask("DeleteOrganization")
    left = {key.kind for key, _ in lab.facts.items()}
    assert left == {Kind.ACCOUNT, Kind.ROLE}
    assert lab.refusal("ListRoots") == ("AWSOrganizationsNotInUseException", "")


def test_an_account_leaves_or_is_removed() -> None:
    lab = organization(members=(MEMBER, ALONE))
    lab.ask("RemoveAccountFromOrganization", AccountId=ALONE)
    refused = lab.refusal("RemoveAccountFromOrganization", AccountId=ALONE)
    assert refused == ("AccountNotFoundException", "")
    refused = lab.refusal("RemoveAccountFromOrganization", AccountId=MANAGER)
    assert refused == ("MasterCannotLeaveOrganizationException", "")
    assert lab.refusal("LeaveOrganization") == ("MasterCannotLeaveOrganizationException", "")
    lab.caller = MEMBER
    lab.ask("LeaveOrganization")
    assert lab.refusal("LeaveOrganization") == ("AWSOrganizationsNotInUseException", "")
    assert lab.facts.account(MEMBER) is not None


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Id": "000000000000", "Type": "ACCOUNT"}, ("InvalidInputException", "INVALID_PARTY_TYPE_TARGET")),
        ({"Id": "a@example.com", "Type": "EMAIL"}, ("SekishoUnserved", "")),
    ],
    ids=["an account the lab has not", "an address"],
)
def test_invitations_refused(target: dict[str, str], code: tuple[str, str]) -> None:
    assert organization().refusal("InviteAccountToOrganization", Target=target) == code


def test_a_new_account_is_there_with_a_role_for_the_management_account() -> None:
    lab = organization()
    status = lab.ask("CreateAccount", Email="new@example.com", AccountName="new")["CreateAccountStatus"]
    assert status["State"] == "IN_PROGRESS"
    assert "AccountId" not in status
    asked = lab.ask("DescribeCreateAccountStatus", CreateAccountRequestId=status["Id"])
    done = asked["CreateAccountStatus"]
    assert done["State"] == "SUCCEEDED"
    described = lab.ask("DescribeAccount", AccountId=done["AccountId"])["Account"]
    assert (described["JoinedMethod"], described["Name"]) == ("CREATED", "new")
    account = lab.facts.account(done["AccountId"])
    assert account is not None
    assert account.name == "new"
    role = lab.facts.role(done["AccountId"], "OrganizationAccountAccessRole")
    assert role is not None
    assert f"arn:aws:iam::{MANAGER}:root" in role.trust


def test_the_role_of_a_new_account_may_have_another_name() -> None:
    lab = organization()
    lab.ask("CreateAccount", Email="new@example.com", AccountName="new", RoleName="admin")
    made = lab.ask("ListCreateAccountStatus", States=["SUCCEEDED"])["CreateAccountStatuses"][0]
    assert lab.facts.role(made["AccountId"], "admin") is not None


def test_addresses_are_unique_whatever_their_case() -> None:
    lab = organization()
    lab.ask("CreateAccount", Email="new@example.com", AccountName="one")
    second = lab.ask("CreateAccount", Email="NEW@example.com", AccountName="two")["CreateAccountStatus"]
    asked = lab.ask("DescribeCreateAccountStatus", CreateAccountRequestId=second["Id"])
    failed = asked["CreateAccountStatus"]
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert "AccountId" not in failed
    assert len(lab.ask("ListAccounts")["Accounts"]) == 3
    listed = lab.ask("ListCreateAccountStatus", States=["FAILED"])["CreateAccountStatuses"]
    assert [status["Id"] for status in listed] == [second["Id"]]
    refused = lab.refusal("DescribeCreateAccountStatus", CreateAccountRequestId="car-00000000")
    assert refused == ("CreateAccountStatusNotFoundException", "")


def test_a_new_account_takes_an_id_nobody_has() -> None:
    lab = organization()
    lab.ids.count = 0x1_0000
    before = {account["Id"] for account in lab.ask("ListAccounts")["Accounts"]}
    for name in ("one", "two"):
        lab.ids.count = 0x1_0000
        lab.ask("CreateAccount", Email=f"{name}@example.com", AccountName=name)
    made = {account["Id"] for account in lab.ask("ListAccounts")["Accounts"]} - before
    assert made == {"000000065537", "000000065538"}


def test_ten_accounts_and_not_eleven() -> None:
    lab = organization(members=())
    for at in range(9):
        lab.ask("CreateAccount", Email=f"a{at}@example.com", AccountName="a")
    refused = lab.refusal("CreateAccount", Email="b@example.com", AccountName="b")
    assert refused == ("ConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    refused = lab.refusal("InviteAccountToOrganization", Target={"Id": MEMBER, "Type": "ACCOUNT"})
    assert refused == ("ConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED")


def test_units_nest_five_deep_and_not_six() -> None:
    lab = organization()
    unit = ""
    for depth in range(1, 6):
        unit = lab.unit(unit, f"depth-{depth}")
    described = lab.ask("DescribeOrganizationalUnit", OrganizationalUnitId=unit)["OrganizationalUnit"]
    assert described["Path"].count("/ou-") == 5
    refused = lab.refusal("CreateOrganizationalUnit", ParentId=unit, Name="depth-6")
    assert refused == ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")


def test_two_thousand_units_and_not_one_more() -> None:
    lab = organization()
    name, root = lab.ask("DescribeOrganization")["Organization"]["Id"], lab.root
    known = (OrganizationalUnit(name, f"ou-x-{at}", root, f"x{at}") for at in range(1999))
    lab.facts = lab.facts.applied(put(unit) for unit in known)
    lab.unit(name="last")
    refused = lab.refusal("CreateOrganizationalUnit", ParentId=root, Name="more")
    assert refused == ("ConstraintViolationException", "OU_NUMBER_LIMIT_EXCEEDED")


def test_the_tree_is_walked_down_and_up() -> None:
    lab = organization()
    unit = lab.unit()
    lab.ask("MoveAccount", AccountId=MEMBER, SourceParentId=lab.root, DestinationParentId=unit)
    assert lab.ask("ListChildren", ParentId=lab.root, ChildType="ACCOUNT")["Children"] == [
        {"Id": MANAGER, "Type": "ACCOUNT"}
    ]
    assert lab.ask("ListChildren", ParentId=lab.root, ChildType="ORGANIZATIONAL_UNIT")["Children"] == [
        {"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}
    ]
    assert [one["Id"] for one in lab.ask("ListAccountsForParent", ParentId=unit)["Accounts"]] == [MEMBER]
    parent = lab.ask("ListParents", ChildId=MEMBER)["Parents"]
    assert parent == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert lab.ask("ListParents", ChildId=unit)["Parents"] == [{"Id": lab.root, "Type": "ROOT"}]


def test_a_name_is_taken_in_its_parent_only() -> None:
    lab = organization()
    unit = lab.unit(name="dev")
    refused = lab.refusal("CreateOrganizationalUnit", ParentId=lab.root, Name="dev")
    assert refused == ("DuplicateOrganizationalUnitException", "")
    lab.unit(unit, "dev")
    other = lab.unit(name="prod")
    refused = lab.refusal("UpdateOrganizationalUnit", OrganizationalUnitId=other, Name="dev")
    assert refused == ("DuplicateOrganizationalUnitException", "")
    same = lab.ask("UpdateOrganizationalUnit", OrganizationalUnitId=other, Name="prod")
    assert same == lab.ask("UpdateOrganizationalUnit", OrganizationalUnitId=other)


def test_a_unit_that_holds_something_is_not_deleted() -> None:
    lab = organization()
    outer = lab.unit()
    inner = lab.unit(outer, "inner")
    lab.ask("MoveAccount", AccountId=MEMBER, SourceParentId=lab.root, DestinationParentId=inner)
    for unit in (outer, inner):
        refused = lab.refusal("DeleteOrganizationalUnit", OrganizationalUnitId=unit)
        assert refused == ("OrganizationalUnitNotEmptyException", "")
    lab.ask("MoveAccount", AccountId=MEMBER, SourceParentId=inner, DestinationParentId=outer)
    lab.ask("DeleteOrganizationalUnit", OrganizationalUnitId=inner)
    lab.ask("MoveAccount", AccountId=MEMBER, SourceParentId=outer, DestinationParentId=lab.root)
    lab.ask("DeleteOrganizationalUnit", OrganizationalUnitId=outer)
    assert lab.ask("ListChildren", ParentId=lab.root, ChildType="ORGANIZATIONAL_UNIT")["Children"] == []


def test_moves_refused() -> None:
    lab = organization()
    root, unit = lab.root, lab.unit()

    def move(account: str, source: str, destination: str) -> tuple[str, str]:
        return lab.refusal(
            "MoveAccount", AccountId=account, SourceParentId=source, DestinationParentId=destination
        )

    assert move(ALONE, root, unit) == ("AccountNotFoundException", "")
    assert move(MEMBER, NO_OU, unit) == ("SourceParentNotFoundException", "")
    assert move(MEMBER, root, NO_OU) == ("DestinationParentNotFoundException", "")
    assert move(MEMBER, unit, root) == ("AccountNotFoundException", "")
    assert move(MEMBER, root, root) == ("DuplicateAccountException", "")


NOWHERE: dict[str, tuple[str, Callable[[Lab], dict[str, Any]], str]] = {
    "the parent of a new unit": (
        "CreateOrganizationalUnit",
        lambda _lab: {"ParentId": NO_OU, "Name": "n"},
        "ParentNotFoundException",
    ),
    "an account is no parent": (
        "ListAccountsForParent",
        lambda _lab: {"ParentId": MEMBER},
        "ParentNotFoundException",
    ),
    "units of no parent": (
        "ListOrganizationalUnitsForParent",
        lambda _lab: {"ParentId": NO_OU},
        "ParentNotFoundException",
    ),
    "the root has no parent": (
        "ListParents",
        lambda lab: {"ChildId": lab.root},
        "ChildNotFoundException",
    ),
    "a stranger has no parent": ("ListParents", lambda _lab: {"ChildId": ALONE}, "ChildNotFoundException"),
    "a unit that is not there": (
        "DescribeOrganizationalUnit",
        lambda _lab: {"OrganizationalUnitId": NO_OU},
        "OrganizationalUnitNotFoundException",
    ),
    "the root of another": (
        "EnablePolicyType",
        lambda _lab: {"RootId": "r-ffff", "PolicyType": SCP},
        "RootNotFoundException",
    ),
}


@pytest.mark.parametrize(("operation", "parameters", "code"), NOWHERE.values(), ids=NOWHERE.keys())
def test_what_is_not_there(operation: str, parameters: Callable[[Lab], dict[str, Any]], code: str) -> None:
    lab = organization()
    assert lab.refusal(operation, **parameters(lab)) == (code, "")


def test_listings_come_in_pages() -> None:
    lab = organization()
    for at in range(21):
        lab.unit(name=f"unit-{at}")
    first = lab.ask("ListOrganizationalUnitsForParent", ParentId=lab.root)
    assert len(first["OrganizationalUnits"]) == 20
    second = lab.ask("ListOrganizationalUnitsForParent", ParentId=lab.root, NextToken=first["NextToken"])
    assert [unit["Name"] for unit in second["OrganizationalUnits"]] == ["unit-20"]
    assert "NextToken" not in second
    refused = lab.refusal("ListAccounts", NextToken="x")
    assert refused[0] == "InvalidInputException"
