"""Errors in the form of each protocol, as the services write them.

Smithy, "AWS protocols", "Operation error serialization"; IAM and STS API References, "Common
errors"; Amazon S3 API Reference, "Error responses"; Amazon EC2 API Reference, "Error codes".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import Json, documents
from sekisho.wire.aws import json_out, xml_out
from sekisho.wire.aws.message import Form, Response
from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.rest_out import JSON_TYPE, XML_TYPE, render_header
from sekisho.wire.aws.shape import Location, Member, Protocol, Shape, Value
from sekisho.wire.errors import WireError

QUERY_XML_TYPE = "text/xml"
EC2_XML_TYPE = "text/xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """An error a service answers with.

    ``code`` is the code on the wire (``NoSuchEntity``) or the name of a modeled exception.
    ``status`` 0 takes the model's, 400 where the model has none. ``members`` are the further
    members of a modeled exception, by the model's names.
    """

    code: str
    message: str
    status: int = 0
    members: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, error: WireError) -> "ServiceFault":
        """Return the fault that answers a request that could not be read."""
        return cls(error.code, error.problem, error.status)


def encode_fault(
    service: ServiceModel, fault: ServiceFault, request_id: str, form: Form = Form.MODELED, resource: str = ""
) -> Response:
    """Return ``fault`` as an answer of ``service``; ``resource`` is the path S3 repeats."""
    shape = service.fault(fault.code)
    code = fault.code
    if shape is not None:
        is_query = service.protocol in (Protocol.QUERY, Protocol.EC2)
        code = shape.error_code if is_query else shape.name
    status = fault.status or (shape.error_status if shape is not None else 400)
    answer = _Fault(service, shape, code, fault.message, status, fault.members, request_id)
    if service.protocol is Protocol.QUERY and form is Form.JSON:
        return answer.query_json()
    match service.protocol:
        case Protocol.QUERY:
            return answer.query_xml()
        case Protocol.EC2:
            return answer.ec2_xml()
        case Protocol.JSON:
            return answer.json()
        case Protocol.REST_JSON:
            return answer.rest_json()
        case Protocol.REST_XML:
            return answer.s3_xml(resource) if service.name == "s3" else answer.query_xml(XML_TYPE)


@dataclass(frozen=True, slots=True)
class _Fault:
    service: ServiceModel
    shape: Shape | None
    code: str
    message: str
    status: int
    members: Mapping[str, Value]
    request_id: str

    @property
    def sender(self) -> str:
        return "Sender" if self.status < 500 else "Receiver"

    def query_xml(self, content_type: str = QUERY_XML_TYPE) -> Response:
        namespace = self.service.xml_namespace
        parts = [f'<ErrorResponse xmlns="{namespace}">' if namespace else "<ErrorResponse>"]
        parts.append(f"<Error><Type>{self.sender}</Type>{self._code_and_message()}")
        self._write_members(parts)
        parts.append(f"</Error><RequestId>{xml_out.escape(self.request_id)}</RequestId></ErrorResponse>")
        return self._response({"Content-Type": content_type}, "".join(parts).encode())

    def query_json(self) -> Response:
        body = {
            "Error": {"Code": self.code, "Message": self.message, "Type": self.sender},
            "RequestId": self.request_id,
        }
        return self._response({"Content-Type": JSON_TYPE}, documents.to_json(body))

    def ec2_xml(self) -> Response:
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>{self._code_and_message()}'
            f"</Error></Errors><RequestID>{xml_out.escape(self.request_id)}</RequestID></Response>"
        )
        return self._response({"Content-Type": EC2_XML_TYPE}, text.encode())

    def json(self) -> Response:
        content_type = f"application/x-amz-json-{self.service.json_version}"
        body = {"__type": self.code, **self._json_members()}
        return self._response({"Content-Type": content_type}, documents.to_json(body))

    def rest_json(self) -> Response:
        headers = {"Content-Type": JSON_TYPE, "x-amzn-ErrorType": self.code}
        for member, value in self._owned().values():
            if member.location is Location.HEADER:
                headers[member.label] = render_header(member, value)
        return self._response(headers, documents.to_json(self._json_members()))

    def s3_xml(self, resource: str) -> Response:
        parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{self._code_and_message()}']
        self._write_members(parts)
        if resource:
            parts.append(f"<Resource>{xml_out.escape(resource)}</Resource>")
        identity = xml_out.escape(self.request_id)
        parts.append(f"<RequestId>{identity}</RequestId><HostId>{identity}</HostId></Error>")
        return self._response({"Content-Type": XML_TYPE}, "".join(parts).encode())

    def _code_and_message(self) -> str:
        return f"<Code>{xml_out.escape(self.code)}</Code><Message>{xml_out.escape(self.message)}</Message>"

    def _owned(self) -> dict[str, tuple[Member, Value]]:
        """Return the members that the model knows and that are not the message."""
        known = self.shape.members if self.shape is not None else {}
        return {
            name: (known[name], value)
            for name, value in self.members.items()
            if name in known and value is not None and name.lower() != "message"
        }

    def _write_members(self, parts: list[str]) -> None:
        for member, value in self._owned().values():
            if member.location is Location.BODY:
                xml_out.write_element(parts, member, member.label, value)

    def _json_members(self) -> dict[str, Json]:
        known = self.shape.members if self.shape is not None else {}
        label = next((member.label for name, member in known.items() if name.lower() == "message"), "message")
        found: dict[str, Json] = {label: self.message}
        for member, value in self._owned().values():
            if member.location is Location.BODY:
                found[member.label] = json_out.encode_value(member, value)
        return found

    def _response(self, headers: dict[str, str], body: bytes) -> Response:
        return Response(self.status, {**headers, **request_id_headers(self.service, self.request_id)}, body)


def request_id_headers(service: ServiceModel, request_id: str) -> dict[str, str]:
    """Return the headers that name a request, in the spelling of the service."""
    if service.name == "s3":
        return {"x-amz-request-id": request_id, "x-amz-id-2": request_id}
    if service.protocol is Protocol.EC2:
        return {"x-amzn-requestid": request_id}
    return {"x-amzn-RequestId": request_id}
