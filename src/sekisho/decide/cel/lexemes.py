"""The words of an expression, with strings and comments told apart.

The compiler's tree is not to be had from Python: what only it would say is found in the text.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"(?P<comment>//[^\n]*)"
    r"|(?P<string>[rRbB]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quoted>`[^`\n]*`)"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_QUOTES: Final = re.compile(r"^[rRbB]{0,2}('''|\"\"\"|'|\")|('''|\"\"\"|'|\")$")
_ESCAPE: Final = re.compile(r"__([^_]+)__")
_MEANINGS: Final = {"underscores": "__", "dot": ".", "dash": "-", "slash": "/"}
_WORDS: Final = "true false null in as break const continue else for function if import let loop package"
_RESERVED: Final = frozenset((*_WORDS.split(), "namespace", "return", "var", "void", "while"))


class Lexeme(NamedTuple):
    """One word of an expression: ``kind`` is string, name, quoted or other."""

    kind: str
    text: str


def lexemes(expression: str) -> tuple[Lexeme, ...]:
    """Return the words of ``expression`` without white space and comments; strings without their quotes."""
    return tuple(word for _, _, word in placed(expression))


def placed(expression: str) -> Iterator[tuple[int, str, Lexeme]]:
    """Yield the words of ``expression``, each after its offset and its spelling."""
    for match in _TOKEN.finditer(expression):
        kind, spelled = str(match.lastgroup), match.group()
        if kind == "string":
            yield match.start(), spelled, Lexeme(kind, _QUOTES.sub("", spelled))
        elif kind == "quoted":
            yield match.start(), spelled, Lexeme(kind, spelled[1:-1])
        elif kind not in ("comment", "space"):
            yield match.start(), spelled, Lexeme(kind, spelled)


def escapes(expression: str) -> tuple[tuple[str, str], ...]:
    """Return the names in ``expression`` that stand for others, each with the one it stands for."""
    found = {
        word.text: unescaped(word.text) for word in lexemes(expression) if word.kind in ("name", "string")
    }
    return tuple((name, meant) for name, meant in sorted(found.items()) if name != meant)


def unescaped(name: str) -> str:
    """Return the name that ``name`` stands for: ``a__dot__b`` is ``a.b`` (``pkg/cel``, Unescape)."""
    is_whole = True

    def meaning(match: re.Match[str]) -> str:
        nonlocal is_whole
        word = match[1]
        if word in _MEANINGS:
            return _MEANINGS[word]
        is_whole = is_whole and word in _RESERVED and match.group() == name
        return word

    meant = _ESCAPE.sub(meaning, name)
    return meant if is_whole else name
