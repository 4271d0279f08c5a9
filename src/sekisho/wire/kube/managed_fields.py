"""``metadata.managedFields``: who owns which fields, read and written in the API server's form.

Source: Kubernetes documentation, "Server-Side Apply", section "Managers"; k8s.io/apimachinery
pkg/util/managedfields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube import field_set
from sekisho.wire.kube.field_set import FieldSet
from sekisho.wire.kube.members import items, mapping, objects, text

APPLY, UPDATE = "Apply", "Update"
FIELDS_V1 = "FieldsV1"
MAX_MANAGER_CHARS = 128


@dataclass(frozen=True, slots=True)
class Manager:
    """Who owns fields; an applier is the same one in every version of the API."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def is_applier(self) -> bool:
        """Tell whether it owns what it applied."""
        return self.operation == APPLY

    @property
    def identifier(self) -> str:
        """What managers are sorted by."""
        written = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "subresource": self.subresource,
        }
        return json.dumps({name: value for name, value in written.items() if value}, separators=(",", ":"))

    def shown(self) -> str:
        """Return it in the words of a conflict: ``"kubectl-edit" using v1``."""
        name = json.dumps(self.name, ensure_ascii=False)
        if self.subresource:
            name += f" with subresource {json.dumps(self.subresource, ensure_ascii=False)}"
        return name if self.is_applier else f"{name} using {self.api_version}"


@dataclass(frozen=True, slots=True)
class Owned:
    """The fields of one manager, in the version of the API that names them, and when that last changed."""

    fields: FieldSet
    api_version: str
    time: str = ""


Managed = Mapping[Manager, Owned]


def applier(name: str, subresource: str = "") -> Manager:
    """Return the manager that server-side apply is done by."""
    return Manager(name, APPLY, "", subresource)


def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    """Return the manager that any other write is done by."""
    return Manager(name or "unknown", UPDATE, api_version, subresource)


def manager_name(field_manager: str, user_agent: str) -> str:
    """Return who writes: the parameter ``fieldManager``, else what the user agent begins with."""
    if field_manager:
        return field_manager
    found = ""
    for char in user_agent.partition("/")[0]:
        if char.isprintable():
            if len((found + char).encode()) > MAX_MANAGER_CHARS:
                break
            found += char
    return found


def read(entries: Json) -> dict[Manager, Owned]:
    """Return the managers of ``metadata.managedFields``.

    Raises:
        ValueError: an entry is malformed.
    """
    found: dict[Manager, Owned] = {}
    for at, entry in enumerate(items(entries)):
        operation, version = text(entry, "operation"), text(entry, "apiVersion")
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not version:
            raise ValueError("apiVersion must not be empty")
        if text(entry, "fieldsType") != FIELDS_V1:
            raise ValueError(f"missing or invalid fieldsType in managed fields entry {at}")
        own = "" if operation == APPLY else version
        manager = Manager(text(entry, "manager"), operation, own, text(entry, "subresource"))
        fields = field_set.decode(mapping(entry, "fieldsV1"))
        found[manager] = Owned(fields, version, text(entry, "time"))
    return found


def write(managed: Managed) -> list[Json]:
    """Return the entries of ``metadata.managedFields``: appliers first, then by age and name."""
    ordered = sorted(managed.items(), key=lambda pair: _place(*pair))
    return [_entry(manager, owned) for manager, owned in ordered]


def _place(manager: Manager, owned: Owned) -> tuple[str, int, str, str, str]:
    return manager.operation, seconds(owned), manager.name, owned.api_version, manager.subresource


def seconds(owned: Owned) -> int:
    """Return when the fields last changed, in whole seconds; 0 where that is not known."""
    try:
        return int(Instant.parse_rfc3339(owned.time).epoch) if owned.time else 0
    except ValueError:
        return 0


def _entry(manager: Manager, owned: Owned) -> dict[str, Json]:
    entry: dict[str, Json] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": FIELDS_V1,
        "fieldsV1": field_set.encode(owned.fields),
        "subresource": manager.subresource,
    }
    return {name: value for name, value in entry.items() if value != ""}


def is_reset(metadata: JsonObject) -> bool:
    """Tell whether a written object asks to forget all managers: ``[]`` or ``[{}]``."""
    entries = metadata.get("managedFields")
    return isinstance(entries, list) and (not entries or entries == [{}])


def with_known_times(before: JsonObject, after: JsonObject) -> JsonObject:
    """Return ``after``, with the times of ``before`` if nothing but times differs: that is no change."""
    old, new = mapping(before, "metadata"), mapping(after, "metadata")
    if "managedFields" not in old or _timeless(old) != _timeless(new):
        return after
    same = {**after, "metadata": None} == {**before, "metadata": None}
    return {**after, "metadata": {**new, "managedFields": old["managedFields"]}} if same else after


def _timeless(metadata: JsonObject) -> dict[str, Json]:
    entries: list[Json] = [
        {name: value for name, value in entry.items() if name != "time"}
        for entry in objects(metadata, "managedFields")
    ]
    return {**metadata, "managedFields": entries}
