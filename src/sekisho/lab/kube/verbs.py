"""The verbs on stored resources: get, list, watch, create, update, patch, delete, deletecollection."""

from collections.abc import Callable
from dataclasses import replace

from sekisho.decide.chain import admitted
from sekisho.decide.decision import ReasonCode
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.rbac import cover
from sekisho.decide.rbac.objects import GROUP as RBAC_GROUP
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import creation_by_update
from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.lab.kube import apply
from sekisho.lab.kube.admission_chain import write_of
from sekisho.lab.kube.deletion import Deleted
from sekisho.lab.kube.deletion import warnings as deletion_warnings
from sekisho.lab.kube.exchange import (
    Exchange,
    json_answer,
    list_answer,
    object_answer,
    rendered,
    resource_version,
)
from sekisho.lab.kube.list_pages import continue_token, continued, place_of
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects, Strategy
from sekisho.lab.kube.selection import selected
from sekisho.lab.kube.strategies import as_updated, with_namespace_finalizers, with_status
from sekisho.lab.kube.watch import Watch, WatchOptions, WatchScope
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.lab.kube.writes import Writes
from sekisho.lab.world import World
from sekisho.wire.http import BodyTooLarge, Response, StreamResponse
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import patch, schema, status, validate
from sekisho.wire.kube.body import Decoded, FieldValidation
from sekisho.wire.kube.causes import bad_value
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.options import check_delete_options, query_options
from sekisho.wire.kube.registry import Resource

MAX_WATCH_SECONDS = 3_600.0

STATUS_STRATEGIES: dict[str, Strategy] = {"status": with_status, "finalize": with_namespace_finalizers}
"""Subresources that are the object itself, of which they change one part."""


class GrantRefusedError(status.KubeError):
    """A write of an RBAC object that its writer may not make: an answer that identity decided."""

    def __init__(self, error: status.KubeError, reason_code: ReasonCode) -> None:
        super().__init__(error.code, error.reason, error.message, error.details)
        self.reason_code = reason_code


