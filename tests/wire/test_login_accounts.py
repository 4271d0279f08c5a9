"""What is kept between two sign-ins: renewal, several accounts, signing out; other ways than a browser."""

import asyncio
import json
import stat
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.account_store import SERVICE, AccountStore, KeyringVault
from sekisho.connect.login.flows import by_device, by_password
from sekisho.connect.login.obtain import Place
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.sign_out import kept_accounts, sign_out
from sekisho.connect.login.token_answer import parse_device_grant
from sekisho.connect.private_folder import PrivateFolder
from sekisho.decide.values import Secret, SekishoInputError
from support.login_visit import Visitor, opened, request_of, sign_in
from support.oauth_site import OAuthSite, oauth_site

SPENT = 30
"""Seconds that a token lives which counts as spent: less than the minute that is kept in reserve."""


@pytest.fixture(scope="module")
def shared() -> Iterator[OAuthSite]:
    with oauth_site() as found:
        yield found


@pytest.fixture
def site(shared: OAuthSite) -> OAuthSite:
    shared.reset()
    return shared


def kinds(site: OAuthSite) -> list[str]:
    return [form["grant_type"] for form in site.of_kind("/token")]


# --- renewal


@pytest.mark.parametrize("rotates", [True, False], ids=["a rotating issuer", "an issuer that keeps them"])
def test_a_spent_token_is_renewed_silently_again_and_again(
    site: OAuthSite, tmp_path: Path, rotates: bool
) -> None:
    site.lifetime, site.rotates = SPENT, rotates
    sign_in(site, tmp_path)
    site.rotates = rotates
    first = site.refresh_tokens.copy()
    for _ in range(2):
        assert sign_in(site, tmp_path).who == "k@example.com"
    site.lifetime = 3600
    sign_in(site, tmp_path)
    sign_in(site, tmp_path)
    assert kinds(site) == ["authorization_code", *["refresh_token"] * 3]
    assert (site.refresh_tokens == first) is not rotates
    assert len(site.visits) == 1


def test_a_minute_in_reserve_is_kept(site: OAuthSite, tmp_path: Path) -> None:
    site.lifetime = 59
    sign_in(site, tmp_path)
    sign_in(site, tmp_path)
    assert kinds(site) == ["authorization_code", "refresh_token"]
    site.lifetime = 120
    sign_in(site, tmp_path)
    sign_in(site, tmp_path)
    assert kinds(site) == ["authorization_code", "refresh_token", "refresh_token"]


def test_a_refused_refresh_token_leads_back_to_the_browser(site: OAuthSite, tmp_path: Path) -> None:
    site.lifetime = SPENT
    sign_in(site, tmp_path)
    site.refresh_tokens.clear()
    visitor = Visitor(opened)
    assert sign_in(site, tmp_path, visitor).who == "k@example.com"
    assert visitor.told[0].startswith("the refresh token is not taken any more: invalid_grant")
    assert len(site.visits) == 2


def test_an_issuer_that_is_away_opens_no_browser(site: OAuthSite, tmp_path: Path) -> None:
    site.lifetime = SPENT
    sign_in(site, tmp_path)
    site.token_answer = lambda _: (503, {}, b"")
    with pytest.raises(EnvironmentFailure, match="status 503"):
        sign_in(site, tmp_path)
    assert len(site.visits) == 1
    site.token_answer = None
    sign_in(site, tmp_path)
    assert kinds(site)[-1] == "refresh_token"


def test_a_renewed_token_of_another_person_is_refused(site: OAuthSite, tmp_path: Path) -> None:
    site.lifetime = SPENT
    sign_in(site, tmp_path)
    site.claims = {"sub": "u-2"}
    with pytest.raises(LoginRefused, match="of another person"):
        sign_in(site, tmp_path)


def test_a_renewed_token_with_another_nonce_is_refused(site: OAuthSite, tmp_path: Path) -> None:
    site.lifetime = SPENT
    sign_in(site, tmp_path)
    site.claims = {"nonce": "x"}
    with pytest.raises(LoginRefused, match="nonce"):
        sign_in(site, tmp_path)


def test_a_client_with_a_secret_shows_it_in_the_way_that_the_issuer_takes(
    site: OAuthSite, tmp_path: Path
) -> None:
    site.secret = "s:ecret /1"
    with pytest.raises(LoginRefused, match="invalid_client"):
        sign_in(site, tmp_path)
    assert sign_in(site, tmp_path, client_secret="s:ecret /1").who == "k@example.com"
    site.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(site, tmp_path, client_secret="s:ecret /1", fresh=True).who == "k@example.com"
    site.described = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    with pytest.raises(EnvironmentFailure, match="neither by client_secret_basic"):
        sign_in(site, tmp_path, client_secret="s:ecret /1", fresh=True)


