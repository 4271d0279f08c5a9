"""The text of policies: where statements stand, which keys it reads, what IAM says of a malformed one."""

import json

import pytest

from sekisho.decide.iam import Position, context_keys, parse_policy, statement_spans
from sekisho.decide.iam.conditions.addresses import read_network
from sekisho.decide.iam.malformed import malformed_text
from sekisho.decide.values import Ref, SekishoInputError

DYNAMODB = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}'
)
PUT_OBJECT = """{
  "Version": "2012-10-17",
  "Statement":{
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::my-test-bucket"
  }
}"""
ADMINISTRATOR = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"""
TWO = '{"Statement":[{"Effect":"Deny","Resource":["a{b","}"]}, {"Effect":"Allow"}],"Id":"Statement"}'

SPANS = {
    # AWS CLI Reference, simulate-custom-policy: Line 1, Column 38 to Line 1, Column 167.
    "a single statement on one line": (DYNAMODB, [((1, 38), (1, 167))]),
    # IAM API Reference, SimulatePrincipalPolicy: Line 3, Column 16 to Line 7, Column 4.
    "a single statement on lines of its own": (PUT_OBJECT, [((3, 16), (7, 4))]),
    # What IAM answers for AdministratorAccess: Line 3, Column 17 to Line 8, Column 6.
    "the first of a list begins after the bracket": (ADMINISTRATOR, [((3, 17), (8, 6))]),
    "the next begins where the one before ends": (TWO, [((1, 15), (1, 55)), ((1, 55), (1, 75))]),
    "a statement of one element that holds objects": (
        '{"Statement":{"Condition":{"Bool":{"a":"true"}}},"Id":"x"}',
        [((1, 15), (1, 49))],
    ),
    "a member that only looks like the statements": (
        '{"Id":"Statement","Version":"2012-10-17","Statement":[{"Sid":"\\"}"}]}',
        [((1, 55), (1, 68))],
    ),
    "an escaped name is the same name": ('{"\\u0053tatement":[{}]}', [((1, 20), (1, 22))]),
    "no statement": ('{"Version":"2012-10-17"}', []),
}


@pytest.mark.parametrize(("text", "spans"), SPANS.values(), ids=SPANS.keys())
def test_spans(text: str, spans: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    assert [
        ((begins.line, begins.column), (ends.line, ends.column)) for begins, ends in statement_spans(text)
    ] == spans


def test_a_span_of_a_list_holds_the_statement() -> None:
    (begins, ends), (_, last) = statement_spans(TWO)
    assert json.loads(TWO[begins.column - 1 : ends.column - 1]) == json.loads(TWO)["Statement"][0]
    assert TWO[last.column - 2] == "}"
    assert begins == Position(1, 15)


def _policy(version: str = "2012-10-17", **members: object) -> dict[str, object]:
    return {"Version": version, "Statement": [{"Effect": "Allow", "Action": "s3:*", **members}]}


NAME = "arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}"
KEYS = {
    # AWS CLI Reference, get-context-keys-for-custom-policy.
    "resources before conditions": (
        _policy(Resource=NAME, Condition={"DateGreaterThan": {"aws:CurrentTime": "2015-08-16T12:00:00Z"}}),
        ("aws:username", "aws:CurrentTime"),
    ),
    "a key counts once, whatever its case": (
        _policy(Resource=[NAME, "${AWS:UserName}"], Condition={"Null": {"aws:UserName": "true"}}),
        ("aws:username",),
    ),
    "variables in values and with defaults": (
        _policy(
            NotResource="*",
            Condition={"StringLike": {"s3:prefix": ["${aws:PrincipalTag/team, 'none'}/${*}", "x"]}},
        ),
        ("s3:prefix", "aws:PrincipalTag/team"),
    ),
    "an old document has no variables": (_policy("2008-10-17", Resource=NAME), ()),
    "what is no variable": (_policy(Resource="${}${a,'b}"), ()),
    "a single statement": (
        {"Version": "2012-10-17", "Statement": {"Resource": "${aws:userid}"}},
        ("aws:userid",),
    ),
    "what is no policy": ([], ()),
    "what is no statement": ({"Version": "2012-10-17", "Statement": ["x"]}, ()),
    "what is no condition": (_policy(Condition={"Bool": "x"}, Resource=[1]), ()),
}


@pytest.mark.parametrize(("document", "keys"), KEYS.values(), ids=KEYS.keys())
def test_context_keys(document: object, keys: tuple[str, ...]) -> None:
    assert context_keys(document) == keys  # type: ignore[arg-type]  # JSON, as a test writes it


@pytest.mark.parametrize(
    ("text", "is_network"), [("10.0.0.0/8", True), ("::1", True), ("10.0.0.0/33", False)]
)
def test_networks(text: str, is_network: bool) -> None:
    assert (read_network(text) is not None) is is_network


def _of(statement: str) -> str:
    return f'{{"Version":"2012-10-17","Statement":[{statement}]}}'


MALFORMED = {
    "no statement": ("{}", "Syntax errors in policy."),
    "no actions": (_of('{"Effect":"Allow","Resource":"*"}'), "Policy statement must contain actions."),
    "no resources": (_of('{"Effect":"Allow","Action":"s3:*"}'), "Policy statement must contain resources."),
    "an action without a service": (
        _of('{"Effect":"Allow","Action":"Get","Resource":"*"}'),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    "a resource that is no ARN": (
        _of('{"Effect":"Allow","Action":"s3:*","Resource":"docs"}'),
        'Resource docs must be in ARN format or "*".',
    ),
    "a principal": (
        _of('{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}'),
        "Policy document should not specify a principal.",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_iam_says_of_a_malformed_policy(text: str, sentence: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_policy(text, Ref("p"))
    assert malformed_text(caught.value) == sentence
