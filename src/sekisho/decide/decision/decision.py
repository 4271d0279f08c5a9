"""Decision, Outcome, Step and Repair: one shape for all languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from sekisho.decide.decision.code import ReasonCode
from sekisho.decide.values import Ref
from sekisho.decide.values.document_text import on_one_line

T_co = TypeVar("T_co", covariant=True)


class Outcome(StrEnum):
    """What an evaluator found. Malformed input is none of these: it raises."""

    ALLOW = "allow"
    """Somebody said yes and nobody said no."""
    DENY = "deny"
    """Somebody said no."""
    NO_OPINION = "no-opinion"
    """Nobody said yes: IAM's implicit deny, RBAC without a matching rule, a token of another kind."""
    UNKNOWN = "unknown"
    """Facts were not read (or not understood) that could change the answer. Servers refuse."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing an evaluator looked at: the rule's code, the place in the user's document, the facts.

    ``facts`` are name/value pairs in a fixed order; none is ever a credential.
    """

    code: ReasonCode
    at: Ref
    facts: tuple[tuple[str, str], ...] = ()

    def sentence(self) -> str:
        """Render the step as one line of prose."""
        return _fill(self.code.sentence, dict(self.facts))


@dataclass(frozen=True, slots=True)
class Repair:
    """The smallest change that would turn the answer: a code and the values it needs.

    The edge renders it as a sentence (`sentence`) and, where one exists, as a command.
    """

    code: ReasonCode
    facts: tuple[tuple[str, str], ...] = ()

    def sentence(self) -> str:
        """Render the repair as one line of prose."""
        return _fill(self.code.sentence, dict(self.facts))


@dataclass(frozen=True, slots=True)
class Decision(Generic[T_co]):
    """An answer and its reasons.

    ``decisive`` are the steps that made the outcome; ``trace`` everything looked at, in
    order; ``value`` what an ALLOW yields (authentication: the user). For a refusal,
    ``nearest`` are the misses that came closest, best first, and ``repairs`` what would help.
    """

    outcome: Outcome
    decisive: tuple[Step, ...] = ()
    trace: tuple[Step, ...] = ()
    value: T_co | None = None
    nearest: tuple[Step, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the outcome is ALLOW."""
        return self.outcome is Outcome.ALLOW

    def sentence(self) -> str:
        """Render the decisive steps as prose; never empty."""
        return "; ".join(step.sentence() for step in self.decisive) or self.outcome.value


class _Missing(dict[str, str]):
    """A sentence that names a fact the step does not carry still renders."""

    def __missing__(self, key: str) -> str:
        return f"({key})"


def _fill(template: str, facts: Mapping[str, str]) -> str:
    # Facts may be words of a stranger's, and a sentence is printed: none may move the cursor.
    return template.format_map(_Missing({name: on_one_line(value) for name, value in facts.items()}))
