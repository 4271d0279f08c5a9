"""Requests as AWS's services read them: forms, bodies and paths, and what they refuse."""

import pytest

from sekisho.decide.values import Instant
from sekisho.wire import aws
from sekisho.wire.aws.message import MAX_BODY_BYTES
from sekisho.wire.errors import WireError

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
IAM = "Version=2010-05-08&Action="
STS = "Version=2011-06-15&Action="


def form(service: str, text: str, method: str = "POST") -> aws.Call:
    request = aws.Request("POST", "/", headers=FORM, body=text.encode())
    if method == "GET":
        request = aws.Request("GET", "/", query=text)
    return aws.decode(aws.load_service(service), request)


def target(service: str, name: str, body: bytes) -> aws.Call:
    return aws.decode(
        aws.load_service(service), aws.Request("POST", "/", headers={"x-amz-target": name}, body=body)
    )


READ = {
    "a parameter": ("iam", "GetUser&UserName=a%20b+c", {"UserName": "a b c"}),
    "no parameter": ("iam", "GetUser", {}),
    "an unknown parameter is ignored": ("iam", "GetUser&X-Amz-Date=1&Nobody.Knows.1=x", {}),
    "a list": (
        "iam",
        "TagRole&TagKeys.member.1=a&Tags.member.1.Key=k&Tags.member.1.Value=",
        {"Tags": [{"Key": "k", "Value": ""}]},
    ),
    "a list out of order": (
        "iam",
        "UntagRole&TagKeys.member.2=b&TagKeys.member.10=c&TagKeys.member.1=a",
        {"TagKeys": ["a", "b", "c"]},
    ),
    "an empty list": ("iam", "UntagRole&TagKeys=", {"TagKeys": []}),
    "an integer": ("iam", "ListUsers&MaxItems=100", {"MaxItems": 100}),
    "a boolean in any case": ("iam", "CreateVirtualMFADevice&SetAsDefault=x&Path=p", {"Path": "p"}),
    "a boolean": ("iam", "CreatePolicyVersion&SetAsDefault=True", {"SetAsDefault": True}),
}


@pytest.mark.parametrize(("service", "text", "parameters"), READ.values(), ids=READ.keys())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_reads_the_same_from_query_and_body(
    service: str, text: str, parameters: dict[str, aws.Value], method: str
) -> None:
    assert form(service, IAM + text, method).parameters == parameters


def violation(where: str, constraint: str) -> str:
    return f"1 validation error detected: {where} failed to satisfy constraint: {constraint}"


MALFORMED = "MalformedQueryString"
REFUSED = {
    "no action": ("UserName=x", "MissingAction", "the request is missing an action"),
    "unknown action": (f"{IAM}Nope", "InvalidAction", "Could not find operation Nope for version 2010-05-08"),
    "action in another case": (
        f"{IAM}getUser",
        "InvalidAction",
        "Could not find operation getUser for version 2010-05-08",
    ),
    "wrong version": (
        "Action=GetUser&Version=2011-06-15",
        "InvalidAction",
        "Could not find operation GetUser for version 2011-06-15",
    ),
    "no version": (
        "Action=GetUser",
        "InvalidAction",
        "Could not find operation GetUser for version NO_VERSION_SPECIFIED",
    ),
    "a name twice": (
        f"{IAM}GetUser&UserName=a&UserName=a",
        MALFORMED,
        "the parameter `UserName` occurs twice",
    ),
    "broken percent-encoding": (f"{IAM}GetUser&UserName=%2", MALFORMED, "broken percent-encoding"),
    "not UTF-8": (f"{IAM}GetUser&UserName=%ff", MALFORMED, "not UTF-8"),
    "value and structure": (
        f"{IAM}UntagRole&TagKeys=&TagKeys.member.1=a",
        MALFORMED,
        "`TagKeys.member.1` is both a value and a structure",
    ),
    "structure and value": (
        f"{IAM}UntagRole&A.b.c=1&A.b=1",
        MALFORMED,
        "`A.b` is both a value and a structure",
    ),
    "index zero": (
        f"{IAM}UntagRole&TagKeys.member.0=a",
        MALFORMED,
        "the indexes of `TagKeys` are not numbers from 1",
    ),
    "index with a leading zero": (
        f"{IAM}UntagRole&TagKeys.member.01=a",
        MALFORMED,
        "the indexes of `TagKeys` are not numbers from 1",
    ),
    "too deep": (f"{IAM}GetUser&{'a.' * 40}b=1", MALFORMED, "a parameter name is nested too deeply"),
    "too many": (f"{IAM}GetUser&{'a&' * 10_001}", MALFORMED, "more than 10000 parameters"),
    "not an integer": (
        f"{IAM}ListUsers&MaxItems=1.5",
        "ValidationError",
        violation("Value '1.5' at 'maxItems'", "Member must be a valid integer"),
    ),
    "an integer of 33 bits": (
        f"{IAM}ListUsers&MaxItems=2147483648",
        "ValidationError",
        violation("Value '2147483648' at 'maxItems'", "Member must be a valid integer"),
    ),
    "not a boolean": (
        f"{IAM}CreatePolicyVersion&SetAsDefault=1",
        "ValidationError",
        violation("Value '1' at 'setAsDefault'", "Member must be true or false"),
    ),
    "a list where text belongs": (
        f"{IAM}GetUser&UserName.member.1=x",
        "ValidationError",
        violation("Value at 'userName'", "Member must be a string"),
    ),
    "text where a list belongs": (
        f"{IAM}UntagRole&TagKeys.member=x",
        "ValidationError",
        violation("Value at 'tagKeys'", "Member must be a list of `member.N`"),
    ),
}


