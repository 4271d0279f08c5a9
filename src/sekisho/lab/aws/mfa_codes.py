"""What the codes of virtual MFA devices prove: seeds are secrets of the world, used codes are facts.

AWS does not say how it slows guesses down, which RFC 4226, section 7.3, asks for. Here it is as at a user
pool: from the fifth wrong code on a device rests, twice as long each time, a quarter of an hour at most.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sekisho.decide.sts.totp import shown_step, synchronised_step, time_step
from sekisho.decide.values import Instant, Secret
from sekisho.facts import Event, Key, Kind, MfaDevice, Put
from sekisho.facts.iam_lookup import mfa_device
from sekisho.lab.aws.operation import Context, Parameters

FREE_FAILURES: Final = 5
LONGEST_REST_SECONDS: Final = 900


def seed_name(device: MfaDevice) -> str:
    """Return the name under which a device's seed is kept."""
    return f"mfa-seed/{device.arn}"


def failures_name(device: MfaDevice) -> str:
    """Return the name under which it is kept how often a code was wrong."""
    return f"mfa-failures/{device.arn}"


def locked_until(context: Context, device: MfaDevice) -> Instant | None:
    """Return when the next code of a device is looked at, None where it is now."""
    count, last = _failures(context, device)
    if count < FREE_FAILURES:
        return None
    until = Instant.from_epoch(last + min(2 ** min(count - FREE_FAILURES, 20), LONGEST_REST_SECONDS))
    return until if context.now < until else None


def failed_code(context: Context, device: MfaDevice) -> Mapping[str, Secret | None]:
    """Return what to keep after one more wrong code."""
    count, _ = _failures(context, device)
    return {failures_name(device): Secret(json.dumps([count + 1, context.now.epoch]))}


def _failures(context: Context, device: MfaDevice) -> tuple[int, float]:
    """Return how often codes were wrong since the last right one, and when last."""
    kept = context.secret(failures_name(device))
    count, last = (0, 0.0) if kept is None else json.loads(kept.reveal())
    return count, last


def is_code(context: Context, device: MfaDevice, code: Secret) -> bool:
    """Whether the device shows ``code`` now and nobody used it."""
    return _step(context, device, code) is not None


def used_code(
    context: Context, parameters: Parameters
) -> tuple[tuple[Event, ...], Mapping[str, Secret | None]]:
    """Return that the code which a call showed, and which was right, is used up, and what to forget.

    Nothing if none was shown.
    """
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    device = mfa_device(context.facts, context.account, serial) if serial else None
    step = None if device is None or not code else _step(context, device, Secret(code))
    if device is None or step is None:
        return (), {}
    put = Put(Key(Kind.MFA_DEVICE, device.account, str(device.arn)), replace(device, used=step))
    return (put,), {failures_name(device): None}


def synchronised(context: Context, device: MfaDevice, parameters: Parameters) -> MfaDevice | None:
    """Return the device with its clock known, by two consecutive codes; None if they are not that."""
    seed = context.secret(seed_name(device))
    if seed is None:
        return None
    codes = (Secret(parameters["AuthenticationCode1"]), Secret(parameters["AuthenticationCode2"]))
    step = synchronised_step(seed, codes, context.now, used=device.used)
    return None if step is None else replace(device, used=step, drift=step - time_step(context.now))


def _step(context: Context, device: MfaDevice, code: Secret) -> int | None:
    seed = context.secret(seed_name(device))
    if seed is None:
        return None
    return shown_step(seed, code, context.now, drift=device.drift, used=device.used)
