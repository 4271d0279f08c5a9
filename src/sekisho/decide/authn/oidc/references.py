"""What an expression reads, found in its text: which claims, and which names stand for odd ones.

Lexical on purpose: the compiler's tree is not to be had from Python. Strings and comments are told apart
first, so a claim's name in a message is not mistaken for its use.
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


_VARIABLE: Final = "claims"


class Lexeme(NamedTuple):
    """One word of an expression: ``kind`` is string, name, quoted or other."""

    kind: str
    text: str


def lexemes(expression: str) -> tuple[Lexeme, ...]:
    """Return the words of ``expression`` without white space and comments; strings without their quotes."""
    found: list[Lexeme] = []
    for match in _TOKEN.finditer(expression):
        kind = str(match.lastgroup)
        if kind == "string":
            found.append(Lexeme(kind, _QUOTES.sub("", match.group())))
        elif kind == "quoted":
            found.append(Lexeme(kind, match.group()[1:-1]))
        elif kind not in ("comment", "space"):
            found.append(Lexeme(kind, match.group()))
    return tuple(found)


def claims_read(expression: str) -> frozenset[str] | None:
    """Return the claims that ``expression`` may read; None: a name is worked out, so it may read any."""
    words = lexemes(expression)
    names = [_member(words[index + 1 : index + 5]) for index in _uses(words)]
    if None in names:
        return None
    return frozenset(unescaped(name) for name in names if name is not None)


def reads_whole(expression: str) -> bool:
    """Tell whether ``expression`` uses ``claims`` other than to take a member: in ``size(claims)``, say."""
    words = lexemes(expression)
    return any(words[index + 1 : index + 2] not in _MEMBER_MARKS for index in _uses(words))


def selects(expression: str, variable: str, member: str) -> bool:
    """Tell whether ``expression`` selects ``variable.member`` or ``variable.?member``; an index is none."""
    words = [word for word in lexemes(expression) if word != ("other", "?")]
    return any(
        words[index] == ("name", variable)
        and words[index + 1] == ("other", ".")
        and words[index + 2].kind in ("name", "quoted")
        and words[index + 2].text == member
        and not (index and words[index - 1] == ("other", "."))
        for index in range(len(words) - 2)
    )


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


_MEMBER_MARKS: Final = ((Lexeme("other", "."),), (Lexeme("other", "["),))


def _uses(words: tuple[Lexeme, ...]) -> Iterator[int]:
    """Yield where the variable stands; a member of the same name is not it."""
    for index, word in enumerate(words):
        if word == ("name", _VARIABLE) and not (index and words[index - 1] == ("other", ".")):
            yield index


def _member(after: tuple[Lexeme, ...]) -> str | None:
    """Return the name after ``claims``: ``.name``, ``.?name``, ``['name']`` or ``[?'name']``."""
    marks = "".join(_marks(after))
    rest = after[len(marks) :]
    if marks in (".", ".?") and rest and rest[0].kind in ("name", "quoted"):
        return rest[0].text
    if marks in ("[", "[?") and rest[1:2] == (Lexeme("other", "]"),) and rest[0].kind == "string":
        return rest[0].text
    return None


def _marks(after: tuple[Lexeme, ...]) -> Iterator[str]:
    for word in after:
        if not _is_mark(word):
            return
        yield word.text


def _is_mark(word: Lexeme) -> bool:
    return word.kind == "other"
