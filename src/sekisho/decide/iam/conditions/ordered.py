"""The six comparisons that numbers and dates share."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literal
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Instant

T = TypeVar("T", Decimal, Instant)


def ordered_comparisons(family: str, read: Callable[[str], T | None]) -> tuple[Comparison, ...]:
    """Return ``family`` + Equals, NotEquals, LessThan[Equals] and GreaterThan[Equals].

    ``read`` returns the value of a text, None when it has none.
    """

    def reads(text: str) -> bool:
        return read(text) is not None

    def fits(compare: Callable[[T, T], bool]) -> Fits:
        def fit(expected: Template, actual: str, context: Context) -> Truth:
            bound, value = read(literal(expected, context)), read(actual)
            return bound is not None and value is not None and compare(value, bound)

        return fit

    equal = fits(lambda value, bound: value == bound)
    return (
        Comparison(f"{family}Equals", equal, reads=reads),
        Comparison(f"{family}NotEquals", equal, negated=True, reads=reads),
        Comparison(f"{family}LessThan", fits(lambda value, bound: value < bound), reads=reads),
        Comparison(f"{family}LessThanEquals", fits(lambda value, bound: not bound < value), reads=reads),
        Comparison(f"{family}GreaterThan", fits(lambda value, bound: bound < value), reads=reads),
        Comparison(f"{family}GreaterThanEquals", fits(lambda value, bound: not value < bound), reads=reads),
    )
