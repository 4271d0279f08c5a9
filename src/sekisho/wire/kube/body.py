"""Request bodies: by Content-Type to an object of the kind that the path serves.

Stricter than kube-apiserver in one point: a member name that occurs twice is refused whatever
``fieldValidation`` says, because two readers could see two different objects.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, parse_yaml
from sekisho.wire.kube import protobuf, status
from sekisho.wire.kube.conform import TypeMismatchError, conform
from sekisho.wire.kube.members import mapping
from sekisho.wire.kube.negotiate import JSON, PROTOBUF, YAML
from sekisho.wire.kube.registry import GroupVersion
from sekisho.wire.kube.schema import Schema

MAX_BODY_BYTES = 3 * 1024 * 1024
READ = (JSON, YAML, PROTOBUF)


class FieldValidation(Enum):
    """What happens to unknown fields (query parameter ``fieldValidation``)."""

    IGNORE = "Ignore"
    WARN = "Warn"
    STRICT = "Strict"

    @classmethod
    def parse(cls, value: str) -> "FieldValidation":
        """Read the query parameter; empty means ``Warn``, the server's default.

        Raises:
            KubeError: 422, no such choice.
        """
        try:
            return cls(value or "Warn")
        except ValueError:
            supported = '"", "Ignore", "Strict", "Warn"'
            message = f"Unsupported value: {status.quote(value)}: supported values: {supported}"
            cause = status.Cause("FieldValueNotSupported", message, "fieldValidation")
            raise status.invalid("CreateOptions", "meta.k8s.io", "", [cause]) from None


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object and the texts for ``Warning`` headers (`warning_header`)."""

    value: dict[str, Json]
    warnings: tuple[str, ...] = ()


def read_object(
    body: bytes,
    content_type: str,
    at: GroupVersion,
    kind: str,
    schema: Schema,
    validation: FieldValidation = FieldValidation.WARN,
) -> Decoded:
    """Return the object in ``body``, which has to be of ``kind`` in ``at``.

    A missing apiVersion or kind is filled in. The value holds only fields of the kind; a
    Secret's ``stringData`` is merged into ``data``.

    Raises:
        KubeError: 413 too long, 415 another media type, 400 malformed, another kind or
            version, a member of the wrong type, or unknown fields under ``Strict``.
    """
    value = read_value(body, content_type, kind, schema)
    return check_object(value, at, kind, schema, validation)


def check_object(
    value: JsonObject,
    at: GroupVersion,
    kind: str,
    schema: Schema,
    validation: FieldValidation = FieldValidation.WARN,
) -> Decoded:
    """Return ``value``, also the result of a patch, as an object of ``kind``.

    Raises:
        KubeError: 400, as `read_object`.
    """
    checked = _typed(value, at, kind)
    message = schema.of_kind(at.api_version, kind)
    if message is None:
        return Decoded(checked)
    try:
        found = conform(checked, message.name, schema)
    except TypeMismatchError as error:
        raise status.cannot_decode(kind, at.version, str(error)) from None
    problems = found.problems()
    if problems and validation is FieldValidation.STRICT:
        raise status.strict_decoding(kind, at.version, problems)
    kept = _merge_string_data(found.value) if kind == "Secret" and at.api_version == "v1" else found.value
    return Decoded(kept, problems if validation is FieldValidation.WARN else ())


def read_options(body: bytes, content_type: str, schema: Schema) -> dict[str, Json]:
    """Return the DeleteOptions of a DELETE; an empty body means none.

    Raises:
        KubeError: as `read_object`.
    """
    if not body:
        return {}
    value = read_value(body, content_type, "DeleteOptions", schema)
    if value.get("kind") not in (None, "", "DeleteOptions"):
        raise status.bad_request("the body of a delete is not a DeleteOptions")
    try:
        return conform(value, "meta.v1.DeleteOptions", schema).value
    except TypeMismatchError as error:
        raise status.cannot_decode("DeleteOptions", "v1", str(error)) from None


def read_value(body: bytes, content_type: str, kind: str, schema: Schema) -> JsonObject:
    """Return the JSON object that ``body`` stands for; ``kind`` is what errors say was expected.

    Raises:
        KubeError: 413, 415 or 400.
    """
    if len(body) > MAX_BODY_BYTES:
        raise status.too_large(MAX_BODY_BYTES)
    media_type = content_type.partition(";")[0].strip().lower() or JSON
    try:
        match media_type:
            case "application/json":
                value = parse_json(body, "body")
            case "application/yaml":
                value = parse_yaml(body, "body")
            case "application/vnd.kubernetes.protobuf":
                value = protobuf.decode(body, schema)
            case _:
                raise status.unsupported_media_type(media_type, READ)
    except SekishoInputError as error:
        problem = error.faults[0].problem
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {kind}): {problem}"
        ) from None
    if not isinstance(value, Mapping):
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {kind}): expected an object"
        )
    return value


def warning_header(text: str) -> str:
    """Return the value of a ``Warning`` header (RFC 9111 section 5.5, code 299) for ``text``."""
    safe = "".join(char if char.isprintable() else " " for char in text)
    quoted = safe.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'


def _typed(value: JsonObject, at: GroupVersion, kind: str) -> dict[str, Json]:
    api_version, found = value.get("apiVersion"), value.get("kind")
    api_version = at.api_version if api_version in (None, "") else api_version
    found = kind if found in (None, "") else found
    if not isinstance(api_version, str) or not isinstance(found, str):
        raise status.bad_request(
            f"the object provided is unrecognized (must be of type {kind}): apiVersion and kind are strings"
        )
    if found != kind:
        version = GroupVersion.parse(api_version).version
        raise status.bad_request(
            f"{found} in version {status.quote(version)} cannot be handled as a {kind}: "
            f"expected kind {kind}, found {found}"
        )
    if api_version != at.api_version:
        raise status.bad_request(
            f"the API version in the data ({api_version}) does not match "
            f"the expected API version ({at.api_version})"
        )
    rest = {name: member for name, member in value.items() if name not in {"apiVersion", "kind"}}
    return {"apiVersion": api_version, "kind": kind, **rest}


def _merge_string_data(secret: dict[str, Json]) -> dict[str, Json]:
    """Encode ``stringData`` into ``data``, where it wins (Secret is write-only in that member)."""
    written = mapping(secret.get("stringData"))
    if not written:
        return secret
    encoded = {key: b64encode(str(text).encode()).decode() for key, text in written.items()}
    rest = {name: member for name, member in secret.items() if name != "stringData"}
    return {**rest, "data": {**mapping(secret.get("data")), **encoded}}
