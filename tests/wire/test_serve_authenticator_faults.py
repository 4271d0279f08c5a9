"""The served authenticator where the world around it fails: STS, files, certificates, clients, the end."""

import json
import signal
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from itertools import count
from pathlib import Path

import pytest

from e2e.hostile_wire import token_of, token_url
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Secret
from sekisho.serve.tls import own_certificate
from support.checkpoint import ServedCheckpoint, served, waited
from support.fake_sts import ACCOUNT, ARN, GOOD, REFUSED, THROTTLED, FakeSts, fake_sts

CONFIG = f"""\
clusterID: eks-clu
server:
  mapUsers:
  - userARN: {ARN}
    username: ana
    groups: [ops]
"""
_KEYS = count(1)


@dataclass(frozen=True)
class Site:
    """A served authenticator and the STS that it asks."""

    sts: FakeSts
    server: ServedCheckpoint
    folder: Path


def environment(sts: FakeSts, folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": "/usr/bin:/bin", **sts.environment()}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("authenticator")
    (folder / "config.yaml").write_text(CONFIG)
    options = ["-c", folder / "config.yaml", "--region", "ap-northeast-1"]
    with (
        fake_sts(folder / "sts") as sts,
        served(folder / "server", "authenticator", options, environment(sts, folder)) as server,
    ):
        yield Site(sts, server, folder)


@pytest.fixture
def site(shared: Site) -> Site:
    """Return the shared site with an STS that knows everybody, and the configuration as it was."""
    sts = shared.sts
    sts.status, sts.body, sts.delay_seconds, sts.cuts = 200, GOOD, 0.0, False
    sts.script.clear()
    sts.asked.clear()
    return shared


def fresh_token(age: timedelta = timedelta(0)) -> str:
    """Return a token that nobody showed before."""
    return token_of(token_url(SigningKeys(f"AKIA{next(_KEYS):016d}", Secret("s" * 40)), age=age))


def test_one_token_is_one_question_however_often_it_is_shown(site: Site) -> None:
    token = fresh_token()
    for version in ("v1", "v1beta1", "v1"):
        status, body = site.server.review(token, version)
        assert status == 200
        assert body["apiVersion"] == f"authentication.k8s.io/{version}"
        assert body["status"]["user"]["username"] == "ana"
    assert len(site.sts.asked) == 1


def test_one_token_is_one_question_however_many_show_it_at_once(site: Site) -> None:
    site.sts.delay_seconds = 0.5
    token = fresh_token()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: site.server.review(token), range(32)))
    assert {(status, body["status"]["authenticated"]) for status, body in answers} == {(200, True)}
    assert len(site.sts.asked) == 1


