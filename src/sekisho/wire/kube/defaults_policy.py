"""What the API server fills into what registers for admission: policies, their bindings, webhooks.

Source: kubernetes pkg/apis/admissionregistration/v1/defaults.go.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.defaults_webhook import with_webhook_defaults
from sekisho.wire.kube.members import mapping, objects

_MATCH: dict[str, Json] = {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}


def admission_defaults(value: dict[str, Json], kind: str) -> dict[str, Json]:
    """Return an object of the group with the defaults of its kind."""
    if kind == "ValidatingAdmissionPolicy":
        return with_policy_defaults(value)
    if kind == "ValidatingAdmissionPolicyBinding":
        return with_binding_defaults(value)
    return with_webhook_defaults(value, mutating=kind.startswith("Mutating"))


def with_policy_defaults(value: dict[str, Json]) -> dict[str, Json]:
    """Return a ValidatingAdmissionPolicy with its defaults; what is set stays."""
    spec: dict[str, Json] = {"failurePolicy": "Fail", **mapping(value, "spec")}
    if "matchConstraints" in spec:
        spec["matchConstraints"] = _match(mapping(spec, "matchConstraints"))
    return {"status": {}, **value, "spec": spec}


def with_binding_defaults(value: dict[str, Json]) -> dict[str, Json]:
    """Return a ValidatingAdmissionPolicyBinding with its defaults; what is set stays."""
    spec = dict(mapping(value, "spec"))
    if "matchResources" in spec:
        spec["matchResources"] = _match(mapping(spec, "matchResources"))
    return {**value, "spec": spec}


def _match(given: JsonObject) -> JsonObject:
    filled: dict[str, Json] = {**_MATCH, **given}
    for member in ("resourceRules", "excludeResourceRules"):
        if member in given:
            filled[member] = [{"scope": "*", **rule} for rule in objects(given, member)]
    return filled
