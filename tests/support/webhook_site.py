"""An admission webhook on loopback whose answers a test chooses by path."""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.https_site import certificate

Respond = Callable[[dict[str, Any]], Any]
"""The response to a request; an int is an HTTP status without one, None says nothing until the end."""


@dataclass
class WebhookSite:
    """``answers`` by path; ``asked`` are path, headers and review of what was asked."""

    authority: str
    answers: dict[str, Respond] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    release: threading.Event = field(default_factory=threading.Event)

    def client(self, path: str, **more: Any) -> dict[str, Any]:
        """Return the ``clientConfig`` for a path."""
        return {"url": f"https://localhost:{self.port}{path}", "caBundle": self.authority, **more}


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a response that patches."""
    return {
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(list(operations)).encode()).decode(),
    }


@contextmanager
def webhook_site(folder: Path) -> Iterator[WebhookSite]:
    """Serve until the end."""
    file = certificate(folder)
    public = file.read_text()
    public = public[public.index("-----BEGIN CERTIFICATE") :].partition("-----END CERTIFICATE-----")[0]
    pem = f"{public}-----END CERTIFICATE-----\n"
    site = WebhookSite(base64.b64encode(pem.encode()).decode())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["content-length"])))
            path = self.path.partition("?")[0]
            site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, review))
            answer = site.answers[path](review["request"])
            if answer is None:
                site.release.wait(30)
                self.close_connection = True
                return
            status = answer if isinstance(answer, int) else 200
            document = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview"}
            if isinstance(answer, dict):
                document["response"] = {"uid": review["request"]["uid"], "allowed": True, **answer}
            raw = answer if isinstance(answer, bytes) else json.dumps(document).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"https://localhost:{site.port}/elsewhere")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
