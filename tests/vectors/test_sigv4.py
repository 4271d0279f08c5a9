"""Signed requests with known answers, asked of `verify` and of the caller identity it yields."""

import json
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import pytest

from sekisho.decide.proof import Credential, Family, HttpRequest, Scope, aws_error, verify
from sekisho.decide.sts import caller_identity, role_session, user
from sekisho.decide.values import Arn, Instant, Principal, Secret


class StoredKey(TypedDict, total=False):
    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: str
    arn: str
    user_id: str
    account: str
    status: str


class Endpoint(TypedDict):
    service: str
    region: str
    hosts: list[str]


class Received(TypedDict):
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: str


class Expected(TypedDict, total=False):
    ok: bool
    arn: str
    user_id: str
    account: str
    code: str
    http_status: int


class Case(TypedDict, total=False):
    name: str
    now: str
    endpoint: Endpoint
    request: Received
    expected: Expected
    accept_codes: list[str]


class File(TypedDict):
    format: str
    credentials: list[StoredKey]
    cases: list[Case]


FILE: File = json.loads((Path(__file__).parent / "data/iam/sigv4.json").read_text())


def principal(key: StoredKey) -> Principal:
    """The user or role session that a stored key belongs to."""
    arn = Arn.parse(key["arn"])
    if arn.service == "sts":
        _, role, session = arn.resource.split("/")
        return role_session(arn.account, role, key["user_id"].split(":")[0], session)
    return user(arn.account, arn.resource.removeprefix("user/"), key["user_id"])


def credential(key: StoredKey) -> Credential:
    return Credential(
        key["access_key_id"],
        Secret(key["secret_access_key"]),
        principal(key),
        active=key["status"] == "Active",
        session_token=Secret(key["session_token"]) if "session_token" in key else None,
        expires=Instant.parse_rfc3339(key["expires_at"]) if "expires_at" in key else None,
    )


KEYS = {key["access_key_id"]: credential(key) for key in FILE["credentials"]}


def received(request: Received) -> HttpRequest:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request["query"])
    return HttpRequest(
        request["method"],
        request["path"],
        query,
        tuple((name.lower(), value) for name, value in request["headers"].items()),
        request["body"].encode(),
    )


def test_the_file_is_of_the_format_this_adapter_reads() -> None:
    assert FILE["format"] == "iam/sigv4/1"


@pytest.mark.parametrize("case", FILE["cases"], ids=[case["name"] for case in FILE["cases"]])
def test_sigv4_vector(case: Case) -> None:
    endpoint = case["endpoint"]
    scope = Scope(endpoint["service"], frozenset({endpoint["region"]}), frozenset(endpoint["hosts"]))
    decision = verify(received(case["request"]), KEYS.get, Instant.parse_rfc3339(case["now"]), scope)
    expected = case["expected"]
    if decision.value is not None:
        identity = caller_identity(decision.value.principal)
        assert expected["ok"]
        assert (str(identity.arn), identity.user_id, identity.account) == (
            expected["arn"],
            expected["user_id"],
            expected["account"],
        )
        return
    error = aws_error(decision, Family.QUERY)
    if error.code in case.get("accept_codes", ()):
        return
    assert not expected["ok"]
    assert (error.code, error.http_status) == (expected["code"], expected["http_status"])
