"""Amazon Resource Names (AWS General Reference, "Amazon Resource Names")."""

import re
from dataclasses import dataclass
from typing import NewType

AccountId = NewType("AccountId", str)
"""Twelve ASCII digits; leading zeros count. Made by `parse_account_id`."""

PARTITIONS = frozenset(
    {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}
)

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_MAX_ARN_CHARS = 2048


def parse_account_id(text: str) -> AccountId:
    """Return ``text`` as an account id.

    Raises:
        ValueError: not twelve digits.
    """
    if not _ACCOUNT.fullmatch(text):
        raise ValueError("an account id is twelve digits")
    return AccountId(text)


@dataclass(frozen=True, slots=True, order=True)
class Arn:
    """``arn:partition:service:region:account:resource``.

    ``region`` and ``account`` may be empty (``arn:aws:s3:::bucket``); ``resource``
    may hold further colons and slashes. Comparison is exact; whoever needs another
    rule (aws-auth ignores case) says so at the place of the rule.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "Arn":
        """Read the six sections of an ARN.

        Raises:
            ValueError: no ``arn:`` prefix, fewer than six sections, an empty partition,
                service or resource, white space or control characters, or over 2048 characters.
        """
        if len(text) > _MAX_ARN_CHARS:
            raise ValueError(f"an ARN has at most {_MAX_ARN_CHARS} characters")
        sections = text.split(":", 5)
        if len(sections) != 6 or sections[0] != "arn":
            raise ValueError("an ARN has the form arn:partition:service:region:account:resource")
        _, partition, service, region, account, resource = sections
        if not (partition and service and resource):
            raise ValueError("an ARN names a partition, a service and a resource")
        if " " in text or not text.isprintable():
            raise ValueError("an ARN holds no white space or control characters")
        return cls(partition, service, region, account, resource)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"
