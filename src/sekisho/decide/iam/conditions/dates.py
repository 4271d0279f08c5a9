"""Date operators (IAM User Guide, "Condition operators", Date).

Either side may be an ISO 8601 date (W3C "Date and Time Formats") or seconds since 1970;
moments are compared, not spellings. A date alone is its midnight in UTC.
"""

import re

from sekisho.decide.iam.conditions.ordered import ordered_comparisons
from sekisho.decide.values import Instant

_EPOCH = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?", re.ASCII)
_NO_SECONDS = re.compile(r"([0-9-]{10}[Tt][0-9]{2}:[0-9]{2})([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_YEAR_DIGITS = 4


def read_date(text: str) -> Instant | None:
    """Return the moment that ``text`` writes, None if it writes none."""
    try:
        if _EPOCH.fullmatch(text) and len(text) > _YEAR_DIGITS:
            return Instant.from_epoch(float(text))
        return Instant.parse_rfc3339(_completed(text))
    except (ValueError, OverflowError):
        return None


def _completed(text: str) -> str:
    """Fill in what the shorter W3C forms leave out; anything else comes back as it is."""
    if _MONTH.fullmatch(text):
        text = f"{text}-01-01"[:10]
    if _DAY.fullmatch(text):
        return f"{text}T00:00:00Z"
    if short := _NO_SECONDS.fullmatch(text):
        return f"{short.group(1)}:00{short.group(2)}"
    return text


COMPARISONS = ordered_comparisons("Date", read_date)
