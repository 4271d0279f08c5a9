"""What a check of a policy can find: stable codes with their sentences, and how grave each is."""

from enum import StrEnum
from typing import Final

from sekisho.decide.decision import ReasonCode


class Severity(StrEnum):
    """How grave a finding is, gravest first."""

    ERROR = "error"
    """AWS refuses the document, or a part of it can never do what it says."""
    WARNING = "warning"
    """It probably does not do what was meant, or gives far more."""
    SUGGESTION = "suggestion"
    """It could be said more simply or more narrowly."""

    def reaches(self, threshold: "Severity") -> bool:
        """Tell whether this is at least as grave as ``threshold``."""
        ranks = list(Severity)
        return ranks.index(self) <= ranks.index(threshold)


class PolicyCode(ReasonCode):
    """Findings of ``sekisho policy check``; faults of grammar are ``policy.grammar.*`` beside these."""

    UNKNOWN_SERVICE = "policy.unknown-service", "no service has the prefix `{service}`"
    UNKNOWN_ACTION = "policy.unknown-action", "`{service}` has no action `{action}`"
    NO_SUCH_ACTIONS = "policy.action-matches-nothing", "`{pattern}` matches no action"
    ACTION_WITHOUT_RESOURCE = (
        "policy.action-resource-mismatch",
        "`{action}` never applies to the resources of this statement",
    )
    ACTION_ON_ALL_ONLY = (
        "policy.action-needs-all-resources",
        "`{action}` acts on no particular resource: it applies only where the resource is `*`",
    )
    RESOURCE_WITHOUT_ACTION = (
        "policy.resource-unused",
        "no action of this statement acts on `{resource}`",
    )
    ARN_FORM = "policy.arn-form", "`{resource}` has the wrong {section}: such ARNs are `{expected}`"
    EMPTY_SECTION = (
        "policy.arn-section-empty",
        "`{resource}` names no {section}: it means resources of AWS itself at most, others are `{expected}`",
    )
    UNKNOWN_RESOURCE = (
        "policy.unknown-resource-type",
        "`{service}` has no resource of the form `{resource}`",
    )
    UNKNOWN_KEY = "policy.unknown-condition-key", "no service has the condition key `{key}`"
    KEY_NOT_BROUGHT = (
        "policy.condition-key-not-for-actions",
        "no action of this statement brings the condition key `{key}`",
    )
    TAG_KEY_NOT_BROUGHT = (
        "policy.tag-key-not-for-actions",
        "the service reference lists `{key}` for no action of this statement",
    )
    OPERATOR_TYPE = (
        "policy.condition-operator-type",
        "`{operator}` compares {family} and `{key}` is {type}",
    )
    ARN_AS_TEXT = "policy.arn-key-as-text", "`{operator}` compares the ARN in `{key}` as plain text"
    SET_OPERATOR_MISSING = (
        "policy.set-operator-missing",
        "`{key}` may have several values and `{operator}` compares one",
    )
    SET_OPERATOR_NEEDLESS = (
        "policy.set-operator-needless",
        "`{key}` has one value and `{operator}` compares a set",
    )
    ALL_VALUES_OF_NOTHING = (
        "policy.for-all-values-allows-absence",
        "`{operator}` also holds when the request has no `{key}`",
    )
    VALUE_FORM = "policy.condition-value", "`{operator}` can never match `{value}`: it is not {family}"
    WILDCARD_IN_EQUALS = (
        "policy.wildcard-in-equals",
        "`{operator}` takes `{value}` literally: `*` and `?` are no wildcards here",
    )
    EMPTY_CONDITION = "policy.empty-condition", "this condition is empty and so always holds"
    UNKNOWN_VARIABLE = "policy.unknown-variable", "`${{{name}}}` is no policy variable"
    MULTIVALUED_VARIABLE = (
        "policy.multivalued-variable",
        "`${{{name}}}` may have several values, so what contains it matches nothing",
    )
    VARIABLE_AS_TEXT = (
        "policy.variable-in-old-version",
        "`{value}` is plain text: this version of the language has no variables",
    )
    KEY_HTTPS = "policy.provider-key-https", "the condition key `{key}` must not start with `https://`"
    PROVIDER_HTTPS = (
        "policy.provider-https",
        "the provider `{provider}` must be named without `https://`",
    )
    OTHER_PROVIDER = (
        "policy.provider-key-of-another",
        "`{key}` is a key of a provider that this statement does not trust",
    )
    NO_AUDIENCE = "policy.audience-missing", "no condition says for whom a token of `{provider}` is meant"
    NO_SUBJECT = (
        "policy.subject-missing",
        "no condition says whose token of `{provider}`: everybody it knows may come",
    )
    PUBLIC_PROVIDER = (
        "policy.subject-missing-public-provider",
        "no condition says whose token of `{provider}`, and anybody may get one there",
    )
    WIDE_SUBJECT = "policy.subject-wildcard", "`{value}` leaves open whose token of `{provider}` it is"
    PRINCIPAL_ACTION = (
        "policy.principal-action-mismatch",
        "`{principal}` cannot call any action of this statement",
    )
    POD_IDENTITY = (
        "policy.pod-identity-tag-session",
        "`pods.eks.amazonaws.com` needs `sts:AssumeRole` and `sts:TagSession`; `{action}` is missing",
    )
    NOT_PRINCIPAL = "policy.allow-not-principal", "this allows everybody but those listed"
    NOT_ACTION = "policy.allow-not-action", "this allows every action but those listed, future ones too"
    NOT_RESOURCE = "policy.allow-not-resource", "this allows all resources but those listed, future ones too"
    ADMINISTRATOR = "policy.allow-all", "this allows every action on every resource"
    PASS_ROLE = "policy.pass-role-any", "`{action}` on `{resource}` hands any role to any service"
    PUBLIC = "policy.public", "this allows everybody, anonymous callers included, without condition"
    UNREACHABLE = (
        "policy.unreachable",
        "this allows nothing: the deny in `{other}` covers all of it",
    )
    REDUNDANT = "policy.redundant-statement", "`{other}` already says all of this"
    DUPLICATE = "policy.duplicate-entry", "`{text}` is listed twice"
    CASE_DUPLICATE = "policy.duplicate-action-case", "`{text}` and `{other}` differ in case only: one action"
    COVERED = "policy.redundant-action", "`{text}` is covered by `{other}`"
    TOO_LONG = "policy.size", "{size} characters without white space; {noun} has at most {limit}"
    NEARLY_TOO_LONG = "policy.size-some-places", "{size} characters without white space; {limits}"


