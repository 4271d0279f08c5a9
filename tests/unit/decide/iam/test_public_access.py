"""What makes a bucket policy public, and whom RestrictPublicBuckets keeps out (S3 User Guide)."""

import json
from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import Policy, PolicyKind, parse_policy
from sekisho.decide.iam.public_access import PublicAccess, public_statements, restricted
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import AccountId, Anonymous, Arn, Principal, PrincipalType, Ref

HOME, AWAY = AccountId("111122223333"), AccountId("444455556666")
OBJECT = "arn:aws:s3:::b/k"


def bucket_policy(**members: Any) -> Policy:
    principal = {} if "NotPrincipal" in members else {"Principal": "*"}
    statement = {"Effect": "Allow", **principal, "Action": "s3:GetObject", "Resource": OBJECT, **members}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return parse_policy(text, Ref("b"), PolicyKind.RESOURCE)


def when(operator: str, key: str, value: object) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


POLICIES: dict[str, tuple[dict[str, Any], bool]] = {
    "everyone": ({}, True),
    "everyone, another spelling": ({"Principal": {"AWS": "*"}}, True),
    "an account": ({"Principal": {"AWS": AWAY}}, False),
    "everyone but one": ({"NotPrincipal": {"AWS": AWAY}}, True),
    "a deny of everyone": ({"Effect": "Deny"}, False),
    "a fixed range": (when("IpAddress", "aws:SourceIp", "203.0.113.0/24"), False),
    "the narrowest range that counts": (when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), False),
    "a range of half the world": (when("IpAddress", "aws:SourceIp", "0.0.0.0/1"), True),
    "every address": (when("IpAddress", "aws:SourceIp", "0.0.0.0/0"), True),
    "one wide range among narrow ones": (
        when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "10.0.0.0/7"]),
        True,
    ),
    "all but a range": (when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"), True),
    "an organization": (when("StringEquals", "aws:PrincipalOrgID", "o-1234567890"), False),
    "an organization if there is one": (
        when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1234567890"),
        True,
    ),
    "any organization": (when("StringLike", "aws:PrincipalOrgID", "o-*"), True),
    "an endpoint": (when("StringEquals", "aws:SourceVpce", "vpce-1"), False),
    "any of one sort of endpoint": (when("StringLike", "aws:SourceVpce", "vpce-?"), True),
    "a variable": (when("StringEquals", "aws:SourceVpc", "${aws:PrincipalTag/vpc}"), True),
    "a set that may be empty": (
        when("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-1/r-1/"),
        True,
    ),
    "a set that may not": (when("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", "o-1/r-1/"), False),
    "a key that has to be there": (when("Null", "aws:SourceVpce", "false"), True),
    "a key that fixes nobody": (when("StringEquals", "aws:UserAgent", "x"), True),
    "TLS": (when("Bool", "aws:SecureTransport", "true"), True),
}


@pytest.mark.parametrize("case", POLICIES)
def test_which_policies_are_public(case: str) -> None:
    members, is_public = POLICIES[case]
    assert bool(public_statements(bucket_policy(**members))) is is_public


def user(account: str) -> Principal:
    arn = Arn.parse(f"arn:aws:iam::{account}:user/ana")
    return Principal(PrincipalType.USER, arn, "AIDA0000000000000ANA", arn)


def test_a_public_policy_grants_nothing_beyond_its_account() -> None:
    public = bucket_policy()
    for caller in (Anonymous(), user(AWAY)):
        asked = AwsRequest(caller, "s3:GetObject", (OBJECT,), resource_account=HOME)
        refused = restricted(asked, public)
        assert refused is not None
        assert (refused.outcome, refused.decisive[0].code) == (Outcome.DENY, PublicAccess.RESTRICTED)
        assert refused.decisive[0].at == Ref("b", "/Statement/0")
    assert restricted(AwsRequest(user(HOME), "s3:GetObject", (OBJECT,)), public) is None


def test_a_policy_that_is_not_public_is_not_restricted() -> None:
    named = bucket_policy(Principal={"AWS": AWAY})
    asked = AwsRequest(user(AWAY), "s3:GetObject", (OBJECT,), resource_account=HOME)
    assert restricted(asked, named) is None
