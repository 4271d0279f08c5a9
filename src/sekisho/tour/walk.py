"""Walk a tour: run each step, look at what the lab decided about it, and check what the step expects."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sekisho.decide.values import Json, JsonObject, Secret, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.lab.client import LabClient
from sekisho.tour.redact import redact
from sekisho.tour.shell import Ended, Shell
from sekisho.tour.step import TourStep

_WHERE = {
    "aws": "the AWS CLI, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "kubectl": "kubectl, https://kubernetes.io/docs/tasks/tools/",
}

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
"""How a command or an answer names a learned value."""

CLUSTER_TOKEN = "token"  # noqa: S105 - a name, not a token
"""What a step calls the cluster token that it learns."""

Decision = JsonObject
"""A journal entry; for a token that was not sent to anybody only the members ``target`` and ``chain``."""

Before = Callable[[TourStep, str], None]
"""Told a step and the command as it is shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one step. No credential is in it.

    ``held`` is None for a step that was skipped; ``note`` says what a step that held means, why
    it was skipped, or what was expected. ``is_complete`` is False for a step that nothing replaced.
    """

    step: TourStep
    note: str
    held: bool | None
    command: str
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    decision: Decision | None = None
    answers: tuple[str, ...] = ()
    is_complete: bool = True

    @property
    def is_skipped(self) -> bool:
        """Tell whether nothing was run."""
        return self.held is None

    def to_json(self) -> JsonObject:
        """Return the result as ``sekisho tour -o json`` shows it."""
        return {
            "step": self.step.number,
            "title": self.step.title,
            "command": self.command,
            "exitCode": self.exit_code,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "decision": self.decision,
            "skipped": self.note if self.is_skipped else None,
            "held": self.held,
            "note": self.note,
        }


@dataclass(slots=True)
class Walk:
    """A walk through steps with one shell in one lab; learns from each step what later ones need."""

    shell: Shell
    client: LabClient
    cluster: str
    learned: dict[str, Secret] = field(default_factory=dict)
    hidden: list[Secret] = field(default_factory=list)

    def through(
        self, steps: Iterable[TourStep], before: Before, after: Callable[[Result], None]
    ) -> tuple[Result, ...]:
        """Take the steps one after the other and return what came of them.

        After a step that did not hold, and when the walk is broken off, only the steps that tidy are taken.

        Args:
            steps: in order.
            before: told each step that is about to run and its command; not told of those that are skipped.
            after: told each result.
        """
        results: list[Result] = []
        steps = tuple(steps)
        tidying = tuple(step for step in steps if step.tidies)
        try:
            for step in steps:
                if step.tidies:
                    continue
                for result in self._take(step, before):
                    results.append(result)
                    after(result)
                if any(result.held is False for result in results):
                    break
        except BaseException:
            for step in tidying:
                if not self._unknown(step):
                    self.shell.run(self._filled(step.command))
            raise
        for step in tidying:
            for result in self._take(step, before):
                results.append(result)
                after(result)
        return tuple(results)

    def _take(self, step: TourStep, before: Before) -> Iterator[Result]:
        missing = [program for program in step.needs if not self.shell.has(program)]
        unknown = self._unknown(step)
        if missing and step.instead is not None:
            reason = f"{missing[0]} is not on PATH; `{step.instead.program}` does the same, see below"
            yield Result(step, reason, None, step.command)
            yield from self._take(step.instead, before)
        elif missing:
            reason = f"{missing[0]} is not on PATH; install {_WHERE.get(missing[0], missing[0])}"
            yield Result(step, reason, None, step.command, is_complete=False)
        elif unknown:
            reason = "there is nothing to take back" if step.tidies else f"there is no {unknown[0]} to use"
            yield Result(step, reason, None, step.command, is_complete=step.tidies)
        else:
            before(step, self._shown(step.command))
            yield self._run(step)

    def _run(self, step: TourStep) -> Result:
        known = self._requests()
        ended = self.shell.run(self._filled(step.command), tuple(map(self._filled, step.answers)))
        self._learn(step, ended)
        held, note = verdict(step, ended)
        return Result(
            step,
            note,
            held,
            self._shown(step.command),
            ended.exit_code,
            redact(ended.stdout, self.hidden),
            redact(ended.stderr, self.hidden),
            self._decision(step, known),
            tuple(map(self._shown, step.answers)),
        )

    def _learn(self, step: TourStep, ended: Ended) -> None:
        if not step.learns or ended.exit_code != 0:
            return
        try:
            printed = parse_json(ended.stdout, "output")
        except SekishoInputError:
            return  # the expectation tells that the output is another
        for value in step.learns:
            found = _member(printed, value.path)
            if found:
                self.learned[value.name] = Secret(found)
                if value.is_secret:
                    self.hidden.append(Secret(found))

    def _decision(self, step: TourStep, known: dict[str, int]) -> Decision | None:
        if any(value.name == CLUSTER_TOKEN for value in step.learns):
            return self._read_token()
        return decided(step, known, self.client.get("/journal"))

    def _read_token(self) -> Decision | None:
        """Return what the cluster would say to the token: nobody was asked when it was made."""
        token = self.learned.get(CLUSTER_TOKEN)
        if token is None:
            return None
        asked = {"token": token.reveal(), "cluster": self.cluster}
        return {"target": self.cluster, "chain": self.client.post("/explain-token", asked)}

    def _requests(self) -> dict[str, int]:
        return {entry["id"]: entry["requests"] for entry in self.client.get("/journal")}

    def _unknown(self, step: TourStep) -> list[str]:
        texts = (step.command, *step.answers)
        named = [name for text in texts for name in _PLACEHOLDER.findall(text)]
        return [name for name in dict.fromkeys(named) if name not in self.learned]

    def _filled(self, text: str) -> str:
        for name, value in self.learned.items():
            text = text.replace(f"{{{name}}}", value.reveal())
        return text

    def _shown(self, text: str) -> str:
        return redact(self._filled(text), self.hidden)


def decided(step: TourStep, known: Mapping[str, int], entries: Iterable[Any]) -> Decision | None:
    """Return what the lab decided about a step: a refusal if there was one, else the newest decision.

    Args:
        step: its program and the door that it speaks to tell its entries from those of others.
        known: the number of requests of each journal entry before the step, by id.
        entries: the journal after it, oldest first.
    """
    new = [
        entry
        for entry in entries
        if entry["requests"] != known.get(entry["id"])
        and entry["surface"] == step.surface
        and entry["client"].startswith(step.needs[0])
    ]
    refused = [entry for entry in new if entry["outcome"] != "allow"]
    chosen: list[Decision] = refused or new
    return chosen[-1] if chosen else None


def verdict(step: TourStep, ended: Ended) -> tuple[bool, str]:
    """Return whether a step held, and a sentence: what it means, or what was expected."""
    for expectation in (step.expected, *step.already):
        if expectation.is_met(ended.exit_code, ended.output):
            return True, expectation.meaning
    return False, f"expected {step.expected}; found exit code {ended.exit_code}"


def _member(value: Json, path: Iterable[str]) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
