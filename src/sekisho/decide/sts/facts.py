"""What the rules of STS ask the world: a protocol, answered by whoever holds the facts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sekisho.decide.iam import Policies
from sekisho.decide.sts.session import Session, Tags
from sekisho.decide.values import AccountId, Arn, Caller, Instant, Principal, Secret


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role as far as STS cares. ``arn`` holds the path.

    ``trust`` is the text of the trust policy; ``trusted_ids`` the unique ids that the ARNs in it stood
    for when it was saved: who has the name today and another id is not meant. ``tags`` is None if
    they were not read.
    """

    arn: Arn
    role_id: str
    trust: str
    trusted_ids: tuple[tuple[str, str], ...] = ()
    max_session: timedelta = timedelta(hours=1)
    tags: Tags | None = ()


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """An OpenID Connect provider of an account; ``url`` is host and path, without scheme."""

    arn: Arn
    url: str
    client_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Organization:
    """An account's organization; ``path`` reads ``o-ID/r-ID/ou-ID/``, as aws:PrincipalOrgPaths does."""

    org_id: str
    path: str = ""


class StsFacts(Protocol):
    """The facts at one moment."""

    def role(self, arn: Arn) -> RoleFacts | None:
        """Return the role with exactly this ARN, path included."""

    def role_named(self, account: str, name: str) -> RoleFacts | None:
        """Return the role of that name, whatever its path, to explain a miss."""

    def tags_of(self, principal: Principal) -> Tags | None:
        """Return the tags of the user or role behind ``principal``; None if they were not read."""

    def organization(self, account: str) -> Organization | None:
        """Return the organization of an account; None if it is in none."""

    def provider(self, account: str, url: str) -> ProviderFacts | None:
        """Return the OIDC provider of ``account`` with exactly this URL (without scheme)."""

    def providers(self, account: str) -> tuple[ProviderFacts, ...]:
        """Return every OIDC provider of ``account``, to explain a miss."""

    def has_policy(self, account: str, arn: str) -> bool:
        """Tell whether ``account`` can use this managed policy: its own or one of AWS's."""

    def is_mfa_code(self, principal: Principal, serial: str, code: Secret) -> bool:
        """Tell whether the user's MFA device ``serial`` shows ``code`` now and did not use it up."""

    def mfa_locked_until(self, principal: Principal, serial: str) -> Instant | None:
        """Return when the next code of the user's MFA device ``serial`` counts, None where it is now."""

    def access_key_account(self, key_id: str) -> AccountId | None:
        """Return the account that an access key id belongs to, temporary ones included."""

    def policies(self, caller: Caller, session: Session | None, owner: AccountId) -> Policies:
        """Return what applies to ``caller`` on a resource of ``owner``, without the resource's own policy.

        Identity policies, boundary and SCPs of the caller (of a Principal alone), the policies of
        ``session``, the RCPs of ``owner``.
        """
