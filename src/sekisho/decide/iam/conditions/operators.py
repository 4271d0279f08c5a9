"""The name of an operator taken apart: set prefix, comparison, ``IfExists``."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.iam.conditions import addresses, arns, binary, booleans, dates, numeric, strings
from sekisho.decide.iam.conditions.comparison import Comparison

_COMPARISONS = {
    comparison.name.lower(): comparison
    for family in (strings, numeric, dates, booleans, binary, addresses, arns)
    for comparison in family.COMPARISONS
}
_NULL = "null"
_IF_EXISTS = "ifexists"


class Quantifier(StrEnum):
    """How several values of one key in the request count."""

    ONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


_QUANTIFIERS = {quantifier.lower(): quantifier for quantifier in Quantifier if quantifier}


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator; ``comparison`` None is ``Null``, which asks whether the key is absent."""

    comparison: Comparison | None
    quantifier: Quantifier = Quantifier.ONE
    if_exists: bool = False


def parse_operator(name: str) -> Operator | None:
    """Return the operator called ``name``, case ignored; None if there is none of that name."""
    prefix, colon, rest = name.lower().rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix) if colon else Quantifier.ONE
    if quantifier is None:
        return None
    if rest == _NULL and not colon:
        return Operator(None)
    comparison = _COMPARISONS.get(rest.removesuffix(_IF_EXISTS))
    return comparison and Operator(comparison, quantifier, rest.endswith(_IF_EXISTS))