_SUGGESTIONS = frozenset(
    {
        PolicyCode.RESOURCE_WITHOUT_ACTION,
        PolicyCode.TAG_KEY_NOT_BROUGHT,
        PolicyCode.ARN_AS_TEXT,
        PolicyCode.SET_OPERATOR_NEEDLESS,
        PolicyCode.REDUNDANT,
        PolicyCode.DUPLICATE,
        PolicyCode.CASE_DUPLICATE,
        PolicyCode.COVERED,
    }
)
_ERRORS = frozenset(
    {
        PolicyCode.VALUE_FORM,
        PolicyCode.KEY_HTTPS,
        PolicyCode.PROVIDER_HTTPS,
        PolicyCode.OTHER_PROVIDER,
        PolicyCode.PUBLIC_PROVIDER,
        PolicyCode.PRINCIPAL_ACTION,
        PolicyCode.POD_IDENTITY,
        PolicyCode.TOO_LONG,
        PolicyCode.UNKNOWN_SERVICE,
        PolicyCode.UNKNOWN_ACTION,
        PolicyCode.NO_SUCH_ACTIONS,
        PolicyCode.ARN_FORM,
        PolicyCode.MULTIVALUED_VARIABLE,
    }
)
SEVERITIES: Final[dict[PolicyCode, Severity]] = {
    code: Severity.ERROR
    if code in _ERRORS
    else Severity.SUGGESTION
    if code in _SUGGESTIONS
    else Severity.WARNING
    for code in PolicyCode
}