class Verbs:
    """Answers the verbs of one cluster's stored resources."""

    def __init__(self, world: World, cluster: LiveCluster, objects: KubeObjects, writes: Writes) -> None:
        self._writes = writes
        self._world = world
        self._cluster = cluster
        self._objects = objects
        self._schema = schema.load()

    async def answer(self, exchange: Exchange, resource: Resource) -> Response | StreamResponse:
        """Do what an authorized request asks.

        Raises:
            KubeError: the failure Status to answer with.
        """
        warnings: list[str] = []
        try:
            return await self._answer(exchange, resource, warnings)
        except status.KubeError as error:
            error.warnings = tuple(warnings)
            raise

    async def _answer(
        self, exchange: Exchange, resource: Resource, warnings: list[str]
    ) -> Response | StreamResponse:
        attributes = exchange.attributes
        part = resource.subresource(attributes.subresource)
        if attributes.verb not in (resource if part is None else part).verbs:
            raise status.method_not_allowed()
        match attributes.verb:
            case "get":
                found = self._objects.read(resource, attributes.namespace, attributes.name)
                return object_answer(exchange, resource, found)
            case "list":
                return self._list(exchange, resource)
            case "watch":
                return self._watch(exchange, resource)
            case "create":
                return await self._create(exchange, resource, warnings)
            case "update":
                return await self._update(exchange, resource, warnings)
            case "patch":
                return await self._patch(exchange, resource, warnings)
            case "delete":
                return await self._delete(exchange, resource)
            case "deletecollection":
                return await self._delete_collection(exchange, resource)
        raise status.method_not_allowed()

    def _list(self, exchange: Exchange, resource: Resource) -> Response:
        matches = selected(exchange, resource)
        found = [
            body for body in self._objects.listing(resource, exchange.attributes.namespace) if matches(body)
        ]
        resource_version(exchange.query.get("resourceVersion", ""))
        limit = exchange.query.get("limit", "")
        start = continued(exchange.query.get("continue", ""))
        after = [body for body in found if start is None or place_of(body) > start]
        metadata: dict[str, Json] = {"resourceVersion": str(self._objects.revision)}
        size = int(limit) if limit.isascii() and limit.isdecimal() and len(limit) < 9 else 0
        if size and len(after) > size:
            metadata["continue"] = continue_token(place_of(after[size - 1]))
            metadata["remainingItemCount"] = len(after) - size
            after = after[:size]
        return list_answer(exchange, resource, after, metadata)

    def _watch(self, exchange: Exchange, resource: Resource) -> StreamResponse:
        seconds = exchange.query.get("timeoutSeconds", "")
        is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) < 9
        options = WatchOptions(
            resource_version(exchange.query.get("resourceVersion", "")),
            min(float(seconds), MAX_WATCH_SECONDS) if is_number and int(seconds) else MAX_WATCH_SECONDS,
            exchange.flag("allowWatchBookmarks"),
            exchange.flag("sendInitialEvents"),
        )
        scope = WatchScope(str(self._cluster.cluster.arn), resource, exchange.attributes.namespace)
        first = True

        def render(body: JsonObject) -> JsonObject:
            nonlocal first
            document = rendered(exchange, resource, body, headers=first)
            first = False
            return document

        watch = Watch(self._world, scope, selected(exchange, resource), render, options)
        return StreamResponse(200, watch.stream(), (("content-type", "application/json"),))

    async def _create(self, exchange: Exchange, resource: Resource, warnings: list[str]) -> Response:
        decoded = await self._decoded(exchange, resource)
        warnings += decoded.warnings
        namespace = exchange.attributes.namespace
        if text(decoded.value, "metadata", "resourceVersion") and not exchange.dry_run:
            raise status.set_on_create()
        placed = validate.place(resource, decoded.value, namespace)
        defaulted = apply.tracked(exchange, resource, {}, with_defaults(resource, placed))
        return await self._made(exchange, resource, defaulted, warnings)

    async def _made(
        self, exchange: Exchange, resource: Resource, body: JsonObject, warnings: list[str]
    ) -> Response:
        """Create an object that was decoded: admission, a name where it has none, validation, storage."""

        def check(admitted_body: JsonObject) -> None:
            validate.validate(resource, admitted_body)
            self._may_grant(exchange, resource, admitted_body, "create")

        written = await self._writes.created(write_of(exchange, "CREATE", resource, body), check, warnings)
        return object_answer(exchange, resource, written.body, 201, warnings)

    async def _replaced(
        self,
        exchange: Exchange,
        resource: Resource,
        change: Callable[[JsonObject], JsonObject],
        warnings: list[str],
        *,
        is_tracked: bool = False,
    ) -> Response:
        """Update an object by ``change``.

        ``is_tracked``: the change says itself who owns which field.
        """
        strategy = STATUS_STRATEGIES.get(exchange.attributes.subresource, as_updated)
        place = exchange.attributes.namespace, exchange.attributes.name

        def wanted(before: JsonObject) -> Write:
            return write_of(exchange, "UPDATE", resource, change(before), before)

        def settle(before: JsonObject, admitted_body: JsonObject) -> JsonObject:
            body = self._checked(exchange, resource, strategy(resource, before, admitted_body), before)
            return body if is_tracked else apply.tracked(exchange, resource, before, body)

        written = await self._writes.updated(resource, place, wanted, settle, strategy, warnings)
        return object_answer(exchange, resource, written.body, 200, warnings)

    async def _update(self, exchange: Exchange, resource: Resource, warnings: list[str]) -> Response:
        attributes = exchange.attributes
        decoded = await self._decoded(exchange, resource)
        warnings += decoded.warnings
        placed = validate.place(resource, decoded.value, attributes.namespace, attributes.name)
        body = with_defaults(resource, placed)
        if not self._objects.exists(resource, attributes.namespace, attributes.name):
            if attributes.subresource or not self._objects.may_create_by_update(resource):
                raise status.not_found(resource.plural, resource.group, attributes.name)
            self._may_create_by_update(exchange)
            made = apply.tracked(exchange, resource, {}, body)
            return await self._made(exchange, resource, made, warnings)

        return await self._replaced(exchange, resource, lambda _: body, warnings)

    async def _patch(self, exchange: Exchange, resource: Resource, warnings: list[str]) -> Response:
        attributes = exchange.attributes
        kind = patch.PatchType.parse(exchange.request.header("content-type") or "")
        if kind is patch.PatchType.APPLY:
            return await self._apply(exchange, resource, warnings)
        wanted = patch.read_patch(await _body(exchange), kind)

        def change(before: JsonObject) -> JsonObject:
            message = self._schema.of_kind(resource.at.api_version, resource.kind)
            named = message.name if message is not None else resource.kind
            patched = patch.apply_patch(before, wanted, kind, named, self._schema)
            try:
                checked = bodies.check_object(
                    patched, resource.at, resource.kind, self._schema, _field_validation(exchange)
                )
            except status.KubeError as error:
                problem = error.message.partition(": ")[2] or error.message
                cause = bad_value("patch", to_json(patched).decode(), problem)
                raise status.invalid("", "", "", [cause]) from None
            warnings[:] = checked.warnings
            placed = validate.place(resource, checked.value, attributes.namespace, attributes.name)
            uid = text(placed, "metadata", "uid")
            if uid and uid != text(before, "metadata", "uid"):
                cause = bad_value("metadata.uid", uid, "field is immutable")
                raise status.invalid(resource.kind, resource.group, attributes.name, [cause])
            return with_defaults(resource, placed)

        return await self._replaced(exchange, resource, change, warnings)

    async def _apply(self, exchange: Exchange, resource: Resource, warnings: list[str]) -> Response:
        attributes = exchange.attributes
        wanted = apply.read_applied(await _body(exchange))
        _field_validation(exchange)
        if not self._objects.exists(resource, attributes.namespace, attributes.name):
            if attributes.subresource:
                raise status.not_found(resource.plural, resource.group, attributes.name)
            self._may_create_by_update(exchange)
            made = apply.applied(exchange, resource, {}, wanted)
            return await self._made(exchange, resource, made, warnings)

        def change(before: JsonObject) -> JsonObject:
            return apply.applied(exchange, resource, before, wanted)

        return await self._replaced(exchange, resource, change, warnings, is_tracked=True)

    async def _delete(self, exchange: Exchange, resource: Resource) -> Response:
        attributes = exchange.attributes
        options = await self._options(exchange)
        left = await self._gone(exchange, resource, (attributes.namespace, attributes.name), options)
        told = deletion_warnings(resource, options)
        # A registry returns what it marked; that of service accounts and pods also what it removed.
        if not left.gone or resource.kind in ("Pod", "ServiceAccount"):
            return object_answer(exchange, resource, left.body, warnings=told)
        uid = text(left.body, "metadata", "uid")
        return json_answer(status.success(resource.plural, resource.group, attributes.name, uid), 200, told)

    async def _delete_collection(self, exchange: Exchange, resource: Resource) -> Response:
        options = await self._options(exchange)
        matches = selected(exchange, resource)
        found = [
            body for body in self._objects.listing(resource, exchange.attributes.namespace) if matches(body)
        ]
        for body in found:
            place = text(body, "metadata", "namespace"), text(body, "metadata", "name")
            await self._gone(exchange, resource, place, options)
        return list_answer(exchange, resource, found, {"resourceVersion": str(self._objects.revision)})

    async def _gone(
        self, exchange: Exchange, resource: Resource, place: tuple[str, str], options: JsonObject
    ) -> Deleted:
        write = write_of(exchange, "DELETE", resource, None, self._objects.read(resource, *place))
        write = replace(
            write,
            is_dry_run=write.is_dry_run or bool(options.get("dryRun")),
            options={**options, **write.options},
        )
        return await self._writes.deleted(write, options)

    async def _decoded(self, exchange: Exchange, resource: Resource) -> Decoded:
        content_type = exchange.request.header("content-type") or ""
        raw = await _body(exchange)
        validation = _field_validation(exchange)
        return bodies.read_object(raw, content_type, resource.at, resource.kind, self._schema, validation)

    async def _options(self, exchange: Exchange) -> JsonObject:
        content_type = exchange.request.header("content-type") or ""
        options = bodies.read_options(await _body(exchange), content_type, self._schema)
        check_delete_options(options)
        return {**query_options(exchange.query), **options}

    def _checked(
        self, exchange: Exchange, resource: Resource, body: JsonObject, before: JsonObject
    ) -> JsonObject:
        validate.validate(resource, body, before)
        if {**body, "metadata": None} != {**before, "metadata": None} or mapping(
            body, "metadata", "labels"
        ) != mapping(before, "metadata", "labels"):
            self._may_grant(exchange, resource, body, "update")
        return body

    def _may_create_by_update(self, exchange: Exchange) -> None:
        wanted = creation_by_update(exchange.attributes)
        if not admitted(exchange.user, wanted, self._cluster):
            raise status.forbidden_resource(
                exchange.user.name,
                wanted.verb,
                group=wanted.group,
                resource=wanted.resource,
                name=wanted.name,
                namespace=wanted.namespace,
            )

    def _may_grant(self, exchange: Exchange, resource: Resource, body: JsonObject, operation: str) -> None:
        """Refuse a write of an RBAC object that hands out what its writer does not hold."""
        if resource.group != RBAC_GROUP:
            return
        try:
            attempted = parse_object(body)
        except SekishoInputError as error:
            raise status.bad_request(str(error)) from None
        decision = cover.may_grant(
            exchange.user,
            operation,
            attempted,
            self._cluster.rbac,
            lambda asked: policy_authorizer.allows(exchange.user, asked, self._cluster.entries),
        )
        if decision.allowed:
            return
        code, name = decision.decisive[0].code, text(body, "metadata", "name")
        if code is cover.CoverCode.ROLE_MISSING:
            # kube-apiserver names the role, but the resource that was to be written.
            answer = status.not_found(resource.plural, RBAC_GROUP, text(body, "roleRef", "name"))
        else:
            answer = status.forbidden(resource.plural, resource.group, name, cover.message(decision))
        raise GrantRefusedError(answer, code)


async def _body(exchange: Exchange) -> bytes:
    try:
        return await exchange.request.body(bodies.MAX_BODY_BYTES)
    except BodyTooLarge:
        raise status.too_large(bodies.MAX_BODY_BYTES) from None


def _field_validation(exchange: Exchange) -> FieldValidation:
    return FieldValidation.parse(exchange.query.get("fieldValidation", ""))
