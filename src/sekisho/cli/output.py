"""How answers are written: text for people, JSON and YAML for programs, colour on a terminal only."""

import json
import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer


class Form(StrEnum):
    """Forms of an answer."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


FormOption = Annotated[Form, typer.Option("--output", "-o", help="Form of the answer.")]


def write_document(value: Any, form: Form) -> None:
    """Write ``value`` to stdout as JSON or YAML."""
    if form is Form.YAML:
        import yaml

        sys.stdout.write(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    else:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write(text: str) -> None:
    """Write a line of text to stdout."""
    sys.stdout.write(text + "\n")


class Style:
    """Colours for a terminal; none in a pipe, with NO_COLOR or on a dumb terminal (no-color.org)."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    @classmethod
    def detect(cls) -> "Style":
        """Return the style that fits stdout."""
        if os.environ.get("NO_COLOR"):
            return cls(colour=False)
        if os.environ.get("FORCE_COLOR"):
            return cls(colour=True)
        return cls(colour=sys.stdout.isatty() and os.environ.get("TERM") != "dumb")

    def good(self, text: str) -> str:
        """Green."""
        return self._wrap("32", text)

    def bad(self, text: str) -> str:
        """Red."""
        return self._wrap("31", text)

    def doubt(self, text: str) -> str:
        """Yellow."""
        return self._wrap("33", text)

    def strong(self, text: str) -> str:
        """Bold."""
        return self._wrap("1", text)

    def quiet(self, text: str) -> str:
        """Dim."""
        return self._wrap("2", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text
