"""Moments: the forms that are read and written, and the ends of time."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sekisho.decide.values import Instant

RFC3339 = {
    "UTC": ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
    "lower case": ("2026-01-31t09:00:00z", "2026-01-31T09:00:00Z"),
    "an offset": ("2026-01-31T09:00:00+09:00", "2026-01-31T00:00:00Z"),
    "a negative offset over midnight": ("2026-01-31T23:30:00-01:00", "2026-02-01T00:30:00Z"),
    "an unknown local offset": ("2026-01-31T09:00:00-00:00", "2026-01-31T09:00:00Z"),
    "a leap day": ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    "fractions are kept, not written": ("2026-01-31T09:00:00.999999999Z", "2026-01-31T09:00:00Z"),
    "a year of three digits": ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
}


@pytest.mark.parametrize(("text", "written"), RFC3339.values(), ids=RFC3339.keys())
def test_rfc3339(text: str, written: str) -> None:
    assert str(Instant.parse_rfc3339(text)) == written


def test_microseconds_are_kept() -> None:
    assert Instant.parse_rfc3339("2026-01-31T09:00:00.1234567Z").moment.microsecond == 123456


NO_RFC3339 = [
    "",
    "2026-01-31",
    "2026-01-31 09:00:00Z",
    "2026-01-31T09:00:00",
    "2026-01-31T09:00Z",
    "2026-1-31T09:00:00Z",
    "2026-02-29T09:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T09:60:00Z",
    "2026-01-31T09:00:61Z",
    "2026-01-31T09:00:00.Z",
    "2026-01-31T09:00:00+0900",
    "2026-01-31T09:00:00+24:00",
    "2026-01-31T09:00:00+01:60",
    "2026-01-31T09:00:00Z\n",
    "\uff12026-01-31T09:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
]


@pytest.mark.parametrize("text", NO_RFC3339)
def test_no_other_form_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Instant.parse_rfc3339(text)


def test_the_form_of_x_amz_date() -> None:
    moment = Instant.parse_amz("20260131T090102Z")
    assert (moment, moment.amz()) == (Instant.parse_rfc3339("2026-01-31T09:01:02Z"), "20260131T090102Z")


def test_the_form_of_x_amz_date_has_four_digits_of_a_year() -> None:
    assert Instant.parse_amz("09990131T090102Z").amz() == "09990131T090102Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260131T090102",
        "20260131T090102z",
        "20260131090102Z",
        "20261331T090102Z",
        "20260131T250102Z",
        "20260131T090102Z\n",
    ],
)
def test_no_other_form_of_x_amz_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Instant.parse_amz(text)


def test_seconds_since_the_epoch() -> None:
    moment = Instant.from_epoch(1_769_850_000)
    assert (str(moment), moment.epoch) == ("2026-01-31T09:00:00Z", 1_769_850_000)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, 1e18, -1e18, 253_402_300_800])
def test_seconds_that_are_no_moment(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        Instant.from_epoch(seconds)


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9)))],  # noqa: DTZ001
)
def test_only_utc_is_an_instant(moment: datetime) -> None:
    with pytest.raises(ValueError, match="in UTC"):
        Instant(moment)


def test_arithmetic_and_order() -> None:
    start = Instant(datetime(2026, 1, 31, 9, tzinfo=UTC))
    later = start + timedelta(minutes=15)
    assert (later - start, later > start) == (timedelta(minutes=15), True)


def test_a_lifetime_beyond_the_calendar_ends_with_it() -> None:
    first, last = Instant.parse_rfc3339("0001-01-01T00:00:00Z"), Instant.parse_rfc3339("9999-12-31T23:59:59Z")
    assert str(last + timedelta(days=7)) == "9999-12-31T23:59:59Z"
    assert last + timedelta(days=7) > last
    assert first + timedelta(days=-7) == first
