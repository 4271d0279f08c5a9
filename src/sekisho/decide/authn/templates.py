"""The placeholders in user names and groups of a mapping.

Source: aws-iam-authenticator ``pkg/server`` (``renderTemplate``). Replacement is literal:
no spaces inside the braces, unknown names stay as text. The values are inserted in one
pass, so a session name that looks like a placeholder is not rendered again.
"""

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Final

from sekisho.decide.authn.sts_answer import StsIdentity

PRIVATE_DNS: Final = "{{EC2PrivateDNSName}}"
KNOWN: Final = frozenset(
    {"{{AccountID}}", "{{SessionName}}", "{{SessionNameRaw}}", "{{AccessKeyID}}", PRIVATE_DNS}
)

_KNOWN = re.compile("|".join(re.escape(name) for name in sorted(KNOWN)))
_ANY = re.compile(r"\{\{[^{}]*\}\}")
_INSTANCE = re.compile(r"i-(?:\w{8}|\w{17})", re.ASCII)

PrivateDnsNames = MappingOf[str, str | None]
"""Instance id to private DNS name; None: EC2 knows no such instance; absent: EC2 was not asked."""


@dataclass(frozen=True, slots=True)
class Values:
    """What one caller's placeholders stand for. ``private_dns`` is None where it is not needed."""

    identity: StsIdentity
    private_dns: str | None

    def render(self, text: str) -> str:
        """Return ``text`` with every known placeholder replaced."""
        if "{{" not in text:
            return text
        identity = self.identity
        values = {
            "{{AccountID}}": identity.account,
            "{{SessionName}}": identity.session_name.replace("@", "-"),
            "{{SessionNameRaw}}": identity.session_name,
            "{{AccessKeyID}}": identity.access_key_id,
        }
        if self.private_dns is not None:
            values[PRIVATE_DNS] = self.private_dns
        return _KNOWN.sub(lambda match: values[match.group()], text)


def instance_of(identity: StsIdentity) -> str | None:
    """Return the EC2 instance whose session this is, by its name; None if it is not one's."""
    session = identity.session_name
    return session if _INSTANCE.fullmatch(session) else None


def unknown_templates(text: str) -> tuple[str, ...]:
    """Return what looks like a placeholder and is none."""
    return tuple(found for found in _ANY.findall(text) if found not in KNOWN)
