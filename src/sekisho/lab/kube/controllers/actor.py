"""A controller's way to the API: as its own service account, through authorization and admission.

kube-controller-manager runs every controller as ``system:serviceaccount:kube-system:NAME``
(``--use-service-account-credentials``); who takes its rights away stops it here too.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

from sekisho.decide.chain import admitted
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Instant, Json, JsonObject, KubeUser
from sekisho.lab.kube.controllers.controller import served
from sekisho.lab.kube.deletion import Deleted
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.strategies import as_updated, with_namespace_finalizers, with_status
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.lab.kube.writes import Writes
from sekisho.lab.world import Clock
from sekisho.wire.kube import status, validate
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.members import mapping, number, text
from sekisho.wire.kube.registry import CORE, Resource

EVENTS = served(CORE, "events")
EVENT_LIFE = timedelta(hours=1)
"""How long an API server keeps Events (``--event-ttl``)."""

_STRATEGIES = {"": as_updated, "status": with_status, "finalize": with_namespace_finalizers}

Change = Callable[[JsonObject], JsonObject]


class Actor:
    """What one controller may do in one cluster; without a name it acts as kube-controller-manager."""

    def __init__(
        self, name: str, component: str, live: LiveCluster, objects: KubeObjects, writes: Writes, clock: Clock
    ) -> None:
        groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")
        account = KubeUser(f"system:serviceaccount:kube-system:{name}", groups)
        self._user = account if name else KubeUser("system:kube-controller-manager", groups[-1:])
        self._component = component
        self._live = live
        self._objects = objects
        self._writes = writes
        self._clock = clock

    @property
    def now(self) -> Instant:
        """The lab's present moment."""
        return self._clock.now()

    def find(self, resource: Resource, namespace: str, name: str) -> JsonObject | None:
        """Return an object, None where there is none."""
        exists = self._objects.exists(resource, namespace, name)
        return self._objects.read(resource, namespace, name) if exists else None

    def listing(self, resource: Resource, namespace: str = "") -> list[JsonObject]:
        """Return the objects of a namespace or of all, sorted by name."""
        return self._objects.listing(resource, namespace)

    async def create(self, resource: Resource, namespace: str, body: JsonObject) -> JsonObject:
        """Create an object.

        Raises:
            KubeError: as the API answers.
        """
        self._may("create", resource, namespace)
        typed = {"apiVersion": resource.at.api_version, "kind": resource.kind, **body}
        defaulted = with_defaults(resource, validate.place(resource, typed, namespace))
        name = text(defaulted, "metadata", "name")
        write = Write("CREATE", resource, namespace, name, self._user, defaulted, options=_options("Create"))
        written = await self._writes.created(write, lambda made: validate.validate(resource, made), [])
        return written.body

    async def update(
        self, resource: Resource, body: JsonObject, change: Change, subresource: str = ""
    ) -> JsonObject:
        """Replace ``body`` by what ``change`` makes of it as it is stored now.

        Raises:
            KubeError: as the API answers.
        """
        return await self._change("update", resource, body, change, subresource)

    async def patch(self, resource: Resource, body: JsonObject, change: Change) -> JsonObject:
        """As `update`, by the right to patch.

        Raises:
            KubeError: as the API answers.
        """
        return await self._change("patch", resource, body, change)

    async def _change(
        self, verb: str, resource: Resource, body: JsonObject, change: Change, subresource: str = ""
    ) -> JsonObject:
        place = text(body, "metadata", "namespace"), text(body, "metadata", "name")
        self._may(verb, resource, *place, subresource)
        strategy = _STRATEGIES[subresource]
        before = self._objects.read(resource, *place)
        if strategy(resource, before, change(before)) == before:
            return before  # a controller does not ask for what is so

        def wanted(before: JsonObject) -> Write:
            after, options = change(before), _options(verb.capitalize())
            return Write("UPDATE", resource, *place, self._user, after, before, subresource, options=options)

        written = await self._writes.updated(
            resource, place, wanted, lambda before, after: strategy(resource, before, after), strategy, []
        )
        return written.body

    async def put_status(self, resource: Resource, body: JsonObject, wanted: JsonObject) -> None:
        """Make ``wanted`` the status of an object, if it is not.

        Raises:
            KubeError: as the API answers.
        """
        if mapping(body, "status") != wanted:
            await self.update(resource, body, lambda before: {**before, "status": wanted}, "status")

    async def delete(self, resource: Resource, body: JsonObject, **given: Json) -> Deleted:
        """Delete this very object.

        Raises:
            KubeError: as the API answers.
        """
        place = text(body, "metadata", "namespace"), text(body, "metadata", "name")
        self._may("delete", resource, *place)
        options = {**given, "preconditions": {"uid": text(body, "metadata", "uid")}}
        old = self._objects.read(resource, *place)
        told = {**options, **_options("Delete")}
        write = Write("DELETE", resource, *place, self._user, None, old, options=told)
        return await self._writes.deleted(write, options)

    async def tell(self, about: JsonObject, reason: str, message: str, *, warning: bool = False) -> None:
        """Record an Event; one that is told again is counted. What cannot be told is not."""
        namespace = text(about, "metadata", "namespace") or "default"
        involved: dict[str, Json] = {
            "kind": text(about, "kind"),
            "namespace": text(about, "metadata", "namespace"),
            "name": text(about, "metadata", "name"),
            "uid": text(about, "metadata", "uid"),
            "apiVersion": text(about, "apiVersion"),
            "resourceVersion": text(about, "metadata", "resourceVersion"),
        }
        kind = "Warning" if warning else "Normal"
        told = "\n".join((text(about, "metadata", "uid"), self._component, kind, reason, message))
        name = f"{text(about, 'metadata', 'name')}.{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        now = self.now
        self._forget_events(namespace, now)
        try:
            found = self.find(EVENTS, namespace, name)
            if found is not None:
                again: dict[str, Json] = {"count": number(found, "count") + 1, "lastTimestamp": now.rfc3339()}
                await self.patch(EVENTS, found, lambda before: {**before, **again})
                return
            await self.create(
                EVENTS,
                namespace,
                {
                    "metadata": {"name": name},
                    "involvedObject": involved,
                    "reason": reason,
                    "message": message,
                    "source": {"component": self._component},
                    "firstTimestamp": now.rfc3339(),
                    "lastTimestamp": now.rfc3339(),
                    "count": 1,
                    "type": kind,
                    "eventTime": None,
                    "reportingComponent": self._component,
                    "reportingInstance": "",
                },
            )
        except status.KubeError:
            return  # the namespace is going away, or the controller may not write Events

    def _forget_events(self, namespace: str, now: Instant) -> None:
        ended = (now + -EVENT_LIFE).rfc3339()
        for event in self.listing(EVENTS, namespace):
            last = text(event, "lastTimestamp") or text(event, "metadata", "creationTimestamp")
            if last < ended:
                self._objects.delete(EVENTS, namespace, text(event, "metadata", "name"), {})

    def _may(
        self, verb: str, resource: Resource, namespace: str, name: str = "", subresource: str = ""
    ) -> None:
        asked = RequestAttributes(
            verb, resource.group, resource.version, resource.plural, subresource, namespace, name
        )
        if not admitted(self._user, asked, self._live):
            raise status.forbidden_resource(
                self._user.name,
                verb,
                group=resource.group,
                resource=resource.plural,
                subresource=subresource,
                name=name,
                namespace=namespace,
            )


def _options(operation: str) -> dict[str, Json]:
    return {"kind": f"{operation}Options", "apiVersion": "meta.k8s.io/v1"}
