"""One-time codes of MFA devices by time (RFC 6238, with the HOTP of RFC 4226 and HMAC-SHA-1).

The seed is Base32, as `CreateVirtualMFADevice` tells it; a code has six digits and lives 30 seconds.
"""

import base64
import hmac
from collections.abc import Iterable
from typing import Final

from sekisho.decide.values import Instant, Secret

STEP_SECONDS: Final = 30
DIGITS: Final = 6
TOLERANCE: Final = 1
"""How many steps before or after the device's own a code may be (RFC 6238, section 5.2)."""
DELAY: Final = 2
"""How many steps off two codes may be because they were typed late, though the device's clock is right."""
SYNCHRONISING: Final = 20
"""How many steps two consecutive codes may be away when a device is enabled: ten minutes."""


def time_step(now: Instant) -> int:
    """Return the number of the time step that ``now`` lies in (RFC 6238, section 4.2, T0 = 0)."""
    return int(now.epoch) // STEP_SECONDS


def totp(seed: Secret, step: int) -> str:
    """Return the code of one time step (RFC 4226, section 5.3); the seed is Base32."""
    digest = hmac.digest(base64.b32decode(seed.reveal()), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def shown_step(seed: Secret, code: Secret, now: Instant, *, drift: int, used: int) -> int | None:
    """Return the time step that ``code`` is of, None if it is no code that counts.

    It has to be at most `TOLERANCE` steps from the device's own, which is ``drift`` ahead, and later
    than ``used``: a code is taken once (RFC 6238, section 5.2). A drift of no more than `DELAY` may have
    been a delay when the device was enabled, so that everything from it to the true step is taken too.
    """
    here = time_step(now)
    first, last = (min(0, drift), max(0, drift)) if abs(drift) <= DELAY else (drift, drift)
    steps = range(here + first - TOLERANCE, here + last + TOLERANCE + 1)
    return _latest(step for step in steps if _shows(seed, step, code) and step > used)


def synchronised_step(seed: Secret, codes: tuple[Secret, Secret], now: Instant, *, used: int) -> int | None:
    """Return the time step of the second of two consecutive codes, None if they are not consecutive.

    They may be `SYNCHRONISING` steps away from ``now`` (RFC 6238, section 6), and neither was used.
    """
    own = time_step(now)
    steps = range(own - SYNCHRONISING, own + SYNCHRONISING + 1)
    first = {step for step in steps if _shows(seed, step - 1, codes[0])}
    second = {step for step in steps if _shows(seed, step, codes[1])}
    return _latest(step for step in first & second if step - 1 > used)


def _shows(seed: Secret, step: int, code: Secret) -> bool:
    given = code.reveal().encode()
    return step >= 0 and hmac.compare_digest(totp(seed, step).encode(), given)


def _latest(steps: Iterable[int]) -> int | None:
    """Return the latest; every candidate was compared by then, so the time taken tells nothing."""
    return max(steps, default=None)
