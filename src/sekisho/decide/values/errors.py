"""Malformed input: neither yes nor no, so it raises.

One error carries every fault found in one document; each fault says where, what
was expected and, when known, what to do.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.values.ref import Ref


@dataclass(frozen=True, slots=True)
class InputFault:
    """One thing wrong with an input.

    ``code`` is stable (``aws-auth.not-a-list``). ``problem`` is one line, lower
    case, without a full stop, input in backticks, and never holds a credential.
    ``line`` is 1-based, 0 while unknown.
    """

    code: str
    at: Ref
    problem: str
    hint: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = self.at.document + (f":{self.line}" if self.line else "")
        pointer = f" at {self.at.pointer}" if self.at.pointer else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{pointer}: {self.problem}{hint}"


class SekishoInputError(ValueError):
    """The input cannot be understood; ``faults`` (never empty) say where and why."""

    def __init__(self, faults: Iterable[InputFault]) -> None:
        self.faults: tuple[InputFault, ...] = tuple(faults)
        if not self.faults:
            raise AssertionError("an input error needs a fault")
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def single(cls, code: str, at: Ref, problem: str, hint: str = "", line: int = 0) -> "SekishoInputError":
        """Return an error with one fault."""
        return cls((InputFault(code, at, problem, hint, line),))
