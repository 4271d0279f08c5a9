"""What is handed to moto of a JSON body: what was decided about, and nothing else."""

import json

import pytest

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.moto.request import moto_request
from sekisho.wire.aws import codec
from sekisho.wire.aws.message import Request
from sekisho.wire.aws.models import load_service

KMS = load_service("kms")


def handed_over(operation: str, body: str) -> bytes:
    headers = {"x-amz-target": f"TrentService.{operation}", "content-type": "application/x-amz-json-1.1"}
    call = codec.decode(KMS, Request("POST", "/", "", headers, body.encode()))
    request = HttpRequest("POST", "/", "", tuple(headers.items()), body.encode())
    return moto_request(Route(KMS, "eu-west-1", "aws"), call, request, "111122223333").body


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("DescribeKey", {"KeyId": "a"}, {"KeyId": "a"}),
        ("DescribeKey", {"KeyId": "a", "keyId": "b", "Alias": "c"}, {"KeyId": "a"}),
        ("ListKeys", {"KeyId": "a"}, {}),
        ("GetKeyPolicy", {"KeyId": "a", "x": 1}, {"KeyId": "a", "PolicyName": "default"}),
        ("GetKeyPolicy", {"KeyId": "a", "PolicyName": "p"}, {"KeyId": "a", "PolicyName": "p"}),
    ],
)
def test_members_that_the_operation_does_not_have_stay_behind(
    operation: str, body: object, expected: object
) -> None:
    assert json.loads(handed_over(operation, json.dumps(body))) == expected


def test_a_body_that_was_understood_whole_is_handed_over_as_it_is() -> None:
    assert handed_over("DescribeKey", '{ "KeyId" : "a" }') == b'{ "KeyId" : "a" }'
