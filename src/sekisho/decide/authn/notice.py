"""What is odd about a mapping document, although it can be read."""

from dataclasses import dataclass

from sekisho.decide.decision import ReasonCode, Step


class AwsAuthCode(ReasonCode):
    """One code per oddity."""

    ENTRY_TYPE = "aws-auth.entry-not-a-mapping", "the entry is not a mapping and is ignored"
    ARN_MISSING = "aws-auth.arn-missing", "the entry has no {key} and is ignored"
    ARN_KEY = "aws-auth.arn-under-other-key", "`{found}` means nothing in {section}; expected `{key}`"
    ARN_INVALID = "aws-auth.arn-invalid", "`{arn}` can match nobody: {problem}"
    ARN_WILDCARD = "aws-auth.arn-wildcard", "`{arn}` can match nobody: mappings know no wildcards"
    ARN_PATH = "aws-auth.role-path", "STS leaves role paths out: `{arn}` means `{canonical}` (here {effect})"
    ARN_SESSION = "aws-auth.session-arn", "`{arn}` is a session; its role is `{canonical}` (here {effect})"
    ARN_ROOT = "aws-auth.root-arn", "`{arn}` is the root user alone, not everybody in the account"
    ARN_SECTION = "aws-auth.arn-in-other-section", "`{arn}` is listed under {section}"
    ARN_AND_SSO = "aws-auth.arn-and-sso", "the entry has both an ARN and `sso` and is ignored"
    SSO_INVALID = "aws-auth.sso-invalid", "the `sso` entry is ignored: {problem}"
    SSO_DISABLED = "aws-auth.sso-disabled", "the `sso` entry for {principal} is ignored: SSO matching is off"
    USERNAME_EMPTY = "aws-auth.username-empty", "whoever logs in by {principal} has an empty user name"
    FIELD_TYPE = "aws-auth.field-type", "`{field}` is ignored: expected {expected}"
    FIELD_UNKNOWN = "aws-auth.field-unknown", "`{field}` means nothing here"
    FIELD_TWICE = "aws-auth.field-twice", "`{field}` occurs twice, spelled in two ways; the last one counts"
    TEMPLATE_UNKNOWN = "aws-auth.template-unknown", "`{template}` is no template and stays as text"
    SYSTEM_GROUP = "aws-auth.system-group", "{principal} gets the group {group}"
    SYSTEM_USERNAME = "aws-auth.system-username", "{principal} becomes the user {username}"
    DUPLICATE = "aws-auth.duplicate-arn", "{principal} is mapped again by {by}, which counts"
    SECTION_UNKNOWN = "aws-auth.section-unknown", "`{section}` is ignored; sections are {expected}"
    ACCOUNT_INVALID = "aws-auth.account-invalid", "`{account}` is ignored: expected twelve digits"
    ACCOUNT_MAPPED = "aws-auth.account-mapped", "every user and role of account {account} can log in"


@dataclass(frozen=True, slots=True)
class Notice:
    """One oddity: the step, the 1-based line inside the section (0 unknown), and its weight.

    ``drops`` means that the entry, or an entry that the document's author wanted, has no
    effect: a strict loader refuses the document for it.
    """

    step: Step
    line: int
    drops: bool

    def __str__(self) -> str:
        line = f" line {self.line}" if self.line else ""
        return f"{self.step.at}{line}: {self.step.sentence()}"
