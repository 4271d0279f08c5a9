"""AWS calls: the action, the resources and the keys that each one asks about."""

from dataclasses import replace

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.request.aws import Unmapped, map_call
from sekisho.decide.request.aws_call import AwsCall, ResourceState
from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Arn, Json, JsonObject, Principal, PrincipalType
from sekisho.wire.service_reference import load_service_reference

ACCOUNT = AccountId("111122223333")
OTHER = "444455556666"
REFERENCE = load_service_reference(
    ["cloudformation", "cognito-idp", "ec2", "iam", "eks", "eks-auth", "organizations", "s3", "sts"]
)
IAM = f"arn:aws:iam::{ACCOUNT}:"
EC2 = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:"
EKS = f"arn:aws:eks:eu-west-1:{ACCOUNT}:"
STACK = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/"
CHANGE_SET = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:changeSet/c/1"
OIDC = "oidc.eks.eu-west-1.amazonaws.com/id/0A1B"
EXISTING = {
    ("iam:user", ("bob",)): f"{IAM}user/team/bob",
    ("iam:group", ("ops",)): f"{IAM}group/ops",
    ("iam:role", ("web",)): f"{IAM}role/app/web",
    ("iam:access-key", ("AKIA0000000000000BOB",)): f"{IAM}user/team/bob",
    ("cloudformation:stack", ("net",)): f"{STACK}net/0a1b",
    ("cloudformation:changeset", (CHANGE_SET,)): f"{STACK}net/0a1b",
    ("cloudformation:resource", ("web",)): f"{STACK}net/0a1b",
    ("eks:nodegroup", ("clu", "ng")): f"{EKS}nodegroup/clu/ng/aaaa",
    ("eks:access-entry", ("clu", f"{IAM}user/team/bob")): f"{EKS}access-entry/clu/user/{ACCOUNT}/bob/bbbb",
}


def caller(kind: PrincipalType = PrincipalType.USER) -> Principal:
    arns = {
        PrincipalType.USER: (f"{IAM}user/team/ana", f"{IAM}user/team/ana"),
        PrincipalType.ROOT: (f"{IAM}root", f"{IAM}root"),
        PrincipalType.ROLE_SESSION: (f"arn:aws:sts::{ACCOUNT}:assumed-role/web/s", f"{IAM}role/app/web"),
        PrincipalType.FEDERATED_USER: (f"arn:aws:sts::{ACCOUNT}:federated-user/f", f"{IAM}user/team/ana"),
    }
    arn, entity = arns[kind]
    return Principal(kind, Arn.parse(arn), "AIDA0000000000000ANA", Arn.parse(entity))


def call(
    action: str,
    parameters: JsonObject | None = None,
    who: PrincipalType = PrincipalType.USER,
    context: Context | None = None,
    *,
    caller_tags: dict[str, str] | None = None,
) -> AwsCall:
    service, operation = action.split(":")
    return AwsCall(
        service,
        operation,
        parameters or {},
        caller(who),
        ACCOUNT,
        "eu-west-1",
        context=context or Context(),
        caller_tags=caller_tags,
    )


def found(asked: AwsCall, states: dict[str, ResourceState] | None = None) -> tuple[AwsRequest, ...]:
    known = states or {}
    mapped = map_call(
        asked,
        REFERENCE,
        lambda kind, names: EXISTING.get((kind, names)),
        lambda resource: known.get(resource, ResourceState()),
    )
    assert isinstance(mapped, tuple)
    return mapped


def unmapped(asked: AwsCall) -> str:
    mapped = map_call(asked, REFERENCE)
    assert isinstance(mapped, Decision)
    assert mapped.outcome is Outcome.UNKNOWN
    assert "(" not in mapped.sentence().replace("(none)", "")
    return mapped.decisive[0].code


POLICY = f"{IAM}policy/team/read"
AWS_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
PROVIDER = f"{IAM}oidc-provider/{OIDC}"
ENTRY = f"{EKS}access-entry/clu/role/{ACCOUNT}/web/*"
BOB: JsonObject = {"UserName": "bob"}
WEB: JsonObject = {"RoleName": "web"}
TEAM_BOB, APP_WEB = f"{IAM}user/team/bob", f"{IAM}role/app/web"

