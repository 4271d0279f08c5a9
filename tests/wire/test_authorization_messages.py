"""The encoded messages of EC2's refusals, and who may read them, with real boto3.

Source: STS API Reference, "DecodeAuthorizationMessage"; Amazon EC2 User Guide, "UnauthorizedOperation".
"""

import json

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    last_refusal,
    new_user,
    policy,
    profile,
)

INSTANCES = [f"i-{number:017d}" for number in (1, 2)]
FIRST = f"arn:aws:ec2:{REGION}:{HOME}:instance/{INSTANCES[0]}"
ENCODED = "Encoded authorization failure message: "


@pytest.fixture(scope="module")
def home(sekisho_shared_lab: RunningLab) -> Caller:
    return profile(sekisho_shared_lab, "default")


@pytest.fixture(scope="module")
def denied(home: Caller) -> Caller:
    """Return a user whom one policy forbids what another allows."""
    return new_user(
        home,
        "ec2-denied",
        policy("ec2:*", Resource="*"),
        policy("ec2:TerminateInstances", Sid="NoEnd", Effect="Deny", Resource="*"),
    )


def test_ec2_tells_what_was_refused_and_encodes_why(home: Caller, denied: Caller) -> None:
    refused = denied.refused("ec2", "terminate_instances", InstanceIds=INSTANCES)
    assert (refused.code, refused.status) == ("UnauthorizedOperation", 403)
    told, encoded = refused.message.split(ENCODED)
    assert told == (
        f"You are not authorized to perform this operation. User: arn:aws:iam::{HOME}:user/ec2-denied is not "
        f"authorized to perform: ec2:TerminateInstances on resource: {FIRST} with an explicit deny in an "
        "identity-based policy. "
    )
    assert codes_of(last_refusal(home.lab)) == ["iam.denied"] * len(INSTANCES)
    found = json.loads(
        home.ask("sts", "decode_authorization_message", EncodedMessage=encoded)["DecodedMessage"]
    )
    assert (found["allowed"], found["explicitDeny"]) == (False, True)
    assert found["matchedStatements"]["items"] == [{"statementId": "NoEnd", "effect": "DENY"}]
    assert found["context"]["action"] == "ec2:TerminateInstances"
    assert found["context"]["resource"] == FIRST
    assert found["context"]["principal"]["arn"] == f"arn:aws:iam::{HOME}:user/ec2-denied"


def test_a_message_is_read_with_the_permission_and_in_its_account_alone(home: Caller, denied: Caller) -> None:
    encoded = denied.refused("ec2", "terminate_instances", InstanceIds=INSTANCES).message.split(ENCODED)[1]
    decode = "decode_authorization_message"
    assert denied.refused("sts", decode, EncodedMessage=encoded).code == "AccessDenied"
    away = profile(home.lab, "target-env")
    assert AWAY in away.arn
    invalid = Refused("InvalidAuthorizationMessageException", 400, "Message is not valid")
    assert away.refused("sts", decode, EncodedMessage=encoded) == invalid
    swapped = ("A" if encoded[0] != "A" else "B") + encoded[1:]
    assert home.refused("sts", decode, EncodedMessage=swapped) == invalid
    assert codes_of(last_refusal(home.lab)) == ["sts.message-invalid"]


def test_ec2_encodes_nothing_about_no_resource_in_particular(home: Caller) -> None:
    nobody = new_user(home, "ec2-nobody")
    refused = nobody.refused("ec2", "describe_instances")
    assert refused == Refused(
        "UnauthorizedOperation",
        403,
        f"You are not authorized to perform this operation. User: arn:aws:iam::{HOME}:user/ec2-nobody is not "
        "authorized to perform: ec2:DescribeInstances because no identity-based policy allows the "
        "ec2:DescribeInstances action",
    )
