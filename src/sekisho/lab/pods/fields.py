"""Values of a pod's own fields and quantities, as the downward API and resource limits use them."""

import re

from sekisho.decide.values import JsonObject
from sekisho.wire.kube.members import mapping, objects, text

_KEYED = re.compile(r"metadata\.(?P<member>labels|annotations)\['(?P<key>[^']{1,317})'\]")
_QUANTITY = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?P<unit>m|[kKMGTPE]i?|)")
_PLAIN = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
    "metadata.uid": ("metadata", "uid"),
    "spec.nodeName": ("spec", "nodeName"),
    "spec.serviceAccountName": ("spec", "serviceAccountName"),
    "status.podIP": ("status", "podIP"),
    "status.podIPs": ("status", "podIP"),
    "status.hostIP": ("status", "hostIP"),
    "status.hostIPs": ("status", "hostIP"),
}
_FACTORS = {"": 1.0, "m": 0.001} | {
    letter + suffix: float(base) ** (index + 1)
    for suffix, base in (("", 1000), ("i", 1024))
    for index, letter in enumerate("KMGTPE")
}
_FACTORS["k"] = 1000.0


class FieldError(Exception):
    """A field that a pod has no value for."""


def field_of(pod: JsonObject, path: str) -> str:
    """Return the value of a field reference.

    Raises:
        FieldError: the API has no such field reference.
    """
    if path in _PLAIN:
        return text(pod, *_PLAIN[path])
    keyed = _KEYED.fullmatch(path)
    if keyed is not None:
        return text(pod, "metadata", keyed["member"], keyed["key"])
    if path in ("metadata.labels", "metadata.annotations"):
        found = mapping(pod, *path.split("."))
        return "\n".join(f'{name}="{_escaped(str(found[name]))}"' for name in sorted(found))
    raise FieldError(f"unsupported fieldPath: {path}")


def resource_of(quantity: object) -> int:
    """Return a quantity as a whole number of units, rounded up; 0 for none."""
    shown = str(quantity) if isinstance(quantity, (str, int, float)) else ""
    found = _QUANTITY.fullmatch(shown)
    if found is None:
        return 0
    exact = float(found["number"]) * _FACTORS[found["unit"]]
    return int(exact) + (exact > int(exact))


def thousandths(quantity: object) -> int:
    """Return a quantity in thousandths (of a CPU)."""
    shown = str(quantity) if isinstance(quantity, (str, int, float)) else ""
    if shown.endswith("m"):
        return resource_of(shown[:-1])
    found = _QUANTITY.fullmatch(shown)
    return 0 if found is None else int(float(found["number"]) * _FACTORS[found["unit"]] * 1000)


def containers_of(pod: JsonObject) -> list[JsonObject]:
    """Return the specs of all containers, those that come first included."""
    return [*objects(pod, "spec", "initContainers"), *objects(pod, "spec", "containers")]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
