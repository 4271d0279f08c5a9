"""BinaryEquals (IAM User Guide, "Condition operators", Binary): base64 on both sides, bytes compared."""

import base64
import binascii

from sekisho.decide.iam.conditions.comparison import Comparison, literal
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context


def read_bytes(text: str) -> bytes | None:
    """Return the bytes that ``text`` writes in base64 (RFC 4648 §4), None if it is not base64."""
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return None


def _reads(text: str) -> bool:
    return read_bytes(text) is not None


def _equal(expected: Template, actual: str, context: Context) -> Truth:
    return read_bytes(literal(expected, context)) == read_bytes(actual)


COMPARISONS = (Comparison("BinaryEquals", _equal, reads=_reads),)
