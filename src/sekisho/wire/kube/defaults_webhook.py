"""What the API server fills into webhook configurations before it stores them.

Source: kubernetes pkg/apis/admissionregistration/v1/defaults.go.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.members import mapping, objects

_DEFAULTS: dict[str, Json] = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}


def with_webhook_defaults(value: dict[str, Json], *, mutating: bool) -> dict[str, Json]:
    """Return a webhook configuration with the defaults of its webhooks; what is set stays."""
    if "webhooks" not in value:
        return value
    return {**value, "webhooks": [_webhook(hook, mutating=mutating) for hook in objects(value, "webhooks")]}


def _webhook(hook: JsonObject, *, mutating: bool) -> JsonObject:
    filled: dict[str, Json] = {**_DEFAULTS, **({"reinvocationPolicy": "Never"} if mutating else {}), **hook}
    if "rules" in hook:
        filled["rules"] = [{"scope": "*", **rule} for rule in objects(hook, "rules")]
    client = mapping(hook, "clientConfig")
    if "service" in client:
        filled["clientConfig"] = {**client, "service": {"port": 443, **mapping(client, "service")}}
    return filled
