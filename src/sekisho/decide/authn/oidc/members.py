"""The members of a configuration and what is wrong with them, collected: one reading tells every fault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.values import InputFault, Json, JsonObject, Ref, SekishoInputError


@dataclass(slots=True)
class Problems:
    """The faults found so far."""

    code: OidcFault = OidcFault.CONFIGURATION
    found: list[InputFault] = field(default_factory=list)

    def add(self, at: Ref, problem: str, hint: str = "") -> None:
        """Note one fault."""
        self.found.append(InputFault(self.code, at, problem, hint))

    def take(self, error: SekishoInputError) -> None:
        """Note the faults of something that could not be read."""
        self.found += error.faults

    def members(self, value: Json, at: Ref, known: Sequence[str]) -> "Members":
        """Return the members of ``value``; nothing for null, a fault for what is no mapping."""
        if value is not None and not isinstance(value, dict):
            self.add(at, "expected a mapping")
            value = None
        members: JsonObject = value or {}
        for name in members:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
                self.add(at.child(name), "a setting of this name is not known", hint)
        return Members(members, at, self)

    def raise_if_any(self) -> None:
        """End the reading if something was wrong.

        Raises:
            SekishoInputError: with every fault.
        """
        if self.found:
            raise SekishoInputError(self.found)


@dataclass(frozen=True, slots=True)
class Members:
    """One mapping; null counts as absent, as in Kubernetes."""

    members: JsonObject
    at: Ref
    problems: Problems

    def value(self, name: str) -> Json:
        """Return the member as it is; None: absent."""
        return self.members.get(name)

    def text(self, name: str) -> str:
        """Return the text of a member, empty if it is absent."""
        value = self.members.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.problems.add(self.at.child(name), "expected text", "put it in quotes")
        return ""

    def items(self, name: str) -> Sequence[Json]:
        """Return the members of a list, none if it is absent."""
        value = self.members.get(name)
        if value is None or isinstance(value, list):
            return value or []
        self.problems.add(self.at.child(name), "expected a list")
        return []

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the members of a list of texts."""
        texts: list[str] = []
        for index, value in enumerate(self.items(name)):
            if isinstance(value, str):
                texts.append(value)
            else:
                self.problems.add(self.at.child(name, index), "expected text", "put it in quotes")
        return tuple(texts)
