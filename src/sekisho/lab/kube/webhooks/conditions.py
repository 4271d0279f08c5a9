"""Whether the ``matchConditions`` of a webhook or of a policy let a write through to it.

Source: k8s.io/apiserver ``pkg/admission/plugin/webhook/matchconditions/matcher.go``.
"""

from sekisho.decide.cel.authorizer import Authorize
from sekisho.decide.cel.conditions import Asked, ConditionError, compile_condition, holds
from sekisho.decide.cel.library import CelMissingError
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.lab.kube.webhooks.request import request_of, typed
from sekisho.wire.kube.members import objects, text
from sekisho.wire.kube.validate_conditions import NO_LIBRARY


def asked_of(write: Write, namespace: JsonObject | None = None) -> Asked:
    """Return what expressions are asked about a write."""
    resource = write.resource
    attributes = RequestAttributes(
        write.operation.lower(),
        resource.group,
        resource.version,
        resource.plural,
        write.subresource,
        write.namespace,
        write.name,
    )
    body, old = typed(write.body, write), typed(write.old, write)
    return Asked(request_of(write), body, old, write.user, attributes, namespace)


def matches(hook: JsonObject, asked: Asked, authorize: Authorize) -> bool:
    """Tell whether no condition is false; one that is outweighs those that have no value.

    Raises:
        ConditionError: some have no value, and no other is false.
    """
    problems: dict[str, None] = {}
    for condition in objects(hook, "matchConditions"):
        try:
            if not holds(compile_condition(text(condition, "expression").strip()), asked, authorize):
                return False
        except ConditionError as error:
            problems[str(error)] = None
        except CelMissingError:
            problems[NO_LIBRARY] = None
    if problems:
        told = ", ".join(problems)
        raise ConditionError(told if len(problems) == 1 else f"[{told}]")
    return True
