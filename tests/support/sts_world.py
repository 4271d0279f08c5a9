"""A small world of accounts, in the members of the trust vectors, that answers what STS asks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sekisho.decide import sts
from sekisho.decide.iam import AttachedPolicy, Layer, Policies, PolicyKind, parse_policy, read_policy
from sekisho.decide.values import (
    AccountId,
    Arn,
    Caller,
    Instant,
    Principal,
    PrincipalType,
    Ref,
    Secret,
    documents,
)


@dataclass(frozen=True, slots=True)
class World:
    """``accounts`` by id; ``mfa``: whether a code is right; ``paths``: whether organizations tell them.

    ``mfa_rests``: until when no code is looked at.
    """

    accounts: dict[str, Any]
    mfa: bool = False
    managed: frozenset[str] = frozenset()
    paths: bool = True
    mfa_rests: Instant | None = None

    def role(self, arn: Arn) -> sts.RoleFacts | None:
        found = self.role_named(arn.account, arn.resource.rpartition("/")[2])
        return found if found is not None and found.arn == arn else None

    def role_named(self, account: str, name: str) -> sts.RoleFacts | None:
        role = self.accounts.get(account, {}).get("roles", {}).get(name)
        if role is None:
            return None
        tags = role.get("tags", {})
        return sts.RoleFacts(
            Arn("aws", "iam", "", account, f"role{role.get('path', '/')}{name}"),
            role["id"],
            documents.to_json(role["trust"]).decode(),
            tuple(role.get("trusted_ids", {}).items()),
            timedelta(seconds=role.get("max_session_duration", 3600)),
            None if tags is None else tuple(tags.items()),
        )

    def tags_of(self, principal: Principal) -> sts.Tags | None:
        tags = self._entity(principal).get("tags", {})
        return None if tags is None else tuple(tags.items())

    def organization(self, account: str) -> sts.Organization | None:
        org_id = self.accounts.get(account, {}).get("org_id")
        path = f"{org_id}/r-1a2b/" if self.paths else ""
        return None if org_id is None else sts.Organization(org_id, path)

    def provider(self, account: str, url: str) -> sts.ProviderFacts | None:
        return next((one for one in self.providers(account) if one.url == url), None)

    def providers(self, account: str) -> tuple[sts.ProviderFacts, ...]:
        found = self.accounts.get(account, {}).get("oidc_providers", {})
        return tuple(_provider(account, url, facts) for url, facts in found.items())

    def has_policy(self, account: str, arn: str) -> bool:
        return account in self.accounts and arn in self.managed

    def is_mfa_code(self, principal: Principal, serial: str, code: Secret) -> bool:
        return self.mfa and str(principal.account) in serial and len(code.reveal()) == 6

    def mfa_locked_until(self, principal: Principal, serial: str) -> Instant | None:
        return self.mfa_rests if str(principal.account) in serial else None

    def access_key_account(self, key_id: str) -> AccountId | None:
        return next(
            (AccountId(id_) for id_, one in self.accounts.items() if key_id in one.get("keys", ())), None
        )

    def policies(self, caller: Caller, session: sts.Session | None, owner: AccountId) -> Policies:
        limits = () if session is None else tuple(_session_policies(session))
        rcps = _levels(self.accounts[owner].get("rcps", ()), Layer.RCP, PolicyKind.RCP)
        if not isinstance(caller, Principal):
            return Policies(rcps=rcps)
        entity = self._entity(caller)
        boundary = entity.get("boundary")
        return Policies(
            identity=_attached("identity", entity.get("policies", ()), Layer.IDENTITY, PolicyKind.IDENTITY),
            boundary=None
            if boundary is None
            else _attached("boundary", boundary, Layer.BOUNDARY, PolicyKind.BOUNDARY),
            session=limits or None,
            scps=_levels(self.accounts[caller.account].get("scps", ()), Layer.SCP, PolicyKind.SCP),
            rcps=rcps,
        )

    def _entity(self, principal: Principal) -> dict[str, Any]:
        kind = "roles" if principal.type is PrincipalType.ROLE_SESSION else "users"
        name = principal.entity.resource.rpartition("/")[2]
        found: dict[str, Any] = self.accounts[principal.account].get(kind, {}).get(name, {})
        return found


def _provider(account: str, url: str, facts: dict[str, Any]) -> sts.ProviderFacts:
    bare = url.removeprefix("https://")
    arn = Arn("aws", "iam", "", account, f"oidc-provider/{bare}")
    return sts.ProviderFacts(arn, bare, tuple(facts["client_ids"]))


def _session_policies(session: sts.Session) -> Iterator[AttachedPolicy]:
    for policy in session.policies:
        at = Ref("session policy")
        yield AttachedPolicy("session", Layer.SESSION, parse_policy(policy.text, at, PolicyKind.SESSION))


def _levels(levels: Iterable[Any], layer: Layer, kind: PolicyKind) -> tuple[tuple[AttachedPolicy, ...], ...]:
    return tuple(_attached(f"{layer}-{index}", level, layer, kind) for index, level in enumerate(levels))


def _attached(name: str, policies: Any, layer: Layer, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
    documents_ = policies if isinstance(policies, list | tuple) else [policies]
    return tuple(
        AttachedPolicy(f"{name}-{index}", layer, read_policy(one, Ref(f"{name}-{index}"), kind))
        for index, one in enumerate(documents_)
    )