# action of the call, parameters -> action asked, resources
CALLS: dict[str, tuple[str, JsonObject, str, tuple[str, ...]]] = {
    "sts GetCallerIdentity": ("sts:GetCallerIdentity", {}, "sts:GetCallerIdentity", ("*",)),
    "sts AssumeRole": ("sts:AssumeRole", {"RoleArn": APP_WEB}, "sts:AssumeRole", (APP_WEB,)),
    "sts GetFederationToken": (
        "sts:GetFederationToken",
        {"Name": "f"},
        "sts:GetFederationToken",
        (f"arn:aws:sts::{ACCOUNT}:federated-user/f",),
    ),
    "new user": (
        "iam:CreateUser",
        {"UserName": "eve", "Path": "/x/y/"},
        "iam:CreateUser",
        (f"{IAM}user/x/y/eve",),
    ),
    "new user at the root path": (
        "iam:CreateUser",
        {"UserName": "eve"},
        "iam:CreateUser",
        (f"{IAM}user/eve",),
    ),
    "new user of a name that exists": ("iam:CreateUser", BOB, "iam:CreateUser", (f"{IAM}user/bob",)),
    "user with a path": ("iam:GetUser", BOB, "iam:GetUser", (TEAM_BOB,)),
    "user that does not exist": ("iam:GetUser", {"UserName": "eve"}, "iam:GetUser", (f"{IAM}user/eve",)),
    "Path counts only where it makes": (
        "iam:GetUser",
        {"UserName": "eve", "Path": "/x/"},
        "iam:GetUser",
        (f"{IAM}user/eve",),
    ),
    "users": ("iam:ListUsers", {"PathPrefix": "/x/"}, "iam:ListUsers", ("*",)),
    "access key of a user": ("iam:CreateAccessKey", BOB, "iam:CreateAccessKey", (TEAM_BOB,)),
    "owner of a key": (
        "iam:GetAccessKeyLastUsed",
        {"AccessKeyId": "AKIA0000000000000BOB"},
        "iam:GetAccessKeyLastUsed",
        (TEAM_BOB,),
    ),
    "user policy": (
        "iam:PutUserPolicy",
        {**BOB, "PolicyName": "p", "PolicyDocument": "{}"},
        "iam:PutUserPolicy",
        (TEAM_BOB,),
    ),
    "attach to a user": (
        "iam:AttachUserPolicy",
        {**BOB, "PolicyArn": AWS_POLICY},
        "iam:AttachUserPolicy",
        (TEAM_BOB,),
    ),
    "role": ("iam:GetRole", WEB, "iam:GetRole", (APP_WEB,)),
    "new role": ("iam:CreateRole", {"RoleName": "r", "Path": "/a/"}, "iam:CreateRole", (f"{IAM}role/a/r",)),
    "trust policy": ("iam:UpdateAssumeRolePolicy", WEB, "iam:UpdateAssumeRolePolicy", (APP_WEB,)),
    "group": ("iam:AddUserToGroup", {"GroupName": "g", **BOB}, "iam:AddUserToGroup", (f"{IAM}group/g",)),
    "new policy": (
        "iam:CreatePolicy",
        {"PolicyName": "read", "Path": "/team/"},
        "iam:CreatePolicy",
        (POLICY,),
    ),
    "policy": ("iam:GetPolicy", {"PolicyArn": POLICY}, "iam:GetPolicy", (POLICY,)),
    "policy of AWS": (
        "iam:GetPolicyVersion",
        {"PolicyArn": AWS_POLICY},
        "iam:GetPolicyVersion",
        (AWS_POLICY,),
    ),
    "policies": ("iam:ListPolicies", {}, "iam:ListPolicies", ("*",)),
    "new provider": (
        "iam:CreateOpenIDConnectProvider",
        {"Url": f"https://{OIDC}"},
        "iam:CreateOpenIDConnectProvider",
        (PROVIDER,),
    ),
    "new provider with the default port": (
        "iam:CreateOpenIDConnectProvider",
        {"Url": "https://issuer.example:443"},
        "iam:CreateOpenIDConnectProvider",
        (f"{IAM}oidc-provider/issuer.example",),
    ),
    "provider": (
        "iam:GetOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": PROVIDER},
        "iam:GetOpenIDConnectProvider",
        (PROVIDER,),
    ),
    "authorization details": (
        "iam:GetAccountAuthorizationDetails",
        {},
        "iam:GetAccountAuthorizationDetails",
        ("*",),
    ),
    "simulation": (
        "iam:SimulatePrincipalPolicy",
        {"PolicySourceArn": TEAM_BOB},
        "iam:SimulatePrincipalPolicy",
        (TEAM_BOB,),
    ),
    "new cluster": ("eks:CreateCluster", {"name": "clu"}, "eks:CreateCluster", ("*",)),
    "cluster": ("eks:DescribeCluster", {"name": "clu"}, "eks:DescribeCluster", (f"{EKS}cluster/clu",)),
    "clusters": ("eks:ListClusters", {}, "eks:ListClusters", ("*",)),
    "cluster versions": ("eks:DescribeClusterVersions", {}, "eks:DescribeClusterVersions", ("*",)),
    "cluster config": (
        "eks:UpdateClusterConfig",
        {"name": "clu"},
        "eks:UpdateClusterConfig",
        (f"{EKS}cluster/clu",),
    ),
    "a user pool by its id": (
        "cognito-idp:AdminInitiateAuth",
        {"UserPoolId": "eu-west-1_abc", "ClientId": "c"},
        "cognito-idp:AdminInitiateAuth",
        (f"arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/eu-west-1_abc",),
    ),
    "tags of a cluster": (
        "eks:ListTagsForResource",
        {"resourceArn": f"{EKS}cluster/clu"},
        "eks:ListTagsForResource",
        (f"{EKS}cluster/clu",),
    ),
    "new access entry": (
        "eks:CreateAccessEntry",
        {"clusterName": "clu", "principalArn": APP_WEB},
        "eks:CreateAccessEntry",
        (f"{EKS}cluster/clu",),
    ),
    "access entry that does not exist": (
        "eks:AssociateAccessPolicy",
        {"clusterName": "clu", "principalArn": APP_WEB},
        "eks:AssociateAccessPolicy",
        (ENTRY,),
    ),
    "access entry with its id": (
        "eks:DescribeAccessEntry",
        {"clusterName": "clu", "principalArn": TEAM_BOB},
        "eks:DescribeAccessEntry",
        (f"{EKS}access-entry/clu/user/{ACCOUNT}/bob/bbbb",),
    ),
    "node group with its id": (
        "eks:DescribeNodegroup",
        {"clusterName": "clu", "nodegroupName": "ng"},
        "eks:DescribeNodegroup",
        (f"{EKS}nodegroup/clu/ng/aaaa",),
    ),
    "identity provider": (
        "eks:DescribeIdentityProviderConfig",
        {"clusterName": "clu", "identityProviderConfig": {"type": "oidc", "name": "pool"}},
        "eks:DescribeIdentityProviderConfig",
        (f"{EKS}identityproviderconfig/clu/oidc/pool/*",),
    ),
    "new identity provider": (
        "eks:AssociateIdentityProviderConfig",
        {"clusterName": "clu", "oidc": {"identityProviderConfigName": "pool"}},
        "eks:AssociateIdentityProviderConfig",
        (f"{EKS}cluster/clu",),
    ),
    "pod identity association": (
        "eks:DescribePodIdentityAssociation",
        {"clusterName": "clu", "associationId": "a-1"},
        "eks:DescribePodIdentityAssociation",
        (f"{EKS}podidentityassociation/clu/a-1",),
    ),
    "pod identity agent": (
        "eks-auth:AssumeRoleForPodIdentity",
        {"clusterName": "clu", "token": "t"},
        "eks-auth:AssumeRoleForPodIdentity",
        (f"{EKS}cluster/clu",),
    ),
    "buckets": ("s3:ListBuckets", {}, "s3:ListAllMyBuckets", ("*",)),
    "bucket": ("s3:HeadBucket", {"Bucket": "b"}, "s3:ListBucket", ("arn:aws:s3:::b",)),
    "listing a bucket": ("s3:ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", ("arn:aws:s3:::b",)),
    "new bucket": ("s3:CreateBucket", {"Bucket": "b"}, "s3:CreateBucket", ("arn:aws:s3:::b",)),
    "object": ("s3:GetObject", {"Bucket": "b", "Key": "k/x"}, "s3:GetObject", ("arn:aws:s3:::b/k/x",)),
    "head of an object": (
        "s3:HeadObject",
        {"Bucket": "b", "Key": "k"},
        "s3:GetObject",
        ("arn:aws:s3:::b/k",),
    ),
    "version of an object": (
        "s3:GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        "s3:GetObjectVersion",
        ("arn:aws:s3:::b/k",),
    ),
    "tags of a version": (
        "s3:PutObjectTagging",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        "s3:PutObjectVersionTagging",
        ("arn:aws:s3:::b/k",),
    ),
    "several objects": (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "l"}]}},
        "s3:DeleteObject",
        ("arn:aws:s3:::b/k", "arn:aws:s3:::b/l"),
    ),
    "several instances": (
        "ec2:TerminateInstances",
        {"InstanceIds": ["i-1", "i-2"]},
        "ec2:TerminateInstances",
        (f"{EC2}instance/i-1", f"{EC2}instance/i-2"),
    ),
    "one instance": (
        "ec2:GetConsoleOutput",
        {"InstanceId": "i-1"},
        "ec2:GetConsoleOutput",
        (f"{EC2}instance/i-1",),
    ),
    "EC2 on nothing in particular": ("ec2:DescribeInstances", {}, "ec2:DescribeInstances", ("*",)),
}


