"""The objects of an AWS account that decide who may do what.

Field names follow AWS's APIs. Policy documents stay text, exactly as they were
written, so that a Ref into one leads to the user's own line.
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.sts.session import Session
from sekisho.decide.values import AccountId, Arn, Instant
from sekisho.facts.iam_model import PasswordPolicy

Tags = tuple[tuple[str, str], ...]
"""Tag keys and values in the order they were given."""


class IdentityType(StrEnum):
    """What carries identity policies."""

    USER = "user"
    ROLE = "role"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Document:
    """A named policy document: its JSON text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account. ``name`` is what a person calls it, ``alias`` its one account alias in IAM."""

    account: AccountId
    name: str
    partition: str = "aws"
    alias: str = ""
    password_policy: PasswordPolicy | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user (IAM API, "User").

    ``path`` starts and ends with a slash; ``groups`` are names; ``boundary`` is the ARN of the policy
    that is its permissions boundary, empty for none.
    """

    account: AccountId
    name: str
    user_id: str
    created: Instant
    path: str = "/"
    partition: str = "aws"
    tags: Tags = ()
    inline: tuple[Document, ...] = ()
    attached: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    boundary: str = ""

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:user/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"user{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group (IAM API, "Group"). Its members are the users that name it."""

    account: AccountId
    name: str
    group_id: str
    created: Instant
    path: str = "/"
    partition: str = "aws"
    inline: tuple[Document, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:group/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"group{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class UserAccessKey:
    """An access key of a user, without its secret. ``user`` is empty for the root user."""

    account: AccountId
    key_id: str
    user: str
    created: Instant
    active: bool = True


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """Temporary credentials that STS gave out, without their secrets.

    ``issuer_id`` is the unique id of who asked for them: a federated user has none of its own, and
    must not outlive its user.
    """

    key_id: str
    session: Session
    issuer_id: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role (IAM API, "Role"). ``trust`` is the AssumeRolePolicyDocument.

    ``trusted_ids`` pairs each user or role ARN that ``trust`` names with the unique id it stood
    for when the document was written: a principal that was deleted and made again has the same
    ARN, another id, and is not trusted (IAM User Guide, "Policy elements: Principal"). ``boundary`` is
    as a user's.
    """

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
    trusted_ids: tuple[tuple[str, str], ...] = ()
    boundary: str = ""

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
    """A customer managed policy. AWS's own are reference data, not facts of an account.

    ``latest_version`` is the highest number a version ever had, 0 where that is not known:
    numbers are not used again.
    """

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
    latest_version: int = 0

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:policy/PATH/NAME``."""
        return Arn(self.partition, "iam", "", self.account, f"policy{self.path}{self.name}")

    @property
    def document(self) -> str:
        """The text of the default version."""
        return next(version.text for version in self.versions if version.version == self.default_version)


@dataclass(frozen=True, slots=True)
class OpenIdConnectProvider:
    """An OIDC issuer whose tokens an account takes (IAM API, "OpenIDConnectProvider").

    ``url`` has no scheme and no default port: host and path, as conditions and ARNs write it.
    """

    account: AccountId
    url: str
    created: Instant
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    partition: str = "aws"
    tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:iam::ACCOUNT:oidc-provider/HOST/PATH``."""
        return Arn(self.partition, "iam", "", self.account, f"oidc-provider/{self.url}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """An EKS cluster (EKS API, "Cluster").

    ``creator`` is the IAM identity that created it: administrator in CONFIG_MAP mode,
    though no mapping names it. ``creator``, ``authentication_mode``, ``endpoint`` and
    ``certificate_authority`` (base64 of PEM) are empty where they are not known.
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


class OrganizationPolicyType(StrEnum):
    """The organization policies that decide about requests (Organizations API, "PolicyType")."""

    SERVICE_CONTROL_POLICY = "SERVICE_CONTROL_POLICY"
    RESOURCE_CONTROL_POLICY = "RESOURCE_CONTROL_POLICY"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with its one root (Organizations API, "Organization" and "Root").

    ``policy_types`` are those enabled in the root; ``attached`` are the ids of the policies of the
    root, and ``root_tags`` its tags.
    """

    organization: str
    management: AccountId
    root: str
    created: Instant
    feature_set: str = "ALL"
    partition: str = "aws"
    policy_types: tuple[OrganizationPolicyType, ...] = ()
    attached: tuple[str, ...] = ()
    root_tags: Tags = ()

    @property
    def arn(self) -> Arn:
        """``arn:PARTITION:organizations::MANAGEMENT:organization/o-ID``."""
        return self.arn_of("organization")

    @property
    def root_arn(self) -> Arn:
        """``arn:PARTITION:organizations::MANAGEMENT:root/o-ID/r-ID``."""
        return self.arn_of("root", self.root)

    def arn_of(self, kind: str, *names: str) -> Arn:
        """Return the ARN of something in the organization; all belong to its management account."""
        resource = "/".join((kind, self.organization, *names))
        return Arn(self.partition, "organizations", "", self.management, resource)


@dataclass(frozen=True, slots=True)
class OrganizationalUnit:
    """An OU (Organizations API, "OrganizationalUnit"). ``parent`` is the id of the root or of an OU."""

    organization: str
    unit: str
    parent: str
    name: str
    attached: tuple[str, ...] = ()
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class OrganizationAccount:
    """The membership of an account in its organization (Organizations API, "Account").

    ``parent`` is the id of the root or of an OU; ``joined_method`` is INVITED or CREATED.
    """

    account: AccountId
    organization: str
    parent: str
    name: str
    email: str
    joined: Instant
    joined_method: str = "INVITED"
    attached: tuple[str, ...] = ()
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class OrganizationPolicy:
    """A policy of an organization (Organizations API, "Policy"); ``organization`` is empty for AWS's own."""

    organization: str
    policy: str
    name: str
    type: OrganizationPolicyType
    text: str
    description: str = ""
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class AccountCreation:
    """What became of a CreateAccount request (Organizations API, "CreateAccountStatus").

    ``account`` is empty where there is a ``failure``.
    """

    organization: str
    request: str
    name: str
    requested: Instant
    account: str = ""
    failure: str = ""
