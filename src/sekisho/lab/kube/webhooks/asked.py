"""One write as admission webhooks are asked about it, and whether a webhook's rules cover it.

Source: Kubernetes documentation, "Dynamic Admission Control", "Matching requests"; k8s.io/apiserver
``pkg/admission/plugin/webhook/generic`` and ``predicates``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import Json, JsonObject, KubeUser
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.registry import ADMISSION_REGISTRATION, GroupVersion, Resource
from sekisho.wire.kube.selectors import LabelSelector, Operator, Requirement

_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.NOT_EXISTS,
}


@dataclass(frozen=True, slots=True)
class Write:
    """What is to be written: ``body`` as it would be stored (None: a delete), ``old`` as it is stored.

    ``operation`` is ``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``. ``kind`` is the kind of ``body`` where
    it is not the resource's (a subresource). ``options`` are the CreateOptions and the like of the request.
    """

    operation: str
    resource: Resource
    namespace: str
    name: str
    user: KubeUser
    body: JsonObject | None
    old: JsonObject | None = None
    subresource: str = ""
    is_dry_run: bool = False
    options: JsonObject = field(default_factory=dict)
    kind: tuple[GroupVersion, str] | None = None

    @property
    def at(self) -> tuple[GroupVersion, str]:
        """Group version and kind of the object."""
        return self.kind or (self.resource.at, self.resource.kind)

    @property
    def is_of_namespace(self) -> bool:
        """Whether a Namespace is written."""
        return self.resource.plural == "namespaces" and not self.resource.group

    @property
    def is_exempt(self) -> bool:
        """Whether no webhook is ever asked: a broken one could not be repaired otherwise."""
        return self.resource.group == ADMISSION_REGISTRATION.group or not self.resource.is_stored


def applies(hook: JsonObject, write: Write, namespace: JsonObject | None) -> bool:
    """Tell whether ``hook`` is asked about ``write``; ``namespace`` is the stored Namespace it is in."""
    return (
        _selects_namespace(mapping(hook, "namespaceSelector"), write, namespace)
        and _selects_object(mapping(hook, "objectSelector"), write)
        # Each resource is served in one version: nothing is equivalent to it, whatever matchPolicy says.
        and any(_covers(rule, write) for rule in objects(hook, "rules"))
    )


def _selects_namespace(selector: JsonObject, write: Write, namespace: JsonObject | None) -> bool:
    if not write.namespace and not write.is_of_namespace:
        return True
    if write.is_of_namespace and not write.subresource and write.operation in ("CREATE", "UPDATE"):
        namespace = write.body
    return read_selector(selector).matches(namespace or {})


def _selects_object(selector: JsonObject, write: Write) -> bool:
    wanted = read_selector(selector)
    if not wanted.requirements:
        return True
    return any(one is not None and wanted.matches(one) for one in (write.body, write.old))


def _covers(rule: JsonObject, write: Write) -> bool:
    scope = text(rule, "scope") or "*"
    if scope != "*" and (scope == "Namespaced") is not write.resource.namespaced:
        return False
    return (
        _lists(rule, "operations", write.operation)
        and _lists(rule, "apiGroups", write.resource.group)
        and _lists(rule, "apiVersions", write.resource.version)
        and any(_is_resource(str(one), write) for one in items(rule, "resources"))
        # Names are of the rules of policies.
        and (not items(rule, "resourceNames") or write.name in items(rule, "resourceNames"))
    )


def _lists(rule: JsonObject, member: str, value: str) -> bool:
    return any(one in ("*", value) for one in items(rule, member))


def _is_resource(pattern: str, write: Write) -> bool:
    resource, _, sub = pattern.partition("/")
    return resource in ("*", write.resource.plural) and sub in ("*", write.subresource)


def read_selector(selector: JsonObject) -> LabelSelector:
    """Return a stored, valid LabelSelector; an empty one selects everything."""
    labels: Mapping[str, Json] = mapping(selector, "matchLabels")
    wanted = [Requirement(key, Operator.IN, frozenset({text(labels, key)})) for key in labels]
    for one in objects(selector, "matchExpressions"):
        values = frozenset(value for value in items(one, "values") if isinstance(value, str))
        wanted.append(Requirement(text(one, "key"), _OPERATORS[text(one, "operator")], values))
    return LabelSelector(tuple(wanted))
