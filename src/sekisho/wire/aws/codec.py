"""Requests to calls and outputs to answers, for every protocol botocore's models describe.

Translates only: who may call is decided elsewhere. `decode` reads types and nothing more, so
that a server can authenticate before it validates (`validate.check`), as AWS does.
"""

from collections.abc import Mapping
from dataclasses import replace

from sekisho.decide.values import Json, documents
from sekisho.wire.aws import json_in, json_out, xml_out
from sekisho.wire.aws.complaints import Complaints
from sekisho.wire.aws.faults import EC2_XML_TYPE, QUERY_XML_TYPE, request_id_headers
from sekisho.wire.aws.message import MAX_BODY_BYTES, Call, Form, Request, Response
from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.query_in import decode_form, parse_form
from sekisho.wire.aws.rest_in import decode_rest
from sekisho.wire.aws.rest_out import JSON_TYPE, encode_rest
from sekisho.wire.aws.shape import Operation, Protocol, Value
from sekisho.wire.errors import WireError

_FORM_TYPE = "application/x-www-form-urlencoded"


def decode(service: ServiceModel, request: Request, bucket: str = "") -> Call:
    """Return what ``request`` asks of ``service``; ``bucket`` is the one an S3 host name held.

    Raises:
        WireError: not a request of the service, with the code and status the service answers.
    """
    complaints = Complaints(service.name, service.protocol)
    form = wanted_form(service, request)
    match service.protocol:
        case Protocol.QUERY | Protocol.EC2:
            operation, parameters = _decode_query(service, request, complaints)
        case Protocol.JSON:
            operation, parameters = _decode_json(service, request)
        case Protocol.REST_JSON | Protocol.REST_XML:
            if bucket:
                request = replace(request, path=f"/{bucket}{request.path.removesuffix('/')}")
            operation, parameters = decode_rest(service, request, complaints)
    return Call(service, operation, parameters, form)


def names_unsigned(service: ServiceModel, request: Request) -> bool:
    """Tell whether ``request`` names an operation that is called without a signature. Total.

    Of the query and JSON protocols; what cannot be read names nothing.
    """
    if service.protocol is Protocol.JSON:
        prefix, _, action = request.headers.get("x-amz-target", "").rpartition(".")
        if prefix != service.target_prefix:
            return False
    elif service.protocol is Protocol.QUERY:
        try:
            action = parse_form(request.query, _form_body(request)).get("Action", "")
        except WireError:
            return False
    else:
        return False
    operation = service.operation(action)
    return operation is not None and operation.is_unsigned


def wanted_form(service: ServiceModel, request: Request) -> Form:
    """Return the form the client asks for: services of the query protocol speak JSON on demand."""
    accepted = request.headers.get("accept", "")
    is_json = service.protocol is Protocol.QUERY and JSON_TYPE in accepted.lower()
    return Form.JSON if is_json else Form.MODELED


def encode(
    service: ServiceModel,
    operation: Operation,
    output: Mapping[str, Value],
    request_id: str,
    form: Form = Form.MODELED,
) -> Response:
    """Return ``output`` as an answer of ``service``.

    Raises:
        KeyError, TypeError: ``output`` does not fit the model: a fault of the operation.
    """
    status = operation.status
    match service.protocol:
        case Protocol.QUERY if form is Form.JSON:
            headers, body = {"Content-Type": JSON_TYPE}, _query_json(operation, output, request_id)
        case Protocol.QUERY:
            headers, body = (
                {"Content-Type": QUERY_XML_TYPE},
                _query_xml(service, operation, output, request_id),
            )
        case Protocol.EC2:
            headers, body = {"Content-Type": EC2_XML_TYPE}, _ec2_xml(service, operation, output, request_id)
        case Protocol.JSON:
            headers = {"Content-Type": f"application/x-amz-json-{service.json_version}"}
            body = _json(operation, output)
        case Protocol.REST_JSON | Protocol.REST_XML:
            status, headers, body = encode_rest(service, operation, output)
    return Response(status, {**headers, **request_id_headers(service, request_id)}, body)


