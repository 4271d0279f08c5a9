"""From a place in a loaded text to its line, also inside a text that the text holds.

ConfigMaps and world files carry YAML and JSON as block scalars; a Ref goes on into them as
if they were part of the document. A block that starts with ``|`` keeps its lines, so the
line inside counts from there; in any other spelling the line of the member counts.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from sekisho.decide.values import Json, Ref, SekishoInputError, documents

_LITERAL = re.compile(r"[:-]\s+\|[0-9+-]*\s*(#.*)?$")


def line_of(text: str, pointer: str, document: int = 0, inner_line: int = 0) -> int:
    """Return the 1-based line of ``pointer`` in ``text``, as `documents.line_of`, through embedded texts.

    ``inner_line`` is a line that is known already inside the embedded text at ``pointer``, 0 if it
    is not. Total: 0 when ``text`` cannot be read at all.
    """
    line = documents.line_of(text, pointer, document)
    lines = _lines(text)
    if not 0 < line <= len(lines) or not _opens_block(lines[line - 1]):
        return line
    embedded, rest = _embedded(text, pointer, document)
    return line + (inner_line or (documents.line_of(embedded, rest) if rest else 0))


def _opens_block(line: str) -> bool:
    """Tell whether a literal block begins at the end of a line; a line of JSON can be the whole text."""
    return "|" in line and _LITERAL.search(line) is not None


# A text is asked about one place after the other.
@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return text.splitlines()


@lru_cache(maxsize=4)
def _values(text: str) -> list[Json]:
    return [value for value, _ in documents.parse_yaml_all(text)]


def _embedded(text: str, pointer: str, document: int) -> tuple[str, str]:
    """Return the text that ``pointer`` leads into, and what of the pointer is left there."""
    try:
        value = _values(text)[document]
    except (SekishoInputError, IndexError):
        return "", ""
    tokens = Ref("", pointer).tokens()
    for depth, token in enumerate(tokens):
        if isinstance(value, str):
            return value, Ref("").child(*tokens[depth:]).pointer
        value = _member(value, token)
    return "", ""


def _member(value: Json, token: str) -> Json:
    if isinstance(value, Mapping):
        return value.get(token)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        member: Json = value[int(token)]
        return member
    return None
