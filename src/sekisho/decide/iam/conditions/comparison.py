"""What every operator family provides: values of a policy, compiled to be held against one of a request."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import NO_CONTEXT, Context

Fits = Callable[[str], bool | None]
"""(value in the request) -> whether a value of the policy fits it; None: it is no value of the family."""

Compile = Callable[[Sequence[Template]], Fits]
"""(values in the policy, none with a variable) -> what holds them against a value of the request.

What is read out of the policy's values is read once, here: a statement is asked far more often than
it is written, and a request with many values must not cost a look at each value of the policy.
"""

FitsFilledIn = Callable[[Template, str, Context], Truth]
"""(value in the policy, value in the request, context for variables) -> whether they fit."""


def any_text(_text: str) -> bool:
    """Every text is a value."""
    return True


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator of a family.

    ``negated`` operators hold when no value of the policy fits. ``reads`` tells whether a
    text is a value of the family at all: if one of the request is not, the condition does
    not hold, negated or not. ``fits_filled_in`` is there if values of the policy may hold variables.
    """

    name: str
    compile: Compile
    negated: bool = False
    reads: Callable[[str], bool] = any_text
    fits_filled_in: FitsFilledIn | None = None

    @property
    def variables(self) -> bool:
        """Whether values of the policy may hold variables."""
        return self.fits_filled_in is not None


def with_negation(name: str, negative: str, comparison: Comparison) -> tuple[Comparison, Comparison]:
    """Return ``comparison`` under ``name`` and its negation under ``negative``."""
    rest = (comparison.reads, comparison.fits_filled_in)
    return (
        Comparison(name, comparison.compile, False, *rest),
        Comparison(negative, comparison.compile, True, *rest),
    )


def literals(values: Iterable[Template]) -> list[str]:
    """Return the texts of values without variables, wildcards being plain characters."""
    texts = (value.text(NO_CONTEXT) for value in values)
    return [text for text in texts if isinstance(text, str)]