@pytest.mark.parametrize(("name", "parameters", "action", "resources"), CALLS.values(), ids=CALLS.keys())
def test_action_and_resources(
    name: str, parameters: JsonObject, action: str, resources: tuple[str, ...]
) -> None:
    own, *_ = found(call(name, parameters))
    assert (own.action, own.resources) == (action, resources)


RENAMED: dict[str, tuple[str, JsonObject, list[str]]] = {
    "a name": ("UpdateUser", {"UserName": "bob", "NewUserName": "ben"}, ["user/team/bob", "user/team/ben"]),
    "a path": ("UpdateUser", {"UserName": "bob", "NewPath": "/x/"}, ["user/team/bob", "user/x/bob"]),
    "no path": ("UpdateUser", {"UserName": "bob", "NewPath": "/"}, ["user/team/bob", "user/bob"]),
    "both": (
        "UpdateUser",
        {"UserName": "bob", "NewPath": "/x/", "NewUserName": "ben"},
        ["user/team/bob", "user/x/ben"],
    ),
    "neither": ("UpdateUser", {"UserName": "bob"}, ["user/team/bob"]),
    "nobody": ("UpdateUser", {"UserName": "eve", "NewPath": "/x/"}, ["user/eve"]),
    "a group": ("UpdateGroup", {"GroupName": "ops", "NewGroupName": "dev"}, ["group/ops", "group/dev"]),
}


@pytest.mark.parametrize("case", RENAMED)
def test_whoever_renames_needs_both_names(case: str) -> None:
    operation, parameters, expected = RENAMED[case]
    asked = found(call(f"iam:{operation}", parameters))
    assert [(one.action, one.resources) for one in asked] == [
        (f"iam:{operation}", (f"{IAM}{name}",)) for name in expected
    ]


SELF_OPERATIONS = ["GetUser", "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey"]


@pytest.mark.parametrize("operation", SELF_OPERATIONS)
def test_without_user_name_a_user_acts_on_itself(operation: str) -> None:
    assert found(call(f"iam:{operation}"))[0].resources == (f"{IAM}user/team/ana",)


@pytest.mark.parametrize("operation", SELF_OPERATIONS)
def test_without_user_name_root_acts_on_root(operation: str) -> None:
    assert found(call(f"iam:{operation}", who=PrincipalType.ROOT))[0].resources == (f"{IAM}root",)


@pytest.mark.parametrize("who", [PrincipalType.ROLE_SESSION, PrincipalType.FEDERATED_USER])
def test_without_user_name_nobody_else_has_a_self(who: PrincipalType) -> None:
    assert unmapped(call("iam:GetUser", who=who)) == Unmapped.NOT_A_USER


UNMAPPED: dict[str, tuple[str, JsonObject, Unmapped]] = {
    "unknown action": ("eks:MakeTea", {}, Unmapped.ACTION),
    "unknown service": ("tea:Make", {}, Unmapped.ACTION),
    "no cluster name": ("eks:DescribeCluster", {}, Unmapped.RESOURCE),
    "empty name": ("eks:DescribeCluster", {"name": ""}, Unmapped.RESOURCE),
    "name of another type": ("eks:DescribeCluster", {"name": 1}, Unmapped.RESOURCE),
    "no role name": ("iam:GetRole", {}, Unmapped.RESOURCE),
    "type without a table row": (
        "iam:GetServerCertificate",
        {"ServerCertificateName": "x"},
        Unmapped.RESOURCE,
    ),
    "ARN of another type": ("iam:GetPolicy", {"PolicyArn": APP_WEB}, Unmapped.RESOURCE),
    "ARN that is none": ("iam:GetPolicy", {"PolicyArn": "read"}, Unmapped.RESOURCE),
    "ARN of another service": ("eks:TagResource", {"resourceArn": "arn:aws:s3:::b"}, Unmapped.RESOURCE),
    "provider without URL": ("iam:CreateOpenIDConnectProvider", {}, Unmapped.RESOURCE),
    "entry without principal": ("eks:DescribeAccessEntry", {"clusterName": "c"}, Unmapped.RESOURCE),
    "entry of a principal that is no ARN": (
        "eks:DescribeAccessEntry",
        {"clusterName": "c", "principalArn": "web"},
        Unmapped.RESOURCE,
    ),
    "key that nobody has": ("iam:GetAccessKeyLastUsed", {"AccessKeyId": "AKIA1"}, Unmapped.RESOURCE),
    "key not given": ("iam:GetAccessKeyLastUsed", {}, Unmapped.RESOURCE),
    "no object to delete": ("s3:DeleteObjects", {"Bucket": "b"}, Unmapped.RESOURCE),
    "one object without key among others": (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {}]}},
        Unmapped.RESOURCE,
    ),
    "version of an object among others": (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k", "VersionId": "v"}]}},
        Unmapped.RESOURCE,
    ),
    "an instance without a name among others": (
        "ec2:TerminateInstances",
        {"InstanceIds": ["i-1", ""]},
        Unmapped.RESOURCE,
    ),
    "no list of instances": ("ec2:TerminateInstances", {"InstanceIds": "i-1"}, Unmapped.RESOURCE),
    "objects without key": (
        "s3:DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{}]}},
        Unmapped.RESOURCE,
    ),
}


