"""A JSON value against the schema of its kind: types are checked, unknown fields found and left out.

What Go's typed decoding does on the server: nulls and empty ``omitempty`` members vanish, a member
of the wrong type is a 400, unknown members are reported to strict validation and dropped.
The texts are those of sigs.k8s.io/json and encoding/json, with which kubectl users are familiar.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube import schema as schemas
from sekisho.wire.kube.members import is_list
from sekisho.wire.kube.schema import Field, Schema

MAX_REPORTED = 100
_RESETTABLE = "managedFields"
"""An empty list of these is a wish: nobody is to manage the object any more."""

_INT_RANGE = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
}
_ZEROS: dict[str, Json] = {schemas.STRING: "", schemas.BYTES: "", schemas.BOOL: False}
_QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(([KMGTPE]i)|[numkMGTPE]|[eE][+-]?\d{1,5})?", re.ASCII)


class TypeMismatchError(ValueError):
    """A member has another type than its field; the text is the one kube-apiserver gives."""


@dataclass(frozen=True, slots=True)
class Conformed:
    """The value that is kept, and the paths of members that no field takes (``spec.x[0].y``)."""

    value: dict[str, Json]
    unknown: tuple[str, ...]

    def problems(self) -> tuple[str, ...]:
        """Return the strict decoding problems: ``unknown field "spec.x"``."""
        return tuple(f'unknown field "{path}"' for path in self.unknown)


def conform(value: JsonObject, message: str, schema: Schema) -> Conformed:
    """Return ``value`` as an object of ``message`` (``core.v1.ConfigMap``).

    Raises:
        TypeMismatchError: a member has the wrong type.
    """
    walk = _Walk(schema)
    top = {name: value[name] for name in ("apiVersion", "kind") if name in value}
    rest = {name: member for name, member in value.items() if name not in top}
    for name, member in top.items():
        if not isinstance(member, str):
            raise walk.mismatch(member, name, "string", message)
    return Conformed({**top, **walk.object(rest, message, "", "")}, tuple(walk.unknown[:MAX_REPORTED]))


class _Walk:
    """One walk; ``path`` counts list elements, ``dotted`` names fields alone, as Go does.

    ``within`` is the message whose field is read: Go names that one, not the whole object's.
    """

    __slots__ = ("schema", "unknown", "within")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.within = ""
        self.unknown: list[str] = []

    def object(self, value: JsonObject, message: str, path: str, dotted: str) -> dict[str, Json]:
        fields = self.schema.members(message)
        kept: dict[str, Json] = {}
        for name, member in value.items():
            field = fields.get(name)
            here = f"{path}.{name}" if path else name
            if field is None:
                self.unknown.append(here)
            elif member is not None:
                outer, self.within = self.within, message
                found = self.field(member, field, here, f"{dotted}.{name}" if dotted else name)
                self.within = outer
                if found or field.pointer or not field.omitempty or name == _RESETTABLE:
                    kept[name] = found
        return kept

    def field(self, value: Json, field: Field, path: str, dotted: str) -> Json:
        if field.shape == "list":
            if not is_list(value) or not isinstance(value, list):
                raise self.mismatch(value, dotted, f"[]{_go_type(field.type)}")
            return [self.one(item, field, f"{path}[{i}]", dotted) for i, item in enumerate(value)]
        if field.shape == "map":
            if not isinstance(value, Mapping):
                raise self.mismatch(value, dotted, f"map[string]{_go_type(field.type)}")
            return {key: self.one(item, field, f"{path}.{key}", dotted) for key, item in value.items()}
        return self.one(value, field, path, dotted)

    def one(self, value: Json, field: Field, path: str, dotted: str) -> Json:
        if field.type in schemas.SPECIAL:
            return self.special(value, field.type, dotted)
        if not field.is_message:
            return self.scalar(value, field.type, dotted)
        message = self.schema.message(field.type)
        if message.is_list:
            return self.field([] if value is None else value, message.fields[0], path, dotted)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.mismatch(value, dotted, _go_type(field.type))
        return self.object(value, field.type, path, dotted)

    def scalar(self, value: Json, type_: str, dotted: str) -> Json:
        match value:
            case bool():
                fits = type_ == schemas.BOOL
            case int() if type_ in _INT_RANGE:
                low, high = _INT_RANGE[type_]
                fits = low <= value <= high
            case int() | float():
                fits = type_ in schemas.FLOATS
            case str():
                fits = type_ in {schemas.STRING, schemas.BYTES}
            case None:
                return _ZEROS.get(type_, 0)
            case _:
                fits = False
        if not fits:
            raise self.mismatch(value, dotted, "[]uint8" if type_ == schemas.BYTES else type_)
        return self.base64(value) if type_ == schemas.BYTES and isinstance(value, str) else value

    def base64(self, value: str) -> str:
        compact = value.replace("\n", "").replace("\r", "")
        try:
            b64decode(compact, validate=True)
        except (binascii.Error, ValueError):
            bad = re.search(r"[^A-Za-z0-9+/]", compact)
            at = bad.start() if bad else len(compact) - len(compact) % 4
            raise TypeMismatchError(f"illegal base64 data at input byte {at}") from None
        return compact

    def special(self, value: Json, type_: str, dotted: str) -> Json:
        match type_, value:
            case ((schemas.TIME | schemas.MICRO_TIME), str()):
                return self.time(value)
            case schemas.QUANTITY, (str() | int() | float()) if not isinstance(value, bool):
                return self.quantity(str(value))
            case schemas.INT_OR_STRING, (str() | int()) if not isinstance(value, bool):
                return value
            case schemas.DURATION, str():
                return value
            case ((schemas.RAW_EXTENSION | schemas.FIELDS_V1), Mapping()):
                return value
        raise self.mismatch(value, dotted, _go_type(type_))

    def time(self, value: str) -> str:
        try:
            Instant.parse_rfc3339(value)
        except ValueError:
            raise TypeMismatchError(
                f'parsing time "{value[:64]}" as "2006-01-02T15:04:05Z07:00": '
                f'cannot parse "{value[:64]}" as "2006"'
            ) from None
        return value

    def quantity(self, value: str) -> str:
        if not _QUANTITY.fullmatch(value):
            raise TypeMismatchError(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
        return value

    def mismatch(self, value: Json, dotted: str, go_type: str, within: str = "") -> TypeMismatchError:
        message = (within or self.within).rpartition(".")[2]
        return TypeMismatchError(
            f"json: cannot unmarshal {_json_type(value)} into Go struct field "
            f"{message}.{dotted} of type {go_type}"
        )


def _json_type(value: Json) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return f"number {value}" if abs(value) >= 1 << 31 else "number"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case None:
            return "null"
    return "array"


def _go_type(type_: str) -> str:
    if type_ == schemas.BYTES:
        return "[]uint8"
    return ".".join(type_.split(".")[-2:])
