"""Stable codes of mapping a principal: what decided, what an entry missed by, what would help."""

from sekisho.decide.decision import ReasonCode


class MappingCode(ReasonCode):
    """What decided. The first five allow."""

    ROLE = "mapping.role-matched", "{principal} is mapped to user `{username}`"
    USER = "mapping.user-matched", "{principal} is mapped to user `{username}`"
    SSO = "mapping.sso-matched", "{principal} covers {arn}: user `{username}`"
    ACCOUNT = "mapping.account-allowed", "everybody of account {account} may log in: user `{username}`"
    ACCESS_ENTRY = (
        "mapping.access-entry-matched",
        "the access entry of {principal} makes it user `{username}`",
    )
    NOT_MAPPED = "mapping.not-mapped", "no entry of {sources} maps {canonical_arn}"
    UNREAD = (
        "mapping.source-unread",
        "entries that may map {canonical_arn} cannot be read: {problem} (line {line})",
    )
    USER_ID_ARN = (
        "mapping.user-id-of-other-arn",
        "the entry pins the caller's unique id but names {principal}, not {canonical_arn}",
    )
    RESERVED = "mapping.username-reserved", "the user name `{username}` starts with the reserved `{prefix}`"
    SESSION_NOT_INSTANCE = (
        "mapping.session-not-instance",
        "the user name needs an EC2 instance and session `{session}` names none",
    )
    INSTANCE_UNKNOWN = "mapping.instance-unknown", "EC2 knows no instance {instance}"
    INSTANCE_UNREAD = "mapping.instance-unread", "the private DNS name of {instance} was not looked up"


class EntryCode(ReasonCode):
    """What one entry is to a caller, nearest first: the order ranks the near misses."""

    MATCHED = "mapping.entry-matches", "{principal} names the caller"
    USER_ID = (
        "mapping.near-user-id",
        "{principal} is pinned to {user_id}; the caller, of the same name, is {other}",
    )
    ROLE_PATH = "mapping.near-role-path", "{principal} is the caller's role, but STS leaves role paths out"
    SESSION = "mapping.near-session-arn", "{principal} is a session; entries name the role, {canonical_arn}"
    SSO_OFF = "mapping.near-sso-off", "{principal} covers the caller, but SSO matching is off"
    BLANK = "mapping.near-blank", "`{principal}` names the caller, but for white space around it"
    WILDCARD = "mapping.near-wildcard", "{principal} would cover the caller, but entries know no wildcards"
    SSO_SUFFIX = (
        "mapping.near-sso-suffix",
        "{principal} is an earlier role of permission set {set}; the caller's role ends in {suffix}",
    )
    USER_PATH = "mapping.near-user-path", "{principal} has the caller's name under path {path}, not {other}"
    ACCOUNT = "mapping.near-account", "{principal} has the caller's name in account {account}, not {other}"
    PARTITION = "mapping.near-partition", "{principal} is the caller's in partition {partition}, not {other}"
    KIND = "mapping.near-kind", "{principal} is a {kind} of the caller's name, the caller a {other}"
    ROOT = "mapping.near-root", "{principal} is the root user of the caller's account, not everybody in it"
    SPELLING = (
        "mapping.near-spelling",
        "{principal} is spelled almost like {canonical_arn}: edit distance {distance}",
    )
    SSO_SET = "mapping.near-sso-set", "{principal} covers another permission set than the caller's {set}"
    OTHER = "mapping.entry-names-other", "{principal} names somebody else"


class MappingRepairCode(ReasonCode):
    """What would map the caller."""

    MAP = "mapping.map-principal", "add a mapping for {arn}"
    REPLACE_ARN = "mapping.replace-arn", "write {arn} instead of `{found}` at {at}"
    REPIN = (
        "mapping.replace-user-id",
        "after checking who made it anew, pin {user_id} instead of {found} at {at}",
    )
    SSO_ON = "mapping.allow-sso-match", "turn SSO matching on"
    READABLE = "mapping.repair-section", "repair {at}, line {line}: {problem}"
    SESSION_NAME = (
        "mapping.use-instance-profile",
        "let the instance log in by its instance profile, whose session name is the instance id",
    )