def _decode_query(
    service: ServiceModel, request: Request, complaints: Complaints
) -> tuple[Operation, dict[str, Value]]:
    if request.method not in ("GET", "POST"):
        raise WireError("method", "expected GET or POST", code="InvalidAction", status=405)
    form = parse_form(request.query, _form_body(request))
    action = form.get("Action")
    if action is None:
        raise WireError("Action", "the request is missing an action", code="MissingAction")
    operation = service.operation(action)
    version = form.get("Version", "NO_VERSION_SPECIFIED")
    if operation is None or version != service.api_version:
        sentence = f"Could not find operation {action[:128]} for version {version[:32]}"
        raise WireError("Action", sentence, code="InvalidAction")
    return operation, decode_form(operation.input, form, service.protocol, complaints)


def _form_body(request: Request) -> str:
    if not request.body:
        return ""
    _bounded(request.body)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or (kind and kind != _FORM_TYPE):
        raise WireError("body", f"expected a body of type {_FORM_TYPE}", code="MalformedQueryString")
    try:
        return request.body.decode("ascii").strip("\r\n")
    except UnicodeError:
        raise WireError("body", "not percent-encoded", code="MalformedQueryString") from None


def _decode_json(service: ServiceModel, request: Request) -> tuple[Operation, dict[str, Value]]:
    target = request.headers.get("x-amz-target", "")
    prefix, _, name = target.rpartition(".")
    operation = service.operation(name) if prefix == service.target_prefix else None
    if operation is None or request.method != "POST":
        raise WireError("x-amz-target", "no operation has this name", code="UnknownOperationException")
    _bounded(request.body)
    raw = json_in.parse_body(request.body)
    return operation, json_in.decode_structure(operation.input, raw) if operation.input is not None else {}


def _bounded(body: bytes) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise WireError(
            "body", f"longer than {MAX_BODY_BYTES} bytes", code="RequestEntityTooLarge", status=413
        )


def _query_xml(
    service: ServiceModel, operation: Operation, output: Mapping[str, Value], request_id: str
) -> bytes:
    parts = [f'<{operation.name}Response xmlns="{service.xml_namespace}">']
    if operation.output is not None:
        wrapper = operation.result_wrapper or f"{operation.name}Result"
        parts.append(f"<{wrapper}>")
        xml_out.write_members(parts, operation.output, output)
        parts.append(f"</{wrapper}>")
    parts.append(f"<ResponseMetadata><RequestId>{xml_out.escape(request_id)}</RequestId></ResponseMetadata>")
    parts.append(f"</{operation.name}Response>")
    return "".join(parts).encode()


def _ec2_xml(
    service: ServiceModel, operation: Operation, output: Mapping[str, Value], request_id: str
) -> bytes:
    namespace = f"{service.xml_namespace.rstrip('/')}/"
    parts = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation.name}Response xmlns="{namespace}">']
    parts.append(f"<requestId>{xml_out.escape(request_id)}</requestId>")
    if operation.output is None:
        parts.append("<return>true</return>")
    else:
        xml_out.write_members(parts, operation.output, output)
    parts.append(f"</{operation.name}Response>")
    return "".join(parts).encode()


def _query_json(operation: Operation, output: Mapping[str, Value], request_id: str) -> bytes:
    answer: dict[str, Json] = {"ResponseMetadata": {"RequestId": request_id}}
    if operation.output is not None:
        result = json_out.encode_structure(operation.output, output, by_member_name=True)
        answer = {operation.result_wrapper or f"{operation.name}Result": result, **answer}
    return documents.to_json({f"{operation.name}Response": answer})


def _json(operation: Operation, output: Mapping[str, Value]) -> bytes:
    if operation.output is None:
        return b"{}"
    return documents.to_json(json_out.encode_structure(operation.output, output))
