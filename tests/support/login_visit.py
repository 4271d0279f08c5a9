"""Sign in within the test's own process: the browser is a thread that opens the address it is told."""

import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sekisho.connect.login.flows import Way, by_browser
from sekisho.connect.login.login_request import LoginRequest, parse_login_request
from sekisho.connect.login.obtain import Place, obtain_id_token
from sekisho.connect.login.signed_in import SignedIn
from support.oauth_site import CLIENT, OAuthSite

Got = tuple[int, str]


@dataclass
class Visitor:
    """Does ``act`` in a thread with the address that it is told; ``told`` is all it was told."""

    act: Callable[[str], Any]
    told: list[str] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.told.append(text)
        _, found, url = text.partition("to sign in:\n")
        if found:
            thread = threading.Thread(target=lambda: self.results.append(self.act(url)))
            self.threads.append(thread)
            thread.start()

    def done(self) -> list[Any]:
        for thread in self.threads:
            thread.join(30)
        return self.results


def opened(url: str) -> Got:
    """Return status and page of ``url``, redirects followed."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def raw(port: int, request: bytes) -> bytes:
    """Return whatever the loopback port answers to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass  # it had not read all of what was sent
        return b"".join(parts)


def asked(url: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))


def back_port(url: str) -> int:
    """Return the port that an authorization request names to come back to."""
    port = urlsplit(asked(url)["redirect_uri"]).port
    assert port is not None
    return port


def request_of(site: OAuthSite, **more: Any) -> LoginRequest:
    given = {"issuer": site.issuer, "client_id": CLIENT, "listen": "0", "timeout": "30", **more}
    return parse_login_request(**given)


def sign_in(
    site: OAuthSite,
    folder: Path,
    visitor: Visitor | None = None,
    way: Way | None = None,
    *,
    fresh: bool = False,
    seconds: float = 10.0,
    client: int = 0,
    **more: Any,
) -> SignedIn:
    """Sign in at ``site``; the accounts are in ``folder``."""
    visiting = visitor or Visitor(opened)
    used = way or by_browser((), lambda url: url, visiting.tell)
    place = Place(folder, {}, seconds=seconds, client=client)
    try:
        return obtain_id_token(request_of(site, **more), lambda: used, place, visiting.tell, fresh=fresh)
    finally:
        visiting.done()


def http_get(port: int, target: str, host: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and page of one GET under a name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", target, headers={"host": host})
        got = connection.getresponse()
        headers = {name.lower(): value for name, value in got.getheaders()}
        return got.status, headers, got.read().decode()
    finally:
        connection.close()
