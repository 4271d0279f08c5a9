"""Every reason code is mentioned by a test: by its string, or by its name in a test of its room."""

import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from meta.pages import ROOT
from meta.test_reference import generator
from sekisho.decide.decision.code import ReasonCode

CODES = [code for kind in generator().reason_code_classes() for code in kind]


@dataclass(frozen=True)
class Text:
    """What one file mentions: the text for its rooms, words in quotes, members of enums (``Code.NAME``)."""

    text: str
    quoted: frozenset[str]
    members: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> "Text":
        text = path.read_text(encoding="utf-8")
        return cls(text, frozenset(_QUOTED.findall(text)), frozenset(_MEMBER.findall(text)))


_QUOTED = re.compile(r'"([a-z][a-z0-9.-]*)"')
_MEMBER = re.compile(r"\b\w+\.([A-Z][A-Z0-9_]*)\b")


@cache
def _tests() -> tuple[Text, ...]:
    found = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "tests").rglob("*.json")]
    return tuple(Text.read(path) for path in found if path.parent.name != "meta")


def is_mentioned(code: ReasonCode) -> bool:
    """Tell whether a test names ``code``."""
    room = ".".join(type(code).__module__.split(".")[:3])
    return any(code in one.quoted or (code.name in one.members and room in one.text) for one in _tests())


@pytest.mark.parametrize("code", CODES, ids=str)
def test_code_is_mentioned_by_a_test(code: ReasonCode) -> None:
    assert is_mentioned(code), f"no test mentions {code} ({type(code).__qualname__}.{code.name})"


@pytest.mark.parametrize("code", CODES, ids=str)
def test_code_is_given_by_the_program(code: ReasonCode) -> None:
    room = ".".join(type(code).__module__.split(".")[:3])
    own = importlib.import_module(type(code).__module__).__file__
    assert any(
        code.name in one.members and (room in one.text or path == Path(str(own)))
        for path, one in _sources().items()
    ), f"nothing in src gives {code} ({type(code).__qualname__}.{code.name})"


@cache
def _sources() -> dict[Path, Text]:
    return {path: Text.read(path) for path in (ROOT / "src").rglob("*.py")}


def test_codes_are_unique() -> None:
    assert len({str(code) for code in CODES}) == len(CODES)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_code_has_the_form_of_one_and_a_sentence(code: ReasonCode) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+){1,2}", code)
    assert code.sentence
    # A token's prefix ends in a full stop of its own.
    assert not code.sentence.removesuffix("k8s-aws-v1.").endswith(".")
