"""The people of a cluster's OIDC identity providers: whom it sees in them, and who stands behind a subject.

Of a provider that is a user pool among the facts the people are known, of any other only what their id
tokens have to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.decide.authn.mapping import implicit_groups
from sekisho.decide.authn.oidc.flags import EMAIL
from sekisho.decide.authn.oidc.model import JwtAuthenticator, Source
from sekisho.decide.values import KubeUser
from sekisho.facts.cluster_providers import identity_providers, issuers_of_cluster
from sekisho.facts.pool_lookup import groups_of, pool_users, user_pools
from sekisho.facts.pool_model import UserPoolUser
from sekisho.facts.snapshot import Snapshot

_SYSTEM = "system:"
_GROUPS = "cognito:groups"
_OWN_CLAIMS = {"token_use": "id"}
"""What every id token of a user pool says, whoever it is for."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Id tokens of ``provider`` whose claim ``claim`` is, or lists, ``value``; ``people`` are known ones."""

    provider: str
    issuer: str
    claim: str
    value: str
    people: tuple[str, ...] = ()


def person(name: str, snapshot: Snapshot, cluster_arn: str) -> KubeUser | None:
    """Return the user that a cluster sees in somebody of a user pool, groups complete; None if nobody."""
    found = (user for _, user in _people(snapshot, cluster_arn) if user.name == name)
    return next(found, None)


def behind(subject: str, snapshot: Snapshot, cluster_arn: str) -> tuple[Behind, ...]:
    """Return whose id tokens make their bearers ``subject``, as `Access` spells it (``Group:gid:admin``)."""
    kind, _, name = subject.partition(":")
    if name.startswith(_SYSTEM) or kind not in ("User", "Group"):
        return ()
    names = {one.issuer: one.name for one in identity_providers(snapshot, cluster_arn)}
    people = tuple(_people(snapshot, cluster_arn))
    found = []
    for issuer, one in issuers_of_cluster(snapshot, cluster_arn).issuers.items():
        source = one.username if kind == "User" else one.groups
        if source is None or not name.startswith(source.prefix) or not _fits(source, name, kind):
            continue
        value = name.removeprefix(source.prefix)
        known = [
            user.name for of, user in people if of == issuer and (user.name == name or name in user.groups)
        ]
        found.append(Behind(names[issuer], issuer, source.claim, value, tuple(known)))
    return tuple(found)


def _fits(source: Source, name: str, kind: str) -> bool:
    """Tell an address from other names: without a prefix everything would be one."""
    return kind == "Group" or source.claim != EMAIL or "@" in name


def _people(snapshot: Snapshot, cluster_arn: str) -> Iterator[tuple[str, KubeUser]]:
    """Yield the issuer and the user of everybody whom a cluster knows by a user pool."""
    issuers = issuers_of_cluster(snapshot, cluster_arn).issuers
    for pool in user_pools(snapshot):
        one = issuers.get(pool.issuer)
        for user in pool_users(snapshot, pool.pool) if one is not None else ():
            seen = _seen(user, one, snapshot) if one is not None and user.enabled else None
            if seen is not None:
                yield pool.issuer, seen


def _seen(user: UserPoolUser, one: JwtAuthenticator, snapshot: Snapshot) -> KubeUser | None:
    name = _claim(user, one.username.claim)
    if not name or (one.username.claim == EMAIL and user.attribute("email_verified") == "false"):
        return None
    if any(_OWN_CLAIMS.get(must.claim, _claim(user, must.claim)) != must.value for must in one.required):
        return None
    listed: tuple[str, ...] = ()
    if one.groups is not None and one.groups.claim == _GROUPS:
        listed = tuple(f"{one.groups.prefix}{group.name}" for group in groups_of(snapshot, user))
    return implicit_groups(KubeUser(f"{one.username.prefix}{name}", listed))


def _claim(user: UserPoolUser, claim: str) -> str:
    return {"sub": user.sub, "cognito:username": user.username}.get(claim) or user.attribute(claim)
