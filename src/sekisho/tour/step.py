"""One step of a tour: what a reader types, and what has to happen then."""

import re
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a command's end has to look like.

    Args:
        exit_code: None stands for any code but 0: clients differ in the codes of their refusals.
        text: a regular expression, searched in stdout and stderr together.
        meaning: what it means that this happened, one sentence.
    """

    exit_code: int | None
    text: str
    meaning: str

    def is_met(self, exit_code: int, output: str) -> bool:
        """Tell whether a command ended like that."""
        code_fits = exit_code != 0 if self.exit_code is None else exit_code == self.exit_code
        return code_fits and re.search(self.text, output, re.MULTILINE) is not None

    def __str__(self) -> str:
        code = "an exit code other than 0" if self.exit_code is None else f"exit code {self.exit_code}"
        return f"{code} and output that matches `{self.text}`"


@dataclass(frozen=True, slots=True)
class Learned:
    """A value that a later step needs: a member of the JSON that a command printed.

    Args:
        name: what later steps call it, as ``{name}`` in a command or an answer.
        path: the member's names, outermost first.
        is_secret: it is shown as ``***`` from then on, wherever it appears.
    """

    name: str
    path: tuple[str, ...]
    is_secret: bool


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step.

    Args:
        number: steps that do the same in two ways share a number.
        title: a few words.
        about: why a reader does this, and what to look at.
        command: exactly what a reader types in a POSIX shell; ``{name}`` stands for a learned value.
        expected: what has to happen.
        already: what happens instead when an earlier walk left its work in the lab.
        needs: programs that have to be on PATH; the first one is whose decisions are shown.
        answers: lines that a reader types when the command asks.
        learns: values for later steps.
        instead: what to do when a program is missing; without it the tour is then incomplete.
        slow: told while the command runs.
        tidies: it takes something back, also after a step that failed.
    """

    number: int
    title: str
    about: str
    command: str
    expected: Expectation
    needs: tuple[str, ...]
    already: tuple[Expectation, ...] = ()
    answers: tuple[str, ...] = ()
    learns: tuple[Learned, ...] = ()
    instead: "TourStep | None" = None
    slow: str = ""
    tidies: bool = False

    @property
    def program(self) -> str:
        """The program and its subcommand, without settings and options: ``sekisho map create``."""
        words = takewhile(lambda word: not word.startswith("-"), self.command.split())
        return " ".join(word for word in words if "=" not in word)

    @property
    def surface(self) -> str:
        """Which of the lab's doors decides about it: ``aws`` or ``kubernetes``."""
        return "aws" if self.needs[0] == "aws" else "kubernetes"
