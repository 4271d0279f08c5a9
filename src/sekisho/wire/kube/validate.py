"""Whether an object may be stored: names, labels, data keys and the rules of each kind.

Texts are kube-apiserver's (kubernetes pkg/apis/core/validation, k8s.io/apimachinery pkg/api/validation).
"""

import base64
import json
from collections.abc import Callable, Iterator

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import names, status
from sekisho.wire.kube.causes import bad_value, not_allowed, required, too_long
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.registry import Resource
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_labels import label_causes
from sekisho.wire.kube.validate_policy import RULES as POLICY_RULES
from sekisho.wire.kube.validate_rbac import RULES as RBAC_RULES
from sekisho.wire.kube.validate_review import RULES as REVIEW_RULES
from sekisho.wire.kube.validate_webhook import RULES as WEBHOOK_RULES
from sekisho.wire.kube.validate_workload import RULES as WORKLOAD_RULES

_FINALIZERS = frozenset({"foregroundDeletion", "kubernetes", "orphan"})
MAX_DATA_BYTES = 1024 * 1024
MAX_ANNOTATION_BYTES = 256 * 1024

Rules = Callable[[JsonObject, JsonObject | None], Iterator[Cause]]


def place(resource: Resource, value: JsonObject, namespace: str, name: str | None = None) -> dict[str, Json]:
    """Return ``value`` in the namespace of the request's path.

    ``name`` is the name in the URL, None for a create. A namespace in the body of a
    cluster-scoped object is dropped, as kube-apiserver does.

    Raises:
        KubeError: 400, namespace or name in the body differ from those in the path.
    """
    metadata = dict(mapping(value, "metadata"))
    written = text(metadata, "namespace")
    expected = namespace if resource.namespaced else ""
    if written and expected and written != expected:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if name and not text(metadata, "name"):
        raise status.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if name is not None and text(metadata, "name") != name:
        raise status.bad_request(
            f"the name of the object ({text(metadata, 'name')}) does not match the name on the URL ({name})"
        )
    metadata.pop("namespace", None)
    if expected:
        metadata["namespace"] = expected
    return {**value, "metadata": metadata}


def validate(resource: Resource, value: JsonObject, old: JsonObject | None = None) -> None:
    """Check that ``value`` may be stored; ``old`` is the object that it replaces.

    The name has to be there already (``generateName`` is the store's to resolve).

    Raises:
        KubeError: 422 with every cause.
    """
    causes = list(_metadata(resource, value)) if resource.is_stored else []
    rules = _RULES.get((resource.group, resource.kind))
    if rules is not None:
        causes += rules(value, old)
    if causes and not resource.is_stored:  # kube-apiserver names neither kind nor object of a review
        raise status.invalid("", resource.group, "", causes)
    if causes:
        raise status.invalid(resource.kind, resource.group, text(value, "metadata", "name"), causes)


def _metadata(resource: Resource, value: JsonObject) -> Iterator[Cause]:
    metadata = mapping(value, "metadata")
    check = _NAMES.get((resource.group, resource.kind), names.dns_subdomain_problems)
    prefix, name = text(metadata, "generateName"), text(metadata, "name")
    if prefix:
        # The random suffix follows: a dash at the end of the prefix is fine.
        masked = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        yield from (bad_value("metadata.generateName", prefix, problem) for problem in check(masked))
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (bad_value("metadata.name", name, problem) for problem in check(name))
    if resource.namespaced:
        yield from _namespace(text(metadata, "namespace"))
    yield from _labels(mapping(metadata, "labels"), mapping(metadata, "annotations"))
    yield from _owners(metadata)
    yield from _finalizers(metadata)


def _namespace(namespace: str) -> Iterator[Cause]:
    if not namespace:
        yield required("metadata.namespace")
    else:
        problems = names.dns_label_problems(namespace)
        yield from (bad_value("metadata.namespace", namespace, problem) for problem in problems)


def _labels(labels: JsonObject, annotations: JsonObject) -> Iterator[Cause]:
    yield from label_causes(labels, "metadata.labels")
    for key in annotations:
        problems = names.label_key_problems(key.lower())
        yield from (bad_value("metadata.annotations", key, problem) for problem in problems)
    size = sum(len(key.encode()) + len(text(annotations, key).encode()) for key in annotations)
    if size > MAX_ANNOTATION_BYTES:
        yield too_long("metadata.annotations", MAX_ANNOTATION_BYTES)


