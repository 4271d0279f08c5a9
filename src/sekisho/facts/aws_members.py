"""Members of what the AWS CLI printed: read what is needed, ignore the rest, gather what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from sekisho.decide.values import Arn, InputFault, Instant, Json, Ref, SekishoInputError, documents
from sekisho.facts.model import Tags


@dataclass(frozen=True, slots=True)
class Output:
    """A value of the output and its place. A wrong shape is noted and reads as something empty."""

    value: Json
    at: Ref
    faults: list[InputFault]

    def member(self, name: str) -> "Output":
        """Return a member; its value is None where it is absent."""
        value = self.value.get(name) if isinstance(self.value, Mapping) else None
        return Output(value, self.at.child(name), self.faults)

    def items(self) -> "tuple[Output, ...]":
        """Return the items of a list; none where it is absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            self._fault("expected a list")
            return ()
        return tuple(Output(item, self.at.child(i), self.faults) for i, item in enumerate(self.value))

    def text(self, *, optional: bool = False) -> str:
        """Return a string; empty where it is absent, which is a fault unless ``optional``."""
        if isinstance(self.value, str):
            return self.value
        if not (optional and self.value is None):
            self._fault("expected text")
        return ""

    def number(self, default: int) -> int:
        """Return a whole number."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        if self.value is not None:
            self._fault("expected a whole number")
        return default

    def arn(self) -> Arn | None:
        """Return an ARN; None, with a fault noted, if there is none."""
        if not isinstance(self.value, str):
            self._fault("expected an ARN")
            return None
        try:
            return Arn.parse(self.value)
        except ValueError as error:
            self._fault(str(error))
            return None

    def instant(self, default: Instant) -> Instant:
        """Return a timestamp, in RFC 3339 or in seconds, as both versions of the CLI print them."""
        try:
            match self.value:
                case None:
                    return default
                case str(text):
                    return Instant.parse_rfc3339(text)
                case bool():
                    pass
                case int(seconds) | float(seconds):
                    return Instant.from_epoch(seconds)
        except ValueError:
            pass
        self._fault("expected a timestamp")
        return default

    def tags(self) -> Tags:
        """Return tags, written as a list of ``Key`` and ``Value``."""
        return tuple((item.member("Key").text(), item.member("Value").text()) for item in self.items())

    def document(self) -> str:
        """Return the JSON text of a policy document: an object, or text, maybe URL-encoded (RFC 3986)."""
        if isinstance(self.value, Mapping):
            return documents.to_json(self.value).decode()
        text = self.text()
        return unquote(text) if text.startswith("%7B") else text

    def raise_faults(self) -> None:
        """Raise what was noted.

        Raises:
            SekishoInputError: if there was any fault.
        """
        if self.faults:
            raise SekishoInputError(self.faults)

    def expected(self, what: str) -> None:
        """Note that something else was expected here."""
        self._fault(f"expected {what}")

    def _fault(self, problem: str) -> None:
        self.faults.append(InputFault("facts.aws-output", self.at, problem))
