"""A session: what temporary credentials stand for.

The credentials themselves are made at the edge; nothing in here is secret.
Sources: IAM User Guide, "Temporary security credentials in IAM", "Pass session tags in AWS STS",
"Monitor and control actions taken with assumed roles".
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sekisho.decide.values import Instant, Principal

Tags = tuple[tuple[str, str], ...]
"""Tag keys and values in the order they were given; no two keys differ in case only."""


class OriginKind(StrEnum):
    """What obtained a session."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "assumed-role"
    SERVICE = "service"
    WEB_IDENTITY = "web-identity"


@dataclass(frozen=True, slots=True)
class ServiceAccountOrigin:
    """The service account whose token obtained a session.

    ``cluster`` is the ARN of the cluster that issued the token, empty where it is not known.
    """

    issuer: str
    namespace: str
    name: str
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One hop on the way to a session.

    ``name`` is the caller's ARN, a service's name or the ARN of an identity provider; ``subject``
    whom the provider's token was for (``system:serviceaccount:NAMESPACE:NAME`` for a pod).
    """

    kind: OriginKind
    name: str
    subject: str = ""
    service_account: ServiceAccountOrigin | None = None


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """A policy that limits a session: the ARN of a managed one, or the text of the inline one."""

    arn: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """What the response to AssumeRoleWithWebIdentity adds.

    ``keys`` are the condition keys that the token brought (``ISSUER:sub``), kept for the session.
    """

    subject: str
    provider: str
    audience: str
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """Who signs with temporary credentials, until when, and what limits and describes them.

    ``tags`` are the session tags, inherited ones among them; ``transitive_keys`` those of them that
    go on to the next role. ``mfa_at`` is when a code of an MFA device was shown, for sessions of
    GetSessionToken. ``provenance`` is how the session came about, oldest hop first.
    ``packed_percent`` is the share of the space for policies and tags that is taken, None for none.
    """

    principal: Principal
    issued: Instant
    expires: Instant
    tags: Tags = ()
    transitive_keys: tuple[str, ...] = ()
    source_identity: str = ""
    policies: tuple[SessionPolicy, ...] = ()
    provenance: tuple[Origin, ...] = ()
    web_identity: WebIdentity | None = None
    mfa_at: Instant | None = None
    packed_percent: int | None = None

    @property
    def duration(self) -> timedelta:
        """How long the credentials are valid."""
        return self.expires - self.issued

    @property
    def transitive_tags(self) -> Tags:
        """The tags that a role assumed with this session inherits."""
        lowered = {key.lower() for key in self.transitive_keys}
        return tuple((key, value) for key, value in self.tags if key.lower() in lowered)


def overlaid(below: Tags, above: Tags) -> Tags:
    """Return the tags of both; those of ``above`` hide those of ``below`` whatever the case of the key."""
    hidden = {key.lower() for key, _ in above}
    return (*(tag for tag in below if tag[0].lower() not in hidden), *above)
