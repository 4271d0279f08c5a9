"""What a policy document of each kind may hold, and how long it may be."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

VERSION_WITH_VARIABLES = "2012-10-17"
VERSIONS = frozenset({VERSION_WITH_VARIABLES, "2008-10-17"})

MAX_MANAGED_CHARS = 6144
MAX_USER_INLINE_CHARS = 2048
MAX_GROUP_INLINE_CHARS = 5120
MAX_ROLE_INLINE_CHARS = 10240
MAX_SESSION_CHARS = 2048
MAX_TRUST_CHARS = 2048
"""Characters without white space; inline limits are for the sum of one entity's inline policies
(IAM User Guide, "IAM and AWS STS quotas")."""

POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


class PolicyKind(StrEnum):
    """The kinds of document that can be read; `GRAMMARS` says what each may hold."""

    IDENTITY = "identity"
    """Attached to a user, group or role."""
    BOUNDARY = "boundary"
    """An identity policy that only limits a user or role."""
    SESSION = "session"
    """Handed in when a session is made; it only limits the session."""
    RESOURCE = "resource"
    """Attached to a resource: a bucket, a key, a queue."""
    TRUST = "trust"
    """A role's own resource policy: who may assume it."""
    SCP = "scp"
    """A service control policy of AWS Organizations."""
    RCP = "rcp"
    """A resource control policy of AWS Organizations."""


class Presence(Enum):
    """Whether a statement may have an element (it or its negation)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the documents of one kind may hold beyond what all have in common.

    ``noun`` names the kind in a sentence. ``service``, if any, is the only one whose actions may
    be listed. ``only_denies`` leaves Allow to the one policy that AWS attaches itself.
    """

    noun: str
    principal: Presence = Presence.FORBIDDEN
    not_principal: bool = False
    resource: Presence = Presence.REQUIRED
    not_action: bool = True
    service: str = ""
    only_denies: bool = False
    needs_version: bool = False
    free_sid: bool = False
    """Services with resource policies set no alphabet for Sid; IAM takes letters and digits."""


GRAMMARS: Final = {
    PolicyKind.IDENTITY: Grammar("an identity policy"),
    PolicyKind.BOUNDARY: Grammar("a permissions boundary"),
    PolicyKind.SESSION: Grammar("a session policy"),
    PolicyKind.RESOURCE: Grammar(
        "a resource policy",
        Presence.REQUIRED,
        not_principal=True,
        resource=Presence.OPTIONAL,
        free_sid=True,
    ),
    PolicyKind.TRUST: Grammar(
        "a trust policy", Presence.REQUIRED, resource=Presence.FORBIDDEN, not_action=False, service="sts"
    ),
    PolicyKind.SCP: Grammar("a service control policy", needs_version=True),
    PolicyKind.RCP: Grammar(
        "a resource control policy",
        Presence.REQUIRED,
        not_action=False,
        only_denies=True,
        needs_version=True,
    ),
}
"""IAM User Guide, "Grammar of the IAM JSON policy language"; AWS Organizations User Guide, "SCP syntax"
(the whole language since 2025, but no principals) and "RCP syntax"."""


class FaultCode(StrEnum):
    """The stable codes of malformed documents (`InputFault.code`)."""

    SYNTAX = "iam.policy.not-an-object"
    UNKNOWN_ELEMENT = "iam.policy.unknown-element"
    VERSION = "iam.policy.version"
    NO_STATEMENT = "iam.policy.no-statement"
    EFFECT = "iam.policy.effect"
    SID = "iam.policy.sid"
    DUPLICATE_SID = "iam.policy.duplicate-sid"
    NOT_TEXT = "iam.policy.not-text"
    EMPTY_LIST = "iam.policy.empty-list"
    BOTH = "iam.policy.element-and-its-negation"
    MISSING = "iam.policy.element-missing"
    ACTION = "iam.policy.action-form"
    RESOURCE = "iam.policy.resource-form"
    PRINCIPAL = "iam.policy.principal-not-allowed"
    PRINCIPAL_FORM = "iam.policy.principal-form"
    EFFECT_NOT_ALLOWED = "iam.policy.effect-not-allowed"
    CONDITION = "iam.policy.condition-form"
    OPERATOR = "iam.policy.condition-operator"
    TOO_LARGE = "iam.policy.too-large"
