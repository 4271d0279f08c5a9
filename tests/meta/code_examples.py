"""The examples in the pages of codes: run in this process, so that hundreds of them take seconds.

The introduction of a page sets up: blocks after ``<!-- file NAME -->`` are files, ``>>>`` is Python whose
names every example has. An example is one or more blocks: ``$ sekisho ...`` or ``>>>``. Where a line of the
introduction is ``<!-- lab -->``, blocks run in the environment of a lab, the name ``lab``: one for all pages.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meta.pages import missing
from sekisho.cli.codes.page import Page
from sekisho.cli.main import main
from sekisho.testing import RunningLab

_BLOCK = re.compile(
    r"^(?:<!-- file (?P<name>\S+) -->\n)?```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LAB = "<!-- lab -->"
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Bench:
    """A folder with the files of a page, and the names that its Python set up."""

    def __init__(self, page: Page, folder: Path, lab: Callable[[], RunningLab]) -> None:
        self.folder = folder
        self.environment: dict[str, str] | None = None
        self.names: dict[str, Any] = {}
        self.blocks = 0
        if _LAB in page.introduction.splitlines():
            self.names["lab"] = lab()
            self.environment = lab().environment()
        self.run(page.introduction)

    def run(self, text: str) -> str:
        """Run every block of ``text`` and return what it printed; a difference from what is shown fails."""
        printed = ""
        for block in _BLOCK.finditer(text):
            if block["name"]:
                (self.folder / block["name"]).write_text(block["text"], encoding="utf-8")
            elif block["text"].startswith(">>> "):
                printed += self._python(block["text"])
            elif block["text"].startswith("$ "):
                printed += self._console(block["text"])
        return printed

    def _console(self, text: str) -> str:
        command, _, shown = text.removeprefix("$ ").replace("\\\n> ", "").partition("\n")
        words = shlex.split(command)
        assert words[0] == "sekisho", f"an example runs sekisho, not {words[0]}"
        out = io.StringIO()
        told = contextlib.redirect_stdout(out), contextlib.redirect_stderr(out)
        with self._here(), told[0], told[1], contextlib.suppress(SystemExit):
            main(words[1:])
        lacking = missing(tuple(shown.splitlines()), out.getvalue().splitlines())
        assert lacking is None, f"$ {command}\nexpected: {lacking}\nprinted:\n{out.getvalue()}"
        return out.getvalue()

    def _python(self, text: str) -> str:
        report = io.StringIO()
        # A name of its own: a traceback through a function of another block is looked up by it.
        self.blocks += 1
        test = doctest.DocTestParser().get_doctest(text, self.names, f"block-{self.blocks}", None, 0)
        with self._here():
            doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=report.write, clear_globs=False)
        self.names = test.globs
        assert not report.getvalue(), report.getvalue()
        return "".join(one.want for one in test.examples)

    @contextlib.contextmanager
    def _here(self) -> Any:
        before, environment = Path.cwd(), dict(os.environ)
        os.chdir(self.folder)
        if self.environment is not None:
            _set_environment(self.environment)
        try:
            yield
        finally:
            os.chdir(before)
            _set_environment(environment)


def _set_environment(wanted: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(wanted)


def is_decisive(code: str, printed: str) -> bool:
    """Tell whether an example shows ``code`` as what refused: behind a link, or as Python's answer."""
    link = rf"^(?: no|\?\?\?) .*\[(?:[^\[\]]*, )?{re.escape(code)}(?:, [^\[\]]*)?\]$"
    answer = rf"^\(?\[?'{re.escape(code)}'|^{re.escape(code)}$"
    return re.search(f"{link}|{answer}", printed, re.MULTILINE) is not None


def is_nearest(code: str, printed: str) -> bool:
    """Tell whether an example shows ``code`` as the miss that came closest, or as one that was looked at."""
    near = rf"^        {re.escape(code)}, |^      - .* \[{re.escape(code)}\]$"
    return re.search(near, printed, re.MULTILINE) is not None or is_decisive(code, printed)
