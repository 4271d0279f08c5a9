"""The values of annotations, read as the webhook's own readers read them: none of them raises.

Source: Go ``strconv.ParseBool``, ``strconv.ParseInt`` (base 10), ``encoding/csv`` (``Reader.Read``).
"""

import re
from typing import Final

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_MAX_DIGITS: Final = 40
_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|\Z)')


def read_boolean(text: str) -> bool | None:
    """Return what ``text`` says; None if it says neither."""
    return True if text in _TRUE else False if text in _FALSE else None


def read_seconds(text: str) -> int | None:
    """Return the number that ``text`` is, 64 bits with a sign; None if it is none."""
    if not _INTEGER.fullmatch(text) or len(text) > _MAX_DIGITS:
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def read_names(text: str) -> tuple[str, ...] | None:
    """Return the fields of the first record of ``text`` as CSV, spaces kept; None if it is none."""
    rest = text.removesuffix("\r").replace("\r\n", "\n").lstrip("\n")
    if not rest:
        return None
    fields: list[str] = []
    at = 0
    while True:
        found = _FIELD.match(rest, at)
        if found is None:
            return None
        fields.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        if found[3] != ",":
            return tuple(fields)
        at = found.end()
