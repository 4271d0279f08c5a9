"""What a policy document of each kind may hold, and how long it may be."""

from enum import StrEnum

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
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
PRINCIPAL_ELEMENTS = frozenset({"Principal", "NotPrincipal"})


class PolicyKind(StrEnum):
    """The kinds of document that can be read. One that is not supported yet has no member."""

    IDENTITY = "identity"
    """Attached to a user, group or role: no Principal, Resource required."""


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
    CONDITION = "iam.policy.condition-form"
    OPERATOR = "iam.policy.condition-operator"
    TOO_LARGE = "iam.policy.too-large"
