"""String operators (IAM User Guide, "Condition operators", String).

Only Like reads ``*`` and ``?``. IgnoreCase folds ASCII and Unicode alike.
"""

from collections.abc import Sequence

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literals, with_negation
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template, Unresolved
from sekisho.decide.request.aws_request import NO_CONTEXT, Context


def _equal(values: Sequence[Template]) -> Fits:
    return frozenset(literals(values)).__contains__


def _equal_filled_in(expected: Template, actual: str, context: Context) -> Truth:
    text = expected.text(context)
    if isinstance(text, Unresolved):
        return None if text is Unresolved.UNREAD else False
    return text == actual


def _equal_ignoring_case(values: Sequence[Template]) -> Fits:
    wanted = frozenset(text.casefold() for text in literals(values))
    return lambda actual: actual.casefold() in wanted


def _equal_ignoring_case_filled_in(expected: Template, actual: str, context: Context) -> Truth:
    text = expected.text(context)
    if isinstance(text, Unresolved):
        return None if text is Unresolved.UNREAD else False
    return text.casefold() == actual.casefold()


def _like(values: Sequence[Template]) -> Fits:
    patterns = tuple(values)
    return lambda actual: any(pattern.matches(actual, NO_CONTEXT) for pattern in patterns)


def _like_filled_in(expected: Template, actual: str, context: Context) -> Truth:
    return expected.matches(actual, context)


COMPARISONS = (
    *with_negation(
        "StringEquals", "StringNotEquals", Comparison("", _equal, fits_filled_in=_equal_filled_in)
    ),
    *with_negation(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        Comparison("", _equal_ignoring_case, fits_filled_in=_equal_ignoring_case_filled_in),
    ),
    *with_negation("StringLike", "StringNotLike", Comparison("", _like, fits_filled_in=_like_filled_in)),
)
