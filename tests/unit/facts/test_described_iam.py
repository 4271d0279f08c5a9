"""`aws iam get-role`, `list-roles` and the outputs about identity providers: what they tell, and what not."""

import json
from typing import Any

import pytest

from sekisho.decide.iam.layers import UNREAD
from sekisho.decide.values import Arn, Principal, PrincipalType, Ref, SekishoInputError
from sekisho.facts import Kind, Snapshot
from sekisho.facts.described_iam import is_iam_output
from sekisho.facts.files import read_documents
from sekisho.facts.permissions import caller_policies

A, B = "111122223333", "444455556666"
HOST = "oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
DATE = "2026-01-31T09:00:00+00:00"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}],
}
BOUNDARY = {
    "PermissionsBoundaryType": "Policy",
    "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
}


def role(name: str, account: str = A, **more: Any) -> Any:
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:role/{name}",
        "CreateDate": DATE,
        "AssumeRolePolicyDocument": TRUST,
        "MaxSessionDuration": 7200,
        **more,
    }


def provider(*audiences: str, **more: Any) -> Any:
    return {
        "Url": HOST,
        "ClientIDList": list(audiences),
        "ThumbprintList": ["9e"],
        "CreateDate": DATE,
        **more,
    }


def listing(*accounts: str, host: str = HOST) -> Any:
    arns = [f"arn:aws:iam::{account}:oidc-provider/{host}" for account in accounts]
    return {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}


def read(*outputs: Any) -> Snapshot:
    named = [(f"{number}.json", json.dumps(one)) for number, one in enumerate(outputs)]
    return read_documents(named).snapshot


def gaps(facts: Snapshot, account: str = A) -> set[Kind]:
    kinds = (Kind.USER, Kind.GROUP, Kind.ROLE, Kind.POLICY, Kind.OIDC_PROVIDER)
    return {kind for kind in kinds if facts.gap(kind, account) is not None}


EVERYTHING = {Kind.USER, Kind.GROUP, Kind.ROLE, Kind.POLICY, Kind.OIDC_PROVIDER}


def test_a_role_has_its_trust_policy_and_its_other_policies_are_unread() -> None:
    facts = read({"Role": role("app", PermissionsBoundary=BOUNDARY, Tags=[{"Key": "a", "Value": "b"}])})
    found = facts.role(A, "app")
    assert found is not None
    assert (json.loads(found.trust), found.max_session_seconds, found.tags) == (TRUST, 7200, (("a", "b"),))
    assert gaps(facts) == EVERYTHING
    gap = facts.gap(Kind.ROLE, f"arn:aws:iam::{A}:role/app")
    assert gap is not None
    assert gap.reason == "get-role and list-roles tell no policies"


@pytest.mark.parametrize(("boundary", "is_unread"), [({}, True), ({"PermissionsBoundary": BOUNDARY}, False)])
def test_what_such_a_role_may_do_is_not_known(boundary: Any, is_unread: bool) -> None:
    """A list tells no boundary, so none that is told may be there all the same."""
    facts = read({"Roles": [role("app", **boundary)]})
    session = Arn.parse(f"arn:aws:sts::{A}:assumed-role/app/s")
    caller = Principal(
        PrincipalType.ROLE_SESSION, session, "AROAAPP:s", Arn.parse(f"arn:aws:iam::{A}:role/app")
    )
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    policies = caller_policies(facts, caller, lambda _: text)
    assert policies.identity is UNREAD
    assert (policies.boundary is UNREAD) is is_unread


def test_a_list_tells_all_roles_of_its_account_and_less_of_each() -> None:
    one = {"Role": role("app", Tags=[{"Key": "a", "Value": "b"}])}
    for outputs in (
        [one, {"Roles": [role("app"), role("more")]}],
        [{"Roles": [role("app"), role("more")]}, one],
    ):
        facts = read(*outputs)
        assert [(found.name, found.tags) for found in facts.roles(A)] == [
            ("app", (("a", "b"),)),
            ("more", ()),
        ]
        assert gaps(facts) == EVERYTHING - {Kind.ROLE}


@pytest.mark.parametrize("more", [{"IsTruncated": True}, {"NextToken": "x"}], ids=str)
def test_a_list_that_ends_before_its_last_page_tells_of_no_more_roles(more: Any) -> None:
    assert gaps(read({"Roles": [role("app")], **more})) == EVERYTHING


def test_what_tells_more_of_a_role_counts() -> None:
    inline = [{"PolicyName": "own", "PolicyDocument": TRUST}]
    details = {"RoleDetailList": [role("app", RolePolicyList=inline)]}
    for outputs in ([details, {"Role": role("app")}], [{"Role": role("app")}, details]):
        facts = read(*outputs)
        found = facts.role(A, "app")
        assert found is not None
        assert [document.name for document in found.inline] == ["own"]
        assert facts.gap(Kind.ROLE, str(found.arn)) is None
        assert gaps(facts) == {Kind.OIDC_PROVIDER}


