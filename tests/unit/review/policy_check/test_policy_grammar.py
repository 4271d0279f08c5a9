"""Faults of grammar as findings, the statements beside them, and how the kind is recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.iam import PolicyKind
from sekisho.decide.values import Json, Ref
from sekisho.review.policy_check import PolicyCode, Severity, check_policy, load_reference
from sekisho.review.policy_check.kind import recognise_kind
from unit.review.policy_check.policy_build import A, codes, findings, policy, statement, trust

BROKEN: dict[str, tuple[Json, str]] = {
    "effect in lower case": (policy(statement(Effect="allow")), "policy.grammar.effect"),
    "misspelt element": (policy(statement(Ressource="*")), "policy.grammar.unknown-element"),
    "no action": (policy(statement(Action=None)), "policy.grammar.element-missing"),
    "resource is no ARN": (policy(statement(Resource="bucket")), "policy.grammar.resource-form"),
    "no statement": ({"Version": "2012-10-17"}, "policy.grammar.no-statement"),
    "another version": (policy(statement(), version="2026-01-01"), "policy.grammar.version"),
    "unknown operator": (
        policy(statement(Condition={"StringIs": {"aws:username": "a"}})),
        "policy.grammar.condition-operator",
    ),
    "not an object": ([], "policy.grammar.not-an-object"),
}


@pytest.mark.parametrize(("document", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_faults_of_the_parser_are_errors(document: Json, code: str) -> None:
    assert (code, Severity.ERROR) in {(one.code, one.severity) for one in findings(document)}


def test_all_faults_are_told() -> None:
    document = policy(statement(Effect="allow"), statement(Sid="a b"), statement(Resource="bucket"))
    assert [finding.at.pointer for finding in findings(document)] == [
        "/Statement/0/Effect",
        "/Statement/1/Sid",
        "/Statement/2/Resource",
    ]


def test_statements_beside_a_fault_are_checked_at_their_own_places() -> None:
    document = policy(
        statement(Effect="allow"), statement(Action="s3:GetObjekt", Sid="a"), 7, statement(Action="s3:NoSuch")
    )
    found = {finding.at.pointer: finding.code for finding in findings(document)}
    assert found["/Statement/1/Action"] == found["/Statement/3/Action"] == PolicyCode.UNKNOWN_ACTION


def test_a_repeated_sid_hides_nothing() -> None:
    document = policy(statement(Sid="a"), statement(Sid="a", Action="s3:NoSuch"))
    assert codes(document) == {"policy.grammar.duplicate-sid", PolicyCode.UNKNOWN_ACTION}


def test_an_unknown_version_hides_nothing() -> None:
    document = policy(statement(Action="s3:NoSuch"), version="2026-01-01")
    assert codes(document) == {"policy.grammar.version", PolicyCode.UNKNOWN_ACTION}


KINDS: dict[str, tuple[Json, PolicyKind]] = {
    "no principal": (policy(statement()), PolicyKind.IDENTITY),
    "principal that may assume": (policy(trust()), PolicyKind.TRUST),
    "principal and tags": (policy(trust(Action=["sts:AssumeRole", "STS:TagSession"])), PolicyKind.TRUST),
    "principal that may read": (policy(statement(Principal={"AWS": A})), PolicyKind.RESOURCE),
    "principal forgotten, no resource": (policy(trust(Principal=None)), PolicyKind.TRUST),
    "may assume a role": (
        policy(statement(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{A}:role/r")),
        PolicyKind.IDENTITY,
    ),
    "a single statement": ({"Statement": trust()}, PolicyKind.TRUST),
    "nothing to see": ({}, PolicyKind.IDENTITY),
}


@pytest.mark.parametrize(("document", "kind"), KINDS.values(), ids=KINDS.keys())
def test_kind_is_recognised(document: Json, kind: PolicyKind) -> None:
    assert recognise_kind(document) is kind


def test_a_given_kind_wins() -> None:
    assert "policy.grammar.principal-not-allowed" in codes(policy(trust()), PolicyKind.IDENTITY)


TEXTS = st.sampled_from(
    ["Version", "Statement", "Action", "Effect", "Allow", "*", "s3:Get*", "", "${aws:x}", "a:b"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON, kind=st.sampled_from([None, *PolicyKind]))
def test_no_document_crashes_the_check(value: Json, kind: PolicyKind | None) -> None:
    found = check_policy(value, Ref("p"), load_reference(), kind)
    assert all(finding.code.startswith("policy.") for finding in found)
