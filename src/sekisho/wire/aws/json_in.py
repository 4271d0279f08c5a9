"""JSON bodies of the ``json`` and ``rest-json`` protocols, as values of the model.

Smithy, "AWS JSON 1.1 protocol" and "AWS restJson1 protocol". Unknown members are ignored and
``null`` is absence, as the services do.
"""

import re
from collections.abc import Mapping

from sekisho.decide.values import Json, SekishoInputError, documents
from sekisho.wire.aws.scalars import bounded_integer, parse_blob
from sekisho.wire.aws.shape import Kind, Location, Member, Value
from sekisho.wire.aws.timestamps import parse_epoch, parse_timestamp
from sekisho.wire.errors import WireError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def parse_body(body: bytes) -> Mapping[str, Json]:
    """Return the object of a JSON body; an empty body is an empty object.

    Raises:
        WireError: ``SerializationException``, not a JSON object.
    """
    if not body:
        return {}
    try:
        value = documents.parse_json(body, "body")
        if _SURROGATE.search(body):
            documents.to_json(value)
    except SekishoInputError as error:
        raise _refusal("body", error.faults[0].problem) from None
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair, UTF-8 cannot
        raise _refusal("body", "half a surrogate pair is not text") from None
    if not isinstance(value, Mapping):
        raise _refusal("body", f"{_kind_of(value)} can not be converted to a Structure")
    return value


def decode_structure(owner: Member, raw: Mapping[str, Json], path: str = "") -> dict[str, Value]:
    """Return the members of ``owner`` that ``raw`` has in its body.

    Raises:
        WireError: ``SerializationException``, a value is not of its type.
    """
    found: dict[str, Value] = {}
    for name, member in owner.shape.members.items():
        if member.location is Location.BODY:
            value = raw.get(member.label)
            if value is not None:
                found[name] = decode_value(member, value, f"{path}.{name}" if path else name)
    return found


def decode_value(member: Member, raw: Json, path: str) -> Value:
    """Return one value of the model.

    Raises:
        WireError: ``SerializationException``, not of its type.
    """
    shape = member.shape
    kind = shape.kind
    if kind is Kind.STRING or kind is Kind.CHARACTER:
        if isinstance(raw, str):
            return raw
        raise _refusal(path, f"{_kind_of(raw)} can not be converted to a String")
    if kind is Kind.STRUCTURE:
        if shape.is_document:
            return raw
        if isinstance(raw, Mapping):
            return decode_structure(member, raw, path)
        raise _refusal(path, f"{_kind_of(raw)} can not be converted to a Structure")
    if kind is Kind.LIST:
        if isinstance(raw, list):
            item = shape.item
            return [_element(item, value, f"{path}.{at}") for at, value in enumerate(raw, 1)]
        raise _refusal(path, f"{_kind_of(raw)} can not be converted to a List")
    if kind is Kind.MAP:
        if isinstance(raw, Mapping):
            value = shape.value
            return {key: _element(value, child, f"{path}.{key}") for key, child in raw.items()}
        raise _refusal(path, f"{_kind_of(raw)} can not be converted to a Map")
    return _scalar(kind, raw, path)


def _element(member: Member, raw: Json, path: str) -> Value:
    return None if raw is None else decode_value(member, raw, path)


def _scalar(kind: Kind, raw: Json, path: str) -> Value:
    try:
        match kind, raw:
            case Kind.BOOLEAN, bool():
                return raw
            case (_, bool()):
                pass
            case (Kind.INTEGER | Kind.LONG, int() | float()) if raw == int(raw):
                return bounded_integer(kind, int(raw))
            case (Kind.FLOAT | Kind.DOUBLE, int() | float()):
                return float(raw)
            case (Kind.FLOAT | Kind.DOUBLE, str()) if raw in _NOT_FINITE:
                return float(raw)
            case Kind.TIMESTAMP, int() | float():
                return parse_epoch(raw)
            case Kind.TIMESTAMP, str():
                return parse_timestamp(raw)
            case Kind.BLOB, str():
                return parse_blob(raw)
    except (ValueError, OverflowError):
        pass
    raise _refusal(path, f"{_kind_of(raw)} can not be converted to a {kind.value.title()}")


def _kind_of(raw: Json) -> str:
    match raw:
        case None:
            return "NULL_VALUE"
        case True:
            return "TRUE_VALUE"
        case False:
            return "FALSE_VALUE"
        case int():
            return "NUMBER_VALUE"
        case float():
            return "DECIMAL_VALUE"
        case str():
            return "STRING_VALUE"
        case Mapping():
            return "START_OBJECT"
        case _:
            return "START_ARRAY"


def _refusal(place: str, problem: str) -> WireError:
    return WireError(place, problem, code="SerializationException")
