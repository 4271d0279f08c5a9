"""What a member of a world file may be: the reader checks it, and the JSON Schema is made of it.

A `Record` is an object with known members; `Fields` reads one by its table, so that a key, a form or a
bound that is not in the table cannot be read, and one that is in it is in the schema too.
"""

import re
from dataclasses import dataclass

from sekisho.decide.values import Instant
from sekisho.facts.shape import FaultCode, Node


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a form; ``expected`` says the form in words. ``longest`` 0 is without a bound."""

    form: re.Pattern[str] | None = None
    expected: str = ""
    longest: int = 0
    default: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    choices: tuple[str, ...]
    default: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number, both bounds included."""

    low: int
    high: int
    default: int = 0


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    default: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date of RFC 3339."""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document: an object, or JSON text."""


@dataclass(frozen=True, slots=True)
class Anything:
    """An object whose members another reader judges; ``required`` are those that it has to have."""

    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A list; ``item`` may be the name of the Record that the list is in."""

    item: "Shape | str"


@dataclass(frozen=True, slots=True)
class Named:
    """An object whose keys are names that the writer of the file chooses."""

    item: "Text | Document"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a Record. ``told`` is what it means, in a few words."""

    name: str
    shape: "Shape"
    told: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object with known members."""

    name: str
    members: tuple[Member, ...]

    def shape(self, name: str) -> "Shape":
        """Return what a member may be."""
        return next(member.shape for member in self.members if member.name == name)


Shape = Text | Choice | Number | Flag | Moment | Document | Anything | Listed | Named | Record


@dataclass(frozen=True, slots=True)
class Fields:
    """An object and its table. Reading a wrong shape notes a fault and yields something empty."""

    node: Node
    record: Record

    @classmethod
    def of(cls, node: Node, record: Record) -> "Fields":
        """Return the object; unknown and missing members are noted."""
        known = tuple(member.name for member in record.members)
        node.only(*known, required=tuple(member.name for member in record.members if member.required))
        return cls(node, record)

    def has(self, name: str) -> bool:
        """Whether there is a member ``name`` that is not null."""
        return self.node.has(name)

    def member(self, name: str) -> Node:
        """Return a member to be read by other means; its value is None where it is absent."""
        self.record.shape(name)
        return self.node.member(name)

    def text(self, name: str, default: str = "") -> str:
        """Return text or a choice; ``default`` goes before the table's."""
        shape, node = self.record.shape(name), self.node.member(name)
        if isinstance(shape, Choice):
            return node.one_of(shape.choices, default or shape.default)
        assert isinstance(shape, Text)  # noqa: S101 - the table says so
        return checked_text(node, shape, default)

    def number(self, name: str) -> int:
        """Return a whole number."""
        shape = self.record.shape(name)
        assert isinstance(shape, Number)  # noqa: S101 - the table says so
        return self.node.member(name).number(shape.default, shape.low, shape.high)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        shape = self.record.shape(name)
        assert isinstance(shape, Flag)  # noqa: S101 - the table says so
        return self.node.member(name).boolean(default=shape.default)

    def moment(self, name: str, default: Instant) -> Instant:
        """Return a date."""
        node = self.node.member(name)
        before = len(node.faults.found)
        text = node.text()
        if node.value is None or len(node.faults.found) > before:
            return default
        try:
            return Instant.parse_rfc3339(text)
        except ValueError:
            node.fault(FaultCode.FORM, f"expected a date such as `2026-01-31T09:00:00Z`, found `{text[:80]}`")
        return default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list; an item that is null is a fault."""
        return tuple(text for _, text in self.text_items(name))

    def text_items(self, name: str) -> tuple[tuple[Node, str], ...]:
        """Return the texts of a list with their places."""
        shape = self.record.shape(name)
        assert isinstance(shape, Listed)  # noqa: S101 - the table says so
        found = []
        for node in self.node.member(name).items():
            if node.value is None:
                node.fault(FaultCode.NOT_TEXT, "expected text")
            if isinstance(shape.item, Choice):
                found.append((node, node.one_of(shape.item.choices)))
            else:
                assert isinstance(shape.item, Text)  # noqa: S101 - the table says so
                found.append((node, checked_text(node, shape.item)))
        return tuple(found)

    def objects(self, name: str) -> "tuple[Fields, ...]":
        """Return the objects of a list."""
        shape = self.record.shape(name)
        assert isinstance(shape, Listed)  # noqa: S101 - the table says so
        item = self.record if isinstance(shape.item, str) else shape.item
        assert isinstance(item, Record)  # noqa: S101 - the table says so
        return tuple(Fields.of(node, item) for node in self.node.member(name).items())

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return an object of text as pairs, in order."""
        return self.node.member(name).pairs()


def checked_text(node: Node, shape: Text, default: str = "") -> str:
    """Return text of a shape; ``default`` goes before the shape's."""
    before = len(node.faults.found)
    text = node.text(default or shape.default)
    if node.value is None or len(node.faults.found) > before:
        return text
    if shape.form is not None and not shape.form.fullmatch(text):
        node.fault(FaultCode.FORM, f"expected {shape.expected}, found `{text[:80]}`")
    elif shape.longest and len(text) > shape.longest:
        node.fault(FaultCode.TOO_LONG, f"expected at most {shape.longest} characters, found {len(text)}")
    return text
