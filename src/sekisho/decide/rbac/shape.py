"""Walk a manifest whose shape is not yet known, gathering every fault with its place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError


class Reader:
    """Collects the faults of one document, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.faults: list[InputFault] = []

    def root(self, value: Json, at: Ref) -> "Node":
        """Return the document's own node."""
        return Node(self, value, at)

    def raise_faults(self) -> None:
        """Raise what was gathered.

        Raises:
            SekishoInputError: if there was any fault.
        """
        if self.faults:
            raise SekishoInputError(self.faults)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place. Reading a wrong shape records a fault and yields something empty."""

    reader: Reader
    value: Json
    at: Ref

    def with_defaults(self, **defaults: str) -> "Node":
        """Return the same place with string members filled in where they are absent."""
        if not isinstance(self.value, Mapping):
            return self
        return replace(self, value={**{key: text for key, text in defaults.items() if text}, **self.value})

    def moved(self, at: Ref) -> "Node":
        """Return the same value in another document."""
        return replace(self, at=at)

    def member(self, name: str) -> "Node":
        """Return a member; its value is None where it is absent."""
        return Node(self.reader, self._mapping().get(name), self.at.child(name))

    def members(self) -> dict[str, "Node"]:
        """Return every member."""
        return {
            key: Node(self.reader, value, self.at.child(key))
            for key, value in self._mapping(fault=True).items()
        }

    def items(self) -> list["Node"]:
        """Return the items of a list; null and absent are empty, as in Kubernetes."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self._fault("rbac.not-a-list", "expected a list")
            return []
        return [Node(self.reader, item, self.at.child(i)) for i, item in enumerate(self.value)]

    def text(self, *, optional: bool = False) -> str:
        """Return a string; empty and absent are faults unless ``optional``."""
        if isinstance(self.value, str) and (self.value or optional):
            return self.value
        if self.value is None and optional:
            return ""
        self._fault("rbac.not-a-string", "expected a string" + ("" if optional else " that is not empty"))
        return ""

    def texts(self) -> tuple[str, ...]:
        """Return a list of strings, empty ones included (``""`` is the core API group)."""
        return tuple(
            item.text(optional=True) if item.value is not None else item._null() for item in self.items()
        )

    def one_of(self, choices: tuple[str, ...]) -> str:
        """Return one of the ``choices``."""
        if isinstance(self.value, str) and self.value in choices:
            return self.value
        self._fault("rbac.unexpected-value", "expected " + " or ".join(f"`{choice}`" for choice in choices))
        return choices[0]

    def only(self, *names: str) -> None:
        """Record a fault for each member that is not one of ``names``."""
        for key in self._mapping(fault=True):
            if key not in names:
                close = get_close_matches(key, names, n=1)
                hint = f"did you mean `{close[0]}`" if close else f"known are {', '.join(names)}"
                child = Node(self.reader, None, self.at.child(key))
                child._fault("rbac.unknown-member", f"unknown member `{key}`", hint)

    def _mapping(self, *, fault: bool = False) -> Mapping[str, Json]:
        if isinstance(self.value, Mapping):
            return self.value
        if fault and self.value is not None:
            self._fault("rbac.not-an-object", "expected an object")
        return {}

    def _null(self) -> str:
        self._fault("rbac.not-a-string", "expected a string")
        return ""

    def _fault(self, code: str, problem: str, hint: str = "") -> None:
        self.reader.faults.append(InputFault(code, self.at, problem, hint))