FAULTS = {
    "throttled": (429, THROTTLED, 429, "iam-token.sts-throttled", 3),
    "throttled, by status alone": (429, b"later", 429, "iam-token.sts-throttled", 3),
    "failing": (500, b"", 503, "iam-token.sts-unavailable", 3),
    "unavailable": (503, b"<html>", 503, "iam-token.sts-unavailable", 3),
    "refusing": (403, REFUSED, 200, "iam-token.sts-refused", 1),
    "redirecting, not followed": (302, b"", 503, "iam-token.sts-unavailable", 3),
    "garbage": (200, b"\xff\xfe{", 503, "iam-token.sts-malformed", 1),
    "another document": (200, b'{"Account": "x"}', 503, "iam-token.sts-malformed", 1),
    "too much": (200, b" " * 70_000 + GOOD, 503, "iam-token.sts-malformed", 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_sts_is_told_apart_and_asked_again_only_where_it_helps(site: Site, fault: str) -> None:
    site.sts.status, site.sts.body, status, code, asked = FAULTS[fault]
    told, body = site.server.review(fresh_token())
    assert told == status
    assert body["status"]["authenticated"] is False
    assert body["status"]["error"].startswith(f"{code}: ")
    assert len(site.sts.asked) == asked


def test_an_sts_that_comes_back_is_asked_within_the_same_request(site: Site) -> None:
    site.sts.script[:] = [(503, b""), (429, THROTTLED)]
    status, body = site.server.review(fresh_token())
    assert (status, body["status"]["authenticated"]) == (200, True)
    assert len(site.sts.asked) == 3


def test_no_sts_at_all_is_503_and_what_was_known_still_counts(site: Site) -> None:
    known = fresh_token()
    assert site.server.review(known)[0] == 200
    site.sts.cuts = True
    # Connections that are open stay open: let the answers of the next ones come from nowhere.
    site.sts.status, site.sts.body = 500, b""
    status, body = site.server.review(fresh_token())
    assert status == 503
    assert body["status"]["error"].startswith("iam-token.sts-")
    assert site.server.review(known)[1]["status"]["authenticated"] is True


def test_a_refusal_is_kept_for_a_moment_and_a_failure_is_not(site: Site) -> None:
    token = fresh_token()
    site.sts.status, site.sts.body = 403, REFUSED
    assert site.server.review(token)[1]["status"]["authenticated"] is False
    site.sts.status, site.sts.body = 200, GOOD
    assert site.server.review(token)[1]["status"]["authenticated"] is False
    assert len(site.sts.asked) == 1
    failing = fresh_token()
    site.sts.status, site.sts.body = 500, b""
    assert site.server.review(failing)[0] == 503
    site.sts.status, site.sts.body = 200, GOOD
    assert site.server.review(failing)[1]["status"]["authenticated"] is True


TOKENS = {
    "another kind": ("abc", "iam-token.prefix"),
    "no base64": ("k8s-aws-v1.%%%", "iam-token.base64"),
    "no URL": ("k8s-aws-v1.YWJj", "iam-token.url"),
    "over 16 KiB": ("k8s-aws-v1." + "A" * 17_000, "iam-token.too-long"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_what_is_no_token_is_refused_without_asking_anybody(site: Site, case: str) -> None:
    token, code = TOKENS[case]
    status, body = site.server.review(token)
    assert status == 200
    assert body["status"]["error"].startswith(f"{code}: ")
    assert site.sts.asked == []


def test_a_token_that_is_over_is_refused_without_asking_anybody(site: Site) -> None:
    body = site.server.review(fresh_token(timedelta(minutes=16)))[1]
    assert body["status"]["error"].startswith("iam-token.expired: ")
    assert site.sts.asked == []


BODIES = {
    "no JSON": (b"{", 400),
    "a list": (b"[]", 400),
    "nothing": (b"", 400),
    "another kind": (b'{"apiVersion":"authentication.k8s.io/v1","kind":"Pod","spec":{"token":"x"}}', 400),
    "another version": (
        b'{"apiVersion":"authentication.k8s.io/v2","kind":"TokenReview","spec":{"token":"x"}}',
        400,
    ),
    "no token": (b'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{}}', 400),
    "a token twice": (b'{"spec":{"token":"a","token":"b"}}', 400),
    "1 MiB": (json.dumps({"spec": {"token": "x" * 1024 * 1024}}).encode(), 413),
    "very deep": (b'{"spec":' * 5_000 + b"1" + b"}" * 5_000, 400),
    "invalid UTF-8": (b'{"spec":{"token":"\xff"}}', 400),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_no_token_review_is_refused_with_a_sentence(site: Site, case: str) -> None:
    body, status = BODIES[case]
    told, text = site.server.post("/authenticate", body)
    assert told == status
    assert text.strip()
    assert "Traceback" not in text


def test_no_token_and_no_signature_is_in_the_log_or_in_an_answer(site: Site) -> None:
    token = fresh_token()
    site.sts.status, site.sts.body = 403, REFUSED
    _, body = site.server.review(token)
    text = (site.server.folder / "log").read_text() + json.dumps(body)
    assert token not in text
    assert "X-Amz-Signature" not in text
    assert token.removeprefix("k8s-aws-v1.")[-40:] not in text


def test_the_configuration_file_is_followed_and_a_bad_one_leaves_in_force_what_was_there(site: Site) -> None:
    token, file = fresh_token(), site.folder / "config.yaml"

    def user() -> object:
        return site.server.review(token)[1]["status"]["user"].get("username")

    try:
        file.write_text(CONFIG.replace("username: ana", "username: ann"))
        waited(lambda: user() == "ann" or None)
        file.write_text(CONFIG.replace("mapUsers:", "mapUsers: ["))
        waited(lambda: "config.yaml" in site.server.health("/healthz")[1] or None)
        assert user() == "ann"
        file.write_text(CONFIG.replace(ARN, f"arn:aws:iam::{ACCOUNT}:user/bob"))
        waited(lambda: user() is None or None)
        assert site.server.health("/healthz") == (200, "ok")
    finally:
        file.write_text(CONFIG)
        waited(lambda: user() == "ana" or None)
    assert len(site.sts.asked) == 1


def test_a_certificate_that_is_replaced_is_served_and_half_a_pair_is_not(site: Site, tmp_path: Path) -> None:
    state = site.server.folder / "state"
    before = (state / "cert.pem").read_bytes()
    new = own_certificate(tmp_path / "new", ("127.0.0.1", "localhost"))

    def shown() -> str:
        return ssl.get_server_certificate(("127.0.0.1", site.server.port))

    assert shown().encode() == before
    (state / "cert.pem").write_bytes(new.certificate.read_bytes())
    waited(lambda: "key.pem" in site.server.health("/healthz")[1] or None)
    assert shown().encode() == before
    (state / "key.pem").write_bytes(new.key.read_bytes())
    waited(lambda: shown() == new.certificate.read_text() or None)
    assert site.server.health("/healthz") == (200, "ok")
    assert site.server.review(fresh_token())[0] == 200


def test_metrics_have_the_names_of_aws_iam_authenticator_and_no_label_from_outside(site: Site) -> None:
    site.server.review(fresh_token())
    text = site.server.health("/metrics")[1]
    for name in (
        'aws_iam_authenticator_authenticate_latency_seconds_count{result="success"}',
        'aws_iam_authenticator_sts_responses_total{ResponseCode="200",StsRegion="ap-northeast-1"}',
        "aws_iam_authenticator_configmap_watch_failures_total",
        "aws_iam_authenticator_dynamic_file_enabled",
    ):
        assert site.server.metric(name) >= 0
        assert f"\n{name} " in text


PATHS = {"/healthz": 200, "/readyz": 200, "/livez": 200, "/metrics": 200, "/authenticate": 404, "/x": 404}


@pytest.mark.parametrize("path", PATHS)
def test_the_plain_port_tells_of_health_and_of_nothing_else(site: Site, path: str) -> None:
    assert site.server.health(path)[0] == PATHS[path]


def test_a_thousand_clients_at_once_are_all_answered(site: Site) -> None:
    tokens = [fresh_token() for _ in range(50)]
    body = [
        json.dumps(
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
        )
        for token in tokens
    ]
    connections = [
        HTTPSConnection("127.0.0.1", site.server.port, context=site.server.trust) for _ in range(250)
    ]
    try:
        for connection in connections:
            connection.connect()
        for _ in range(4):
            for index, connection in enumerate(connections):
                connection.request("POST", "/authenticate", body[index % len(body)])
            statuses = []
            for connection in connections:
                answer = connection.getresponse()
                statuses.append((answer.status, json.loads(answer.read())["status"]["authenticated"]))
            assert set(statuses) == {(200, True)}
    finally:
        for connection in connections:
            connection.close()
    assert len(site.sts.asked) == len(tokens)


def test_sigterm_under_load_loses_no_request(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    options = ["-c", tmp_path / "config.yaml", "--shutdown-delay", "1"]
    lost: list[str] = []
    answered = [0] * 8
    with (
        fake_sts(tmp_path / "sts") as sts,
        served(tmp_path / "server", "authenticator", options, environment(sts, tmp_path)) as server,
    ):
        stopping = threading.Event()

        def load(worker: int) -> None:
            """Ask until the server says that it stops: it closes connections after answers only."""
            connection = HTTPSConnection("127.0.0.1", server.port, context=server.trust)
            while True:
                body = {"spec": {"token": fresh_token()}}
                try:
                    connection.request("POST", "/authenticate", json.dumps(body))
                    answer = connection.getresponse()
                    told = json.loads(answer.read())
                except OSError as error:
                    lost.append(repr(error))
                    return
                if answer.status != 200 or not told["status"]["authenticated"]:
                    lost.append(f"{answer.status} {told}")
                answered[worker] += 1
                if answer.getheader("connection") == "close":
                    connection.close()
                    return

        workers = [threading.Thread(target=load, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        waited(lambda: min(answered) >= 5 or None)
        server.process.send_signal(signal.SIGTERM)
        stopping.set()
        waited(lambda: server.health("/readyz")[0] == 503 or None)
        for worker in workers:
            worker.join(20)
            assert not worker.is_alive()
        assert server.process.wait(20) == 0
    assert lost == []


def asked(connection: HTTPSConnection, body: str) -> int:
    """Return the status of a review."""
    connection.request("POST", "/authenticate", body)
    with connection.getresponse() as answer:
        return answer.status


def test_a_client_without_a_certificate_is_not_heard_where_one_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    clients = own_certificate(tmp_path / "client", ("apiserver",))
    options = ["-c", tmp_path / "config.yaml", "--client-ca-file", clients.certificate]
    with (
        fake_sts(tmp_path / "sts") as sts,
        served(tmp_path / "server", "authenticator", options, environment(sts, tmp_path)) as server,
    ):
        body = json.dumps({"spec": {"token": fresh_token()}})
        with closing(HTTPSConnection("127.0.0.1", server.port, context=server.trust)) as stranger:
            stranger.connect()  # TLS 1.3 tells only after the handshake
            with pytest.raises(OSError, match=r"certificate required|reset|closed|pipe|EOF"):
                asked(stranger, body)
        known = server.trust
        known.load_cert_chain(clients.certificate, clients.key)
        with closing(HTTPSConnection("127.0.0.1", server.port, context=known)) as friend:
            assert asked(friend, body) == 200
        assert server.health("/healthz") == (200, "ok")


def dynamic(name: str, user_id: str = "", arn: str = ARN) -> str:
    entry = {"userARN": arn, "username": name, "groups": ["g"], **({"userId": user_id} if user_id else {})}
    written = str(int(datetime.now(UTC).timestamp()))
    return json.dumps({"LastUpdatedDateTime": written, "Version": "1", "mapUsers": [entry]})


def test_the_dynamic_file_is_waited_for_followed_and_cleared(tmp_path: Path) -> None:
    file, modes = tmp_path / "dynamic.json", tmp_path / "modes.json"
    (tmp_path / "config.yaml").write_text(
        CONFIG + f"  dynamicfilepath: {file}\n  dynamicBackendModePath: {modes}\n"
    )
    options = ["-c", tmp_path / "config.yaml", "--backend-mode", "DynamicFile,MountedFile"]
    with (
        fake_sts(tmp_path / "sts") as sts,
        served(tmp_path / "server", "authenticator", options, environment(sts, tmp_path), wait="") as server,
    ):
        token = fresh_token()

        def user() -> object:
            return server.review(token)[1]["status"]["user"].get("username")

        waited(lambda: server.health("/readyz")[0] == 503 or None)
        assert server.health("/readyz")[1] == "waiting: DynamicFile\n"
        status, body = server.review(token)
        assert status == 503
        assert body["status"]["error"].partition(": ")[0] == "authenticator.sources-unread"
        file.write_text(dynamic("dyn"))
        waited(lambda: server.health("/readyz")[0] == 200 or None)
        assert user() == "dyn"
        file.write_text("{")
        waited(lambda: "DynamicFile" in server.health("/healthz")[1] or None)
        assert user() == "dyn"
        assert server.metric("aws_iam_authenticator_dynamicfile_failures_total") == 1
        modes.write_text(
            json.dumps({"LastUpdatedDateTime": "1", "Version": "1", "backendMode": "MountedFile"})
        )
        waited(lambda: user() == "ana" or None)
        assert server.metric("aws_iam_authenticator_dynamic_file_enabled") == 0
        modes.unlink()
        file.write_text(dynamic("dyn", arn=f"arn:aws:iam::{ACCOUNT}:user/other"))
        waited(lambda: server.metric("aws_iam_authenticator_dynamic_file_enabled") == 1 or None)
        assert user() == "ana"
        file.unlink()
        waited(lambda: server.logged("the dynamic file is gone: it maps nobody") or None)
        assert user() == "ana"


def test_a_slow_sts_ends_with_503_in_bounded_time(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    options = ["-c", tmp_path / "config.yaml", "--sts-timeout-seconds", "0.5"]
    with (
        fake_sts(tmp_path / "sts") as sts,
        served(tmp_path / "server", "authenticator", options, environment(sts, tmp_path)) as server,
    ):
        sts.delay_seconds = 30.0
        # It answers at all, long before STS would: the request here is given up after 30 s.
        status, body = server.review(fresh_token())
    assert status == 503
    assert body["status"]["error"].startswith("iam-token.sts-unreachable: ")
