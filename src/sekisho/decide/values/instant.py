"""A moment in time. The pure rooms are handed one; they never ask a clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_AMZ = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-5][0-9])",
    re.ASCII,
)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment, always UTC.

    Raises:
        ValueError: ``moment`` is naive or not in UTC.
    """

    moment: datetime

    def __post_init__(self) -> None:
        if self.moment.utcoffset() != timedelta(0):
            raise ValueError("an Instant is an aware datetime in UTC")

    @classmethod
    def from_epoch(cls, seconds: float) -> "Instant":
        """Return the moment ``seconds`` after 1970-01-01T00:00:00Z.

        Raises:
            ValueError: not a number, or outside the years 1 to 9999.
        """
        try:
            return cls(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
        except OverflowError:
            raise ValueError("a moment lies in the years 1 to 9999") from None

    @classmethod
    def parse_amz(cls, text: str) -> "Instant":
        """Read ``YYYYMMDDTHHMMSSZ``, the form of ``X-Amz-Date`` (SigV4, "Date handling").

        Raises:
            ValueError: another form, or no such moment.
        """
        if not _AMZ.fullmatch(text):
            raise ValueError("expected YYYYMMDDTHHMMSSZ")
        # By hand: strptime costs as much as the rest of a signature's parsing.
        year, month, day = int(text[0:4]), int(text[4:6]), int(text[6:8])
        hour, minute, second = int(text[9:11]), int(text[11:13]), int(text[13:15])
        return cls(datetime(year, month, day, hour, minute, second, tzinfo=UTC))

    @classmethod
    def parse_rfc3339(cls, text: str) -> "Instant":
        """Read an RFC 3339 timestamp (section 5.6); any offset, at most microseconds kept.

        Raises:
            ValueError: another form, or no such moment.
        """
        match = _RFC3339.fullmatch(text)
        if match is None:
            raise ValueError("expected an RFC 3339 timestamp such as 2026-01-31T09:00:00Z")
        day, clock, fraction, offset = match.groups()
        zone = "+00:00" if offset in "Zz" else offset
        written = datetime.fromisoformat(f"{day}T{clock}{(fraction or '.0')[:7]:0<7}{zone}")
        try:
            return cls(written.astimezone(UTC))
        except OverflowError:
            raise ValueError("a moment lies in the years 1 to 9999") from None

    def __add__(self, lifetime: timedelta) -> "Instant":
        """Return the moment ``lifetime`` later; beyond the years 1 to 9999 their edge."""
        try:
            return Instant(self.moment + lifetime)
        except OverflowError:
            return Instant(_LAST if lifetime > timedelta(0) else _FIRST)

    def __sub__(self, other: "Instant") -> timedelta:
        return self.moment - other.moment

    @property
    def epoch(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return self.moment.timestamp()

    def amz(self) -> str:
        """Return ``YYYYMMDDTHHMMSSZ``."""
        return self.rfc3339().replace("-", "").replace(":", "")

    def rfc3339(self) -> str:
        """Return ``YYYY-MM-DDTHH:MM:SSZ``, the form of Kubernetes' ``creationTimestamp``."""
        # Not strftime: its %Y has fewer than four digits before the year 1000.
        return self.moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"

    def __str__(self) -> str:
        return self.rfc3339()
