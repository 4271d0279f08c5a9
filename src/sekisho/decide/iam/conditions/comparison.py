"""What every operator family provides: how one value of a policy is held against one of the request."""

from collections.abc import Callable
from dataclasses import dataclass

from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context

Fits = Callable[[Template, str, Context], Truth]
"""(value in the policy, value in the request, context for variables) -> whether they fit, unnegated."""


def any_text(_text: str) -> bool:
    """Every text is a value."""
    return True


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator of a family.

    ``negated`` operators hold when no value of the policy fits. ``reads`` tells whether a
    text of the request is a value of the family at all: if it is not, the condition does
    not hold, negated or not. ``variables`` tells whether values of the
    policy may hold variables.
    """

    name: str
    fits: Fits
    negated: bool = False
    reads: Callable[[str], bool] = any_text
    variables: bool = False


def with_negation(name: str, negative: str, comparison: Comparison) -> tuple[Comparison, Comparison]:
    """Return ``comparison`` under ``name`` and its negation under ``negative``."""
    return (
        Comparison(name, comparison.fits, False, comparison.reads, comparison.variables),
        Comparison(negative, comparison.fits, True, comparison.reads, comparison.variables),
    )


def literal(expected: Template, context: Context) -> str:
    """Return the text of a value in which no variables are possible."""
    text = expected.text(context)
    # INVARIANT: a family without `variables` compiles its values without them.
    assert isinstance(text, str)  # noqa: S101 - states the invariant to the type checker
    return text
