"""Who signed, then one link for each permission: the first refusal ends the chain."""

import json

import pytest

from sekisho.decide import sts
from sekisho.decide.chain.request_to_aws import AWS_CHAIN, AwsLink, Code, decide, decided
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.iam.document import parse_policy
from sekisho.decide.iam.layers import AttachedPolicy, Layer, Policies
from sekisho.decide.proof.credential import Form, Signed
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import AccountId, Instant, Ref

ACCOUNT = AccountId("111122223333")
MIRA = sts.user(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1")
SIGNED = Signed("AKIAMIRA", MIRA, Form.HEADER, Instant.from_epoch(0), ("host",), "0" * 64)


class Why(ReasonCode):
    UNMAPPED = "test-chain.unmapped", "the call is not known"


PROVEN = Decision(Outcome.ALLOW, value=SIGNED)
REFUSED: Decision[Signed] = Decision(Outcome.DENY)
UNMAPPED: Decision[None] = Decision(Outcome.UNKNOWN, (Step(Why.UNMAPPED, Ref("request")),))
GET = AwsRequest(MIRA, "s3:GetObject", ("arn:aws:s3:::b/k",))
PASS = AwsRequest(MIRA, "iam:PassRole", ("arn:aws:iam::111122223333:role/app",))
DELETE = AwsRequest(MIRA, "s3:DeleteObject", ("arn:aws:s3:::b/k",))
POLICY = AttachedPolicy(
    "mine",
    Layer.IDENTITY,
    parse_policy(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": ["s3:Get*", "iam:PassRole"], "Resource": "*"},
                    {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
                ],
            }
        ),
        Ref("policy/mine"),
    ),
)


def policies_for(_request: AwsRequest) -> Policies:
    return Policies(identity=(POLICY,))


CASES = {
    "the signature is refused": (REFUSED, (GET,), [(AwsLink.SIGNATURE, Outcome.DENY)]),
    "the signature is refused, nothing asked": (REFUSED, (), [(AwsLink.SIGNATURE, Outcome.DENY)]),
    "one permission, given": (
        PROVEN,
        (GET,),
        [(AwsLink.SIGNATURE, Outcome.ALLOW), (AwsLink.PERMISSION, Outcome.ALLOW)],
    ),
    "two permissions, both given": (
        PROVEN,
        (GET, PASS),
        [
            (AwsLink.SIGNATURE, Outcome.ALLOW),
            (AwsLink.PERMISSION, Outcome.ALLOW),
            (AwsLink.PERMISSION, Outcome.ALLOW),
        ],
    ),
    "the first refusal is the last link": (
        PROVEN,
        (GET, DELETE, PASS),
        [
            (AwsLink.SIGNATURE, Outcome.ALLOW),
            (AwsLink.PERMISSION, Outcome.ALLOW),
            (AwsLink.PERMISSION, Outcome.DENY),
        ],
    ),
    "the call is not known": (
        PROVEN,
        UNMAPPED,
        [(AwsLink.SIGNATURE, Outcome.ALLOW), (AwsLink.PERMISSION, Outcome.UNKNOWN)],
    ),
    "no permission is named": (
        PROVEN,
        (),
        [(AwsLink.SIGNATURE, Outcome.ALLOW), (AwsLink.PERMISSION, Outcome.UNKNOWN)],
    ),
    "the caller is taken as given": (None, (GET,), [(AwsLink.PERMISSION, Outcome.ALLOW)]),
}


@pytest.mark.parametrize(("signature", "requests", "links"), CASES.values(), ids=CASES.keys())
def test_chains(
    signature: Decision[Signed] | None,
    requests: tuple[AwsRequest, ...] | Decision[None],
    links: list[tuple[AwsLink, Outcome]],
) -> None:
    chain = decide(signature, requests, policies_for)
    assert chain.name == AWS_CHAIN
    assert [(link.name, link.decision.outcome) for link in chain.links] == links
    assert chain.outcome is links[-1][1]


def test_a_call_for_which_no_permission_is_named_is_not_allowed() -> None:
    failed = decide(PROVEN, (), policies_for).failed
    assert failed is not None
    assert [step.code for step in failed.decision.decisive] == [Code.NO_PERMISSION_NAMED]


def test_a_service_that_decides_by_itself_has_one_link_after_the_signature() -> None:
    why: Decision[object] = Decision(Outcome.DENY, (Step(Why.UNMAPPED, Ref("request")),))
    chain = decided(PROVEN, why)
    assert (chain.name, chain.outcome) == (AWS_CHAIN, Outcome.DENY)
    assert [(link.name, link.decision) for link in chain.links] == [
        (AwsLink.SIGNATURE, PROVEN),
        (AwsLink.PERMISSION, why),
    ]
    assert chain.failed is chain.links[-1]