@pytest.mark.parametrize(("name", "parameters", "code"), UNMAPPED.values(), ids=UNMAPPED.keys())
def test_what_cannot_be_mapped_is_unknown(name: str, parameters: JsonObject, code: Unmapped) -> None:
    assert unmapped(call(name, parameters)) == code


def test_a_type_without_arn_pattern_cannot_be_mapped() -> None:
    reference = ServiceReference({"eks:x": ActionFacts("eks:X", ("cluster",))}, {})
    mapped = map_call(call("eks:X", {"name": "clu"}), reference)
    assert isinstance(mapped, Decision)
    assert mapped.decisive[0].code == Unmapped.RESOURCE


TAGS: list[Json] = [{"Key": "team", "Value": "a"}, {"Key": "bad"}]
KEYS: dict[str, tuple[str, JsonObject, dict[str, ContextValue | None]]] = {
    "caller": (
        "eks:ListClusters",
        {},
        {
            "aws:PrincipalArn": f"{IAM}user/team/ana",
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalType": "User",
            "aws:userid": "AIDA0000000000000ANA",
            "aws:username": "ana",
            "aws:RequestedRegion": "eu-west-1",
            "aws:TagKeys": None,
        },
    ),
    "IAM tags": (
        "iam:CreateUser",
        {"UserName": "eve", "Tags": TAGS},
        {"aws:RequestTag/team": "a", "aws:TagKeys": ("team",)},
    ),
    "tags of a user pool": (
        "cognito-idp:CreateUserPool",
        {"PoolName": "p", "UserPoolTags": {"team": "a"}},
        {"aws:RequestTag/team": "a", "aws:TagKeys": ("team",)},
    ),
    "EKS tags": (
        "eks:CreateCluster",
        {"name": "c", "tags": {"team": "a"}},
        {"aws:RequestTag/Team": "a", "aws:TagKeys": ("team",)},
    ),
    "untag": ("iam:UntagUser", {**BOB, "TagKeys": ["a", "b"]}, {"aws:TagKeys": ("a", "b")}),
    "attached policy": (
        "iam:AttachUserPolicy",
        {**BOB, "PolicyArn": AWS_POLICY},
        {"iam:PolicyARN": AWS_POLICY},
    ),
    "policy as the resource": ("iam:GetPolicy", {"PolicyArn": POLICY}, {"iam:PolicyARN": None}),
    "boundary": (
        "iam:CreateUser",
        {**BOB, "PermissionsBoundary": POLICY},
        {"iam:PermissionsBoundary": POLICY},
    ),
    "access policy": (
        "eks:AssociateAccessPolicy",
        {
            "clusterName": "c",
            "principalArn": APP_WEB,
            "policyArn": "arn:p",
            "accessScope": {"type": "namespace", "namespaces": ["a"]},
        },
        {
            "eks:policyArn": "arn:p",
            "eks:accessScope": "namespace",
            "eks:namespaces": ("a",),
            "eks:principalArn": APP_WEB,
        },
    ),
    "booleans and numbers are their text": (
        "eks:CreateCluster",
        {"name": "c", "accessConfig": {"bootstrapClusterCreatorAdminPermissions": False}},
        {"eks:bootstrapClusterCreatorAdminPermissions": "false", "eks:authenticationMode": None},
    ),
    "duration": (
        "sts:AssumeRole",
        {"RoleArn": APP_WEB, "DurationSeconds": 900, "ExternalId": "x"},
        {"sts:DurationSeconds": "900", "sts:ExternalId": "x", "sts:SourceIdentity": None},
    ),
    "one value of a multivalued key": (
        "eks:UpdateAccessEntry",
        {"clusterName": "c", "principalArn": APP_WEB, "kubernetesGroups": "viewers"},
        {"eks:kubernetesGroups": ("viewers",)},
    ),
    "true": (
        "eks:CreateCluster",
        {"name": "c", "accessConfig": {"bootstrapClusterCreatorAdminPermissions": True}},
        {"eks:bootstrapClusterCreatorAdminPermissions": "true"},
    ),
    "prefix": ("s3:ListObjectsV2", {"Bucket": "b", "Prefix": "home/"}, {"s3:prefix": "home/"}),
}


@pytest.mark.parametrize(("name", "parameters", "keys"), KEYS.values(), ids=KEYS.keys())
def test_context_keys(name: str, parameters: JsonObject, keys: dict[str, ContextValue | None]) -> None:
    context = found(call(name, parameters))[0].context
    assert {key: context.value(key) for key in keys} == keys
    assert not any(context.is_unread(key) for key in keys)


TYPES = {
    PrincipalType.ROOT: "Account",
    PrincipalType.ROLE_SESSION: "AssumedRole",
    PrincipalType.FEDERATED_USER: "FederatedUser",
}


@pytest.mark.parametrize(("who", "name"), TYPES.items(), ids=TYPES.values())
def test_only_users_have_a_user_name(who: PrincipalType, name: str) -> None:
    context = found(call("eks:ListClusters", who=who))[0].context
    assert (context.value("aws:PrincipalType"), context.value("aws:username")) == (name, None)


