"""RBAC objects in a line each."""

from sekisho.decide.rbac.model import Binding, ObjectKey, Role
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import Json


def rule(verbs: str, groups: str, resources: str, names: str = "") -> dict[str, Json]:
    written: dict[str, Json] = {
        "verbs": verbs.split(),
        "apiGroups": ["" if group == "core" else group for group in groups.split()],
        "resources": resources.split(),
    }
    return {**written, "resourceNames": names.split()} if names else written


def urls(verbs: str, paths: str) -> dict[str, Json]:
    return {"verbs": verbs.split(), "nonResourceURLs": paths.split()}


def key(name: str) -> ObjectKey:
    namespace, _, own = name.rpartition("/")
    return ObjectKey(namespace, own)


def head(kind: str, name: str, **metadata: Json) -> dict[str, Json]:
    namespace, own = key(name)
    kind = kind if namespace else f"Cluster{kind}"
    named: dict[str, Json] = {"name": own, **({"namespace": namespace} if namespace else {}), **metadata}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": named}


def role(
    name: str, *rules: Json, labels: dict[str, Json] | None = None, of: list[Json] | None = None
) -> Role:
    """``of`` are the selectors of an aggregate."""
    manifest: dict[str, Json] = {**head("Role", name, labels=labels), "rules": list(rules)}
    if of is not None:
        manifest["aggregationRule"] = {"clusterRoleSelectors": of}
    found = parse_object(manifest)
    assert isinstance(found, Role)
    return found


def binding(name: str, role_ref: str, *subjects: str) -> Binding:
    """``role_ref`` reads ``ClusterRole:view``, a subject ``Kind:name`` or ``ServiceAccount:ns/name``."""
    kind, _, ref = role_ref.partition(":")
    found = parse_object(
        {
            **head("RoleBinding", name),
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": ref},
            "subjects": [subject(text) for text in subjects],
        }
    )
    assert isinstance(found, Binding)
    return found


def subject(text: str) -> dict[str, Json]:
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount" and "/" in name:
        namespace, _, name = name.partition("/")
        return {"kind": kind, "name": name, "namespace": namespace}
    return {"kind": kind, "name": name}
