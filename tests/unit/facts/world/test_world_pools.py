"""The user pools of a world file: what a whole one says, and what is refused."""

import pytest

from sekisho.decide.values import SekishoInputError
from sekisho.facts.world.file import parse_world
from sekisho.facts.world.pool_tables import FLOWS
from sekisho.facts.world.pools import WorldPool

POOLS = """\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: ap-northeast-1
accounts:
  - id: "111122223333"
    name: dev
userPools:
  - name: people
    account: dev
    id: ap-northeast-1_Abc123xyz
    domain: people-login
    clients:
      - name: web
        id: 1abc7efgh6
        flows: [ALLOW_USER_PASSWORD_AUTH]
        scopes: [openid]
        callbackUrls: ["http://localhost", "http://127.0.0.1:8000/cb", "https://app.example.com/cb"]
        logoutUrls: ["https://app.example.com/bye"]
      - name: api
    groups:
      - name: admin
        description: may do all
        precedence: 0
      - name: staff
    users:
      - email: k@example.com
        name: Kase
        groups: [admin, staff, admin]
      - email: l@example.com
  - name: others
    account: "111122223333"
    region: eu-west-1
"""


def read(text: str) -> tuple[WorldPool, ...]:
    return parse_world(text, "world.yaml").pools


def test_a_pool_is_read_with_all_that_is_in_it() -> None:
    first, second = read(POOLS)
    assert (first.pool.account, first.pool.region) == ("111122223333", "ap-northeast-1")
    assert (first.pool.name, first.pool.pool) == ("people", "ap-northeast-1_Abc123xyz")
    assert first.pool.username_attributes == ("email",)
    assert first.domain is not None
    assert (first.domain.domain, first.domain.pool) == ("people-login", first.pool.pool)
    web, api = first.clients
    assert (web.client, web.flows, web.oauth_scopes) == (
        "1abc7efgh6",
        ("ALLOW_USER_PASSWORD_AUTH",),
        ("openid",),
    )
    assert (web.oauth_enabled, web.oauth_flows, len(web.callback_urls)) == (True, ("code",), 3)
    assert web.logout_urls == ("https://app.example.com/bye",)
    assert (api.client, api.flows, api.oauth_enabled, api.oauth_scopes) == ("", FLOWS, False, ())
    admin, staff = first.groups
    assert (admin.precedence, admin.description, staff.precedence) == (0, "may do all", None)
    kase, other = first.users
    assert kase.attributes == (("email", "k@example.com"), ("email_verified", "true"), ("name", "Kase"))
    assert (kase.groups, other.groups) == (("admin", "staff"), ())
    assert other.attribute("name") == ""
    assert (second.pool.region, second.pool.pool, second.domain, second.users) == ("eu-west-1", "", None, ())


def test_scopes_of_a_client_with_a_page_are_the_usual_ones() -> None:
    (first, _) = read(POOLS.replace("        scopes: [openid]\n", ""))
    assert first.clients[0].oauth_scopes == ("openid", "email", "profile")


FAULTS = {
    "no name": ("  - name: people\n    account", "  - account", "world.missing", "/userPools/0"),
    "account unknown": (
        "    account: dev\n",
        "    account: dve\n",
        "world.unknown-reference",
        "/userPools/0/account",
    ),
    "id of another form": ("_Abc123xyz", "-Abc", "world.form", "/userPools/0/id"),
    "id of another region": ("id: ap-northeast-1_", "id: eu-west-1_", "world.form", "/userPools/0/id"),
    "domain of another form": ("people-login", "People", "world.form", "/userPools/0/domain"),
    "flow unknown": (
        "ALLOW_USER_PASSWORD_AUTH]",
        "ALLOW_ALL]",
        "world.unexpected-value",
        "/userPools/0/clients/0/flows/0",
    ),
    "scope unknown": ("[openid]", "[all]", "world.unexpected-value", "/userPools/0/clients/0/scopes/0"),
    "callback by HTTP": (
        '"http://localhost",',
        '"http://app.example.com",',
        "world.form",
        "/userPools/0/clients/0/callbackUrls/0",
    ),
    "callback of another host": (
        '"http://localhost",',
        '"http://localhost.example.com",',
        "world.form",
        "/userPools/0/clients/0/callbackUrls/0",
    ),
    "client id twice": (
        "      - name: api\n",
        "      - name: api\n        id: 1abc7efgh6\n",
        "world.duplicate-name",
        "/userPools",
    ),
    "pool id twice": (
        "    region: eu-west-1\n",
        "    id: ap-northeast-1_Abc123xyz\n",
        "world.duplicate-name",
        "/userPools",
    ),
    "domain twice": (
        "    region: eu-west-1\n",
        "    domain: people-login\n",
        "world.duplicate-name",
        "/userPools",
    ),
    "group twice": ("- name: staff", "- name: admin", "world.duplicate-name", "/userPools/0/groups"),
    "user twice": ("l@example.com", "K@example.com", "world.duplicate-name", "/userPools/0/users"),
    "no address": ("l@example.com", "l", "world.form", "/userPools/0/users/1/email"),
    "group unknown": (
        "[admin, staff, admin]",
        "[admni]",
        "world.unknown-reference",
        "/userPools/0/users/0/groups/0",
    ),
    "precedence below zero": (
        "precedence: 0",
        "precedence: -1",
        "world.not-a-number",
        "/userPools/0/groups/0/precedence",
    ),
    "password": (
        "        name: Kase\n",
        "        password: x\n",
        "world.secret",
        "/userPools/0/users/0/password",
    ),
    "unknown key": ("    domain:", "    domian:", "world.unknown-key", "/userPools/0/domian"),
}


@pytest.mark.parametrize(("old", "new", "code", "place"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(old: str, new: str, code: str, place: str) -> None:
    assert old in POOLS
    with pytest.raises(SekishoInputError) as caught:
        read(POOLS.replace(old, new, 1))
    assert (code, place) in [(fault.code, fault.at.pointer) for fault in caught.value.faults]
    assert all(fault.line for fault in caught.value.faults)
