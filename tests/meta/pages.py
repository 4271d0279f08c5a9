"""The examples in the pages: which blocks are run, and what their output has to show.

A block after ``<!-- run -->`` is a transcript: ``$ `` begins a command, ``> `` continues it, other lines are
output. A block after ``<!-- file NAME -->`` is the content of a file that the commands use. All blocks of
a page are one session. In the output a line ``...`` stands for any lines.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(
    r"^<!-- (?P<kind>run|file (?P<name>\S+)) -->\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Example:
    """One command and the lines that the page shows for it."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """What a page wants run: files first, then commands in order."""

    files: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]

    def uses(self, program: str) -> bool:
        """Tell whether a command starts ``program``."""
        start = re.compile(rf"(^|[|&;(] *|^\w+=\S* ){program} ", re.MULTILINE)
        return any(start.search(example.command) for example in self.examples)


def read_session(page: Path) -> Session:
    """Return the marked blocks of a page."""
    files: list[tuple[str, str]] = []
    examples: list[Example] = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["name"]:
            files.append((block["name"], block["text"]))
        else:
            examples += _examples(block["text"])
    return Session(tuple(files), tuple(examples))


def _examples(text: str) -> list[Example]:
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line[2:])
        else:
            found[-1][1].append(line)
    return [Example("\n".join(command), tuple(shown)) for command, shown in found]


def every_page() -> list[Path]:
    """Return the pages of the repository."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


_VOLATILE = (
    (re.compile(r"\b(AKIA|AIDA|AROA)[A-Z0-9]{16,17}\b"), "ID"),
    (re.compile(r"(?<=/id/)[0-9A-F]{32}\b"), "ISSUER"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+\d\d:\d\d)"), "TIME"),
    (re.compile(r"\d{8}T\d{6}Z"), "TIME"),
    (re.compile(r"(?<= )(\d+[smhd])+(?= |$)"), "AGE"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+"), "PORT"),
    (re.compile(r"\bv?\d+\.\d+\.\d+ \(\w+/\w+\)"), "VERSION"),
    (re.compile(r" +(?=\S)"), " "),
)


def settled(line: str) -> str:
    """Return a line without what differs from one run to the next."""
    for pattern, word in _VOLATILE:
        line = pattern.sub(word, line)
    return line.rstrip()


def missing(shown: tuple[str, ...], printed: list[str]) -> str | None:
    """Return what the page shows and the command did not print; None if it printed all of it."""
    rest = [settled(line) for line in printed]
    gap = False
    for line in shown:
        if line == "...":
            gap = True
            continue
        wanted = settled(line)
        found = next((i for i, have in enumerate(rest) if have == wanted), None) if gap else 0
        if found is None or found >= len(rest) or rest[found] != wanted:
            return line
        rest, gap = rest[found + 1 :], False
    return None if gap or not rest else f"nothing more, but there is: {rest[0]}"
