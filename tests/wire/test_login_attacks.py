"""Signing in while somebody interferes: on the loopback port, in the browser, and as an issuer."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.refusal import LoginRefused
from sekisho.decide.values import SekishoInputError
from support.jwt import rsa_key
from support.login_visit import Visitor, asked, back_port, http_get, opened, raw, sign_in
from support.oauth_site import CLIENT, Answer, Form, OAuthSite, answer, oauth_site


@pytest.fixture(scope="module")
def shared() -> Iterator[OAuthSite]:
    with oauth_site() as found:
        yield found


@pytest.fixture
def site(shared: OAuthSite) -> OAuthSite:
    shared.reset()
    return shared


# --- the loopback port


def request(method: str, target: str, host: str, *more: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *more, "", ""]).encode()


def attacks(port: int, state: str) -> dict[str, tuple[bytes, int]]:
    own = f"localhost:{port}"
    good = f"/?code=evil&state={state}"
    return {
        "no state": (request("GET", "/?code=evil", own), 400),
        "another state": (request("GET", "/?code=evil&state=x", own), 400),
        "an empty state": (request("GET", "/?code=evil&state=", own), 400),
        "the state twice": (request("GET", f"{good}&state={state}", own), 400),
        "the code twice": (request("GET", f"{good}&code=other", own), 400),
        "an error without state": (request("GET", "/?error=access_denied", own), 400),
        "too many parameters": (request("GET", good + "&a=b" * 30, own), 400),
        "not UTF-8": (request("GET", f"{good}&x=%ff", own), 400),
        "another host name (DNS rebinding)": (request("GET", good, f"evil.example.com:{port}"), 421),
        "a host name without the port": (request("GET", good, "localhost"), 421),
        "the address for the name": (request("GET", good, f"127.0.0.1:{port}"), 421),
        "two host names": (request("GET", good, own, "Host: evil.example.com"), 421),
        "no host name": (f"GET {good} HTTP/1.1\r\n\r\n".encode(), 421),
        "a page that posts": (request("POST", good, own, "Content-Length: 0"), 405),
        "a preflight": (request("OPTIONS", good, own, "Origin: https://evil.example.com"), 405),
        "HEAD": (request("HEAD", good, own), 405),
        "another path": (request("GET", f"/favicon.ico?code=evil&state={state}", own), 404),
        "an absolute address": (request("GET", f"http://{own}{good}", own), 404),
        "a place to go on to": (
            request("GET", "//evil.example.com/?to=https://evil.example.com", own),
            404,
        ),
        "no request": (b"\x16\x03\x01 garbage\r\n\r\n", 400),
        "an oversized header": (request("GET", "/", own, "X: " + "a" * 40_000), 431),
        "an oversized query": (request("GET", good + "&x=" + "a" * 20_000, own), 400),
    }


def test_nothing_but_the_answer_ends_a_sign_in(site: OAuthSite, tmp_path: Path) -> None:
    found: dict[str, tuple[bytes, int]] = {}

    def act(url: str) -> None:
        for name, (sent, status) in attacks(back_port(url), asked(url)["state"]).items():
            found[name] = (raw(back_port(url), sent), status)
        opened(url)

    done = sign_in(site, tmp_path, Visitor(act))
    assert done.who == "k@example.com"
    told = {name: got.split(b"\r\n")[0].split(b" ")[1:2] for name, (got, _) in found.items()}
    assert told == {name: [str(status).encode()] for name, (_, status) in found.items()}
    for name, (got, _) in found.items():
        head = got.partition(b"\r\n\r\n")[0].lower()
        assert b"location:" not in head, name
        assert b"evil" not in got, name
        assert b"access-control" not in head, name
    assert [form["code"] for form in site.of_kind("/token") if form["code"] == "evil"] == []


def test_an_answer_counts_once(site: OAuthSite, tmp_path: Path) -> None:
    second: list[tuple[int, dict[str, str], str]] = []
    heard: list[str] = []

    def again() -> None:
        url = heard[0]
        target = "/?" + urlencode({"code": "evil", "state": asked(url)["state"], "iss": site.issuer})
        second.append(http_get(back_port(url), target, f"localhost:{back_port(url)}"))

    def act(url: str) -> Any:
        heard.append(url)
        return opened(url)

    site.before_token = again
    visitor = Visitor(act)
    assert sign_in(site, tmp_path, visitor).who == "k@example.com"
    assert second[0][0] == 400
    assert "answered already" in second[0][2]
    ((status, page),) = visitor.results
    assert status == 200
    assert f"{site.issuer} knows you as k@example.com." in page


def test_the_page_keeps_to_itself(site: OAuthSite, tmp_path: Path) -> None:
    got: list[tuple[int, dict[str, str], str]] = []

    def act(url: str) -> None:
        error = {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        target = "/?" + urlencode({**error, "iss": site.issuer, "state": asked(url)["state"]})
        got.append(http_get(back_port(url), target, f"localhost:{back_port(url)}"))

    with pytest.raises(LoginRefused, match="access_denied"):
        sign_in(site, tmp_path, Visitor(act))
    ((status, headers, page),) = got
    assert status == 400
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'none'; frame-ancestors 'none'; base-uri 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "prefers-color-scheme: dark" in page


def test_ports_that_others_hold_are_passed_over(site: OAuthSite, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        ports = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(EnvironmentFailure, match="in use by another program"):
            sign_in(site, tmp_path, listen=str(ports[0]))
        assert sign_in(site, tmp_path, listen=f"{ports[0]},{ports[1]}").who == "k@example.com"
    assert site.visits[0]["redirect_uri"] == f"http://localhost:{ports[1]}"


def test_nobody_comes(site: OAuthSite, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="nobody signed in within 1 s"):
        sign_in(site, tmp_path, Visitor(lambda _: None), timeout="1")


# --- the answer of the authorization endpoint


@pytest.mark.parametrize(
    ("described", "answered", "problem"),
    [
        ({}, {"iss": "https://other.example.com"}, "another issuer"),
        ({}, {"iss": ""}, "another issuer"),
        ({"authorization_response_iss_parameter_supported": True}, {"iss": None}, "which issuer"),
        ({}, {"code": None}, "no code"),
        ({}, {"code": None, "error": "access_denied"}, "access_denied"),
        ({}, {"error": "server_error"}, "server_error"),
    ],
    ids=["another issuer", "no issuer's name", "iss left out", "no code", "denied", "code and error"],
)
def test_answers_that_end_it(
    site: OAuthSite, tmp_path: Path, described: Form, answered: dict[str, str | None], problem: str
) -> None:
    site.described, site.answered = dict(described), answered
    visitor = Visitor(opened)
    with pytest.raises(LoginRefused, match=problem):
        sign_in(site, tmp_path, visitor)
    assert site.of_kind("/token") == []
    ((status, page),) = visitor.results
    assert (status, "You are not signed in" in page) == (400, True)


def test_an_issuer_that_does_not_name_itself_is_taken(site: OAuthSite, tmp_path: Path) -> None:
    site.answered = {"iss": None}
    assert sign_in(site, tmp_path).who == "k@example.com"


def injected(site: OAuthSite) -> str:
    """Return a code that the attacker was given for a request of their own."""
    return site.new_code({"redirect_uri": "?", "code_challenge": "theirs", "nonce": "theirs"})


def injecting(site: OAuthSite) -> Callable[[str], Any]:
    def act(url: str) -> Any:
        code = injected(site)
        site.codes[code]["redirect_uri"] = asked(url)["redirect_uri"]
        site.answered = {"code": code}
        return opened(url)

    return act


def test_a_code_of_another_sign_in_lacks_our_proof(site: OAuthSite, tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="invalid_grant"):
        sign_in(site, tmp_path, Visitor(injecting(site)))


def test_and_where_the_issuer_does_not_check_it_our_nonce(site: OAuthSite, tmp_path: Path) -> None:
    site.checks_pkce = False
    with pytest.raises(LoginRefused, match="nonce of the id token is another's"):
        sign_in(site, tmp_path, Visitor(injecting(site)))


def test_a_code_that_was_used_is_refused_by_the_issuer(site: OAuthSite, tmp_path: Path) -> None:
    sign_in(site, tmp_path)
    site.answered = {"code": site.of_kind("/token")[0]["code"]}
    with pytest.raises(LoginRefused, match="invalid_grant"):
        sign_in(site, tmp_path, fresh=True)


# --- the token


TOKENS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://other.example.com"}, {}, "oidc.issuer|is of the issuer"),
    "another audience": ({"aud": "other"}, {}, "the token is for"),
    "expired": ({"exp": 1}, {}, "expired"),
    "without an end": ({"exp": None}, {}, "has no `exp`"),
    "not yet valid": ({"nbf": 4_000_000_000}, {}, "holds from"),
    "without a subject": ({"sub": None}, {}, "has no claim `sub`"),
    "another nonce": ({"nonce": "x"}, {}, "nonce of the id token is another's"),
    "no nonce": ({"nonce": None}, {}, "has no nonce"),
    "issued to another client": ({"azp": "other"}, {}, r"another client \(azp\)"),
    "several audiences": ({"aud": [CLIENT, "other"]}, {}, "several audiences"),
    "another access token": ({"at_hash": "x"}, {}, "at_hash"),
    "another key": ({}, {"key": rsa_key(2048, 1)}, "not signed by a key"),
    "an unknown key": ({}, {"kid": "nobody"}, "not signed by a key"),
    "an algorithm that is not announced": ({}, {"algorithm": "RS512"}, "signed by RS512"),
}


@pytest.mark.parametrize(("claims", "header", "problem"), TOKENS.values(), ids=TOKENS.keys())
def test_id_tokens_that_are_not_believed(
    site: OAuthSite, tmp_path: Path, claims: dict[str, Any], header: dict[str, Any], problem: str
) -> None:
    site.claims, site.header = claims, header
    visitor = Visitor(opened)
    with pytest.raises(LoginRefused, match=problem):
        sign_in(site, tmp_path, visitor)
    assert visitor.results[0][0] == 400
    assert list(tmp_path.glob("*.json")) == []


def test_an_audience_beside_others_is_taken_with_azp(site: OAuthSite, tmp_path: Path) -> None:
    site.claims = {"aud": [CLIENT, "other"], "azp": CLIENT}
    assert sign_in(site, tmp_path).token.subject == "u-1"


# --- the token endpoint


def _slow(_: Form) -> Answer:
    time.sleep(3)  # the misbehaviour itself: nothing waits for it
    return answer(200, {})


ENDPOINTS: dict[str, tuple[Callable[[Form], Answer], str]] = {
    "slow": (_slow, "no answer within 1 seconds"),
    "huge": (lambda _: (200, {}, b" " * 2_000_000), "longer than 262144 bytes"),
    "elsewhere": (lambda _: (307, {"location": "http://localhost:1/token"}, b""), "redirect, which is not"),
    "no JSON": (lambda _: (200, {}, b"<html>\xff"), "is not JSON"),
    "JSON, not an object": (lambda _: answer(200, ["id_token"]), "no JSON object"),
    "twice the same member": (lambda _: (200, {}, b'{"id_token":"a","id_token":"b"}'), "is not JSON"),
    "deep": (lambda _: (200, {}, b"[" * 100_000), "is not JSON"),
    "a bomb": (
        lambda _: (200, {"content-encoding": "gzip"}, gzip.compress(b" " * 50_000_000)),
        "compresses its answer",
    ),
    "broken": (lambda _: (503, {}, b""), "status 503"),
    "throttled": (lambda _: answer(429, {"error": "slow_down"}), "status 429"),
    "no HTTP": (lambda _: (200, {"x\r\ny z": "1"}, b"{}"), "could not be asked|not JSON|no id token"),
    "no error": (lambda _: answer(400, {}), "no error"),
    "cut off": (lambda _: (200, {"content-length": "500"}, b"{}"), "could not be asked"),
    "a token that is a number": (lambda _: answer(200, {"id_token": 1}), "is no token"),
    "a token beyond measure": (lambda _: answer(200, {"id_token": "a" * 30_000}), "is no token, or longer"),
}


@pytest.mark.parametrize(("stands_in", "problem"), ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_token_endpoints_that_fail(
    site: OAuthSite, tmp_path: Path, stands_in: Callable[[Form], Answer], problem: str
) -> None:
    site.token_answer = stands_in
    seconds = 1.0 if stands_in is _slow else 10.0
    with pytest.raises((EnvironmentFailure, LoginRefused), match=problem) as caught:
        sign_in(site, tmp_path, seconds=seconds)
    assert site.of_kind("/token")[0]["code"] not in str(caught.value)


def test_an_answer_without_an_id_token_is_a_refusal(site: OAuthSite, tmp_path: Path) -> None:
    site.token_answer = lambda _: answer(200, {"access_token": "a"})
    with pytest.raises(LoginRefused, match="no id token"):
        sign_in(site, tmp_path)


# --- discovery


DISCOVERY: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": ({"issuer": "https://other.example.com"}, "about another issuer"),
    "of nobody": ({"issuer": None}, "names no issuer"),
    "without keys": ({"jwks_uri": None}, "no usable `jwks_uri`"),
    "a page over an open line": (
        {"authorization_endpoint": "http://example.com/a"},
        "authorization_endpoint",
    ),
    "tokens over an open line": ({"token_endpoint": "http://example.com/t"}, "token_endpoint"),
    "tokens as a file": ({"token_endpoint": "file:///etc/passwd"}, "token_endpoint"),
    "a page that is a script": ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
    "a page that is an option": ({"authorization_endpoint": "--new-window"}, "authorization_endpoint"),
    "a page with a command": ({"authorization_endpoint": "https://a/`id`"}, "authorization_endpoint"),
    "a password in an address": ({"token_endpoint": "https://a:b@example.com/"}, "token_endpoint"),
    "revocation as a number": ({"revocation_endpoint": 1}, "revocation_endpoint"),
    "the credentials of the machine": ({"jwks_uri": "https://169.254.169.254/keys"}, "never asked"),
}


@pytest.mark.parametrize(("described", "problem"), DISCOVERY.values(), ids=DISCOVERY.keys())
def test_descriptions_that_are_not_believed(
    site: OAuthSite, tmp_path: Path, described: dict[str, Any], problem: str
) -> None:
    site.described = described
    with pytest.raises(EnvironmentFailure, match=problem):
        sign_in(site, tmp_path)


@pytest.mark.parametrize(
    "issuer",
    ["http://issuer.example.com", "http://localhost.example.com", "http://127.0.0.2", "ftp://localhost", "x"],
)
def test_issuers_without_tls_elsewhere_are_refused(site: OAuthSite, tmp_path: Path, issuer: str) -> None:
    with pytest.raises(SekishoInputError, match="--issuer"):
        sign_in(site, tmp_path, issuer=issuer)


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with oauth_site(tmp_path / "one") as site, oauth_site(tmp_path / "other") as other:
        for authority in ("", other.authority):
            with pytest.raises(EnvironmentFailure, match="the certificate is not trusted"):
                sign_in(site, tmp_path / "accounts", certificate_authority=authority)
        assert site.visits == []


def test_the_address_in_the_place_of_the_name(site: OAuthSite, tmp_path: Path) -> None:
    done = sign_in(site, tmp_path, redirect_host="127.0.0.1", redirect_path="/callback")
    assert done.who == "k@example.com"
    back = site.visits[0]["redirect_uri"]
    assert (back.startswith("http://127.0.0.1:"), back.endswith("/callback")) == (True, True)


def test_nobody_at_home(site: OAuthSite, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="could not be asked"):
        sign_in(site, tmp_path, issuer="http://127.0.0.1:1")
