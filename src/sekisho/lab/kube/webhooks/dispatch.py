"""Asks the webhooks about a write, in order, and makes of their answers what kube-apiserver makes of them.

Source: k8s.io/apiserver ``pkg/admission/plugin/webhook/mutating/dispatcher.go`` and
``validating/dispatcher.go``; Kubernetes documentation, "Dynamic Admission Control".
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sekisho.decide.cel.authorizer import Authorize
from sekisho.decide.cel.conditions import ConditionError
from sekisho.decide.values import Json, JsonObject, Ref
from sekisho.lab.kube.admission_code import AdmissionCode, AdmissionRefusedError, refusal
from sekisho.lab.kube.objects import KubeObjects, check_size
from sekisho.lab.kube.webhooks.asked import Write, applies
from sekisho.lab.kube.webhooks.call import CallError, call
from sekisho.lab.kube.webhooks.conditions import asked_of, matches
from sekisho.lab.kube.webhooks.request import request_of, typed
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import schema, status, validate
from sekisho.wire.kube.admission_call import Answer, AnswerError, bounded_warnings, read_answer, write_review
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.members import items, mapping, number, objects, text
from sekisho.wire.kube.patch import json_patch
from sekisho.wire.kube.registry import ADMISSION_REGISTRATION, CORE, REGISTRY, GroupVersion, Resource
from sekisho.wire.kube.status import KubeError, quote

MAX_WEBHOOKS: Final = 256
"""How many webhooks are asked about one write."""

Remade = Callable[[JsonObject], JsonObject]
"""What the built-in plugins make of an object that webhooks changed."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One registered webhook: its configuration's name, its place in it, its document."""

    configuration: str
    index: int
    document: JsonObject

    @property
    def name(self) -> str:
        """The webhook's own name."""
        return text(self.document, "name")

    @property
    def is_optional(self) -> bool:
        """Whether a write goes on where the webhook cannot be asked."""
        return text(self.document, "failurePolicy") == "Ignore"


class Webhooks:
    """The webhooks of one cluster."""

    def __init__(self, objects_: KubeObjects, authorize: Authorize) -> None:
        self._objects = objects_
        self._authorize = authorize
        self._schema = schema.load()

    def are_asked(self, write: Write) -> bool:
        """Tell whether any webhook is asked about ``write``."""
        return bool(self._matching(_MUTATING, write) or self._matching(_VALIDATING, write))

    async def mutated(self, write: Write, remade: Remade, warnings: list[str]) -> Write:
        """Return ``write`` with what the mutating webhooks make of its object.

        Those that want it are asked again, once, where others changed the object after them.

        Raises:
            KubeError: one refuses, cannot be asked, or leaves something that is no object of the kind.
        """
        invoked: list[Hook] = []
        again: list[Hook] = []
        changed_at_all = False
        for hook in self._registered(_MUTATING, write):
            if not self._applies(hook, write):
                continue
            after = await self._changed(hook, write, warnings)
            if after is not None:
                write, changed_at_all = replace(write, body=after), True
                again, invoked = [*again, *invoked], []
            if text(hook.document, "reinvocationPolicy") == "IfNeeded":
                invoked.append(hook)
        if not changed_at_all or write.body is None:
            return write
        last = write.body
        write = replace(write, body=remade(last))
        if write.body != last:
            again = [*again, *invoked]
        for hook in again:
            if self._applies(hook, write):
                after = await self._changed(hook, write, warnings)
                write = write if after is None else replace(write, body=after)
        return write

    async def validated(self, write: Write, warnings: list[str]) -> None:
        """Ask the validating webhooks, all at once; the first refusal in their order counts.

        Raises:
            KubeError: one refuses or cannot be asked.
        """
        hooks = self._matching(_VALIDATING, write)
        answers = await asyncio.gather(*(self._ask(hook, write, mutating=False) for hook in hooks))
        failed: KubeError | None = None
        for hook, answer in zip(hooks, answers, strict=True):
            if isinstance(answer, Answer):
                warnings += answer.warnings
            error = answer if isinstance(answer, KubeError) else _denied(hook, answer)
            failed = failed or error
        if failed is not None:
            raise failed

    def _matching(self, resource: Resource, write: Write) -> list[Hook]:
        return [hook for hook in self._registered(resource, write) if self._applies(hook, write)]

    def _registered(self, resource: Resource, write: Write) -> list[Hook]:
        if write.is_exempt:
            return []
        found = [
            Hook(text(body, "metadata", "name"), index, hook)
            for body in self._objects.listing(resource)  # sorted by name, as kube-apiserver asks them
            for index, hook in enumerate(objects(body, "webhooks"))
        ]
        return found[:MAX_WEBHOOKS]

    def _applies(self, hook: Hook, write: Write) -> bool:
        place = write.namespace or (write.name if write.resource is _NAMESPACES else "")
        namespace = None
        if place and self._objects.exists(_NAMESPACES, "", place):
            namespace = self._objects.read(_NAMESPACES, "", place)
        return applies(hook.document, write, namespace) and self._is_wanted(hook, write)

    def _is_wanted(self, hook: Hook, write: Write) -> bool:
        """Tell whether the webhook's conditions want it to be asked."""
        if "matchConditions" not in hook.document:
            return True
        try:
            return matches(hook.document, asked_of(write), self._authorize)
        except ConditionError as error:
            if hook.is_optional:
                return False
            refused = status.forbidden(write.resource.plural, write.resource.group, write.name, str(error))
            raise _refused(hook, refused, AdmissionCode.CONDITION) from None

    async def _changed(self, hook: Hook, write: Write, warnings: list[str]) -> JsonObject | None:
        """Return the object after the patch of a webhook; None where it changes nothing."""
        answer = await self._ask(hook, write, mutating=True)
        if isinstance(answer, KubeError):
            raise answer
        if answer is None:
            return None
        warnings += answer.warnings
        denied = _denied(hook, answer)
        if denied is not None:
            raise denied
        if answer.patch is None:
            return None
        if write.body is None:
            sentence = (
                f"admission webhook {quote(hook.name)} attempted to modify the object, "
                "which is not supported for this operation"
            )
            raise _failed(hook, status.internal(sentence))
        try:
            after = self._patched(answer.patch, write, write.body)
        except KubeError as error:
            raise _failed(hook, status.internal(error.message)) from None
        if write.at[1] == write.resource.kind:
            named = write.name if write.operation == "UPDATE" else None
            after = validate.place(write.resource, after, write.namespace, named)
        return None if after == write.body else after

    def _patched(self, patch: Json, write: Write, body: JsonObject) -> JsonObject:
        at, kind = write.at
        patched = json_patch({**body, "apiVersion": at.api_version, "kind": kind}, patch)
        validation = bodies.FieldValidation.parse("Ignore")
        checked = bodies.check_object(patched, at, kind, self._schema, validation).value
        check_size(checked)  # each webhook may add as much as it likes
        if kind != write.resource.kind:
            return checked
        return with_defaults(write.resource, checked)

    async def _ask(self, hook: Hook, write: Write, *, mutating: bool) -> Answer | KubeError | None:
        """Return the answer; None where there is none and the write may go on; the refusal elsewise."""
        if write.is_dry_run and text(hook.document, "sideEffects") not in ("None", "NoneOnDryRun"):
            sentence = f"admission webhook {quote(hook.name)} does not support dry run"
            return _refused(hook, status.bad_request(sentence), AdmissionCode.DENIED)
        version = next(
            (str(one) for one in items(hook.document, "admissionReviewVersions") if one in ("v1", "v1beta1")),
            "",
        )
        uid = str(uuid.uuid4())
        seconds = number(hook.document, "timeoutSeconds") or 10
        try:
            question = write_review(
                version,
                {
                    "uid": uid,
                    **request_of(write),
                    "object": typed(write.body, write),
                    "oldObject": typed(write.old, write),
                },
            )
            body = await call(mapping(hook.document, "clientConfig"), question, seconds)
            return read_answer(body, version, uid, mutating=mutating)
        except CallError as error:
            problem = f"failed to call webhook: {error}"
        except AnswerError as error:
            problem = str(error)
        if hook.is_optional:
            return None
        return _failed(hook, status.internal(f"failed calling webhook {quote(hook.name)}: {problem}"))


