"""The RBAC objects of an EKS cluster out of the box, as manifests.

kube-apiserver writes the Kubernetes ones at start-up, marked with the label and annotation
below; EKS applies its own. The tables are in ``stock/``.
"""

from collections.abc import Iterator

from sekisho.decide.rbac.objects import GROUP
from sekisho.decide.rbac.stock import components, controllers, eks, people
from sekisho.decide.rbac.stock.notation import BindingTable, RoleTable
from sekisho.decide.values import Json, JsonObject

BOOTSTRAPPING_LABEL = ("kubernetes.io/bootstrapping", "rbac-defaults")
AUTOUPDATE_ANNOTATION = ("rbac.authorization.kubernetes.io/autoupdate", "true")
"""At start-up the server adds missing rules and subjects, never removes any; ``"false"`` opts out."""

_AGGREGATE_TO = "rbac.authorization.k8s.io/aggregate-to-"
_SYSTEM_NAMESPACE = "kube-system"


def default_objects() -> tuple[JsonObject, ...]:
    """Return the manifests of a new cluster, roles before bindings.

    ``admin``, ``edit`` and ``view`` have no rules yet: the aggregation controller fills them in
    (`aggregate.converge`). A new value each time, so that a caller may keep and change it.
    """
    return (*_cluster_roles(), *_bindings())


def _cluster_roles() -> Iterator[JsonObject]:
    for name, part_of in people.AGGREGATES.items():
        selector = {"matchLabels": {f"{_AGGREGATE_TO}{name}": "true"}}
        yield {
            **_head("ClusterRole", name, stock=True, part_of=part_of),
            "aggregationRule": {"clusterRoleSelectors": [selector]},
            "rules": [],
        }
    for table in (people.ROLES, components.ROLES, controllers.ROLES, components.NAMESPACED_ROLES):
        yield from _roles(table, stock=True)
    yield from _roles(eks.ROLES, stock=False)


def _roles(table: RoleTable, *, stock: bool) -> Iterator[JsonObject]:
    for name, rules in table.items():
        kind = "Role" if "/" in name else "ClusterRole"
        head = _head(kind, name, stock=stock, part_of=people.PARTS.get(name, ""))
        yield {**head, "rules": [rule.manifest() for rule in rules]}


def _bindings() -> Iterator[JsonObject]:
    for table in (people.BINDINGS, components.BINDINGS, controllers.BINDINGS, components.NAMESPACED_BINDINGS):
        yield from _bindings_of(table, stock=True)
    yield from _bindings_of(eks.BINDINGS, stock=False)


def _bindings_of(table: BindingTable, *, stock: bool) -> Iterator[JsonObject]:
    for name, (role, subjects) in table.items():
        kind, role_kind = ("RoleBinding", "Role") if "/" in name else ("ClusterRoleBinding", "ClusterRole")
        binding: dict[str, Json] = {
            **_head(kind, name, stock=stock),
            "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
        }
        if subjects:
            binding["subjects"] = [_subject(subject) for subject in subjects]
        yield binding


def _head(kind: str, name: str, *, stock: bool, part_of: str = "") -> dict[str, Json]:
    namespace, _, own_name = name.rpartition("/")
    metadata: dict[str, Json] = {"name": own_name}
    if namespace:
        metadata["namespace"] = namespace
    labels = dict([BOOTSTRAPPING_LABEL]) if stock else {}
    if part_of:
        labels[f"{_AGGREGATE_TO}{part_of}"] = "true"
    if labels:
        metadata["labels"] = labels
    if stock:
        metadata["annotations"] = dict([AUTOUPDATE_ANNOTATION])
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata}


def _subject(text: str) -> JsonObject:
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": _SYSTEM_NAMESPACE}
    return {"apiGroup": GROUP, "kind": kind, "name": name}
