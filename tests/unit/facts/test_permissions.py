"""Which policies apply to a request, as the facts have them."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import UNREAD, evaluate
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import AccountId, Arn, Instant, Principal, PrincipalType, ServicePrincipal
from sekisho.facts import Key, Kind, Put, Role, Snapshot, User
from sekisho.facts.permissions import policies_for

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
NOW = Instant.from_epoch(0)
MIRA = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)
TRUST = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"AWS": "arn:aws:iam::111122223333:user/mira", "Service": "ec2.amazonaws.com"}}}'
)
APP = Role(
    ACCOUNT,
    "app",
    "AROAAPPAPPAPPAPPAPPA1",
    NOW,
    TRUST,
    path="/ops/",
    trusted_ids=((str(MIRA.arn), MIRA.user_id),),
)
FACTS = Snapshot([Put(Key(Kind.USER, ACCOUNT, MIRA.name), MIRA), Put(Key(Kind.ROLE, ACCOUNT, APP.name), APP)])
CALLER = Principal(PrincipalType.USER, MIRA.arn, MIRA.user_id, MIRA.arn)
RECREATED = Principal(PrincipalType.USER, MIRA.arn, "AIDAMIRAMIRAMIRAMIRA2", MIRA.arn)


def no_managed(_arn: str) -> str | None:
    return None


ROLES = {
    "whom it trusts": (CALLER, Outcome.ALLOW),
    "who was made again under the same name": (RECREATED, Outcome.NO_OPINION),
    "a service": (ServicePrincipal("ec2.amazonaws.com"), Outcome.ALLOW),
    "another service": (ServicePrincipal("eks.amazonaws.com"), Outcome.NO_OPINION),
}


@pytest.mark.parametrize(("who", "outcome"), ROLES.values(), ids=ROLES.keys())
def test_the_policy_of_a_role_that_is_assumed_is_its_trust_policy(
    who: Principal | ServicePrincipal, outcome: Outcome
) -> None:
    asked = AwsRequest(who, "sts:AssumeRole", (str(APP.arn),))
    assert evaluate(asked, policies_for(FACTS, asked, no_managed)).outcome is outcome


RESOURCES = {
    "own bucket": ("s3:GetObject", "arn:aws:s3:::b/k", None, None),
    "bucket of another account": ("s3:GetObject", "arn:aws:s3:::b/k", OTHER, UNREAD),
    "cluster of another account": (
        "eks:DescribeCluster",
        str(Arn("aws", "eks", "r", OTHER, "cluster/c")),
        OTHER,
        None,
    ),
    "role that is not there": ("sts:AssumeRole", "arn:aws:iam::111122223333:role/none", None, UNREAD),
    "role with another path": ("sts:AssumeRole", "arn:aws:iam::111122223333:role/app", None, UNREAD),
    "role that is no ARN": ("sts:AssumeRole", "role/app", None, UNREAD),
    "key": ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", None, UNREAD),
}


@pytest.mark.parametrize(("action", "resource", "owner", "policy"), RESOURCES.values(), ids=RESOURCES.keys())
def test_other_resource_policies_are_absent_or_unread(
    action: str, resource: str, owner: AccountId | None, policy: object
) -> None:
    asked = AwsRequest(CALLER, action, (resource,), resource_account=owner)
    assert policies_for(FACTS, asked, no_managed).resource is policy
