"""ValidatingAdmissionPolicies: what they make of a write whose object was validated.

Source: k8s.io/apiserver ``pkg/admission/plugin/policy/validating``; Kubernetes documentation, "Validating
Admission Policy".
"""

from typing import Final

from sekisho.decide.cel.authorizer import Authorize
from sekisho.decide.cel.conditions import (
    Asked,
    ConditionError,
    Variables,
    compile_condition,
    holds,
    value_of,
)
from sekisho.decide.cel.library import CelMissingError
from sekisho.decide.values import JsonObject, Ref
from sekisho.lab.kube.admission_code import AdmissionCode, AdmissionRefusedError, refusal
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.webhooks.asked import Write, applies
from sekisho.lab.kube.webhooks.conditions import asked_of, matches
from sekisho.wire.kube import status
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.registry import ADMISSION_REGISTRATION, CORE, REGISTRY
from sekisho.wire.kube.validate_conditions import NO_LIBRARY

_STATUS: Final = {"Forbidden": 403, "Invalid": 422, "RequestEntityTooLarge": 413}
_POLICIES: Final = REGISTRY.at(ADMISSION_REGISTRATION, "validatingadmissionpolicies")
_BINDINGS: Final = REGISTRY.at(ADMISSION_REGISTRATION, "validatingadmissionpolicybindings")
_NAMESPACES: Final = REGISTRY.at(CORE, "namespaces")


class Policies:
    """The policies of one cluster."""

    def __init__(self, objects_: KubeObjects, authorize: Authorize) -> None:
        self._objects = objects_
        self._authorize = authorize

    def validate(self, write: Write, warnings: list[str]) -> None:
        """Return if every policy lets a write through, or only warns.

        Raises:
            AdmissionRefusedError: the first one, by name, that denies it.
        """
        if write.is_exempt:
            return
        for binding in self._objects.listing(_BINDINGS):
            name = text(binding, "spec", "policyName")
            if not self._objects.exists(_POLICIES, "", name):
                continue
            policy = self._objects.read(_POLICIES, "", name)
            if self._covers(policy, binding, write):
                self._judge(policy, binding, write, warnings)

    def _covers(self, policy: JsonObject, binding: JsonObject, write: Write) -> bool:
        namespace = self._namespace(write)
        constraints = mapping(policy, "spec", "matchConstraints")
        return _matches(constraints, write, namespace) and _matches(
            mapping(binding, "spec", "matchResources"), write, namespace
        )

    def _judge(self, policy: JsonObject, binding: JsonObject, write: Write, warnings: list[str]) -> None:
        actions = items(binding, "spec", "validationActions")
        names = text(policy, "metadata", "name"), text(binding, "metadata", "name")
        shown = f"ValidatingAdmissionPolicy '{names[0]}' with binding '{names[1]}'"
        for at, reason, problem in self._problems(policy, write):
            if "Deny" in actions:
                raise _refused(
                    write, Ref(f"policy/{names[0]}", at), reason, f"{shown} denied request: {problem}"
                )
            if "Warn" in actions:
                warnings.append(f"Validation failed for {shown}: {problem}")

    def _problems(self, policy: JsonObject, write: Write) -> list[tuple[str, str, str]]:
        """Return place, reason and message of each validation that fails."""
        spec = mapping(policy, "spec")
        must_have_value = text(spec, "failurePolicy") != "Ignore"
        asked = asked_of(write)
        try:
            if not matches(spec, asked, self._authorize):
                return []
        except ConditionError as error:
            return [("/spec/matchConditions", "", str(error))] if must_have_value else []
        asked = asked_of(write, self._namespace(write))
        variables = tuple(
            (text(one, "name"), text(one, "expression").strip()) for one in objects(spec, "variables")
        )
        found = []
        for index, one in enumerate(objects(spec, "validations")):
            at, reason = f"/spec/validations/{index}", text(one, "reason")
            expression = text(one, "expression").strip()
            try:
                if not holds(compile_condition(expression, variables), asked, self._authorize):
                    found.append((at, reason, self._message(one, variables, asked)))
            except ConditionError as error:
                found += [(at, reason, str(error))] if must_have_value else []
            except CelMissingError:
                found.append((at, reason, NO_LIBRARY))
        return found

    def _message(self, validation: JsonObject, variables: Variables, asked: Asked) -> str:
        expression = text(validation, "messageExpression").strip()
        if expression:
            try:
                told = value_of(compile_condition(expression, variables, "string"), asked, self._authorize)
            except ConditionError:
                told = ""
            if str(told).strip() and "\n" not in str(told):
                return str(told)
        return text(validation, "message") or f"failed expression: {text(validation, 'expression').strip()}"

    def _namespace(self, write: Write) -> JsonObject | None:
        place = write.name if write.is_of_namespace else write.namespace
        if not place or not self._objects.exists(_NAMESPACES, "", place):
            return None
        return self._objects.read(_NAMESPACES, "", place)


def _matches(match: JsonObject, write: Write, namespace: JsonObject | None) -> bool:
    """Tell whether a write is covered; a binding's ``matchResources`` without rules cover all."""
    rules = objects(match, "resourceRules")
    excluded = objects(match, "excludeResourceRules")
    selected = {**match, "rules": rules or [_ALL]}
    return applies(selected, write, namespace) and not (
        excluded and applies({"rules": excluded}, write, namespace)
    )


_ALL: Final[JsonObject] = {
    "apiGroups": ["*"],
    "apiVersions": ["*"],
    "operations": ["*"],
    "resources": ["*/*"],
}


def _refused(write: Write, at: Ref, reason: str, sentence: str) -> AdmissionRefusedError:
    resource = write.resource
    forbidden = status.forbidden(resource.plural, resource.group, write.name, sentence)
    reason = reason or "Invalid"
    details = {**forbidden.details, "causes": [{"message": sentence}]}
    error = status.KubeError(_STATUS[reason], reason, forbidden.message, details)
    return refusal(error, AdmissionCode.POLICY, at)
