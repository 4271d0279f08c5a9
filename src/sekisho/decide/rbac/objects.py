"""Read manifests of Roles, ClusterRoles and their bindings into values, once and strictly.

Shape is strict: a misspelt member or a wrong type raises, with every fault of the document.
Meaning is not judged: objects that the API server's validation would refuse (a
ClusterRoleBinding to a Role, unknown subject kinds, rules about resources and URLs at
once) turn up in files and evaluate as the real evaluator would (Kubernetes API reference,
rbac.authorization.k8s.io/v1).
"""

from collections.abc import Callable
from typing import TypeVar

from sekisho.decide.rbac.model import (
    Binding,
    LabelSelector,
    ObjectKey,
    RbacObject,
    Requirement,
    Role,
    RoleRef,
    Rule,
    Subject,
)
from sekisho.decide.rbac.shape import Node, Reader
from sekisho.decide.values import Json, JsonObject, Ref

GROUP = "rbac.authorization.k8s.io"
KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")

_VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")

T = TypeVar("T")


def parse_object(manifest: Json, at: Ref | None = None, default_namespace: str = "") -> RbacObject:
    """Return the value of one manifest.

    ``at`` is where the manifest stands in the user's own document; without it the object names
    itself (``rolebinding/shop/deployers``). ``default_namespace`` is what a namespaced object
    without ``metadata.namespace`` gets, as with ``kubectl -n``.

    Raises:
        SekishoInputError: every wrong shape, with its JSON pointer.
    """
    reader = Reader()
    found = _object(reader.root(manifest, at or _own_name(manifest)), default_namespace)
    reader.raise_faults()
    return found


def parse_objects(
    manifest: Json, at: Ref | None = None, default_namespace: str = ""
) -> tuple[RbacObject, ...]:
    """Return the RBAC objects in a manifest or a ``List``; objects of other API groups are skipped.

    Items of a typed list (``RoleList``) need no kind of their own: API servers leave it out.

    Raises:
        SekishoInputError: every wrong shape of every item.
    """
    reader = Reader()
    root = reader.root(manifest, at or _own_name(manifest))
    kind = _text(root.value, "kind")
    found: list[RbacObject] = []
    if kind.endswith("List") and kind.removesuffix("List") in ("", *KINDS):
        for item in root.member("items").items():
            node = item.with_defaults(
                kind=kind.removesuffix("List"), apiVersion=_text(root.value, "apiVersion")
            )
            if at is None:
                node = node.moved(_own_name(node.value))
            if _is_rbac(node.value):
                found.append(_object(node, default_namespace))
    elif _is_rbac(root.value):
        found.append(_object(root, default_namespace))
    reader.raise_faults()
    return tuple(found)


def rule_to_json(rule: Rule) -> JsonObject:
    """Return the rule as a manifest writes it; lists that are empty are left out, ``verbs`` never is."""
    lists = {
        "apiGroups": rule.groups,
        "resources": rule.resources,
        "resourceNames": rule.names,
        "nonResourceURLs": rule.urls,
    }
    return {"verbs": list(rule.verbs), **{name: list(listed) for name, listed in lists.items() if listed}}


def _is_rbac(manifest: Json) -> bool:
    return not isinstance(manifest, dict) or _text(manifest, "apiVersion").startswith(f"{GROUP}/")


def _text(manifest: Json, member: str) -> str:
    value = manifest.get(member) if isinstance(manifest, dict) else None
    return value if isinstance(value, str) else ""


def _own_name(manifest: Json) -> Ref:
    """``clusterrole/view``, ``role/shop/reader``; as much of it as can be read."""
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    namespace, name = _text(metadata, "namespace"), _text(metadata, "name")
    kind = _text(manifest, "kind").lower() or "manifest"
    return Ref(
        "/".join(part for part in (kind, namespace if not kind.startswith("cluster") else "", name) if part)
    )


def _object(node: Node, default_namespace: str) -> RbacObject:
    node.member("apiVersion").one_of(_VERSIONS)
    kind = node.member("kind").one_of(KINDS)
    key, labels = _metadata(node.member("metadata"), kind, default_namespace)
    if kind.endswith("Binding"):
        node.only("apiVersion", "kind", "metadata", "roleRef", "subjects")
        return Binding(node.at, key, _role_ref(node.member("roleRef")), _each(node, "subjects", _subject))
    node.only("apiVersion", "kind", "metadata", "rules", "aggregationRule")
    return Role(node.at, key, _each(node, "rules", _rule), labels, _aggregation(node))


def _metadata(node: Node, kind: str, default_namespace: str) -> tuple[ObjectKey, tuple[tuple[str, str], ...]]:
    name = node.member("name").text()
    namespace = ""
    if not kind.startswith("Cluster"):
        namespace = node.member("namespace").text(optional=bool(default_namespace)) or default_namespace
    return ObjectKey(namespace, name), _labels(node.member("labels"))


def _labels(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, child.text(optional=True)) for key, child in node.members().items()))


def _role_ref(node: Node) -> RoleRef:
    node.only("apiGroup", "kind", "name")
    node.member("apiGroup").text(optional=True)
    return RoleRef(node.member("kind").text(), node.member("name").text())


def _subject(node: Node) -> Subject:
    node.only("apiGroup", "apiVersion", "kind", "name", "namespace")
    node.member("apiGroup").text(optional=True)
    return Subject(
        node.at,
        node.member("kind").text(),
        node.member("name").text(),
        node.member("namespace").text(optional=True),
    )


def _rule(node: Node) -> Rule:
    node.only("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    return Rule(
        node.at,
        node.member("verbs").texts(),
        node.member("apiGroups").texts(),
        node.member("resources").texts(),
        node.member("resourceNames").texts(),
        node.member("nonResourceURLs").texts(),
    )


def _aggregation(node: Node) -> tuple[LabelSelector, ...] | None:
    rule = node.member("aggregationRule")
    if rule.value is None:
        return None
    rule.only("clusterRoleSelectors")
    return _each(rule, "clusterRoleSelectors", _selector)


def _selector(node: Node) -> LabelSelector:
    node.only("matchLabels", "matchExpressions")
    equal = tuple(Requirement(key, "In", (value,)) for key, value in _labels(node.member("matchLabels")))
    return equal + _each(node, "matchExpressions", _requirement)


def _requirement(node: Node) -> Requirement:
    node.only("key", "operator", "values")
    return Requirement(
        node.member("key").text(), node.member("operator").one_of(_OPERATORS), node.member("values").texts()
    )


def _each(node: Node, member: str, parse: Callable[[Node], T]) -> tuple[T, ...]:
    return tuple(parse(item) for item in node.member(member).items())
