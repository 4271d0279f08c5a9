"""Virtual MFA devices (IAM API Reference, "CreateVirtualMFADevice" and its siblings).

The seed is told once, when the device is made. Other kinds of device are not served: an id that is no
virtual device's names none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, MfaDevice, User
from sekisho.facts.iam_lookup import mfa_device, mfa_devices, mfa_devices_of
from sekisho.lab.aws.iam.device_lookup import existing_device
from sekisho.lab.aws.iam.entity import existing_user, key_of, own_or_named_user, put
from sekisho.lab.aws.iam.errors import already_exists, delete_conflict, no_such_entity, over_quota
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.iam.qr_code import enrolment_uri, qr_png
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.iam.users import MAX_USERS
from sekisho.lab.aws.iam.users import identity as user_identity
from sekisho.lab.aws.mfa_codes import failures_name, seed_name, synchronised
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

MAX_DEVICES_PER_USER = 8


def create_virtual_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Make a device of nobody, and tell its seed: as Base32 and as the QR code that apps read."""
    device = MfaDevice(
        account=context.account,
        name=parameters["VirtualMFADeviceName"],
        created=context.now,
        path=parameters.get("Path") or "/",
        partition=context.partition,
        tags=tags_given(parameters),
    )
    if mfa_device(context.facts, context.account, str(device.arn)) is not None:
        raise already_exists("MFADevice entity at the same path and name already exists.")
    if len(mfa_devices(context.facts, context.account)) >= MAX_USERS:
        raise over_quota("VirtualMFADevicesPerAccount", MAX_USERS)
    seed = context.ids.mfa_seed()
    output = {
        "SerialNumber": str(device.arn),
        "Base32StringSeed": seed.reveal().encode(),
        "QRCodePNG": qr_png(enrolment_uri(device.name, context.account, seed)),
        **({"Tags": tags_output(device.tags)} if device.tags else {}),
    }
    return Answer({"VirtualMFADevice": output}, (put(device),), {seed_name(device): seed})


def delete_virtual_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Delete a device that nobody holds, and its seed."""
    device = existing_device(context, parameters["SerialNumber"])
    if device.enabled is not None:
        raise delete_conflict("MFA VirtualDevice in use. Must deactivate first.")
    return Answer({}, (Delete(key_of(device)),), {seed_name(device): None, failures_name(device): None})


def enable_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Give a device to a user, who proves by two consecutive codes that it has the seed."""
    user = existing_user(context, parameters["UserName"])
    device = existing_device(context, parameters["SerialNumber"])
    if device.enabled is not None:
        raise already_exists(f"MFADevice with serial number {device.arn} is already in use.")
    if len(mfa_devices_of(context.facts, context.account, user.name)) >= MAX_DEVICES_PER_USER:
        raise over_quota("MFADevicesPerUser", MAX_DEVICES_PER_USER)
    synchronous = _checked(context, device, parameters)
    return Answer({}, (put(replace(synchronous, user=user.name, enabled=context.now)),))


def resync_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Learn anew how far the clock of a device is off, by two consecutive codes."""
    user = existing_user(context, parameters["UserName"])
    device = _held(context, parameters["SerialNumber"], user.name)
    return Answer({}, (put(_checked(context, device, parameters)),))


def deactivate_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Take a device from its user; it stays, of nobody."""
    user = own_or_named_user(context, parameters)
    device = _held(context, parameters["SerialNumber"], user)
    return Answer({}, (put(replace(device, user="", enabled=None)),))


def get_mfa_device(context: Context, parameters: Parameters) -> Answer:
    """Describe a device of a user, without a name of the caller."""
    user = own_or_named_user(context, parameters)
    return Answer(_described(_held(context, parameters["SerialNumber"], user)))


def list_mfa_devices(context: Context, parameters: Parameters) -> Answer:
    """List the devices of a user, without a name of the caller."""
    user = own_or_named_user(context, parameters)
    found = sorted(mfa_devices_of(context.facts, context.account, user), key=lambda device: str(device.arn))
    return Answer(listed("MFADevices", found, parameters, _described))


def list_virtual_mfa_devices(context: Context, parameters: Parameters) -> Answer:
    """List the devices of the account, without their tags, as AWS does."""
    wanted = {"Assigned": (True,), "Unassigned": (False,)}.get(
        parameters.get("AssignmentStatus") or "Any", (True, False)
    )
    known = mfa_devices(context.facts, context.account)
    found = sorted(
        (device for device in known if (device.enabled is not None) in wanted), key=lambda one: str(one.arn)
    )
    return Answer(listed("VirtualMFADevices", found, parameters, lambda device: _virtual(context, device)))


def _held(context: Context, serial: str, user: str) -> MfaDevice:
    found = mfa_device(context.facts, context.account, serial)
    if found is None or found.enabled is None or found.user != user:
        raise no_such_entity("MFA Device invalid for user.")
    return found


def _checked(context: Context, device: MfaDevice, parameters: Parameters) -> MfaDevice:
    found = synchronised(context, device, parameters)
    if found is None:
        raise AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    return found


def _described(device: MfaDevice) -> Mapping[str, Any]:
    return {"UserName": device.user, "SerialNumber": str(device.arn), "EnableDate": device.enabled}


def _virtual(context: Context, device: MfaDevice) -> Mapping[str, Any]:
    serial = {"SerialNumber": str(device.arn)}
    user: User | None = context.facts.user(context.account, device.user)
    if device.enabled is None or user is None:
        return serial
    return {**serial, "User": user_identity(user), "EnableDate": device.enabled}


OPERATIONS: dict[str, Operation] = {
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "DeactivateMFADevice": deactivate_mfa_device,
    "DeleteVirtualMFADevice": delete_virtual_mfa_device,
    "EnableMFADevice": enable_mfa_device,
    "GetMFADevice": get_mfa_device,
    "ListMFADevices": list_mfa_devices,
    "ListVirtualMFADevices": list_virtual_mfa_devices,
    "ResyncMFADevice": resync_mfa_device,
}
