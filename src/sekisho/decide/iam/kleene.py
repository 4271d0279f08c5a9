"""Three-valued logic: what follows when some facts were not read.

None stands for "unread": an answer is True or False only if every way to fill in the
unread facts gives it (Kleene's strong logic, facts taken as independent).
"""

from collections.abc import Iterable

Truth = bool | None


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return True if one is True, else None if one is unread, else False."""
    unread = False
    for truth in truths:
        if truth:
            return True
        if truth is None:
            unread = True
    return None if unread else False


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return False if one is False, else None if one is unread, else True."""
    unread = False
    for truth in truths:
        if truth is None:
            unread = True
        elif not truth:
            return False
    return None if unread else True


def negate(truth: Truth) -> Truth:
    """Return the opposite; the opposite of unread is unread."""
    return None if truth is None else not truth
