"""Virtual MFA devices and instance profiles by what requests call them."""

from sekisho.facts import InstanceProfile, MfaDevice
from sekisho.facts.iam_lookup import instance_profile, mfa_device
from sekisho.lab.aws.iam.errors import no_such_entity
from sekisho.lab.aws.operation import Context


def existing_device(context: Context, serial: str) -> MfaDevice:
    """Return a virtual device by its serial number.

    Raises:
        AwsError: there is none.
    """
    found = mfa_device(context.facts, context.account, serial)
    if found is None:
        raise no_such_entity(f"VirtualMFADevice with serial number {serial} does not exist.")
    return found


def existing_profile(context: Context, name: str) -> InstanceProfile:
    """Return an instance profile by name.

    Raises:
        AwsError: there is none.
    """
    found = instance_profile(context.facts, context.account, name)
    if found is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return found
