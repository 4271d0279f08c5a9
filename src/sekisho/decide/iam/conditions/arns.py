"""ARN operators (IAM User Guide, "Condition operators", ARN): six sections, each matched apart.

ArnEquals is ArnLike. A pattern without six sections, a lone ``*`` included, fits nothing;
neither does a value that is not an ARN.
"""

from sekisho.decide.iam.conditions.comparison import Comparison, with_negation
from sekisho.decide.iam.kleene import Truth, all_of
from sekisho.decide.iam.template import Template, sections_of
from sekisho.decide.request.aws_request import Context

_SECTIONS = 6


def _like(expected: Template, actual: str, context: Context) -> Truth:
    patterns = sections_of(expected.parts)
    texts = actual.split(":", _SECTIONS - 1)
    if len(texts) != _SECTIONS or len(patterns) != _SECTIONS or texts[0] != "arn":
        return _whole(expected, actual, context)
    return all_of(pattern.matches(text, context) for pattern, text in zip(patterns, texts, strict=True))


def _whole(expected: Template, actual: str, context: Context) -> Truth:
    """``${aws:PrincipalArn}`` alone stands for all six sections at once."""
    if len(expected.parts) == 1 and expected.variables:
        return expected.matches(actual, context)
    return False


COMPARISONS = (
    *with_negation("ArnLike", "ArnNotLike", Comparison("", _like, variables=True)),
    *with_negation("ArnEquals", "ArnNotEquals", Comparison("", _like, variables=True)),
)
