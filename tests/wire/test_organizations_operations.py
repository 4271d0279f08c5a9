"""Organizations as a real client meets it: every operation through botocore, the codec and the facts."""

from typing import Any

import pytest

from sekisho.lab.aws.organizations import OPERATIONS
from support.codec_client import CodecClient
from unit.lab.aws.organizations.build import DENY_S3, MANAGER, MEMBER, NOW, RCP, RCP_DENY_S3, SCP, Lab


class Client(CodecClient):
    """``boto3.client("organizations")`` of a management account."""

    def __init__(self) -> None:
        self.lab = Lab()
        super().__init__("organizations", OPERATIONS, self.lab)


def scenario(client: Client) -> None:
    """Use every operation once, in an order that works."""
    call = client.call
    made = call("CreateOrganization", FeatureSet="ALL")["Organization"]
    assert call("DescribeOrganization")["Organization"] == made
    (root,) = call("ListRoots")["Roots"]
    assert root["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
    handshake = call("InviteAccountToOrganization", Target={"Id": MEMBER, "Type": "ACCOUNT"}, Notes="hi")
    assert handshake["Handshake"]["State"] == "ACCEPTED"
    unit = units(client, root["Id"])
    accounts(client, root["Id"], unit)
    policies(client, root["Id"], unit)
    tags(client, root["Id"])
    undone(client, root["Id"], unit)


def units(client: Client, root: str) -> str:
    call = client.call
    tag = {"Key": "team", "Value": "é"}
    made = call("CreateOrganizationalUnit", ParentId=root, Name="dev", Tags=[tag])["OrganizationalUnit"]
    unit = made["Id"]
    who = {"OrganizationalUnitId": unit}
    renamed = call("UpdateOrganizationalUnit", **who, Name="Développement")["OrganizationalUnit"]
    assert renamed == {**made, "Name": "Développement"}
    assert call("DescribeOrganizationalUnit", **who)["OrganizationalUnit"] == renamed
    assert call("ListOrganizationalUnitsForParent", ParentId=root)["OrganizationalUnits"] == [renamed]
    assert call("ListTagsForResource", ResourceId=unit)["Tags"] == [tag]
    listed = call("ListChildren", ParentId=root, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert listed == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert isinstance(unit, str)
    return unit


def accounts(client: Client, root: str, unit: str) -> None:
    call = client.call
    call("MoveAccount", AccountId=MEMBER, SourceParentId=root, DestinationParentId=unit)
    parents = call("ListParents", ChildId=MEMBER)["Parents"]
    assert parents == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    described = call("DescribeAccount", AccountId=MEMBER)["Account"]
    assert described["JoinedTimestamp"] == NOW.moment
    assert described["Paths"][0].endswith(f"/{root}/{unit}/{MEMBER}/")
    assert call("ListAccountsForParent", ParentId=unit)["Accounts"] == [described]
    request = call("CreateAccount", Email="new@example.com", AccountName="new")["CreateAccountStatus"]
    asked = call("DescribeCreateAccountStatus", CreateAccountRequestId=request["Id"])
    done = asked["CreateAccountStatus"]
    assert (done["State"], done["CompletedTimestamp"]) == ("SUCCEEDED", NOW.moment)
    assert call("ListCreateAccountStatus")["CreateAccountStatuses"] == [done]
    known = [account["Id"] for account in call("ListAccounts")["Accounts"]]
    assert known == [MANAGER, MEMBER, done["AccountId"]]
    page = call("ListAccounts", MaxResults=2)
    assert [one["Id"] for one in page["Accounts"]] == known[:2]
    rest = call("ListAccounts", MaxResults=2, NextToken=page["NextToken"])
    assert [one["Id"] for one in rest["Accounts"]] == known[2:]
    call("RemoveAccountFromOrganization", AccountId=done["AccountId"])


def policies(client: Client, root: str, unit: str) -> None:
    call = client.call
    call("EnablePolicyType", RootId=root, PolicyType=RCP)
    for kind, text in ((SCP, DENY_S3), (RCP, RCP_DENY_S3)):
        given = {"Name": "no-s3", "Description": "é & <b>", "Type": kind, "Content": text}
        made = call("CreatePolicy", **given)["Policy"]
        who = {"PolicyId": made["PolicySummary"]["Id"]}
        assert made["Content"] == text
        assert call("DescribePolicy", **who)["Policy"] == made
        updated = call("UpdatePolicy", **who, Description="d")["Policy"]["PolicySummary"]
        listed = call("ListPolicies", Filter=kind)["Policies"]
        assert [(one["AwsManaged"], one["Type"]) for one in listed] == [(True, kind), (False, kind)]
        call("AttachPolicy", **who, TargetId=unit)
        attached = call("ListPoliciesForTarget", TargetId=unit, Filter=kind)["Policies"]
        assert attached == [listed[0], updated]
        (target,) = call("ListTargetsForPolicy", **who)["Targets"]
        assert (target["TargetId"], target["Type"], target["Name"]) == (
            unit,
            "ORGANIZATIONAL_UNIT",
            "Développement",
        )
        call("DetachPolicy", **who, TargetId=unit)
        call("DeletePolicy", **who)
    everywhere = call("ListTargetsForPolicy", PolicyId="p-RCPFullAWSAccess")["Targets"]
    assert [one["Type"] for one in everywhere] == ["ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT", "ACCOUNT"]
    assert call("DisablePolicyType", RootId=root, PolicyType=RCP)["Root"]["PolicyTypes"] == [
        {"Type": SCP, "Status": "ENABLED"}
    ]


def tags(client: Client, root: str) -> None:
    call = client.call
    call("TagResource", ResourceId=root, Tags=[{"Key": "k", "Value": ""}, {"Key": "l", "Value": "v"}])
    call("UntagResource", ResourceId=root, TagKeys=["k"])
    assert call("ListTagsForResource", ResourceId=root)["Tags"] == [{"Key": "l", "Value": "v"}]


def undone(client: Client, root: str, unit: str) -> None:
    call = client.call
    call("MoveAccount", AccountId=MEMBER, SourceParentId=unit, DestinationParentId=root)
    call("DeleteOrganizationalUnit", OrganizationalUnitId=unit)
    client.lab.caller = MEMBER
    call("LeaveOrganization")
    client.lab.caller = MANAGER
    call("DeleteOrganization")


def test_every_operation_through_the_codec() -> None:
    client = Client()
    scenario(client)
    assert client.called == set(OPERATIONS)


def test_refusals_carry_code_text_and_reason() -> None:
    client = Client()
    absent = client.refused("ListRoots")
    assert (absent.code, absent.message, absent.status) == (
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization.",
        400,
    )
    client.call("CreateOrganization")
    client.call("InviteAccountToOrganization", Target={"Id": MEMBER, "Type": "ACCOUNT"})
    last = client.refused("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=MEMBER)
    assert (last.code, last.reason, last.status) == (
        "ConstraintViolationException",
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        400,
    )
    assert last.message == (
        "You cannot remove the last policy attached to the specified target. You must have at least one "
        "attached at all times."
    )
    client.lab.caller = MEMBER
    denied = client.refused("ListAccounts")
    assert (denied.code, denied.message, denied.status) == (
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
        400,
    )


MODEL_LIMITS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "the largest page": ("ListAccounts", {"MaxResults": 20}, {"MaxResults": 21}),
    "the form of an account id": (
        "DescribeAccount",
        {"AccountId": MANAGER},
        {"AccountId": "11112222333"},
    ),
    "the longest name of an account": (
        "CreateAccount",
        {"Email": "a@b.cd", "AccountName": "a" * 50},
        {"Email": "a@b.cd", "AccountName": "a" * 51},
    ),
    "the longest description": (
        "UpdatePolicy",
        {"PolicyId": "own", "Description": "d" * 512},
        {"PolicyId": "own", "Description": "d" * 513},
    ),
}


@pytest.mark.parametrize(("operation", "within", "beyond"), MODEL_LIMITS.values(), ids=MODEL_LIMITS.keys())
def test_limits_of_the_model(operation: str, within: dict[str, Any], beyond: dict[str, Any]) -> None:
    client = Client()
    client.call("CreateOrganization")
    if "PolicyId" in within:
        own = {"PolicyId": client.lab.policy()}
        within, beyond = within | own, beyond | own
    client.call(operation, **within)
    refused = client.refused(operation, **beyond)
    assert (refused.code, refused.status) == ("InvalidInputException", 400)
