"""An authorization server on loopback for tests: codes with PKCE, refresh tokens, devices, passwords.

It keeps the rules of RFC 6749, 7636, 7009 and 8628 as far as a client can notice, signs in whoever comes, and
misbehaves where a test tells it to.
"""

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from support.https_site import certificate
from support.jwt import KEY_ID, encoded, rsa_jwk, rsa_key, signed

CLIENT = "kube"
Form = dict[str, str]
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class OAuthSite:
    """The server and its switches.

    ``described`` overrides members of the discovery document, ``claims`` and ``header`` those of id tokens
    (None removes), ``answered`` parameters of authorization responses. ``token_answer`` stands in for the
    token endpoint, ``before_token`` and ``before_visit`` are called first.
    """

    issuer: str = ""
    authority: str = ""
    secret: str | None = None
    described: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answered: dict[str, str | None] = field(default_factory=dict)
    rotates: bool = True
    lifetime: int = 3600
    checks_pkce: bool = True
    pending: list[str] = field(default_factory=list)
    """What polling for a device is answered before it succeeds."""
    token_answer: Callable[[Form], Answer] | None = None
    before_token: Callable[[], object] | None = None
    before_visit: Callable[[], object] | None = None
    codes: dict[str, Form] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    forms: list[tuple[str, Form]] = field(default_factory=list)
    visits: list[Form] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything and behave again; where the server is stays."""
        fresh = OAuthSite(self.issuer, self.authority)
        for name in fresh.__dataclass_fields__:
            setattr(self, name, getattr(fresh, name))

    def new_code(self, given: Form) -> str:
        """Return a code that answers an authorization request."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = given
        return code

    def id_token(self, nonce: str | None, access_token: str = "") -> str:
        """Return an id token of now."""
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "u-1",
            "aud": CLIENT,
            "exp": now + self.lifetime,
            "iat": now,
            "email": "k@example.com",
            "at_hash": encoded(half),
            "nonce": nonce,
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return signed(told, **{"algorithm": "RS256", **self.header})

    def of_kind(self, path: str) -> list[Form]:
        """Return the forms that were sent to an endpoint."""
        return [form for asked, form in self.forms if asked == path]

    def tokens(self, nonce: str | None, *, renews: bool = True) -> Form:
        """Return a successful answer."""
        access = secrets.token_urlsafe(16)
        told = {"token_type": "Bearer", "access_token": access, "id_token": self.id_token(nonce, access)}
        if renews:
            told["refresh_token"] = secrets.token_urlsafe(16)
            self.refresh_tokens.add(told["refresh_token"])
        return told


def answer(status: int, value: Any) -> Answer:
    """Return JSON."""
    return status, {"content-type": "application/json"}, json.dumps(value).encode()


def _refusal(error: str) -> Answer:
    return answer(400, {"error": error, "error_description": "told by the test"})


def _discovery(site: OAuthSite) -> Answer:
    told = {
        "issuer": site.issuer,
        "authorization_endpoint": f"{site.issuer}/authorize",
        "token_endpoint": f"{site.issuer}/token",
        "jwks_uri": f"{site.issuer}/keys",
        "device_authorization_endpoint": f"{site.issuer}/device",
        "revocation_endpoint": f"{site.issuer}/revoke",
        "end_session_endpoint": f"{site.issuer}/end",
        "grant_types_supported": ["authorization_code", "refresh_token", "password"],
        **site.described,
    }
    return answer(200, {name: value for name, value in told.items() if value is not None})


def _authorized(site: OAuthSite, given: Form) -> Answer:
    site.visits.append(given)
    if site.before_visit is not None:
        site.before_visit()
    told = {"code": site.new_code(given), "state": given["state"], "iss": site.issuer, **site.answered}
    query = urlencode({name: value for name, value in told.items() if value is not None})
    return 302, {"location": f"{given['redirect_uri']}?{query}"}, b""


def _token(site: OAuthSite, form: Form) -> Answer:
    if site.before_token is not None:
        site.before_token()
    if site.token_answer is not None:
        return site.token_answer(form)
    if form.get("client_id") != CLIENT or form.get("client_secret") != site.secret:
        return answer(401, {"error": "invalid_client"})
    match form.get("grant_type"):
        case "authorization_code":
            asked = site.codes.pop(form["code"], None)
            proof = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
            if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
                return _refusal("invalid_grant")
            if site.checks_pkce and asked["code_challenge"] != challenge:
                return _refusal("invalid_grant")
            return answer(200, site.tokens(asked["nonce"]))
        case "refresh_token":
            if form["refresh_token"] not in site.refresh_tokens:
                return _refusal("invalid_grant")
            if site.rotates:
                site.refresh_tokens.discard(form["refresh_token"])
            return answer(200, site.tokens(None, renews=site.rotates))
        case "password":
            right = (form["username"], form["password"]) == ("k", "right")
            return answer(200, site.tokens(None)) if right else _refusal("invalid_grant")
        case "urn:ietf:params:oauth:grant-type:device_code":
            return _refusal(site.pending.pop(0)) if site.pending else answer(200, site.tokens(None))
        case _:
            return _refusal("unsupported_grant_type")


def _device(site: OAuthSite) -> Answer:
    told = {"device_code": "d-1", "user_code": "WDJB-MJHT", "expires_in": 600, "interval": 1}
    return answer(200, {**told, "verification_uri": f"{site.issuer}/activate"})


def _respond(site: OAuthSite, path: str, query: Form, form: Form) -> Answer:
    match path:
        case "/.well-known/openid-configuration":
            return _discovery(site)
        case "/keys":
            return answer(200, {"keys": [rsa_jwk(rsa_key(), kid=KEY_ID, use="sig")]})
        case "/authorize":
            return _authorized(site, query)
        case "/token":
            return _token(site, form)
        case "/device":
            return _device(site)
        case "/revoke":
            site.refresh_tokens.discard(form["token"])
            return 200, {}, b""
        case _:
            return 404, {}, b""


@contextmanager
def oauth_site(folder: Path | None = None) -> Iterator[OAuthSite]:
    """Serve until the end of the block: over TLS with a certificate in ``folder``, else in plain HTTP."""
    site = OAuthSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            scheme, _, pair = (self.headers.get("authorization") or "").partition(" ")
            if scheme == "Basic":
                name, _, secret = base64.b64decode(pair).decode().partition(":")
                form |= {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}
            site.forms.append((self.path, form))
            self._answer(form)

        def _answer(self, form: Form) -> None:
            place = urlsplit(self.path)
            status, headers, body = _respond(site, place.path, dict(parse_qsl(place.query)), form)
            try:
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # a client that had enough

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            del format, args

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = certificate(folder)
        text = file.read_text()
        site.authority = text[text.index("-----BEGIN CERTIFICATE-----") :]
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(file)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https"
    site.issuer = f"{scheme}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
