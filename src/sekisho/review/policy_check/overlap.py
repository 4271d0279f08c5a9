"""Whether two patterns can mean the same thing: an ARN of a policy and one of the service reference.

The pattern of a policy has ``*``, ``?`` and variables; that of the reference has placeholders. They overlap
if some text fits both.
"""

import re
from functools import lru_cache

ARN_SECTIONS = 6
_ANY = "\x00"
"""Any run of characters."""
_ANY_NO_SLASH = "\x01"
"""Any run of characters without a slash: a bucket's name."""
_ONE = "\x02"
"""One character."""
_SOME = _ONE + _ANY
_POLICY_TOKENS = {"*": _ANY, "?": _ONE, "${*}": "*", "${?}": "?", "${$}": "$"}
# Braces are left out so that `${${${...` is looked through once and not from each of its places.
_POLICY_PART = re.compile(r"\$\{[^{}]*\}|[*?]")
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_WITHOUT_SLASH = frozenset({"BucketName"})


def split_arn(text: str) -> list[str]:
    """Return the sections of an ARN pattern; colons inside a variable divide nothing."""
    masked = _PLACEHOLDER.sub(lambda found: "x" * len(found.group()), text)
    sections, start = [], 0
    for part in masked.split(":", ARN_SECTIONS - 1):
        sections.append(text[start : start + len(part)])
        start += len(part) + 1
    return sections


@lru_cache(maxsize=65_536)
def can_be(pattern: str, shape: str) -> bool:
    """Tell whether the policy's ``pattern`` and the reference's ``shape`` (or a part of each) overlap."""
    return _overlap(_policy_tokens(pattern), _shape_tokens(shape))


def _policy_tokens(text: str) -> str:
    return _POLICY_PART.sub(lambda found: _POLICY_TOKENS.get(found.group(), _ANY), text)


def _shape_tokens(text: str) -> str:
    tokens = _PLACEHOLDER.sub(
        lambda found: _ANY_NO_SLASH if found.group(1) in _WITHOUT_SLASH else _SOME, text
    )
    return tokens.replace("*", _ANY)


def _overlap(one: str, other: str) -> bool:
    """Walk both patterns at once; the states are the pairs of places that some text can reach."""
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        i, j = state
        if i == len(one) and j == len(other):
            return True
        todo += _next(one, other, i, j)
    return False


def _next(one: str, other: str, i: int, j: int) -> list[tuple[int, int]]:
    a, b = one[i : i + 1], other[j : j + 1]
    steps = []
    if _is_run(a):
        steps.append((i + 1, j))
    if _is_run(b):
        steps.append((i, j + 1))
    if a and b and _fit(a, b):
        steps.append((i if _is_run(a) else i + 1, j if _is_run(b) else j + 1))
    return [step for step in steps if step != (i, j)]


def _is_run(token: str) -> bool:
    return token in (_ANY, _ANY_NO_SLASH) and token != ""


def _fit(a: str, b: str) -> bool:
    """Tell whether one character can be read by both tokens."""
    if _ANY_NO_SLASH in (a, b) and "/" in (a, b):
        return False
    wild = (_ANY, _ANY_NO_SLASH, _ONE)
    return a in wild or b in wild or a == b