def service_warnings(
    resource: Resource, body: JsonObject, reach: Callable[[JsonObject], str]
) -> tuple[str, ...]:
    """Return what to tell who registers webhooks that the lab does not call."""
    if resource.group != ADMISSION_REGISTRATION.group:
        return ()
    told = [
        f"webhooks[{index}].clientConfig: {reason}"
        for index, hook in enumerate(objects(body, "webhooks"))
        if (reason := reach(mapping(hook, "clientConfig")))
    ]
    return bounded_warnings(told)


def _denied(hook: Hook, answer: Answer | None) -> AdmissionRefusedError | None:
    if answer is None or answer.allowed:
        return None
    told = answer.status
    denied = f"admission webhook {quote(hook.name)} denied the request"
    message, reason = text(told, "message"), text(told, "reason")
    sentence = f"{denied}: {message or reason}" if message or reason else f"{denied} without explanation"
    code = number(told, "code")
    code = 400 if code < 400 else 500 if code > 599 else code
    error = KubeError(code, reason, sentence, dict(mapping(told, "details")))
    return _refused(hook, error, AdmissionCode.DENIED)


def _failed(hook: Hook, error: KubeError) -> AdmissionRefusedError:
    return _refused(hook, error, AdmissionCode.FAILED)


def _refused(hook: Hook, error: KubeError, code: AdmissionCode) -> AdmissionRefusedError:
    at = Ref(f"webhook/{hook.configuration}", f"/webhooks/{hook.index}")
    return refusal(error, code, at, webhook=hook.name, configuration=hook.configuration)


def _resource(at: GroupVersion, plural: str) -> Resource:
    found = REGISTRY.at_path(at.group, at.version, plural)
    assert found is not None  # noqa: S101 - the registry serves them
    return found


_MUTATING: Final = _resource(ADMISSION_REGISTRATION, "mutatingwebhookconfigurations")
_VALIDATING: Final = _resource(ADMISSION_REGISTRATION, "validatingwebhookconfigurations")
_NAMESPACES: Final = _resource(CORE, "namespaces")
