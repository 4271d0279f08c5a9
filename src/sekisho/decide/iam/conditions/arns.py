"""ARN operators (IAM User Guide, "Condition operators", ARN): six sections, each matched apart.

ArnEquals is ArnLike. A pattern without six sections, a lone ``*`` included, fits nothing;
neither does a value that is not an ARN.
"""

from collections.abc import Sequence

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, with_negation
from sekisho.decide.iam.kleene import Truth, all_of
from sekisho.decide.iam.template import Template, sections_of
from sekisho.decide.request.aws_request import NO_CONTEXT, Context

_SECTIONS = 6


def _like(values: Sequence[Template]) -> Fits:
    patterns = [sections for value in values if len(sections := sections_of(value.parts)) == _SECTIONS]

    def fits(actual: str) -> bool:
        texts = actual.split(":", _SECTIONS - 1)
        return (
            len(texts) == _SECTIONS
            and texts[0] == "arn"
            and any(_each(sections, texts, NO_CONTEXT) for sections in patterns)
        )

    return fits


def _like_filled_in(expected: Template, actual: str, context: Context) -> Truth:
    patterns = sections_of(expected.parts)
    texts = actual.split(":", _SECTIONS - 1)
    if len(texts) != _SECTIONS or len(patterns) != _SECTIONS or texts[0] != "arn":
        return _whole(expected, actual, context)
    return _each(patterns, texts, context)


def _each(patterns: Sequence[Template], texts: Sequence[str], context: Context) -> Truth:
    return all_of(pattern.matches(text, context) for pattern, text in zip(patterns, texts, strict=True))


def _whole(expected: Template, actual: str, context: Context) -> Truth:
    """``${aws:PrincipalArn}`` alone stands for all six sections at once."""
    if len(expected.parts) == 1 and expected.variables:
        return expected.matches(actual, context)
    return False


_ARN_LIKE = Comparison("", _like, fits_filled_in=_like_filled_in)

COMPARISONS = (
    *with_negation("ArnLike", "ArnNotLike", _ARN_LIKE),
    *with_negation("ArnEquals", "ArnNotEquals", _ARN_LIKE),
)
