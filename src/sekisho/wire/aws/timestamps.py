"""The three forms of a timestamp on the wire (Smithy, "timestampFormat trait")."""

import math
import re
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime

from sekisho.decide.values import Instant

ISO8601 = "iso8601"
RFC822 = "rfc822"
EPOCH = "unixtimestamp"

_MAX_CHARS = 64
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)


def parse_timestamp(text: str) -> Instant:
    """Read a timestamp in any form: services accept each other's, whatever the model prefers.

    Raises:
        ValueError: not a timestamp, or a moment no calendar has.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError("too long for a timestamp")
    try:
        if _NUMBER.fullmatch(text):
            return Instant.from_epoch(float(text))
        if _DATE.fullmatch(text):
            return Instant.parse_rfc3339(f"{text}T00:00:00Z")
        if _BASIC.fullmatch(text):
            return Instant.parse_amz(text)
        if "," in text:
            moment = parsedate_to_datetime(text)
            # RFC 5322 writes `-0000` for UTC of unknown origin, which comes back naive.
            return Instant((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
        return Instant.parse_rfc3339(text)
    except (OverflowError, TypeError, IndexError):
        raise ValueError("no such moment") from None


def parse_epoch(seconds: float) -> Instant:
    """Return the moment ``seconds`` after 1970.

    Raises:
        ValueError: not a number, or a moment no calendar has.
    """
    if not math.isfinite(seconds):
        raise ValueError("no such moment")
    return Instant.from_epoch(seconds)


def render_timestamp(moment: Instant, form: str) -> str:
    """Return ``moment`` as text in ``form``; a fraction of a second is kept where the form has one."""
    if form == RFC822:
        return format_datetime(moment.moment, usegmt=True)
    if form == EPOCH:
        return str(render_epoch(moment))
    micros = moment.moment.microsecond
    return moment.moment.strftime(f"%Y-%m-%dT%H:%M:%S.{micros:06d}Z") if micros else moment.rfc3339()


def render_epoch(moment: Instant) -> int | float:
    """Return seconds since 1970, whole where the moment is."""
    seconds = moment.epoch
    return int(seconds) if seconds.is_integer() else seconds
