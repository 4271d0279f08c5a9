"""Stable reason codes, each with the sentence that renders it."""

from enum import StrEnum
from typing import Self


class ReasonCode(StrEnum):
    """Base of every room's codes: ``NAME = "area.reason", "sentence with {facts}"``.

    The value is API: shown in JSON, asserted in tests, listed in
    ``docs/reference/codes.md``, never renamed. The sentence may change at any time;
    its ``{names}`` are filled from the facts of the step that carries the code.
    """

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        """Keep the sentence beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


def all_codes() -> tuple[ReasonCode, ...]:
    """Return every code of every room imported so far, sorted by value."""
    return tuple(sorted((code for kind in ReasonCode.__subclasses__() for code in kind), key=str))
