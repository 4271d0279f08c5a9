"""IAM as a real client meets it: every operation through botocore, the codec and the facts."""

import json
from typing import Any

import pytest

from sekisho.decide.sts.totp import time_step, totp
from sekisho.decide.values import Secret
from sekisho.facts.permissions import policies_of
from sekisho.lab.aws.iam import OPERATIONS
from sekisho.wire.aws_managed_policies import aws_policy_text
from support.codec_client import CodecClient
from unit.lab.aws.iam.build import ALLOW_ALL, EC2_TRUST, ISSUER, MIRA, NOW, S3_READ_ONLY, Iam, trust

PROVIDER_ARN = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
POLICY_ARN = "arn:aws:iam::111122223333:policy/own"


class Client(CodecClient):
    """``boto3.client("iam")`` of an account."""

    def __init__(self) -> None:
        self.iam = Iam()
        super().__init__("iam", OPERATIONS, self.iam)


def test_the_irsa_walkthrough() -> None:
    """Seed article 3, steps 14 to 16: provider, role, policy."""
    client = Client()
    absent = client.refused("GetOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER_ARN)
    assert (absent.code, absent.status) == ("NoSuchEntity", 404)
    made = client.call(
        "CreateOpenIDConnectProvider",
        Url=f"https://{ISSUER.replace('.com/', '.com:443/')}",
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        Tags=[{"Key": "alpha.eksctl.io/cluster-name", "Value": "eks-clu"}],
    )
    assert made["OpenIDConnectProviderArn"] == PROVIDER_ARN
    condition = {"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:default:test-sa"}}
    document = trust({"Federated": PROVIDER_ARN}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    role = client.call("CreateRole", RoleName="sa-role", AssumeRolePolicyDocument=document)["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(document)
    assert role["CreateDate"] == NOW.moment
    assert role["Arn"] == "arn:aws:iam::111122223333:role/sa-role"
    client.call("AttachRolePolicy", RoleName="sa-role", PolicyArn=S3_READ_ONLY)
    attached = client.call("ListAttachedRolePolicies", RoleName="sa-role")
    assert attached == {
        "AttachedPolicies": [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": S3_READ_ONLY}],
        "IsTruncated": False,
    }


def test_the_two_account_walkthrough_stores_the_role_by_its_id() -> None:
    """Seed article 1, step 9: a role trusts a role; making that one anew breaks the trust."""
    client = Client()
    ci = client.call("CreateRole", RoleName="ci-account-iam-role", AssumeRolePolicyDocument=EC2_TRUST)["Role"]
    document = trust({"AWS": ci["Arn"]}, Condition={})
    client.call("CreateRole", RoleName="target-account-iam-role", AssumeRolePolicyDocument=document)

    def trusted() -> Any:
        role = client.call("GetRole", RoleName="target-account-iam-role")["Role"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]

    assert trusted() == ci["Arn"]
    client.call("DeleteRole", RoleName="ci-account-iam-role")
    client.call("CreateRole", RoleName="ci-account-iam-role", AssumeRolePolicyDocument=EC2_TRUST)
    assert trusted() == ci["RoleId"]


def test_what_moto_accepts_is_refused() -> None:
    refused = Client().refused("CreateRole", RoleName="r", AssumeRolePolicyDocument='{"bad":"json"}')
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


MODEL_LIMITS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "the longest name of a user": ("CreateUser", {"UserName": "u" * 64}, {"UserName": "u" * 65}),
    "the characters of a name": ("CreateUser", {"UserName": "a+=,.@-_"}, {"UserName": "a b"}),
    "a path ends with a slash": (
        "CreateUser",
        {"UserName": "u", "Path": "/a/"},
        {"UserName": "u", "Path": "/a"},
    ),
    "the shortest longest session": (
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": EC2_TRUST, "MaxSessionDuration": 3600},
        {"RoleName": "r", "AssumeRolePolicyDocument": EC2_TRUST, "MaxSessionDuration": 3599},
    ),
    "the longest session": (
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": EC2_TRUST, "MaxSessionDuration": 43200},
        {"RoleName": "r", "AssumeRolePolicyDocument": EC2_TRUST, "MaxSessionDuration": 43201},
    ),
    "tags at creation": (
        "CreateUser",
        {"UserName": "u", "Tags": [{"Key": f"k{at}", "Value": ""} for at in range(50)]},
        {"UserName": "u", "Tags": [{"Key": f"k{at}", "Value": ""} for at in range(51)]},
    ),
    "the length of an issuer": (
        "CreateOpenIDConnectProvider",
        {"Url": "https://" + "a" * 247},
        {"Url": "https://" + "a" * 248},
    ),
}


@pytest.mark.parametrize(("operation", "within", "beyond"), MODEL_LIMITS.values(), ids=MODEL_LIMITS.keys())
def test_limits_of_the_model(operation: str, within: dict[str, Any], beyond: dict[str, Any]) -> None:
    client = Client()
    client.call(operation, **within)
    refused = Client().refused(operation, **beyond)
    assert (refused.code, refused.status) == ("ValidationError", 400)
    assert refused.message.startswith("1 validation error detected: Value")


def scenario(client: Client) -> None:
    """Use every operation once, in an order that works."""
    call = client.call
    call("CreateUser", UserName="mira", Path="/ops/", Tags=[{"Key": "a", "Value": "é = 1/2"}])
    call("UpdateUser", UserName="mira", NewPath="/")
    client.iam.caller = MIRA
    assert call("GetUser")["User"]["Tags"] == [{"Key": "a", "Value": "é = 1/2"}]
    call("TagUser", UserName="mira", Tags=[{"Key": "b", "Value": "2"}])
    call("UntagUser", UserName="mira", TagKeys=["a"])
    assert call("ListUserTags", UserName="mira")["Tags"] == [{"Key": "b", "Value": "2"}]
    key = call("CreateAccessKey")["AccessKey"]
    assert client.iam.secrets[f"access-key/{key['AccessKeyId']}"] is not None
    call("UpdateAccessKey", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert call("ListAccessKeys", UserName="mira")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert call("GetAccessKeyLastUsed", AccessKeyId=key["AccessKeyId"])["UserName"] == "mira"
    call("CreateGroup", GroupName="ops")
    call("UpdateGroup", GroupName="ops", NewPath="/x/")
    call("AddUserToGroup", GroupName="ops", UserName="mira")
    assert call("GetGroup", GroupName="ops")["Users"][0]["UserName"] == "mira"
    assert len(call("ListGroups")["Groups"]) == len(call("ListGroupsForUser", UserName="mira")["Groups"]) == 1
    call("CreateRole", RoleName="app", AssumeRolePolicyDocument=EC2_TRUST, Description="d")
    call("UpdateRole", RoleName="app", MaxSessionDuration=7200)
    assert call("UpdateRoleDescription", RoleName="app", Description="e")["Role"]["Description"] == "e"
    call("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trust({"AWS": str(MIRA.arn)}))
    role = call("GetRole", RoleName="app")["Role"]
    assert (role["MaxSessionDuration"], role["RoleLastUsed"]) == (7200, {})
    call("TagRole", RoleName="app", Tags=[{"Key": "b", "Value": "2"}, {"Key": "c", "Value": ""}])
    call("UntagRole", RoleName="app", TagKeys=["b"])
    assert call("ListRoleTags", RoleName="app")["Tags"] == [{"Key": "c", "Value": ""}]
    simulator(client, role["Arn"])
    assert call("ListRoles", PathPrefix="/")["Roles"][0]["RoleName"] == "app"
    policies_in_use(client)
    boundaries(client)
    providers(client)
    instance_profiles(client)
    service_linked_roles(client)
    devices(client)
    passwords(client)
    assert call("GetAccountSummary")["SummaryMap"]["Users"] == 1
    call("CreateAccountAlias", AccountAlias="ours")
    assert call("ListAccountAliases")["AccountAliases"] == ["ours"]
    call("DeleteAccountAlias", AccountAlias="ours")
    undone(client, key["AccessKeyId"])


def policies_in_use(client: Client) -> None:
    call = client.call
    call("CreatePolicy", PolicyName="own", PolicyDocument=ALLOW_ALL, Description="é & <b>")
    assert call("GetPolicy", PolicyArn=POLICY_ARN)["Policy"]["Description"] == "é & <b>"
    call("TagPolicy", PolicyArn=POLICY_ARN, Tags=[{"Key": "k", "Value": "v"}])
    assert len(call("ListPolicyTags", PolicyArn=POLICY_ARN)["Tags"]) == 1
    call("UntagPolicy", PolicyArn=POLICY_ARN, TagKeys=["k"])
    call("CreatePolicyVersion", PolicyArn=POLICY_ARN, PolicyDocument=ALLOW_ALL, SetAsDefault=True)
    shown = call("GetPolicyVersion", PolicyArn=POLICY_ARN, VersionId="v2")["PolicyVersion"]
    assert (shown["Document"], shown["IsDefaultVersion"]) == (json.loads(ALLOW_ALL), True)
    call("SetDefaultPolicyVersion", PolicyArn=POLICY_ARN, VersionId="v1")
    call("DeletePolicyVersion", PolicyArn=POLICY_ARN, VersionId="v2")
    assert len(call("ListPolicyVersions", PolicyArn=POLICY_ARN)["Versions"]) == 1
    for title, name in (("User", "mira"), ("Group", "ops"), ("Role", "app")):
        who = {f"{title}Name": name}
        call(f"Put{title}Policy", **who, PolicyName="in", PolicyDocument=ALLOW_ALL)
        assert call(f"Get{title}Policy", **who, PolicyName="in")["PolicyDocument"] == json.loads(ALLOW_ALL)
        assert call(f"List{title}Policies", **who)["PolicyNames"] == ["in"]
        call(f"Attach{title}Policy", **who, PolicyArn=POLICY_ARN)
        assert len(call(f"ListAttached{title}Policies", **who)["AttachedPolicies"]) == 1
    holders = call("ListEntitiesForPolicy", PolicyArn=POLICY_ARN)
    assert [len(holders[f"Policy{title}s"]) for title in ("User", "Group", "Role")] == [1, 1, 1]
    assert call("ListPolicies", OnlyAttached=True)["Policies"][0]["AttachmentCount"] == 3
    details = call("GetAccountAuthorizationDetails")
    assert details["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"] == json.loads(ALLOW_ALL)
    assert details["Policies"][0]["PolicyVersionList"][0]["Document"] == json.loads(ALLOW_ALL)
    assert details["RoleDetailList"][0]["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"


def boundaries(client: Client) -> None:
    call = client.call
    for title, name in (("User", "mira"), ("Role", "app")):
        who = {f"{title}Name": name}
        call(f"Put{title}PermissionsBoundary", **who, PermissionsBoundary=POLICY_ARN)
        shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": POLICY_ARN}
        assert call(f"Get{title}", **who)[title]["PermissionsBoundary"] == shown
        details = call("GetAccountAuthorizationDetails", Filter=[title])[f"{title}DetailList"]
        assert details[0]["PermissionsBoundary"] == shown
        call(f"Delete{title}PermissionsBoundary", **who)


def instance_profiles(client: Client) -> None:
    call = client.call
    who = {"InstanceProfileName": "node"}
    tags = [{"Key": "k", "Value": "v"}]
    assert call("CreateInstanceProfile", **who, Tags=tags)["InstanceProfile"]["Tags"] == tags
    call("AddRoleToInstanceProfile", **who, RoleName="app")
    (role,) = call("GetInstanceProfile", **who)["InstanceProfile"]["Roles"]
    assert role["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    assert len(call("ListInstanceProfilesForRole", RoleName="app")["InstanceProfiles"]) == 1
    assert len(call("ListInstanceProfiles")["InstanceProfiles"]) == 1
    call("TagInstanceProfile", **who, Tags=[{"Key": "b", "Value": ""}])
    call("UntagInstanceProfile", **who, TagKeys=["k"])
    assert call("ListInstanceProfileTags", **who)["Tags"] == [{"Key": "b", "Value": ""}]
    call("RemoveRoleFromInstanceProfile", **who, RoleName="app")
    call("DeleteInstanceProfile", **who)


def service_linked_roles(client: Client) -> None:
    call = client.call
    role = call("CreateServiceLinkedRole", AWSServiceName="eks.amazonaws.com")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "eks.amazonaws.com"}
    task = call("DeleteServiceLinkedRole", RoleName=role["RoleName"])["DeletionTaskId"]
    assert call("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task) == {"Status": "SUCCEEDED"}


def devices(client: Client) -> None:
    call = client.call
    made = call("CreateVirtualMFADevice", VirtualMFADeviceName="mira")["VirtualMFADevice"]
    who = {"SerialNumber": made["SerialNumber"]}
    seed = Secret(made["Base32StringSeed"].decode())
    assert made["QRCodePNG"].startswith(b"\x89PNG")

    def codes(step: int) -> dict[str, str]:
        return {"AuthenticationCode1": totp(seed, step - 1), "AuthenticationCode2": totp(seed, step)}

    step = time_step(NOW)
    call("EnableMFADevice", UserName="mira", **who, **codes(step))
    call("ResyncMFADevice", UserName="mira", **who, **codes(step + 2))
    assert call("GetMFADevice", **who)["EnableDate"] == NOW.moment
    assert call("ListMFADevices")["MFADevices"][0]["SerialNumber"] == who["SerialNumber"]
    (listed,) = call("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert listed["User"]["UserName"] == "mira"
    call("TagMFADevice", **who, Tags=[{"Key": "k", "Value": "v"}])
    assert call("ListMFADeviceTags", **who)["Tags"] == [{"Key": "k", "Value": "v"}]
    call("UntagMFADevice", **who, TagKeys=["k"])
    call("DeactivateMFADevice", **who)
    call("DeleteVirtualMFADevice", **who)


def passwords(client: Client) -> None:
    call = client.call
    call("UpdateAccountPasswordPolicy", MinimumPasswordLength=12)
    assert call("GetAccountPasswordPolicy")["PasswordPolicy"]["MinimumPasswordLength"] == 12
    call("DeleteAccountPasswordPolicy")
    call("CreateLoginProfile", UserName="mira", Password="Correct-horse1")
    call("UpdateLoginProfile", UserName="mira", PasswordResetRequired=True)
    call("ChangePassword", OldPassword="Correct-horse1", NewPassword="Battery-staple2")
    assert call("GetLoginProfile", UserName="mira")["LoginProfile"]["PasswordResetRequired"] is False
    call("DeleteLoginProfile", UserName="mira")


def simulator(client: Client, role: str) -> None:
    """Ask the policy simulator about a role and about texts."""
    for name, given in (
        ("SimulatePrincipalPolicy", {"PolicySourceArn": role}),
        ("SimulateCustomPolicy", {"PolicyInputList": [ALLOW_ALL]}),
    ):
        (found,) = client.call(name, **given, ActionNames=["s3:GetObject"])["EvaluationResults"]
        assert found["EvalDecision"] == ("allowed" if "PolicyInputList" in given else "implicitDeny")
    assert client.call("GetContextKeysForPrincipalPolicy", PolicySourceArn=role)["ContextKeyNames"] == []
    keys = client.call("GetContextKeysForCustomPolicy", PolicyInputList=[ALLOW_ALL])["ContextKeyNames"]
    assert keys == []


def providers(client: Client) -> None:
    call = client.call
    who = {"OpenIDConnectProviderArn": PROVIDER_ARN}
    call("CreateOpenIDConnectProvider", Url=f"https://{ISSUER}")
    call("AddClientIDToOpenIDConnectProvider", **who, ClientID="a")
    call("AddClientIDToOpenIDConnectProvider", **who, ClientID="b")
    call("RemoveClientIDFromOpenIDConnectProvider", **who, ClientID="a")
    call("UpdateOpenIDConnectProviderThumbprint", **who, ThumbprintList=["0" * 40])
    call("TagOpenIDConnectProvider", **who, Tags=[{"Key": "k", "Value": "v"}])
    assert call("ListOpenIDConnectProviderTags", **who)["Tags"] == [{"Key": "k", "Value": "v"}]
    call("UntagOpenIDConnectProvider", **who, TagKeys=["k"])
    described = call("GetOpenIDConnectProvider", **who)
    assert described == {
        "Url": ISSUER,
        "ClientIDList": ["b"],
        "ThumbprintList": ["0" * 40],
        "CreateDate": NOW.moment,
        "Tags": [],
    }
    assert call("ListOpenIDConnectProviders")["OpenIDConnectProviderList"] == [{"Arn": PROVIDER_ARN}]
    call("DeleteOpenIDConnectProvider", **who)


def undone(client: Client, key_id: str) -> None:
    call = client.call
    for title, name in (("User", "mira"), ("Group", "ops"), ("Role", "app")):
        call(f"Delete{title}Policy", **{f"{title}Name": name}, PolicyName="in")
        call(f"Detach{title}Policy", **{f"{title}Name": name}, PolicyArn=POLICY_ARN)
    call("DeletePolicy", PolicyArn=POLICY_ARN)
    call("DeleteRole", RoleName="app")
    call("RemoveUserFromGroup", GroupName="ops", UserName="mira")
    call("DeleteGroup", GroupName="ops")
    call("DeleteAccessKey", UserName="mira", AccessKeyId=key_id)
    call("DeleteUser", UserName="mira")
    assert call("ListUsers")["Users"] == []


def test_every_operation_answers_a_real_client() -> None:
    client = Client()
    scenario(client)
    assert client.called == set(OPERATIONS)


def test_every_operation_is_one_of_the_model() -> None:
    assert set(OPERATIONS) <= set(Client().model.operation_names)


def test_a_page_s_marker_survives_the_wire() -> None:
    client = Client()
    for name in ("a", "b", "c"):
        client.call("CreateUser", UserName=name)
    first = client.call("ListUsers", MaxItems=2)
    second = client.call("ListUsers", MaxItems=2, Marker=first["Marker"])
    assert [user["UserName"] for user in first["Users"] + second["Users"]] == ["a", "b", "c"]
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)


def test_the_policies_of_a_group_are_its_members() -> None:
    client = Client()
    client.call("CreateUser", UserName="mira")
    client.call("CreateGroup", GroupName="ops")
    client.call("PutGroupPolicy", GroupName="ops", PolicyName="g", PolicyDocument=ALLOW_ALL)
    client.call("AttachGroupPolicy", GroupName="ops", PolicyArn=S3_READ_ONLY)
    assert policies_of(client.iam.facts, MIRA, aws_policy_text) == ()
    client.call("AddUserToGroup", GroupName="ops", UserName="mira")
    found = policies_of(client.iam.facts, MIRA, aws_policy_text)
    assert [policy.name for policy in found] == ["g", "AmazonS3ReadOnlyAccess"]
