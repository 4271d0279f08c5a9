"""The codec against botocore's own serializer and parser, for every operation of the services served.

The samples are made from botocore's shapes, not from ours, so that a member lost while the
model was read shows as a difference.
"""

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Instant
from sekisho.wire import aws
from sekisho.wire.errors import WireError

REQUEST_ID = "4f7bbd0a-0000-4000-8000-0123456789ab"
MAX_DEPTH = 5
TEXT = "a<b> & \"c\" 'd' é € 1"
SERVICES = ("sts", "iam", "eks", "eks-auth", "cloudformation", "organizations", "cognito-idp", "s3", "ec2")
# Forms that the services served have none of: another XML error, maps in forms, JSON 1.0, a status member.
FURTHER = ("route53", "sns", "dynamodb", "lambda")
# Not told apart by a path alone: another host name, or a successor at the same path.
BY_HOST = {"ListDirectoryBuckets", "WriteGetObjectResponse"}
# botocore reads the answer in a handler of its own, after the parser.
ANSWERED_OTHERWISE = {"GetBucketLocation"}
EC2_STRIDE = 8  # every eighth of 830 operations


def models(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


MODELS = {name: models(name) for name in SERVICES + FURTHER}


def operations() -> Iterator[tuple[str, str]]:
    for service, model in MODELS.items():
        names = sorted(set(model.operation_names) - BY_HOST)
        for operation in names[::EC2_STRIDE] if service == "ec2" else names:
            if not (service == "s3" and model.operation_model(operation).deprecated):
                yield service, operation


def answered() -> Iterator[tuple[str, str]]:
    for service, name in operations():
        model = MODELS[service].operation_model(name)
        streams = model.has_streaming_output or model.has_event_stream_output
        if not streams and name not in ANSWERED_OTHERWISE:
            yield service, name


# A value of every kind, the same each time, different from place to place.
def sample(shape: Any, path: str, depth: int = 0) -> Any:
    seed = zlib.crc32(path.encode())
    location = shape.serialization.get("location")
    match shape.type_name:
        case "structure":
            return sample_structure(shape, path, depth)
        case "list":
            values = (sample(shape.member, f"{path}.{at}", depth + 1) for at in range(1, 3))
            return [value for value in values if value not in ({}, [])]
        case "map":
            value = sample(shape.value, f"{path}.value", depth + 1)
            return {} if value in ({}, []) else {f"k{at}": value for at in range(1, 3)}
        case "string" | "character":
            if shape.enum:
                return shape.enum[seed % len(shape.enum)]
            return (
                f"v/{seed}:x+y,z"
                if location in ("uri", "querystring", "header", "headers")
                else f"{TEXT}{seed}"
            )
        case "integer" | "long":
            return 200 if location == "statusCode" else seed % 1000
        case "boolean":
            return bool(seed % 2)
        case "float" | "double":
            return seed % 1000 / 8
        case "timestamp":
            return datetime(2026, 1, 31, 9, 0, 0, tzinfo=UTC) + timedelta(seconds=seed % 100_000)
        case "blob":
            return seed.to_bytes(4, "big") + b"\x00\xff"
    raise AssertionError(shape.type_name)


def sample_structure(shape: Any, path: str, depth: int) -> Any:
    if shape.is_document_type:
        return {"any": [1, "two", {"three": True}]}
    if depth > MAX_DEPTH:
        return {}
    members = list(shape.members.items())
    if shape.is_tagged_union:
        members = members[:1]
    found = {name: sample(member, f"{path}.{name}", depth + 1) for name, member in members}
    return {name: value for name, value in found.items() if value not in ({}, [])}


def ours(value: Any) -> Any:
    match value:
        case datetime():
            return Instant(value)
        case Mapping():
            return {key: ours(child) for key, child in value.items()}
        case list():
            return [ours(child) for child in value]
        case _:
            return value


def http_request(serialized: dict[str, Any]) -> aws.Request:
    path, _, query = serialized["url_path"].partition("?")
    more = serialized["query_string"]
    if more:
        query = "&".join(filter(None, [query, urlencode(more, doseq=True, quote_via=quote)]))
    body = serialized["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    headers = {name.lower(): str(value) for name, value in serialized["headers"].items()}
    return aws.Request(
        serialized["method"], path, query, headers, body.encode() if isinstance(body, str) else body
    )


def client_request(service: str, operation: OperationModel, parameters: Any) -> aws.Request:
    serializer = serialize.create_serializer(MODELS[service].resolved_protocol, include_validation=False)
    return http_request(serializer.serialize_to_request(parameters, operation))


def client_answer(service: str, response: aws.Response, shape: Any) -> Any:
    parser = parsers.create_parser(MODELS[service].resolved_protocol)
    headers = HeadersDict(response.headers)
    answer = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
    return parser.parse(answer, shape)


@pytest.mark.parametrize(("service", "name"), list(operations()))
def test_a_request_of_botocore_decodes_to_what_was_asked(service: str, name: str) -> None:
    operation = MODELS[service].operation_model(name)
    shape = operation.input_shape
    parameters = sample(shape, name) if shape is not None else {}
    call = aws.decode(aws.load_service(service), client_request(service, operation, parameters))
    assert call.operation.name == name
    assert call.parameters == ours(parameters)


@pytest.mark.parametrize(("service", "name"), list(answered()))
def test_an_answer_is_what_botocore_parses(service: str, name: str) -> None:
    model = MODELS[service].operation_model(name)
    output = sample(model.output_shape, name) if model.output_shape is not None else {}
    known = aws.load_service(service)
    operation = known.operation(name)
    assert operation is not None
    parsed = client_answer(
        service, aws.encode(known, operation, ours(output), REQUEST_ID), model.output_shape
    )
    metadata = parsed.pop("ResponseMetadata")
    assert parsed == output
    assert metadata["RequestId"] == REQUEST_ID


def faults() -> Iterator[tuple[str, str]]:
    for service, model in MODELS.items():
        for shape in model.error_shapes:
            yield service, shape.name


@pytest.mark.parametrize(("service", "name"), list(faults()))
def test_a_modeled_error_is_what_botocore_parses(service: str, name: str) -> None:
    shape = MODELS[service].shape_for(name)
    members = sample(shape, name)
    members.pop("message", None)
    members.pop("Message", None)
    fault = aws.ServiceFault(name, TEXT, members=ours(members))
    response = aws.encode_fault(aws.load_service(service), fault, REQUEST_ID)
    parsed = client_answer(service, response, None)
    assert parsed["Error"]["Message"] == TEXT
    assert parsed["Error"]["Code"] in (name, shape.error_code)
    assert parsed["ResponseMetadata"]["RequestId"] == REQUEST_ID
    declared = shape.metadata.get("error", {}).get("httpStatusCode")
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == declared or declared is None
    modeled = client_answer(service, response, shape)
    assert {key: value for key, value in modeled.items() if key.lower() != "message"} == members


@pytest.mark.parametrize("service", SERVICES + FURTHER)
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_an_error_outside_the_model_is_what_botocore_parses(service: str, status: int) -> None:
    fault = aws.ServiceFault("AccessDenied", TEXT, status)
    response = aws.encode_fault(aws.load_service(service), fault, REQUEST_ID)
    parsed = client_answer(service, response, None)
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == ("AccessDenied", TEXT)
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status


PATHS = st.one_of(
    st.text(alphabet="/ab%2F:", max_size=30),
    st.sampled_from(
        ["/", "/clusters", "/clusters/x/access-entries/a%2Fb", "/bucket/key", "/b?acl", "/%zz", "/%ff"]
    ),
)
FORM = st.builds(
    "&".join,
    st.lists(
        st.one_of(
            st.sampled_from(
                ["Action=CreateRole", "Version=2010-05-08", "Action=AssumeRole", "Version=2011-06-15"]
            ),
            st.sampled_from(
                ["Tags=x", "Tags.member.1=x", "Tags.member.1.Key=k", "Tags.member.0.Key=k", "Tags.member=1"]
            ),
            st.sampled_from(
                [
                    "DurationSeconds=9e9",
                    "MaxSessionDuration=99999999999",
                    "a.b.c=1",
                    "a.b=2",
                    "%",
                    "=&=",
                    "a=%ff",
                ]
            ),
            st.text(alphabet="AcTtion=&.%+1", max_size=20),
        ),
        max_size=8,
    ),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    FORM.map(str.encode),
    st.recursive(
        st.sampled_from(["null", "1e999", "1", '"\\ud800"', '"x"', "true", "NaN", "1.5"]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
            st.lists(
                st.tuples(st.sampled_from(["name", "tags", "Username", "Attributes", "Name"]), inner),
                max_size=3,
            ).map(lambda items: "{" + ",".join(f'"{key}":{value}' for key, value in items) + "}"),
        ),
        max_leaves=8,
    ).map(str.encode),
    st.sampled_from(
        [
            b"<Tagging><TagSet><Tag>",
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            b"<?xml version='1.0' encoding='x'?><a/>",
        ]
    ),
)
TARGETS = ["AWSOrganizationsV20161128.CreateAccount", "AWSCognitoIdentityProviderService.SignUp", "x", ""]


@given(
    service=st.sampled_from(SERVICES + FURTHER),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", ""]),
    path=PATHS,
    query=FORM,
    target=st.sampled_from(TARGETS),
    date=st.sampled_from(
        ["", "0001-01-01T00:00:00+23:59", "Mon, 99 Foo 2020", "Fri, 31 Dec 9999 23:59:59 -2359", "x"]
    ),
    body=BODIES,
)
def test_no_bytes_crash_the_decoder(
    service: str, method: str, path: str, query: str, target: str, date: str, body: bytes
) -> None:
    headers = {"x-amz-target": target, "if-modified-since": date, "x-amz-object-lock-mode": "\x00"}
    known = aws.load_service(service)
    error = refusal(known, aws.Request(method, path, query, headers, body))
    if error is not None:
        response = aws.encode_fault(known, aws.ServiceFault.of(error), REQUEST_ID)
        assert 400 <= response.status < 500
        assert client_answer(service, response, None)["Error"]["Code"] == error.code


def refusal(service: aws.ServiceModel, request: aws.Request) -> WireError | None:
    try:
        aws.check(aws.decode(service, request))
    except WireError as error:
        return error
    return None
