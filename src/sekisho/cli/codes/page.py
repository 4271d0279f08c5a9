"""The page of a family of codes: a section for each code that refuses, a table for the rest.

A page is Markdown with front matter (``title``, ``link``, and ``steps``: the codes without a section, each
with what it is). Text before the first ``## CODE`` introduces the family and sets up what the examples use.
A section has the parts of `PARTS`, each begun by its name in bold.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

PARTS: Final = MappingProxyType(
    {
        "Means": "meaning",
        "How it comes about": "causes",
        "Example": "example",
        "What to do": "repair",
        "Source": "source",
        "Related": "related",
    }
)
"""What a section tells, in this order, and the names of these parts in JSON."""

KINDS: Final = ("step", "near miss", "repair", "notice", "finding", "input error")
"""What a code without a section may be."""

_FRONT = re.compile(r"\A---\n(?P<front>.*?)^---\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^## (?P<code>\S+)\n", re.MULTILINE)
_PART = re.compile(rf"^\*\*({'|'.join(PARTS)})\.\*\*\s", re.MULTILINE)
_QUOTED = re.compile(r"`([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)`")


class PageError(ValueError):
    """A page is not of the form that this module describes; tests keep such a page from being published."""


@dataclass(frozen=True, slots=True)
class Section:
    """What is told about one code: the text of each part, by its name in ``PARTS``."""

    code: str
    parts: Mapping[str, str]

    @property
    def related(self) -> tuple[str, ...]:
        """The codes that the section refers to."""
        return tuple(_QUOTED.findall(self.parts.get("Related", "")))


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a family. ``steps`` are its codes without a section, and the kind of each."""

    family: str
    title: str
    link: str
    steps: Mapping[str, str]
    introduction: str
    sections: tuple[Section, ...]

    def section(self, code: str) -> Section | None:
        """Return the section of a code, if it has one."""
        return next((one for one in self.sections if one.code == code), None)


@cache
def families() -> tuple[str, ...]:
    """Return the families that have a page."""
    folder = files(__package__) / "pages"
    return tuple(sorted(one.name.removesuffix(".md") for one in folder.iterdir() if one.name.endswith(".md")))


@cache
def page_of(family: str) -> Page:
    """Return the page of a family of the catalogue: each has one."""
    return read_page(family, (files(__package__) / "pages" / f"{family}.md").read_text(encoding="utf-8"))


def read_page(family: str, text: str) -> Page:
    """Return the page that ``text`` is.

    Raises:
        PageError: it has not the form of a page.
    """
    import yaml

    match = _FRONT.match(text)
    front = yaml.safe_load(match["front"]) if match else None
    if match is None or not isinstance(front, dict) or not {"title", "link", "steps"} == set(front):
        raise PageError(f"{family}: expected front matter with title, link and steps")
    steps = {code: kind for kind, codes in (front["steps"] or {}).items() for code in codes.split()}
    if wrong := sorted(set(steps.values()) - set(KINDS)):
        raise PageError(f"{family}: {wrong[0]} is none of {', '.join(KINDS)}")
    introduction, *rest = _HEADING.split(match["body"])
    sections = tuple(_section(code, body) for code, body in zip(rest[::2], rest[1::2], strict=True))
    return Page(family, front["title"], front["link"], steps, introduction.strip(), sections)


def _section(code: str, text: str) -> Section:
    before, *rest = _PART.split(text)
    names = tuple(rest[::2])
    if before.strip() or names != tuple(PARTS):
        raise PageError(f"{code}: expected the parts {', '.join(PARTS)}, in this order")
    parts = {name: body.strip() for name, body in zip(names, rest[1::2], strict=True)}
    if empty := next((name for name, body in parts.items() if not body), None):
        raise PageError(f"{code}: the part {empty} is empty")
    return Section(code, MappingProxyType(parts))
