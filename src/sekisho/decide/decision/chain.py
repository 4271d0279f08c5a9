"""A chain of links: the decisions a request passes, one after the other."""

from dataclasses import dataclass

from sekisho.decide.decision.decision import Decision, Outcome


@dataclass(frozen=True, slots=True)
class Link:
    """One checkpoint. ``name`` is its stable place in the chain (``signature``, ``authorization``)."""

    name: str
    decision: Decision[object]


@dataclass(frozen=True, slots=True)
class Chain:
    """The links a request reached, in order; those after a refusal were not asked and are absent."""

    name: str
    links: tuple[Link, ...]

    @property
    def outcome(self) -> Outcome:
        """ALLOW if every link allowed, else the outcome of the first link that did not."""
        failed = self.failed
        return Outcome.ALLOW if failed is None else failed.decision.outcome

    @property
    def failed(self) -> Link | None:
        """The first link that did not allow; None if all did."""
        return next((link for link in self.links if not link.decision.allowed), None)
