"""MFA devices, login profiles, instance profiles, role deletions and unique ids of a Snapshot."""

from sekisho.decide.values import Arn
from sekisho.facts.iam_model import InstanceProfile, LoginProfile, MfaDevice, RoleDeletion
from sekisho.facts.keys import Key, Kind
from sekisho.facts.snapshot import Snapshot


def mfa_device(facts: Snapshot, account: str, serial: str) -> MfaDevice | None:
    """Return a virtual MFA device by its serial number, which is its ARN."""
    found = facts.get(Key(Kind.MFA_DEVICE, account, serial))
    return found if isinstance(found, MfaDevice) else None


def mfa_devices(facts: Snapshot, account: str) -> tuple[MfaDevice, ...]:
    """Return the virtual MFA devices of an account, assigned or not."""
    known = facts.scope(Kind.MFA_DEVICE, account).values()
    return tuple(one for one in known if isinstance(one, MfaDevice))


def mfa_devices_of(facts: Snapshot, account: str, user: str) -> tuple[MfaDevice, ...]:
    """Return the enabled MFA devices of a user."""
    return tuple(one for one in mfa_devices(facts, account) if one.enabled is not None and one.user == user)


def login_profile(facts: Snapshot, account: str, user: str) -> LoginProfile | None:
    """Return the login profile of a user."""
    found = facts.get(Key(Kind.LOGIN_PROFILE, account, user))
    return found if isinstance(found, LoginProfile) else None


def instance_profile(facts: Snapshot, account: str, name: str) -> InstanceProfile | None:
    """Return an instance profile by name (without its path)."""
    found = facts.get(Key(Kind.INSTANCE_PROFILE, account, name))
    return found if isinstance(found, InstanceProfile) else None


def instance_profiles(facts: Snapshot, account: str) -> tuple[InstanceProfile, ...]:
    """Return the instance profiles of an account."""
    known = facts.scope(Kind.INSTANCE_PROFILE, account).values()
    return tuple(one for one in known if isinstance(one, InstanceProfile))


def role_deletions(facts: Snapshot, account: str) -> tuple[RoleDeletion, ...]:
    """Return the requests to delete service-linked roles of an account, oldest first."""
    known = facts.scope(Kind.ROLE_DELETION, account).values()
    return tuple(one for one in known if isinstance(one, RoleDeletion))


def unique_id_of(facts: Snapshot, principal: str) -> str:
    """Return the unique id that the ARN of a user or role stands for now; empty if for nothing."""
    try:
        arn = Arn.parse(principal)
    except ValueError:
        return ""
    name = arn.resource.rpartition("/")[2]
    role = facts.role(arn.account, name)
    if role is not None and role.arn == arn:
        return role.role_id
    user = facts.user(arn.account, name)
    return user.user_id if user is not None and user.arn == arn else ""
