"""Patches: which kind a body is, and the object after it.

Source: Kubernetes documentation, "Update API Objects in Place Using kubectl patch";
RFC 6902 (JSON Patch), RFC 7386 (JSON Merge Patch).
"""

import copy
from collections.abc import Mapping
from enum import Enum

import jsonpatch
import jsonpointer

from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, parse_yaml, to_json
from sekisho.wire.kube import status
from sekisho.wire.kube.body import MAX_BODY_BYTES
from sekisho.wire.kube.members import is_list
from sekisho.wire.kube.schema import Schema
from sekisho.wire.kube.strategic import strategic_merge

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = MAX_BODY_BYTES
"""Each ``copy`` may double a document: what all of them add is bounded, as kube-apiserver does."""


class PatchType(Enum):
    """The media types of PATCH."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"

    @classmethod
    def parse(cls, content_type: str) -> "PatchType":
        """Read a Content-Type.

        Raises:
            KubeError: 415, another media type.
        """
        media_type = content_type.partition(";")[0].strip().lower()
        try:
            return cls(media_type)
        except ValueError:
            raise status.unsupported_media_type(media_type, [each.value for each in cls]) from None


def read_patch(body: bytes, kind: PatchType) -> Json:
    """Return the value of a patch body: a list for JSON Patch, an object otherwise.

    Raises:
        KubeError: 413 too long, 400 malformed.
    """
    if len(body) > MAX_BODY_BYTES:
        raise status.too_large(MAX_BODY_BYTES)
    try:
        value = parse_yaml(body, "patch") if kind is PatchType.APPLY else parse_json(body, "patch")
    except SekishoInputError as error:
        raise status.bad_request(f"error decoding patch: {error.faults[0].problem}") from None
    if kind is PatchType.JSON:
        if not is_list(value):
            raise status.bad_request("error decoding patch: expected a list of operations")
    elif not isinstance(value, Mapping):
        raise status.bad_request("error decoding patch: expected an object")
    return value


def apply_patch(
    current: JsonObject, patch: Json, kind: PatchType, message: str, schema: Schema
) -> JsonObject:
    """Return ``current`` after ``patch`` (as `read_patch` returned it); ``current`` is not changed.

    ``message`` is the schema's name of the kind (``core.v1.ConfigMap``).
    Server-side apply is no patch in this sense: it needs the managed fields.

    Raises:
        KubeError: 400 not applicable in form, 422 an operation fails on this object.
    """
    match kind:
        case PatchType.JSON:
            return json_patch(current, patch)
        case PatchType.MERGE:
            merged = merge_patch(current, patch)
            return merged if isinstance(merged, Mapping) else {}
        case PatchType.STRATEGIC:
            return strategic_merge(current, patch if isinstance(patch, Mapping) else {}, message, schema)
        case PatchType.APPLY:
            raise status.bad_request("server-side apply is not a patch of the stored object")


def merge_patch(target: Json, patch: Json) -> Json:
    """Return ``target`` after a JSON Merge Patch (RFC 7386 section 2)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(current: JsonObject, patch: Json) -> JsonObject:
    """Return ``current`` after the operations of a JSON Patch (RFC 6902), all of them or none.

    Raises:
        KubeError: 400 malformed or too many operations, 422 one cannot be applied.
    """
    operations = [op for op in patch if isinstance(op, Mapping)] if isinstance(patch, list) else []
    if not isinstance(patch, list) or len(operations) != len(patch):
        raise status.bad_request("error decoding patch: expected a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise status.KubeError(
            413,
            "RequestEntityTooLarge",
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}",
        )
    try:
        result = _applied(current, operations)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException):
        raise _unapplicable() from None
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        # jsonpatch trips over operations that lead into a scalar.
        raise _unapplicable() from None
    if not isinstance(result, Mapping):
        raise status.bad_request("the patch leaves no object")
    return result


def _applied(current: JsonObject, operations: list[JsonObject]) -> Json:
    result: Json = copy.deepcopy(current)
    copied = 0
    for given in operations:
        operation = _as_kubernetes_reads(given, result)
        single = jsonpatch.JsonPatch([operation])
        if operation.get("op") == "copy":
            copied += len(to_json(jsonpointer.resolve_pointer(result, str(operation["from"]))))
            if copied > MAX_COPIED_BYTES:
                raise status.KubeError(
                    413,
                    "RequestEntityTooLarge",
                    f"Unable to complete the copy, the accumulated size increase of copy is {copied}, "
                    f"exceeding the limit {MAX_COPIED_BYTES}",
                )
        result = single.apply(result, in_place=True)
    return result


def _as_kubernetes_reads(operation: JsonObject, document: Json) -> JsonObject:
    """Return an operation as kube-apiserver's library takes it, which is laxer than RFC 6902 in two points.

    A value that is not given is null, and replacing a member that is not there adds it.
    """
    if operation.get("op") in ("add", "replace", "test"):
        operation = {"value": None, **operation}
    if operation.get("op") == "replace":
        parent, _, member = str(operation.get("path", "")).rpartition("/")
        holder = jsonpointer.resolve_pointer(document, parent)
        if isinstance(holder, Mapping) and jsonpointer.unescape(member) not in holder:
            return {**operation, "op": "add"}
    return operation


def _unapplicable() -> status.KubeError:
    return status.KubeError(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    )
