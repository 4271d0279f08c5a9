"""The ``userPools`` of a world file: clients, groups and users, without passwords."""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.values import AccountId, Ref
from sekisho.facts.model import Account
from sekisho.facts.pool_model import UserPool, UserPoolClient, UserPoolDomain, UserPoolGroup, UserPoolUser
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.world.content import UNDATED, Accounts
from sekisho.facts.world.pool_tables import FLOWS
from sekisho.facts.world.shape import Fields

_NO_ACCOUNT = Account(AccountId(""), "")


@dataclass(frozen=True, slots=True)
class WorldPool:
    """A user pool of a world file. What has no id in the file has an empty one; nothing has a date."""

    at: Ref
    pool: UserPool
    domain: UserPoolDomain | None
    clients: tuple[UserPoolClient, ...]
    groups: tuple[UserPoolGroup, ...]
    users: tuple[UserPoolUser, ...]


def read_user_pools(world: Fields, accounts: Accounts, region: str) -> tuple[WorldPool, ...]:
    """Return the user pools; every fault is noted."""
    node = world.member("userPools")
    found = tuple(_read_pool(fields, accounts, region) for fields in world.objects("userPools"))
    _once(node, (one.pool.pool for one in found), "user pool id")
    _once(node, (client.client for one in found for client in one.clients), "app client id")
    domains = (f"{one.domain.domain} in {one.domain.region}" for one in found if one.domain is not None)
    _once(node, domains, "domain")
    return found


def _read_pool(fields: Fields, accounts: Accounts, region: str) -> WorldPool:
    own = accounts.named_account(fields.member("account"), fields.text("account")) or _NO_ACCOUNT
    place, pool_id = fields.text("region", region), fields.text("id")
    if pool_id and pool_id.partition("_")[0] != place:
        fields.member("id").fault(FaultCode.FORM, f"the id of a user pool begins with its region, `{place}`")
    pool = UserPool(
        own.account,
        place,
        pool_id,
        fields.text("name"),
        UNDATED,
        UNDATED,
        own.partition,
        username_attributes=("email",),
        admin_creates_only=True,
    )
    groups = tuple(_read_group(item, pool) for item in fields.objects("groups"))
    _once(fields.member("groups"), (one.name for one in groups), "group")
    users = tuple(_read_user(item, pool, groups) for item in fields.objects("users"))
    _once(fields.member("users"), (one.attribute("email").casefold() for one in users), "user")
    prefix = fields.text("domain")
    domain = UserPoolDomain(place, prefix, pool.pool) if prefix else None
    clients = tuple(_read_client(item, pool) for item in fields.objects("clients"))
    return WorldPool(fields.node.at, pool, domain, clients, groups, users)


def _read_client(fields: Fields, pool: UserPool) -> UserPoolClient:
    callbacks = fields.texts("callbackUrls")
    scopes = fields.texts("scopes") or ("openid", "email", "profile")
    return UserPoolClient(
        pool.pool,
        fields.text("id"),
        fields.text("name"),
        UNDATED,
        UNDATED,
        flows=tuple(sorted(fields.texts("flows") or FLOWS)),
        providers=("COGNITO",),
        callback_urls=callbacks,
        logout_urls=fields.texts("logoutUrls"),
        oauth_enabled=bool(callbacks),
        oauth_flows=("code",) if callbacks else (),
        oauth_scopes=scopes if callbacks else (),
    )


def _read_group(fields: Fields, pool: UserPool) -> UserPoolGroup:
    return UserPoolGroup(
        pool.pool,
        fields.text("name"),
        UNDATED,
        UNDATED,
        fields.text("description"),
        "",
        fields.number("precedence") if fields.has("precedence") else None,
    )


def _read_user(fields: Fields, pool: UserPool, groups: tuple[UserPoolGroup, ...]) -> UserPoolUser:
    name, known = fields.text("name"), [group.name for group in groups]
    members = fields.text_items("groups")
    for node, member in members:
        if member not in known:
            node.fault(FaultCode.REFERENCE, f"no group is called `{member[:80]}`", nearest(member, known))
    attributes = (
        ("email", fields.text("email")),
        ("email_verified", "true"),
        *((("name", name),) if name else ()),
    )
    named = tuple(dict.fromkeys(member for _, member in members))
    return UserPoolUser(pool.pool, "", "", UNDATED, UNDATED, attributes=attributes, groups=named)


def _once(node: Node, names: Iterable[str], noun: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            node.fault(FaultCode.TWICE, f"the {noun} `{name[:80]}` occurs twice")
        seen.add(name)
