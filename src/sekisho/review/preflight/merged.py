"""What an object becomes when `kubectl apply` has patched it.

Client-side apply compares the manifest with the object and with the manifest that was applied last, which
it keeps in an annotation: members of the manifest are set, members that the last one had and this one has
not are removed, all others stay. Lists are replaced as a whole, which is what RBAC's types declare.
Source: kubernetes "Declarative Management of Kubernetes Objects Using Configuration Files".
"""

from collections.abc import Mapping

from sekisho.decide.values import Json, JsonObject, SekishoInputError, documents
from sekisho.facts.manifest import text

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def merged(manifest: JsonObject, live: JsonObject) -> JsonObject:
    """Return ``live`` after ``manifest`` was applied to it. Total."""
    return _merged(manifest, live, last_applied(live) or {})


def is_unchanged(manifest: JsonObject, live: JsonObject) -> bool:
    """Tell whether apply finds nothing to change, so that it sends no patch. Total."""
    last = last_applied(live)
    return last is not None and _bare(last) == _bare(manifest) and _is_within(_bare(manifest), live)


def last_applied(live: JsonObject) -> JsonObject | None:
    """Return the manifest that was applied last; None if none was or it cannot be read."""
    metadata = live.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    kept = text(annotations, LAST_APPLIED)
    if not kept:
        return None
    try:
        found = documents.parse_json(kept)
    except SekishoInputError:
        return None
    return found if isinstance(found, Mapping) else None


def _merged(manifest: JsonObject, live: JsonObject, last: JsonObject) -> JsonObject:
    found: dict[str, Json] = {
        name: value for name, value in live.items() if name in manifest or name not in last
    }
    for name, value in manifest.items():
        before, applied = live.get(name), last.get(name)
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            found[name] = _merged(value, before, applied if isinstance(applied, Mapping) else {})
        else:
            found[name] = value
    return found


def _bare(manifest: JsonObject) -> JsonObject:
    """Return a manifest as kubectl records it, without the annotation that records it."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return manifest
    given = metadata.get("annotations")
    kept: dict[str, Json] = dict(given) if isinstance(given, Mapping) else {}
    kept.pop(LAST_APPLIED, None)
    return {**manifest, "metadata": {**metadata, "annotations": kept}}


def _is_within(part: Json, whole: Json) -> bool:
    if isinstance(part, Mapping):
        return all(
            _is_within(value, whole.get(name) if isinstance(whole, Mapping) else None)
            for name, value in part.items()
            if value != {}
        )
    return part == whole
