"""Streams of pods without kubectl: the Python client, every protocol, and clients that mean harm."""

import base64
import gc
import json
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as kube
from kubernetes.stream import portforward, stream

from sekisho.wire.kube.streams.spdy_dictionary import DICTIONARY
from support.cluster_door import ClusterDoor, door_of, head_of
from support.streaming_lab import NODE, StreamingLab, streaming_lab
from support.webhook_site import patch, webhook_site

SECONDS = 60.0
PODS = "/api/v1/namespaces/default/pods"
KEY = base64.b64encode(bytes(16)).decode()
WEBSOCKET = ("upgrade: websocket", "sec-websocket-version: 13", f"sec-websocket-key: {KEY}")
SPDY = ("upgrade: SPDY/3.1", "content-length: 0")
CAT = f"{PODS}/web/exec?command=cat&stdin=1&stdout=1"


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamingLab]:
    with streaming_lab(tmp_path_factory.mktemp("streams")) as running:
        yield running


@pytest.fixture(scope="module")
def door(streaming: StreamingLab) -> ClusterDoor:
    found = door_of(streaming.lab, "eks-clu")
    for name in ("web", "stopped"):
        spec = {"nodeName": NODE, "containers": [{"name": "main", "image": "local"}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        assert found.ask("POST", PODS, body)[0] == 201
    return found


LEFT_OPEN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The Python client leaves sockets of ended streams to the garbage collector."""


@pytest.fixture
def api(door: ClusterDoor, streaming: StreamingLab) -> Iterator[kube.CoreV1Api]:
    configuration = kube.Configuration()
    configuration.host = f"https://127.0.0.1:{door.port}"
    configuration.ssl_ca_cert = str(streaming.lab.state.ca)
    configuration.api_key = {"authorization": f"Bearer {door.token}"}
    configuration.no_proxy = "127.0.0.1"
    client = kube.ApiClient(configuration)
    yield kube.CoreV1Api(client)
    client.rest_client.pool_manager.clear()  # the client leaves its connections open otherwise
    gc.collect()  # here, and not in a later test


def message(data: bytes, opcode: int = 2, *, fin: bool = True, masked: bool = True) -> bytes:
    """Return one WebSocket frame as a client sends it."""
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    if size >= 1 << 16:
        length = b"\x7f" + size.to_bytes(8, "big")
    first = bytes([opcode | (0x80 if fin else 0)])
    if not masked:
        return first + length + data
    return first + bytes([length[0] | 0x80]) + length[1:] + bytes(4) + data


def messages(connection: socket.socket, rest: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """Yield the frames of the server, the last of which is its close frame."""
    connection.settimeout(SECONDS)
    buffer = rest
    while True:
        if len(buffer) >= 2:
            size, at = buffer[1], 2
            if size == 126:
                size, at = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(buffer[2:10], "big"), 10
            if len(buffer) >= at + size and (buffer[1] < 126 or len(buffer) >= at):
                yield buffer[0] & 15, buffer[at : at + size]
                if buffer[0] & 15 == 8:
                    return
                buffer = buffer[at + size :]
                continue
        part = connection.recv(65_536)
        if not part:
            return
        buffer += part


def close_code(connection: socket.socket, rest: bytes = b"") -> int:
    codes = [int.from_bytes(data[:2], "big") for opcode, data in messages(connection, rest) if opcode == 8]
    assert len(codes) == 1
    return codes[0]


def opened(door: ClusterDoor, path: str, protocol: str) -> tuple[Any, bytes]:
    connection = door.open("GET", path, *WEBSOCKET, f"sec-websocket-protocol: {protocol}")
    status, headers, rest = head_of(connection)
    assert (status, headers["sec-websocket-protocol"]) == (101, protocol)
    assert headers["sec-websocket-accept"] == "ICX+Yqv66kxgM0FcWaLWlFLwTAI="
    assert headers["audit-id"]
    return connection, rest


@LEFT_OPEN
def test_the_python_client_runs_a_command(api: kube.CoreV1Api) -> None:
    script = "read x; echo got $x; echo err >&2; exit 3"
    answer = stream(
        api.connect_get_namespaced_pod_exec,
        "web",
        "default",
        command=["sh", "-c", script],
        stdin=True,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    answer.write_stdin("word\n")
    answer.run_forever(timeout=SECONDS)
    answer.close()
    assert (answer.read_stdout(), answer.read_stderr(), answer.returncode) == ("got word\n", "err\n", 3)


@LEFT_OPEN
def test_the_python_client_reads_logs(api: kube.CoreV1Api, streaming: StreamingLab) -> None:
    (streaming.folder("web") / "main.log").write_text("one\ntwo\n")
    assert api.read_namespaced_pod_log("web", "default", tail_lines=1) == "two\n"


@LEFT_OPEN
def test_the_python_client_forwards_a_port(api: kube.CoreV1Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        forward = portforward(api.connect_get_namespaced_pod_portforward, "web", "default", ports=str(port))
        local = forward.socket(port)
        local.settimeout(SECONDS)
        local.sendall(b"ping")
        with listener.accept()[0] as there:
            assert there.recv(4) == b"ping"
            there.sendall(b"pong")
            assert local.recv(4) == b"pong"
        local.close()
        forward.close()


@pytest.mark.parametrize(
    "protocol",
    [
        "v5.channel.k8s.io",
        "v4.channel.k8s.io",
        "channel.k8s.io",
        "v4.base64.channel.k8s.io",
        "base64.channel.k8s.io",
    ],
)
def test_a_command_over_each_protocol(door: ClusterDoor, protocol: str) -> None:
    path = f"{PODS}/web/exec?command=sh&command=-c&command=echo+out;exit+3&stdout=1"
    connection, rest = opened(door, path, protocol)
    with connection:
        received = [data for opcode, data in messages(connection, rest) if opcode in (1, 2)]
    if "base64" in protocol:
        received = [bytes([data[0] - 48]) + base64.b64decode(data[1:]) for data in received]
    told = b"".join(data[1:] for data in received if data[0] == 3)
    assert b"".join(data[1:] for data in received if data[0] == 1) == b"out\n"
    assert received[0] == b"\x01"  # says that the server is there
    if protocol.startswith("v"):
        assert json.loads(told)["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}
    else:
        assert b"exit code 3" in told


def test_version_5_closes_stdin_and_a_message_may_come_in_pieces(door: ClusterDoor) -> None:
    connection, rest = opened(door, CAT, "v5.channel.k8s.io")
    with connection:
        whole = (
            message(b"\x00he", fin=False)
            + message(b"", 9)
            + message(b"llo", 0)
            + message(b"\x09nothing")
            + message(b"")
            + message(b"\x04not a size")
            + message(b"\xff\x00")
        )
        for at in range(len(whole)):
            connection.sendall(whole[at : at + 1])
        received = list(messages(connection, rest))
    assert (10, b"") in received  # the ping was answered
    assert b"".join(data[1:] for opcode, data in received if opcode == 2 and data[0] == 1) == b"hello"
    assert (
        json.loads(next(data[1:] for opcode, data in received if data[:1] == b"\x03"))["status"] == "Success"
    )


def test_a_refused_get_names_the_missing_verb_in_the_journal(
    door: ClusterDoor, streaming: StreamingLab
) -> None:
    newer = door_of(streaming.lab, "newer")
    rbac = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}
    role = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "looks"}, "rules": [rule]}
    bound = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "looks"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "looks"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": "ana"}],
    }
    for cluster in (door, newer):
        assert cluster.ask("POST", f"/apis/{rbac}/v1/clusterroles", role)[0] == 201
        assert cluster.ask("POST", f"/apis/{rbac}/v1/clusterrolebindings", bound)[0] == 201
    # No such pod in either: the permission comes first.
    assert door.ask("GET", f"{PODS}/none/exec", user="ana")[0] == 404
    status, answered = newer.ask("GET", f"{PODS}/none/exec", user="ana")
    assert (status, answered["message"]) == (403, 'pods "none" is forbidden: ')
    entry = streaming.lab.client.get("/journal/last-refusal")
    assert (entry["code"], entry["asked"][-1]) == (
        "chain.stream-needs-create",
        "get pods/exec none in default",
    )
    assert "verb" in json.dumps(entry["chain"]["links"][-1]["nearest"])


REFUSED_HEADS = {
    "no upgrade": ("GET", (), 400),
    "another protocol to upgrade to": ("GET", ("upgrade: h2c",), 400),
    "no key": ("GET", ("upgrade: websocket", "sec-websocket-version: 13"), 400),
    "a short key": (
        "GET",
        ("upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: AAAA"),
        400,
    ),
    "another version": ("GET", (*WEBSOCKET[:1], "sec-websocket-version: 8", WEBSOCKET[2]), 400),
    "a web page": ("GET", (*WEBSOCKET, "origin: https://example.com"), 403),
    "an unknown subprotocol": ("GET", (*WEBSOCKET, "sec-websocket-protocol: v9.channel.k8s.io"), 403),
    "an unknown version over SPDY": ("POST", (*SPDY, "x-stream-protocol-version: v9.channel.k8s.io"), 403),
}


@pytest.mark.parametrize(("method", "headers", "status"), REFUSED_HEADS.values(), ids=REFUSED_HEADS.keys())
def test_what_is_no_upgrade_is_answered_and_the_connection_closed(
    door: ClusterDoor, method: str, headers: tuple[str, ...], status: int
) -> None:
    with door.open(method, CAT, *headers) as connection:
        if headers:
            connection.sendall(message(b"early"))
        found, told, rest = head_of(connection)
        while part := (connection.recv(4096) if headers else b""):
            rest += part
    assert found == status
    assert told["content-type"] == "application/json"
    if headers:
        assert json.loads(rest)["kind"] == "Status"


HOSTILE = {
    "an unmasked frame": (message(b"\x00x", masked=False), 1002),
    "a message that is too long": (b"\x82\xff" + (1 << 21).to_bytes(8, "big") + bytes(4), 1009),
    "a frame of a reserved kind": (message(b"", 3), 1002),
    "a reserved bit": (b"\xc2\x80" + bytes(4), 1002),
    "a continuation of nothing": (message(b"", 0), 1002),
    "a long ping": (message(bytes(126), 9), 1002),
}


@pytest.mark.parametrize(("sent", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_websocket_ends_it(door: ClusterDoor, sent: bytes, code: int) -> None:
    connection, rest = opened(door, CAT, "v4.channel.k8s.io")
    with connection:
        connection.sendall(sent)
        assert close_code(connection, rest) == code


def test_bytes_that_are_not_spdy_end_it(door: ClusterDoor) -> None:
    with door.open("POST", CAT, *SPDY, "x-stream-protocol-version: v4.channel.k8s.io") as connection:
        status, headers, rest = head_of(connection)
        assert (status, headers["x-stream-protocol-version"]) == (101, "v4.channel.k8s.io")
        connection.sendall(b"\x80\x02\x00\x01\x00\x00\x00\x00")
        assert _all(connection, rest)[:4] == b"\x80\x03\x00\x07"  # GOAWAY


def test_streams_that_were_not_asked_for_and_too_many_are_reset(door: ClusterDoor) -> None:
    with door.open(
        "POST", f"{PODS}/web/portforward", *SPDY, "x-stream-protocol-version: portforward.k8s.io"
    ) as c:
        assert head_of(c)[0] == 101
        deflate = zlib.compressobj(zdict=DICTIONARY)
        for number in range(1, 2 * 600, 2):
            c.sendall(
                _syn_stream(deflate, number, {"streamtype": "error", "port": "80", "requestid": str(number)})
            )
        seen = b""
        ends = time.monotonic() + SECONDS
        while seen.count(b"\x80\x03\x00\x03\x00\x00\x00\x08") < 600 - 512 and time.monotonic() < ends:
            seen += c.recv(65_536)
    assert seen.count(b"\x80\x03\x00\x03\x00\x00\x00\x08") == 600 - 512
    with door.open("POST", CAT, *SPDY) as c:  # a client that names no version speaks the first
        assert head_of(c)[0] == 101
        deflate = zlib.compressobj(zdict=DICTIONARY)
        c.sendall(_syn_stream(deflate, 1, {"streamtype": "resize"}))
        seen = b""
        while b"\x80\x03\x00\x03\x00\x00\x00\x08" not in seen:
            part = c.recv(65_536)
            assert part, seen
            seen += part


def test_a_client_that_does_not_read_holds_nobody_up(door: ClusterDoor) -> None:
    endless = f"{PODS}/web/exec?command=cat&command=/dev/zero&stdout=1"
    slow = [opened(door, endless, "v4.channel.k8s.io")[0] for _ in range(5)]
    try:
        began = time.monotonic()
        assert door.ask("GET", f"{PODS}/web")[0] == 200
        assert time.monotonic() - began < SECONDS / 2
    finally:
        for connection in slow:
            connection.close()


def test_a_client_that_leaves_ends_its_command(door: ClusterDoor, streaming: StreamingLab) -> None:
    file = streaming.folder("web") / "pid"
    script = f"echo+$$>{file};exec+sleep+300"
    connection, _ = opened(
        door, f"{PODS}/web/exec?command=sh&command=-c&command={script}&stdout=1", "v4.channel.k8s.io"
    )
    ends = time.monotonic() + SECONDS
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < ends
        time.sleep(0.02)
    connection.close()
    pid = int(file.read_text())
    while _lives(pid):
        assert time.monotonic() < ends
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _syn_stream(deflate: Any, number: int, headers: dict[str, str]) -> bytes:
    raw = struct.pack(">I", len(headers))
    for name, value in headers.items():
        for word in (name.encode(), value.encode()):
            raw += struct.pack(">I", len(word)) + word
    body = struct.pack(">IIH", number, 0, 0) + deflate.compress(raw) + deflate.flush(zlib.Z_SYNC_FLUSH)
    head: bytes = struct.pack(">HHI", 0x8003, 1, len(body))
    return head + bytes(body)


def _all(connection: socket.socket, rest: bytes) -> bytes:
    connection.settimeout(SECONDS)
    parts = [rest]
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@LEFT_OPEN
def test_a_webhook_may_change_the_command(
    api: kube.CoreV1Api, door: ClusterDoor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    connects = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CONNECT"],
        "resources": ["pods/exec"],
    }
    with webhook_site(tmp_path_factory.mktemp("hooks")) as hooks:
        hooks.answers["/"] = lambda _: patch({"op": "add", "path": "/command/-", "value": "changed"})
        hook = {
            "name": "changes.commands.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "clientConfig": hooks.client("/"),
            "rules": [connects],
        }
        path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
        assert door.ask("POST", path, {"metadata": {"name": "changes"}, "webhooks": [hook]})[0] == 201
        connect = api.connect_get_namespaced_pod_exec
        printed = stream(connect, "web", "default", command=["echo", "as"], stdout=True)
        assert door.ask("DELETE", f"{path}/changes")[0] == 200
    assert printed == "as changed\n"
