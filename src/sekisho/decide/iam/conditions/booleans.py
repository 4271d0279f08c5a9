"""Bool (IAM User Guide, "Condition operators", Boolean): ``true`` and ``false`` in any case, nothing else."""

from collections.abc import Sequence

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literals
from sekisho.decide.iam.template import Template

_BOOLEANS = {"true": True, "false": False}


def read_boolean(text: str) -> bool | None:
    """Return the truth value that ``text`` writes, None if it writes none."""
    return _BOOLEANS.get(text.lower())


def _reads(text: str) -> bool:
    return read_boolean(text) is not None


def _equal(values: Sequence[Template]) -> Fits:
    wanted = {read_boolean(text) for text in literals(values)}

    def fits(actual: str) -> bool | None:
        value = read_boolean(actual)
        return None if value is None else value in wanted

    return fits


COMPARISONS = (Comparison("Bool", _equal, reads=_reads),)
