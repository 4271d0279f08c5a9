"""Requests of the REST protocols: path, query string, headers and body, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.wire.aws import json_in, xml_in
from sekisho.wire.aws.complaints import Complaints
from sekisho.wire.aws.message import MAX_BODY_BYTES, Request
from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.query_in import parse_pairs
from sekisho.wire.aws.routing import route
from sekisho.wire.aws.scalars import parse_scalar
from sekisho.wire.aws.shape import Kind, Location, Member, Operation, Protocol, Shape, Value
from sekisho.wire.errors import WireError


def decode_rest(
    service: ServiceModel, request: Request, complaints: Complaints
) -> tuple[Operation, dict[str, Value]]:
    """Return the operation ``request`` names and its parameters.

    Raises:
        WireError: ``UnknownOperationException`` (404) for a path of no operation; otherwise what
            is wrong with a part of the request.
    """
    query: dict[str, list[str]] = {}
    for name, text in parse_pairs(request.query):
        query.setdefault(name, []).append(text)
    found = route(service, request.method, request.path, query, request.headers)
    if found is None and service.protocol is Protocol.REST_XML and len(request.path) > 1:
        # S3 names a bucket with and without a slash behind it.
        found = route(service, request.method, request.path.removesuffix("/"), query, request.headers)
    if found is None:
        raise WireError("path", "no operation has this path", code="UnknownOperationException", status=404)
    operation = found.operation
    if operation.input is None:
        return operation, {}
    sources = _Sources(found.labels, query, request.headers, complaints)
    shape = operation.input.shape
    parameters: dict[str, Value] = {
        name: value for name, member in shape.members.items() if (value := sources.read(member)) is not None
    }
    parameters.update(_decode_body(service.protocol, operation.input, request))
    return operation, parameters


@dataclass(frozen=True, slots=True)
class _Sources:
    labels: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    complaints: Complaints

    def read(self, member: Member) -> Value:
        match member.location:
            case Location.URI:
                text = self.labels.get(member.label)
                return None if text is None else self._scalar(member, text, member.name)
            case Location.QUERY:
                return self._from_query(member)
            case Location.HEADER:
                text = self.headers.get(member.label.lower())
                return None if text is None else self._from_header(member, text)
            case Location.HEADERS:
                prefix = member.label.lower()
                names = (name for name in self.headers if name.startswith(prefix))
                return {name[len(prefix) :]: self.headers[name] for name in names} or None
            case _:
                return None

    def _from_query(self, member: Member) -> Value:
        kind = member.shape.kind
        if kind is Kind.MAP:
            is_list = member.shape.value.shape.kind is Kind.LIST
            return {name: list(values) if is_list else values[-1] for name, values in self.query.items()}
        values = self.query.get(member.label)
        if values is None:
            return None
        if kind is Kind.LIST:
            item = member.shape.item
            return [self._scalar(item, text, f"{member.name}.{at}") for at, text in enumerate(values, 1)]
        if len(values) > 1:
            raise WireError("query", f"`{member.label}` occurs twice", code="MalformedQueryString")
        return self._scalar(member, values[0], member.name)

    def _from_header(self, member: Member, text: str) -> Value:
        if member.shape.kind is not Kind.LIST:
            return self._scalar(member, text, member.name)
        item = member.shape.item
        dates = item.shape.kind is Kind.TIMESTAMP
        texts = _split_header(text, dates=dates)
        return [self._scalar(item, part, f"{member.name}.{at}") for at, part in enumerate(texts, 1)]

    def _scalar(self, member: Member, text: str, path: str) -> Value:
        try:
            return parse_scalar(member, text)
        except ValueError as error:
            raise self.complaints.not_of_type(path, member, text, str(error)) from None


def _split_header(text: str, *, dates: bool) -> list[str]:
    """Return the elements of a list in a header: at commas, outside of quotes (RFC 9110 section 5.6.1)."""
    if dates:  # a date of RFC 822 holds a comma of its own
        parts = text.split(",")
        return [",".join(parts[at : at + 2]).strip() for at in range(0, len(parts), 2)]
    found: list[str] = []
    current = ""
    is_quoted = False
    characters = iter(text)
    for character in characters:
        if is_quoted and character == "\\":
            current += next(characters, "")
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            found.append(current.strip())
            current = ""
        else:
            current += character
    return [*found, current.strip()]


def _decode_body(protocol: Protocol, owner: Member, request: Request) -> dict[str, Value]:
    shape = owner.shape
    body = request.body
    if shape.payload:
        member = shape.members[shape.payload]
        if member.shape.kind is Kind.BLOB:
            return {shape.payload: body} if body else {}
        if member.shape.kind is Kind.STRING:
            return {shape.payload: _text(body)} if body else {}
        if not body:
            return {}
        _bounded(body)
        return {shape.payload: _decode_payload(protocol, member, body)}
    if not body or not _has_body(shape):
        return {}
    _bounded(body)
    if protocol is Protocol.REST_JSON:
        return json_in.decode_structure(owner, json_in.parse_body(body))
    return xml_in.decode_structure(owner, xml_in.parse_xml(body))


def _decode_payload(protocol: Protocol, member: Member, body: bytes) -> Value:
    if protocol is Protocol.REST_XML:
        return xml_in.decode_value(member, xml_in.parse_xml(body), member.name)
    return json_in.decode_value(member, json_in.parse_body(body), member.name)


def _has_body(shape: Shape) -> bool:
    return any(member.location is Location.BODY for member in shape.members.values())


def _bounded(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise WireError(
            "body", f"longer than {MAX_BODY_BYTES} bytes", code="RequestEntityTooLarge", status=413
        )


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeError:
        raise WireError("body", "not UTF-8", code="SerializationException") from None
