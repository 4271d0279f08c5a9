"""Pages as they are read: a section on a terminal, a family as a page of ``docs/reference/codes``."""

import re
from collections.abc import Iterator

from sekisho.cli.codes.catalogue import family_of
from sekisho.cli.codes.page import KINDS, PARTS, Page, Section
from sekisho.cli.output import Style
from sekisho.decide.decision import ReasonCode

_FENCE = re.compile(r"^```")
_MARK = re.compile(r"^<!-- .* -->$")


def terminal_lines(section: Section, code: ReasonCode, style: Style) -> Iterator[str]:
    """Yield a section as text: headings on lines of their own, code indented."""
    yield style.strong(str(code))
    yield style.quiet(f"  {' '.join(code.sentence.split())}")
    for name in PARTS:
        yield ""
        yield style.strong(name)
        yield from _plain(section.parts[name])


def _plain(text: str) -> Iterator[str]:
    is_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        elif is_code:
            yield f"      {line}".rstrip()
        elif not _MARK.match(line):
            yield f"  {line}".rstrip()


def setup_lines(page: Page) -> Iterator[str]:
    """Yield what the examples of a page use, as text."""
    yield from _plain(page.introduction)


def markdown(page: Page, codes: dict[str, ReasonCode], note: str) -> str:
    """Return the page of a family as Markdown, with the sentence of each code and the table of the rest."""
    lines = [note, f"# {page.title}", "", page.introduction]
    if page.sections:
        lines += ["", " · ".join(f"[`{one.code}`](#{one.code})" for one in page.sections)]
    for section in page.sections:
        lines += ["", f'<a id="{section.code}"></a>', "", f"## {section.code}", ""]
        lines += [f"> {_cell(codes[section.code].sentence)}", ""]
        for name in PARTS:
            text = section.parts[name]
            if name == "Related":
                text = _linked(text, section, page)
            # A block of code begins on a line of its own.
            lines += [f"**{name}.**{_gap(text)}{text}", ""]
        lines.pop()
    for kind in KINDS:
        found = sorted(code for code, of in page.steps.items() if of == kind)
        if found:
            lines += ["", f"## {_plural(kind)}", "", "| code | sentence |", "| --- | --- |"]
            lines += [f'| <a id="{code}"></a>`{code}` | {_cell(codes[code].sentence)} |' for code in found]
    return "\n".join(lines) + "\n"


def link_to(code: str) -> str:
    """Return where the page of a code stands, from ``docs/reference``."""
    return f"codes/{family_of(code)}.md#{code}"


def _plural(kind: str) -> str:
    return {"near miss": "Near misses"}.get(kind, f"{kind.capitalize()}s")


def _linked(text: str, section: Section, page: Page) -> str:
    for code in section.related:
        place = f"#{code}" if family_of(code) == page.family else f"{family_of(code)}.md#{code}"
        text = text.replace(f"`{code}`", f"[`{code}`]({place})")
    return text


def _gap(text: str) -> str:
    return "\n\n" if text.startswith(("```", "<!--")) else " "


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
