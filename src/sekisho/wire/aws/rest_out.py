"""Answers of the REST protocols: status, headers and body of an output."""

from collections.abc import Mapping, Sequence

from sekisho.decide.values import documents
from sekisho.wire.aws import json_out, xml_out
from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.scalars import render_json_value, render_scalar
from sekisho.wire.aws.shape import Kind, Location, Member, Operation, Protocol, Shape, Value
from sekisho.wire.aws.timestamps import RFC822

S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
JSON_TYPE = "application/json"
XML_TYPE = "application/xml"

# Amazon S3 API Reference, "Response syntax": the root is not in the model.
_S3_ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListParts": "ListPartsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
}


def encode_rest(
    service: ServiceModel, operation: Operation, output: Mapping[str, Value]
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of ``output``.

    Raises:
        KeyError, TypeError: ``output`` does not fit the model: a fault of the operation.
    """
    headers: dict[str, str] = {}
    owner = operation.output
    status = operation.status
    if owner is None:
        return status, headers, b""
    for name, value in output.items():
        member = owner.shape.members[name]
        if value is None:
            continue
        if member.location is Location.STATUS and isinstance(value, int):
            status = value
        elif member.location is Location.HEADER:
            headers[member.label] = render_header(member, value)
        elif member.location is Location.HEADERS and isinstance(value, Mapping):
            headers.update({f"{member.label}{key}": _one_line(str(text)) for key, text in value.items()})
    body = _body(service, operation, owner, output)
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _content_type(service.protocol, owner.shape)
    return status, headers, body


def _body(service: ServiceModel, operation: Operation, owner: Member, output: Mapping[str, Value]) -> bytes:
    shape = owner.shape
    if shape.payload:
        member, value = shape.members[shape.payload], output.get(shape.payload)
        if value is None:
            return b""
        if isinstance(value, bytes | str):
            return value.encode() if isinstance(value, str) else value
        if member.is_event_stream or not isinstance(value, Mapping):
            raise TypeError(f"`{member.name}` cannot be answered: not a structure")
        if service.protocol is Protocol.REST_JSON:
            return documents.to_json(json_out.encode_structure(member, value))
        return _xml(member, member.label, value)
    if not any(member.location is Location.BODY for member in shape.members.values()):
        return b"{}" if service.protocol is Protocol.REST_JSON else b""
    if service.protocol is Protocol.REST_JSON:
        return documents.to_json(json_out.encode_structure(owner, output))
    root = owner.wire_name or (_S3_ROOTS.get(operation.name) if service.name == "s3" else None)
    return _xml(
        owner, root or shape.name, output, S3_NAMESPACE if service.name == "s3" else service.xml_namespace
    )


def _xml(member: Member, root: str, values: Mapping[str, Value], namespace: str = "") -> bytes:
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    if member.xml_namespace or not namespace:
        xml_out.write_element(parts, member, root, values)
    else:
        parts.append(f'<{root} xmlns="{namespace}">')
        xml_out.write_members(parts, member, values)
        parts.append(f"</{root}>")
    return "".join(parts).encode()


def render_header(member: Member, value: Value) -> str:
    """Return ``value`` as the text of one header line.

    Raises:
        TypeError: ``value`` is not of the member's type.
    """
    if member.is_json_value:
        return render_json_value(value)
    if member.shape.kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        item = member.shape.item
        return ",".join(_quoted(_one_line(render_scalar(item, element, RFC822)), item) for element in value)
    return _one_line(render_scalar(member, value, RFC822))


def _one_line(text: str) -> str:
    """A line end inside a header would begin another header."""
    return text.replace("\r", " ").replace("\n", " ")


def _quoted(text: str, item: Member) -> str:
    if item.shape.kind is Kind.STRING and ("," in text or '"' in text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def _content_type(protocol: Protocol, shape: Shape) -> str:
    if shape.payload and shape.members[shape.payload].shape.kind in (Kind.BLOB, Kind.STRING):
        return "application/octet-stream"
    return JSON_TYPE if protocol is Protocol.REST_JSON else XML_TYPE
