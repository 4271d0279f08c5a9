"""Values of annotations: what Go's readers take and what they do not."""

import pytest

from sekisho.decide.workload.annotation_values import read_boolean, read_names, read_seconds

BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("0", "f", "F", "false", "False", "FALSE"), False),
    **dict.fromkeys(("", "yes", "tRUE", " true", "on", "2"), None),
}


@pytest.mark.parametrize(("text", "said"), BOOLEANS.items())
def test_booleans_are_those_of_go(text: str, said: bool | None) -> None:
    assert read_boolean(text) is said


SECONDS = {
    "600": 600,
    "+600": 600,
    "-1": -1,
    "0600": 600,
    "9223372036854775807": 2**63 - 1,
    "9223372036854775808": None,
    "-9223372036854775808": -(2**63),
    "-9223372036854775809": None,
    "": None,
    "+": None,
    "1h": None,
    " 600": None,
    "600\n": None,
    "1_000": None,
    "٦٠٠": None,
    "1e3": None,
    "0" * 41: None,
}


@pytest.mark.parametrize(("text", "seconds"), SECONDS.items())
def test_seconds_are_64_bits_in_base_ten(text: str, seconds: int | None) -> None:
    assert read_seconds(text) == seconds


NAMES = {
    "a": ("a",),
    "a,b": ("a", "b"),
    "a, b": ("a", " b"),
    "a,": ("a", ""),
    ",": ("", ""),
    '"a,b",c': ("a,b", "c"),
    '"a""b"': ('a"b',),
    '""': ("",),
    "a\nb": ("a",),
    "a\r\nb": ("a",),
    "a\r": ("a",),
    "\n\na,b\n": ("a", "b"),
    '"a\nb"': ("a\nb",),
    "": None,
    "\n": None,
    'a"b': None,
    '"a"b': None,
    '"a': None,
    'a,"': None,
}


@pytest.mark.parametrize(("text", "names"), NAMES.items())
def test_names_are_the_first_record_of_csv(text: str, names: tuple[str, ...] | None) -> None:
    assert read_names(text) == names
