"""The domain of a user pool as browsers and programs meet it: login page, codes, tokens, and attacks."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from sekisho.lab.idp.code import PoolCode
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import REGION, last_refusal, profile
from support.user_pools import (
    CALLBACK,
    LOGOUT,
    OAUTH,
    PASSWORD,
    TEMPORARY,
    Got,
    Pool,
    fetch,
    new_pool,
    part,
    refused,
)

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
DOMAIN = f"https://people-1.auth.{REGION}.amazoncognito.com"


@dataclass
class Site:
    """A pool with a domain, an app client and a user, and the two addresses of its pages."""

    lab: RunningLab
    pool: Pool
    client: str
    secretive: Any
    local: str
    sub: str

    def url(self, path: str, base: str | None = None, **query: str) -> str:
        return f"{base or self.local}{path}?{urlencode(query)}" if query else f"{base or self.local}{path}"

    def asking(self, **more: str) -> dict[str, str]:
        given = {"client_id": self.client, "response_type": "code", "redirect_uri": CALLBACK, "state": "s 1"}
        given |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", **more}
        return {name: value for name, value in given.items() if value != "-"}

    def token(self, headers: Mapping[str, str] | None = None, **form: str) -> Got:
        given = {
            "grant_type": "authorization_code",
            "client_id": self.client,
            "redirect_uri": CALLBACK,
            **form,
        }
        sent = {name: value for name, value in given.items() if value != "-"}
        return fetch(self.lab, f"{DOMAIN}/oauth2/token", sent, headers)

    def refusal(self) -> str:
        code: str = last_refusal(self.lab)["code"]
        return code


@dataclass
class Browser:
    """Keeps cookies, follows no redirect by itself."""

    site: Site
    base: str
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Got:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**({"Cookie": cookie} if cookie else {}), **headers}
        got = fetch(self.site.lab, f"{self.base}{path}", form, sent)
        for name, value in got.headers:
            if name.lower() == "set-cookie":
                pair = value.split(";")[0].partition("=")
                self.cookies[pair[0]] = pair[2]
        return got

    def login_form(self, **more: str) -> tuple[str, dict[str, str]]:
        """Return where the form of the login page goes, and what is hidden in it."""
        gone = self.open("/oauth2/authorize?" + urlencode(self.site.asking(**more)))
        assert gone.status == 302, gone
        shown = self.open(gone.header("location"))
        assert shown.status == 200, shown
        return form_of(shown)

    def sign_in(self, username: str = "k@example.com", password: str = PASSWORD, **more: str) -> Got:
        action, hidden = self.login_form(**more)
        return self.open(action, {**hidden, "username": username, "password": password})

    def code(self, **more: str) -> str:
        """Return a fresh authorization code."""
        got = self.sign_in(**more)
        assert got.status == 302, got
        return query_of(got)["code"]


def form_of(got: Got) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form method="post" action="([^"]*)"', got.body)
    assert action is not None, got.body
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', got.body)
    return unescape(action[1]), {name: unescape(value) for name, value in hidden}


def query_of(got: Got) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(got.header("location")).query).items()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_lab(tmp_path_factory.mktemp("login") / "state") as lab:
        pool = new_pool(profile(lab, "default"), "People")
        pool.ask("create_user_pool_domain", Domain="people-1")
        client = pool.new_client(**OAUTH)["ClientId"]
        secretive = pool.new_client("server", GenerateSecret=True, **OAUTH)
        sub = pool.new_user("k@example.com", name="Kase")["Username"]
        yield Site(lab, pool, client, secretive, lab.client.get("/status")["loginPages"], sub)


@pytest.fixture
def browser(site: Site) -> Browser:
    return Browser(site, site.local)


# --- the way through


@pytest.mark.parametrize("where", ["localhost", "AWS's name"])
def test_a_browser_signs_in_and_the_code_becomes_tokens(site: Site, where: str) -> None:
    browser = Browser(site, site.local if where == "localhost" else DOMAIN)
    got = browser.sign_in(nonce="n-1")
    assert got.status == 302
    assert got.header("location").startswith(f"{CALLBACK}?code=")
    assert query_of(got)["state"] == "s 1"
    answer = site.token(code=query_of(got)["code"], code_verifier=VERIFIER)
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    (link,) = site.lab.client.get("/journal")[-1]["chain"]["links"]
    assert [step["code"] for step in link["trace"]] == [PoolCode.CLIENT, PoolCode.CODE, PoolCode.ISSUED]
    assert set(answer.json) == {"id_token", "access_token", "refresh_token", "expires_in", "token_type"}
    keys = KeySet.import_key_set(fetch(site.lab, f"{site.pool.issuer}/.well-known/jwks.json").json)
    claims = jwt.decode(answer.json["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["sub"], claims["aud"], claims["nonce"]) == (site.sub, site.client, "n-1")
    access = part(answer.json["access_token"], 1)
    assert (access["scope"], access["version"], access["token_use"]) == ("openid email profile", 2, "access")


def test_the_discovery_document_names_the_endpoints_of_the_domain(site: Site) -> None:
    got = fetch(site.lab, f"{site.pool.issuer}/.well-known/openid-configuration")
    assert got.json["issuer"] == site.pool.issuer
    assert got.json["jwks_uri"] == f"{site.pool.issuer}/.well-known/jwks.json"
    assert got.json["authorization_endpoint"] == f"{DOMAIN}/oauth2/authorize"
    assert got.json["token_endpoint"] == f"{DOMAIN}/oauth2/token"
    assert got.json["id_token_signing_alg_values_supported"] == ["RS256"]


def test_a_browser_that_signed_in_is_not_asked_again_until_it_signs_out(site: Site, browser: Browser) -> None:
    assert browser.sign_in().status == 302
    again = browser.open("/oauth2/authorize?" + urlencode(site.asking()))
    assert again.header("location").startswith(CALLBACK)
    forced = browser.open("/oauth2/authorize?" + urlencode(site.asking(prompt="login")))
    assert forced.header("location").startswith("/login?")
    out = browser.open("/logout?" + urlencode({"client_id": site.client, "logout_uri": LOGOUT}))
    assert (out.status, out.header("location")) == (302, LOGOUT)
    browser.cookies.clear()
    silent = browser.open("/oauth2/authorize?" + urlencode(site.asking(prompt="none")))
    assert query_of(silent)["error"] == "login_required"


def test_a_temporary_password_has_to_be_changed_on_the_page(site: Site, browser: Browser) -> None:
    site.pool.new_user("new@example.com", None)
    asked = browser.sign_in("new@example.com", TEMPORARY)
    assert asked.status == 200
    assert "Choose a new password" in asked.body
    assert "at least 8 characters" in asked.body
    assert 'value="new@example.com" autocomplete="username" readonly hidden' in asked.body
    action, hidden = form_of(asked)
    differ = browser.open(action, {**hidden, "password": "New-Passw0rd", "again": "Other-Passw0rd"})
    assert (differ.status, "The two passwords differ." in differ.body) == (400, True)
    weak = browser.open(action, {**hidden, "password": "short", "again": "short"})
    assert "Password did not conform with policy: Password not long enough" in weak.body
    assert site.refusal() == PoolCode.PASSWORD_POLICY
    done = browser.open(action, {**hidden, "password": "New-Passw0rd", "again": "New-Passw0rd"})
    assert done.status == 302
    assert site.token(code=query_of(done)["code"], code_verifier=VERIFIER).status == 200
    stale = browser.open(action, {**hidden, "password": "Third-Passw0rd", "again": "Third-Passw0rd"})
    assert "Sign in again." in stale.body
    assert site.refusal() == PoolCode.CHALLENGE_UNKNOWN
    described = site.pool.ask("admin_get_user", Username="new@example.com")
    assert described["UserStatus"] == "CONFIRMED"


def test_scopes_decide_what_the_id_token_and_user_info_hold(site: Site, browser: Browser) -> None:
    by_mail = site.token(code=browser.code(scope="openid email"), code_verifier=VERIFIER).json
    assert part(by_mail["id_token"], 1)["email"] == "k@example.com"
    assert "name" not in part(by_mail["id_token"], 1)
    browser.cookies.clear()
    plain = site.token(code=browser.code(scope="email"), code_verifier=VERIFIER).json
    assert "id_token" not in plain
    info = fetch(
        site.lab, f"{DOMAIN}/oauth2/userInfo", None, {"Authorization": f"Bearer {by_mail['access_token']}"}
    )
    assert info.json == {
        "sub": site.sub,
        "email_verified": "true",
        "email": "k@example.com",
        "username": site.sub,
    }
    lacking = {"Authorization": f"Bearer {plain['access_token']}"}
    assert fetch(site.lab, f"{DOMAIN}/oauth2/userInfo", None, lacking).status == 401


def test_a_refresh_token_obtains_tokens_until_it_is_revoked(site: Site, browser: Browser) -> None:
    tokens = site.token(code=browser.code(), code_verifier=VERIFIER).json
    # As kubectl does: HTTP Basic with an empty secret.
    basic = {"Authorization": "Basic " + base64.b64encode(f"{site.client}:".encode()).decode()}
    given = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "-"}
    again = site.token(basic, redirect_uri="-", **given)
    assert again.status == 200
    assert set(again.json) == {"id_token", "access_token", "expires_in", "token_type"}
    assert part(again.json["id_token"], 1)["origin_jti"] == part(tokens["id_token"], 1)["origin_jti"]
    form = {"token": tokens["refresh_token"], "client_id": site.client}
    assert fetch(site.lab, f"{DOMAIN}/oauth2/revoke", form).status == 200
    refused = site.token(basic, redirect_uri="-", **given)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    assert site.refusal() == PoolCode.SESSION_UNKNOWN
    bearer = {"Authorization": f"Bearer {again.json['access_token']}"}
    gone = fetch(site.lab, f"{DOMAIN}/oauth2/userInfo", None, bearer)
    assert (gone.status, gone.json["error"]) == (401, "invalid_token")
    assert "Bearer" in gone.header("www-authenticate")


def test_a_confidential_client_proves_its_secret(site: Site, browser: Browser) -> None:
    client, secret = site.secretive["ClientId"], site.secretive["ClientSecret"]
    code = browser.code(client_id=client, code_challenge="-", code_challenge_method="-")
    given = {"code": code, "client_id": client}
    assert (site.token(**given).json["error"], site.refusal()) == (
        "invalid_client",
        PoolCode.CLIENT_SECRET_MISSING,
    )
    wrong = site.token(**given, client_secret="x" * 30)
    assert (wrong.json["error"], site.refusal()) == ("invalid_client", PoolCode.CLIENT_SECRET_WRONG)
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    done = site.token({"Authorization": f"Basic {basic}"}, **given)
    assert done.status == 200
    public = site.token(code="c", client_secret=secret)
    assert (public.json["error"], site.refusal()) == ("invalid_client", PoolCode.CLIENT_PUBLIC)


# --- attacks


def test_a_code_is_good_once_and_a_replay_revokes_what_it_obtained(site: Site, browser: Browser) -> None:
    code = browser.code()
    tokens = site.token(code=code, code_verifier=VERIFIER).json
    replay = site.token(code=code, code_verifier=VERIFIER)
    assert (replay.status, replay.json["error"]) == (400, "invalid_grant")
    assert site.refusal() == PoolCode.CODE_REPLAYED
    given = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert site.token(redirect_uri="-", **given).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code_verifier": "w" * 43}, PoolCode.PKCE),
        ({"code_verifier": "-"}, PoolCode.PKCE),
        ({"redirect_uri": "http://localhost"}, PoolCode.REDIRECT_UNKNOWN),
        ({"redirect_uri": "-"}, PoolCode.REDIRECT_UNKNOWN),
    ],
    ids=["another verifier", "no verifier", "another redirect URI", "no redirect URI"],
)
def test_a_code_without_its_proof_is_spent(
    site: Site, browser: Browser, changed: dict[str, str], code: PoolCode
) -> None:
    given = {"code": browser.code(), "code_verifier": VERIFIER}
    assert (site.token(None, **{**given, **changed}).json["error"], site.refusal()) == ("invalid_grant", code)
    assert (site.token(None, **given).json["error"], site.refusal()) == (
        "invalid_grant",
        PoolCode.CODE_UNKNOWN,
    )


def test_a_verifier_without_a_challenge_is_refused(site: Site, browser: Browser) -> None:
    code = browser.code(code_challenge="-", code_challenge_method="-")
    assert (site.token(code=code, code_verifier=VERIFIER).status, site.refusal()) == (400, PoolCode.PKCE)


def test_a_code_of_another_client_is_unknown(site: Site, browser: Browser) -> None:
    given = {"client_id": site.secretive["ClientId"], "client_secret": site.secretive["ClientSecret"]}
    refused = site.token(code=browser.code(), code_verifier=VERIFIER, **given)
    assert (refused.json["error"], site.refusal()) == ("invalid_grant", PoolCode.CODE_UNKNOWN)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9999/callback/", "http://localhost:9999/callback?x=1", "https://evil.example.com", ""],
)
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/login"])
def test_a_browser_is_sent_to_no_address_that_is_not_listed(
    site: Site, browser: Browser, url: str, path: str
) -> None:
    got = browser.open(f"{path}?" + urlencode(site.asking(redirect_uri=url)))
    assert (got.status, got.header("location")) == (400, "")
    assert site.refusal() == PoolCode.REDIRECT_UNKNOWN


def test_nor_after_signing_out(site: Site, browser: Browser) -> None:
    got = browser.open(
        "/logout?" + urlencode({"client_id": site.client, "logout_uri": "https://evil.example.com"})
    )
    assert (got.status, got.header("location"), site.refusal()) == (400, "", PoolCode.REDIRECT_UNKNOWN)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid phone"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "-"}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_the_client_is_told(
    site: Site, browser: Browser, changed: dict[str, str], error: str
) -> None:
    got = browser.open("/oauth2/authorize?" + urlencode(site.asking(**changed)))
    assert got.status == 302
    assert got.header("location").startswith(f"{CALLBACK}?error=")
    assert (query_of(got)["error"], query_of(got)["state"]) == (error, "s 1")
    assert site.refusal() == (PoolCode.SCOPE_UNKNOWN if error == "invalid_scope" else PoolCode.REQUEST)


def test_a_client_of_nobody_and_of_another_pool_is_refused(site: Site, browser: Browser) -> None:
    other = new_pool(site.pool.admin, "other").new_client(**OAUTH)["ClientId"]
    for client in ("a" * 26, other):
        got = Browser(site, DOMAIN).open("/oauth2/authorize?" + urlencode(site.asking(client_id=client)))
        assert (got.status, site.refusal()) == (400, PoolCode.CLIENT_UNKNOWN)
        assert (site.token(client_id=client).json["error"]) == "invalid_client"
    assert browser.open("/oauth2/authorize?" + urlencode(site.asking(client_id=other))).status == 400


@pytest.mark.parametrize(
    ("cookies", "csrf", "headers"),
    [
        (True, "another", {}),
        (True, "", {}),
        (False, None, {}),
        (True, None, {"Origin": "https://evil.example.com"}),
        (True, None, {"Origin": "null"}),
        (True, None, {"Sec-Fetch-Site": "cross-site"}),
    ],
    ids=["another token", "no token", "no cookie", "another origin", "no origin", "another site"],
)
def test_a_form_that_another_page_sent_signs_nobody_in(
    site: Site, browser: Browser, cookies: bool, csrf: str | None, headers: dict[str, str]
) -> None:
    action, hidden = browser.login_form()
    if not cookies:
        browser.cookies.clear()
    sent = {**hidden, "username": "k@example.com", "password": PASSWORD}
    if csrf is not None:
        sent["_csrf"] = csrf
    got = browser.open(action, sent, **headers)
    assert (got.status, got.header("location"), site.refusal()) == (403, "", PoolCode.CSRF)


def test_the_page_never_tells_whether_there_is_such_a_user(browser: Browser) -> None:
    for name in ("k@example.com", "nobody@example.com"):
        got = browser.sign_in(name, "Wrong-Passw0rd")
        assert got.status == 400
        assert "Incorrect username or password." in got.body
        assert f'value="{name}"' in got.body


def test_guesses_at_the_page_lock_the_user_and_nobody_alike(site: Site, browser: Browser) -> None:
    site.pool.new_user("guessed@example.com")
    for name in ("guessed@example.com", "nobody-2@example.com"):
        action, hidden = browser.login_form()
        bodies = [
            browser.open(action, {**hidden, "username": name, "password": f"Wrong-{i}"}).body
            for i in range(8)
        ]
        assert all("Incorrect username or password." in body for body in bodies[:5])
        assert any("Password attempts exceeded" in body for body in bodies[5:])
        assert site.refusal() in (PoolCode.LOCKED, PoolCode.PASSWORD_WRONG, PoolCode.USER_UNKNOWN)


def test_what_a_stranger_wrote_is_escaped_and_no_script_may_run(browser: Browser) -> None:
    got = browser.sign_in('"><script>alert(1)</script>', "x")
    assert "<script" not in got.body
    policy = got.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "form-action 'self' http://localhost:9999;" in policy
    assert "frame-ancestors 'none'" in policy
    style = re.search(r"<style>(.*?)</style>", got.body, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "http" not in re.sub(r'(action|value)="[^"]*"', "", got.body.replace("<!doctype html>", ""))


def test_the_page_is_for_the_keyboard_the_reader_and_the_dark(site: Site, browser: Browser) -> None:
    _, hidden = browser.login_form()
    got = browser.open("/login?" + urlencode(site.asking()))
    for needed in (
        'lang="en"',
        "<title>Sign in to People</title>",
        "<main>",
        "<h1>",
        "prefers-color-scheme: dark",
    ):
        assert needed in got.body
    for name, completion in (("username", "username"), ("password", "current-password")):
        assert f'<label for="{name}">' in got.body
        assert re.search(rf'<input id="{name}"[^>]*autocomplete="{completion}"[^>]*required', got.body)
    wrong = browser.open("/login?" + urlencode(site.asking()), {**hidden, "username": "a", "password": "b"})
    assert 'role="alert" id="problem"' in wrong.body
    assert 'aria-invalid="true" aria-describedby="problem"' in wrong.body


def test_cookies_are_for_this_site_and_no_script(site: Site) -> None:
    for base, name, secure in ((site.local, "XSRF-TOKEN-", False), (DOMAIN, "__Host-XSRF-TOKEN=", True)):
        got = Browser(site, base).open("/login?" + urlencode(site.asking()))
        cookie = got.header("set-cookie")
        assert cookie.startswith(name)
        assert "HttpOnly; SameSite=Lax" in cookie
        assert ("Secure" in cookie) is secure


def test_the_local_port_answers_to_its_own_name_alone(site: Site) -> None:
    got = fetch(site.lab, f"{site.local}/login", None, {"Host": "evil.example.com"})
    assert (got.status, site.refusal()) == (421, PoolCode.REQUEST)


@pytest.mark.parametrize(
    ("path", "form", "headers", "status"),
    [
        ("/oauth2/token", "a=1&a=2", {}, 400),
        ("/oauth2/token", "&".join(f"a{i}=1" for i in range(60)), {}, 400),
        ("/oauth2/token", "code=" + "x" * 20_000, {}, 413),
        ("/oauth2/token", "{}", {"Content-Type": "application/json"}, 400),
        ("/oauth2/token", "grant_type=password", {"Authorization": "Basic ???"}, 400),
        ("/oauth2/token", "client_id=%ff", {}, 400),
        ("/oauth2/userInfo", None, {}, 401),
        ("/oauth2/userInfo", None, {"Authorization": "Bearer not.a.token"}, 401),
        ("/oauth2/revoke", "client_id=nobody&token=x", {}, 400),
        ("/nowhere", None, {}, 404),
        ("/login?client_id=a&client_id=b", None, {}, 400),
    ],
)
def test_what_is_no_request_is_refused(
    site: Site, path: str, form: str | None, headers: dict[str, str], status: int
) -> None:
    got = fetch(site.lab, f"{DOMAIN}{path}", form, headers)
    assert got.status == status
    assert got.header("x-content-type-options") == "nosniff"


def test_a_domain_of_nobody_is_no_site(site: Site) -> None:
    got = fetch(site.lab, f"https://nobody.auth.{REGION}.amazoncognito.com/login")
    assert (got.status, site.refusal()) == (404, PoolCode.REQUEST)


def test_other_grants_and_other_tokens_are_refused(site: Site, browser: Browser) -> None:
    other = site.token(grant_type="password", code="c")
    assert (other.json["error"], site.refusal()) == ("unsupported_grant_type", PoolCode.FLOW_UNSERVED)
    tokens = site.token(code=browser.code(), code_verifier=VERIFIER).json
    form = {"token": tokens["access_token"], "client_id": site.client}
    assert fetch(site.lab, f"{DOMAIN}/oauth2/revoke", form).json["error"] == "unsupported_token_type"
    lacks = refused(site.pool.admin, "get_user", AccessToken=tokens["access_token"])
    assert (lacks[0], site.refusal()) == ("NotAuthorizedException", PoolCode.ACCESS_TOKEN_REFUSED)


def test_neither_codes_nor_passwords_are_in_the_journal(site: Site, browser: Browser) -> None:
    code = browser.code()
    tokens = site.token(code=code, code_verifier=VERIFIER).json
    written = str(site.lab.client.get("/journal")) + str(site.lab.client.get("/facts"))
    for secret in (
        code,
        PASSWORD,
        TEMPORARY,
        VERIFIER,
        *browser.cookies.values(),
        site.secretive["ClientSecret"],
    ):
        assert secret not in written
    for name in ("id_token", "access_token", "refresh_token"):
        assert tokens[name] not in written
