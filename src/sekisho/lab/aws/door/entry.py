"""What the journal is told about one request at the front door."""

from dataclasses import dataclass

from sekisho.decide.decision import Chain, Outcome
from sekisho.lab.aws.door.refusal import RefusedError
from sekisho.lab.door_code import DoorCode
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.world import Clock
from sekisho.wire.http import Request


@dataclass(slots=True)
class DoorEntry:
    """One request; ``target``, ``who`` and ``question`` are filled in as far as it is understood.

    ``target`` is the service, ``who`` the caller as far as it was proven, and ``question``
    what is asked, where that is more than the request's method.
    """

    journal: Journal
    clock: Clock
    request: Request
    id: str
    target: str = "aws"
    who: str = ""
    question: str = ""

    def served(self, status: int, chain: Chain | None = None) -> None:
        """Note that the request was answered; ``chain`` is why, where that was a decision of its own."""
        self._note(status, Outcome.ALLOW, DoorCode.SERVED, "served", chain)

    def refused(self, status: int, refused: RefusedError) -> None:
        """Note that the service, or a checkpoint before it, refused the request or a part of it."""
        self.who = self.who or refused.who
        self._note(status, refused.outcome, refused.code, refused.sentence, refused.chain)

    def turned_away(self, status: int, code: str, sentence: str) -> None:
        """Note that the request was refused before it was known whom it asks."""
        self._note(status, Outcome.DENY, code, sentence)

    def _note(
        self, status: int, outcome: Outcome, code: str, sentence: str, chain: Chain | None = None
    ) -> None:
        self.journal.note(
            Asked(
                self.id,
                self.clock.now(),
                "aws",
                self.target,
                self.who,
                self.request.header("user-agent") or "",
                self.question or self.request.method,
                status,
                outcome,
                code,
                sentence,
                chain,
            )
        )
