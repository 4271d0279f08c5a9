"""BinaryEquals (IAM User Guide, "Condition operators", Binary): base64 on both sides, bytes compared."""

import base64
import binascii
from collections.abc import Sequence

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literals
from sekisho.decide.iam.template import Template


def read_bytes(text: str) -> bytes | None:
    """Return the bytes that ``text`` writes in base64 (RFC 4648 §4), None if it is not base64."""
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return None


def _reads(text: str) -> bool:
    return read_bytes(text) is not None


def _equal(values: Sequence[Template]) -> Fits:
    wanted = {read_bytes(text) for text in literals(values)}

    def fits(actual: str) -> bool | None:
        value = read_bytes(actual)
        return None if value is None else value in wanted

    return fits


COMPARISONS = (Comparison("BinaryEquals", _equal, reads=_reads),)
