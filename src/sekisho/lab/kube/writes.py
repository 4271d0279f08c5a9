"""Writes that pass admission before they are stored, whoever makes them: a client or a controller."""

from collections.abc import Callable
from dataclasses import replace

from sekisho.decide.values import JsonObject
from sekisho.lab.kube.admission_chain import AdmissionChain
from sekisho.lab.kube.deletion import Deleted
from sekisho.lab.kube.objects import KubeObjects, Strategy, Written
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.wire.kube import status
from sekisho.wire.kube.registry import Resource

MAX_UPDATES = 5
"""How often an update is tried that others overtake."""


class _MovedOnError(Exception):
    """Another request wrote the object while webhooks were asked about this one."""


class Writes:
    """Creates, updates and deletes the objects of one cluster."""

    def __init__(self, objects: KubeObjects, admission: AdmissionChain) -> None:
        self._objects = objects
        self._admission = admission

    async def created(
        self, write: Write, check: Callable[[JsonObject], None], warnings: list[str]
    ) -> Written:
        """Create an object; ``check`` validates it between the webhooks that change and those that judge.

        Raises:
            KubeError: as the API answers.
        """
        body = self._objects.begun(await self._admission.mutated(write, warnings))
        check(body)
        await self._admission.validated(replace(write, body=body), warnings)
        return self._objects.create(write.resource, write.namespace, body, dry_run=write.is_dry_run)

    async def updated(
        self,
        resource: Resource,
        place: tuple[str, str],
        wanted: Callable[[JsonObject], Write],
        settle: Callable[[JsonObject, JsonObject], JsonObject],
        strategy: Strategy,
        warnings: list[str],
        shown: Callable[[JsonObject], JsonObject] = lambda body: body,
    ) -> Written:
        """Update the object at ``place`` (namespace and name); where another writes it meanwhile, once more.

        ``wanted`` gets the object as stored. ``settle`` gets that, and the one that the webhooks want, and
        returns it as it is to be stored: admission sees also what the strategy then leaves as it is.
        ``shown`` makes of that what the request is about, where it is another kind.

        Raises:
            KubeError: as the API answers.
        """
        for _ in range(MAX_UPDATES):
            before = self._objects.read(resource, *place)
            write = wanted(before)
            body = settle(before, await self._admission.mutated(write, warnings))
            await self._admission.validated(replace(write, body=shown(body)), warnings)

            def admitted(now: JsonObject, before: JsonObject = before, body: JsonObject = body) -> JsonObject:
                if now != before:
                    raise _MovedOnError
                return body

            try:
                return self._objects.update(
                    resource, *place, admitted, dry_run=write.is_dry_run, strategy=strategy
                )
            except _MovedOnError:
                continue
        raise status.conflict(resource.plural, resource.group, place[1])

    async def deleted(self, write: Write, options: JsonObject) -> Deleted:
        """Delete an object, by meta/v1 DeleteOptions.

        Raises:
            KubeError: as the API answers.
        """
        await self._admission.mutated(write, [])
        await self._admission.validated(write, [])
        return self._objects.delete(
            write.resource, write.namespace, write.name, options, dry_run=write.is_dry_run
        )
