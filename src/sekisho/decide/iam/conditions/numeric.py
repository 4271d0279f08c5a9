"""Numeric operators (IAM User Guide, "Condition operators", Numeric): integers and decimals."""

import re
from decimal import Decimal

from sekisho.decide.iam.conditions.ordered import ordered_comparisons

# Decimal(text) also reads `NaN`, `1_0` and digits of other scripts; a policy does not mean those.
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)


def read_number(text: str) -> Decimal | None:
    """Return the number that ``text`` writes, None if it writes none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


COMPARISONS = ordered_comparisons("Numeric", read_number)
