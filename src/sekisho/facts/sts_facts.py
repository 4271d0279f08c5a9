"""A Snapshot as the rules of STS ask it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sekisho.decide.iam import Policies
from sekisho.decide.sts import Organization, ProviderFacts, RoleFacts, Session
from sekisho.decide.sts.session import Tags
from sekisho.decide.values import AccountId, Arn, Caller, Instant, Principal, PrincipalType, Secret
from sekisho.facts.iam_lookup import mfa_device
from sekisho.facts.iam_model import MfaDevice
from sekisho.facts.model import OpenIdConnectProvider, Role
from sekisho.facts.organization import organization_of, path_of
from sekisho.facts.permissions import AwsPolicyText, caller_policies, managed_document
from sekisho.facts.snapshot import Snapshot


def _seed_unknown(_device: MfaDevice, _code: Secret) -> bool:
    return False


def _never_locked(_device: MfaDevice) -> Instant | None:
    return None


@dataclass(frozen=True, slots=True)
class SnapshotStsFacts:
    """Answers `sekisho.decide.sts.StsFacts` from a Snapshot.

    ``is_code`` tells whether a device shows a code: seeds are no facts, and without them none is right.
    ``locked_until`` tells of a device whose codes were guessed at; attempts are no facts either.
    """

    facts: Snapshot
    aws_policy: AwsPolicyText
    is_code: Callable[[MfaDevice, Secret], bool] = _seed_unknown
    locked_until: Callable[[MfaDevice], Instant | None] = _never_locked

    def role(self, arn: Arn) -> RoleFacts | None:
        """Return the role with exactly this ARN, path included."""
        found = self.facts.role(arn.account, arn.resource.rpartition("/")[2])
        return role_facts(found) if found is not None and found.arn == arn else None

    def role_named(self, account: str, name: str) -> RoleFacts | None:
        """Return the role of that name, whatever its path."""
        found = self.facts.role(account, name)
        return None if found is None else role_facts(found)

    def tags_of(self, principal: Principal) -> Tags | None:
        """Return the tags of the user or role behind ``principal``; None if it is not among the facts."""
        kind, _, name = principal.entity.resource.rpartition("/")
        if not kind:
            return ()  # the root user itself, or behind a federated user
        if principal.type is PrincipalType.ROLE_SESSION:
            role = self.facts.role(principal.account, name)
            return None if role is None else role.tags
        user = self.facts.user(principal.account, name)
        return None if user is None else user.tags

    def organization(self, account: str) -> Organization | None:
        """Return the organization of an account; None if it is in none."""
        return organization_facts(self.facts, account)

    def provider(self, account: str, url: str) -> ProviderFacts | None:
        """Return the OIDC provider of ``account`` with exactly this URL (without scheme)."""
        return next((one for one in self.providers(account) if one.url == url), None)

    def providers(self, account: str) -> tuple[ProviderFacts, ...]:
        """Return every OIDC provider of ``account``."""
        return tuple(_provider(found) for found in self.facts.oidc_providers(account))

    def has_policy(self, account: str, arn: str) -> bool:
        """Tell whether ``account`` can use this managed policy."""
        try:
            return managed_document(self.facts, account, arn, self.aws_policy) is not None
        except ValueError:
            return False

    def is_mfa_code(self, principal: Principal, serial: str, code: Secret) -> bool:
        """Tell whether ``principal`` is the user who holds the device and the device shows ``code``."""
        device = self.held_device(principal, serial)
        return device is not None and self.is_code(device, code)

    def mfa_locked_until(self, principal: Principal, serial: str) -> Instant | None:
        """Return when the next code of the user's MFA device ``serial`` counts, None where it is now."""
        device = self.held_device(principal, serial)
        return None if device is None else self.locked_until(device)

    def held_device(self, principal: Principal, serial: str) -> MfaDevice | None:
        """Return the device ``serial`` if ``principal`` is the user who holds it."""
        device = mfa_device(self.facts, principal.account, serial)
        if device is None or device.enabled is None or principal.type is not PrincipalType.USER:
            return None
        return device if device.user == principal.entity.resource.rpartition("/")[2] else None

    def access_key_account(self, key_id: str) -> AccountId | None:
        """Return the account that an access key id belongs to, temporary ones included."""
        key = self.facts.access_key(key_id)
        if key is not None:
            return key.account
        issued = self.facts.session(key_id)
        return None if issued is None else issued.session.principal.account

    def policies(self, caller: Caller, session: Session | None, owner: AccountId) -> Policies:
        """Return what applies to ``caller`` on a resource of ``owner``, without the resource's own policy."""
        return caller_policies(self.facts, caller, self.aws_policy, session, owner)


def organization_facts(facts: Snapshot, account: str) -> Organization | None:
    """Return the organization of an account and where in it the account is; None if it is in none. Total."""
    found = organization_of(facts, account)
    if found is None:
        return None
    member = facts.organization_account(account)
    path = path_of(facts, found, member.parent) if member is not None else ""
    return Organization(found.organization, path)


def role_facts(role: Role) -> RoleFacts:
    """Return a role as STS cares about it."""
    longest = timedelta(seconds=role.max_session_seconds)
    return RoleFacts(role.arn, role.role_id, role.trust, role.trusted_ids, longest, role.tags)


def _provider(found: OpenIdConnectProvider) -> ProviderFacts:
    return ProviderFacts(found.arn, found.url, found.client_ids)