def test_a_session_is_named_by_its_role_with_path() -> None:
    context = found(call("eks:ListClusters", who=PrincipalType.ROLE_SESSION))[0].context
    assert context.value("aws:PrincipalArn") == APP_WEB


def test_what_the_door_knows_is_kept_and_keys_that_nobody_tells_are_unread() -> None:
    door = Context.of({"aws:SourceIp": "127.0.0.1"}, ["aws:ResourceTag/team"])
    context = found(call("s3:GetObject", {"Bucket": "b", "Key": "k"}, context=door))[0].context
    assert context.value("aws:sourceip") == "127.0.0.1"
    assert context.is_unread("aws:ResourceTag/team")
    assert context.is_unread("s3:TlsVersion")
    assert not context.is_unread("s3:VersionId")


OWNERS = {
    "own": (APP_WEB, None),
    "other": (f"arn:aws:iam::{OTHER}:role/web", OTHER),
}


@pytest.mark.parametrize(("role", "owner"), OWNERS.values(), ids=OWNERS.keys())
def test_owner_of_the_resource(role: str, owner: str | None) -> None:
    assert found(call("sts:AssumeRole", {"RoleArn": role}))[0].resource_account == owner


def test_policies_of_aws_and_buckets_belong_to_nobody_else() -> None:
    assert found(call("iam:GetPolicy", {"PolicyArn": AWS_POLICY}))[0].resource_account is None
    assert found(call("s3:HeadBucket", {"Bucket": "b"}))[0].resource_account is None


STATE: dict[str, tuple[str, JsonObject, str, bool]] = {
    "no boundary is asked for": ("iam:CreateRole", WEB, "iam:PermissionsBoundary", False),
    "boundary of the role that is changed": ("iam:PutRolePolicy", WEB, "iam:PermissionsBoundary", True),
    "scope that is taken away": (
        "eks:DisassociateAccessPolicy",
        {"clusterName": "c", "principalArn": APP_WEB, "policyArn": "arn:p"},
        "eks:accessScope",
        True,
    ),
    "groups of an entry": (
        "eks:DescribeAccessEntry",
        {"clusterName": "c", "principalArn": APP_WEB},
        "eks:kubernetesGroups",
        True,
    ),
    "groups of a new entry": (
        "eks:CreateAccessEntry",
        {"clusterName": "c", "principalArn": APP_WEB},
        "eks:kubernetesGroups",
        False,
    ),
    "tags of the resource": ("iam:GetRole", WEB, "aws:ResourceTag/team", True),
    "no resource, no tags": ("iam:ListRoles", {}, "aws:ResourceTag/team", False),
    "tags of the caller": ("iam:ListRoles", {}, "aws:PrincipalTag/team", True),
}


@pytest.mark.parametrize(("name", "parameters", "key", "unread"), STATE.values(), ids=STATE.keys())
def test_state_that_the_parameters_do_not_show_is_unread(
    name: str, parameters: JsonObject, key: str, unread: bool
) -> None:
    context = found(call(name, parameters))[0].context
    assert context.value(key) is None
    assert context.is_unread(key) is unread


def test_tags_that_were_read_are_all_there_are() -> None:
    asked = call("iam:GetRole", WEB, caller_tags={"team": "a"})
    context = found(asked, {APP_WEB: ResourceState({"env": "x"})})[0].context
    assert context.value("aws:PrincipalTag/Team") == "a"
    assert (context.value("aws:ResourceTag/env"), context.value("iam:ResourceTag/env")) == ("x", "x")
    for key in ("aws:PrincipalTag/env", "aws:ResourceTag/team", "aws:ResourceTag/env"):
        assert not context.is_unread(key)


