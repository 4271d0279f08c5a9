"""A Secret shows its text to those who ask for it by name, and to nobody else."""

import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Callable

import pytest

from sekisho.decide.values import Secret

TEXT = "wJalrXUtnFEMI"
SECRET = Secret(TEXT)


@dataclasses.dataclass(frozen=True)
class Holder:
    key_id: str
    secret: Secret


PRINTED: dict[str, Callable[[], str]] = {
    "str": lambda: str(SECRET),
    "repr": lambda: repr(SECRET),
    "an f-string": lambda: f"{SECRET} {SECRET!r} {SECRET!s} {SECRET!a}",
    "format": lambda: format(SECRET),
    "percent": lambda: "%s %r" % (SECRET, SECRET),  # noqa: UP031
    "a list of it": lambda: str([SECRET]),
    "a dataclass of it": lambda: repr(Holder("AKIA", SECRET)),
    "an exception with it": lambda: "".join(traceback.format_exception(ValueError(SECRET))),
    "json's default": lambda: json.dumps(SECRET, default=str),
}


@pytest.mark.parametrize("printed", PRINTED.values(), ids=PRINTED.keys())
def test_printing_hides_it(printed: Callable[[], str]) -> None:
    assert TEXT not in printed()
    assert "***" in printed()


REFUSED: dict[str, Callable[[], object]] = {
    "pickle": lambda: pickle.dumps(SECRET),
    "pickle, first protocol": lambda: pickle.dumps(SECRET, 0),
    "pickle of what holds it": lambda: pickle.dumps(Holder("AKIA", SECRET)),
    "copy": lambda: copy.copy(SECRET),
    "deepcopy": lambda: copy.deepcopy(SECRET),
    "dataclasses.asdict": lambda: dataclasses.asdict(Holder("AKIA", SECRET)),
    "json": lambda: json.dumps(SECRET),
    "a format of one's own": lambda: format(SECRET, ">20"),
}


@pytest.mark.parametrize("serialised", REFUSED.values(), ids=REFUSED.keys())
def test_serialising_is_refused(serialised: Callable[[], object]) -> None:
    with pytest.raises(TypeError) as caught:
        serialised()
    assert TEXT not in str(caught.value)


def test_it_has_no_attributes_to_list() -> None:
    assert not hasattr(SECRET, "__dict__")


def test_asked_by_name() -> None:
    assert SECRET.reveal() == TEXT


COMPARED = {
    "the same": (TEXT, TEXT, True),
    "another": (TEXT, "wJalrXUtnFEMi", False),
    "a beginning": (TEXT, TEXT[:-1], False),
    "nothing": (TEXT, "", False),
    "outside ASCII": ("é", "é", True),
    "another form of the same letter": ("é", "e\u0301", False),
    "half a surrogate pair from a client": (TEXT, "\ud800", False),
    "half a surrogate pair on both sides": ("\ud800", "\ud800", True),
}


@pytest.mark.parametrize(("ours", "theirs", "same"), COMPARED.values(), ids=COMPARED.keys())
def test_comparing(ours: str, theirs: str, same: bool) -> None:
    assert Secret(ours).matches(theirs) is same
    assert (Secret(ours) == Secret(theirs)) is same
    assert len({Secret(ours), Secret(theirs)}) == (1 if same else 2)


def test_it_never_equals_its_text() -> None:
    assert SECRET != TEXT
