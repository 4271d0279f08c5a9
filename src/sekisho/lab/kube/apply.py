"""Field management of the stored resources: owners on every write, and server-side apply.

Source: Kubernetes documentation, "Server-Side Apply"; the order of the checks and their texts are
kube-apiserver's (k8s.io/apiserver pkg/endpoints/handlers, k8s.io/apimachinery pkg/util/managedfields).
"""

from collections.abc import Mapping, Sequence

from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_yaml
from sekisho.lab.kube.exchange import Exchange
from sekisho.wire.kube import body as bodies
from sekisho.wire.kube import schema, status, structure, validate
from sekisho.wire.kube.body import FieldValidation
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.field_set import EMPTY, FieldSet, Path, shown
from sekisho.wire.kube.managed_fields import Manager, Owned, is_reset, manager_name, read, updater, write
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.ownership import ApplyConflictsError, Write, updated
from sekisho.wire.kube.ownership import applied as apply_to
from sekisho.wire.kube.registry import GroupVersion, Resource
from sekisho.wire.kube.typed_fields import faults

_STATUS = FieldSet.of([("f:status",)])
_SPEC = FieldSet.of([("f:spec",)])
_POD_STATUS = _SPEC | FieldSet.of(
    [("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:ownerReferences")]
)
_WORKLOAD_STATUS = _SPEC | FieldSet.of([("f:metadata", "f:labels")])
_RESET: dict[tuple[str, str, str], FieldSet] = {
    **{("", kind, ""): _STATUS for kind in ("Namespace", "Node", "Pod")},
    **{("", kind, "status"): _SPEC for kind in ("Namespace", "Node")},
    ("", "Namespace", "finalize"): _STATUS,
    ("", "Pod", "status"): _POD_STATUS,
    ("apps", "Deployment", ""): _STATUS,
    ("apps", "Deployment", "status"): _WORKLOAD_STATUS,
    ("apps", "ReplicaSet", ""): _STATUS,
    ("apps", "ReplicaSet", "status"): _SPEC,
    ("batch", "Job", ""): _STATUS,
    ("batch", "Job", "status"): _SPEC,
}
"""What a path of a resource, itself or a subresource, does not write (the strategies' GetResetFields)."""


def tracked(exchange: Exchange, resource: Resource, before: JsonObject, after: JsonObject) -> dict[str, Json]:
    """Return ``after`` with its managers, ``before`` being the stored object or empty for a create."""
    metadata = mapping(after, "metadata")
    managed: Mapping[Manager, Owned] = {}
    if exchange.attributes.subresource:  # it does not write the managers themselves
        managed = _read(mapping(before, "metadata"))
    elif not is_reset(metadata):
        managed = _read(metadata) or _read(mapping(before, "metadata"))
    agent = exchange.request.header("user-agent") or ""
    manager = updater(
        manager_name(exchange.query.get("fieldManager", ""), agent),
        resource.at.api_version,
        exchange.attributes.subresource,
    )
    seen = _as_sent(resource, after) if not before else after
    found = updated(_write(exchange, resource), _unmanaged(before), _unmanaged(seen), managed, manager)
    return _managed(after, found)


def _as_sent(resource: Resource, body: JsonObject) -> JsonObject:
    """Return a new object without what its strategy fills in, which nobody owns."""
    if (resource.group, resource.kind) != ("", "Namespace"):
        return body
    return {name: value for name, value in body.items() if name not in ("spec", "status")}


def _read(metadata: JsonObject) -> dict[Manager, Owned]:
    try:
        return read(metadata.get("managedFields"))
    except ValueError:  # clients that do not understand the field may not lose it for others
        return {}


def _write(exchange: Exchange, resource: Resource) -> Write:
    version = resource.at.api_version
    kind = structure.load().of_kind(version, resource.kind)
    reset = _RESET.get((resource.group, resource.kind, exchange.attributes.subresource), EMPTY)
    return Write(kind, version, exchange.now.rfc3339(), reset)


def _unmanaged(body: JsonObject) -> JsonObject:
    if not body:
        return {}
    metadata = mapping(body, "metadata")
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**body, "metadata": kept}


def _managed(body: JsonObject, managed: Mapping[Manager, Owned]) -> dict[str, Json]:
    bare = _unmanaged(body)
    if not managed:
        return dict(bare)
    return {**bare, "metadata": {**mapping(bare, "metadata"), "managedFields": write(managed)}}


