"""What the lab's doors refuse before any identity is asked: sizes, forms, hosts, web pages, metadata."""

import base64
import http.client
import secrets
import select
import socket
import ssl

import pytest

from e2e.hostile_wire import (
    REGION,
    STS,
    Answer,
    Doors,
    Target,
    agent,
    exchange,
    kube_status,
    render,
    rendered,
    signed,
    sts_request,
    token_of,
    token_url,
    with_header,
)
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.testing import RunningLab

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PROTOBUF = "application/vnd.kubernetes.protobuf"
HERE = (
    f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint>"
    "</CreateBucketConfiguration>"
).encode()
BIG = ("x-big", "a" * (33 * 1024))


@pytest.fixture
def doors(sekisho_shared_lab: RunningLab) -> Doors:
    return Doors.of(sekisho_shared_lab)


@pytest.fixture
def token(doors: Doors) -> str:
    return token_of(token_url(doors.keys()))


def target_of(doors: Doors, door: str) -> Target:
    return {"aws": doors.second, "kubernetes": doors.cluster, "proxy": doors.proxy}[door]


def raw(doors: Doors, door: str, data: bytes) -> tuple[Answer, set[str]]:
    """Send bytes; return the answer and what the journal counted since (``status code``)."""
    name = {"aws": "aws", "kubernetes": "eks-clu", "proxy": "proxy"}[door]
    before = doors.counts(door, name)
    answer = doors.send(target_of(doors, door), data)
    after = doors.counts(door, name)
    return answer, {code for code, count in after.items() if count > before.get(code, 0)}


@pytest.mark.parametrize("door", ["aws", "kubernetes", "proxy"])
def test_a_head_over_32_kib_is_refused(doors: Doors, door: str) -> None:
    first = "CONNECT example.test:443 HTTP/1.1" if door == "proxy" else "GET / HTTP/1.1"
    data = f"{first}\r\nhost: x\r\n{BIG[0]}: {BIG[1]}\r\n\r\n".encode()
    answer, noted = raw(doors, door, data)
    # The side that refuses may hang up on bytes it never read, and its answer is lost with them.
    assert answer.status in (0, 431)
    assert noted == {"431 door.head-too-large"}
    doors.assert_no_traceback()


def test_the_control_socket_bounds_heads_and_bodies(doors: Doors) -> None:
    assert doors.control(render("GET", "/status", [("host", "x"), BIG])).status in (0, 431)
    assert doors.control(b"\x00\x01\r\n\r\n").status == 400
    for body in (b"[" * 60_000, b"{}", b" " * 70_000, b'{"token": 1, "cluster": []}', b"\xff"):
        answer = doors.control(render("POST", "/explain-token", [("host", "x")], body))
        assert answer.status == 400
    doors.assert_no_traceback()


def test_a_lab_stops_once_it_was_asked_to_the_end(sekisho_lab: RunningLab) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(sekisho_lab.state.socket))
        connection.sendall(b"POST /stop HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n")
        assert all(sekisho_lab.client.is_running() for _ in range(5))
        assert select.select([connection], [], [], 0)[0] == [], "it answered before it was asked"
        answer = exchange(connection, b"{}")
    assert (answer.status, answer.body) == (200, b'{"stopping":true}')


