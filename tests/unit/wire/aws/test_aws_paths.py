"""Requests of the REST services: paths, query strings, headers and bodies."""

import pytest

from sekisho.wire import aws
from sekisho.wire.aws.message import MAX_BODY_BYTES
from sekisho.wire.errors import WireError

MALFORMED = "MalformedQueryString"


def rest(method: str, path: str, query: str = "", body: bytes = b"", service: str = "eks") -> aws.Call:
    return aws.decode(aws.load_service(service), aws.Request(method, path, query, body=body))


ARN = "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fapp"
PATHS = {
    "literal": ("GET", "/clusters", "ListClusters", {}),
    "label": ("GET", "/clusters/dev", "DescribeCluster", {"name": "dev"}),
    "an encoded slash stays in its label": (
        "GET",
        f"/clusters/dev/access-entries/{ARN}",
        "DescribeAccessEntry",
        {"clusterName": "dev", "principalArn": "arn:aws:iam::111122223333:role/app"},
    ),
    "the method chooses": ("DELETE", "/clusters/dev", "DeleteCluster", {"name": "dev"}),
    "a plus sign is itself": ("GET", "/clusters/a+b", "DescribeCluster", {"name": "a+b"}),
}


@pytest.mark.parametrize(("method", "path", "name", "parameters"), PATHS.values(), ids=PATHS.keys())
def test_a_path_names_an_operation(
    method: str, path: str, name: str, parameters: dict[str, aws.Value]
) -> None:
    call = rest(method, path)
    assert (call.operation.name, call.parameters) == (name, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/cluster"),
        ("GET", "/clusters/"),
        ("PATCH", "/clusters"),
        ("GET", "/clusters/a/b/c/d/e/f"),
        ("GET", ""),
    ],
)
def test_a_path_of_no_operation(method: str, path: str) -> None:
    with pytest.raises(WireError) as caught:
        rest(method, path)
    assert (caught.value.code, caught.value.status) == ("UnknownOperationException", 404)


@pytest.mark.parametrize("path", ["/clusters/%zz", "/clusters/%ff", f"/clusters/{'a' * 8192}"])
def test_a_path_that_is_not_text(path: str) -> None:
    with pytest.raises(WireError) as caught:
        rest("GET", path)
    assert caught.value.code == "InvalidURI"


def test_query_parameters_of_a_path() -> None:
    call = rest("GET", "/clusters", "maxResults=5&include=all&include=b&unknown=1")
    assert call.parameters == {"maxResults": 5, "include": ["all", "b"]}


@pytest.mark.parametrize(
    ("query", "code"),
    [("maxResults=x", "InvalidParameterException"), ("maxResults=1&maxResults=2", MALFORMED)],
)
def test_query_parameters_that_are_refused(query: str, code: str) -> None:
    with pytest.raises(WireError) as caught:
        rest("GET", "/clusters", query)
    assert caught.value.code == code


S3_PATHS = {
    "static query": ("GET", "/b", "acl", "GetBucketAcl"),
    "no static query": ("GET", "/b", "", "ListObjects"),
    "slash behind the bucket": ("GET", "/b/", "list-type=2", "ListObjectsV2"),
    "key with slashes": ("GET", "/b/a/b//c", "", "GetObject"),
    "required query parameter": ("GET", "/b/k", "uploadId=1", "ListParts"),
    "successor of a deprecated operation": ("GET", "/b", "lifecycle", "GetBucketLifecycleConfiguration"),
}


@pytest.mark.parametrize(("method", "path", "query", "name"), S3_PATHS.values(), ids=S3_PATHS.keys())
def test_s3_paths(method: str, path: str, query: str, name: str) -> None:
    assert rest(method, path, query, service="s3").operation.name == name


@pytest.mark.parametrize(("path", "key"), [("/a/b", "a/b"), ("/", None)])
def test_a_bucket_in_the_host_name(path: str, key: str | None) -> None:
    call = aws.decode(aws.load_service("s3"), aws.Request("GET", path), bucket="b")
    assert (call.parameters["Bucket"], call.parameters.get("Key")) == ("b", key)


def test_a_required_header_chooses_between_two_operations() -> None:
    request = aws.Request("PUT", "/b/k", headers={"x-amz-copy-source": "/b/j"})
    assert aws.decode(aws.load_service("s3"), request).operation.name == "CopyObject"
    assert rest("PUT", "/b/k", body=b"text", service="s3").parameters["Body"] == b"text"


BAD_XML = {
    "a document type": b"<!DOCTYPE a [<!ENTITY b 'c'>]><Tagging>&b;</Tagging>",
    "not well-formed": b"<Tagging>",
    "an unknown encoding": b"<?xml version='1.0' encoding='x-nobody'?><Tagging/>",
    "too deep": b"<a>" * 70 + b"</a>" * 70,
    "an element twice": b"<Tagging><TagSet/><TagSet/></Tagging>",
    "elements in text": b"<Tagging><TagSet><Tag><Key><b/></Key></Tag></TagSet></Tagging>",
}


@pytest.mark.parametrize("body", BAD_XML.values(), ids=BAD_XML.keys())
def test_xml_that_is_refused(body: bytes) -> None:
    with pytest.raises(WireError) as caught:
        rest("PUT", "/b", "tagging", body, service="s3")
    assert caught.value.code == "MalformedXML"


HEADER_LISTS = {
    "plain": ("ETag,Checksum", ["ETag", "Checksum"]),
    "spaces": ("ETag , Checksum", ["ETag", "Checksum"]),
    "quoted comma": ('"a,b",c', ["a,b", "c"]),
    "quoted quote": (r'"a\"b"', ['a"b']),
}


@pytest.mark.parametrize(("text", "values"), HEADER_LISTS.values(), ids=HEADER_LISTS.keys())
def test_lists_in_headers(text: str, values: list[str]) -> None:
    request = aws.Request("GET", "/b/k", "attributes", {"x-amz-object-attributes": text})
    call = aws.decode(aws.load_service("s3"), request)
    assert (call.operation.name, call.parameters["ObjectAttributes"]) == ("GetObjectAttributes", values)


def test_a_header_of_the_wrong_type() -> None:
    request = aws.Request("GET", "/b/k", headers={"if-modified-since": "yesterday"})
    with pytest.raises(WireError) as caught:
        aws.decode(aws.load_service("s3"), request)
    assert caught.value.code == "InvalidArgument"


@pytest.mark.parametrize(
    ("service", "method", "path", "query"), [("eks", "POST", "/clusters", ""), ("s3", "PUT", "/b", "tagging")]
)
def test_a_body_one_byte_too_long(service: str, method: str, path: str, query: str) -> None:
    with pytest.raises(WireError) as caught:
        rest(method, path, query, b" " * (MAX_BODY_BYTES + 1), service)
    assert (caught.value.code, caught.value.status) == ("RequestEntityTooLarge", 413)


def test_a_payload_of_text() -> None:
    assert rest("PUT", "/b", "policy", b"{}", "s3").parameters == {"Bucket": "b", "Policy": "{}"}
    with pytest.raises(WireError, match="not UTF-8"):
        rest("PUT", "/b", "policy", b"\xff", "s3")
