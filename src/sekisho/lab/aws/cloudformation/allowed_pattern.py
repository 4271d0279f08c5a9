"""AllowedPattern of a parameter: a regular expression of a stranger's, run in bounded time."""

import re
from typing import Final

from sekisho.lab.aws.cloudformation.errors import invalid, unserved
from sekisho.wire.aws.patterns import compile_pattern

MAX_PATTERN_CHARS: Final = 512
MAX_UNBOUNDED: Final = 3
MAX_CHARS: Final = 256
"""Of a value that a pattern is held against: with three unbounded repetitions a second's work at worst."""

_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\([^()]*\)")
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")
_REPEATED_TWICE = re.compile(r"R(?:[*+]|\{\d+,)")


def check_pattern(pattern: str, name: str) -> None:
    """Return if ``pattern`` can be held against a value in bounded time.

    Raises:
        AwsError: it is no regular expression, or repeats what is itself repeated without bound.
    """
    if compile_pattern(pattern) is None:
        raise invalid(f"Template format error: AllowedPattern of parameter {name} cannot be read.")
    plain = _ATOM.sub("a", pattern)
    is_long = len(pattern) > MAX_PATTERN_CHARS or len(_UNBOUNDED.findall(plain)) > MAX_UNBOUNDED
    while (inner := _GROUP.search(plain)) is not None:
        mark = "R" if _UNBOUNDED.search(inner[0]) or "R" in inner[0] else "a"
        plain = plain[: inner.start()] + mark + plain[inner.end() :]
    has_reference = re.search(r"\\[1-9]|\(\?P=", pattern) is not None
    if is_long or has_reference or _REPEATED_TWICE.search(plain):
        raise unserved(f"the AllowedPattern of parameter {name}: matching it could take without end")


def fits(pattern: str, value: str) -> bool:
    """Tell whether ``value`` is what ``pattern``, checked before, describes as a whole."""
    compiled = compile_pattern(pattern)
    return compiled is not None and len(value) <= MAX_CHARS and compiled.fullmatch(value) is not None
