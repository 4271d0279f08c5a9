"""Policies, inline and managed: documents, sizes, versions and attachments."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from sekisho.facts import Group, ManagedPolicy, PolicyVersion, Role, User
from sekisho.lab.aws.iam import policies
from sekisho.lab.aws.iam.entity import IamFact
from sekisho.wire.aws_managed_policies import aws_policies
from unit.lab.aws.iam.build import ACCOUNT, ALLOW_ALL, EC2_TRUST, NOW, OTHER, S3_READ_ONLY, Iam

USER = User(ACCOUNT, "e", "AIDAEEEEEEEEEEEEEEEE1", NOW)
GROUP = Group(ACCOUNT, "e", "AGPAEEEEEEEEEEEEEEEE1", NOW)
ROLE = Role(ACCOUNT, "e", "AROAEEEEEEEEEEEEEEEE1", NOW, EC2_TRUST)
TITLES = ("User", "Group", "Role")
OWN_ARN = "arn:aws:iam::111122223333:policy/own"


def holder(title: str) -> tuple[Iam, Mapping[str, Any]]:
    return Iam(USER, GROUP, ROLE), {f"{title}Name": "e"}


def own(name: str = "own", **more: object) -> ManagedPolicy:
    versions = (PolicyVersion("v1", ALLOW_ALL, NOW),)
    fields: dict[str, Any] = {"versions": versions, **more}
    return ManagedPolicy(ACCOUNT, name, f"ANPA{name.upper():0<17}", NOW, NOW, **fields)


def sized(characters: int) -> str:
    """Return a document of as many characters, spaces apart."""
    resource = "arn:aws:s3:::"
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": resource}}
    )
    extra = characters - len(text.replace(" ", ""))
    return text.replace(resource, resource + "x" * extra)


MALFORMED = {
    "not JSON": ("{", "Syntax errors in policy."),
    "not an object": ("[]", "Syntax errors in policy."),
    "no version": (
        '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
        "Policy document must be version 2012-10-17 or greater.",
    ),
    "the old version": (
        '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
        "Policy document must be version 2012-10-17 or greater.",
    ),
}
STATEMENTS: dict[str, tuple[dict[str, object], str]] = {
    "no action": ({"Action": None}, "Policy statement must contain actions."),
    "no resource": ({"Resource": None}, "Policy statement must contain resources."),
    "a principal": ({"Principal": "*"}, "Policy document should not specify a principal."),
    "an action without a service": (
        {"Action": "GetObject"},
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    "a resource that is no ARN": (
        {"Resource": "my-bucket"},
        'Resource my-bucket must be in ARN format or "*".',
    ),
    "an unknown effect": ({"Effect": "allow"}, "Syntax errors in policy."),
    "an unknown operator": ({"Condition": {"Is": {"a:b": "c"}}}, "Syntax errors in policy."),
}


def malformed() -> dict[str, tuple[str, str]]:
    base: dict[str, object] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    found = dict(MALFORMED)
    for name, (changes, sentence) in STATEMENTS.items():
        statement = {key: value for key, value in {**base, **changes}.items() if value is not None}
        found[name] = json.dumps({"Version": "2012-10-17", "Statement": [statement]}), sentence
    twice = [{**base, "Sid": "A"}, {**base, "Sid": "A"}]
    found["a Sid twice"] = (
        json.dumps({"Version": "2012-10-17", "Statement": twice}),
        "Statement IDs (SID) in a single policy must be unique.",
    )
    return found


@pytest.mark.parametrize(("text", "sentence"), malformed().values(), ids=malformed().keys())
def test_documents_that_are_refused(text: str, sentence: str) -> None:
    expected = ("MalformedPolicyDocument", sentence, 400)
    iam = Iam(USER, own())
    asked = {"PolicyName": "p", "PolicyDocument": text}
    assert iam.refusal("PutUserPolicy", UserName="e", **asked) == expected
    assert iam.refusal("CreatePolicy", **asked) == expected
    assert iam.refusal("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=text) == expected


@pytest.mark.parametrize("title", TITLES)
def test_an_inline_policy_is_put_read_listed_and_deleted(title: str) -> None:
    iam, who = holder(title)
    iam.ask(f"Put{title}Policy", **who, PolicyName="b", PolicyDocument=sized(300))
    iam.ask(f"Put{title}Policy", **who, PolicyName="b", PolicyDocument=ALLOW_ALL)
    iam.ask(f"Put{title}Policy", **who, PolicyName="a", PolicyDocument=ALLOW_ALL)
    assert iam.ask(f"Get{title}Policy", **who, PolicyName="b") == {
        **who,
        "PolicyName": "b",
        "PolicyDocument": quote(ALLOW_ALL, safe=""),
    }
    assert iam.ask(f"List{title}Policies", **who) == {"PolicyNames": ["a", "b"], "IsTruncated": False}
    iam.ask(f"Delete{title}Policy", **who, PolicyName="b")
    refused = iam.refusal(f"Get{title}Policy", **who, PolicyName="b")
    assert refused == ("NoSuchEntity", f"The {title.lower()} policy with name b cannot be found.", 404)
    assert iam.refusal(f"Delete{title}Policy", **who, PolicyName="b") == refused


INLINE_LIMITS = {"User": 2048, "Group": 5120, "Role": 10240}


@pytest.mark.parametrize(("title", "limit"), INLINE_LIMITS.items())
def test_the_inline_policies_of_one_entity_share_a_quota(title: str, limit: int) -> None:
    iam, who = holder(title)
    iam.ask(f"Put{title}Policy", **who, PolicyName="a", PolicyDocument=sized(1000))
    refused = iam.refusal(f"Put{title}Policy", **who, PolicyName="b", PolicyDocument=sized(limit - 999))
    sentence = f"Maximum policy size of {limit} bytes exceeded for {title.lower()} e"
    assert refused == ("LimitExceeded", sentence, 409)
    iam.ask(f"Put{title}Policy", **who, PolicyName="b", PolicyDocument=sized(limit - 1000))
    iam.ask(f"Put{title}Policy", **who, PolicyName="b", PolicyDocument=sized(limit - 1000))


@pytest.mark.parametrize("title", TITLES)
def test_a_managed_policy_is_attached_listed_and_detached(title: str) -> None:
    iam, who = holder(title)
    iam.put(own(path="/team/"))
    own_arn = "arn:aws:iam::111122223333:policy/team/own"
    for arn in (own_arn, S3_READ_ONLY, own_arn):
        iam.ask(f"Attach{title}Policy", **who, PolicyArn=arn)
    listed = iam.ask(f"ListAttached{title}Policies", **who)["AttachedPolicies"]
    assert listed == [
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": S3_READ_ONLY},
        {"PolicyName": "own", "PolicyArn": own_arn},
    ]
    listed = iam.ask(f"ListAttached{title}Policies", **who, PathPrefix="/team/")["AttachedPolicies"]
    assert [one["PolicyName"] for one in listed] == ["own"]
    entities = iam.ask("ListEntitiesForPolicy", PolicyArn=S3_READ_ONLY)
    assert {kind: len(entities[f"Policy{kind}s"]) for kind in TITLES} == {
        kind: int(kind == title) for kind in TITLES
    }
    iam.ask(f"Detach{title}Policy", **who, PolicyArn=S3_READ_ONLY)
    refused = iam.refusal(f"Detach{title}Policy", **who, PolicyArn=S3_READ_ONLY)
    assert refused == ("NoSuchEntity", f"Policy {S3_READ_ONLY} was not found.", 404)


ABSENT = {
    "of AWS": "arn:aws:iam::aws:policy/AmazonEKSNoSuchPolicy",
    "of the account": OWN_ARN,
    "of another account": f"arn:aws:iam::{OTHER}:policy/theirs",
}


@pytest.mark.parametrize("arn", ABSENT.values(), ids=ABSENT.keys())
def test_a_policy_that_is_not_there_cannot_be_attached(arn: str) -> None:
    refused = Iam(ROLE).refusal("AttachRolePolicy", RoleName="e", PolicyArn=arn)
    assert refused == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
    assert Iam().refusal("GetPolicy", PolicyArn=arn) == ("NoSuchEntity", f"Policy {arn} was not found.", 404)


@pytest.mark.parametrize(
    "arn", ["AmazonS3ReadOnlyAccess--", "arn:aws:iam::aws:role/x", "arn:aws:s3:::policy/x"]
)
def test_what_is_no_arn_of_a_policy(arn: str) -> None:
    expected = ("InvalidInput", f"ARN {arn} is not valid.", 400)
    for operation in ("AttachRolePolicy", "DetachRolePolicy"):
        assert Iam(ROLE).refusal(operation, RoleName="e", PolicyArn=arn) == expected
    assert Iam().refusal("GetPolicy", PolicyArn=arn) == expected
    assert Iam().refusal("DeletePolicy", PolicyArn=arn) == expected


def test_the_eleventh_policy_is_not_attached() -> None:
    iam = Iam(ROLE, *(own(f"p{at}") for at in range(11)))
    for at in range(10):
        iam.ask("AttachRolePolicy", RoleName="e", PolicyArn=f"arn:aws:iam::111122223333:policy/p{at}")
    refused = iam.refusal("AttachRolePolicy", RoleName="e", PolicyArn="arn:aws:iam::111122223333:policy/p10")
    assert refused == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409)
    iam.ask("AttachRolePolicy", RoleName="e", PolicyArn="arn:aws:iam::111122223333:policy/p9")


def test_a_policy_of_a_service_role_is_not_attachable() -> None:
    arn = next(arn for arn in aws_policies() if ":policy/aws-service-role/" in arn)
    refused = Iam(ROLE).refusal("AttachRolePolicy", RoleName="e", PolicyArn=arn)
    sentence = "Cannot attach a Service Role Policy to a Customer Role."
    assert refused == ("PolicyNotAttachable", sentence, 400)


def test_a_document_the_lab_cannot_read_is_not_attached() -> None:
    broken = own(versions=(PolicyVersion("v1", "{}", NOW),))
    refused = Iam(ROLE, broken).refusal("AttachRolePolicy", RoleName="e", PolicyArn=OWN_ARN)
    assert refused[0] == "SekishoUnserved"


def test_entities_are_filtered_and_paged_together() -> None:
    facts: list[IamFact] = [
        User(ACCOUNT, "u", "AIDAUUUUUUUUUUUUUUUU1", NOW, path="/x/", attached=(OWN_ARN,)),
        Group(ACCOUNT, "g", "AGPAGGGGGGGGGGGGGGGG1", NOW, attached=(OWN_ARN,)),
        Role(ACCOUNT, "r", "AROARRRRRRRRRRRRRRRR1", NOW, EC2_TRUST, attached=(OWN_ARN,)),
    ]
    iam = Iam(own(), *facts)
    assert iam.ask("ListEntitiesForPolicy", PolicyArn=OWN_ARN) == {
        "PolicyGroups": [{"GroupName": "g", "GroupId": "AGPAGGGGGGGGGGGGGGGG1"}],
        "PolicyUsers": [{"UserName": "u", "UserId": "AIDAUUUUUUUUUUUUUUUU1"}],
        "PolicyRoles": [{"RoleName": "r", "RoleId": "AROARRRRRRRRRRRRRRRR1"}],
        "IsTruncated": False,
    }
    first = iam.ask("ListEntitiesForPolicy", PolicyArn=OWN_ARN, MaxItems=2)
    assert (first["PolicyRoles"], first["IsTruncated"]) == ([], True)
    narrowed: dict[str, tuple[dict[str, str], int]] = {
        "by kind": ({"EntityFilter": "Role"}, 1),
        "by path": ({"PathPrefix": "/x/"}, 1),
        "as permissions": ({"PolicyUsageFilter": "PermissionsPolicy"}, 3),
        "as boundary": ({"PolicyUsageFilter": "PermissionsBoundary"}, 0),
    }
    for name, (parameters, count) in narrowed.items():
        answer = iam.ask("ListEntitiesForPolicy", PolicyArn=OWN_ARN, **parameters)
        found = sum(len(answer[f"Policy{kind}s"]) for kind in TITLES)
        assert (name, found) == (name, count)


def test_a_policy_is_made_described_and_deleted() -> None:
    iam = Iam()
    made = iam.ask(
        "CreatePolicy", PolicyName="own", Path="/t/", PolicyDocument=ALLOW_ALL, Description="all of it"
    )["Policy"]
    arn = "arn:aws:iam::111122223333:policy/t/own"
    expected = {
        "PolicyName": "own",
        "PolicyId": "ANPA0000000000000001X",
        "Arn": arn,
        "Path": "/t/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": NOW,
        "UpdateDate": NOW,
    }
    assert made == expected
    described = iam.ask("GetPolicy", PolicyArn=arn)["Policy"]
    assert described == {**expected, "Description": "all of it", "Tags": []}
    iam.ask("DeletePolicy", PolicyArn=arn)
    assert iam.facts.policies(ACCOUNT) == ()


@pytest.mark.parametrize("name", ["own", "OWN"])
def test_names_of_policies_are_unique_whatever_path_and_case(name: str) -> None:
    refused = Iam(own()).refusal("CreatePolicy", PolicyName=name, Path="/x/", PolicyDocument=ALLOW_ALL)
    sentence = f"A policy called {name} already exists. Duplicate names are not allowed."
    assert refused == ("EntityAlreadyExists", sentence, 409)


def test_the_size_and_number_of_managed_policies() -> None:
    Iam().ask("CreatePolicy", PolicyName="p", PolicyDocument=sized(6144) + " " * 50)
    refused = Iam().refusal("CreatePolicy", PolicyName="p", PolicyDocument=sized(6145))
    assert refused == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409)
    iam = Iam(*(own(f"p{at}") for at in range(policies.MAX_POLICIES - 1)))
    iam.ask("CreatePolicy", PolicyName="last", PolicyDocument=ALLOW_ALL)
    refused = iam.refusal("CreatePolicy", PolicyName="more", PolicyDocument=ALLOW_ALL)
    assert refused == ("LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 1500", 409)


def test_what_keeps_a_policy() -> None:
    attached = Iam(own(), User(ACCOUNT, "u", USER.user_id, NOW, attached=(OWN_ARN,)))
    refused = attached.refusal("DeletePolicy", PolicyArn=OWN_ARN)
    assert refused == ("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    iam = Iam(own())
    iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=ALLOW_ALL)
    refused = iam.refusal("DeletePolicy", PolicyArn=OWN_ARN)
    assert refused[0] == "DeleteConflict"
    assert refused[1].startswith("This policy has more than one version.")


CHANGES: dict[str, dict[str, object]] = {
    "DeletePolicy": {},
    "CreatePolicyVersion": {"PolicyDocument": ALLOW_ALL},
    "SetDefaultPolicyVersion": {"VersionId": "v1"},
    "DeletePolicyVersion": {"VersionId": "v1"},
    "TagPolicy": {"Tags": []},
}


@pytest.mark.parametrize("operation", CHANGES)
@pytest.mark.parametrize("arn", [S3_READ_ONLY, f"arn:aws:iam::{OTHER}:policy/theirs"])
def test_a_policy_of_someone_else_is_not_changed(operation: str, arn: str) -> None:
    refused = Iam().refusal(operation, PolicyArn=arn, **CHANGES[operation])
    assert refused == ("AccessDenied", "Policy is outside your own account.", 403)
    assert Iam().refusal(operation, PolicyArn=OWN_ARN, **CHANGES[operation])[0] == "NoSuchEntity"


def test_versions_are_made_put_in_force_and_deleted() -> None:
    iam = Iam(own())
    narrow = sized(200)
    made = iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=narrow)["PolicyVersion"]
    assert made == {"VersionId": "v2", "IsDefaultVersion": False, "CreateDate": NOW}
    made = iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=narrow, SetAsDefault=True)
    assert made["PolicyVersion"]["IsDefaultVersion"] is True
    policy = iam.facts.policy(ACCOUNT, OWN_ARN)
    assert policy is not None
    assert policy.document == narrow
    listed = iam.ask("ListPolicyVersions", PolicyArn=OWN_ARN)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in listed] == [
        ("v3", True),
        ("v2", False),
        ("v1", False),
    ]
    refused = iam.refusal("DeletePolicyVersion", PolicyArn=OWN_ARN, VersionId="v3")
    assert refused == ("DeleteConflict", "Cannot delete the default version of a policy.", 409)
    iam.ask("SetDefaultPolicyVersion", PolicyArn=OWN_ARN, VersionId="v1")
    iam.ask("DeletePolicyVersion", PolicyArn=OWN_ARN, VersionId="v3")
    shown = iam.ask("GetPolicyVersion", PolicyArn=OWN_ARN, VersionId="v1")["PolicyVersion"]
    assert shown["Document"] == quote(ALLOW_ALL, safe="")
    refused = iam.refusal("GetPolicyVersion", PolicyArn=OWN_ARN, VersionId="v3")
    sentence = f"Policy {OWN_ARN} version v3 does not exist or is not attachable."
    assert refused == ("NoSuchEntity", sentence, 404)


def test_the_number_of_a_deleted_version_is_not_used_again() -> None:
    iam = Iam(own())
    iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=ALLOW_ALL)
    iam.ask("DeletePolicyVersion", PolicyArn=OWN_ARN, VersionId="v2")
    made = iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=ALLOW_ALL)["PolicyVersion"]
    assert made["VersionId"] == "v3"


def test_the_sixth_version_is_refused() -> None:
    iam = Iam(own())
    for _ in range(4):
        iam.ask("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=ALLOW_ALL)
    refused = iam.refusal("CreatePolicyVersion", PolicyArn=OWN_ARN, PolicyDocument=ALLOW_ALL)
    sentence = (
        "A managed policy can have up to 5 versions. Before you create a new version, "
        "you must delete an existing version."
    )
    assert refused == ("LimitExceeded", sentence, 409)


def test_a_policy_of_aws_is_described_with_its_document() -> None:
    iam = Iam(User(ACCOUNT, "u", USER.user_id, NOW, attached=(S3_READ_ONLY,)))
    described = iam.ask("GetPolicy", PolicyArn=S3_READ_ONLY)["Policy"]
    assert (described["Arn"], described["AttachmentCount"]) == (S3_READ_ONLY, 1)
    assert described["PolicyId"].startswith("ANPA")
    assert len(described["PolicyId"]) == 21
    version = described["DefaultVersionId"]
    shown = iam.ask("GetPolicyVersion", PolicyArn=S3_READ_ONLY, VersionId=version)["PolicyVersion"]
    assert "s3%3AGet%2A" in shown["Document"]
    assert len(iam.ask("ListPolicyVersions", PolicyArn=S3_READ_ONLY)["Versions"]) == 1


def test_policies_are_listed_by_scope_use_and_path() -> None:
    iam = Iam(own(), own("used", path="/t/"))
    iam.put(
        User(
            ACCOUNT,
            "u",
            USER.user_id,
            NOW,
            attached=(S3_READ_ONLY, "arn:aws:iam::111122223333:policy/t/used"),
        )
    )

    def names(**parameters: object) -> list[str]:
        listed = iam.ask("ListPolicies", **parameters)["Policies"]
        return [one["PolicyName"] for one in listed]

    assert names(Scope="Local") == ["own", "used"]
    assert names(OnlyAttached=True) == ["used", "AmazonS3ReadOnlyAccess"]
    assert names(Scope="AWS", OnlyAttached=True) == ["AmazonS3ReadOnlyAccess"]
    assert names(Scope="Local", PathPrefix="/t/") == ["used"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == []
    assert len(names(MaxItems=1000)) == 1000
    everything = iam.ask("ListPolicies", Scope="AWS", MaxItems=1000)
    assert everything["IsTruncated"] is True