PROVIDERS: dict[str, tuple[list[Any], str, bool]] = {
    "by the list of its account": ([provider("sts.amazonaws.com"), listing(A)], A, True),
    "by the list, whatever else is there": (
        [provider("sts.amazonaws.com"), listing(A), {"Role": role("x", B)}],
        A,
        True,
    ),
    "by the only account of the files": ([provider("sts.amazonaws.com"), {"Role": role("x", B)}], B, False),
    "with the scheme": ([provider("sts.amazonaws.com", Url=f"https://{HOST}"), listing(A)], A, True),
    "one of the list is not described": (
        [provider("sts.amazonaws.com"), listing(A), listing(A, host="issuer.example")],
        A,
        False,
    ),
    "beside the details of the account": (
        [provider("sts.amazonaws.com"), {"RoleDetailList": [role("x")]}, listing(A)],
        A,
        True,
    ),
    "beside the details of the account, without the list": (
        [provider("sts.amazonaws.com"), {"RoleDetailList": [role("x")]}],
        A,
        False,
    ),
}


@pytest.mark.parametrize(("outputs", "account", "is_whole"), PROVIDERS.values(), ids=PROVIDERS)
def test_a_provider_is_of_an_account(outputs: list[Any], account: str, is_whole: bool) -> None:
    facts = read(*outputs)
    (found,) = facts.oidc_providers(account)
    assert (found.url, found.client_ids, str(found.arn)) == (
        HOST,
        ("sts.amazonaws.com",),
        f"arn:aws:iam::{account}:oidc-provider/{HOST}",
    )
    assert (facts.gap(Kind.OIDC_PROVIDER, account) is None) is is_whole


def test_a_provider_of_another_partition() -> None:
    listed = {"OpenIDConnectProviderList": [{"Arn": f"arn:aws-cn:iam::{A}:oidc-provider/{HOST}"}]}
    (found,) = read(provider("a"), listed).oidc_providers(A)
    assert str(found.arn) == f"arn:aws-cn:iam::{A}:oidc-provider/{HOST}"


def test_a_world_file_says_all_there_is_of_its_accounts() -> None:
    world = {
        "apiVersion": "sekisho.dev/v1alpha1",
        "kind": "World",
        "region": "eu-central-1",
        "accounts": [{"id": A, "roles": [{"name": "app", "trust": TRUST}]}],
    }
    facts = read(world, provider("a"), {"Role": role("app")})
    assert (gaps(facts), len(facts.oidc_providers(A))) == (set(), 1)
    assert facts.gap(Kind.ROLE, f"arn:aws:iam::{A}:role/app") is None


NO_PROVIDERS = {
    "of the only account": ([{"OpenIDConnectProviderList": []}, {"Role": role("x")}], True),
    "of the account of the details": (
        [{"RoleDetailList": [role("x")]}, {"OpenIDConnectProviderList": []}],
        True,
    ),
    "of one of two accounts": (
        [{"OpenIDConnectProviderList": []}, {"Role": role("x")}, {"Role": role("y", B)}],
        False,
    ),
}


@pytest.mark.parametrize(("outputs", "is_whole"), NO_PROVIDERS.values(), ids=NO_PROVIDERS)
def test_an_empty_list_tells_that_there_is_no_provider(outputs: list[Any], is_whole: bool) -> None:
    assert (Kind.OIDC_PROVIDER not in gaps(read(*outputs))) is is_whole


UNCLEAR = {
    "no account": ([provider("a")], "no other file names an account"),
    "two lists": ([provider("a"), listing(A, B)], f"it may be in {A} or {B}"),
    "two accounts and no list": (
        [provider("a"), {"Role": role("x")}, {"Role": role("y", B)}],
        f"it may be in {A} or {B}",
    ),
}


@pytest.mark.parametrize(("outputs", "problem"), UNCLEAR.values(), ids=UNCLEAR)
def test_a_provider_whose_account_is_not_clear_is_refused(outputs: list[Any], problem: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read(*outputs)
    (fault,) = caught.value.faults
    assert (fault.code, fault.at) == ("facts.provider-account", Ref("0.json"))
    assert fault.problem == f"the provider `{HOST}` does not say in which account it is: {problem}"
    assert fault.hint == "add the output of `aws iam list-open-id-connect-providers` of its account"


def test_places_lead_to_the_files() -> None:
    loaded = read_documents(
        [
            ("role.json", json.dumps({"Role": role("app")}, indent=1)),
            ("provider.json", json.dumps(provider("a"), indent=1)),
        ]
    )
    trust = loaded.line_of(Ref(f"arn:aws:iam::{A}:role/app").child("trust", "Statement", 0))
    assert trust is not None
    assert trust[0] == "role.json"
    assert loaded.line_of(Ref(f"arn:aws:iam::{A}:oidc-provider/{HOST}")) == ("provider.json", 1)


@pytest.mark.parametrize(
    "output",
    [
        {"Role": role("app", Arn="x")},
        {"Role": role("app", AssumeRolePolicyDocument=1)},
        {"OpenIDConnectProviderList": [{"Arn": 1}]},
        provider("a", CreateDate="soon"),
        {"Url": HOST, "ClientIDList": [1]},
    ],
    ids=str,
)
def test_faults_are_told(output: Any) -> None:
    with pytest.raises(SekishoInputError):
        read(output)


@pytest.mark.parametrize(
    "value", [{}, [], {"Role": {}}, {"Roles": []}, {"Url": 1, "ClientIDList": []}], ids=str
)
def test_other_documents_are_not_taken_for_these(value: Any) -> None:
    assert not is_iam_output(value)
