"""Answers and errors, byte for byte as the services write them."""

import json
import math

import pytest

from sekisho.decide.values import Instant
from sekisho.wire import aws
from sekisho.wire.errors import WireError

ID = "4f7bbd0a-0000-4000-8000-0123456789ab"
CALLER: dict[str, aws.Value] = {
    "Arn": "arn:aws:iam::111122223333:user/ana",
    "UserId": "AIDAEXAMPLE",
    "Account": "111122223333",
}
NOON = Instant.parse_rfc3339("2026-01-31T12:00:00Z")


def answer(
    service: str, name: str, output: dict[str, aws.Value], form: aws.Form = aws.Form.MODELED
) -> aws.Response:
    model = aws.load_service(service)
    operation = model.operation(name)
    assert operation is not None
    return aws.encode(model, operation, output, ID, form)


def fault(service: str, problem: aws.ServiceFault, form: aws.Form = aws.Form.MODELED) -> aws.Response:
    return aws.encode_fault(aws.load_service(service), problem, ID, form, "/bucket/key")


def test_an_answer_of_sts_in_xml() -> None:
    response = answer("sts", "GetCallerIdentity", CALLER)
    assert response.status == 200
    assert dict(response.headers) == {"Content-Type": "text/xml", "x-amzn-RequestId": ID}
    assert response.body.decode() == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ana</Arn><UserId>AIDAEXAMPLE</UserId>"
        "<Account>111122223333</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def test_an_answer_of_sts_in_json() -> None:
    response = answer("sts", "GetCallerIdentity", CALLER, aws.Form.JSON)
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.body) == {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": CALLER,
            "ResponseMetadata": {"RequestId": ID},
        }
    }


def test_json_of_a_query_service_counts_seconds() -> None:
    credentials: dict[str, aws.Value] = {"AccessKeyId": "ASIA", "Expiration": NOON}
    response = answer("sts", "AssumeRole", {"Credentials": credentials}, aws.Form.JSON)
    result = json.loads(response.body)["AssumeRoleResponse"]["AssumeRoleResult"]
    assert result == {"Credentials": {"AccessKeyId": "ASIA", "Expiration": 1769860800}}


def test_an_operation_without_output_still_names_its_request() -> None:
    assert answer("iam", "DeleteRole", {}).body.decode() == (
        '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata></DeleteRoleResponse>"
    )
    assert json.loads(answer("iam", "DeleteRole", {}, aws.Form.JSON).body) == {
        "DeleteRoleResponse": {"ResponseMetadata": {"RequestId": ID}}
    }
    assert answer("organizations", "DeleteOrganization", {}).body == b"{}"
    assert answer("s3", "DeleteBucket", {}).body == b""
    assert b"<return>true</return>" in answer("ec2", "DeleteVpc", {}).body


def test_absent_members_are_not_written() -> None:
    assert b"Path" not in answer("iam", "GetUser", {"User": {"Path": None, "UserName": "a"}}).body
    assert answer("eks", "DescribeCluster", {"cluster": {"name": "a", "arn": None}}).body == (
        b'{"cluster":{"name":"a"}}'
    )


def test_characters_that_xml_cannot_hold() -> None:
    body = answer("iam", "GetUser", {"User": {"UserName": '<a&b>"\r\n\t\x00\ud800\ufffe'}}).body.decode()
    assert '<UserName>&lt;a&amp;b&gt;"&#xD;\n\t\ufffd\ufffd\ufffd</UserName>' in body


def test_an_answer_of_ec2() -> None:
    response = answer("ec2", "DescribeVpcs", {"Vpcs": [{"VpcId": "vpc-1", "IsDefault": False}]})
    assert response.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{ID}</requestId><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>false</isDefault></item>"
        "</vpcSet></DescribeVpcsResponse>"
    )


def test_an_answer_of_s3() -> None:
    buckets: aws.Value = [{"Name": "b", "CreationDate": NOON}]
    response = answer("s3", "ListBuckets", {"Buckets": buckets})
    assert dict(response.headers) == {
        "Content-Type": "application/xml",
        "x-amz-request-id": ID,
        "x-amz-id-2": ID,
    }
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket>'
        "<Name>b</Name><CreationDate>2026-01-31T12:00:00Z</CreationDate></Bucket></Buckets>"
        "</ListAllMyBucketsResult>"
    )


def test_headers_of_an_answer() -> None:
    response = answer(
        "s3",
        "HeadObject",
        {"LastModified": NOON, "ContentLength": 3, "Metadata": {"a": "b"}, "ETag": '"x\r\ny"'},
    )
    assert response.headers["Last-Modified"] == "Sat, 31 Jan 2026 12:00:00 GMT"
    assert response.headers["x-amz-meta-a"] == "b"
    assert response.headers["ETag"] == '"x  y"'
    assert answer("s3", "GetObject", {"Body": b"text", "ContentType": "text/plain"}).body == b"text"
    assert answer("s3", "GetObject", {"Body": b"text"}).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("service", "name", "output", "error"),
    [
        ("iam", "GetUser", {"Nobody": 1}, KeyError),
        ("eks", "DescribeCluster", {"Nobody": 1}, KeyError),
        ("iam", "GetUser", {"User": {"UserName": ["a"]}}, TypeError),
        ("eks", "DescribeCluster", {"cluster": {"name": ["a"]}}, TypeError),
    ],
)
def test_an_output_that_is_not_the_models(
    service: str, name: str, output: dict[str, aws.Value], error: type[Exception]
) -> None:
    with pytest.raises(error):
        answer(service, name, output)


