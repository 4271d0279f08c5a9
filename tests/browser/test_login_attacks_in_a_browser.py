"""What a real browser enforces of the login pages: policy, frames, cookies, referrers, where it may go."""

import time
from urllib.parse import urlencode

import pytest

from sekisho.lab.idp.code import PoolCode
from support.boto_lab import last_refusal
from support.browser_page import Page, new_page
from support.devtools import Chromium
from support.login_world import DOMAIN, SECRET, USER, LoginWorld
from support.user_pools import PASSWORD

# What an injection would try: each has to be reported as a violation, and none to have happened.
INJECTIONS = {
    "an inline script": (
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'",
        "script-src",
    ),
    "a script from elsewhere": (
        "const s = document.createElement('script'); s.src = ELSEWHERE",
        "script-src",
    ),
    "an event handler": (
        "const s = document.createElement('img'); s.setAttribute('onerror', 'window.ran = 1')",
        "script-src",
    ),
    "an image": ("const s = document.createElement('img'); s.src = ELSEWHERE", "img-src"),
    "a style": (
        "const s = document.createElement('style'); s.textContent = 'body{display:none}'",
        "style-src",
    ),
    "a frame": ("const s = document.createElement('iframe'); s.src = ELSEWHERE", "frame-src"),
    "a base": ("const s = document.createElement('base'); s.href = ELSEWHERE", "base-uri"),
}


@pytest.mark.parametrize(("made", "directive"), INJECTIONS.values(), ids=INJECTIONS.keys())
def test_what_is_injected_does_nothing(world: LoginWorld, page: Page, made: str, directive: str) -> None:
    world.show_sign_in(page)
    before = len(world.app.visits)
    elsewhere = f'"{world.app.url("/stolen")}"'
    blocked = page.evaluate(
        "new Promise(told => { addEventListener('securitypolicyviolation', e => told(e.effectiveDirective));"
        f"{made.replace('ELSEWHERE', elsewhere)}; document.body.append(s); }})"
    )
    assert blocked.startswith(directive)
    assert page.evaluate("window.ran === undefined && getComputedStyle(document.body).display") == "block"
    assert world.app.visits[before:] == []


def test_a_form_that_was_turned_elsewhere_is_not_sent(world: LoginWorld, page: Page) -> None:
    world.show_sign_in(page)
    page.fill("textbox", SECRET, PASSWORD)
    before = len(world.app.visits)
    blocked = page.evaluate(
        "new Promise(told => { addEventListener('securitypolicyviolation', e => told(e.effectiveDirective));"
        f"const f = document.forms[0]; f.action = '{world.app.url('/x', '127.0.0.1')}'; f.submit() }})"
    )
    assert (blocked, world.app.visits[before:]) == ("form-action", [])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_page_frames_the_login_page(world: LoginWorld, page: Page, host: str) -> None:
    frame = f'<title>frame</title><iframe src="{world.local}/login?{urlencode(world.asking())}"></iframe>'
    world.app.pages["/frame"] = frame
    page.open(world.app.url("/frame", host))
    told = page.happened("Log.entryAdded", lambda one: "frame" in one["entry"]["text"].lower())
    assert "frame-ancestors 'none'" in told["entry"]["text"]


def test_the_code_is_told_to_nobody_but_the_application(world: LoginWorld, page: Page) -> None:
    before = len(world.app.visits)
    world.show_sign_in(page)
    world.sign_in(page)
    (visit,) = world.app.visits[before:]
    assert "referer" not in visit.headers
    assert page.evaluate("document.referrer") == ""
    sent = page.events("Network.requestWillBeSent")
    with_code = [one for one in sent if visit.query["code"] in one["request"]["url"]]
    assert {one["request"]["url"].partition("?")[0] for one in with_code} == {world.app.callback}
    for one in sent:
        assert PASSWORD not in one["request"]["url"]


def test_cookies_are_out_of_reach(world: LoginWorld, page: Page) -> None:
    world.show_sign_in(page)
    assert page.evaluate("document.cookie") == ""
    world.sign_in(page)
    cookies = page.cookies()
    port = world.local.rpartition(":")[2]
    assert set(cookies) == {f"XSRF-TOKEN-{port}", f"cognito-{port}"}
    for cookie in cookies.values():
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    session = cookies[f"cognito-{port}"]
    assert 0 < session["expires"] - time.time() <= 3601
    assert cookies[f"XSRF-TOKEN-{port}"]["session"] is True


def test_under_awss_own_name_the_cookies_are_bound_to_the_host(world: LoginWorld, browser: Chromium) -> None:
    proxy = world.lab.environment()["HTTPS_PROXY"]
    with new_page(browser, proxy) as page:
        page.trust_any_certificate()  # of the lab's authority, which the browser does not know
        page.open(world.authorize(DOMAIN))
        assert page.url.startswith(f"{DOMAIN}/login?")
        world.sign_in(page)
        assert page.title == "The application"
        cookies = page.cookies()
    assert set(cookies) == {"__Host-XSRF-TOKEN", "__Host-cognito"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/")
        assert not cookie["domain"].startswith(".")


@pytest.mark.parametrize("evil", ["https://evil.example.com", "//evil.example.com", "javascript:alert(1)"])
def test_the_browser_is_sent_nowhere_that_is_not_listed(world: LoginWorld, page: Page, evil: str) -> None:
    page.open(world.authorize(redirect_uri=evil))
    assert page.title == "Error: This request cannot be answered"
    assert "The app client does not list this redirect_uri" in page.text
    assert page.elements("link") == page.elements("button") == []
    page.open(f"{world.local}/logout?{urlencode({'client_id': world.client, 'logout_uri': evil})}")
    assert page.title == "Error: This request cannot be answered"
    assert page.url.startswith(world.local)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_form_of_another_page_signs_nobody_in(world: LoginWorld, page: Page, host: str) -> None:
    fields = "".join(
        f'<input name="{name}" value="{value}">'
        for name, value in (("username", USER), ("password", PASSWORD), ("_csrf", "guess"))
    )
    target = f"{world.local}/login?{urlencode(world.asking())}"
    world.app.pages["/forged"] = (
        f"<form method=post action='{target}'>{fields}<button>Win a prize</button></form>"
    )
    world.show_sign_in(page)  # so that the browser has the cookie
    before = len(world.app.came_back())
    page.open(world.app.url("/forged", host))
    with page.leaving():
        page.click("button", "Win a prize")
    assert page.title == "Error: Sign in once more"
    assert last_refusal(world.lab)["code"] == PoolCode.CSRF
    assert len(world.app.came_back()) == before
