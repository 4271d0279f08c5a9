"""Whatever is written as a policy is refused in AWS's terms, or stored and can be read."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Json
from sekisho.facts import User
from sekisho.facts.permissions import policies_of
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.operation import AwsError
from unit.lab.aws.iam.build import ACCOUNT, MIRA, NOW, OTHER, Iam

USER = User(ACCOUNT, "mira", MIRA.user_id, NOW)
NAMES = st.sampled_from(
    ["*", str(MIRA.arn), OTHER, f"arn:aws:iam::{OTHER}:root", "ec2.amazonaws.com", "arn:aws:iam::x", "", "a"]
)
JUNK: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 1), NAMES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["AWS", "Service", "Federated", "x"]), inner, max_size=2),
    ),
    max_leaves=4,
)
ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "Effect": st.one_of(st.just("Allow"), JUNK),
    "Principal": JUNK,
    "Action": st.one_of(st.just("sts:AssumeRole"), st.just("s3:*"), JUNK),
    "NotAction": JUNK,
    "Resource": st.one_of(st.just("*"), JUNK),
    "Condition": st.one_of(st.just({"Bool": {"a:b": "true"}}), JUNK),
    "Sid": JUNK,
}
STATEMENTS = st.fixed_dictionaries({}, optional=ELEMENTS)
POLICIES = st.one_of(
    JUNK,
    st.fixed_dictionaries(
        {"Statement": st.one_of(STATEMENTS, st.lists(st.one_of(STATEMENTS, JUNK), max_size=2), JUNK)},
        optional={"Version": st.sampled_from(["2012-10-17", "2008-10-17", 1]), "x": JUNK},
    ),
)


def refused(iam: Iam, operation: str, **parameters: Any) -> tuple[str, int] | None:
    """Return code and status of a refusal, None if there is none."""
    try:
        iam.ask(operation, **parameters)
    except AwsError as error:
        return error.code, error.status
    return None


MALFORMED = ("MalformedPolicyDocument", 400)


@given(value=POLICIES)
def test_a_trust_policy_is_refused_or_shown_as_written(value: Json) -> None:
    iam, text = Iam(USER), json.dumps(value)
    refusal = refused(iam, "CreateRole", RoleName="app", AssumeRolePolicyDocument=text)
    shown = None if refusal else iam.ask("GetRole", RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert (refusal, shown) in ((MALFORMED, None), (None, on_wire(text)))


@given(value=POLICIES)
def test_an_inline_policy_is_refused_or_evaluable(value: Json) -> None:
    iam, text = Iam(USER), json.dumps(value)
    refusal = refused(iam, "PutUserPolicy", UserName="mira", PolicyName="p", PolicyDocument=text)
    found = [policy.name for policy in policies_of(iam.facts, MIRA, lambda _arn: None)]
    assert (refusal, found) in ((MALFORMED, []), (None, ["p"]))


@given(text=st.text(max_size=30))
def test_text_too_short_for_a_policy_is_refused(text: str) -> None:
    refusal = refused(Iam(USER), "PutUserPolicy", UserName="mira", PolicyName="p", PolicyDocument=text)
    assert refusal == MALFORMED