def test_numbers_that_are_not_finite() -> None:
    point = {"Sum": math.inf, "Average": math.nan, "Minimum": -math.inf, "Maximum": 1.5}
    response = answer("cloudwatch", "GetMetricStatistics", {"Datapoints": [point]})
    assert json.loads(response.body) == {
        "Datapoints": [{"Sum": "Infinity", "Average": "NaN", "Minimum": "-Infinity", "Maximum": 1.5}]
    }


DENIED = aws.ServiceFault("AccessDenied", "User: a is not authorized to perform: x <y>", 403)


def test_an_error_of_sts_in_xml() -> None:
    response = fault("sts", DENIED)
    assert (response.status, response.headers["Content-Type"]) == (403, "text/xml")
    assert response.body.decode() == (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        "<Code>AccessDenied</Code><Message>User: a is not authorized to perform: x &lt;y&gt;</Message>"
        f"</Error><RequestId>{ID}</RequestId></ErrorResponse>"
    )


def test_an_error_of_sts_in_json() -> None:
    response = fault("sts", DENIED, aws.Form.JSON)
    assert (response.status, response.headers["Content-Type"]) == (403, "application/json")
    assert json.loads(response.body) == {
        "Error": {"Code": "AccessDenied", "Message": DENIED.message, "Type": "Sender"},
        "RequestId": ID,
    }


def test_the_service_answers_for_its_own_failures() -> None:
    assert b"<Type>Receiver</Type>" in fault("sts", aws.ServiceFault("InternalFailure", "sorry", 500)).body


def test_an_error_of_eks() -> None:
    missing = aws.ServiceFault(
        "ResourceNotFoundException", "No cluster", members={"clusterName": "a", "no": 1}
    )
    response = fault("eks", missing)
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (404, "ResourceNotFoundException")
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.body) == {"message": "No cluster", "clusterName": "a"}


def test_an_error_of_a_json_service_spells_message_as_its_model() -> None:
    cognito = fault("cognito-idp", aws.ServiceFault("NotAuthorizedException", "no"))
    assert cognito.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(cognito.body) == {"__type": "NotAuthorizedException", "message": "no"}
    organizations = fault("organizations", aws.ServiceFault("AccessDeniedException", "no"))
    assert json.loads(organizations.body) == {"__type": "AccessDeniedException", "Message": "no"}


def test_an_error_of_s3() -> None:
    response = fault("s3", aws.ServiceFault("NoSuchKey", "no such key", 404))
    assert (response.status, response.headers["Content-Type"]) == (404, "application/xml")
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>no such key</Message>'
        f"<Resource>/bucket/key</Resource><RequestId>{ID}</RequestId><HostId>{ID}</HostId></Error>"
    )


def test_an_error_of_ec2() -> None:
    response = fault("ec2", aws.ServiceFault("InvalidVpcID.NotFound", "no such vpc"))
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>'
        f"<Message>no such vpc</Message></Error></Errors><RequestID>{ID}</RequestID></Response>"
    )


def test_another_xml_service_has_the_form_of_the_query_protocol() -> None:
    response = fault("cloudfront", aws.ServiceFault("NoSuchDistribution", "no"))
    assert response.body.startswith(b"<ErrorResponse><Error><Type>Sender</Type>")


MODELED = {
    "code on the wire": ("iam", "NoSuchEntity", "NoSuchEntity", 404),
    "name of the exception": ("iam", "NoSuchEntityException", "NoSuchEntity", 404),
    "identity token": ("sts", "InvalidIdentityToken", "InvalidIdentityToken", 400),
    "claim": ("sts", "IDPRejectedClaim", "IDPRejectedClaim", 403),
    "conflict of eks": ("eks", "ResourceInUseException", "ResourceInUseException", 409),
    "failure of eks": ("eks", "ServerException", "ServerException", 500),
    "outside the model": ("iam", "Throttling", "Throttling", 400),
}


@pytest.mark.parametrize(("service", "code", "wire", "status"), MODELED.values(), ids=MODELED.keys())
def test_code_and_status_come_from_the_model(service: str, code: str, wire: str, status: int) -> None:
    response = fault(service, aws.ServiceFault(code, "x"))
    assert response.status == status
    assert wire in response.body.decode() + response.headers.get("x-amzn-ErrorType", "")


def test_a_wire_error_becomes_a_fault() -> None:
    error = WireError("Action", "Could not find operation", code="InvalidAction", status=400)
    assert aws.ServiceFault.of(error) == aws.ServiceFault("InvalidAction", "Could not find operation", 400)
    assert str(error) == "Action: Could not find operation"
    assert error.as_input_error().faults[0].code == "InvalidAction"
    assert (WireError("body", "x").code, WireError("body", "x").status) == ("wire.malformed", 400)


def test_lists_maps_and_attributes_of_xml() -> None:
    grantee = {"Type": 'a"b', "ID": "x"}
    acl = answer("s3", "GetBucketAcl", {"Grants": [{"Grantee": grantee, "Permission": "READ"}]}).body.decode()
    assert (
        '<AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:type="a&quot;b"><ID>x</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList>'
    ) in acl
    simulated = answer(
        "iam", "SimulateCustomPolicy", {"EvaluationResults": [{"EvalDecisionDetails": {"a": "b"}}]}
    )
    assert (
        b"<EvaluationResults><member><EvalDecisionDetails><entry><key>a</key><value>b</value></entry>"
        b"</EvalDecisionDetails></member></EvaluationResults>"
    ) in simulated.body


def test_json_in_a_header_is_base64() -> None:
    attributes = answer("lex-runtime", "PutSession", {"sessionAttributes": '{"a":1}', "contentType": "x/y"})
    assert attributes.headers["x-amz-lex-session-attributes"] == "IntcImFcIjoxfSI="


def test_a_status_that_the_output_decides() -> None:
    response = answer("lambda", "Invoke", {"StatusCode": 202, "Payload": b"{}"})
    assert (response.status, response.body) == (202, b"{}")
