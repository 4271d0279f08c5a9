"""Query parameters of a request: numbers, choices that exist, combinations that mean something.

Source: k8s.io/apimachinery pkg/apis/meta/v1/validation and pkg/apis/meta/internalversion/validation
(ValidateCreateOptions and its kin, ValidateListOptions).
"""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.causes import bad_value, not_allowed, too_long, unsupported
from sekisho.wire.kube.members import items, text
from sekisho.wire.kube.status import Cause

MAX_FIELD_MANAGER_BYTES = 128
FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")
_PROPAGATION = ("Foreground", "Background", "Orphan", "nil")
_MATCHES = ("Exact", "NotOlderThan", "")
_WRITES = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
TRUE = frozenset({"true", "1", "True", "t", "T", "TRUE"})

Query = Mapping[str, str]


def read_query(raw: str) -> dict[str, str]:
    """Return the query parameters, the first value of each; total."""
    return {
        name: values[0] for name, values in parse_qs(raw, keep_blank_values=True, max_num_fields=None).items()
    }


def check_query(verb: str, query: Query, *, is_apply: bool = False) -> None:
    """Check the parameters of a request with ``verb``.

    Raises:
        KubeError: 400 a number that is none, 422 a value or a combination that is not allowed.
    """
    if verb in _WRITES:
        _refuse(_WRITES[verb], [*_patch(verb, query, is_apply=is_apply), *_write(query)])
    elif verb in ("delete", "deletecollection"):
        _refuse("DeleteOptions", list(_deletion(query)))
    if verb in ("list", "watch", "deletecollection"):
        for name in ("limit", "timeoutSeconds"):
            _number(query, name)
    if verb in ("list", "watch"):
        _refuse("ListOptions", list(_listing(query, is_watch=verb == "watch")))


def check_delete_options(options: JsonObject) -> None:
    """Check the DeleteOptions in the body of a DELETE.

    Raises:
        KubeError: 422.
    """
    given = {"propagationPolicy": text(options, "propagationPolicy")}
    causes = list(_deletion({name: value for name, value in given.items() if value}))
    if given["propagationPolicy"] and options.get("orphanDependents") is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        causes.insert(0, bad_value("propagationPolicy", given["propagationPolicy"], detail))
    dry: list[Json] = list(items(options, "dryRun"))
    if dry and dry != ["All"]:
        causes.append(_unsupported_dry_run(dry))
    _refuse("DeleteOptions", causes)


def query_options(query: Query) -> dict[str, Json]:
    """Return the DeleteOptions that a query was checked to have; a body that has them too wins."""
    options: dict[str, Json] = {}
    grace = query.get("gracePeriodSeconds", "")
    if grace.lstrip("-").isdecimal():
        options["gracePeriodSeconds"] = int(grace)
    if query.get("propagationPolicy"):
        options["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        options["orphanDependents"] = query["orphanDependents"] in TRUE
    return options


def _write(query: Query) -> Iterator[Cause]:
    manager = query.get("fieldManager", "")
    if len(manager.encode(errors="replace")) > MAX_FIELD_MANAGER_BYTES:
        yield too_long("fieldManager", MAX_FIELD_MANAGER_BYTES)
    for at, char in enumerate(manager):
        if not char.isprintable():
            escaped = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in manager)
            detail = f'Invalid value: "{escaped}": invalid character U+{ord(char):04X} (at position {at})'
            yield Cause("FieldValueInvalid", detail, "fieldManager")
    yield from _dry_run(query)
    if query.get("fieldValidation", "") not in FIELD_VALIDATION:
        yield unsupported("fieldValidation", query["fieldValidation"], FIELD_VALIDATION)


def _patch(verb: str, query: Query, *, is_apply: bool) -> Iterator[Cause]:
    if verb != "patch":
        return
    if is_apply:
        if not query.get("fieldManager"):
            yield Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
    elif "force" in query:
        yield not_allowed("force", "may not be specified for non-apply patch")


def _dry_run(query: Query) -> Iterator[Cause]:
    if query.get("dryRun", "All") != "All":
        yield _unsupported_dry_run([query["dryRun"]])


def _unsupported_dry_run(given: list[Json]) -> Cause:
    shown = ",".join(status.quote(str(value)) for value in given)
    return Cause("FieldValueNotSupported", f'Unsupported value: [{shown}]: supported values: "All"', "dryRun")


def _deletion(query: Query) -> Iterator[Cause]:
    policy = query.get("propagationPolicy", "")
    if policy and policy not in _PROPAGATION[:3]:
        yield unsupported("propagationPolicy", policy, _PROPAGATION)
    yield from _dry_run(query)


def _listing(query: Query, *, is_watch: bool) -> Iterator[Cause]:
    match, version = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    if is_watch:
        yield from _initial_events(query, match)
        return
    if "sendInitialEvents" in query:
        yield not_allowed("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if not match:
        return
    if not version:
        yield not_allowed(
            "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
    if query.get("continue"):
        yield not_allowed(
            "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"
        )
    if match not in _MATCHES:
        yield unsupported("resourceVersionMatch", match, _MATCHES)
    if match == "Exact" and version == "0":
        yield not_allowed(
            "resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        )


def _initial_events(query: Query, match: str) -> Iterator[Cause]:
    if "sendInitialEvents" in query and match != "NotOlderThan":
        yield not_allowed(
            "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        )
    elif match and "sendInitialEvents" not in query:
        yield not_allowed(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )


def _number(query: Query, name: str) -> None:
    value = query.get(name, "")
    digits = value[1:] if value[:1] in ("-", "+") else value
    if value and not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise status.bad_request(f"strconv.ParseInt: parsing {status.quote(value)}: invalid syntax")


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise status.invalid(kind, "meta.k8s.io", "", causes)