def test_tags_of_a_cluster_are_not_those_of_the_role_it_is_given() -> None:
    parameters: JsonObject = {"clusterName": "c", "nodegroupName": "n", "nodeRole": APP_WEB}
    cluster = {f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/c": ResourceState({"env": "x"})}
    own, passing = found(call("eks:CreateNodegroup", parameters, caller_tags={}), cluster)
    assert own.context.value("aws:ResourceTag/env") == "x"
    assert passing.context.value("aws:ResourceTag/env") is None
    assert passing.context.is_unread("aws:ResourceTag/env")
    assert not passing.context.is_unread("aws:PrincipalTag/env")


def test_a_cluster_role_has_to_be_passed() -> None:
    own, passing = found(call("eks:CreateCluster", {"name": "c", "roleArn": APP_WEB}))
    assert (own.action, passing.action, passing.resources) == (
        "eks:CreateCluster",
        "iam:PassRole",
        (APP_WEB,),
    )
    assert passing.context.value("iam:PassedToService") == "eks.amazonaws.com"


def test_a_role_passed_to_a_service_that_is_not_documented_leaves_the_key_unread() -> None:
    parameters: JsonObject = {"clusterName": "clu", "nodegroupName": "ng", "nodeRole": APP_WEB}
    _, passing = found(call("eks:CreateNodegroup", parameters))
    assert passing.context.is_unread("iam:PassedToService")


ALSO: dict[str, tuple[str, JsonObject, list[str]]] = {
    "user with tags": ("iam:CreateUser", {"UserName": "e", "Tags": TAGS}, ["iam:TagUser"]),
    "user without tags": ("iam:CreateUser", {"UserName": "e", "Tags": []}, []),
    "object with tags, lock and grants": (
        "s3:PutObject",
        {
            "Bucket": "b",
            "Key": "k",
            "Tagging": "a=b",
            "ACL": "private",
            "GrantRead": "id=x",
            "ObjectLockMode": "GOVERNANCE",
        },
        ["s3:PutObjectTagging", "s3:PutObjectAcl", "s3:PutObjectRetention"],
    ),
    "plain object": ("s3:PutObject", {"Bucket": "b", "Key": "k"}, []),
}


@pytest.mark.parametrize(("name", "parameters", "actions"), ALSO.values(), ids=ALSO.keys())
def test_parameters_that_need_another_action(name: str, parameters: JsonObject, actions: list[str]) -> None:
    own, *also = found(call(name, parameters))
    assert [one.action for one in also] == actions
    assert {one.resources for one in also} <= {own.resources}


def test_session_tags_and_source_identity_are_asked_for_too() -> None:
    parameters: JsonObject = {"RoleArn": APP_WEB, "Tags": TAGS, "SourceIdentity": "ana"}
    asked = found(call("sts:AssumeRole", parameters))
    assert [one.action for one in asked] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    assert {one.resources for one in asked} == {(APP_WEB,)}


NEW_RESOURCES: dict[str, tuple[str, JsonObject, str]] = {
    "a new device": (
        "iam:CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "ana", "Path": "/ops/"},
        f"{IAM}mfa/ops/ana",
    ),
    "a device by its serial number": (
        "iam:DeleteVirtualMFADevice",
        {"SerialNumber": f"{IAM}mfa/ops/ana"},
        f"{IAM}mfa/ops/ana",
    ),
    "the user who gets a device": (
        "iam:EnableMFADevice",
        {**BOB, "SerialNumber": f"{IAM}mfa/bob"},
        f"{IAM}user/team/bob",
    ),
    "the caller without a name": (
        "iam:DeactivateMFADevice",
        {"SerialNumber": f"{IAM}mfa/ana"},
        f"{IAM}user/team/ana",
    ),
    "the role of a service": (
        "iam:CreateServiceLinkedRole",
        {"AWSServiceName": "eks.amazonaws.com"},
        f"{IAM}role/aws-service-role/eks.amazonaws.com/ForEKS",
    ),
    "one more role of a service": (
        "iam:CreateServiceLinkedRole",
        {"AWSServiceName": "eks.amazonaws.com", "CustomSuffix": "two"},
        f"{IAM}role/aws-service-role/eks.amazonaws.com/ForEKS_two",
    ),
    "the role that a task deletes": (
        "iam:GetServiceLinkedRoleDeletionStatus",
        {"DeletionTaskId": "task/aws-service-role/eks.amazonaws.com/ForEKS/0-1"},
        f"{IAM}role/aws-service-role/eks.amazonaws.com/ForEKS",
    ),
    "no task": ("iam:GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": "task/x"}, f"{IAM}role/*"),
}
SERVICE_ROLES: dict[tuple[str, tuple[str, ...]], str] = {
    ("iam:service-linked-role", ("eks.amazonaws.com", suffix)): (
        f"{IAM}role/aws-service-role/eks.amazonaws.com/ForEKS{suffix and '_'}{suffix}"
    )
    for suffix in ("", "two")
}


@pytest.mark.parametrize(("name", "parameters", "resource"), NEW_RESOURCES.values(), ids=NEW_RESOURCES.keys())
def test_resources_of_devices_and_service_linked_roles(
    name: str, parameters: JsonObject, resource: str
) -> None:
    known: dict[tuple[str, tuple[str, ...]], str] = {**SERVICE_ROLES}
    known.update(EXISTING)
    mapped = map_call(call(name, parameters), REFERENCE, lambda kind, names: known.get((kind, names)))
    assert isinstance(mapped, tuple)
    assert mapped[0].resources == (resource,)


def test_a_service_whose_role_nobody_knows_is_unmapped() -> None:
    asked = call("iam:CreateServiceLinkedRole", {"AWSServiceName": "eks.amazonaws.com"})
    assert unmapped(asked) == Unmapped.RESOURCE


def test_the_service_of_a_linked_role_is_a_key() -> None:
    asked = call("iam:CreateServiceLinkedRole", {"AWSServiceName": "eks.amazonaws.com"})
    mapped = map_call(asked, REFERENCE, lambda kind, names: SERVICE_ROLES.get((kind, names)))
    assert isinstance(mapped, tuple)
    assert mapped[0].context.value("iam:AWSServiceName") == "eks.amazonaws.com"


FENCE = f"{IAM}policy/fence"
READ: dict[str, ResourceState] = {
    f"{IAM}role/app/web": ResourceState({"env": "x"}, {"iam:PermissionsBoundary": FENCE}),
    f"{IAM}user/team/bob": ResourceState({}, {"iam:PermissionsBoundary": None}),
}


STATES: dict[str, tuple[str, JsonObject, str, str | None, bool]] = {
    "the boundary of what is changed": (
        "iam:AttachRolePolicy",
        {**WEB, "PolicyArn": POLICY},
        "iam:PermissionsBoundary",
        FENCE,
        False,
    ),
    "no boundary": (
        "iam:PutUserPolicy",
        {**BOB, "PolicyName": "p"},
        "iam:PermissionsBoundary",
        None,
        False,
    ),
    "the boundary that is set": (
        "iam:PutRolePermissionsBoundary",
        {**WEB, "PermissionsBoundary": POLICY},
        "iam:PermissionsBoundary",
        POLICY,
        False,
    ),
    "tags": ("iam:GetRole", WEB, "aws:ResourceTag/env", "x", False),
    "IAM's own key of tags": ("iam:GetRole", WEB, "iam:ResourceTag/env", "x", False),
    "a tag that is not there": ("iam:GetRole", WEB, "aws:ResourceTag/team", None, False),
    "of what nobody read": ("iam:GetRole", {"RoleName": "other"}, "aws:ResourceTag/env", None, True),
}


@pytest.mark.parametrize(("name", "parameters", "key", "value", "unread"), STATES.values(), ids=STATES.keys())
def test_state_that_was_read_is_in_the_context(
    name: str, parameters: JsonObject, key: str, value: str | None, unread: bool
) -> None:
    context = found(call(name, parameters), READ)[0].context
    assert context.value(key) == value
    assert context.is_unread(key) is unread


def test_a_role_in_an_instance_profile_has_to_be_passed_to_ec2() -> None:
    asked = call("iam:AddRoleToInstanceProfile", {**WEB, "InstanceProfileName": "node"})
    own, passing = found(asked, READ)
    assert own.resources == (f"{IAM}instance-profile/node",)
    assert (passing.action, passing.resources) == ("iam:PassRole", (f"{IAM}role/app/web",))
    assert passing.context.value("iam:PassedToService") == "ec2.amazonaws.com"
    assert passing.context.value("aws:ResourceTag/env") == "x"
    assert passing.context.value("iam:ResourceTag/env") == "x"
    assert not passing.context.is_unread("aws:ResourceTag/team")


