"""Walk a world file whose shape is not yet known, gathering every fault with its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError
from sekisho.facts.lines import line_of

MAX_FAULTS = 50
"""More than a person reads; a broken generator could make millions."""

SECRET_KEYS = frozenset({"secret", "secretaccesskey", "secretkey", "sessiontoken", "password"})


class FaultCode(StrEnum):
    """The stable codes of malformed world files (`InputFault.code`)."""

    UNKNOWN_KEY = "world.unknown-key"
    SECRET = "world.secret"  # noqa: S105 - a name, not a credential
    MISSING = "world.missing"
    NOT_AN_OBJECT = "world.not-an-object"
    NOT_A_LIST = "world.not-a-list"
    NOT_TEXT = "world.not-text"
    UNQUOTED = "world.unquoted"
    NOT_A_NUMBER = "world.not-a-number"
    NOT_A_BOOLEAN = "world.not-a-boolean"
    FORM = "world.form"
    TOO_LONG = "world.too-long"
    CHOICE = "world.unexpected-value"
    TWICE = "world.duplicate-name"
    REFERENCE = "world.unknown-reference"
    MANY = "world.more-faults"


@dataclass(slots=True)
class Faults:
    """Everything found wrong so far, in the order it was found; ``text`` is the document's.

    ``texts`` are those of other documents that it names, by their names.
    """

    name: str
    text: str
    found: list[InputFault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, at: Ref, problem: str, hint: str = "", line: int = 0) -> None:
        """Note one fault; ``line`` counts inside a text that stands at ``at``, 0 if there is none."""
        self.found.append(InputFault(code, at, problem, hint, line))

    def extend(self, faults: Iterable[InputFault]) -> None:
        """Note faults that another reader found at places of this document."""
        self.found.extend(faults)

    def raise_found(self) -> None:
        """Raise what was gathered, each with its line.

        Raises:
            SekishoInputError: if there was any fault.
        """
        if not self.found:
            return
        shown = [InputFault(f.code, f.at, f.problem, f.hint, self._line(f)) for f in self.found[:MAX_FAULTS]]
        more = len(self.found) - len(shown)
        if more:
            shown.append(InputFault(FaultCode.MANY, Ref(self.name), f"{more} more faults are not shown"))
        raise SekishoInputError(sorted(shown, key=lambda fault: fault.line or len(self.text)))

    def _line(self, fault: InputFault) -> int:
        if fault.at.document == self.name:
            return line_of(self.text, fault.at.pointer, 0, fault.line)
        return fault.line or line_of(self.texts.get(fault.at.document, ""), fault.at.pointer)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place. Reading a wrong shape notes a fault and yields something empty."""

    faults: Faults
    value: Json
    at: Ref

    def fault(self, code: str, problem: str, hint: str = "") -> None:
        """Note a fault of this place."""
        self.faults.add(code, self.at, problem, hint)

    def only(self, *known: str, required: tuple[str, ...] = ()) -> None:
        """Note a fault for each member that is none of ``known`` and each of ``required`` that is absent."""
        if not isinstance(self.value, Mapping):
            self.fault(FaultCode.NOT_AN_OBJECT, f"expected an object with {_listed(known)}")
            return
        for key in self.value:
            if key not in known:
                self._unknown(key, known)
        for key in required:
            if self.value.get(key) is None:
                self.fault(FaultCode.MISSING, f"`{key}` is missing")

    def has(self, name: str) -> bool:
        """Whether there is a member ``name`` that is not null."""
        return isinstance(self.value, Mapping) and self.value.get(name) is not None

    def member(self, name: str) -> "Node":
        """Return a member; its value is None where it is absent."""
        value = self.value.get(name) if isinstance(self.value, Mapping) else None
        return Node(self.faults, value, self.at.child(name))

    def members(self) -> tuple[tuple[str, "Node"], ...]:
        """Return every member with its name, in order; none where the value is absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, Mapping):
            self.fault(FaultCode.NOT_AN_OBJECT, "expected an object")
            return ()
        return tuple((key, Node(self.faults, value, self.at.child(key))) for key, value in self.value.items())

    def items(self) -> tuple["Node", ...]:
        """Return the items of a list; none where the value is absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            self.fault(FaultCode.NOT_A_LIST, "expected a list", "start each item with `- `")
            return ()
        return tuple(Node(self.faults, item, self.at.child(i)) for i, item in enumerate(self.value))

    def text(self, default: str = "") -> str:
        """Return a string; ``default`` where the value is absent. Numbers are refused: YAML changes them."""
        match self.value:
            case None:
                return default
            case str(text):
                return text
            case bool() | int() | float():
                hint = "put quotes around it: YAML changes numbers and booleans"
                self.fault(FaultCode.UNQUOTED, f"expected text, found a {_kind(self.value)}", hint)
            case _:
                self.fault(FaultCode.NOT_TEXT, "expected text")
        return default

    def one_of(self, choices: Iterable[str], default: str = "") -> str:
        """Return one of ``choices``."""
        known = sorted(choices)
        before = len(self.faults.found)
        text = self.text(default)
        if self.value is not None and len(self.faults.found) == before and text not in known:
            self.fault(FaultCode.CHOICE, f"expected {_listed(known)}", nearest(text, known))
        return text

    def number(self, default: int, low: int, high: int) -> int:
        """Return a whole number between ``low`` and ``high``, both included."""
        match self.value:
            case None:
                return default
            case bool():
                pass
            case int(number) if low <= number <= high:
                return number
        self.fault(FaultCode.NOT_A_NUMBER, f"expected a whole number from {low} to {high}")
        return default

    def boolean(self, *, default: bool) -> bool:
        """Return true or false."""
        if self.value is None or isinstance(self.value, bool):
            return default if self.value is None else self.value
        self.fault(FaultCode.NOT_A_BOOLEAN, "expected true or false")
        return default

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return an object of strings as pairs, in order."""
        return tuple((name, node.text()) for name, node in self.members())

    def _unknown(self, key: str, known: tuple[str, ...]) -> None:
        place = self.at.child(key)
        if key.replace("_", "").replace("-", "").lower() in SECRET_KEYS:
            hint = "the lab makes the secret itself and writes it under the profile's name"
            self.faults.add(FaultCode.SECRET, place, f"`{key}`: no secret stands in a world file", hint)
            return
        hint = nearest(key, known) or f"known are {', '.join(known)}"
        self.faults.add(FaultCode.UNKNOWN_KEY, place, f"unknown key `{key[:80]}`", hint)


def nearest(text: str, known: Iterable[str]) -> str:
    """Return "did you mean ..." with the closest of ``known``; "" if none is close."""
    folded = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(text.lower(), folded, n=1)
    return f"did you mean `{folded[close[0]]}`" if close else ""


def _kind(value: object) -> str:
    return "boolean" if isinstance(value, bool) else "number"


def _listed(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
