"""IAM roles and their trust policies: what is accepted, remembered and shown."""

import json
from urllib.parse import quote, unquote

import pytest

from sekisho.facts import Document, InstanceProfile, OpenIdConnectProvider, Role, User
from sekisho.lab.aws.iam import roles
from unit.lab.aws.iam.build import ACCOUNT, EC2_TRUST, ISSUER, NOW, OTHER, Iam, trust

MIRA = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW, path="/ops/")
CI = Role(OTHER, "ci", "AROACICICICICICICICI1", NOW, EC2_TRUST)
MIRA_ARN = "arn:aws:iam::111122223333:user/ops/mira"
CI_ARN = "arn:aws:iam::444455556666:role/ci"
PROVIDER_ARN = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"


def role(name: str = "app", **more: object) -> Role:
    return Role(ACCOUNT, name, f"AROA{name.upper():0<17}", NOW, EC2_TRUST, **more)  # type: ignore[arg-type]  # test data


def create(document: str, iam: Iam | None = None) -> Iam:
    iam = iam or Iam(MIRA, CI)
    iam.ask("CreateRole", RoleName="app", AssumeRolePolicyDocument=document)
    return iam


ACCEPTED = {
    "a service": {"Service": "ec2.amazonaws.com"},
    "a service of another zone": {"Service": ["pods.eks.amazonaws.com", "ec2.amazonaws.com.cn"]},
    "everyone": "*",
    "every AWS principal": {"AWS": "*"},
    "an account by its number": {"AWS": OTHER},
    "an account by its root": {"AWS": f"arn:aws:iam::{OTHER}:root"},
    "a user with its path": {"AWS": MIRA_ARN},
    "a role of another account": {"AWS": [CI_ARN]},
    "a session of a role": {"AWS": f"arn:aws:sts::{OTHER}:assumed-role/ci/s1"},
    "a federated user": {"AWS": f"arn:aws:sts::{OTHER}:federated-user/bob"},
    "a user by its id": {"AWS": MIRA.user_id},
    "an OIDC provider": {"Federated": PROVIDER_ARN},
    "a SAML provider": {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"},
    "a public web identity provider": {"Federated": "accounts.google.com"},
    "several kinds": {"AWS": MIRA_ARN, "Service": "ec2.amazonaws.com"},
}


@pytest.mark.parametrize("principal", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_principals_that_may_be_trusted(principal: object) -> None:
    assert create(trust(principal)).facts.role(ACCOUNT, "app") is not None


INVALID = {
    "no such user": {"AWS": "arn:aws:iam::111122223333:user/nobody"},
    "a user without its path": {"AWS": "arn:aws:iam::111122223333:user/mira"},
    "no such role": {"AWS": "arn:aws:iam::444455556666:role/app"},
    "a pattern": {"AWS": "arn:aws:iam::111122223333:user/*"},
    "no such account": {"AWS": "999999999999"},
    "no such account's root": {"AWS": "arn:aws:iam::999999999999:root"},
    "a group": {"AWS": "arn:aws:iam::111122223333:group/ops"},
    "another partition": {"AWS": "arn:aws-cn:iam::111122223333:root"},
    "a region": {"AWS": "arn:aws:iam:us-east-1:111122223333:root"},
    "every session of a role": {"AWS": "arn:aws:sts::444455556666:assumed-role/ci/*"},
    "a session of no role": {"AWS": "arn:aws:sts::444455556666:assumed-role/x/s1"},
    "a session without a name": {"AWS": "arn:aws:sts::444455556666:assumed-role/ci"},
    "an id that is gone": {"AWS": "AIDAGONEGONEGONEGONE1"},
    "a service elsewhere": {"Service": "ec2.example.com"},
    "a provider's host alone": {"Federated": ISSUER},
    "a role as provider": {"Federated": CI_ARN},
}


@pytest.mark.parametrize("principal", INVALID.values(), ids=INVALID.keys())
def test_principals_that_may_not_be_trusted(principal: dict[str, str]) -> None:
    ((kind, name),) = principal.items()
    refused = Iam(MIRA, CI).refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=trust(principal))
    sentence = f'Invalid principal in policy: "{kind.upper()}":"{name}"'
    assert refused == ("MalformedPolicyDocument", sentence, 400)


STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
NO_PRINCIPALS = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: "
    "The passed in policy has a statement with no principals!"
)


