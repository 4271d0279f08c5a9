"""Bytes to the doors of a running lab, and bytes back: what no well-behaved client would send.

Real sockets and real TLS against the lab's own authority; nothing but loopback is ever dialled.
"""

import base64
import configparser
import contextlib
import json
import re
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.sign import presign, sign_headers, url_of
from sekisho.decide.values import Instant, Secret
from sekisho.testing import RunningLab

SECONDS = 20.0
REGION = "ap-northeast-1"
STS = f"sts.{REGION}.amazonaws.com"
CLUSTER = "eks-clu"
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``status`` 0 where the other side closed without one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Target:
    """A door: a port of loopback with TLS for ``name`` (empty: no TLS), reached through ``proxy`` if any."""

    port: int
    name: str = ""
    proxy: int = 0


@dataclass(frozen=True, slots=True)
class Doors:
    """Every door of one running lab; ``log_start`` is where its log ended when the test began."""

    lab: RunningLab
    log_start: int = 0

    @classmethod
    def of(cls, lab: RunningLab) -> Self:
        """Return the doors of a lab for one test."""
        return cls(lab, lab.state.log.stat().st_size)

    @property
    def second(self) -> Target:
        """AWS's second door (``AWS_ENDPOINT_URL``)."""
        return Target(_port(self.lab.status["awsEndpoint"]), "127.0.0.1")

    @property
    def cluster(self) -> Target:
        """The Kubernetes API of the default world's cluster."""
        return Target(_port(self.lab.status["clusters"][0]["endpoint"]), "127.0.0.1")

    @property
    def proxy(self) -> Target:
        """The CONNECT proxy itself, without TLS."""
        return Target(_port(self.lab.status["proxy"]))

    def aws(self, host: str) -> Target:
        """Return the front door under one of AWS's own names."""
        return Target(443, host, self.proxy.port)

    def keys(self, profile: str = "default") -> SigningKeys:
        """Return the access key of a profile of the lab's shells."""
        return profile_keys(self.lab, profile)

    def send(self, target: Target, data: bytes, *, then_close: bool = False) -> Answer:
        """Send ``data`` as it is and return the first answer."""
        with self.connected(target) as connection:
            return exchange(connection, data, then_close=then_close)

    @contextlib.contextmanager
    def connected(self, target: Target) -> Iterator[socket.socket]:
        """Open a connection to a door."""
        with socket.create_connection(("127.0.0.1", target.proxy or target.port), SECONDS) as plain:
            if target.proxy:
                plain.sendall(f"CONNECT {target.name}:{target.port} HTTP/1.1\r\n\r\n".encode())
                head = _read_head(plain)
                assert head.startswith(b"HTTP/1.1 200"), head
            if not target.name:
                yield plain
                return
            context = ssl.create_default_context(cafile=str(self.lab.state.ca))
            with context.wrap_socket(plain, server_hostname=target.name) as secured:
                yield secured

    def control(self, data: bytes) -> Answer:
        """Send ``data`` to the control socket as it is."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(self.lab.state.socket))
            return exchange(connection, data)

    def ask(self, target: Target, request: HttpRequest) -> Answer:
        """Send a request; its headers are sent as they are."""
        return self.send(target, rendered(request))

    def kube(
        self,
        method: str,
        path: str,
        token: str = "",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        host: str = "",
    ) -> Answer:
        """Ask the cluster."""
        path, _, query = path.partition("?")
        own = [("host", host or f"127.0.0.1:{self.cluster.port}")]
        own += [("authorization", f"Bearer {token}")] if token else []
        own += [("content-type", "application/json")] if body and not headers else []
        lines = [*own, *headers]
        target = f"{path}?{query}" if query else path
        return self.send(self.cluster, render(method, target, lines, body))

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal, oldest first."""
        entries: list[dict[str, Any]] = self.lab.client.get("/journal")
        return entries

    def noted(self, agent: str) -> dict[str, Any]:
        """Return the newest entry of a client that calls itself ``agent``."""
        found = [entry for entry in self.journal() if entry["client"] == agent]
        assert found, f"the journal has no entry of {agent}"
        return found[-1]

    def counts(self, surface: str, target: str) -> dict[str, int]:
        """Return how many requests have come to each code of a door, for those that name no client."""
        found: dict[str, int] = {}
        for entry in self.journal():
            if (entry["surface"], entry["target"], entry["client"]) == (surface, target, ""):
                code = f"{entry['status']} {entry['code']}"
                found[code] = found.get(code, 0) + int(entry["requests"])
        return found

    def assert_no_traceback(self) -> None:
        """Assert that nothing the lab was sent made it stumble."""
        log = self.lab.state.log.read_bytes()[self.log_start :].decode("utf-8", "replace")
        assert "Traceback" not in log, log[-4_000:]


