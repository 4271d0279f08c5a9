"""A source of identity mappings, indexed: one dictionary access per question.

Source: aws-iam-authenticator ``pkg/mapper``. The four kinds differ in what they map, not
in how they are asked.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from sekisho.decide.authn.aws_auth import AccountRule, AwsAuth
from sekisho.decide.authn.entry import Mapping, Reading, Section, SsoKey, sso_key
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.values import InputFault, Ref


class BackendMode(StrEnum):
    """The kinds of mapping source, by their names in aws-iam-authenticator, and EKS's own."""

    MOUNTED_FILE = "MountedFile"
    CONFIG_MAP = "EKSConfigMap"
    CRD = "CRD"
    DYNAMIC_FILE = "DynamicFile"
    ACCESS_ENTRIES = "AccessEntry"


@dataclass(frozen=True, slots=True)
class Found:
    """A mapping of the caller; ``pinned_to_other`` if it pins the caller's id but names another ARN."""

    mapping: Mapping
    pinned_to_other: bool = False


@dataclass(frozen=True, slots=True)
class Backend:
    """Mappings, in document order, and how they are asked.

    With ``user_id_strict`` an entry is found by the principal's unique id alone, so a
    principal that was deleted and created again under its old name is not found. An access entry
    is found by its ARN and not taken for another unique id than the one it pins. A user
    name that starts with one of ``reserved_prefixes`` is refused. ``unread`` are faults that
    left part of the source unknown. ``at`` is the source as a whole.
    """

    mode: BackendMode
    at: Ref
    reading: Reading
    roles: tuple[Mapping, ...] = ()
    users: tuple[Mapping, ...] = ()
    accounts: tuple[AccountRule, ...] = ()
    sso_role_match: bool = False
    user_id_strict: bool = False
    reserved_prefixes: tuple[str, ...] = ()
    unread: tuple[InputFault, ...] = ()
    _by_key: dict[str, Mapping] = field(init=False, repr=False, compare=False)
    _by_sso: dict[SsoKey, Mapping] = field(init=False, repr=False, compare=False)
    _by_user_id: dict[str, Mapping] = field(init=False, repr=False, compare=False)
    _by_account: dict[str, AccountRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Later entries win inside a section and roles win over users, so users go in first. Custom
        # resources have no order that their author sees: there the first of the list wins.
        ordered = [*self.users, *self.roles]
        if self.mode is BackendMode.CRD:
            ordered.reverse()
        object.__setattr__(self, "_by_key", {m.key: m for m in ordered if m.key})
        object.__setattr__(self, "_by_user_id", {m.user_id: m for m in ordered if m.user_id})
        sso = {m.sso.key: m for m in ordered if m.sso} if self.sso_role_match else {}
        object.__setattr__(self, "_by_sso", sso)
        object.__setattr__(self, "_by_account", {rule.account: rule for rule in reversed(self.accounts)})

    @classmethod
    def from_aws_auth(
        cls,
        auth: AwsAuth,
        at: Ref,
        *,
        user_id_strict: bool = False,
        reserved_prefixes: tuple[str, ...] = (),
    ) -> "Backend":
        """Return the backend of the aws-auth ConfigMap; ``at`` is the ConfigMap."""
        return cls(
            BackendMode.CONFIG_MAP,
            at,
            auth.rules.reading,
            auth.roles,
            auth.users,
            auth.accounts,
            auth.rules.sso_role_match,
            user_id_strict,
            reserved_prefixes,
            tuple(fault for fault in auth.faults if fault.at.tokens()[-1] in auth.unread),
        )

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """Every entry, roles first."""
        return self.roles + self.users

    def find(self, identity: StsIdentity) -> Found | None:
        """Return the mapping that decides for ``identity``: by ARN, else by SSO permission set."""
        if self.user_id_strict:
            pinned = self._by_user_id.get(identity.user_id)
            if pinned is None:
                return None
            key = Reading.CANONICAL.key(pinned.arn)
            return Found(pinned, pinned_to_other=pinned.arn != "" and key != identity.canonical.key)
        mapping = self._by_key.get(identity.canonical.key)
        if mapping is not None and self.mode is BackendMode.ACCESS_ENTRIES:
            return Found(mapping) if mapping.user_id in ("", identity.user_id) else None
        if mapping is not None and mapping.section is not Section.USERS:
            return Found(mapping)
        # A role mapping, by permission set too, is looked up before a user mapping.
        wanted = sso_key(identity.canonical) if self._by_sso else None
        by_set = self._by_sso.get(wanted) if wanted else None
        mapping = by_set or mapping
        return Found(mapping) if mapping else None

    def account_rule(self, identity: StsIdentity) -> AccountRule | None:
        """Return the rule that lets everybody of the caller's account in."""
        return self._by_account.get(identity.account)


def matches(mapping: Mapping, identity: StsIdentity, backend: Backend) -> bool:
    """Tell whether ``mapping`` names ``identity``, asked of one entry: what `Backend.find` looks up."""
    if backend.user_id_strict:
        return mapping.user_id != "" and mapping.user_id == identity.user_id
    if mapping.sso is not None:
        return backend.sso_role_match and mapping.sso.key == sso_key(identity.canonical)
    if backend.mode is BackendMode.ACCESS_ENTRIES and mapping.user_id not in ("", identity.user_id):
        return False
    return mapping.key != "" and mapping.key == identity.canonical.key