def test_a_role_that_is_not_there_is_passed_by_its_name() -> None:
    _, passing = found(
        call("iam:AddRoleToInstanceProfile", {"RoleName": "none", "InstanceProfileName": "node"})
    )
    assert passing.resources == (f"{IAM}role/none",)


TAGGED_AT_BIRTH: dict[str, tuple[str, JsonObject]] = {
    "iam:TagInstanceProfile": ("iam:CreateInstanceProfile", {"InstanceProfileName": "node"}),
    "iam:TagMFADevice": ("iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": "ana"}),
}


@pytest.mark.parametrize(
    ("action", "asked"), TAGGED_AT_BIRTH.items(), ids=[str(key) for key in TAGGED_AT_BIRTH]
)
def test_tags_at_birth_need_their_own_permission(action: str, asked: tuple[str, JsonObject]) -> None:
    name, parameters = asked
    assert [one.action for one in found(call(name, {**parameters, "Tags": TAGS}))] == [name, action]


ORGANIZATION = f"arn:aws:organizations::{ACCOUNT}:"
NODES = {
    "r-ab12": f"{ORGANIZATION}root/o-example/r-ab12",
    "ou-ab12-dev": f"{ORGANIZATION}ou/o-example/ou-ab12-dev",
    OTHER: f"{ORGANIZATION}account/o-example/{OTHER}",
    "p-deny": f"{ORGANIZATION}policy/o-example/service_control_policy/p-deny",
}
SEVERAL: dict[str, tuple[AwsCall, tuple[str, ...]]] = {
    "a policy and the account that gets it": (
        call("organizations:AttachPolicy", {"PolicyId": "p-deny", "TargetId": OTHER}),
        (NODES["p-deny"], NODES[OTHER]),
    ),
    "a policy and the root that loses it": (
        call("organizations:DetachPolicy", {"PolicyId": "p-deny", "TargetId": "r-ab12"}),
        (NODES["p-deny"], NODES["r-ab12"]),
    ),
    "an account and both its parents": (
        call(
            "organizations:MoveAccount",
            {"AccountId": OTHER, "SourceParentId": "r-ab12", "DestinationParentId": "ou-ab12-dev"},
        ),
        (NODES[OTHER], NODES["r-ab12"], NODES["ou-ab12-dev"]),
    ),
    "the same parent twice is one resource": (
        call(
            "organizations:MoveAccount",
            {"AccountId": OTHER, "SourceParentId": "r-ab12", "DestinationParentId": "r-ab12"},
        ),
        (NODES[OTHER], NODES["r-ab12"]),
    ),
    "what does not exist has the form of its kind": (
        call("organizations:AttachPolicy", {"PolicyId": "p-gone", "TargetId": "ou-ab12-gone"}),
        (
            f"{ORGANIZATION}policy/o-*/*/p-*",
            f"{ORGANIZATION}ou/o-*/ou-*",
        ),
    ),
}


@pytest.mark.parametrize(("asked", "resources"), SEVERAL.values(), ids=SEVERAL.keys())
def test_operations_on_several_resources(asked: AwsCall, resources: tuple[str, ...]) -> None:
    mapped = map_call(asked, REFERENCE, lambda _kind, names: NODES.get(names[0]))
    assert isinstance(mapped, tuple)
    assert [one.resources for one in mapped] == [resources]


def test_all_of_several_resources_have_to_be_named() -> None:
    assert unmapped(call("organizations:AttachPolicy", {"PolicyId": "p-deny"})) == Unmapped.RESOURCE


@pytest.mark.parametrize("parameter", ["PolicyType", "Type", "Filter"])
def test_the_type_of_a_policy(parameter: str) -> None:
    asked = call("organizations:ListPolicies", {parameter: "SERVICE_CONTROL_POLICY"})
    (request,) = found(asked)
    assert request.context.value("organizations:PolicyType") == "SERVICE_CONTROL_POLICY"
    (request,) = found(call("organizations:ListPolicies"))
    assert request.context.value("organizations:PolicyType") is None


def test_what_is_known_of_each_resource() -> None:
    told = {
        NODES["p-deny"]: ResourceState(
            {"team": "red"}, {"organizations:PolicyType": "SERVICE_CONTROL_POLICY"}
        ),
        NODES[OTHER]: ResourceState({}, {"aws:ResourceAccount": OTHER, "organizations:PolicyType": None}),
    }
    asked = call("organizations:AttachPolicy", {"PolicyId": "p-deny", "TargetId": OTHER})
    mapped = map_call(asked, REFERENCE, lambda _kind, names: NODES.get(names[0]), told.__getitem__)
    assert isinstance(mapped, tuple)
    policy, account = mapped
    assert (policy.resources, account.resources) == ((NODES["p-deny"],), (NODES[OTHER],))
    keys = ("aws:ResourceTag/team", "organizations:PolicyType", "aws:ResourceAccount")
    assert [policy.context.value(key) for key in keys] == ["red", "SERVICE_CONTROL_POLICY", None]
    # The reference lists the type of the policy for the action, so it is one for the account too.
    assert [account.context.value(key) for key in keys] == [None, "SERVICE_CONTROL_POLICY", OTHER]
    assert not account.context.is_unread("aws:ResourceTag/team")
    assert not policy.context.is_unread("aws:ResourceTag/other")


def test_resources_of_which_the_same_is_known_are_asked_about_together() -> None:
    names = [f"docs/{number}" for number in range(3)]
    arns = tuple(f"arn:aws:s3:::b/{name}" for name in names)
    asked = call("s3:DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": n} for n in names]}})
    assert [one.resources for one in found(asked)] == [arns]
    last = {arns[2]: ResourceState({"kept": "yes"})}
    assert [one.resources for one in found(asked, last)] == [arns[:2], arns[2:]]


