"""Scalars as text: in query parameters, XML elements, headers and paths."""

import base64
import binascii
import json
import re

from sekisho.decide.values import Instant, SekishoInputError, documents
from sekisho.wire.aws.shape import Kind, Member, Value
from sekisho.wire.aws.timestamps import ISO8601, parse_timestamp, render_timestamp

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_BOOLEANS = {"true": True, "false": False}

BITS = {Kind.INTEGER: 31, Kind.LONG: 63}


def parse_scalar(member: Member, text: str) -> Value:
    """Return the value that ``text`` spells for ``member``.

    Raises:
        ValueError: not a spelling of the member's type; the message says what was expected
            (``a valid integer``) and holds nothing of the text.
    """
    kind = member.shape.kind
    if kind is Kind.STRING or kind is Kind.CHARACTER:
        return _parse_json_value(text) if member.is_json_value else text
    if kind is Kind.BOOLEAN:
        known = _BOOLEANS.get(text.lower())
        if known is None:
            raise ValueError("true or false")
        return known
    if kind is Kind.INTEGER or kind is Kind.LONG:
        if not _INTEGER.fullmatch(text):
            raise ValueError("a valid integer")
        return bounded_integer(kind, int(text))
    if kind is Kind.FLOAT or kind is Kind.DOUBLE:
        if text not in _NOT_FINITE and not _FLOAT.fullmatch(text):
            raise ValueError("a valid number")
        return float(text)
    if kind is Kind.TIMESTAMP:
        try:
            return parse_timestamp(text)
        except ValueError:
            raise ValueError("a valid timestamp") from None
    if kind is Kind.BLOB:
        return parse_blob(text)
    raise ValueError(f"a {kind.value}")


def bounded_integer(kind: Kind, number: int) -> int:
    """Return ``number`` if the type holds it (32 bits for an integer, 64 for a long).

    Raises:
        ValueError: out of range.
    """
    limit = 1 << BITS[kind]
    if not -limit <= number < limit:
        raise ValueError("a valid integer")
    return number


def parse_blob(text: str) -> bytes:
    """Return the bytes ``text`` spells in base64 (RFC 4648 section 4, padding required).

    Raises:
        ValueError: not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("valid base64") from None


def render_scalar(member: Member, value: Value, timestamps: str = ISO8601) -> str:
    """Return ``value`` as text; ``timestamps`` is the protocol's form where the model names none.

    Raises:
        TypeError: ``value`` is not of the member's type: a fault of the operation that made it.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return render_float(value)
    if isinstance(value, Instant):
        return render_timestamp(value, (member.timestamp_format or timestamps).lower())
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"`{member.name}` ({member.shape.name}) cannot hold a {type(value).__name__}")


def render_float(number: float) -> str:
    """Return a number as Smithy spells it, the three that are not finite included."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def render_json_value(value: Value) -> str:
    """Return a ``jsonvalue`` member as a header carries it: compact JSON in base64."""
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode("ascii")


def _parse_json_value(text: str) -> Value:
    try:
        return documents.parse_json(parse_blob(text))
    except SekishoInputError:
        raise ValueError("base64 of a JSON document") from None
