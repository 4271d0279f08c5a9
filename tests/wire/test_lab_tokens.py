"""Tokens that the cluster must refuse: each over TLS, each with its own code in the journal.

Source: aws-iam-authenticator ``pkg/token`` for the checks; the API server answers 401 to all of them
and says no more, so the code is in the journal alone.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from e2e.hostile_wire import (
    STS,
    Doors,
    agent,
    kube_status,
    rendered,
    signed,
    sts_request,
    token_of,
    token_url,
)
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Secret
from sekisho.testing import RunningLab

GOVCLOUD = "sts.us-gov-west-1.amazonaws.com"
LIST = "/api/v1/namespaces"

Make = Callable[[SigningKeys], str]


@pytest.fixture
def doors(sekisho_shared_lab: RunningLab) -> Doors:
    return Doors.of(sekisho_shared_lab)


def in_url(old: str, new: str) -> Make:
    """Return a token whose URL was changed after it was signed."""

    def make(keys: SigningKeys) -> str:
        url = token_url(keys)
        assert old in url
        return token_of(url.replace(old, new, 1))

    return make


def flipped(place: Callable[[str], int]) -> Make:
    """Return a token with one bit of its signature flipped: a hexadecimal digit becomes another."""

    def make(keys: SigningKeys) -> str:
        url = token_url(keys)
        at = place(url)
        digit = format(int(url[at], 16) ^ 1, "x")
        return token_of(url[:at] + digit + url[at + 1 :])

    return make


def aged(age: timedelta) -> Make:
    return lambda keys: token_of(token_url(keys, age=age))


def signed_with(**changes: str) -> Make:
    return lambda keys: token_of(token_url(keys, **changes))  # type: ignore[arg-type]  # every change is text


def by(key_id: str = "", secret: str = "") -> Make:
    """Return a token of another key, or of the same key with another secret."""

    def make(keys: SigningKeys) -> str:
        forged = Secret(secret) if secret else keys.secret
        return token_of(token_url(SigningKeys(key_id or keys.access_key_id, forged)))

    return make


def long_token(keys: SigningKeys) -> str:
    return token_of(token_url(keys) + "&X-Amz-Security-Token=" + "A" * 12_900)


def signature_start(url: str) -> int:
    return url.index("X-Amz-Signature=") + len("X-Amz-Signature=")


REFUSED: dict[str, tuple[Make, str]] = {
    "made for another cluster": (signed_with(cluster="eks-other"), "proof.signature-mismatch"),
    "sixteen minutes old": (aged(timedelta(minutes=16)), "iam-token.expired"),
    "six minutes from the future": (aged(timedelta(minutes=-6)), "iam-token.future"),
    "first digit of the signature": (flipped(signature_start), "proof.signature-mismatch"),
    "a middle digit of the signature": (
        flipped(lambda url: signature_start(url) + 31),
        "proof.signature-mismatch",
    ),
    "last digit of the signature": (flipped(lambda url: len(url) - 1), "proof.signature-mismatch"),
    "another lifetime than was signed": (
        in_url("X-Amz-Expires=60", "X-Amz-Expires=61"),
        "proof.signature-mismatch",
    ),
    "another action than was signed": (in_url("GetCallerIdentity", "GetCallerIdentitx"), "iam-token.action"),
    "half a signature": (lambda keys: token_of(token_url(keys)[:-32]), "iam-token.signature-missing"),
    "a parameter twice": (
        lambda keys: token_of(token_url(keys) + "&Action=GetCallerIdentity"),
        "iam-token.duplicate-parameter",
    ),
    "a parameter twice in another case": (
        lambda keys: token_of(token_url(keys) + "&action=GetCallerIdentity"),
        "iam-token.duplicate-parameter",
    ),
    "an unknown parameter": (lambda keys: token_of(token_url(keys) + "&x=y"), "iam-token.unknown-parameter"),
    "user information": (in_url("https://", "https://user:pass@"), "iam-token.userinfo"),
    "a port": (in_url(STS, f"{STS}:443"), "iam-token.port"),
    "a fragment": (lambda keys: token_of(token_url(keys) + "#x"), "iam-token.fragment"),
    "plain http": (in_url("https://", "http://"), "iam-token.scheme"),
    "a path": (in_url(".com/?", ".com/x?"), "iam-token.path"),
    "a foreign host": (
        signed_with(host="sts.evil.example", region="us-east-1"),
        "iam-token.host-unknown-region",
    ),
    "a host that only begins like STS": (
        signed_with(host=f"{STS}.evil.example"),
        "iam-token.host-not-sts",
    ),
    "a GovCloud host": (signed_with(host=GOVCLOUD, region="us-gov-west-1"), "iam-token.host-other-partition"),
    "seventeen KiB": (long_token, "iam-token.too-long"),
    "a wrong secret": (by(secret="A" * 40), "proof.signature-mismatch"),
    "an unknown access key": (by(key_id="AKIA" + "Z" * 16), "proof.key-unknown"),
    "another scheme's prefix": (lambda _: "k8s-gcp-v1.aHR0cHM", "iam-token.prefix"),
    "a token of no issuer": (lambda _: "eyJhbGciOiJub25lIn0.e30.", "oidc.issuer-not-configured"),
    "padded base64": (lambda keys: token_of(token_url(keys)) + "=", "iam-token.base64"),
    "bytes beyond ASCII": (lambda keys: token_of(token_url(keys) + "\u00e9"), "iam-token.url"),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_token_is_refused_with_its_own_code(doors: Doors, make: Make, code: str) -> None:
    client = agent()
    token = make(doors.keys())
    answer = doors.kube("GET", LIST, token, headers=(("user-agent", client),))
    assert answer.status == 401
    assert kube_status(answer)["message"] == "Unauthorized"
    entry = doors.noted(client)
    assert (entry["code"], entry["status"]) == (code, 401)
    assert token not in str(entry)
    doors.assert_no_traceback()


@pytest.mark.parametrize("age", [timedelta(minutes=14), timedelta(minutes=-4)], ids=["old", "future"])
def test_a_token_inside_both_bounds_is_accepted(doors: Doors, age: timedelta) -> None:
    assert doors.kube("GET", LIST, token_of(token_url(doors.keys(), age=age))).status == 200


def test_a_region_nobody_has_heard_of_is_no_fault_of_the_server(doors: Doors) -> None:
    client = agent()
    host = "sts.eu-fantasy-9.amazonaws.com"
    token = token_of(token_url(doors.keys(), host=host, region="eu-fantasy-9"))
    # STS's own names follow a pattern, so the region may be real tomorrow; the signature is good.
    answer = doors.kube("GET", LIST, token, headers=(("user-agent", client),))
    assert (answer.status, doors.noted(client)["code"]) == (200, "door.served")
    doors.assert_no_traceback()


HEADERS = {
    "no header at all": ((), "chain.no-credential"),
    "another scheme": ((("authorization", "Basic dXNlcjpwYXNz"),), "chain.not-bearer"),
    "two headers": ((("authorization", "Bearer a"), ("authorization", "Bearer b")), "chain.not-bearer"),
}


@pytest.mark.parametrize(("headers", "code"), HEADERS.values(), ids=HEADERS.keys())
def test_a_request_without_one_bearer_token_is_refused(
    doors: Doors, headers: tuple[tuple[str, str], ...], code: str
) -> None:
    client = agent()
    answer = doors.kube("GET", LIST, headers=(*headers, ("user-agent", client)))
    assert (answer.status, doors.noted(client)["code"]) == (401, code)


def test_an_access_key_that_was_made_inactive_opens_no_door(doors: Doors) -> None:
    """Both as a token that worked a moment ago, and as a call through both doors."""
    keys = doors.keys("creator")
    other = doors.keys("default")
    token = token_of(token_url(keys))
    assert doors.kube("GET", LIST, token).status == 200
    _set_status(doors, other, keys.access_key_id, "Inactive")
    try:
        client = agent()
        assert doors.kube("GET", LIST, token, headers=(("user-agent", client),)).status == 401
        assert doors.noted(client)["code"] == "proof.key-inactive"
        second = f"127.0.0.1:{doors.second.port}"
        for target, host in ((doors.second, second), (doors.aws(STS), STS)):
            client = agent()
            answer = doors.ask(target, signed(sts_request(host, client=client), keys))
            assert answer.status == 403
            assert "InvalidClientTokenId" in answer.text
            assert doors.noted(client)["code"] == "proof.key-inactive"
    finally:
        _set_status(doors, other, keys.access_key_id, "Active")
    assert doors.kube("GET", LIST, token).status == 200


def _set_status(doors: Doors, keys: SigningKeys, key_id: str, status: str) -> None:
    body = f"Action=UpdateAccessKey&Version=2010-05-08&AccessKeyId={key_id}&Status={status}"
    request = sts_request("iam.amazonaws.com", f"{body}&UserName=eks-admin".encode())
    wanted = signed(request, keys, service="iam", region="us-east-1")
    answer = doors.send(doors.aws("iam.amazonaws.com"), rendered(wanted))
    assert answer.status == 200, answer.text
