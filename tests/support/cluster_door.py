"""A cluster of a lab, asked without a client program: answers as JSON, and connections to upgrade."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from sekisho.testing import RunningLab

SECONDS = 60.0


@dataclass(frozen=True)
class ClusterDoor:
    """Where an API server listens, whom to trust and the token of the cluster's creator."""

    port: int
    trust: ssl.SSLContext
    token: str

    def ask(self, method: str, path: str, body: Any = None, user: str = "") -> tuple[int, Any]:
        """Return status and JSON body of one request, made as ``user`` if one is given."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        request.add_header("authorization", f"Bearer {self.token}")
        request.add_header("content-type", "application/json")
        if user:
            request.add_header("impersonate-user", user)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return answer.status, _document(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _document(error.read())

    def open(self, method: str, path: str, *headers: str) -> ssl.SSLSocket:
        """Send the head of a request for an upgrade and return the connection."""
        raw = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        connection = self.trust.wrap_socket(raw, server_hostname="127.0.0.1")
        lines = (
            f"{method} {path} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            f"authorization: Bearer {self.token}",
            "connection: Upgrade",
            *headers,
        )
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection


def door_of(lab: RunningLab, cluster: str) -> ClusterDoor:
    """Return the door of the cluster of this name."""
    status = lab.client.get("/status")
    found: Any = next(one for one in status["clusters"] if one["name"] == cluster)
    command = ["sekisho", "token", "--cluster-name", cluster, "--region", "ap-northeast-1"]
    done = lab.run(command, AWS_PROFILE="creator")
    assert done.returncode == 0, done.stderr
    token = json.loads(done.stdout)["status"]["token"]
    trust = ssl.create_default_context(cafile=str(lab.state.ca))
    return ClusterDoor(int(found["endpoint"].rpartition(":")[2]), trust, token)


def head_of(connection: ssl.SSLSocket) -> tuple[int, dict[str, str], bytes]:
    """Read the head of an answer: status, headers, and what came after it."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(4096)
        assert part, raw
        raw += part
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}, rest


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
