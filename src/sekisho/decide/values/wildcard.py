"""``*`` and ``?`` as IAM reads them (IAM User Guide, "IAM JSON policy elements: Resource", wildcards).

``*`` is any run of characters, also an empty one, also across ``:`` and ``/``;
``?`` is exactly one character; nothing escapes them.
"""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A compiled pattern. Matching never backtracks across a ``*``, so hostile patterns cost linear time."""

    pattern: str
    ignore_case: bool = False
    _regex: re.Pattern[str] | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if "*" in self.pattern or "?" in self.pattern or self.ignore_case:
            flags = re.DOTALL | (re.IGNORECASE if self.ignore_case else 0)
            object.__setattr__(self, "_regex", re.compile(_translate(self.pattern), flags))

    def matches(self, text: str) -> bool:
        """Tell whether the whole of ``text`` fits the pattern."""
        if self._regex is None:
            return self.pattern == text
        return self._regex.fullmatch(text) is not None


def _translate(pattern: str) -> str:
    """Return a regular expression in which each ``*`` but the last takes the shortest fit, for good.

    Taking the leftmost fit of every middle piece is enough for a glob: whatever is
    left over, the last ``*`` swallows. Atomic groups keep the matcher from trying again.
    """
    pieces = [
        "".join("." if char == "?" else re.escape(char) for char in piece) for piece in pattern.split("*")
    ]
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last
