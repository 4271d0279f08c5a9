"""Rules of validating admission policies and their bindings (pkg/apis/admissionregistration/validation)."""

import re
from collections.abc import Iterator
from typing import Final

from sekisho.decide.cel.conditions import ConditionError, Variables, compile_condition
from sekisho.decide.cel.library import CelMissingError
from sekisho.decide.values import JsonObject
from sekisho.wire.kube import names
from sekisho.wire.kube.causes import bad_value, duplicate, not_allowed, required, unsupported
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_conditions import NO_LIBRARY, condition_causes
from sekisho.wire.kube.validate_labels import selector_causes
from sekisho.wire.kube.validate_webhook import choice_causes, rule_causes

REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
NO_PARAMETERS: Final = "the lab evaluates policies without parameters"
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_BOTH: Final = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API "
    "response and headers serves no purpose)"
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EMPTY: Final = "validations or auditAnnotations must contain at least one item"


def policy_causes(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """Check a policy; an update is checked as a create is."""
    del old
    spec = mapping(value, "spec")
    yield from choice_causes(spec, "failurePolicy", ("Fail", "Ignore"), "spec")
    if "paramKind" in spec:
        yield not_allowed("spec.paramKind", NO_PARAMETERS)
    if not mapping(spec, "matchConstraints"):
        yield required("spec.matchConstraints")
    else:
        yield from _match(mapping(spec, "matchConstraints"), "spec.matchConstraints")
        if not objects(spec, "matchConstraints", "resourceRules"):
            yield required("spec.matchConstraints.resourceRules")
    yield from condition_causes(objects(spec, "matchConditions"), "spec.matchConditions")
    variables: Variables = ()
    for index, one in enumerate(objects(spec, "variables")):
        found = list(_variable(one, variables, f"spec.variables[{index}]"))
        yield from found
        if not found:
            variables = (*variables, (text(one, "name"), text(one, "expression").strip()))
    if not objects(spec, "validations") and not objects(spec, "auditAnnotations"):
        yield required("spec.validations", _EMPTY)
        yield required("spec.auditAnnotations", _EMPTY)
    for index, one in enumerate(objects(spec, "validations")):
        yield from _validation(one, variables, f"spec.validations[{index}]")


def binding_causes(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """Check a binding; an update is checked as a create is."""
    del old
    spec = mapping(value, "spec")
    name = text(spec, "policyName")
    if not name:
        yield required("spec.policyName")
    else:
        yield from (bad_value("spec.policyName", name, one) for one in names.dns_subdomain_problems(name))
    if "paramRef" in spec:
        yield not_allowed("spec.paramRef", NO_PARAMETERS)
    yield from _match(mapping(spec, "matchResources"), "spec.matchResources")
    actions = items(spec, "validationActions")
    if not actions:
        yield required("spec.validationActions")
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            yield unsupported(f"spec.validationActions[{index}]", str(action), _ACTIONS)
        if action in actions[:index]:
            yield duplicate(f"spec.validationActions[{index}]", str(action))
    if {"Deny", "Warn"} <= set(map(str, actions)):
        yield bad_value("spec.validationActions", list(actions), _BOTH)


def _match(match: JsonObject, field: str) -> Iterator[Cause]:
    yield from choice_causes(match, "matchPolicy", ("Equivalent", "Exact"), field)
    for member in ("namespaceSelector", "objectSelector"):
        yield from selector_causes(mapping(match, member), f"{field}.{member}")
    for member in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(objects(match, member)):
            yield from rule_causes(rule, f"{field}.{member}[{index}]")


def _variable(one: JsonObject, before: Variables, field: str) -> Iterator[Cause]:
    name = text(one, "name")
    if not name.strip():
        yield required(f"{field}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name):
        yield bad_value(f"{field}.name", name, "must be a valid CEL identifier")
    elif name in dict(before):
        yield duplicate(f"{field}.name", name)
    yield from _expression(one, "expression", before, "", field)


def _validation(one: JsonObject, variables: Variables, field: str) -> Iterator[Cause]:
    yield from _expression(one, "expression", variables, "bool", field)
    message = text(one, "message")
    if "\n" in message or "\r" in message:
        yield bad_value(f"{field}.message", message, "must not contain line breaks")
    if text(one, "messageExpression"):
        yield from _expression(one, "messageExpression", variables, "string", field)
    yield from choice_causes(one, "reason", REASONS, field)


def _expression(
    one: JsonObject, member: str, variables: Variables, wanted: str, field: str
) -> Iterator[Cause]:
    given = text(one, member)
    if not given.strip():
        yield required(f"{field}.{member}", "expression is not specified")
        return
    try:
        compile_condition(given.strip(), variables, wanted)
    except ConditionError as error:
        yield bad_value(f"{field}.{member}", given, str(error))
    except CelMissingError:
        yield not_allowed(f"{field}.{member}", NO_LIBRARY)


_GROUP: Final = "admissionregistration.k8s.io"
RULES: Final = {
    (_GROUP, "ValidatingAdmissionPolicy"): policy_causes,
    (_GROUP, "ValidatingAdmissionPolicyBinding"): binding_causes,
}