@pytest.mark.parametrize(("text", "code", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_a_form_that_is_refused(text: str, code: str, problem: str) -> None:
    with pytest.raises(WireError) as caught:
        form("iam", text)
    assert (caught.value.code, caught.value.status, caught.value.problem) == (code, 400, problem)


def test_a_32_bit_integer_is_read_at_its_bound() -> None:
    assert form("iam", f"{IAM}ListUsers&MaxItems=2147483647").parameters == {"MaxItems": 2147483647}


def test_one_name_in_query_and_body_is_refused() -> None:
    request = aws.Request("POST", "/", "Action=GetUser", FORM, b"Action=ListUsers&Version=2010-05-08")
    with pytest.raises(WireError, match="`Action` occurs twice"):
        aws.decode(aws.load_service("iam"), request)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"content-type": "application/json"}, b"{}", MALFORMED),
        (FORM, "Action=é".encode(), MALFORMED),
        (FORM, b"a" * (MAX_BODY_BYTES + 1), "RequestEntityTooLarge"),
    ],
    ids=["another content type", "not percent-encoded", "one byte too long"],
)
def test_a_body_that_is_no_form_is_refused(headers: dict[str, str], body: bytes, code: str) -> None:
    with pytest.raises(WireError) as caught:
        aws.decode(aws.load_service("iam"), aws.Request("POST", "/", headers=headers, body=body))
    assert caught.value.code == code


def test_other_methods_name_no_action() -> None:
    with pytest.raises(WireError) as caught:
        aws.decode(aws.load_service("sts"), aws.Request("PUT", "/", f"{STS}GetCallerIdentity"))
    assert (caught.value.code, caught.value.status) == ("InvalidAction", 405)


@pytest.mark.parametrize(
    ("service", "accept", "wanted"),
    [
        ("sts", "application/json", aws.Form.JSON),
        ("sts", "*/*", aws.Form.MODELED),
        ("sts", "", aws.Form.MODELED),
        ("eks", "application/json", aws.Form.MODELED),
    ],
)
def test_only_query_services_let_the_client_choose_json(service: str, accept: str, wanted: aws.Form) -> None:
    request = aws.Request("GET", "/", headers={"accept": accept})
    assert aws.wanted_form(aws.load_service(service), request) is wanted


SIGN_UP = "AWSCognitoIdentityProviderService.SignUp"
NOT_STRINGS = {
    "number": (b'{"Username":1}', "NUMBER_VALUE can not be converted to a String"),
    "fraction": (b'{"Username":1.5}', "DECIMAL_VALUE can not be converted to a String"),
    "true": (b'{"Username":true}', "TRUE_VALUE can not be converted to a String"),
    "false": (b'{"Username":false}', "FALSE_VALUE can not be converted to a String"),
    "object": (b'{"Username":{}}', "START_OBJECT can not be converted to a String"),
    "array": (b'{"Username":[]}', "START_ARRAY can not be converted to a String"),
    "string for a list": (b'{"UserAttributes":"x"}', "STRING_VALUE can not be converted to a List"),
    "string in a list of structures": (
        b'{"UserAttributes":["x"]}',
        "STRING_VALUE can not be converted to a Structure",
    ),
    "string for a map": (b'{"ClientMetadata":"x"}', "STRING_VALUE can not be converted to a Map"),
    "an array as body": (b"[]", "START_ARRAY can not be converted to a Structure"),
    "null as body": (b"null", "NULL_VALUE can not be converted to a Structure"),
    "half a surrogate pair": (b'{"Username":"\\ud800"}', "half a surrogate pair is not text"),
    "a member twice": (b'{"Username":"a","Username":"b"}', "the member `Username` occurs twice"),
}


