"""Which claims an expression reads, found in its text.

Strings and comments are told apart first, so a claim's name in a message is not mistaken for its use.
"""

from collections.abc import Iterator
from typing import Final

from sekisho.decide.cel.lexemes import Lexeme, lexemes, unescaped

_VARIABLE: Final = "claims"


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
