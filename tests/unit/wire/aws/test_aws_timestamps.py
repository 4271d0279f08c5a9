"""Timestamps in the three forms of the wire."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Instant
from sekisho.wire.aws.timestamps import EPOCH, ISO8601, RFC822, parse_epoch, parse_timestamp, render_timestamp

NINE = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
HALF = Instant.parse_rfc3339("2026-01-31T09:00:00.5Z")

FORMS = {
    "2026-01-31T09:00:00Z": NINE,
    "2026-01-31T09:00:00.500000Z": HALF,
    "2026-01-31T10:00:00+01:00": NINE,
    "20260131T090000Z": NINE,
    "1769850000": NINE,
    "1769850000.5": HALF,
    "Sat, 31 Jan 2026 09:00:00 GMT": NINE,
    "Sat, 31 Jan 2026 10:00:00 +0100": NINE,
    "Sat, 31 Jan 2026 09:00:00 -0000": NINE,
    "2026-01-31": Instant.parse_rfc3339("2026-01-31T00:00:00Z"),
}


@pytest.mark.parametrize(("text", "moment"), FORMS.items(), ids=FORMS.keys())
def test_each_form_is_read(text: str, moment: Instant) -> None:
    assert parse_timestamp(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-02-30",
        "2026-01-31T09:00:00",
        "Sat, 99 Jan 2026 09:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "0001-01-01T00:00:00+23:59",
        "999999999999999",
        "1" * 65,
        "1e9",
    ],
)
def test_no_other_form_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 1e300, -1e300])
def test_seconds_no_calendar_has(seconds: float) -> None:
    with pytest.raises(ValueError, match="moment"):
        parse_epoch(seconds)


def test_each_form_is_written() -> None:
    assert render_timestamp(NINE, ISO8601) == "2026-01-31T09:00:00Z"
    assert render_timestamp(HALF, ISO8601) == "2026-01-31T09:00:00.500000Z"
    assert render_timestamp(NINE, EPOCH) == "1769850000"
    assert render_timestamp(HALF, EPOCH) == "1769850000.5"
    assert render_timestamp(HALF, RFC822) == "Sat, 31 Jan 2026 09:00:00 GMT"


@given(
    seconds=st.integers(min_value=-(2**31), max_value=2**33), form=st.sampled_from([ISO8601, EPOCH, RFC822])
)
def test_what_is_written_is_read_back(seconds: int, form: str) -> None:
    moment = Instant.from_epoch(seconds)
    assert parse_timestamp(render_timestamp(moment, form)) == moment


@given(st.text(max_size=40))
def test_no_text_crashes_the_parser(text: str) -> None:
    try:
        found = parse_timestamp(text)
    except ValueError:
        return
    assert parse_timestamp(render_timestamp(found, ISO8601)) == found
