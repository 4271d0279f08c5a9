"""Tags on all that has them, the account's summary, and its authorization details."""

from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.values import Ref
from sekisho.facts import (
    Document,
    Group,
    InstanceProfile,
    LoginProfile,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    PolicyVersion,
    Role,
    User,
    UserAccessKey,
)
from sekisho.facts.json_form import fact_from_json, fact_to_json
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.iam.entity import IamFact, key_of
from unit.lab.aws.iam.build import (
    ACCOUNT,
    ALLOW_ALL,
    EC2_TRUST,
    ISSUER,
    NOW,
    OTHER,
    S3_READ_ONLY,
    Iam,
)

USER = User(
    ACCOUNT,
    "mira",
    "AIDAMIRAMIRAMIRAMIRA1",
    NOW,
    tags=(("team", "a"),),
    inline=(Document("own", ALLOW_ALL),),
    attached=(S3_READ_ONLY,),
    groups=("ops",),
)
GROUP = Group(ACCOUNT, "ops", "AGPAOPSOPSOPSOPSOPSO1", NOW, inline=(Document("g", ALLOW_ALL),))
ROLE = Role(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", NOW, EC2_TRUST, tags=(("team", "a"),))
POLICY = ManagedPolicy(
    ACCOUNT,
    "own",
    "ANPAOWNOWNOWNOWNOWNO1",
    NOW,
    NOW,
    (PolicyVersion("v1", ALLOW_ALL, NOW),),
    tags=(("team", "a"),),
)
PROVIDER = OpenIdConnectProvider(ACCOUNT, ISSUER, NOW, ("sts.amazonaws.com",), tags=(("team", "a"),))

PROFILE = InstanceProfile(ACCOUNT, "node", "AIPANODENODENODENODE1", NOW, tags=(("team", "a"),))
DEVICE = MfaDevice(ACCOUNT, "mira", NOW, tags=(("team", "a"),))

TAGGED: dict[str, dict[str, str]] = {
    "User": {"UserName": "mira"},
    "Role": {"RoleName": "app"},
    "Policy": {"PolicyArn": str(POLICY.arn)},
    "OpenIDConnectProvider": {"OpenIDConnectProviderArn": str(PROVIDER.arn)},
    "InstanceProfile": {"InstanceProfileName": "node"},
    "MFADevice": {"SerialNumber": str(DEVICE.arn)},
}


def account() -> Iam:
    return Iam(USER, GROUP, ROLE, POLICY, PROVIDER, PROFILE, DEVICE)


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{at}", "Value": "v"} for at in range(count)]


@pytest.mark.parametrize(("title", "who"), TAGGED.items(), ids=TAGGED.keys())
def test_tags_are_added_replaced_listed_and_removed(title: str, who: dict[str, str]) -> None:
    iam = account()
    iam.ask(f"Tag{title}", **who, Tags=[{"Key": "Team", "Value": "b"}, {"Key": "stage", "Value": ""}])
    listed = iam.ask(f"List{title}Tags", **who)
    assert listed == {
        "Tags": [{"Key": "Team", "Value": "b"}, {"Key": "stage", "Value": ""}],
        "IsTruncated": False,
    }
    assert iam.ask(f"List{title}Tags", **who, MaxItems=1)["IsTruncated"] is True
    iam.ask(f"Untag{title}", **who, TagKeys=["TEAM", "absent"])
    assert iam.ask(f"List{title}Tags", **who)["Tags"] == [{"Key": "stage", "Value": ""}]


@pytest.mark.parametrize(("title", "who"), TAGGED.items(), ids=TAGGED.keys())
def test_the_fifty_first_tag_is_refused(title: str, who: dict[str, str]) -> None:
    iam = account()
    iam.ask(f"Tag{title}", **who, Tags=tags(49))
    refused = iam.refusal(f"Tag{title}", **who, Tags=[{"Key": "one-more", "Value": ""}])
    assert refused == ("LimitExceeded", "The number of tags has reached the maximum limit.", 409)
    iam.ask(f"Tag{title}", **who, Tags=[{"Key": "K0", "Value": "replaced"}])


BAD_TAGS: dict[str, tuple[list[str], str]] = {
    "the same key": (
        ["a", "a"],
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    "the same key in another case": (
        ["a", "A"],
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    "a reserved key": (["AWS:x"], "aws: prefixed tag key names are not allowed for external use."),
}
CREATES: dict[str, dict[str, Any]] = {
    "TagUser": {"UserName": "mira"},
    "CreateUser": {"UserName": "new"},
    "CreateRole": {"RoleName": "new", "AssumeRolePolicyDocument": EC2_TRUST},
    "CreatePolicy": {"PolicyName": "new", "PolicyDocument": ALLOW_ALL},
    "CreateOpenIDConnectProvider": {"Url": "https://idp.example.com"},
    "CreateInstanceProfile": {"InstanceProfileName": "new"},
    "CreateVirtualMFADevice": {"VirtualMFADeviceName": "new"},
}


@pytest.mark.parametrize("operation", CREATES)
@pytest.mark.parametrize(("keys", "sentence"), BAD_TAGS.values(), ids=BAD_TAGS.keys())
def test_keys_that_are_refused(operation: str, keys: list[str], sentence: str) -> None:
    given = [{"Key": key, "Value": "v"} for key in keys]
    refused = account().refusal(operation, **CREATES[operation], Tags=given)
    assert refused == ("InvalidInput", sentence, 400)


def test_the_summary_counts_what_the_account_holds() -> None:
    iam = account()
    iam.put(UserAccessKey(ACCOUNT, "AKIA0000000000000001", "mira", NOW))
    iam.put(User(OTHER, "elsewhere", "AIDAELSEWHEREELSEWHE1", NOW))
    summary = iam.ask("GetAccountSummary")["SummaryMap"]
    counted = {name: summary[name] for name in ("Users", "Groups", "Roles", "Policies", "Providers")}
    assert counted == {"Users": 1, "Groups": 1, "Roles": 1, "Policies": 1, "Providers": 1}
    assert summary["AccountAccessKeysPresent"] == 0
    iam.put(UserAccessKey(ACCOUNT, "AKIA0000000000000002", "", NOW))
    assert iam.ask("GetAccountSummary")["SummaryMap"]["AccountAccessKeysPresent"] == 1


def test_an_account_has_one_alias_at_most() -> None:
    iam = account()
    assert iam.ask("ListAccountAliases") == {"AccountAliases": [], "IsTruncated": False}
    for alias in ("first", "second"):
        iam.ask("CreateAccountAlias", AccountAlias=alias)
        assert iam.ask("ListAccountAliases")["AccountAliases"] == [alias]
    absent = iam.refusal("DeleteAccountAlias", AccountAlias="first")
    assert absent == ("NoSuchEntity", "The account alias first cannot be found.", 404)
    iam.ask("DeleteAccountAlias", AccountAlias="second")
    assert iam.ask("ListAccountAliases")["AccountAliases"] == []


def test_no_two_accounts_have_one_alias() -> None:
    iam = account()
    iam.ask("CreateAccountAlias", AccountAlias="ours")
    taken = ("EntityAlreadyExists", "The account alias ours already exists.", 409)
    assert iam.refusal("CreateAccountAlias", AccountAlias="ours") == taken
    iam.caller = sts.root(OTHER)
    assert iam.refusal("CreateAccountAlias", AccountAlias="ours") == taken
    assert iam.ask("ListAccountAliases")["AccountAliases"] == []


def test_the_authorization_details_hold_every_document() -> None:
    answer = account().ask("GetAccountAuthorizationDetails")
    (user,) = answer["UserDetailList"]
    assert user["UserPolicyList"] == [{"PolicyName": "own", "PolicyDocument": on_wire(ALLOW_ALL)}]
    assert user["GroupList"] == ["ops"]
    assert user["AttachedManagedPolicies"] == [
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": S3_READ_ONLY}
    ]
    assert user["Tags"] == [{"Key": "team", "Value": "a"}]
    assert answer["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"] == on_wire(ALLOW_ALL)
    assert answer["RoleDetailList"][0]["AssumeRolePolicyDocument"] == on_wire(EC2_TRUST)
    own, of_aws = answer["Policies"]
    assert own["PolicyVersionList"][0]["Document"] == on_wire(ALLOW_ALL)
    assert (of_aws["Arn"], of_aws["AttachmentCount"]) == (S3_READ_ONLY, 1)
    assert answer["IsTruncated"] is False


LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}


@pytest.mark.parametrize(("kind", "member"), LISTS.items(), ids=LISTS.keys())
def test_the_authorization_details_are_filtered(kind: str, member: str) -> None:
    answer = account().ask("GetAccountAuthorizationDetails", Filter=[kind])
    assert {name: len(answer[name]) for name in set(LISTS.values())} == {
        name: int(name == member) for name in set(LISTS.values())
    }


def test_the_authorization_details_come_in_pages() -> None:
    iam, counts = account(), []
    parameters: dict[str, Any] = {"MaxItems": 2}
    for _page in range(3):
        answer = iam.ask("GetAccountAuthorizationDetails", **parameters)
        counts.append(sum(len(answer[name]) for name in set(LISTS.values())))
        parameters["Marker"] = answer.get("Marker")
    assert counts == [2, 2, 1]
    assert parameters["Marker"] is None


FACTS = [USER, GROUP, ROLE, POLICY, PROVIDER, PROFILE, DEVICE, LoginProfile(ACCOUNT, "mira", NOW)]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_facts_of_iam_survive_their_json_form(fact: IamFact) -> None:
    key = key_of(fact)
    assert fact_from_json(key.kind, fact_to_json(fact), Ref("state")) == fact
