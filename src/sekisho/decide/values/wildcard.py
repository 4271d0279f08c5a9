"""``*`` and ``?`` as IAM reads them (IAM User Guide, "IAM JSON policy elements: Resource", wildcards).

``*`` is any run of characters, also an empty one, also across ``:`` and ``/``;
``?`` is exactly one character; nothing escapes them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A compiled pattern. Matching never backtracks across a ``*``, so hostile patterns cost linear time.

    ``ignore_case`` folds ASCII letters alone: outside ASCII two letters may share a lower case.
    """

    pattern: str
    ignore_case: bool = False
    _regex: re.Pattern[str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if "*" in self.pattern or "?" in self.pattern or self.ignore_case:
            flags = re.DOTALL | (re.IGNORECASE | re.ASCII if self.ignore_case else 0)
            object.__setattr__(self, "_regex", re.compile(_translate([(self.pattern, False)]), flags))

    @classmethod
    def with_verbatim(cls, parts: Iterable[tuple[str, bool]]) -> "Wildcard":
        """Return the pattern joined from ``parts``; one marked True stands for itself, ``*`` and ``?`` too.

        What a policy variable is replaced by must not act as a wildcard.
        """
        given = list(parts)
        pattern = cls("".join(text for text, _ in given))
        object.__setattr__(pattern, "_regex", re.compile(_translate(given), re.DOTALL))
        return pattern

    @property
    def is_literal(self) -> bool:
        """Whether the pattern is the only text that fits."""
        return self._regex is None

    def matches(self, text: str) -> bool:
        """Tell whether the whole of ``text`` fits the pattern."""
        if self._regex is None:
            return self.pattern == text
        return self._regex.fullmatch(text) is not None


def _translate(parts: Iterable[tuple[str, bool]]) -> str:
    """Return a regular expression in which each ``*`` but the last takes the shortest fit, for good.

    Taking the leftmost fit of every middle piece is enough for a glob: whatever is
    left over, the last ``*`` swallows. Atomic groups keep the matcher from trying again.
    """
    pieces = [""]
    for text, verbatim in parts:
        runs = [text] if verbatim else text.split("*")
        escaped = (re.escape(run) if verbatim else _one_each(run) for run in runs)
        pieces[-1] += next(escaped)
        pieces.extend(escaped)
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _one_each(run: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in run)