def test_a_key_that_is_known_to_be_absent_is_not_unread() -> None:
    tag = call("organizations:TagResource", {"ResourceId": OTHER})
    absent = {f"{ORGANIZATION}account/o-*/{OTHER}": ResourceState({}, {"organizations:PolicyType": None})}
    for states, unread in ((absent, False), ({}, True)):
        (asked,) = found(tag, states)
        assert asked.context.value("organizations:PolicyType") is None
        assert asked.context.is_unread("organizations:PolicyType") is unread


def test_a_key_that_the_action_does_not_bring_is_absent() -> None:
    (tagging,) = found(call("iam:TagRole", WEB), READ)
    own, passing = found(call("eks:CreateCluster", {"name": "c", "roleArn": APP_WEB}), READ)
    for one in (tagging, own, passing):
        assert one.context.value("iam:PermissionsBoundary") is None
        assert not one.context.is_unread("iam:PermissionsBoundary")
    assert tagging.context.value("aws:ResourceTag/env") == "x"
    assert passing.context.value("aws:ResourceTag/env") == "x"


def test_tags_told_of_a_resource_are_told_of_everything_that_is_asked_about_it() -> None:
    def read(resource: str) -> ResourceState:
        return ResourceState({"of": resource.rpartition("/")[2]}, {"aws:ResourceAccount": str(ACCOUNT)})

    user = map_call(
        call("iam:CreateUser", {"UserName": "bob", "Tags": [{"Key": "a", "Value": "b"}]}),
        REFERENCE,
        find_state=read,
    )
    role = call("eks:CreateCluster", {"name": "*", "roleArn": f"{IAM}role/web"})
    cluster = map_call(role, REFERENCE, find_state=read)
    assert isinstance(user, tuple)
    assert isinstance(cluster, tuple)
    assert [one.action for one in (*user, *cluster)] == [
        "iam:CreateUser",
        "iam:TagUser",
        "eks:CreateCluster",
        "iam:PassRole",
    ]
    assert [one.context.value("aws:ResourceTag/of") for one in (*user, *cluster)] == [
        "bob",
        "bob",
        "*",
        "web",
    ]
    for one in (*user, *cluster):
        assert not one.context.is_unread("aws:ResourceTag/x")
        assert one.context.value("aws:ResourceAccount") == ACCOUNT
        assert one.context.value("aws:PrincipalIsAWSService") == "false"
        assert one.context.value("aws:ViaAWSService") == "false"
        assert one.context.value("aws:CalledVia") is None
    assert cluster[1].context.value("iam:ResourceTag/of") == "web"
    assert cluster[0].context.value("iam:ResourceTag/of") is None


@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"])
@pytest.mark.parametrize(
    "source", [f"{IAM}role/web", f"arn:aws:sts::{ACCOUNT}:assumed-role/web/s", "not an arn"]
)
def test_the_source_of_a_simulation_is_the_resource_as_it_is(operation: str, source: str) -> None:
    (request,) = found(call(f"iam:{operation}", {"PolicySourceArn": source}))
    assert request.resources == (source,)


STACKS = {
    "one that is there, by name": ("DescribeStacks", {"StackName": "net"}, f"{STACK}net/0a1b"),
    "one that is not there": ("CreateStack", {"StackName": "new"}, f"{STACK}new/*"),
    "one by its ARN": ("DeleteStack", {"StackName": f"{STACK}old/9"}, f"{STACK}old/9"),
    "all of them": ("DescribeStacks", {}, "*"),
    "a template's own": ("GetTemplateSummary", {"TemplateBody": "{}"}, "*"),
    "that of a change set": ("ExecuteChangeSet", {"ChangeSetName": CHANGE_SET}, f"{STACK}net/0a1b"),
    "that of an unknown change set": ("DescribeChangeSet", {"ChangeSetName": "x"}, f"{STACK}*/*"),
    "a change set's, by name": (
        "DescribeChangeSet",
        {"ChangeSetName": "x", "StackName": "net"},
        f"{STACK}net/0a1b",
    ),
    "whose resource it is": (
        "DescribeStackResources",
        {"PhysicalResourceId": "web"},
        f"{STACK}net/0a1b",
    ),
    "no stack at all": ("ListExports", {}, "*"),
}


@pytest.mark.parametrize(("operation", "parameters", "resource"), STACKS.values(), ids=STACKS.keys())
def test_the_stack_that_a_call_is_about(operation: str, parameters: JsonObject, resource: str) -> None:
    (request,) = found(call(f"cloudformation:{operation}", parameters))
    assert request.resources == (resource,)


def test_the_keys_of_a_stack_and_the_role_that_it_gets() -> None:
    """Service Authorization Reference, "AWS CloudFormation"; CloudFormation User Guide, "Service role"."""
    role = f"{IAM}role/app/web"
    given: JsonObject = {
        "StackName": "new",
        "RoleARN": role,
        "ResourceTypes": ["AWS::IAM::*"],
        "TemplateURL": "https://s3.amazonaws.com/b/t",
    }
    own, passed = found(call("cloudformation:CreateStack", given))
    assert own.context.value("cloudformation:RoleArn") == role
    assert own.context.value("cloudformation:ResourceTypes") == ("AWS::IAM::*",)
    assert own.context.value("cloudformation:TemplateUrl") == "https://s3.amazonaws.com/b/t"
    assert own.context.value("cloudformation:StackPolicyUrl") is None
    assert not own.context.is_unread("cloudformation:StackPolicyUrl")
    assert (passed.action, passed.resources) == ("iam:PassRole", (role,))
    assert passed.context.value("iam:PassedToService") == "cloudformation.amazonaws.com"


def test_a_call_that_services_make_for_the_caller_says_so() -> None:
    """IAM User Guide, "Forward access sessions"."""
    via = ("athena.amazonaws.com", "s3.amazonaws.com")
    (request,) = found(replace(call("iam:GetRole", {"RoleName": "web"}), via=via))
    assert request.context.value("aws:ViaAWSService") == "true"
    assert request.context.value("aws:CalledVia") == via
    assert request.context.value("aws:CalledViaFirst") == via[0]
    assert request.context.value("aws:CalledViaLast") == via[1]
