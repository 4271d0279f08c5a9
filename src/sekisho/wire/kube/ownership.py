"""What a write does to the managers of an object, and what server-side apply makes of it.

Pure: objects and managers in, objects and managers out.
Source: Kubernetes documentation, "Server-Side Apply"; KEP-555; k8s.io/apimachinery pkg/util/managedfields
(which managers a server keeps), sigs.k8s.io/structured-merge-diff merge (who owns what).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.wire.kube.field_set import EMPTY, FieldSet, Path
from sekisho.wire.kube.managed_fields import Managed, Manager, Owned, applier, seconds, updater
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.structure import Members
from sekisho.wire.kube.typed_fields import Comparison, as_stored, compare, faults, fields_of
from sekisho.wire.kube.typed_merge import merge, remove, with_parents
from sekisho.wire.kube.validate import MAX_ANNOTATION_BYTES

MAX_UPDATERS = 10
ANCIENT = "ancient-changes"
BEFORE_FIRST_APPLY = "before-first-apply"
KUBECTL = "kubectl"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_UNOWNED = FieldSet.of(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    ]
)
"""Fields that belong to the server."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write: of which kind and when; ``reset`` are the fields that the resource does not let it set."""

    structure: Members
    api_version: str
    time: str
    reset: FieldSet = EMPTY


class ApplyConflictsError(Exception):
    """Applied fields are owned by others."""

    def __init__(self, conflicts: Mapping[Manager, FieldSet]) -> None:
        super().__init__("conflict")
        self.conflicts = conflicts

    def pairs(self) -> list[tuple[Manager, Path]]:
        """Return each conflict, sorted."""
        ordered = sorted(self.conflicts, key=lambda manager: manager.identifier)
        return [(manager, path) for manager in ordered for path in self.conflicts[manager].paths()]


def updated(
    write: Write, before: JsonObject, after: JsonObject, managed: Managed, manager: Manager
) -> dict[Manager, Owned]:
    """Return the managers after ``manager`` wrote ``after`` in the place of ``before`` (empty for a create).

    An object that nobody manages stays so: ownership begins with a create or an apply.
    """
    if not managed and text(before, "metadata", "uid"):
        return {}
    return _capped(_updated(write, before, after, managed, manager))


def _updated(
    write: Write, before: JsonObject, after: JsonObject, managed: Managed, manager: Manager
) -> dict[Manager, Owned]:
    differs = _compared(write, before, after)
    left = _taken(write, differs, managed, None, force=True)
    gained = (differs.modified | differs.added) - _UNOWNED
    if gained:
        already = left[manager].fields if manager in left else EMPTY
        left[manager] = Owned(gained | already, write.api_version, write.time)
    return left


def _compared(write: Write, before: JsonObject, after: JsonObject) -> Comparison:
    structure = write.structure
    found = compare(structure, as_stored(structure, before), as_stored(structure, after))
    return found.map(lambda fields: fields.without(write.reset))


def _taken(
    write: Write, differs: Comparison, managed: Managed, own: Manager | None, *, force: bool
) -> dict[Manager, Owned]:
    """Return the managers but for what a change takes from all except ``own``.

    Raises:
        ApplyConflictsError: it takes something, and not by ``force``.
    """
    changed = differs.modified | differs.added
    current = {
        manager: owned
        for manager, owned in managed.items()
        if manager == own or owned.api_version == write.api_version  # others are of versions long gone
    }
    conflicts = {
        manager: owned.fields & changed
        for manager, owned in current.items()
        if manager != own and owned.fields & changed
    }
    if conflicts and not force:
        raise ApplyConflictsError(conflicts)
    left: dict[Manager, Owned] = {}
    for manager, owned in current.items():
        fields = owned.fields
        if manager != own:
            fields = fields - changed - differs.removed
        if fields:
            left[manager] = replace(owned, fields=fields)
    return left


def _capped(managed: dict[Manager, Owned]) -> dict[Manager, Owned]:
    """Return at most `MAX_UPDATERS` managers of updates: the oldest are merged."""
    updaters = [manager for manager in managed if not manager.is_applier]
    updaters.sort(key=lambda manager: (seconds(managed[manager]), manager.identifier))
    count = len(updaters)
    first: dict[str, Manager] = {}
    for manager in updaters:
        if count <= MAX_UPDATERS:
            break
        version = managed[manager].api_version
        bucket = updater(ANCIENT, version)
        if version not in first:
            first[version] = manager
            continue
        if bucket not in managed:
            managed[bucket] = managed.pop(first[version])
        merged = managed[manager].fields | managed[bucket].fields
        time = managed[manager].time
        if manager != bucket:
            managed.pop(manager)
        managed[bucket] = Owned(merged, version, time)
        count -= 1
    return managed


