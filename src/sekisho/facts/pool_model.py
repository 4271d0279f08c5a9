"""User pools of Amazon Cognito: pools, app clients, domains, groups and users. None of them holds a secret.

Field names follow the Cognito user pools API: "UserPoolType", "UserPoolClientType", "DomainDescriptionType",
"GroupType" and "UserType". Password hashes, client secrets, signing keys and refresh tokens are kept apart.
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.sts.session import Tags
from sekisho.decide.values import AccountId, Arn, Instant


@dataclass(frozen=True, slots=True)
class PoolPasswordPolicy:
    """What passwords of a pool's users have to be; a history of 0 forgets earlier passwords."""

    minimum_length: int = 8
    uppercase: bool = True
    lowercase: bool = True
    numbers: bool = True
    symbols: bool = True
    history: int = 0
    temporary_days: int = 7


@dataclass(frozen=True, slots=True)
class CustomAttribute:
    """An attribute that a pool adds to the standard ones; ``name`` begins with ``custom:``."""

    name: str
    type: str = "String"
    mutable: bool = True


@dataclass(frozen=True, slots=True)
class UserPool:
    """A user pool; ``pool`` is its id, ``REGION_XXXXXXXXX``.

    ``required`` are the standard attributes that a user must have. ``settings`` is the JSON text of what the
    API keeps and gives back and nothing in a pool decides by (messages, e-mail, recovery).
    """

    account: AccountId
    region: str
    pool: str
    name: str
    created: Instant
    modified: Instant
    partition: str = "aws"
    password_policy: PoolPasswordPolicy = PoolPasswordPolicy()
    username_attributes: tuple[str, ...] = ()
    alias_attributes: tuple[str, ...] = ()
    auto_verified: tuple[str, ...] = ()
    case_sensitive: bool = False
    admin_creates_only: bool = False
    deletion_protection: bool = False
    required: tuple[str, ...] = ()
    custom_attributes: tuple[CustomAttribute, ...] = ()
    settings: str = "{}"
    tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:cognito-idp:REGION:ACCOUNT:userpool/ID``."""
        return Arn(self.partition, "cognito-idp", self.region, self.account, f"userpool/{self.pool}")

    @property
    def issuer(self) -> str:
        """The issuer that the pool's tokens name; no slash at its end."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"https://cognito-idp.{self.region}.{suffix}/{self.pool}"


@dataclass(frozen=True, slots=True)
class UserPoolClient:
    """An app client. ``confidential`` ones have a secret, which is kept apart.

    ``flows`` are its ExplicitAuthFlows. Lifetimes are whole seconds; ``units`` are the units in which the
    API gives them back (access, id, refresh). ``reads`` and ``writes`` are empty where the defaults hold.
    """

    pool: str
    client: str
    name: str
    created: Instant
    modified: Instant
    confidential: bool = False
    flows: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    callback_urls: tuple[str, ...] = ()
    logout_urls: tuple[str, ...] = ()
    default_redirect: str = ""
    oauth_enabled: bool = False
    oauth_flows: tuple[str, ...] = ()
    oauth_scopes: tuple[str, ...] = ()
    access_seconds: int = 3_600
    id_seconds: int = 3_600
    refresh_seconds: int = 2_592_000
    units: tuple[str, ...] = ()
    challenge_minutes: int = 3
    hides_unknown_users: bool = False
    revocation: bool = True
    rotation: bool = False
    rotation_grace_seconds: int = 0


@dataclass(frozen=True, slots=True)
class UserPoolDomain:
    """The prefix domain of a pool: ``https://DOMAIN.auth.REGION.amazoncognito.com``."""

    region: str
    domain: str
    pool: str
    login_version: int = 1


@dataclass(frozen=True, slots=True)
class UserPoolGroup:
    """A group of a pool. Its members are the users that name it; a lower ``precedence`` goes first."""

    pool: str
    name: str
    created: Instant
    modified: Instant
    description: str = ""
    role_arn: str = ""
    precedence: int | None = None


class UserStatus(StrEnum):
    """How far a user is (API, "UserStatusType"): the states that the lab's pools know."""

    CONFIRMED = "CONFIRMED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105 - a state


@dataclass(frozen=True, slots=True)
class UserPoolUser:
    """A user of a pool. ``sub`` never changes and is not used again; ``attributes`` hold it too."""

    pool: str
    username: str
    sub: str
    created: Instant
    modified: Instant
    status: UserStatus = UserStatus.FORCE_CHANGE_PASSWORD
    enabled: bool = True
    attributes: Tags = ()
    groups: tuple[str, ...] = ()

    def attribute(self, name: str) -> str:
        """Return an attribute, empty where the user has none of that name."""
        return dict(self.attributes).get(name, "")
