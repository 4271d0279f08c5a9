"""What an edit of aws-auth does to one principal: whoever edits should not lock themselves out."""

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.mapping import resolve
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.authn.templates import PrivateDnsNames
from sekisho.decide.decision import Decision
from sekisho.decide.values import KubeUser, Ref


@dataclass(frozen=True, slots=True)
class AccessChange:
    """The mapping of one principal before and after an edit."""

    before: Decision[KubeUser]
    after: Decision[KubeUser]

    @property
    def locked_out(self) -> bool:
        """Whether the principal could log in and no longer can, or not for certain."""
        return self.before.allowed and not self.after.allowed

    @property
    def groups_lost(self) -> tuple[str, ...]:
        """The groups, and with them the rights, that the edit takes away."""
        had = self.before.value.groups if self.before.value else ()
        has = self.after.value.groups if self.after.value else ()
        return tuple(group for group in had if group not in has)

    @property
    def renamed(self) -> bool:
        """Whether the principal can log in before and after, under another user name."""
        before, after = self.before.value, self.after.value
        return before is not None and after is not None and before.name != after.name


def access_change(
    identity: StsIdentity,
    before: MappingOf[str, str],
    after: MappingOf[str, str],
    rules: Rules,
    private_dns: PrivateDnsNames | None = None,
    at: Ref = CONFIG_MAP,
) -> AccessChange:
    """Return what replacing the data ``before`` by ``after`` does to ``identity``. Total."""
    decisions = (
        resolve(
            identity,
            [Backend.from_aws_auth(parse(data, rules, at), Ref(at.document))],
            private_dns or {},
            explain=True,
        )
        for data in (before, after)
    )
    return AccessChange(*decisions)
