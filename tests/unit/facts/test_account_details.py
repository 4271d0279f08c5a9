"""`aws iam get-account-authorization-details`: documents as objects or URL-encoded, all kinds, faults."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import Kind, Snapshot
from sekisho.facts.account_details import is_account_details, read_account_details
from sekisho.facts.files import read_documents

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ACCOUNT = "arn:aws:iam::111122223333:"
DATE = "2026-01-31T09:00:00+00:00"
INLINE = [{"PolicyName": "own", "PolicyDocument": POLICY}]
ATTACHED = [{"PolicyName": "reader", "PolicyArn": f"{ACCOUNT}policy/reader"}]


def details() -> dict[str, Any]:
    head = {"Path": "/", "CreateDate": DATE}
    return {
        "UserDetailList": [
            {
                **head,
                "Path": "/team/",
                "UserName": "eks-ope",
                "UserId": "AIDAEXAMPLE",
                "Arn": f"{ACCOUNT}user/team/eks-ope",
                "GroupList": ["staff"],
                "UserPolicyList": INLINE,
                "AttachedManagedPolicies": ATTACHED,
                "Tags": [{"Key": "team", "Value": "blue"}],
            }
        ],
        "GroupDetailList": [
            {
                **head,
                "GroupName": "staff",
                "GroupId": "AGPAEXAMPLE",
                "Arn": f"{ACCOUNT}group/staff",
                "GroupPolicyList": INLINE,
            }
        ],
        "RoleDetailList": [
            {
                "RoleName": "app",
                "RoleId": "AROAEXAMPLE",
                "Arn": f"{ACCOUNT}role/app",
                "AssumeRolePolicyDocument": quote(json.dumps(POLICY)),
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": json.dumps(POLICY)}],
                "MaxSessionDuration": 7200,
                "InstanceProfileList": [],
            }
        ],
        "Policies": [
            {
                **head,
                "PolicyName": "reader",
                "PolicyId": "ANPAEXAMPLE",
                "Arn": f"{ACCOUNT}policy/reader",
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": "v2", "Document": POLICY, "IsDefaultVersion": True, "CreateDate": DATE},
                    {"VersionId": "v1", "Document": {}, "CreateDate": DATE},
                ],
            },
            {"PolicyName": "ReadOnlyAccess", "Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ],
    }


def facts() -> Snapshot:
    return Snapshot(read_account_details(details(), Ref("iam.json")).events)


def test_users_have_ids_groups_tags_and_policies() -> None:
    user = facts().user("111122223333", "eks-ope")
    assert user is not None
    assert (user.user_id, user.path, user.groups) == ("AIDAEXAMPLE", "/team/", ("staff",))
    assert (user.tags, user.attached) == ((("team", "blue"),), (f"{ACCOUNT}policy/reader",))
    assert json.loads(user.inline[0].text) == POLICY
    assert user.created.rfc3339() == "2026-01-31T09:00:00Z"


def test_groups_hold_their_policies() -> None:
    group = facts().group("111122223333", "staff")
    assert group is not None
    assert (group.group_id, group.inline[0].name) == ("AGPAEXAMPLE", "own")


def test_documents_may_be_url_encoded_text_or_plain_text() -> None:
    role = facts().role("111122223333", "app")
    assert role is not None
    assert (role.path, role.max_session_seconds) == ("/", 7200)
    assert json.loads(role.trust) == json.loads(role.inline[0].text) == POLICY


def test_policies_of_aws_are_left_out() -> None:
    (policy,) = facts().policies("111122223333")
    assert (policy.name, json.loads(policy.document)) == ("reader", POLICY)
    assert policy.updated == policy.created


def test_every_arn_leads_to_its_entry() -> None:
    places = read_account_details(details(), Ref("iam.json")).places
    role = Ref(f"{ACCOUNT}role/app")
    assert places[role] == Ref("iam.json", "/RoleDetailList/0")
    assert places[role.child("trust")] == Ref("iam.json", "/RoleDetailList/0/AssumeRolePolicyDocument")
    assert places[role.child("inline", "own")] == Ref(
        "iam.json", "/RoleDetailList/0/RolePolicyList/0/PolicyDocument"
    )
    policy = places[Ref(f"{ACCOUNT}policy/reader")]
    assert policy == Ref("iam.json", "/Policies/0/PolicyVersionList/0/Document")


def test_a_statement_leads_to_its_line_in_the_output() -> None:
    text = json.dumps(details(), indent=1)
    loaded = read_documents([("iam.json", text)])
    group = Ref(f"{ACCOUNT}group/staff", "/inline/own/Statement/0/Action")
    start = text.index("GroupDetailList")
    line = text.count("\n", 0, text.index('"Action"', start)) + 1
    assert loaded.line_of(group) == ("iam.json", line)


def test_a_role_may_have_sessions_of_an_hour_unless_it_says_more() -> None:
    output = details()
    del output["RoleDetailList"][0]["MaxSessionDuration"]
    role = Snapshot(read_account_details(output, Ref("iam.json")).events).role("111122223333", "app")
    assert role is not None
    assert role.max_session_seconds == 3600


def test_the_account_is_known_by_its_id() -> None:
    account = facts().account("111122223333")
    assert account is not None
    assert account.name == "111122223333"


@pytest.mark.parametrize("more", [{"IsTruncated": True}, {"NextToken": "x"}, {"Marker": "x"}])
def test_an_output_that_ends_early_leaves_gaps(more: dict[str, object]) -> None:
    loaded = read_documents([("iam.json", json.dumps({**details(), **more}))])
    assert [notice.code for notice in loaded.notices] == ["facts.more-pages"]
    assert loaded.snapshot.gap(Kind.USER, "111122223333") is not None


def test_a_whole_output_leaves_only_the_identity_providers_which_it_never_lists() -> None:
    loaded = read_documents([("iam.json", json.dumps({**details(), "IsTruncated": False}))])
    gaps = [(gap.kind, gap.scope) for gap in loaded.snapshot.gaps]
    assert (loaded.notices, gaps) == ((), [(Kind.OIDC_PROVIDER, "111122223333")])


FAULTS: dict[str, tuple[str, str, object, str]] = {
    "no ARN": ("UserDetailList", "Arn", None, "/Arn"),
    "no name": ("UserDetailList", "UserName", None, "/UserName"),
    "id no text": ("UserDetailList", "UserId", 1, "/UserId"),
    "tags no list": ("UserDetailList", "Tags", "x", "/Tags"),
    "date": ("RoleDetailList", "CreateDate", [], "/CreateDate"),
    "date beyond the calendar": ("RoleDetailList", "CreateDate", 1e18, "/CreateDate"),
    "session no number": ("RoleDetailList", "MaxSessionDuration", True, "/MaxSessionDuration"),
    "trust missing": ("RoleDetailList", "AssumeRolePolicyDocument", None, "/AssumeRolePolicyDocument"),
    "default version not listed": ("Policies", "DefaultVersionId", "v9", "/PolicyVersionList"),
}


@pytest.mark.parametrize(("listed", "member", "value", "pointer"), FAULTS.values(), ids=FAULTS.keys())
def test_an_entry_of_a_wrong_shape_is_refused_at_its_place(
    listed: str, member: str, value: object, pointer: str
) -> None:
    output = details()
    output[listed][0][member] = value
    with pytest.raises(SekishoInputError) as caught:
        read_account_details(output, Ref("iam.json"))
    assert [fault.at for fault in caught.value.faults] == [Ref("iam.json", f"/{listed}/0{pointer}")]


def test_only_an_output_with_one_of_the_lists_is_taken_for_one() -> None:
    assert is_account_details({"Policies": []})
    assert not is_account_details({"Policies": "x"})
    assert not is_account_details([])


def test_a_boundary_is_read_by_its_arn() -> None:
    output, fence = details(), f"{ACCOUNT}policy/reader"
    shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": fence}
    for name in ("UserDetailList", "RoleDetailList"):
        output[name][0]["PermissionsBoundary"] = shown
    found = Snapshot(read_account_details(output, Ref("iam.json")).events)
    user, role = found.user("111122223333", "eks-ope"), found.role("111122223333", "app")
    assert user is not None
    assert role is not None
    assert (user.boundary, role.boundary) == (fence, fence)


@pytest.mark.parametrize("arn", [None, 1, "fence"])
def test_a_boundary_that_is_no_arn_is_refused_at_its_place(arn: object) -> None:
    output = details()
    output["UserDetailList"][0]["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}
    with pytest.raises(SekishoInputError) as refused:
        read_account_details(output, Ref("iam.json"))
    (fault,) = refused.value.faults
    assert fault.at.pointer == "/UserDetailList/0/PermissionsBoundary/PermissionsBoundaryArn"
