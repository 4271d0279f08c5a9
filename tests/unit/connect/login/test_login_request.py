"""What may be asked for: issuer, client, scopes, account, ports, path and patience, at their bounds."""

from datetime import timedelta
from typing import Any

import pytest

from sekisho.connect.login.login_request import Redirect, is_loopback_http, parse_login_request
from sekisho.decide.values import SekishoInputError

GIVEN = {"issuer": "https://issuer.example.com", "client_id": "kube"}

REFUSED = {
    "no issuer": ({"issuer": ""}, "--issuer"),
    "http elsewhere": ({"issuer": "http://issuer.example.com"}, "--issuer"),
    "a name that begins like this machine's": ({"issuer": "http://localhost.example.com"}, "--issuer"),
    "another loopback address": ({"issuer": "http://127.0.0.2"}, "--issuer"),
    "a query": ({"issuer": "https://issuer.example.com?x=1"}, "--issuer"),
    "a query on loopback": ({"issuer": "http://localhost:1?x=1"}, "--issuer"),
    "a fragment": ({"issuer": "https://issuer.example.com#x"}, "--issuer"),
    "a user name": ({"issuer": "https://a:b@issuer.example.com"}, "--issuer"),
    "no client": ({"client_id": ""}, "--client-id"),
    "a client with a space": ({"client_id": "a b"}, "--client-id"),
    "a scope in quotes": ({"scope": 'a"b'}, "--scope"),
    "no certificate": ({"certificate_authority": "x"}, "--certificate-authority"),
    "an account that is a path": ({"account": "../x"}, "--account"),
    "an account beyond measure": ({"account": "a" * 129}, "--account"),
    "an empty secret": ({"client_secret": "\n"}, "--client-secret-file"),
    "a port in words": ({"listen": "http"}, "--listen"),
    "a port beyond the last": ({"listen": "65536"}, "--listen"),
    "an empty port": ({"listen": "8000,"}, "--listen"),
    "seventeen ports": ({"listen": ",".join(map(str, range(1, 18)))}, "--listen"),
    "another host": ({"redirect_host": "example.com"}, "--redirect-host"),
    "a path without a slash": ({"redirect_path": "callback"}, "--redirect-path"),
    "a path that is a host": ({"redirect_path": "//example.com"}, "--redirect-path"),
    "a path with a query": ({"redirect_path": "/?x"}, "--redirect-path"),
    "a path beyond measure": ({"redirect_path": "/" + "a" * 128}, "--redirect-path"),
    "no time": ({"timeout": "0"}, "--timeout"),
    "more than an hour": ({"timeout": "3601"}, "--timeout"),
    "time in words": ({"timeout": "1m"}, "--timeout"),
}


@pytest.mark.parametrize(("changed", "option"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_names_its_option(changed: dict[str, str], option: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_login_request(**{**GIVEN, **changed})
    assert {fault.at.document for fault in caught.value.faults} == {option}
    assert {fault.code for fault in caught.value.faults} == {"login.option"}


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_login_request(issuer="x", client_id="", listen="x")
    found = {fault.at.document for fault in caught.value.faults}
    assert found == {"--issuer", "--client-id", "--listen"}


TAKEN: dict[str, tuple[dict[str, str], str, Any]] = {
    "the ports of kubelogin": ({}, "redirect", Redirect((8000, 18000), "localhost", "")),
    "a free port": ({"listen": "0"}, "redirect", Redirect((0,))),
    "the last port": ({"listen": "65535, 1,1"}, "redirect", Redirect((65535, 1))),
    "an address and a path": (
        {"redirect_host": "127.0.0.1", "redirect_path": "/callback/"},
        "redirect",
        Redirect((8000, 18000), "127.0.0.1", "/callback/"),
    ),
    "openid is always asked for": ({"scope": "email,groups  email"}, "scopes", ("openid", "email", "groups")),
    "an hour": ({"timeout": "3600"}, "timeout", timedelta(hours=1)),
    "three minutes": ({}, "timeout", timedelta(minutes=3)),
    "an account that is an address": ({"account": "k+1@example.com"}, "account", "k+1@example.com"),
    "an issuer of this machine": ({"issuer": "http://[::1]:8080/x"}, "issuer", "http://[::1]:8080/x"),
}


@pytest.mark.parametrize(("changed", "name", "value"), TAKEN.values(), ids=TAKEN.keys())
def test_what_is_taken(changed: dict[str, str], name: str, value: object) -> None:
    assert getattr(parse_login_request(**{**GIVEN, **changed}), name) == value


def test_what_a_kept_token_depends_on() -> None:
    def key(**more: str) -> str:
        return parse_login_request(**{**GIVEN, **more}).key

    same = {key(), key(scope="openid"), key(listen="1"), key(timeout="5"), key(account="default")}
    assert len(same) == 1
    assert key(scope="a b") == key(scope="b a")
    others = [{"issuer": "https://other.example.com"}, {"client_id": "x"}, {"scope": "a"}, {"account": "a"}]
    assert len({key(), *(key(**other) for other in others)}) == 5


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(parse_login_request(**GIVEN, client_secret="hunter2\n"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8000/x", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:1", True),
        ("https://localhost", False),
        ("http://localhost.example.com", False),
        ("http://[x", False),
    ],
)
def test_this_machine(url: str, expected: bool) -> None:
    assert is_loopback_http(url) is expected
