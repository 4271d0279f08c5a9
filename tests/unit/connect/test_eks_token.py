"""Signing: botocore's own presigned URL for the same keys at the same moment is the oracle."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from sekisho.connect.aws_session import open_session
from sekisho.connect.eks_token import PREFIX, sign_token
from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.token_request import RoleToAssume, TokenRequest
from sekisho.decide.values import Instant, SekishoInputError

NOON = Instant.parse_amz("20260131T120000Z")
ROLE = RoleToAssume("arn:aws:iam::111122223333:role/dev", "ana", "x1")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def url_of(token: BearerToken) -> str:
    text = token.text.reveal()
    assert text.startswith(PREFIX)
    assert "=" not in text
    body = text.removeprefix(PREFIX)
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def botocore_url(session: Any, cluster: str) -> str:
    """Return what a botocore client presigns with the cluster's header, as ``aws eks get-token`` makes it."""
    client = session.create_client("sts")

    def add_header(request: Any, **_: object) -> None:
        request.headers["x-k8s-aws-id"] = cluster

    client.meta.events.register("before-sign.sts.GetCallerIdentity", add_header)
    return str(client.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET"))


ORACLE: dict[str, tuple[dict[str, str], str]] = {
    "keys of a user": ({}, "sts.eu-west-1.amazonaws.com"),
    "temporary keys": ({"AWS_SESSION_TOKEN": "IQoJ+/=="}, "sts.eu-west-1.amazonaws.com"),
    "legacy endpoint": ({"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, "sts.amazonaws.com"),
    "China": ({"AWS_DEFAULT_REGION": "cn-north-1"}, "sts.cn-north-1.amazonaws.com.cn"),
    "FIPS": (
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_DEFAULT_REGION": "us-east-1"},
        "sts-fips.us-east-1.amazonaws.com",
    ),
    "endpoint of every service": ({"AWS_ENDPOINT_URL": "https://127.0.0.1:4566"}, "127.0.0.1:4566"),
    "endpoint of STS": (
        {"AWS_ENDPOINT_URL": "https://127.0.0.1:1", "AWS_ENDPOINT_URL_STS": "http://localhost:2"},
        "localhost:2",
    ),
}


@pytest.mark.parametrize(("variables", "host"), ORACLE.values(), ids=ORACLE.keys())
def test_same_url_as_botocore(variables: dict[str, str], host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    expected = botocore_url(open_session("", ""), "my-cluster")
    moment = Instant.parse_amz(parse_qs(urlsplit(expected).query)["X-Amz-Date"][0])

    token = sign_token(open_session("", ""), TokenRequest("my-cluster"), lambda: moment)

    assert urlsplit(expected).netloc == host
    assert url_of(token) == expected


def test_order_of_parameters_is_that_of_the_aws_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    url = url_of(sign_token(open_session("", ""), TokenRequest("c"), lambda: NOON))
    assert [name for name, _ in parse_qsl(urlsplit(url).query)] == [
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
    ]


def test_a_token_is_announced_for_fourteen_minutes() -> None:
    token = sign_token(open_session("", ""), TokenRequest("c"), lambda: NOON)
    assert token.expires.rfc3339() == "2026-01-31T12:14:00Z"


def test_another_cluster_gives_another_signature_and_nothing_else() -> None:
    one, two = (
        dict(
            parse_qsl(urlsplit(url_of(sign_token(open_session("", ""), TokenRequest(c), lambda: NOON))).query)
        )
        for c in ("a", "b")
    )
    assert {name for name in one if one[name] != two[name]} == {"X-Amz-Signature"}


REGIONS = {
    "the option wins": ("us-west-2", {"AWS_REGION": "eu-north-1"}, "us-west-2"),
    "AWS_REGION comes before AWS_DEFAULT_REGION": ("", {"AWS_REGION": "eu-north-1"}, "eu-north-1"),
    "AWS_DEFAULT_REGION": ("", {}, "eu-west-1"),
}


@pytest.mark.parametrize(("option", "environ", "region"), REGIONS.values(), ids=REGIONS.keys())
def test_region(option: str, environ: dict[str, str], region: str) -> None:
    url = url_of(sign_token(open_session("", option, environ), TokenRequest("c"), lambda: NOON))
    assert f"%2F{region}%2Fsts%2F" in url


def test_a_profile_brings_its_keys_and_region(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[dev]\naws_access_key_id=AKIDDEV\naws_secret_access_key=s\n")
    url = url_of(sign_token(open_session("dev", ""), TokenRequest("c"), lambda: NOON))
    assert "X-Amz-Credential=AKIDDEV%2F20260131%2Feu-west-1" in url


def test_keys_that_end_sooner_end_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = Instant.from_epoch(4_102_444_800)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ends.rfc3339())
    five_minutes_before = Instant.from_epoch(ends.epoch - 300)
    token = sign_token(open_session("", ""), TokenRequest("c"), lambda: five_minutes_before)
    assert token.expires == ends


def test_without_keys_the_environment_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(EnvironmentFailure) as caught:
        sign_token(open_session("", ""), TokenRequest("c"), lambda: NOON)
    assert caught.value.operation == "aws:ResolveCredentials"
    assert not caught.value.can_retry


MALFORMED: dict[str, tuple[dict[str, str], str]] = {
    "unknown profile": ({"AWS_PROFILE": "nobody"}, "aws.profile-unknown"),
    "half a key": ({"AWS_SECRET_ACCESS_KEY": ""}, "aws.configuration"),
    "endpoint that is no URL": ({"AWS_ENDPOINT_URL": "nonsense"}, "aws.configuration"),
    "misspelt endpoint rule": ({"AWS_STS_REGIONAL_ENDPOINTS": "local"}, "aws.configuration"),
    "misspelt region": ({"AWS_DEFAULT_REGION": "eu west"}, "aws.configuration"),
}


@pytest.mark.parametrize(("variables", "code"), MALFORMED.values(), ids=MALFORMED.keys())
def test_wrong_configuration(variables: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SekishoInputError) as caught:
        sign_token(open_session("", ""), TokenRequest("c"), lambda: NOON)
    assert [fault.code for fault in caught.value.faults] == [code]


GRANTED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>
<Expiration>2026-01-31T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
<Message>User x is not authorized
The Canonical String should have been x-amz-security-token:SESAME</Message></Error></ErrorResponse>"""


class FakeSts(HTTPServer):
    """STS on loopback: remembers forms, answers every AssumeRole with ``answer``."""

    forms: list[dict[str, list[str]]]
    answer: tuple[int, str]


class _Handler(BaseHTTPRequestHandler):
    server: FakeSts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append(parse_qs(body))
        status, text = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    server = FakeSts(("127.0.0.1", 0), _Handler)
    server.forms = []
    server.answer = (200, GRANTED)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_role_signs_with_its_session(sts: FakeSts) -> None:
    token = sign_token(open_session("", ""), TokenRequest("c", role=ROLE), lambda: NOON)
    query = dict(parse_qsl(urlsplit(url_of(token)).query))
    assert query["X-Amz-Credential"].startswith("ASIAROLE/")
    assert query["X-Amz-Security-Token"] == "role-token"
    (form,) = sts.forms
    assert form["RoleArn"] == [ROLE.arn]
    assert form["RoleSessionName"] == ["ana"]
    assert form["ExternalId"] == ["x1"]


def test_without_an_external_id_none_is_sent(sts: FakeSts) -> None:
    sign_token(open_session("", ""), TokenRequest("c", role=RoleToAssume(ROLE.arn)), lambda: NOON)
    (form,) = sts.forms
    assert "ExternalId" not in form
    assert form["RoleSessionName"] == ["EKSGetTokenAuth"]


@pytest.mark.parametrize(
    ("status", "code", "can_retry"),
    [(403, "AccessDenied", False), (400, "Throttling", True), (503, "ServiceUnavailable", True)],
)
def test_a_refusal_carries_code_and_message_and_no_secret(
    status: int, code: str, can_retry: bool, sts: FakeSts
) -> None:
    sts.answer = (status, REFUSAL.format(code=code))
    with pytest.raises(EnvironmentFailure) as caught:
        sign_token(open_session("", ""), TokenRequest("c", role=ROLE), lambda: NOON)
    assert str(caught.value) == f"sts:AssumeRole: {code}: User x is not authorized"
    assert caught.value.can_retry is can_retry


def test_nobody_at_the_endpoint_may_pass(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    with pytest.raises(EnvironmentFailure) as caught:
        sign_token(open_session("", ""), TokenRequest("c", role=ROLE), lambda: NOON)
    assert caught.value.can_retry
    assert sts.forms == []


def use_a_profile_with_a_role(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (home / "credentials").write_text("[base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=s\n")
    (home / "config").write_text(f"[profile dev]\nrole_arn={ROLE.arn}\nsource_profile=base\n")


def test_a_role_of_a_profile_is_assumed_once_for_all_commands(
    sts: FakeSts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts.answer = (200, GRANTED.replace("2026-", "2099-"))
    use_a_profile_with_a_role(tmp_path, monkeypatch)
    for _ in range(2):
        assert "Credential=ASIAROLE" in url_of(
            sign_token(open_session("dev", ""), TokenRequest("c"), lambda: NOON)
        )
    assert len(sts.forms) == 1
    (kept,) = (tmp_path / ".aws" / "cli" / "cache").iterdir()
    assert kept.stat().st_mode & 0o077 == 0


def test_where_role_credentials_cannot_be_kept_they_are_asked_for_again(
    sts: FakeSts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts.answer = (200, GRANTED.replace("2026-", "2099-"))
    use_a_profile_with_a_role(tmp_path, monkeypatch)
    (tmp_path / ".aws").touch()
    for _ in range(2):
        sign_token(open_session("dev", ""), TokenRequest("c"), lambda: NOON)
    assert len(sts.forms) == 2
