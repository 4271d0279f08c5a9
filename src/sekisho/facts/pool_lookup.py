"""User pools of a Snapshot, and their clients, domains, groups and users."""

from sekisho.facts.keys import Key, Kind
from sekisho.facts.pool_model import (
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
)
from sekisho.facts.snapshot import Snapshot

PoolFact = UserPool | UserPoolClient | UserPoolDomain | UserPoolGroup | UserPoolUser


def pool_key(fact: PoolFact) -> Key:
    """Return the key under which a fact of a user pool stands."""
    if isinstance(fact, UserPool):
        return Key(Kind.USER_POOL, "", fact.pool)
    if isinstance(fact, UserPoolClient):
        return Key(Kind.USER_POOL_CLIENT, "", fact.client)
    if isinstance(fact, UserPoolDomain):
        return Key(Kind.USER_POOL_DOMAIN, fact.region, fact.domain)
    if isinstance(fact, UserPoolGroup):
        return Key(Kind.USER_POOL_GROUP, fact.pool, fact.name)
    return Key(Kind.USER_POOL_USER, fact.pool, fact.username)


def user_pool(facts: Snapshot, pool: str) -> UserPool | None:
    """Return a user pool by id."""
    found = facts.get(Key(Kind.USER_POOL, "", pool))
    return found if isinstance(found, UserPool) else None


def user_pools(facts: Snapshot) -> tuple[UserPool, ...]:
    """Return the user pools of every account and region, oldest first."""
    known = facts.scope(Kind.USER_POOL, "").values()
    return tuple(one for one in known if isinstance(one, UserPool))


def pool_client(facts: Snapshot, client: str) -> UserPoolClient | None:
    """Return an app client by id."""
    found = facts.get(Key(Kind.USER_POOL_CLIENT, "", client))
    return found if isinstance(found, UserPoolClient) else None


def pool_clients(facts: Snapshot, pool: str) -> tuple[UserPoolClient, ...]:
    """Return the app clients of a pool, oldest first."""
    known = facts.scope(Kind.USER_POOL_CLIENT, "").values()
    return tuple(one for one in known if isinstance(one, UserPoolClient) and one.pool == pool)


def pool_domain(facts: Snapshot, region: str, domain: str) -> UserPoolDomain | None:
    """Return a prefix domain by its name, which is unique in a region."""
    found = facts.get(Key(Kind.USER_POOL_DOMAIN, region, domain))
    return found if isinstance(found, UserPoolDomain) else None


def domain_of_pool(facts: Snapshot, pool: UserPool) -> UserPoolDomain | None:
    """Return the prefix domain of a pool; it has one at most."""
    known = facts.scope(Kind.USER_POOL_DOMAIN, pool.region).values()
    return next((one for one in known if isinstance(one, UserPoolDomain) and one.pool == pool.pool), None)


def pool_group(facts: Snapshot, pool: str, name: str) -> UserPoolGroup | None:
    """Return a group of a pool."""
    found = facts.get(Key(Kind.USER_POOL_GROUP, pool, name))
    return found if isinstance(found, UserPoolGroup) else None


def pool_groups(facts: Snapshot, pool: str) -> tuple[UserPoolGroup, ...]:
    """Return the groups of a pool, oldest first."""
    known = facts.scope(Kind.USER_POOL_GROUP, pool).values()
    return tuple(one for one in known if isinstance(one, UserPoolGroup))


def groups_of(facts: Snapshot, user: UserPoolUser) -> tuple[UserPoolGroup, ...]:
    """Return the groups of a user, those of the lowest precedence first and those without one last."""
    named = (group for group in pool_groups(facts, user.pool) if group.name in user.groups)
    return tuple(sorted(named, key=lambda group: (group.precedence is None, group.precedence or 0)))


def pool_users(facts: Snapshot, pool: str) -> tuple[UserPoolUser, ...]:
    """Return the users of a pool, oldest first."""
    known = facts.scope(Kind.USER_POOL_USER, pool).values()
    return tuple(one for one in known if isinstance(one, UserPoolUser))


def user_of_sub(facts: Snapshot, pool: str, sub: str) -> UserPoolUser | None:
    """Return the user that a ``sub`` is of; another user's name may be spelled like it."""
    return next((one for one in pool_users(facts, pool) if one.sub == sub), None)


def pool_user(facts: Snapshot, pool: UserPool, name: str) -> UserPoolUser | None:
    """Return the user that signs in as ``name``: a username, a sub, or an attribute that names users.

    An attribute of ``alias_attributes`` names its user once it is verified (Developer Guide,
    "Customizing sign-in attributes"); one of ``username_attributes`` always does.
    """
    found = facts.get(Key(Kind.USER_POOL_USER, pool.pool, name))
    if isinstance(found, UserPoolUser):
        return found
    return next((one for one in pool_users(facts, pool.pool) if _is_named(pool, one, name)), None)


def same_name(pool: UserPool, one: str, other: str) -> bool:
    """Tell whether two names are one to a pool, which may ignore case."""
    return one == other if pool.case_sensitive else one.casefold() == other.casefold()


def _is_named(pool: UserPool, user: UserPoolUser, name: str) -> bool:
    if name == user.sub or same_name(pool, user.username, name):
        return True
    if any(_has(pool, user, attribute, name) for attribute in pool.username_attributes):
        return True
    return any(
        _has(pool, user, attribute, name)
        and (attribute == "preferred_username" or user.attribute(f"{attribute}_verified") == "true")
        for attribute in pool.alias_attributes
    )


def _has(pool: UserPool, user: UserPoolUser, attribute: str, name: str) -> bool:
    value = user.attribute(attribute)
    return value != "" and same_name(pool, value, name)
