"""Strict reading of JSON and YAML: bounded, no duplicate member names, no surprises.

Everything that comes from outside passes through here once. Values come out as
plain Python objects; where in the text a member stands is found by a second scan
(`line_of`), only when something is reported.
"""

import json
import re
from collections import Counter
from typing import Any, NoReturn

from sekisho.decide.values.document_text import MAX_DEPTH, MAX_DOCUMENT_BYTES, decode, shown
from sekisho.decide.values.errors import SekishoInputError
from sekisho.decide.values.json_value import Json
from sekisho.decide.values.ref import Ref
from sekisho.decide.values.yaml_document import MAX_NODES, line_of, parse_yaml, parse_yaml_all

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_NODES",
    "line_of",
    "parse_json",
    "parse_yaml",
    "parse_yaml_all",
    "to_json",
]

_CONTAINERS = (dict, list)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _NotJsonError(ValueError):
    """Python's reader takes the text for JSON, RFC 8259 or this project does not."""


def parse_json(text: str | bytes, name: str = "input") -> Json:
    """Return the value of one JSON document (RFC 8259).

    Stricter than `json.loads`: duplicate member names, ``NaN`` and infinities (numbers too
    large for a double among them), halves of surrogate pairs, input over
    ``MAX_DOCUMENT_BYTES`` and nesting over ``MAX_DEPTH`` are refused.

    Raises:
        SekishoInputError: with the line of the fault; ``name`` is the document of its Ref.
    """
    decoded = decode(text, name)
    duplicates: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        merged = dict(members)
        if len(merged) != len(members) and not duplicates:
            duplicates.append(_first_repeated(members))
        return merged

    try:
        value: Json = json.loads(
            decoded, object_pairs_hook=pairs, parse_constant=_constant, parse_float=_number
        )
    except json.JSONDecodeError as error:
        raise SekishoInputError.single(
            "json.syntax", Ref(name), f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", line=error.lineno
        ) from None
    except _NotJsonError as error:
        raise SekishoInputError.single("json.syntax", Ref(name), str(error)) from None
    except ValueError:
        # Python reads no integer of more than some thousand digits: it would take quadratic time.
        raise SekishoInputError.single("json.syntax", Ref(name), "a number has too many digits") from None
    except RecursionError:
        raise SekishoInputError.single("json.too-deep", Ref(name), "nested too deeply") from None
    if duplicates:
        raise SekishoInputError.single(
            "json.duplicate-member", Ref(name), f"the member {shown(duplicates[0])} occurs twice"
        )
    if _is_too_deep(value):
        raise SekishoInputError.single("json.too-deep", Ref(name), "nested too deeply")
    if _ESCAPED_SURROGATE.search(decoded) and not _is_encodable(value):
        raise SekishoInputError.single("json.lone-surrogate", Ref(name), "half a surrogate pair is not text")
    return value


def to_json(value: object) -> bytes:
    """Return ``value`` as compact JSON, member order kept."""
    return _ENCODER.encode(value).encode()


def _constant(token: str) -> NoReturn:
    raise _NotJsonError(f"`{token}` is not JSON")


def _number(token: str) -> float:
    value = float(token)
    if abs(value) == float("inf"):
        raise _NotJsonError(f"the number {shown(token)} is too large")
    return value


def _first_repeated(members: list[tuple[str, Any]]) -> str:
    times = Counter(name for name, _ in members)
    return next(name for name, _ in members if times[name] > 1)


def _is_encodable(value: Json) -> bool:
    try:
        to_json(value)
    except UnicodeEncodeError:
        return False
    return True


def _is_too_deep(value: Json) -> bool:
    """Tell whether anything lies deeper than ``MAX_DEPTH``; a level at a time, containers only."""
    level: list[Any] = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, _CONTAINERS)
        ]
    return any(level)
