"""One Kubernetes request on its way through the server: what it asks and how it wants its answer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Instant, Json, JsonObject, KubeUser
from sekisho.decide.values.documents import to_json
from sekisho.wire.http import Request, Response
from sekisho.wire.kube import status, table
from sekisho.wire.kube.body import warning_header
from sekisho.wire.kube.discovery import Page
from sekisho.wire.kube.negotiate import JSON, YAML, Form, Representation
from sekisho.wire.kube.options import TRUE
from sekisho.wire.kube.registry import Resource


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request after authentication and authorization."""

    request: Request
    attributes: RequestAttributes
    user: KubeUser
    now: Instant
    form: Representation
    query: dict[str, str]

    def flag(self, name: str) -> bool:
        """Read a boolean query parameter."""
        return self.query.get(name, "") in TRUE

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored."""
        return bool(self.query.get("dryRun"))


def object_answer(
    exchange: Exchange, resource: Resource, body: JsonObject, code: int = 200, warnings: Iterable[str] = ()
) -> Response:
    """Return one object in the form that was asked for."""
    if exchange.form.form is Form.PARTIAL_LIST:
        raise status.not_in_form("PartialObjectMetadataList", "is not a list", f"*{resource.internal_name}")
    return _in_form(exchange, rendered(exchange, resource, body), code, warnings)


def list_answer(
    exchange: Exchange, resource: Resource, items: list[JsonObject], metadata: JsonObject
) -> Response:
    """Return a list in the form that was asked for."""
    match exchange.form.form:
        case Form.TABLE:
            include = table.IncludeObject.parse(exchange.query.get("includeObject", ""))
            document: JsonObject = table.table(
                resource,
                items,
                exchange.now,
                version=exchange.form.version,
                include=include,
                metadata=metadata,
            )
        case Form.PARTIAL:
            raise status.not_in_form("PartialObjectMetadata", "is a list", f"*{resource.internal_name}List")
        case Form.PARTIAL_LIST:
            document = table.partial_list(items, metadata, exchange.form.version)
        case Form.OBJECT:
            listed: list[Json] = [
                {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}
                for item in items
            ]
            document = {
                "kind": resource.list_kind,
                "apiVersion": resource.at.api_version,
                "metadata": metadata,
                "items": listed,
            }
    return _in_form(exchange, document)


def rendered(exchange: Exchange, resource: Resource, body: JsonObject, *, headers: bool = True) -> JsonObject:
    """Return one object as itself, as a Table or as its metadata alone."""
    match exchange.form.form:
        case Form.TABLE:
            include = table.IncludeObject.parse(exchange.query.get("includeObject", ""))
            return table.table(
                resource,
                [body],
                exchange.now,
                version=exchange.form.version,
                include=include,
                metadata=table.single_metadata(body),
                headers=headers,
            )
        case Form.PARTIAL | Form.PARTIAL_LIST:
            return table.partial(body, exchange.form.version)
        case Form.OBJECT:
            return body


def _in_form(
    exchange: Exchange, document: JsonObject, code: int = 200, warnings: Iterable[str] = ()
) -> Response:
    """Return a document in the media type that was asked for."""
    answer = json_answer(document, code, warnings)
    if exchange.form.media_type != YAML:
        return answer
    headers = tuple((name, YAML if name == "content-type" else value) for name, value in answer.headers)
    return Response(code, yaml.safe_dump(json.loads(answer.body), allow_unicode=True).encode(), headers)


def json_answer(document: JsonObject, code: int = 200, warnings: Iterable[str] = ()) -> Response:
    """Return a JSON document."""
    headers = [("content-type", JSON), *(("warning", warning_header(text)) for text in warnings)]
    return Response(code, to_json(document), tuple(headers))


def page_answer(page: Page, request: Request) -> Response:
    """Return a document, or that the client has it already."""
    headers = (("content-type", page.content_type), ("etag", page.etag), ("vary", "Accept"))
    if request.header("if-none-match") == page.etag:
        return Response(304, b"", headers)
    return Response(200, page.body, headers)


def status_answer(error: status.KubeError) -> Response:
    """Return a failure Status."""
    headers = [("content-type", JSON), *(("warning", warning_header(text)) for text in error.warnings)]
    if error.code == 401:
        headers.append(("www-authenticate", "Bearer"))
    if error.code == 429:
        headers.append(("retry-after", "1"))
    return Response(error.code, to_json(error.document()), tuple(headers))


def resource_version(text: str) -> int | None:
    """Read a resourceVersion query parameter; None where there is none.

    Raises:
        KubeError: 400, not a number.
    """
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        shown = status.quote(text)
        raise status.bad_request(
            f"invalid resource version: resourceVersion: Invalid value: {shown}: "
            f"strconv.ParseUint: parsing {shown}: invalid syntax"
        )
    return int(text)
