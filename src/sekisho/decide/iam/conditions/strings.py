"""String operators (IAM User Guide, "Condition operators", String).

Only Like reads ``*`` and ``?``. IgnoreCase folds ASCII and Unicode alike.
"""

from sekisho.decide.iam.conditions.comparison import Comparison, with_negation
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template, Unresolved
from sekisho.decide.request.aws_request import Context


def _equal(expected: Template, actual: str, context: Context) -> Truth:
    text = expected.text(context)
    if isinstance(text, Unresolved):
        return None if text is Unresolved.UNREAD else False
    return text == actual


def _equal_ignoring_case(expected: Template, actual: str, context: Context) -> Truth:
    text = expected.text(context)
    if isinstance(text, Unresolved):
        return None if text is Unresolved.UNREAD else False
    return text.casefold() == actual.casefold()


def _like(expected: Template, actual: str, context: Context) -> Truth:
    return expected.matches(actual, context)


COMPARISONS = (
    *with_negation("StringEquals", "StringNotEquals", Comparison("", _equal, variables=True)),
    *with_negation(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        Comparison("", _equal_ignoring_case, variables=True),
    ),
    *with_negation("StringLike", "StringNotLike", Comparison("", _like, variables=True)),
)