def applied(
    write: Write,
    live: JsonObject,
    wanted: JsonObject,
    managed: Managed,
    name: str,
    subresource: str = "",
    *,
    force: bool,
) -> tuple[JsonObject | None, dict[Manager, Owned]]:
    """Return the object after ``name`` applied ``wanted``, None where that changes nothing, and its managers.

    ``live`` is the stored object without its managers, empty where there is none; ``wanted`` fits the kind.

    Raises:
        ApplyConflictsError: others own applied fields, and ``force`` is not set.
    """
    known = dict(managed)
    if not known:
        first = updater(BEFORE_FIRST_APPLY, write.api_version, subresource)
        known = _capped(_updated(write, {}, live, {}, first))
    manager = applier(name, subresource)
    try:
        result, owners = _applied(write, live, wanted, known, manager, force=force)
    except ApplyConflictsError as error:
        if name != KUBECTL:
            raise
        allowed = _last_applied(write, live)
        left = {owner: fields - allowed for owner, fields in error.conflicts.items()}
        left = {owner: fields for owner, fields in left.items() if fields}
        if left:
            raise ApplyConflictsError(left) from None
        result, owners = _applied(write, live, wanted, known, manager, force=True)
    if name == KUBECTL and text(result or live, "metadata", "annotations", LAST_APPLIED):
        result = _with_last_applied(result or live, wanted)
    return result, owners


def _applied(
    write: Write, live: JsonObject, wanted: JsonObject, managed: Managed, manager: Manager, *, force: bool
) -> tuple[JsonObject | None, dict[Manager, Owned]]:
    structure = write.structure
    stored = as_stored(structure, live)
    merged = merge(structure, stored, wanted)
    last = managed[manager].fields if manager in managed else EMPTY
    fields = fields_of(structure, wanted).without(write.reset)
    owners: dict[Manager, Owned] = {**managed, manager: Owned(fields, write.api_version)}
    pruned = _pruned(structure, merged, owners, last, write.api_version)
    differs = compare(structure, stored, pruned).map(lambda found: found.without(write.reset))
    left = _taken(write, differs, owners, manager, force=force)
    own = fields - _UNOWNED
    changed = stored != pruned
    left.pop(manager, None)
    if own:
        earlier = managed[manager].time if manager in managed else ""
        left[manager] = Owned(own, write.api_version, write.time if changed else earlier)
    return (pruned if changed else None), left


def _pruned(
    structure: Members, merged: JsonObject, owners: Managed, last: FieldSet, version: str
) -> JsonObject:
    """Return ``merged`` without what the applier gave up and nobody else owns."""
    if not last:
        return merged
    last = with_parents(structure, last)
    pruned = remove(structure, merged, last)
    others = EMPTY
    for owned in owners.values():
        if owned.api_version == version:
            others |= owned.fields
    everything = with_parents(structure, fields_of(structure, merged))
    kept = with_parents(structure, fields_of(structure, pruned)) | with_parents(structure, others)
    pruned = remove(structure, merged, everything - kept)
    left = with_parents(structure, fields_of(structure, pruned))
    return mapping(remove(structure, merged, (everything - left) & last))


def _last_applied(write: Write, live: JsonObject) -> FieldSet:
    """Return the fields that client-side apply set and nobody changed since: kubectl may take those over."""
    try:
        document: Json = parse_json(
            text(live, "metadata", "annotations", LAST_APPLIED).encode(), "annotation"
        )
    except SekishoInputError:
        return EMPTY
    if not isinstance(document, Mapping) or document.get("apiVersion") != write.api_version:
        return EMPTY
    if faults(write.structure, document):
        return EMPTY
    differs = compare(write.structure, document, as_stored(write.structure, live))
    fields = fields_of(write.structure, document)
    return fields - differs.modified - differs.added - differs.removed


def _with_last_applied(result: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return ``result`` with the annotation of client-side apply saying what was applied."""
    metadata = dict(mapping(wanted, "metadata"))
    if "annotations" in metadata:
        given = mapping(metadata, "annotations")
        metadata["annotations"] = {key: value for key, value in given.items() if key != LAST_APPLIED}
    written = _go_json({**wanted, "metadata": metadata})
    old = mapping(result, "metadata")
    annotations: dict[str, Json] = {**mapping(old, "annotations"), LAST_APPLIED: written}
    if sum(len(f"{key}{value}".encode()) for key, value in annotations.items()) > MAX_ANNOTATION_BYTES:
        annotations.pop(LAST_APPLIED)
    return {**result, "metadata": {**old, "annotations": annotations}}


def _go_json(value: JsonObject) -> str:
    """Return ``value`` as Go's encoder writes it, with its line end."""
    written = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") + "\n"
