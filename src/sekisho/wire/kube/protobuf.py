r"""Bodies of type ``application/vnd.kubernetes.protobuf`` as the JSON values they stand for.

Typed Go clients (kubectl from 1.32) send them and do not fall back to JSON. A body is the
magic ``k8s\0`` and a ``runtime.Unknown`` envelope: apiVersion, kind and the encoded object.
Sources: Kubernetes documentation, "Kubernetes Protobuf encoding"; Protocol Buffers
documentation, "Encoding".

What Go would leave out of JSON is left out here: a zero value is kept where the field is
a pointer (it was set on purpose) or has no ``omitempty``. Unknown fields are skipped, as
protobuf asks. Size, depth and number of values are bounded; every malformed byte ends in
a `SekishoInputError`.
"""

import struct
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite

from sekisho.decide.values import Json, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.wire.kube import schema as schemas
from sekisho.wire.kube.schema import Field, Message, Schema

MAGIC = b"k8s\x00"
MAX_DEPTH = 64
MAX_VALUES = 200_000

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_Raw = int | bytes


def decode(body: bytes, schema: Schema) -> dict[str, Json]:
    """Return the object in ``body`` with its ``apiVersion`` and ``kind``.

    Raises:
        SekishoInputError: no envelope, an unknown kind, or malformed or excessive content.
    """
    return _Decoder(schema).envelope(body, 0)


def fault(problem: str) -> SekishoInputError:
    """Return the error for a malformed body."""
    return SekishoInputError.single("protobuf.malformed", Ref("body"), problem)


