"""The objects of an AWS account that decide who may do what.

Field names follow AWS's APIs. Policy documents stay text, exactly as they were
written, so that a Ref into one leads to the user's own line.
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values import AccountId, Arn, Instant

Tags = tuple[tuple[str, str], ...]
"""Tag keys and values in the order they were given."""


class IdentityType(StrEnum):
    """What carries identity policies."""

    USER = "user"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Document:
    """A named policy document: its JSON text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account. ``name`` is what a person calls it."""

    account: AccountId
    name: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user (IAM API, "User"). ``path`` starts and ends with a slash."""

    account: AccountId
    name: str
    user_id: str
    created: Instant
    path: str = "/"
    partition: str = "aws"
    tags: Tags = ()
    inline: tuple[Document, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:user/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"user{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class UserAccessKey:
    """An access key of a user, without its secret. ``user`` is empty for the root user."""

    account: AccountId
    key_id: str
    user: str
    created: Instant
    active: bool = True


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role (IAM API, "Role"). ``trust`` is the AssumeRolePolicyDocument."""

    account: AccountId
    name: str
    role_id: str
    created: Instant
    trust: str
    path: str = "/"
    partition: str = "aws"
    description: str = ""
    max_session_seconds: int = 3600
    tags: Tags = ()
    inline: tuple[Document, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:role/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"role{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; ``version`` is ``v1``, ``v2``, ..."""

    version: str
    text: str
    created: Instant


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer managed policy. AWS's own are reference data, not facts of an account."""

    account: AccountId
    name: str
    policy_id: str
    created: Instant
    updated: Instant
    versions: tuple[PolicyVersion, ...]
    default_version: str = "v1"
    path: str = "/"
    partition: str = "aws"
    description: str = ""
    tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:policy/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"policy{self.path}{self.name}")

    @property
    def document(self) -> str:
        """The text of the default version."""
        return next(version.text for version in self.versions if version.version == self.default_version)


@dataclass(frozen=True, slots=True)
class Cluster:
    """An EKS cluster (EKS API, "Cluster").

    ``creator`` is the IAM identity that created it: administrator in CONFIG_MAP mode,
    though no mapping names it. ``endpoint`` and ``certificate_authority`` (base64 of PEM)
    are empty where they are not known.
    """

    account: AccountId
    region: str
    name: str
    version: str
    created: Instant
    authentication_mode: str = "CONFIG_MAP"
    creator: str = ""
    partition: str = "aws"
    endpoint: str = ""
    certificate_authority: str = ""
    issuer: str = ""
    role_arn: str = ""
    platform_version: str = "eks.1"
    tags: Tags = ()
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    service_ipv4_cidr: str = "10.100.0.0/16"

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME``."""
        return Arn(self.partition, "eks", self.region, self.account, f"cluster/{self.name}")
