"""OpenAPI documents: an empty v2, and v3 per group version from the schema table.

A v2 answer without content satisfies every kubectl; v3 tells clients of ``fieldValidation`` (so they
leave validation to the server) and gives ``kubectl explain`` fields and types.
Source: Kubernetes documentation, "The Kubernetes API", section "OpenAPI interface definition".
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from sekisho.decide.values import Json
from sekisho.decide.values.documents import to_json
from sekisho.wire.kube import published
from sekisho.wire.kube import schema as schemas
from sekisho.wire.kube.discovery import Page
from sekisho.wire.kube.negotiate import JSON
from sekisho.wire.kube.published import component
from sekisho.wire.kube.registry import GroupVersion, Registry, Resource
from sekisho.wire.kube.schema import Field, Schema

V2 = Page("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", b"")
"""The answer to ``/openapi/v2``."""

_GVK = "x-kubernetes-group-version-kind"
_OPERATIONS = {"get": "get", "put": "update", "patch": "patch", "delete": "delete"}
_COLLECTION = {"get": "list", "post": "create", "delete": "deletecollection"}
_SPECIAL: dict[str, dict[str, Json]] = {
    schemas.TIME: {"type": "string", "format": "date-time"},
    schemas.MICRO_TIME: {"type": "string", "format": "date-time"},
    schemas.DURATION: {"type": "string"},
    schemas.QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    schemas.INT_OR_STRING: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    schemas.FIELDS_V1: {"type": "object"},
    schemas.RAW_EXTENSION: {"type": "object"},
}
_SCALARS: dict[str, dict[str, Json]] = {
    schemas.STRING: {"type": "string", "default": ""},
    schemas.BYTES: {"type": "string", "format": "byte"},
    schemas.BOOL: {"type": "boolean", "default": False},
    "double": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
}


@dataclass(frozen=True)
class OpenApi:
    """The documents of one registry; each is built when it is first asked for."""

    registry: Registry
    schema: Schema
    git_version: str

    @cached_property
    def _versions(self) -> dict[str, GroupVersion]:
        versions = dict.fromkeys(resource.at for resource in self.registry.resources)
        return {at.path.strip("/"): at for at in versions}

    @cached_property
    def _built(self) -> dict[str, Page]:
        return {}

    def page(self, path: str) -> Page | None:
        """Return the document at ``/openapi/v2`` or below ``/openapi/v3``, None where there is none."""
        if path == "/openapi/v2":
            return V2
        if path.rstrip("/") == "/openapi/v3":
            return Page(JSON, to_json({"paths": {name: self._link(name) for name in self._versions}}))
        name = path.removeprefix("/openapi/v3/")
        if name in self._versions and name not in self._built:
            self._built[name] = self._document(self._versions[name])
        return self._built.get(name)

    def _link(self, name: str) -> dict[str, Json]:
        """Return where a document is; its hash is of what it is made from, so that no list needs it made."""
        resources = self.registry.in_version(self._versions[name])
        made_from = f"{self.git_version} {published.digest()} {resources}"
        digest = hashlib.sha256(made_from.encode()).hexdigest().upper()
        return {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}

    def _document(self, at: GroupVersion) -> Page:
        resources = self.registry.in_version(at)
        kinds = {r.kind: self.schema.of_kind(at.api_version, r.kind) for r in resources}
        roots = {message.name: kind for kind, message in kinds.items() if message}
        components = published.with_references(component(name) for name in roots)
        unpublished = [name for name in roots if component(name) not in components]
        for name in self.schema.reachable(*unpublished):
            found = self._component_schema(name, at, roots.get(name, ""))
            components.setdefault(component(name), found)
        paths: dict[str, Json] = {}
        for resource in resources:
            message = kinds[resource.kind]
            paths |= _paths(resource, component(message.name) if message else "")
        return Page(
            JSON,
            to_json(
                {
                    "openapi": "3.0.0",
                    "info": {"title": "Kubernetes", "version": self.git_version},
                    "paths": paths,
                    "components": {"schemas": components},
                }
            ),
        )

    def _component_schema(self, name: str, at: GroupVersion, kind: str) -> dict[str, Json]:
        message = self.schema.message(name)
        if message.is_list:
            return {"type": "array", "items": _type(message.fields[0].type)}
        properties: dict[str, Json] = {}
        if kind:
            properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        members = self.schema.members(name)
        properties |= {field_name: _property(field) for field_name, field in members.items()}
        result: dict[str, Json] = {"type": "object", "properties": properties}
        required = [field_name for field_name, field in members.items() if field.required]
        if required:
            result["required"] = required
        if kind:
            result[_GVK] = [{"group": at.group, "version": at.version, "kind": kind}]
        return result


def _property(field: Field) -> dict[str, Json]:
    inner = _type(field.type)
    match field.shape:
        case "list":
            shaped: dict[str, Json] = {"type": "array", "items": inner, **_list_marks(field)}
        case "map":
            shaped = {"type": "object", "additionalProperties": inner}
        case "one":
            shaped = inner if "$ref" not in inner else {"allOf": [inner], "default": {}}
    if field.atomic:
        shaped = {**shaped, "x-kubernetes-map-type": "atomic"}
    return shaped


def _list_marks(field: Field) -> dict[str, Json]:
    merging = field.merging
    marks: dict[str, Json] = {
        "x-kubernetes-list-type": merging.get("listType", ""),
        "x-kubernetes-list-map-keys": merging.get("listMapKeys", []),
        "x-kubernetes-patch-strategy": merging.get("strategy", ""),
        "x-kubernetes-patch-merge-key": merging.get("mergeKey", ""),
    }
    return {name: value for name, value in marks.items() if value}


def _type(name: str) -> dict[str, Json]:
    if name in _SPECIAL:
        return dict(_SPECIAL[name])
    if name in _SCALARS:
        return dict(_SCALARS[name])
    if name in schemas.INTEGERS:
        return {"type": "integer", "format": name.removeprefix("u")}
    return {"$ref": f"#/components/schemas/{component(name)}"}


def _paths(resource: Resource, component: str) -> dict[str, Json]:
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    base = f"{resource.at.path}{scope}/{resource.plural}"
    shared: list[Json] = [_parameter("namespace", "path")] if resource.namespaced else []
    collection = {
        method: _operation(resource, component, verb, method)
        for method, verb in _COLLECTION.items()
        if verb in resource.verbs
    }
    single = {
        method: _operation(resource, component, verb, method)
        for method, verb in _OPERATIONS.items()
        if verb in resource.verbs
    }
    paths: dict[str, Json] = {base: {**collection, "parameters": shared}}
    if single:
        paths[base + "/{name}"] = {**single, "parameters": [*shared, _parameter("name", "path")]}
    return paths


def _operation(resource: Resource, component: str, verb: str, method: str) -> dict[str, Json]:
    content: dict[str, Json] = {}
    if component and verb not in {"list", "deletecollection"}:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}}
    writes = method in {"post", "put", "patch"}
    names = ["dryRun", "fieldManager", "fieldValidation"] if writes else []
    names += ["force"] if method == "patch" else []
    operation: dict[str, Json] = {
        "operationId": f"{verb}{resource.version.capitalize()}{resource.kind}",
        "parameters": [_parameter(name, "query") for name in names],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": verb,
        _GVK: {"group": resource.group, "version": resource.version, "kind": resource.kind},
    }
    if writes and content:
        operation["requestBody"] = {"content": content}
    return operation


def _parameter(name: str, place: str) -> dict[str, Json]:
    value: dict[str, Json] = {"type": "boolean" if name == "force" else "string", "uniqueItems": True}
    return {"name": name, "in": place, "required": place == "path", "schema": value}
