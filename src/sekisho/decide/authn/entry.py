"""One identity mapping: the AWS principal it names and the Kubernetes user it makes of it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sekisho.decide.authn.canonical import ArnError, ArnKind, Canonical, canonical_mapping, canonicalize
from sekisho.decide.values import AccountId, Ref

SsoKey = tuple[str, str, str]
"""Partition, account and lower-cased permission set."""

_SSO_ROLE: Final = re.compile(r"role/awsreservedsso_(?P<set>.+)_(?P<suffix>[0-9a-f]{16})", re.ASCII)


class Section(StrEnum):
    """Where a mapping is listed, by the name of the member."""

    ROLES = "mapRoles"
    USERS = "mapUsers"
    CUSTOM_RESOURCES = "identityMappings"
    ACCESS_ENTRIES = "accessEntries"


class Reading(StrEnum):
    """How the ARN of a mapping is compared with the caller's canonical ARN, always ignoring case."""

    EKS = "eks"
    """As written: what the managed control plane does. A role path or a session ARN never matches."""
    CANONICAL = "canonical"
    """As meant: the path of a role is dropped and a session stands for its role."""

    def key(self, arn: str) -> str:
        """Return what ``arn`` is compared by; "" if it can match no caller."""
        lowered = arn.lower()
        if not arn.isascii():
            return ""  # lower-casing could turn a letter that IAM does not know into one that it does
        try:
            if self is Reading.CANONICAL:
                return canonical_mapping(lowered).key
            literal = canonicalize(lowered)
        except ArnError:
            return ""
        return "" if literal.kind is ArnKind.ASSUMED_ROLE else literal.key


@dataclass(frozen=True, slots=True)
class SsoSelector:
    """Every role that IAM Identity Center makes for one permission set in one account.

    Such a role is ``AWSReservedSSO_SET_SUFFIX`` and its suffix, sixteen hexadecimal digits,
    changes when the set is provisioned again. The suffix is part of the match, so set
    ``Ops`` does not cover the roles of set ``Ops_Admin``.
    """

    permission_set: str
    account: AccountId
    partition: str

    @property
    def key(self) -> SsoKey:
        """What `sso_key` of a covered role equals."""
        return (self.partition, self.account, self.permission_set.lower())

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/AWSReservedSSO_{self.permission_set}_*"


@dataclass(frozen=True, slots=True)
class Mapping:
    """One entry. ``arn`` is as written ("" for an SSO entry), ``key`` what it is compared by.

    ``key`` is "" when the entry can match nobody; it is kept for explanations. ``line`` is
    the 1-based line inside the section's text, 0 unknown. ``user_id`` pins the principal's
    unique id where the backend is strict.
    """

    at: Ref
    line: int
    section: Section
    arn: str
    key: str
    sso: SsoSelector | None
    username: str
    groups: tuple[str, ...]
    user_id: str = ""

    @property
    def principal(self) -> str:
        """What the entry names, for people."""
        return self.arn or str(self.sso or self.user_id)


def sso_key(canonical: Canonical) -> SsoKey | None:
    """Return what SSO entries are compared with; None if the principal is no Identity Center role."""
    parts = sso_parts(canonical)
    return (canonical.arn.partition, canonical.arn.account, parts[0]) if parts else None


def sso_parts(canonical: Canonical) -> tuple[str, str] | None:
    """Return permission set and suffix of an Identity Center role, in lower case; None if it is none."""
    match = _SSO_ROLE.fullmatch(canonical.arn.resource.lower())
    return (match["set"], match["suffix"]) if match else None
