"""User pools by what Cognito calls them, and the users that a name names."""

import pytest

from sekisho.decide.values import AccountId, Instant
from sekisho.facts import (
    Kind,
    Put,
    Snapshot,
    UserPool,
    UserPoolClient,
    UserPoolDomain,
    UserPoolGroup,
    UserPoolUser,
)
from sekisho.facts.pool_lookup import (
    domain_of_pool,
    groups_of,
    pool_client,
    pool_clients,
    pool_domain,
    pool_group,
    pool_groups,
    pool_key,
    pool_user,
    pool_users,
    same_name,
    user_of_sub,
    user_pool,
    user_pools,
)

ACCOUNT = AccountId("111122223333")
REGION = "ap-northeast-1"
NOW = Instant.from_epoch(0)
POOL = UserPool(ACCOUNT, REGION, f"{REGION}_abc", "people", NOW, NOW, username_attributes=("email",))
STRICT = UserPool(
    ACCOUNT,
    REGION,
    f"{REGION}_def",
    "strict",
    NOW,
    NOW,
    alias_attributes=("email", "preferred_username"),
    case_sensitive=True,
)
CLIENT = UserPoolClient(POOL.pool, "c" * 26, "web", NOW, NOW)
DOMAIN = UserPoolDomain(REGION, "people-1", POOL.pool)
PLAIN = UserPoolGroup(POOL.pool, "plain", NOW, NOW)
LATE = UserPoolGroup(POOL.pool, "late", NOW, NOW, precedence=7)
FIRST = UserPoolGroup(POOL.pool, "first", NOW, NOW, precedence=0)
ANN = UserPoolUser(
    POOL.pool,
    "s-1",
    "s-1",
    NOW,
    NOW,
    attributes=(("email", "ann@example.com"),),
    groups=("plain", "late", "first"),
)
BOB = UserPoolUser(
    STRICT.pool,
    "bob",
    "s-2",
    NOW,
    NOW,
    attributes=(("email", "bob@example.com"), ("email_verified", "true"), ("preferred_username", "bobby")),
)
EVE = UserPoolUser(STRICT.pool, "eve", "s-3", NOW, NOW, attributes=(("email", "eve@example.com"),))
ALL = (POOL, STRICT, CLIENT, DOMAIN, PLAIN, LATE, FIRST, ANN, BOB, EVE)
FACTS = Snapshot(Put(pool_key(one), one) for one in ALL)


def test_each_is_found_by_its_name() -> None:
    assert user_pool(FACTS, POOL.pool) == POOL
    assert user_pools(FACTS) == (POOL, STRICT)
    assert pool_client(FACTS, CLIENT.client) == CLIENT
    assert pool_clients(FACTS, POOL.pool) == (CLIENT,)
    assert pool_clients(FACTS, STRICT.pool) == ()
    assert pool_domain(FACTS, REGION, "people-1") == DOMAIN
    assert domain_of_pool(FACTS, POOL) == DOMAIN
    assert domain_of_pool(FACTS, STRICT) is None
    assert pool_group(FACTS, POOL.pool, "late") == LATE
    assert pool_groups(FACTS, POOL.pool) == (PLAIN, LATE, FIRST)
    assert pool_users(FACTS, STRICT.pool) == (BOB, EVE)


def test_nothing_is_found_where_there_is_none() -> None:
    assert user_pool(FACTS, "x") is None
    assert pool_client(FACTS, "x") is None
    assert pool_domain(FACTS, "eu-west-1", "people-1") is None
    assert pool_group(FACTS, STRICT.pool, "late") is None
    assert pool_user(FACTS, POOL, "x") is None


def test_groups_of_a_user_come_by_precedence_and_those_without_one_last() -> None:
    assert groups_of(FACTS, ANN) == (FIRST, LATE, PLAIN)
    assert groups_of(FACTS, BOB) == ()


@pytest.mark.parametrize(
    ("pool", "name", "user"),
    [
        (POOL, "s-1", ANN),
        (POOL, "ann@example.com", ANN),
        (POOL, "ANN@example.com", ANN),
        (POOL, "bob@example.com", None),
        (STRICT, "bob", BOB),
        (STRICT, "s-2", BOB),
        (STRICT, "Bob", None),
        (STRICT, "bob@example.com", BOB),
        (STRICT, "BOB@example.com", None),
        (STRICT, "bobby", BOB),
        (STRICT, "eve", EVE),
        (STRICT, "eve@example.com", None),  # an alias that is not verified names nobody
        (STRICT, "", None),
    ],
)
def test_a_name_names_a_user(pool: UserPool, name: str, user: UserPoolUser | None) -> None:
    assert pool_user(FACTS, pool, name) == user


def test_a_sub_is_its_users_whatever_another_is_called() -> None:
    mimic = UserPoolUser(STRICT.pool, BOB.sub, "s-9", NOW, NOW)
    facts = FACTS.applied([Put(pool_key(mimic), mimic)])
    assert pool_user(facts, STRICT, BOB.sub) == mimic
    assert user_of_sub(facts, STRICT.pool, BOB.sub) == BOB
    assert user_of_sub(facts, STRICT.pool, "bob") is None


def test_names_are_one_where_case_does_not_count() -> None:
    assert same_name(POOL, "A", "a")
    assert not same_name(STRICT, "A", "a")


def test_a_pool_has_an_arn_and_an_issuer() -> None:
    assert str(POOL.arn) == f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{POOL.pool}"
    assert POOL.issuer == f"https://cognito-idp.{REGION}.amazonaws.com/{POOL.pool}"
    china = UserPool(ACCOUNT, "cn-north-1", "cn-north-1_a", "p", NOW, NOW, "aws-cn")
    assert china.issuer == "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a"


def test_an_attribute_that_a_user_has_not_is_empty() -> None:
    assert (BOB.attribute("email_verified"), BOB.attribute("name")) == ("true", "")


def test_keys_are_of_their_kinds() -> None:
    assert [pool_key(one).kind for one in (POOL, CLIENT, DOMAIN, PLAIN, ANN)] == [
        Kind.USER_POOL,
        Kind.USER_POOL_CLIENT,
        Kind.USER_POOL_DOMAIN,
        Kind.USER_POOL_GROUP,
        Kind.USER_POOL_USER,
    ]
