"""When one statement surely covers another: only then may it be called unreachable or redundant."""

import pytest

from sekisho.decide.values import Json
from sekisho.review.policy_check import PolicyCode
from unit.review.policy_check.policy_build import (
    BUCKET,
    OBJECTS,
    A,
    asking,
    codes,
    findings,
    policy,
    statement,
    trust,
)

ANA, BEN = (f"arn:aws:iam::{A}:user/{name}" for name in ("ana", "ben"))
HOME = f"{BUCKET}/${{aws:username}}/*"


def deny(**elements: Json) -> dict[str, Json]:
    return statement(Effect="Deny", **elements)


CASES: dict[str, tuple[dict[str, Json], dict[str, Json], bool]] = {
    "the same": (deny(), statement(), True),
    "wider resource": (deny(Resource="*"), statement(), True),
    "wider part of the resource": (deny(Resource="arn:aws:s3:::buck*"), statement(), True),
    "narrower resource": (deny(Resource=f"{BUCKET}/key"), statement(), False),
    "a star in an early section stays there": (
        deny(Resource="arn:aws:*:::bucket/key"),
        statement(Resource=f"{BUCKET}/key"),
        True,
    ),
    "a question mark is not taken for a star": (
        deny(Resource=f"{BUCKET}/?"),
        statement(Resource=f"{BUCKET}/*"),
        False,
    ),
    "the same variable": (deny(Resource=HOME), statement(Resource=HOME), True),
    "a variable under a wildcard is not judged": (deny(Resource=OBJECTS), statement(Resource=HOME), False),
    "narrower action": (deny(Action="s3:GetObject"), statement(Action="s3:Get*"), False),
    "more left out by the Allow": (
        deny(Action=None, NotAction="iam:*"),
        statement(Action=None, NotAction=["iam:*", "s3:*"]),
        True,
    ),
    "less left out by the Allow": (
        deny(Action=None, NotAction=["iam:*", "s3:*"]),
        statement(Action=None, NotAction="iam:*"),
        False,
    ),
    "every action covers what is left": (deny(Action="*"), statement(Action=None, NotAction="iam:*"), True),
    "more resources left out": (
        deny(Resource=None, NotResource=BUCKET),
        statement(Resource=None, NotResource=[BUCKET, OBJECTS]),
        True,
    ),
    "the same principal": (
        deny(Principal={"AWS": ANA}),
        statement(Principal={"AWS": ANA}),
        True,
    ),
    "another principal": (deny(Principal={"AWS": ANA}), statement(Principal={"AWS": BEN}), False),
    "everybody": (deny(Principal="*"), statement(Principal={"AWS": BEN}), True),
    "every service is not everybody": (
        deny(Principal={"Service": "*"}),
        statement(Principal={"AWS": BEN}),
        False,
    ),
    "the same left out": (
        deny(NotPrincipal={"AWS": ANA}),
        statement(NotPrincipal={"AWS": ANA}),
        True,
    ),
    "all but one against that one": (
        deny(NotPrincipal={"AWS": ANA}),
        statement(Principal={"AWS": ANA}),
        False,
    ),
}


@pytest.mark.parametrize(("denies", "allows", "covered"), CASES.values(), ids=CASES.keys())
def test_a_deny_covers_an_allow(denies: Json, allows: Json, covered: bool) -> None:
    for document in (policy(denies, allows), policy(allows, denies)):
        assert (PolicyCode.UNREACHABLE in codes(document)) is covered


def test_a_deny_of_the_same_trust_covers() -> None:
    assert PolicyCode.UNREACHABLE in codes(policy(trust(Effect="Deny", Condition=None), trust()))


def test_more_statements_than_any_quota_allows_are_not_compared() -> None:
    assert PolicyCode.REDUNDANT in codes(policy(*[statement()] * 200))
    assert PolicyCode.REDUNDANT not in codes(policy(*[statement()] * 201))


def test_of_two_equal_statements_the_later_is_redundant() -> None:
    document = policy(statement(Sid="first"), statement(Sid="second"))
    assert [one.at.pointer for one in findings(document)] == ["/Statement/1"]


def test_any_federated_principal_has_no_claims_to_ask_for() -> None:
    assert codes(policy(trust(Principal={"Federated": "*"}))) == set()


def test_claims_of_the_statements_that_deny_are_not_asked_for() -> None:
    assert PolicyCode.NO_SUBJECT not in codes(policy({**asking({"aud": "a"}), "Effect": "Deny"}))


def test_one_wide_subject_among_several_is_enough_to_let_everybody_in() -> None:
    document = asking({"aud": "a", "sub": ["system:serviceaccount:ns:a", "*"]}, "StringLike")
    assert PolicyCode.WIDE_SUBJECT in codes(policy(document))