def document(**changes: object) -> str:
    statement = {name: value for name, value in {**STATEMENT, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


MALFORMED = {
    "not JSON": ("{", "This policy contains invalid Json"),
    "a member twice": (
        '{"Version":"2012-10-17","Version":"2012-10-17"}',
        "This policy contains invalid Json",
    ),
    "what moto accepts": ('{"bad":"json"}', "Unknown field bad"),
    "a list": ("[]", "Syntax errors in policy."),
    "no statement": ('{"Version":"2012-10-17"}', "Syntax errors in policy."),
    "an empty list of statements": ('{"Version":"2012-10-17","Statement":[]}', "Syntax errors in policy."),
    "a statement that is none": ('{"Version":"2012-10-17","Statement":["x"]}', "Syntax errors in policy."),
    "an unknown version": ('{"Version":"2020-01-01","Statement":[]}', "Syntax errors in policy."),
    "a resource": (document(Resource="*"), "Has prohibited field Resource"),
    "all resources but": (document(NotResource="*"), "Has prohibited field NotResource"),
    "all principals but": (document(NotPrincipal="*"), "Has prohibited field NotPrincipal"),
    "no principal": (document(Principal=None), "Missing required field Principal"),
    "no principals": (document(Principal={}), NO_PRINCIPALS),
    "an empty list of principals": (document(Principal={"AWS": []}), NO_PRINCIPALS),
    "a principal of an unknown kind": (document(Principal={"Aws": "*"}), "Unknown field Aws"),
    "a principal that is a name": (
        document(Principal="ec2.amazonaws.com"),
        'Invalid principal in policy: "AWS":"ec2.amazonaws.com"',
    ),
    "a principal that is a number": (
        document(Principal={"AWS": 1}),
        'Invalid principal in policy: "AWS":"1"',
    ),
    "no action": (document(Action=None), "Missing required field Action"),
    "an action of another service": (
        document(Action=["sts:AssumeRole", "s3:GetObject"]),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    ),
    "every action": (document(Action="*"), "AssumeRole policy may only specify STS AssumeRole actions."),
    "an action without a service": (
        document(Action="AssumeRole"),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    ),
    "all actions but": (
        document(Action=None, NotAction="sts:AssumeRole"),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    ),
    "no effect": (document(Effect=None), "Syntax errors in policy."),
    "an unknown element": (document(Principle="*"), "Unknown field Principle"),
    "an unknown operator": (document(Condition={"StringIs": {"a:b": "c"}}), "Syntax errors in policy."),
    "a Sid twice": (
        json.dumps({"Statement": [{**STATEMENT, "Sid": "A"}, {**STATEMENT, "Sid": "A"}]}),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MALFORMED.values(), ids=MALFORMED.keys())
def test_trust_policies_that_are_refused(text: str, sentence: str) -> None:
    refused = Iam().refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=text)
    assert refused == ("MalformedPolicyDocument", sentence, 400)
    iam = create(EC2_TRUST)
    assert iam.refusal("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=text) == refused


WELL_FORMED = {
    "an old version": json.dumps({"Version": "2008-10-17", "Statement": STATEMENT}),
    "no version": json.dumps({"Statement": [STATEMENT]}),
    "an empty condition": document(Condition={}),
    "a web identity": trust(
        {"Federated": PROVIDER_ARN},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:default:test-sa"}},
    ),
    "a pattern of actions": document(Action="STS:Assume*"),
    "a deny": document(Effect="Deny"),
}


@pytest.mark.parametrize("text", WELL_FORMED.values(), ids=WELL_FORMED.keys())
def test_trust_policies_that_are_accepted_are_kept_as_written(text: str) -> None:
    iam = create(text)
    shown = iam.ask("GetRole", RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown == quote(text, safe="")


def test_white_space_does_not_count_towards_the_size_of_a_trust_policy() -> None:
    def sized(characters: int) -> str:
        text = document(Condition={"StringEquals": {"a:b": ""}})
        extra = characters - sum(not char.isspace() for char in text)
        return document(Condition={"StringEquals": {"a:b": "x" * extra}}) + " " * 100

    assert create(sized(2048)).facts.role(ACCOUNT, "app") is not None
    refused = Iam().refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=sized(2049))
    assert refused == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409)


def shown_principals(iam: Iam) -> object:
    text = unquote(iam.ask("GetRole", RoleName="app")["Role"]["AssumeRolePolicyDocument"])
    statement = json.loads(text)["Statement"]
    return (statement if isinstance(statement, dict) else statement[0])["Principal"]


def test_a_deleted_principal_is_shown_by_its_id_even_when_its_name_comes_back() -> None:
    iam = create(trust({"AWS": [MIRA_ARN, CI_ARN], "Service": "ec2.amazonaws.com"}))
    assert shown_principals(iam) == {"AWS": [MIRA_ARN, CI_ARN], "Service": "ec2.amazonaws.com"}
    iam.ask("DeleteUser", UserName="mira")
    iam.ask("CreateUser", UserName="mira", Path="/ops/")
    assert shown_principals(iam) == {"AWS": [MIRA.user_id, CI_ARN], "Service": "ec2.amazonaws.com"}


def test_a_renamed_principal_is_shown_by_its_new_arn() -> None:
    iam = create(document(Principal={"AWS": MIRA_ARN}))
    iam.ask("UpdateUser", UserName="mira", NewUserName="mika")
    assert shown_principals(iam) == {"AWS": "arn:aws:iam::111122223333:user/ops/mika"}


def test_a_principal_given_by_id_is_shown_by_its_arn() -> None:
    assert shown_principals(create(trust({"AWS": MIRA.user_id}))) == {"AWS": MIRA_ARN}


def test_everyone_is_shown_beside_a_gone_principal() -> None:
    two = json.dumps({"Statement": [{**STATEMENT, "Principal": {"AWS": MIRA_ARN}}, STATEMENT]})
    iam = create(two)
    iam.ask("DeleteUser", UserName="mira")
    text = unquote(iam.ask("GetRole", RoleName="app")["Role"]["AssumeRolePolicyDocument"])
    shown = [statement["Principal"] for statement in json.loads(text)["Statement"]]
    assert shown == [{"AWS": MIRA.user_id}, "*"]


def test_rewriting_the_trust_policy_looks_its_principals_up_anew() -> None:
    iam = create(trust({"AWS": MIRA_ARN}))
    iam.ask("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trust({"AWS": CI_ARN}))
    changed = iam.facts.role(ACCOUNT, "app")
    assert changed is not None
    assert changed.trusted_ids == ((CI_ARN, CI.role_id),)


def test_what_is_said_of_a_new_role() -> None:
    made = Iam().ask(
        "CreateRole",
        RoleName="app",
        Path="/svc/",
        AssumeRolePolicyDocument=EC2_TRUST,
        Description="for pods",
        MaxSessionDuration=7200,
        Tags=[{"Key": "k", "Value": "v"}],
    )["Role"]
    assert made == {
        "Path": "/svc/",
        "RoleName": "app",
        "RoleId": "AROA0000000000000001X",
        "Arn": "arn:aws:iam::111122223333:role/svc/app",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": quote(EC2_TRUST, safe=""),
        "Tags": [{"Key": "k", "Value": "v"}],
    }


def test_updating_a_role_leaves_what_is_not_given() -> None:
    iam = Iam(role(description="old", max_session_seconds=7200))
    iam.ask("UpdateRole", RoleName="app", Description="")
    iam.ask("UpdateRole", RoleName="app", MaxSessionDuration=43200)
    described = iam.ask("GetRole", RoleName="app")["Role"]
    assert described["MaxSessionDuration"] == 43200
    assert "Description" not in described
    iam.ask("UpdateRoleDescription", RoleName="app", Description="new")
    assert iam.ask("ListRoles")["Roles"][0]["Description"] == "new"


def test_names_of_roles_are_unique_whatever_path_and_case() -> None:
    refused = Iam(role(path="/a/")).refusal(
        "CreateRole", RoleName="APP", Path="/b/", AssumeRolePolicyDocument=EC2_TRUST
    )
    assert refused == ("EntityAlreadyExists", "Role with name APP already exists.", 409)


def test_the_quota_of_roles() -> None:
    iam = Iam(*(role(f"r{at}") for at in range(roles.MAX_ROLES - 1)))
    iam.ask("CreateRole", RoleName="last", AssumeRolePolicyDocument=EC2_TRUST)
    refused = iam.refusal("CreateRole", RoleName="more", AssumeRolePolicyDocument=EC2_TRUST)
    assert refused == ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", 409)


def test_a_role_with_policies_stays() -> None:
    inline = Iam(role(inline=(Document("p", "{}"),))).refusal("DeleteRole", RoleName="app")
    assert inline == ("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
    attached = Iam(role(attached=("arn:aws:iam::aws:policy/X",))).refusal("DeleteRole", RoleName="app")
    assert attached == ("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409)


def test_a_role_is_deleted_though_others_trust_it() -> None:
    iam = Iam(role(), OpenIdConnectProvider(ACCOUNT, ISSUER, NOW))
    iam.ask("DeleteRole", RoleName="app")
    refused = iam.refusal("GetRole", RoleName="app")
    assert refused == ("NoSuchEntity", "The role with name app cannot be found.", 404)


CHANGES: dict[str, dict[str, object]] = {
    "DeleteRole": {},
    "UpdateRole": {"Description": "x", "MaxSessionDuration": 7200},
    "PutRolePermissionsBoundary": {"PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    "DeleteRolePermissionsBoundary": {},
    "AddRoleToInstanceProfile": {"InstanceProfileName": "node"},
    "UpdateAssumeRolePolicy": {"PolicyDocument": EC2_TRUST},
    "TagRole": {"Tags": []},
    "AttachRolePolicy": {"PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
    "PutRolePolicy": {"PolicyName": "p", "PolicyDocument": "{}"},
}


@pytest.mark.parametrize("operation", CHANGES)
def test_a_service_linked_role_is_its_service_s(operation: str) -> None:
    linked = role("AWSServiceRoleForAmazonEKS", path="/aws-service-role/eks.amazonaws.com/")
    iam = Iam(linked, InstanceProfile(ACCOUNT, "node", "AIPANODENODENODENODE1", NOW))
    refused = iam.refusal(operation, RoleName="AWSServiceRoleForAmazonEKS", **CHANGES[operation])
    assert refused[0] == "UnmodifiableEntity"
    assert refused[1] == (
        "Cannot perform the operation on the protected role 'AWSServiceRoleForAmazonEKS' - "
        "this role is only modifiable by AWS"
    )


@pytest.mark.parametrize("operation", ["UpdateRole", "UpdateRoleDescription"])
def test_the_description_of_a_service_linked_role_may_be_edited(operation: str) -> None:
    iam = Iam(role("AWSServiceRoleForAmazonEKS", path="/aws-service-role/eks.amazonaws.com/"))
    iam.ask(operation, RoleName="AWSServiceRoleForAmazonEKS", Description="ours")
    assert iam.ask("GetRole", RoleName="AWSServiceRoleForAmazonEKS")["Role"]["Description"] == "ours"


def test_nobody_makes_a_service_linked_role() -> None:
    refused = Iam().refusal(
        "CreateRole",
        RoleName="r",
        Path="/aws-service-role/eks.amazonaws.com/",
        AssumeRolePolicyDocument=EC2_TRUST,
    )
    assert refused[0] == "InvalidInput"


def test_a_role_has_no_instance_profiles() -> None:
    answer = Iam(role()).ask("ListInstanceProfilesForRole", RoleName="app")
    assert answer == {"InstanceProfiles": [], "IsTruncated": False}
