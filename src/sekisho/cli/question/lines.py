"""Answers about AWS in lines."""

from collections.abc import Iterator
from typing import Any

from sekisho.cli.output import Style


def place(step: Any) -> str:
    """Return where a step leads: its file and line where there is one, else its document."""
    at = step["at"]
    if at.get("file"):
        return f"{at['file']}:{at['line']}" if at.get("line") else str(at["file"])
    return f"{at['document']}{at['pointer'] and '#' + at['pointer']}"


def hints(document: Any) -> Iterator[str]:
    """Yield what somebody who got no yes should know: what it hangs on, what came close."""
    for need in document.get("needs", ()):
        yield f"if {need}"
    if document.get("needs"):
        yield "tell it with --context-key KEY=VALUE or --without-key KEY"
    for link in document.get("links", ()):
        for step in link["nearest"][:3]:
            yield f"nearest: {step['sentence']} ({place(step)})"


def set_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of an answer about sets of resources."""
    marks = {"allow": style.good("yes"), "unknown": style.doubt(" if")}
    for type_ in document["types"]:
        among = f" among {type_['among']}"
        yield f"{style.strong(type_['type'] or 'resources')}{style.quiet(among)}"
        if type_["tooManyPatterns"]:
            yield f"{style.doubt('???')} the patterns of the policies overlap in too many ways"
        for one in type_["sets"]:
            yield f"{marks.get(one['outcome'], style.bad(' no'))} {' and '.join(one['resources'])}"
            for text in one["except"]:
                yield f"      except {text}"
            for need in one["needs"]:
                yield f"      {style.doubt('if')} {need}"
            for step in one["by"] if one["outcome"] != "no-opinion" else ():
                yield style.quiet(f"      by {place(step)}")
