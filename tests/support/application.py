"""An application that people sign in to: the address that the browser comes back to, and what it brings.

It answers under ``localhost`` and under ``127.0.0.1``, two sites to a browser; ``pages`` are further pages of
it, for tests in which the application is the one who attacks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Application:
    """A running application; see `application`."""

    port: int
    visits: list[Visit] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def callback(self) -> str:
        """The redirect URI."""
        return f"http://localhost:{self.port}/callback"

    def url(self, path: str, host: str = "localhost") -> str:
        """Return the address of a page."""
        return f"http://{host}:{self.port}{path}"

    def came_back(self) -> list[Visit]:
        """Return the visits at the redirect URI."""
        return [visit for visit in self.visits if visit.path == "/callback"]


@contextmanager
def application() -> Iterator[Application]:
    """Serve an application on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            if url.path != "/favicon.ico":
                found.visits.append(Visit(url.path, dict(parse_qsl(url.query)), headers))
            page = found.pages.get(url.path, "<title>The application</title><h1>Welcome</h1>")
            body = f"<!doctype html><html lang=en>{page}".encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Application(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
