"""``sekisho tour``: walk through an article with the real clients."""

import signal
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.explain import chain_lines
from sekisho.cli.group import command_group
from sekisho.cli.output import Form, FormOption, Style, write, write_document
from sekisho.cli.state_option import StateDirOption
from sekisho.cli.watch import entry_line

if TYPE_CHECKING:
    from sekisho.tour import Cluster, Result, TourStep

NOT_HELD = 1
INCOMPLETE = 3
TEXT_COLUMNS = 100

OwnLabOption = Annotated[
    bool, typer.Option("--own-lab", help="Walk in a fresh lab, even if one runs; it goes at the end.")
]
PauseOption = Annotated[
    bool, typer.Option("--pause", help="Wait for Enter before each step (on a terminal).")
]

app = command_group("tour", "Walk through an article with the real clients.")


@app.callback()
def tour() -> None:
    """Walk through an article with the real clients.

    Example: sekisho tour access
    """


@app.command()
@report()
def access(
    own_lab: OwnLabOption = False,
    pause: PauseOption = False,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """From a cluster that only its creator can enter to one more person who may look, and no further.

    Runs aws and kubectl (and eksctl, where it is) from PATH in the running lab, else in a lab of its
    own; your own configuration is not touched. Each step is checked: exit code 1 if one went
    otherwise, 3 if a client is missing.

    Example: sekisho tour access --pause
    """
    from sekisho.tour import MANIFESTS, access_steps

    _walk(access_steps, MANIFESTS, own_lab, state, output, pause=pause)


@app.command()
@report()
def oidc(
    own_lab: OwnLabOption = False,
    pause: PauseOption = False,
    state: StateDirOption = None,
    output: FormOption = Form.TEXT,
) -> None:
    """People of a Cognito user pool enter a cluster with id tokens: pool, identity provider, kubectl.

    Runs aws and kubectl as `sekisho tour access` does, and takes back what it made. Exit code 1 if a
    step went otherwise, 3 if a client is missing.

    Example: sekisho tour oidc
    """
    from sekisho.tour import OIDC_MANIFESTS, oidc_steps

    _walk(oidc_steps, OIDC_MANIFESTS, own_lab, state, output, pause=pause)


@app.command()
@report()
def irsa(pause: PauseOption = False, output: FormOption = Form.TEXT) -> None:
    """A pod gets a role by its service account (IRSA): provider, role, annotation, and what each is for.

    Runs aws and kubectl from PATH in a lab of the tour's own, which goes at the end. Exit code 1 if a
    step went otherwise, 3 if a client is missing.

    Example: sekisho tour irsa
    """
    from sekisho.tour import IRSA_FILES, irsa_steps

    _walk(irsa_steps, IRSA_FILES, True, None, output, pause=pause)


@app.command()
@report()
def cross_account(pause: PauseOption = False, output: FormOption = Form.TEXT) -> None:
    """A pod of one account's cluster enters the cluster of another account, by a chain of two roles.

    Runs aws and kubectl from PATH in a lab of the tour's own, which goes at the end. Exit code 1 if a
    step went otherwise, 3 if a client is missing.

    Example: sekisho tour cross-account
    """
    from sekisho.tour import CROSS_ACCOUNT_FILES, cross_account_steps

    _walk(cross_account_steps, CROSS_ACCOUNT_FILES, True, None, output, pause=pause)


def _walk(
    steps_of: "Callable[[Cluster], tuple[TourStep, ...]]",
    manifests: Mapping[str, str],
    own_lab: bool,
    state: str | None,
    output: Form,
    *,
    pause: bool,
) -> None:
    import os

    from sekisho.tour import Walk, ground, tour_shell

    with _ended_by_signals(), ground(state, own=own_lab, note=note) as lab:
        steps = steps_of(lab.cluster)
        page = _Page(output, Style.detect(), steps[-1].number, pauses=_can_pause(pause))
        with tour_shell(lab, manifests, os.environ) as shell:
            results = Walk(shell, lab.client, lab.cluster.name).through(steps, page.before, page.after)
    if output is not Form.TEXT:
        write_document([result.to_json() for result in results], output)
    _end(results)


class _Page:
    """Shows a walk while it happens."""

    def __init__(self, form: Form, style: Style, last: int, *, pauses: bool) -> None:
        self._is_text = form is Form.TEXT
        self._style = style
        self._last = last
        self._pauses = pauses
        self._number = 0
        self._decision = ""

    def before(self, step: "TourStep", command: str) -> None:
        if self._is_text:
            self._head(step, command)
        else:
            note(f"step {step.number} of {self._last}: {step.title}")
        if self._pauses:
            sys.stderr.write("      (Enter: go on) ")
            sys.stderr.flush()
            if not sys.stdin.readline():
                self._pauses = False  # nobody is there any more
        if step.slow:
            note(step.slow)

    def after(self, result: "Result") -> None:
        if not self._is_text:
            return
        style = self._style
        if result.is_skipped:
            self._head(result.step, result.command)
            write(f"  {style.doubt('skipped')}: {result.note}")
            return
        for answer in result.answers:
            write(style.quiet(f"  > {answer}"))
        for line in (result.stdout.rstrip() + "\n" + result.stderr).strip("\n").splitlines():
            write(f"  {line}")
        if result.decision is not None:
            for line in self._decided(result.decision):
                write(f"  {style.quiet('|')} {line}")
        write(f"  {style.good('=') if result.held else style.bad('! not as expected:')} {result.note}")
        sys.stdout.flush()

    def _head(self, step: "TourStep", command: str) -> None:
        style = self._style
        if step.number != self._number:
            write("")
            write(style.strong(f"{step.number}. {step.title}"))
            write(textwrap.fill(step.about, TEXT_COLUMNS, initial_indent="  ", subsequent_indent="  "))
            self._number = step.number
        first, *rest = command.splitlines()
        write(f"  {style.strong('$ ' + first)}")
        for line in rest:
            write(f"  {style.strong(line)}")
        sys.stdout.flush()

    def _decided(self, decision: Any) -> Iterator[str]:
        if "id" in decision:
            yield entry_line(decision, self._style)
            if decision["id"] == self._decision:
                yield self._style.quiet("the same decision as in the step before")
                return
            self._decision = decision["id"]
        if decision["chain"] is not None:
            yield from chain_lines(decision["chain"], self._style, target=decision["target"])


def _end(results: "tuple[Result, ...]") -> None:
    for result in results:
        if result.held is False:
            note(f"step {result.step.number}, {result.step.title}, went otherwise: {result.note}")
    if any(result.held is False for result in results):
        raise SystemExit(NOT_HELD)
    missing = dict.fromkeys(result.note for result in results if not result.is_complete)
    if missing:
        skipped = sum(not result.is_complete for result in results)
        note(f"{skipped} steps were skipped: {'; '.join(missing)}")
        raise SystemExit(INCOMPLETE)
    note("every step went as the article says")


def _can_pause(wanted: bool) -> bool:
    if wanted and not sys.stdin.isatty():
        note("--pause needs a terminal: going on without")
        return False
    return wanted


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block, so that the tour's lab and folder go."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
