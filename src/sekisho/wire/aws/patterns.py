r"""Patterns of service models: Java's regular expressions, read by Python's engine.

The models use three things Python's `re` lacks: ``\p{L}`` and its siblings (by general
category of Unicode), ``\x{10000}`` and ``\z``. Character classes are ASCII (``\w``, ``\d``,
``\s``), as Java's are.
"""

import re
import sys
import unicodedata
from functools import cache

_PROPERTY = re.compile(r"\\([pP])\{(?:Is)?([A-Za-z]+)\}|\\([pP])([A-Z])")
_CODE_POINT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_POSIX = {
    "Alnum": "A-Za-z0-9",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Graph": "!-~",
    "Lower": "a-z",
    "Print": " -~",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\t\n\x0b\f\r ",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
}


def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return ``pattern`` for `re.Pattern.fullmatch`, None where Python cannot express it.

    A constraint that cannot be expressed is not checked; the tests list the patterns of the
    services served here for which that would be so (none).
    """
    translated = _CODE_POINT.sub(lambda match: f"\\U{int(match[1], 16):08x}", pattern)
    translated = translated.replace(r"\z", r"\Z")
    try:
        translated = _replace_properties(translated)
        return re.compile(translated, re.ASCII)
    except (re.error, KeyError, RecursionError, OverflowError):
        return None


def _replace_properties(pattern: str) -> str:
    r"""Write ``\p{..}`` out as ranges; inside a class bare, outside of one with brackets."""
    parts: list[str] = []
    last = 0
    for match in _PROPERTY.finditer(pattern):
        before = pattern[last : match.start()]
        parts.append(before)
        name = match[2] or match[4]
        is_negated = (match[1] or match[3]) == "P"
        inside = _is_inside_class(pattern[: match.start()])
        if inside and is_negated:
            raise KeyError(name)  # a complement inside a class has no bare spelling
        ranges = _POSIX.get(name) or _ranges(name)
        parts.append(ranges if inside else f"[{'^' if is_negated else ''}{ranges}]")
        last = match.end()
    return "".join([*parts, pattern[last:]])


def _is_inside_class(prefix: str) -> bool:
    plain = re.sub(r"\\.", "", prefix)
    return plain.rfind("[") > plain.rfind("]")


@cache
def _ranges(category: str) -> str:
    table = _categories()
    found = "".join(text for name, text in table.items() if name.startswith(category))
    if not found:
        raise KeyError(category)
    return found


@cache
def _categories() -> dict[str, str]:
    """Return the ranges of code points of each general category (``Lu``, ``Nd``)."""
    runs: dict[str, list[str]] = {}
    start, current = 0, unicodedata.category(chr(0))
    for point in range(1, sys.maxunicode + 2):
        name = unicodedata.category(chr(point)) if point <= sys.maxunicode else ""
        if name != current:
            last = f"-\\U{point - 1:08x}" if point - 1 > start else ""
            runs.setdefault(current, []).append(f"\\U{start:08x}{last}")
            start, current = point, name
    return {name: "".join(texts) for name, texts in runs.items()}
