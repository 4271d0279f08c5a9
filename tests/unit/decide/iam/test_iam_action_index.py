"""Statements found by the name of an action: none that may be about it is left out."""

import pytest

from sekisho.decide.iam import read_policy
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.values import Json, Ref

STATEMENTS: list[dict[str, Json]] = [
    {"Sid": "Exact", "Action": "s3:GetObject"},
    {"Sid": "Spelled", "Action": "S3:GETOBJECT"},
    {"Sid": "Two", "Action": ["s3:GetObject", "eks:DescribeCluster"]},
    {"Sid": "Mixed", "Action": ["s3:Get*", "s3:GetObject", "eks:*"]},
    {"Sid": "Question", "Action": "s3:GetObjec?"},
    {"Sid": "AllOfService", "Action": "s3:*"},
    {"Sid": "Everything", "Action": "*"},
    {"Sid": "Every", "Action": "*:*"},
    {"Sid": "Not", "NotAction": "eks:*"},
]
POLICY = read_policy(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*", **one} for one in STATEMENTS],
    },
    Ref("p"),
)
FOR_ANY = {"Everything", "Every", "Not"}
FOUND = {
    "s3:getobject": FOR_ANY | {"Exact", "Spelled", "Two", "Mixed", "Question", "AllOfService"},
    "s3:putobject": FOR_ANY | {"Mixed", "Question", "AllOfService"},
    "eks:describecluster": FOR_ANY | {"Two", "Mixed"},
    "eks:listclusters": FOR_ANY | {"Mixed"},
    "ec2:runinstances": FOR_ANY,
}


@pytest.mark.parametrize(("action", "sids"), FOUND.items(), ids=FOUND.keys())
def test_statements_are_found_by_what_their_action_begins_with(action: str, sids: set[str]) -> None:
    found = list(POLICY.about(action))
    assert {one.sid for one in found} == sids
    assert {one.sid for one in POLICY.statements if covers_action(one, action)} <= sids


def test_a_policy_that_is_about_other_services_is_not_looked_through() -> None:
    made: list[Json] = [
        {"Effect": "Allow", "Action": f"service{number}:Get*", "Resource": "*"} for number in range(100)
    ]
    policy = read_policy({"Version": "2012-10-17", "Statement": made}, Ref("p"))
    assert list(policy.about("s3:getobject")) == []
    assert [one.sid for one in policy.about("service7:getit")] == [""]
