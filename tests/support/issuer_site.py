"""Issuers of id tokens on loopback over real TLS, in a thread: any number of them, one per path."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.https_site import certificate

Page = tuple[int, dict[str, str], bytes]


@dataclass
class IssuerSite:
    """``pages`` are answers by path; ``asked`` are the paths asked for, ``bearers`` the tokens shown."""

    authority: str
    port: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)

    def url(self, path: str = "") -> str:
        return f"https://localhost:{self.port}{path}"

    def issuer(self, name: str, *keys: dict[str, Any], described_at: str = "", **more: str) -> str:
        """Serve an issuer of ``keys`` under the path ``name`` and return its URL."""
        url = self.url(f"/{name}")
        path = described_at or f"/{name.rstrip('/')}/.well-known/openid-configuration"
        self.pages[path] = document({"issuer": url, "jwks_uri": f"{url}/keys", **more})
        self.pages[f"/{name}/keys"] = document({"keys": list(keys)})
        return url


def document(value: Any, **headers: str) -> Page:
    """Return a page of JSON."""
    return 200, {"content-type": "application/json", **headers}, json.dumps(value).encode()


@contextmanager
def issuer_site(folder: Path) -> Iterator[IssuerSite]:
    """Serve until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    file = certificate(folder)
    text = file.read_text()
    site = IssuerSite(text[text.index("-----BEGIN CERTIFICATE-----") :])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.bearers.append(self.headers.get("authorization", ""))
            status, headers, body = site.pages.get(self.path, (404, {}, b"{}"))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            del format, args

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # a server with many issuers discovers them all at once
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
