"""Subresources that are documents of another kind: scale, and a pod's binding and eviction.

Source: kubernetes ``pkg/registry/apps/deployment/storage`` (ScaleREST), ``pkg/registry/core/pod/storage``
(BindingREST, EvictionREST). No disruption budget holds an eviction back, because the lab serves none.
"""

from collections.abc import Callable
from dataclasses import replace

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.kube.admission_chain import AdmissionChain, write_of
from sekisho.lab.kube.exchange import Exchange, json_answer
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.strategies import as_updated
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.lab.kube.writes import Writes
from sekisho.wire.http import BodyTooLarge, Response
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import patch, schema, status, validate
from sekisho.wire.kube.body import FieldValidation
from sekisho.wire.kube.causes import bad_value, required
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.registry import AUTOSCALING, CORE, POLICY, GroupVersion, Resource
from sekisho.wire.kube.selectors import selector_text

SERVED = frozenset({"binding", "eviction", "scale"})


class Subresources:
    """Answers for one cluster."""

    def __init__(self, objects_: KubeObjects, admission: AdmissionChain, writes: Writes) -> None:
        self._objects = objects_
        self._writes = writes
        self._admission = admission
        self._schema = schema.load()

    async def answer(self, exchange: Exchange, resource: Resource) -> Response:
        """Do what an authorized request asks.

        Raises:
            KubeError: the failure Status to answer with.
        """
        name = exchange.attributes.subresource
        served = resource.subresource(name)
        if served is None or exchange.attributes.verb not in served.verbs:
            raise status.method_not_allowed()
        match name:
            case "scale":
                return await self._scale(exchange, resource)
            case "binding":
                return await self._bind(exchange, resource)
            case _:
                return await self._evict(exchange, resource)

    async def _scale(self, exchange: Exchange, resource: Resource) -> Response:
        attributes = exchange.attributes
        place = attributes.namespace, attributes.name
        found = self._objects.read(resource, *place)
        if attributes.verb == "get":
            return json_answer(scale_of(found))
        change = await self._read_change(exchange)

        def wanted(before: JsonObject) -> Write:
            old = scale_of(before)
            body = validate.place(resource, change(old), *place)
            return write_of(exchange, "UPDATE", resource, body, old, kind=(AUTOSCALING, "Scale"))

        def settle(before: JsonObject, scale: JsonObject) -> JsonObject:
            replicas = number(scale, "spec", "replicas")
            if replicas < 0:
                cause = bad_value("spec.replicas", replicas, "must be greater than or equal to 0")
                raise status.invalid("Scale", AUTOSCALING.group, attributes.name, [cause])
            metadata = dict(mapping(before, "metadata"))
            version = text(scale, "metadata", "resourceVersion")
            metadata |= {"resourceVersion": version} if version else {}
            return {**before, "metadata": metadata, "spec": {**mapping(before, "spec"), "replicas": replicas}}

        warnings: list[str] = []
        written = await self._writes.updated(
            resource, place, wanted, settle, as_updated, warnings, shown=scale_of
        )
        return json_answer(scale_of(written.body), 200, warnings)

    async def _read_change(self, exchange: Exchange) -> Callable[[JsonObject], JsonObject]:
        """Return what makes a Scale the wanted one."""
        if exchange.attributes.verb == "update":
            given = await self._read(exchange, AUTOSCALING, "Scale")
            return lambda _: given
        kind = patch.PatchType.parse(exchange.request.header("content-type") or "")
        if kind is patch.PatchType.APPLY:
            raise status.KubeError(415, "UnsupportedMediaType", "scale takes no server-side apply")
        wanted = patch.read_patch(await self._raw(exchange), kind)

        def change(before: JsonObject) -> JsonObject:
            patched = patch.apply_patch(before, wanted, kind, "autoscaling.v1.Scale", self._schema)
            validation = FieldValidation.parse("")
            return bodies.check_object(patched, AUTOSCALING, "Scale", self._schema, validation).value

        return change

    async def _bind(self, exchange: Exchange, resource: Resource) -> Response:
        attributes = exchange.attributes
        wanted = await self._read(exchange, CORE, "Binding")
        if text(wanted, "metadata", "name") != attributes.name:
            raise status.bad_request("name in URL does not match name in Binding object")
        wanted = await self._admitted(exchange, resource, wanted, (CORE, "Binding"))
        node = text(wanted, "target", "name")
        if not node:
            raise status.invalid("Binding", "", attributes.name, [required("target.name")])

        def change(pod: JsonObject) -> JsonObject:
            bound = text(pod, "spec", "nodeName")
            if text(pod, "metadata", "deletionTimestamp") or bound:
                sentence = (
                    f"pod {attributes.name} is already assigned to node {status.quote(bound)}"
                    if bound
                    else f"pod {attributes.name} is being deleted, cannot be assigned to a host"
                )
                raise status.conflict("pods/binding", "", attributes.name, sentence)
            told = [c for c in objects(pod, "status", "conditions") if text(c, "type") != "PodScheduled"]
            scheduled: JsonObject = {
                "type": "PodScheduled",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": exchange.now.rfc3339(),
            }
            return {
                **pod,
                "spec": {**mapping(pod, "spec"), "nodeName": node},
                "status": {**mapping(pod, "status"), "conditions": [*told, scheduled]},
            }

        self._objects.update(
            resource,
            attributes.namespace,
            attributes.name,
            change,
            dry_run=exchange.dry_run,
            strategy=lambda _, __, bound: bound,
        )
        return json_answer(_succeeded(201), 201)

    async def _evict(self, exchange: Exchange, resource: Resource) -> Response:
        attributes = exchange.attributes
        wanted = await self._read(exchange, POLICY, "Eviction")
        if text(wanted, "metadata", "name") not in ("", attributes.name):
            raise status.bad_request("name in URL does not match name in Eviction object")
        wanted = await self._admitted(exchange, resource, wanted, (POLICY, "Eviction"))
        options = mapping(wanted, "deleteOptions")
        dry_run = exchange.dry_run or bool(options.get("dryRun"))
        self._objects.delete(resource, attributes.namespace, attributes.name, options, dry_run=dry_run)
        return json_answer(_succeeded(201), 201)

    async def _admitted(
        self, exchange: Exchange, resource: Resource, body: JsonObject, kind: tuple[GroupVersion, str]
    ) -> JsonObject:
        body = validate.place(resource, body, exchange.attributes.namespace)
        write = write_of(exchange, "CREATE", resource, body, kind=kind)
        admitted = await self._admission.mutated(write, [])
        await self._admission.validated(replace(write, body=admitted), [])
        return admitted

    async def _raw(self, exchange: Exchange) -> bytes:
        try:
            return await exchange.request.body(bodies.MAX_BODY_BYTES)
        except BodyTooLarge:
            raise status.too_large(bodies.MAX_BODY_BYTES) from None

    async def _read(self, exchange: Exchange, at: GroupVersion, kind: str) -> JsonObject:
        content_type = exchange.request.header("content-type") or ""
        validation = FieldValidation.parse(exchange.query.get("fieldValidation", ""))
        raw = await self._raw(exchange)
        return bodies.read_object(raw, content_type, at, kind, self._schema, validation).value


def scale_of(body: JsonObject) -> dict[str, Json]:
    """Return the Scale of a Deployment or ReplicaSet."""
    metadata = mapping(body, "metadata")
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = mapping(body, "status").get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": AUTOSCALING.api_version,
        "metadata": {name: metadata[name] for name in shown if name in metadata},
        "spec": {"replicas": number(body, "spec", "replicas")} if number(body, "spec", "replicas") else {},
        "status": {"replicas": replicas, "selector": selector_text(mapping(body, "spec", "selector"))},
    }


def _succeeded(code: int) -> dict[str, Json]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}
