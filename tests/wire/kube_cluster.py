"""A Kubernetes API server on loopback that knows one ConfigMap, for the tests of clients."""

import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sekisho.connect.kube.cluster_aws_auth import COLLECTION, PATH

A = "111122223333"
ME = f"arn:aws:iam::{A}:user/me"
OPE = f"arn:aws:iam::{A}:user/eks-ope"
TOKEN = "k8s-aws-v1.dG9rZW4"
MINE = f"- userarn: {ME}\n  username: me\n"


@dataclass
class Cluster:
    """A server that keeps one ConfigMap; ``canned`` answers come first, ``asked`` is what arrived."""

    aws_auth: dict[str, Any] | None = None
    canned: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    release: threading.Event = field(default_factory=threading.Event)

    def answer(self, verb: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self.canned:
            return self.canned.pop(0)
        sent: dict[str, Any] = json.loads(body) if body else {}
        now = self.aws_auth
        if (verb, path) == ("GET", PATH):
            return (200, json.dumps(now).encode()) if now else status(404, "NotFound", "not there")
        if (verb, path) == ("POST", COLLECTION) and now is None:
            sent["metadata"]["resourceVersion"] = "1"
        elif (verb, path) == ("PUT", PATH) and now:
            version = now["metadata"]["resourceVersion"]
            if sent["metadata"].get("resourceVersion") != version:
                return status(409, "Conflict", "the object has been modified")
            sent["metadata"]["resourceVersion"] = str(int(version) + 1)
        else:
            return status(409, "AlreadyExists", "there already")
        self.aws_auth = sent
        return 200, json.dumps(sent).encode()


def status(code: int, reason: str, message: str) -> tuple[int, bytes]:
    body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
    return code, json.dumps(body).encode()


def config_map(**data: str) -> dict[str, Any]:
    metadata = {"name": "aws-auth", "namespace": "kube-system", "resourceVersion": "7", "uid": "u"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "labels": {"a": "b"}},
        "data": data,
    }


def certificate_file(folder: Path) -> Path:
    """Return a self-signed certificate for 127.0.0.1, without extensions that only strict clients want."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path = folder / "certificate"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving_cluster(pem: Path) -> Iterator[Cluster]:
    """Serve with the certificate ``pem``; its key lies beside it in ``key``."""
    state = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.asked.append((self.command, self.path, dict(self.headers), body))
            code, answer = state.answer(self.command, self.path, body)
            if code == 0:
                state.release.wait(10)  # says nothing until the test is over
                self.close_connection = True
                return
            self.send_response(code)
            self.send_header("Location", "https://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(OSError):  # the client may have left
                self.wfile.write(answer)

        do_GET = do_POST = do_PUT = reply  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, pem.parent / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as state.port:
        yield state
        state.release.set()
