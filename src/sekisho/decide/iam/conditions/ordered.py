"""The six comparisons that numbers and dates share."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from sekisho.decide.iam.conditions.comparison import Comparison, Compile, Fits, literals
from sekisho.decide.iam.template import Template
from sekisho.decide.values import Instant

T = TypeVar("T", Decimal, Instant)


def ordered_comparisons(family: str, read: Callable[[str], T | None]) -> tuple[Comparison, ...]:
    """Return ``family`` + Equals, NotEquals, LessThan[Equals] and GreaterThan[Equals].

    ``read`` returns the value of a text, None when it has none.
    """

    def reads(text: str) -> bool:
        return read(text) is not None

    def compiled(make: Callable[[list[T]], Callable[[T], bool]]) -> Compile:
        def build(values: Sequence[Template]) -> Fits:
            bounds = [bound for text in literals(values) if (bound := read(text)) is not None]
            accepts = make(bounds) if bounds else None

            def fits(actual: str) -> bool | None:
                value = read(actual)
                if value is None:
                    return None
                return accepts is not None and accepts(value)

            return fits

        return build

    def equal(bounds: list[T]) -> Callable[[T], bool]:
        return frozenset(bounds).__contains__

    # One of several bounds is met if the widest is.
    def less(bounds: list[T]) -> Callable[[T], bool]:
        most = max(bounds)
        return lambda value: value < most

    def less_or_equal(bounds: list[T]) -> Callable[[T], bool]:
        most = max(bounds)
        return lambda value: not most < value

    def greater(bounds: list[T]) -> Callable[[T], bool]:
        least = min(bounds)
        return lambda value: least < value

    def greater_or_equal(bounds: list[T]) -> Callable[[T], bool]:
        least = min(bounds)
        return lambda value: not value < least

    return (
        Comparison(f"{family}Equals", compiled(equal), reads=reads),
        Comparison(f"{family}NotEquals", compiled(equal), negated=True, reads=reads),
        Comparison(f"{family}LessThan", compiled(less), reads=reads),
        Comparison(f"{family}LessThanEquals", compiled(less_or_equal), reads=reads),
        Comparison(f"{family}GreaterThan", compiled(greater), reads=reads),
        Comparison(f"{family}GreaterThanEquals", compiled(greater_or_equal), reads=reads),
    )
