"""The objects of IAM beside users, groups, roles and policies. None of them holds a secret.

Field names follow IAM's API: "VirtualMFADevice", "LoginProfile", "InstanceProfile", "PasswordPolicy".
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.sts.session import Tags
from sekisho.decide.values import AccountId, Arn, Instant


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What passwords of an account's users have to be; zero days or passwords: no such rule."""

    minimum_length: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    users_may_change: bool = False
    max_age_days: int = 0
    reuse_prevention: int = 0
    hard_expiry: bool = False


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """That a user has a password; its hash is kept apart."""

    account: AccountId
    user: str
    created: Instant
    reset_required: bool = False


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """A virtual MFA device, without its seed.

    ``user`` holds it since ``enabled``, None for a device of nobody. ``drift`` is how many time steps
    the device's clock is ahead, ``used`` the latest step of which a code was taken: no code of it or of
    an earlier one is taken again (RFC 6238, sections 5.2 and 6).
    """

    account: AccountId
    name: str
    created: Instant
    path: str = "/"
    partition: str = "aws"
    user: str = ""
    enabled: Instant | None = None
    drift: int = 0
    used: int = 0
    tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:mfa/PATH/NAME``, the serial number of a virtual device."""
        return Arn(self.partition, "iam", "", self.account, f"mfa{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """What hands a role to EC2 instances; ``role`` is the name of its one role, empty for none."""

    account: AccountId
    name: str
    profile_id: str
    created: Instant
    path: str = "/"
    partition: str = "aws"
    role: str = ""
    tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:instance-profile/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"instance-profile{self.path}{self.name}")


class DeletionStatus(StrEnum):
    """How far the deletion of a service-linked role is (IAM API, "DeletionTaskStatusType")."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RoleDeletion:
    """What became of a request to delete a service-linked role.

    ``task`` is ``task/aws-service-role/SERVICE/ROLE/UUID``. A failed one names what uses the role:
    pairs of region and ARN.
    """

    account: AccountId
    task: str
    requested: Instant
    status: DeletionStatus
    used_by: tuple[tuple[str, str], ...] = ()