def profile_keys(lab: RunningLab, profile: str) -> SigningKeys:
    """Return the access key of a profile in the lab's credentials file."""
    parser = configparser.RawConfigParser()
    parser.read(lab.state.aws_credentials)
    section = parser[profile]
    return SigningKeys(section["aws_access_key_id"], Secret(section["aws_secret_access_key"]))


def agent() -> str:
    """Return a User-Agent that nobody else has: it finds a request in the journal."""
    return f"hostile/{secrets.token_hex(8)}"


def now() -> Instant:
    """Return the present moment in whole seconds, as signatures have it."""
    return Instant.from_epoch(int(time.time()))


def sts_request(host: str = STS, body: bytes = WHO, client: str = "hostile") -> HttpRequest:
    """Return an unsigned GetCallerIdentity."""
    return HttpRequest("POST", "/", "", (("host", host), FORM, ("user-agent", client)), body)


def signed(
    request: HttpRequest, keys: SigningKeys, *, service: str = "sts", region: str = REGION
) -> HttpRequest:
    """Return a request signed now."""
    return sign_headers(request, keys, now(), region=region, service=service)


def token_url(
    keys: SigningKeys,
    *,
    cluster: str = CLUSTER,
    host: str = STS,
    region: str = REGION,
    age: timedelta = timedelta(0),
) -> str:
    """Return the presigned URL inside a token."""
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    request = HttpRequest("GET", "/", query, (("host", host), ("x-k8s-aws-id", cluster)))
    return url_of(presign(request, keys, now() + -age, region=region, service="sts"))


def token_of(url: str) -> str:
    """Return the token that holds a URL."""
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def render(method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return an HTTP/1.1 request; the connection ends with its answer."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    named = {name for name, _ in headers}
    if body and not named & {"content-length", "transfer-encoding"}:
        lines.append(f"content-length: {len(body)}")
    lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def rendered(request: HttpRequest) -> bytes:
    """Return a request's bytes."""
    target = request.path + (f"?{request.query}" if request.query else "")
    return render(request.method, target, list(request.headers), request.body)


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    """Return a request with one header replaced or added after it was signed."""
    kept = tuple((found, old) for found, old in request.headers if found != name)
    return replace(request, headers=(*kept, (name, value)))


def exchange(connection: socket.socket, data: bytes, *, then_close: bool = False) -> Answer:
    """Send and read one answer; a side that hangs up early is an answer too."""
    connection.settimeout(SECONDS)
    received = b""
    try:
        connection.sendall(data)
        if then_close and not isinstance(connection, ssl.SSLSocket):
            connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # refused while we were still sending: what was answered is read below
    with contextlib.suppress(OSError):
        while part := connection.recv(65_536):
            received += part
            if (whole := parsed(received)) is not None:
                return whole
    return parsed(received, ended=True) or Answer(0, {}, received)


def parsed(received: bytes, *, ended: bool = False) -> Answer | None:
    """Return the answer in ``received``; None while it is not whole."""
    head, separator, body = received.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if not separator or found is None:
        return None
    headers = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length")
    is_tunnel = found[1] == b"200" and "content-type" not in headers
    if not ended and not is_tunnel and (length is None or len(body) < int(length)):
        return None
    return Answer(int(found[1]), headers, body)


def kube_status(answer: Answer) -> dict[str, Any]:
    """Return the Status of a Kubernetes refusal."""
    document: dict[str, Any] = json.loads(answer.body)
    assert document["kind"] == "Status", document
    return document


def _read_head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(4_096)
        if not part:
            break
        received += part
    return received


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
