"""Pages of a listing: AWS's opaque tokens, here the offset in base64."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from sekisho.lab.aws.operation import AwsError

T = TypeVar("T")


def page(
    items: Sequence[T], token: str | None, limit: int, code: str = "InvalidParameterException"
) -> tuple[list[T], str]:
    """Return one page and the token of the next, empty after the last.

    Raises:
        AwsError: ``token`` was not made here; ``code`` is how the service says so.
    """
    start = _offset(token, code) if token else 0
    end = start + limit
    following = base64.urlsafe_b64encode(f"v1:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), following


def _offset(token: str, code: str) -> int:
    try:
        version, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except (binascii.Error, UnicodeError):
        version, offset = "", ""
    if version != "v1" or not offset.isascii() or not offset.isdecimal():
        raise AwsError(code, "the pagination token is not valid")
    return int(offset)