def _owners(metadata: JsonObject) -> Iterator[Cause]:
    for index, owner in enumerate(objects(metadata, "ownerReferences")):
        for member in ("apiVersion", "kind", "name", "uid"):
            if not text(owner, member):
                yield required(f"metadata.ownerReferences[{index}].{member}", "must not be empty")
        if (text(owner, "apiVersion"), text(owner, "kind")) == ("v1", "Event"):
            detail = "/v1, Kind=Event is disallowed from being an owner"
            yield bad_value(f"metadata.ownerReferences[{index}]", owner, detail)
    owners = objects(metadata, "ownerReferences")
    controllers = [f"{text(o, 'kind')}/{text(o, 'name')}" for o in owners if o.get("controller") is True]
    if len(controllers) > 1:
        detail = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controllers[0]} and {controllers[1]}"
        )
        yield bad_value("metadata.ownerReferences", list(owners), detail)


def _finalizers(metadata: JsonObject) -> Iterator[Cause]:
    for index, name in enumerate(items(metadata, "finalizers")):
        if not isinstance(name, str):
            continue
        field = f"metadata.finalizers[{index}]"
        yield from (bad_value(field, name, problem) for problem in names.label_key_problems(name))
        if "/" not in name and name not in _FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield bad_value(field, name, detail)


def _config_map(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    for member in ("data", "binaryData"):
        for key in mapping(value, member):
            problems = names.config_key_problems(key)
            yield from (bad_value(f"{member}[{key}]", key, problem) for problem in problems)
    for key in mapping(value, "data"):
        if key in mapping(value, "binaryData"):
            yield bad_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    if _size(value, "data") + _decoded_size(value, "binaryData") > MAX_DATA_BYTES:
        yield too_long("[]", MAX_DATA_BYTES)
    yield from _immutable(value, old, ("data", "binaryData"))


_SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_NOT_EMPTY = "kubernetes.io/ssh-auth"
_JSON_SECRETS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def _secret(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    data, type_ = mapping(value, "data"), text(value, "type")
    for key in data:
        yield from (bad_value(f"data[{key}]", key, problem) for problem in names.config_key_problems(key))
    if _decoded_size(value, "data") > MAX_DATA_BYTES:
        yield too_long("data", MAX_DATA_BYTES)
    named = text(value, "metadata", "annotations", _ACCOUNT_NAME)
    if type_ == "kubernetes.io/service-account-token" and not named:
        yield required(f"metadata.annotations[{_ACCOUNT_NAME}]")
    if type_ == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        yield required("data[username]")
        yield required("data[password]")
    for key in _SECRET_KEYS.get(type_, ()):
        if key not in data or (type_ == _NOT_EMPTY and not text(data, key)):
            yield required(f"data[{key}]")
    key = _JSON_SECRETS.get(type_, "")
    if key and key in data and (problem := _json_problem(text(data, key))):
        yield bad_value(f"data[{key}]", "<secret contents redacted>", problem)
    if old is not None and text(old, "type") != type_:
        yield bad_value("type", type_, "field is immutable")
    yield from _immutable(value, old, ("data",))


def _json_problem(encoded: str) -> str:
    """Return why the base64 ``encoded`` is no JSON, in the words of Go's decoder; empty where it is."""
    raw = base64.b64decode(encoded).decode(errors="replace")
    try:
        json.loads(raw)
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if at >= len(raw.rstrip()):
            return "unexpected end of JSON input"
        return f"invalid character '{raw[at]}' looking for beginning of value"
    return ""


def _immutable(value: JsonObject, old: JsonObject | None, members: tuple[str, ...]) -> Iterator[Cause]:
    """A ConfigMap or Secret marked immutable keeps its data and its mark."""
    if old is None or old.get("immutable") is not True:
        return
    detail = "field is immutable when `immutable` is set"
    if value.get("immutable") is not True:
        yield not_allowed("immutable", detail)
    yield from (not_allowed(m, detail) for m in members if mapping(value, m) != mapping(old, m))


def _size(value: JsonObject, member: str) -> int:
    data = mapping(value, member)
    return sum(len(text(data, key).encode()) for key in data)


def _decoded_size(value: JsonObject, member: str) -> int:
    data = mapping(value, member)
    return sum(len(text(data, key).rstrip("=")) * 3 // 4 for key in data)


_RBAC = "rbac.authorization.k8s.io"
_NAMES: dict[tuple[str, str], Callable[[str], list[str]]] = {
    ("", "Namespace"): names.dns_label_problems,
    **{
        (_RBAC, kind): names.path_segment_problems
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    },
}
_RULES: dict[tuple[str, str], Rules] = {
    ("", "ConfigMap"): _config_map,
    ("", "Secret"): _secret,
    **RBAC_RULES,
    **REVIEW_RULES,
    **WORKLOAD_RULES,
    **POLICY_RULES,
    **WEBHOOK_RULES,
}