MALFORMED = {
    "zero bytes": b"\x00\x01\x02\x03\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\n\r\n",
    "no such version": b"GET / HTTP/9.9\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "a length and chunks": b"POST / HTTP/1.1\r\ncontent-length: 1\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "an endless length": b"POST / HTTP/1.1\r\ncontent-length: " + b"9" * 5_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("door", ["aws", "kubernetes"])
def test_bytes_that_are_no_request_are_refused(doors: Doors, door: str, data: bytes) -> None:
    answer, noted = raw(doors, door, data)
    assert answer.status == 400
    assert noted == {"400 door.malformed"}
    doors.assert_no_traceback()


@pytest.mark.parametrize("door", ["aws", "kubernetes"])
def test_plain_http_to_a_tls_port_ends_at_once(doors: Doors, door: str) -> None:
    answer = doors.send(Target(target_of(doors, door).port), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.status == 0
    doors.assert_no_traceback()


PROXY_MALFORMED = {
    "zero bytes": (b"\x00\x01\r\n\r\n", 405),
    "plain HTTP to AWS": (b"GET http://sts.amazonaws.com/ HTTP/1.1\r\n\r\n", 403),
    "a port of 5000 digits": (b"CONNECT a.test:" + b"9" * 5_000 + b" HTTP/1.1\r\n\r\n", 405),
    "port zero": (b"CONNECT a.test:0 HTTP/1.1\r\n\r\n", 405),
    "an empty label": (b"CONNECT a..test:443 HTTP/1.1\r\n\r\n", 502),
    "a soft hyphen that name lookup would drop": (
        b"CONNECT st\xc2\xads.amazonaws.com:80 HTTP/1.1\r\n\r\n",
        405,
    ),
    "an AWS name on another port": (b"CONNECT sts.amazonaws.com:80 HTTP/1.1\r\n\r\n", 403),
    "an AWS name with a dot at the end": (b"CONNECT sts.amazonaws.com.:8443 HTTP/1.1\r\n\r\n", 403),
}


@pytest.mark.parametrize(("data", "status"), PROXY_MALFORMED.values(), ids=PROXY_MALFORMED.keys())
def test_the_proxy_refuses_what_is_no_tunnel(doors: Doors, data: bytes, status: int) -> None:
    answer, noted = raw(doors, "proxy", data)
    assert answer.status == status
    assert len(noted) == 1
    assert noted.pop().startswith(f"{status} door.")
    doors.assert_no_traceback()


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.43518",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.170.2",
        "[fd00:ec2::254]",
        "fd00:ec2::23",
        "[fd00:0ec2:0:0::254]",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
    ],
)
def test_no_spelling_of_a_metadata_address_is_forwarded(doors: Doors, host: str) -> None:
    answer, noted = raw(doors, "proxy", f"CONNECT {host}:80 HTTP/1.1\r\n\r\n".encode())
    assert answer.status == 403
    assert noted <= {"403 door.metadata-address", "403 door.aws-port"}
    assert noted


@pytest.mark.parametrize("name", ["evil.example", "a_b.amazonaws.com", "*.amazonaws.com", "-.amazonaws.com"])
def test_an_unknown_server_name_gets_a_certificate_of_the_lab_alone(doors: Doors, name: str) -> None:
    context = ssl.create_default_context(cafile=str(doors.lab.state.ca))
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", doors.second.port), 20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        certificate = secured.getpeercert()
    assert certificate is not None
    names = {pair[1] for pair in certificate["subjectAltName"]}
    assert names == ({"127.0.0.1", "localhost"} if name == "evil.example" else {name})
    doors.assert_no_traceback()


