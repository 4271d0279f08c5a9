"""What the codes of virtual MFA devices prove: seeds are secrets of the world, used codes are facts."""

from dataclasses import replace

from sekisho.decide.sts.totp import shown_step, synchronised_step, time_step
from sekisho.decide.values import Secret
from sekisho.facts import Event, Key, Kind, MfaDevice, Put
from sekisho.facts.iam_lookup import mfa_device
from sekisho.lab.aws.operation import Context, Parameters


def seed_name(device: MfaDevice) -> str:
    """Return the name under which a device's seed is kept."""
    return f"mfa-seed/{device.arn}"


def is_code(context: Context, device: MfaDevice, code: Secret) -> bool:
    """Whether the device shows ``code`` now and nobody used it."""
    return _step(context, device, code) is not None


def used_code(context: Context, parameters: Parameters) -> tuple[Event, ...]:
    """Return that the code which a call showed, and which was right, is used up; none if none was shown."""
    serial, code = parameters.get("SerialNumber"), parameters.get("TokenCode")
    device = mfa_device(context.facts, context.account, serial) if serial else None
    step = None if device is None or not code else _step(context, device, Secret(code))
    if device is None or step is None:
        return ()
    return (Put(Key(Kind.MFA_DEVICE, device.account, str(device.arn)), replace(device, used=step)),)


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