def read_applied(raw: bytes) -> JsonObject:
    """Return the object of an apply; an empty body is an empty object.

    Raises:
        KubeError: 400, no YAML or JSON object, or a member occurs twice (whatever ``fieldValidation`` says,
            as in every body that this server reads).
    """
    try:
        value = parse_yaml(raw, "patch")
    except SekishoInputError as error:
        fault = error.faults[0]
        if fault.code == "yaml.duplicate-key":
            key = fault.problem.partition("`")[2].rpartition("`")[0]
            told = f'line {fault.line}: key "{key}" already set in map'
            sentence = f"error converting YAML to JSON: yaml: unmarshal errors:\n  {told}"
            raise status.bad_request(f"error strict decoding patch: {sentence}") from None
        line = f"line {fault.line}: " if fault.line else ""
        problem = fault.problem.removeprefix("not YAML: ")
        raise status.bad_request(f"error encoding patch: yaml: {line}{problem}") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        found = "array" if isinstance(value, list) else _GO_WORDS.get(type(value), "number")
        go = "while decoding JSON: json: cannot unmarshal"
        raise status.bad_request(
            f"error decoding patch: error unmarshaling JSON: {go} {found} "
            "into Go value of type map[string]interface {}"
        )
    return value


_GO_WORDS = {str: "string", bool: "bool"}


def applied(exchange: Exchange, resource: Resource, live: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return the object after an apply, its form checked; ``live`` is empty for a new one.

    Raises:
        KubeError: 400 another kind or a malformed request, 409 conflicts, 500 (as kube-apiserver does) an
            object that does not fit its schema.
    """
    attributes = exchange.attributes
    asked = _write(exchange, resource)
    _check(resource, wanted, asked)
    try:
        managed = read(mapping(live, "metadata").get("managedFields"))
    except ValueError as error:
        raise status.KubeError(500, "", f"failed to decode managed fields: {error}") from None
    try:
        result, owners = apply_to(
            asked,
            _unmanaged(live),
            wanted,
            managed,
            exchange.query.get("fieldManager", ""),
            attributes.subresource,
            force=exchange.flag("force"),
        )
    except ApplyConflictsError as error:
        raise _conflict(error.pairs()) from None
    body = _unmanaged(live) if result is None else result
    checked = bodies.check_object(
        body, resource.at, resource.kind, schema.load(), FieldValidation.IGNORE
    ).value
    uid = text(checked, "metadata", "uid")
    if uid and not live:
        sentence = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise status.conflict(resource.plural, resource.group, attributes.name, sentence)
    placed = validate.place(resource, checked, attributes.namespace, attributes.name)
    return _managed(with_defaults(resource, placed), owners)


def _check(resource: Resource, wanted: JsonObject, asked: Write) -> None:
    version, kind = text(wanted, "apiVersion"), text(wanted, "kind")
    if (version, kind) != (resource.at.api_version, resource.kind):
        at = GroupVersion.parse(version)
        raise status.bad_request(f"invalid object type: {at.group}/{at.version}, Kind={kind}")
    if mapping(wanted, "metadata").get("managedFields") is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    found = faults(asked.structure, wanted)
    if found:
        told = found[0] if len(found) == 1 else "\n  ".join(["errors:", *found])
        place = f"{text(wanted, 'metadata', 'namespace')}/{text(wanted, 'metadata', 'name')}"
        shown_kind = f"{resource.group}/{resource.version}, Kind={kind}"
        sentence = f"failed to create typed patch object ({place}; {shown_kind}): {told}"
        raise status.KubeError(500, "", sentence)


def _conflict(pairs: Sequence[tuple[Manager, Path]]) -> status.KubeError:
    causes: list[Json] = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {manager.shown()}",
            "field": shown(path),
        }
        for manager, path in pairs
    ]
    if len(pairs) == 1:
        manager, path = pairs[0]
        told = f"1 conflict: conflict with {manager.shown()}: {shown(path)}"
    else:
        lines: list[str] = []
        for manager in dict.fromkeys(manager for manager, _ in pairs):
            lines.append(f"conflicts with {manager.shown()}:")
            lines += [f"- {shown(path)}" for owner, path in pairs if owner == manager]
        told = f"{len(pairs)} conflicts: " + "\n".join(lines)
    return status.KubeError(409, "Conflict", f"Apply failed with {told}", {"causes": causes})