@pytest.mark.parametrize(("body", "problem"), NOT_STRINGS.values(), ids=NOT_STRINGS.keys())
def test_json_that_is_not_of_the_models_types(body: bytes, problem: str) -> None:
    with pytest.raises(WireError) as caught:
        target("cognito-idp", SIGN_UP, body)
    assert (caught.value.code, caught.value.problem) == ("SerializationException", problem)


JSON_READ = {
    "null is absence": (b'{"Username":null}', {}),
    "null inside a list stays": (b'{"UserAttributes":[null]}', {"UserAttributes": [None]}),
    "unknown members are ignored": (b'{"Nobody":[1]}', {}),
    "a surrogate pair is text": (b'{"Username":"\\ud83d\\ude00"}', {"Username": "\U0001f600"}),
    "no body": (b"", {}),
}


@pytest.mark.parametrize(("body", "parameters"), JSON_READ.values(), ids=JSON_READ.keys())
def test_json_that_is_read(body: bytes, parameters: dict[str, aws.Value]) -> None:
    assert target("cognito-idp", SIGN_UP, body).parameters == parameters


@pytest.mark.parametrize("name", ["", "SignUp", "Other.SignUp", "AWSCognitoIdentityProviderService.Nope"])
def test_a_target_that_names_no_operation(name: str) -> None:
    with pytest.raises(WireError) as caught:
        target("cognito-idp", name, b"{}")
    assert (caught.value.code, caught.value.status) == ("UnknownOperationException", 400)


def test_blobs_and_timestamps_of_json() -> None:
    sign = target("kms", "TrentService.Sign", b'{"KeyId":"k","Message":"AAE="}')
    assert sign.parameters == {"KeyId": "k", "Message": b"\x00\x01"}
    prefix = aws.load_service("cloudtrail").target_prefix
    for text in ("1.5", '"1970-01-01T00:00:01.5Z"'):
        look = target("cloudtrail", f"{prefix}.LookupEvents", f'{{"StartTime":{text}}}'.encode())
        assert look.parameters == {"StartTime": Instant.from_epoch(1.5)}


def test_numbers_booleans_and_documents_of_json() -> None:
    prefix = "AWSCognitoIdentityProviderService"
    verify = target("cognito-idp", f"{prefix}.AdminSetUserPassword", b'{"Permanent":true}')
    assert verify.parameters == {"Permanent": True}
    branding = target("cognito-idp", f"{prefix}.CreateManagedLoginBranding", b'{"Settings":{"a":[1,null]}}')
    assert branding.parameters == {"Settings": {"a": [1, None]}}
    table = target("dynamodb", "DynamoDB_20120810.Query", b'{"Limit":2.0}')
    assert table.parameters == {"Limit": 2}


@pytest.mark.parametrize(
    "body",
    [b'{"Limit":2.5}', b'{"Limit":1e999}', b'{"Limit":true}', b'{"Limit":2147483648}', b'{"Limit":"2"}'],
)
def test_a_number_that_is_no_integer(body: bytes) -> None:
    with pytest.raises(WireError) as caught:
        target("dynamodb", "DynamoDB_20120810.Query", body)
    assert caught.value.code == "SerializationException"


def test_maps_of_a_form() -> None:
    text = (
        "Action=CreatePlatformEndpoint&Version=2010-03-31&Attributes.entry.1.key=a&Attributes.entry.1.value=b"
    )
    assert form("sns", text).parameters == {"Attributes": {"a": "b"}}


@pytest.mark.parametrize(
    "rest_of_form",
    [
        "Attributes.entry.1.value=b",
        "Attributes.entry.1=b",
        "Attributes.entry.1.key=a&Attributes.entry.2.key=a",
        "Attributes.item.1.key=a",
        "Attributes.entry.1.key=a&Attributes.item.1.key=b",
    ],
    ids=["no key", "no structure", "a key twice", "no entry", "entries and something else"],
)
def test_maps_of_a_form_that_are_refused(rest_of_form: str) -> None:
    with pytest.raises(WireError) as caught:
        form("sns", f"Action=CreatePlatformEndpoint&Version=2010-03-31&{rest_of_form}")
    assert caught.value.status == 400