def test_a_server_name_over_64_characters_ends_in_a_handshake_not_in_a_traceback(doors: Doors) -> None:
    name = ".".join(["a" * 60] * 3) + ".amazonaws.com"
    context = ssl.create_default_context(cafile=str(doors.lab.state.ca))
    with (
        socket.create_connection(("127.0.0.1", doors.second.port), 20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        assert secured.version() == "TLSv1.3"
    doors.assert_no_traceback()


def test_a_body_over_the_bound_is_answered_413(doors: Doors, token: str) -> None:
    client = agent()
    big = b" " * (3 * 1024 * 1024 + 1)
    answer = doors.kube("POST", CONFIG_MAPS, token, big, (("user-agent", client),))
    assert answer.status in (0, 413)
    assert (doors.noted(client)["status"], doors.noted(client)["code"]) == (413, "door.body-too-large")
    client = agent()
    request = sts_request(f"127.0.0.1:{doors.second.port}", b"x" * (4 * 1024 * 1024 + 1), client)
    assert doors.ask(doors.second, signed(request, doors.keys())).status in (0, 413)
    assert (doors.noted(client)["status"], doors.noted(client)["code"]) == (413, "door.body-too-large")
    doors.assert_no_traceback()


def test_a_body_that_is_sent_in_chunks_is_bounded_too(doors: Doors, token: str) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1",
        doors.cluster.port,
        timeout=20,
        context=ssl.create_default_context(cafile=str(doors.lab.state.ca)),
    )
    chunks = (b" " * 65_536 for _ in range(60))
    client = agent()
    headers = {"authorization": f"Bearer {token}", "user-agent": client}
    try:
        connection.request("POST", CONFIG_MAPS, chunks, headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except ConnectionError:
        pass  # refused while we were still sending
    finally:
        connection.close()
    assert doors.noted(client)["code"] == "door.body-too-large"
    doors.assert_no_traceback()


BODIES = {
    "JSON a hundred thousand deep": (b"[" * 100_000, "application/json"),
    "JSON objects fifty thousand deep": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "application/json"),
    "YAML ten thousand deep": (b"- " * 10_000 + b"x", "application/yaml"),
    "YAML aliases that multiply": (
        b"a: &a [x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (i, i, b",".join([b"*%c" % (i - 1)] * 8)) for i in range(98, 110)),
        "application/yaml",
    ),
    "bytes that are no UTF-8": (b'{"kind":"\xff\xfe"}', "application/json"),
    "a number of a million digits": (b'{"a":' + b"9" * 1_000_000 + b"}", "application/json"),
    "half a protobuf": (b"k8s\x00\x0a\xff\xff\xff\xff\x0f", PROTOBUF),
    "protobuf without its magic": (b"\x0a\x04\x0a\x02v1", PROTOBUF),
}


@pytest.mark.parametrize(("body", "media_type"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_object_is_answered_400(
    doors: Doors, token: str, body: bytes, media_type: str
) -> None:
    client = agent()
    headers = (("content-type", media_type), ("user-agent", client))
    answer = doors.kube("POST", CONFIG_MAPS, token, body, headers)
    assert answer.status == 400
    assert kube_status(answer)["reason"] == "BadRequest"
    assert doors.noted(client)["status"] == 400
    doors.assert_no_traceback()


def test_random_protobuf_never_ends_in_a_fault_of_the_server(doors: Doors, token: str) -> None:
    for size in range(0, 600, 25):
        body = b"k8s\x00" + secrets.token_bytes(size)
        answer = doors.kube("POST", CONFIG_MAPS, token, body, (("content-type", PROTOBUF),))
        assert 400 <= answer.status < 500, base64.b64encode(body)
    doors.assert_no_traceback()


QUERIES = {
    "a continue key of brackets": "limit=1&continue=" + base64.urlsafe_b64encode(b"[" * 15_000).decode(),
    "a continue key beyond ASCII": "limit=1&continue=%C3%A9",
    "a version that is no number": "watch=1&resourceVersion=" + "9" * 40,
    "a selector of nothing but commas": "labelSelector=" + "," * 10_000,
    "a selector with a bracket left open": "labelSelector=" + "a%20in%20(" * 2_000,
    "half an escape": "labelSelector=%",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_that_makes_no_sense_is_answered_400(doors: Doors, token: str, query: str) -> None:
    answer = doors.kube("GET", f"{CONFIG_MAPS}?{query}", token)
    assert answer.status == 400
    doors.assert_no_traceback()


FORGED_HOSTS = ["evil.example", "sts.amazonaws.com.evil.example", "127.0.0.1", "127.0.0.1:1", "localhost"]


@pytest.mark.parametrize("host", FORGED_HOSTS)
def test_a_forged_host_is_refused_by_the_cluster(doors: Doors, token: str, host: str) -> None:
    client = agent()
    headers = [("host", host), ("authorization", f"Bearer {token}"), ("user-agent", client)]
    answer = doors.send(doors.cluster, render("GET", "/api", headers))
    assert (answer.status, doors.noted(client)["code"]) == (403, "door.foreign-host")


@pytest.mark.parametrize("host", FORGED_HOSTS)
def test_a_forged_host_is_refused_by_the_aws_door(doors: Doors, host: str) -> None:
    for target in (doors.second, doors.aws(STS)):
        client = agent()
        answer = doors.ask(target, signed(sts_request(host, client=client), doors.keys()))
        assert (answer.status, doors.noted(client)["code"]) == (400, "door.foreign-host")


def test_a_host_that_is_empty_or_no_name_is_refused(doors: Doors, token: str) -> None:
    for host in ("", "a b", "*", "sts.amazonaws.com:80"):
        assert doors.kube("GET", "/api", token, headers=(("x", "y"),), host=host or " ").status == 403
        answer = doors.ask(doors.second, signed(sts_request(host), doors.keys()))
        assert answer.status in (400, 404)
        assert "sekisho" in answer.text
    doors.assert_no_traceback()


def test_two_hosts_are_refused(doors: Doors, token: str) -> None:
    own = f"127.0.0.1:{doors.cluster.port}"
    client = agent()
    headers = [("host", own), ("host", "evil.example"), ("user-agent", client)]
    data = render("GET", "/api", [*headers, ("authorization", f"Bearer {token}")])
    assert doors.send(doors.cluster, data).status == 403
    assert doors.noted(client)["code"] == "door.foreign-host"
    client = agent()
    headers = [("host", STS), ("host", f"127.0.0.1:{doors.second.port}"), ("user-agent", client)]
    assert doors.send(doors.second, render("GET", "/", headers)).status == 400
    assert doors.noted(client)["code"] == "door.foreign-host"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://127.0.0.1"])
def test_a_web_page_is_refused_at_every_door(doors: Doors, token: str, origin: str) -> None:
    client = agent()
    headers = (("origin", origin), ("user-agent", client))
    assert doors.kube("GET", "/api", token, headers=headers).status == 403
    assert doors.noted(client)["code"] == "door.browser-origin"
    client = agent()
    second = f"127.0.0.1:{doors.second.port}"
    for target, host in ((doors.second, second), (doors.aws(STS), STS)):
        client = agent()
        asked = with_header(signed(sts_request(host, client=client), doors.keys("default")), "origin", origin)
        assert doors.ask(target, asked).status == 403
        assert doors.noted(client)["code"] == "door.browser-origin"
    assert doors.control(render("GET", "/facts", [("host", "x")])).status == 200


@pytest.mark.parametrize("name", ["Group", "Uid", "Extra-reason"])
def test_nobody_is_acted_as_without_a_name(doors: Doors, token: str, name: str) -> None:
    headers = ((f"Impersonate-{name}", "system:masters"),)
    assert doors.kube("GET", "/api", token, headers=headers).status == 400


def test_who_acts_as_another_has_no_rights_but_the_other_s(doors: Doors, token: str) -> None:
    path = "/api/v1/namespaces/default/secrets"
    assert doors.kube("GET", path, token).status == 200
    client = agent()
    headers = (("Impersonate-User", "nobody"), ("user-agent", client))
    assert doors.kube("GET", path, token, headers=headers).status == 403
    assert doors.noted(client)["code"] == "rbac.no-rule-matches"


def s3(
    doors: Doors,
    method: str,
    path: str,
    *,
    bucket: str = "",
    query: str = "",
    body: bytes = b"",
    profile: str = "default",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    host = f"{bucket}.s3.{REGION}.amazonaws.com" if bucket else f"s3.{REGION}.amazonaws.com"
    request = HttpRequest(method, path, query, (("host", host), *headers), body)
    return doors.send(doors.aws(host), rendered(signed(request, doors.keys(profile), service="s3")))


def test_an_account_named_by_the_client_has_no_effect(doors: Doors) -> None:
    name = f"hostile-{secrets.token_hex(6)}"
    assert s3(doors, "PUT", "/", bucket=name, body=HERE).status == 200
    assert name in s3(doors, "GET", "/").text
    forged = (("x-moto-account-id", "111122223333"), ("X-Moto-Account-Id".lower(), "111122223333"))
    answer = s3(doors, "GET", "/", profile="target-env", headers=forged[:1])
    assert (answer.status, name in answer.text) == (200, False)
    # Added on the way, where no signature covers it.
    host = f"s3.{REGION}.amazonaws.com"
    request = signed(HttpRequest("GET", "/", "", (("host", host),)), doors.keys("target-env"), service="s3")
    answer = doors.ask(doors.aws(host), with_header(request, *forged[1]))
    assert name not in answer.text


def test_the_reset_of_the_service_behind_cannot_be_reached(doors: Doors) -> None:
    name = f"kept-{secrets.token_hex(6)}"
    assert s3(doors, "PUT", "/", bucket=name, body=HERE).status == 200
    second = f"127.0.0.1:{doors.second.port}"
    hosts = [STS, second, f"s3.{REGION}.amazonaws.com", f"motoapi.amazonaws.com.s3.{REGION}.amazonaws.com"]
    for method in ("GET", "POST"):
        for host in hosts:
            target = doors.second if host == second else doors.aws(host)
            for service in ("sts", "s3"):
                request = HttpRequest(method, "/moto-api/reset", "", (("host", host),))
                answer = doors.ask(target, signed(request, doors.keys(), service=service))
                assert 400 <= answer.status < 500, (method, host, service)
    answer = doors.send(
        doors.aws("motoapi.amazonaws.com"),
        render("POST", "/moto-api/reset", [("host", "motoapi.amazonaws.com")]),
    )
    assert answer.status == 404
    assert name in s3(doors, "GET", "/").text
    doors.assert_no_traceback()


@pytest.mark.parametrize("service", ["iam", "sts", "ec2", "dynamodb", "kms", "lambda", "motoapi"])
def test_a_bucket_cannot_pass_for_another_service(doors: Doors, service: str) -> None:
    """`iam.x.s3.REGION.amazonaws.com` is a bucket, whatever service its name begins with."""
    query = "Action=ListUsers&Version=2010-05-08"
    answer = s3(doors, "GET", "/", bucket=f"{service}.x", query=query)
    assert (answer.status, "NoSuchBucket" in answer.text) == (404, True)
    doors.assert_no_traceback()


def test_what_the_service_behind_stumbles_over_is_answered_400(doors: Doors) -> None:
    answer = s3(doors, "PUT", "/", bucket="no-such", query="tagging", body=b"<Tagging/>")
    assert 400 <= answer.status < 500
    doors.assert_no_traceback()
