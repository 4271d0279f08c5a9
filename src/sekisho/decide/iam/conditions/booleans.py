"""Bool (IAM User Guide, "Condition operators", Boolean): ``true`` and ``false`` in any case, nothing else."""

from sekisho.decide.iam.conditions.comparison import Comparison, literal
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context

_BOOLEANS = {"true": True, "false": False}


def read_boolean(text: str) -> bool | None:
    """Return the truth value that ``text`` writes, None if it writes none."""
    return _BOOLEANS.get(text.lower())


def _reads(text: str) -> bool:
    return read_boolean(text) is not None


def _equal(expected: Template, actual: str, context: Context) -> Truth:
    return read_boolean(literal(expected, context)) is read_boolean(actual)


COMPARISONS = (Comparison("Bool", _equal, reads=_reads),)
