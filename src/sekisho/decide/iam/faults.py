"""What is found wrong while a document is read, and the readers that every element shares."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sekisho.decide.iam.grammar import FaultCode
from sekisho.decide.values import InputFault, Json, Ref

MAX_SHOWN = 100
"""The longest piece of a malformed document that a sentence repeats."""


@dataclass(slots=True)
class Faults:
    """Everything found wrong so far, in document order."""

    found: list[InputFault] = field(default_factory=list)

    def add(self, code: FaultCode, at: Ref, problem: str, hint: str = "") -> None:
        """Note one fault."""
        self.found.append(InputFault(str(code), at, problem, hint))

    def unknown(self, at: Ref, name: str, known: Iterable[str]) -> None:
        """Note an element of no known name, with the one that may have been meant."""
        meant = next((one for one in sorted(known) if one.lower() == name.lower()), "")
        hint = f"did you mean `{meant}`; names are case-sensitive" if meant else ""
        self.add(FaultCode.UNKNOWN_ELEMENT, at, f"`{name[:MAX_SHOWN]}` is not an element of a policy", hint)


def read_texts(value: Json, at: Ref, faults: Faults) -> list[tuple[str, Ref]]:
    """Return the strings of ``value``, one or a list, each with its place; anything else is noted."""
    if isinstance(value, str):
        return [(value, at)]
    if not isinstance(value, list):
        faults.add(FaultCode.NOT_TEXT, at, "expected a string or a list of strings")
        return []
    if not value:
        faults.add(FaultCode.EMPTY_LIST, at, "expected at least one member")
    texts: list[tuple[str, Ref]] = []
    for index, member in enumerate(value):
        if isinstance(member, str):
            texts.append((member, at.child(index)))
        else:
            faults.add(FaultCode.NOT_TEXT, at.child(index), "expected a string")
    return texts