class _Decoder:
    """One decoding: the schema and what may still be produced."""

    __slots__ = ("left", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.left = MAX_VALUES

    def envelope(self, body: bytes, depth: int) -> dict[str, Json]:
        if not body.startswith(MAGIC):
            raise fault("does not start with the magic `k8s\\0`")
        parts = dict(_wire(body[len(MAGIC) :]))
        type_meta = dict(_wire(_bytes(parts.get(1, b""))))
        api_version, kind = _text(_bytes(type_meta.get(1, b""))), _text(_bytes(type_meta.get(2, b"")))
        if parts.get(3):
            raise fault("the envelope has a content encoding")
        message = self.schema.of_kind(api_version, kind)
        if message is None:
            raise fault(f"the kind `{kind[:80]}` of `{api_version[:80]}` is not known")
        value = self.message(message, _bytes(parts.get(2, b"")), depth)
        return {"apiVersion": api_version, "kind": kind, **value}

    def message(self, message: Message, data: bytes, depth: int) -> dict[str, Json]:
        if depth > MAX_DEPTH:
            raise fault(f"nested deeper than {MAX_DEPTH}")
        lists: dict[str, list[Json]] = {}
        maps: dict[str, dict[str, Json]] = {}
        result: dict[str, Json] = {}
        for number, raw in _wire(data):
            self.spend()
            field = message.by_number.get(number)
            if field is None:
                continue
            if field.shape == "map":
                key, value = self.entry(field, _bytes(raw), depth)
                result[field.name] = maps.setdefault(field.name, {})
                maps[field.name][key] = value
            elif field.shape == "list":
                result[field.name] = lists.setdefault(field.name, [])
                lists[field.name] += self.elements(field, raw, depth)
            elif not field.name:
                result |= self.message(self.schema.message(field.type), _bytes(raw), depth + 1)
            else:
                self.single(field, raw, depth, result)
        return result

    def single(self, field: Field, raw: _Raw, depth: int, result: dict[str, Json]) -> None:
        value = self.value(field, raw, depth)
        dropped = value is None or (not value and field.omitempty and not field.pointer)
        if dropped:
            result.pop(field.name, None)
        else:
            result[field.name] = value

    def elements(self, field: Field, raw: _Raw, depth: int) -> list[Json]:
        if isinstance(raw, bytes) and field.type in schemas.INTEGERS | {schemas.BOOL}:
            packed: list[Json] = []
            at = 0
            while at < len(raw):
                number, at = _varint(raw, at)
                self.spend()
                packed.append(_scalar(field.type, number))
            return packed
        return [self.value(field, raw, depth)]

    def entry(self, field: Field, data: bytes, depth: int) -> tuple[str, Json]:
        parts = dict(_wire(data))
        zero: _Raw = 0 if field.type in schemas.INTEGERS | {schemas.BOOL} else b""
        return _text(_bytes(parts.get(1, b""))), self.value(field, parts.get(2, zero), depth)

    def value(self, field: Field, raw: _Raw, depth: int) -> Json:
        if not field.is_message:
            return _scalar(field.type, raw)
        data = _bytes(raw)
        if field.type in schemas.SPECIAL:
            return self.special(field.type, data, depth)
        message = self.schema.message(field.type)
        value = self.message(message, data, depth + 1)
        return value.get(message.fields[0].name, []) if message.is_list else value

    def special(self, name: str, data: bytes, depth: int) -> Json:
        parts = dict(_wire(data))
        match name:
            case schemas.TIME | schemas.MICRO_TIME:
                if not parts:
                    return None
                seconds, nanos = _signed(parts.get(1, 0), 64), _signed(parts.get(2, 0), 32)
                return _moment(seconds, nanos, micro=name == schemas.MICRO_TIME)
            case schemas.DURATION:
                return f"{_signed(parts.get(1, 0), 64)}ns"
            case schemas.QUANTITY:
                return _text(_bytes(parts.get(1, b""))) or "0"
            case schemas.INT_OR_STRING:
                if parts.get(1, 0) == 1:
                    return _text(_bytes(parts.get(3, b"")))
                return _signed(parts.get(2, 0), 32)
            case _:
                raw = _bytes(parts.get(1, b""))
                if raw.startswith(MAGIC):
                    return self.envelope(raw, depth + 1)
                return parse_json(raw, "body") if raw else None

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise fault(f"more than {MAX_VALUES} values")


def _wire(data: bytes) -> Iterator[tuple[int, _Raw]]:
    """Yield field number and raw value of each record."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise fault("a field has number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _LENGTH:
            size, at = _varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise fault(f"wire type {kind} is not supported")
        if size > end - at:
            raise fault("a field is longer than its message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise fault("ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >= 1 << 64:
                break
            return value, at
    raise fault("a number has more than 64 bits")


def _scalar(type_: str, raw: _Raw) -> Json:
    match type_:
        case schemas.STRING:
            return _text(_bytes(raw))
        case schemas.BYTES:
            return b64encode(_bytes(raw)).decode()
        case schemas.BOOL:
            return _integer(raw) != 0
        case "int32" | "int64":
            return _signed(raw, int(type_.removeprefix("int")))
        case "uint32" | "uint64":
            return _integer(raw) & ((1 << int(type_.removeprefix("uint"))) - 1)
    data = _bytes(raw)
    if len(data) != (8 if type_ == "double" else 4):
        raise fault("a floating-point number has another size")
    number: float = struct.unpack("<d" if type_ == "double" else "<f", data)[0]
    if not isfinite(number):
        raise fault("a number is not finite")
    return number


def _signed(raw: _Raw, bits: int) -> int:
    value = _integer(raw) & ((1 << bits) - 1)
    return value - (1 << bits) if value >> (bits - 1) else value


def _integer(raw: _Raw) -> int:
    if isinstance(raw, bytes):
        raise fault("a number has the wire type of a string")
    return raw


def _bytes(raw: _Raw) -> bytes:
    if isinstance(raw, int):
        raise fault("a string or message has the wire type of a number")
    return raw


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise fault("a string is not UTF-8") from None


def _moment(seconds: int, nanos: int, *, micro: bool) -> str:
    """Return an RFC 3339 time: whole seconds, or with the six digits of MicroTime."""
    if not 0 <= nanos < 1_000_000_000:
        raise fault("nanoseconds are not within a second")
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise fault("a time is not within the years 1 to 9999") from None
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{nanos // 1000:06d}Z" if micro else "Z")