def test_a_client_that_asks_again_after_a_refusal_opens_no_other_browser(
    site: OAuthSite, tmp_path: Path
) -> None:
    site.answered = {"code": None, "error": "access_denied"}
    for client in (41, 41, 42, 0, 0):
        with pytest.raises(LoginRefused, match="access_denied"):
            sign_in(site, tmp_path, client=client)
    assert len(site.visits) == 4
    site.answered = {}
    assert sign_in(site, tmp_path, client=43).who == "k@example.com"
    assert len(site.visits) == 5


# --- accounts


def test_accounts_are_kept_apart_and_the_browser_is_asked_who(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    site.claims = {"sub": "u-2", "email": "m@example.com"}
    assert sign_in(site, tmp_path, account="m@example.com").who == "m@example.com"
    assert [visit.get("prompt") for visit in site.visits] == [None, "login"]
    assert [visit.get("login_hint") for visit in site.visits] == [None, "m@example.com"]
    assert sign_in(site, tmp_path).who == "k@example.com"
    names = [account.name for account in kept_accounts(Place(tmp_path, {}))]
    assert names == ["default", "m@example.com"]


def test_one_person_under_two_names_is_noticed(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    visitor = Visitor(opened)
    sign_in(site, tmp_path, visitor, account="second")
    assert visitor.told[-1] == "k@example.com is account `default` too: the browser signed in the same person"


def test_another_person_under_the_same_name_is_noticed(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    site.claims = {"sub": "u-2", "email": "m@example.com"}
    visitor = Visitor(opened)
    sign_in(site, tmp_path, visitor, fresh=True)
    assert visitor.told[-1] == "account `default` was k@example.com before and is m@example.com now"


def test_files_are_private_and_rewritten_whole(site: OAuthSite, tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    sign_in(site, folder)
    (file,) = folder.glob("*.json")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name == f"{request_of(site).key}.json"


BROKEN = {
    "empty": b"",
    "cut off": b'{"issuer": "https',
    "no object": b"[]",
    "deep": b"[" * 60_000,
    "not text": b"\xff\x00",
    "other types": b'{"issuer": 1, "clientId": 2, "account": [], "scopes": {}, "nonce": null, "idToken": 3}',
    "no token": json.dumps(
        {"issuer": "i", "clientId": "c", "account": "a", "scopes": [], "nonce": "", "idToken": "x"}
    ).encode(),
    "a token without claims": json.dumps(
        {
            "issuer": "i",
            "clientId": "c",
            "account": "a",
            "scopes": [],
            "nonce": "",
            "idToken": "eyJhbGciOiJSUzI1NiJ9.e30.AA",
        }
    ).encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_replaced(site: OAuthSite, tmp_path: Path, content: bytes) -> None:
    sign_in(site, tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    assert kept_accounts(Place(tmp_path, {})) == ()
    assert sign_in(site, tmp_path).who == "k@example.com"
    assert len(site.visits) == 2
    assert len(kept_accounts(Place(tmp_path, {}))) == 1


def test_a_file_that_others_can_read_is_not_believed(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.chmod(0o644)
    visitor = Visitor(opened)
    assert sign_in(site, tmp_path, visitor).who == "k@example.com"
    assert any("is open to others" in told for told in visitor.told)
    assert len(site.visits) == 2


def test_a_folder_that_cannot_be_used_costs_the_memory_alone(site: OAuthSite, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    visitor = Visitor(opened)
    assert sign_in(site, place, visitor).who == "k@example.com"
    assert any(told.startswith("the account is not kept") for told in visitor.told)


# --- signing out


def test_signing_out_forgets_and_revokes(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    told: list[str] = []
    ended: list[str] = []
    place = Place(tmp_path, {})
    assert sign_out(request_of(site), place, told.append, ended.append)
    assert site.refresh_tokens == set()
    assert told == ["the refresh token is revoked"]
    assert ended == [f"{site.issuer}/end"]
    assert kept_accounts(place) == ()
    assert not sign_out(request_of(site), place, told.append)


def test_an_issuer_without_revocation_and_one_that_is_away(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    site.described = {"revocation_endpoint": None, "end_session_endpoint": None}
    told: list[str] = []
    place = Place(tmp_path, {})
    assert sign_out(request_of(site), place, told.append, told.append)
    assert told == [
        "the refresh token is not revoked: the issuer has no revocation endpoint",
        "the issuer has no end-session endpoint: the browser stays signed in there",
    ]
    sign_in(site, tmp_path)
    site.described = {"issuer": "x"}
    with pytest.raises(EnvironmentFailure, match="forgotten here, but its refresh token was not revoked"):
        sign_out(request_of(site), place, told.append)
    assert kept_accounts(place) == ()


# --- a keyring


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """Stand in for the library, which needs a desktop: the same three functions over a dictionary."""
    import sys

    kept: dict[tuple[str, str], str] = {}
    module: Any = types.ModuleType("keyring")
    module.get_password = lambda service, name: kept.get((service, name))
    module.set_password = lambda service, name, text: kept.update({(service, name): text})
    module.delete_password = lambda service, name: kept.pop((service, name))
    monkeypatch.setitem(sys.modules, "keyring", module)
    return kept


def test_a_keyring_holds_the_secrets_and_the_file_none(
    site: OAuthSite, tmp_path: Path, keyring: dict[tuple[str, str], str]
) -> None:
    token = sign_in(site, tmp_path).token.text.reveal()
    (file,) = tmp_path.glob("*.json")
    assert token in file.read_text()
    key = request_of(site).key
    with PrivateFolder.opened(tmp_path) as folder:
        store = AccountStore(folder, KeyringVault())
        account = store.read(key)
        assert account is not None
        store.write(account)
        assert token not in file.read_text()
        assert token in keyring[SERVICE, key]
        renewed = AccountStore(folder)
        renewed.write(account)
        assert token not in file.read_text(), "a renewal without --keyring moves nothing out of it"
        found = renewed.read(key)
        assert found is not None
        assert found.signed_in.refresh_token == account.signed_in.refresh_token
        store.remove(key)
    assert keyring == {}


def test_a_keyring_that_is_missing_or_locked_is_told(
    monkeypatch: pytest.MonkeyPatch, keyring: dict[tuple[str, str], str]
) -> None:
    import sys

    def locked(*_: str) -> None:
        raise RuntimeError("the secret is hunter2")

    vault = KeyringVault()
    monkeypatch.setattr(sys.modules["keyring"], "set_password", locked)
    with pytest.raises(EnvironmentFailure, match=r"use the keyring: it failed \(RuntimeError\)$"):
        vault.write("k", "t")
    assert keyring == {}
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(EnvironmentFailure, match="not installed here"):
        KeyringVault()


# --- other ways


def test_a_device_signs_in_after_it_was_slowed_down(site: OAuthSite, tmp_path: Path) -> None:
    site.pending = ["authorization_pending", "slow_down", "authorization_pending"]
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    visitor = Visitor(opened)
    done = sign_in(site, tmp_path, visitor, by_device(visitor.tell, sleep))
    assert done.who == "k@example.com"
    assert pauses == [1, 1, 6, 6]
    assert visitor.told == [f"open {site.issuer}/activate on any device and enter the code WDJB-MJHT"]
    assert site.of_kind("/device") == [{"client_id": "kube", "scope": "openid"}]


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
def test_a_device_that_is_refused(site: OAuthSite, tmp_path: Path, error: str) -> None:
    site.pending = [error]

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    with pytest.raises(LoginRefused, match=error):
        sign_in(site, tmp_path, way=by_device(lambda _: None, sleep))


@pytest.mark.parametrize(
    "told",
    [
        {"device_code": "d", "user_code": "u", "verification_uri": "https://[", "expires_in": 600},
        {"device_code": "d", "user_code": "u", "verification_uri": "javascript:x", "expires_in": 600},
        {"device_code": "d", "user_code": "\x1b[2J", "verification_uri": "https://i", "expires_in": 600},
        {"device_code": "d", "user_code": "u", "verification_uri": "https://i", "expires_in": 0},
        {"device_code": "d", "user_code": "u", "verification_uri": "https://i"},
        {"user_code": "u", "verification_uri": "https://i", "expires_in": 600},
    ],
    ids=["no address", "a script", "a code that a terminal obeys", "no time", "time left out", "no code"],
)
def test_devices_are_sent_nowhere_by_half_an_answer(told: dict[str, object]) -> None:
    with pytest.raises(EnvironmentFailure, match="its answer to a device is incomplete"):
        parse_device_grant(200, json.dumps(told).encode(), "https://issuer.example.com")


def test_ways_that_the_issuer_does_not_offer(site: OAuthSite, tmp_path: Path) -> None:
    site.described = {"device_authorization_endpoint": None, "grant_types_supported": None}
    with pytest.raises(SekishoInputError, match="no device authorization endpoint"):
        sign_in(site, tmp_path, way=by_device(lambda _: None))
    with pytest.raises(SekishoInputError, match="no `password` grant"):
        sign_in(site, tmp_path, way=by_password("k", Secret("right")))
    assert site.forms == []


def test_a_password_where_the_issuer_takes_one(site: OAuthSite, tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="does not take user name and password: invalid_grant") as caught:
        sign_in(site, tmp_path, way=by_password("k", Secret("wrong-secret")))
    assert "wrong-secret" not in str(caught.value)
    assert sign_in(site, tmp_path, way=by_password("k", Secret("right"))).who == "k@example.com"
