"""AWS calls that must be refused, through both doors, in AWS's own words and with a code in the journal."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from e2e.hostile_wire import STS, Doors, Target, agent, signed, sts_request, with_header
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import Secret
from sekisho.testing import RunningLab

OTHER_BODY = b"Action=GetSessionToken&Version=2011-06-15"

Make = Callable[[HttpRequest, SigningKeys], HttpRequest]


@pytest.fixture
def doors(sekisho_shared_lab: RunningLab) -> Doors:
    return Doors.of(sekisho_shared_lab)


def flipped(request: HttpRequest, keys: SigningKeys) -> HttpRequest:
    good = signed(request, keys)
    value = good.header("authorization")[0]
    return with_header(good, "authorization", value[:-1] + format(int(value[-1], 16) ^ 1, "x"))


def by(key_id: str = "", secret: str = "") -> Make:
    def make(request: HttpRequest, keys: SigningKeys) -> HttpRequest:
        forged = Secret(secret) if secret else keys.secret
        return signed(request, SigningKeys(key_id or keys.access_key_id, forged))

    return make


REFUSED: dict[str, tuple[Make, int, str, str]] = {
    "no signature": (lambda request, _: request, 403, "MissingAuthenticationToken", "proof.unsigned"),
    "a wrong secret": (by(secret="B" * 40), 403, "SignatureDoesNotMatch", "proof.signature-mismatch"),
    "an unknown key": (by(key_id="AKIA" + "Q" * 16), 403, "InvalidClientTokenId", "proof.key-unknown"),
    "one bit flipped": (flipped, 403, "SignatureDoesNotMatch", "proof.signature-mismatch"),
    "another body": (
        lambda request, keys: replace(signed(request, keys), body=OTHER_BODY),
        403,
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "another path": (
        lambda request, keys: replace(signed(request, keys), path="/x"),
        403,
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "a query added": (
        lambda request, keys: replace(signed(request, keys), query="Action=GetSessionToken"),
        403,
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "another method": (
        lambda request, keys: replace(signed(request, keys), method="PUT"),
        403,
        "SignatureDoesNotMatch",
        "proof.signature-mismatch",
    ),
    "signed for another service": (
        lambda request, keys: signed(request, keys, service="iam", region="us-east-1"),
        403,
        "SignatureDoesNotMatch",
        "",
    ),
    "a session token that was never issued": (
        lambda request, keys: signed(request, replace(keys, session_token=Secret("c2Vzc2lvbg=="))),
        403,
        "InvalidClientTokenId",
        "proof.token-unexpected",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("door", ["proxy", "second"])
def test_a_call_is_refused_with_its_own_code(doors: Doors, door: str, case: str) -> None:
    make, status, aws_code, code = REFUSED[case]
    target, host = _door(doors, door)
    client = agent()
    answer = doors.ask(target, make(sts_request(host, client=client), doors.keys()))
    entry = doors.noted(client)
    if code:
        assert (entry["code"], entry["status"]) == (code, status)
    assert 400 <= answer.status < 500
    if code or door == "proxy":
        assert (answer.status, aws_code in answer.text) == (status, True), answer.text
    assert doors.keys().secret.reveal() not in str(entry) + answer.text
    doors.assert_no_traceback()


def test_a_signature_for_one_host_is_no_signature_for_another(doors: Doors) -> None:
    """A request that was made for one name of AWS is replayed to another, and to the second door."""
    original = signed(sts_request(), doors.keys())
    other = "sts.us-east-1.amazonaws.com"
    second = f"127.0.0.1:{doors.second.port}"
    for target, host in ((doors.aws(other), other), (doors.second, second)):
        client = agent()
        replayed = with_header(with_header(original, "user-agent", client), "host", host)
        answer = doors.ask(target, replayed)
        assert (answer.status, "SignatureDoesNotMatch" in answer.text) == (403, True)
        assert doors.noted(client)["code"] in {"proof.signature-mismatch", "proof.scope-region"}


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_a_key_of_one_partition_is_unknown_in_another(doors: Doors, host: str, region: str) -> None:
    client = agent()
    request = signed(sts_request(host, client=client), doors.keys(), region=region)
    answer = doors.ask(doors.aws(host), request)
    assert (answer.status, "InvalidClientTokenId" in answer.text) == (403, True)
    assert doors.noted(client)["code"] == "proof.key-unknown"


def test_the_same_call_unchanged_is_served_by_both_doors(doors: Doors) -> None:
    for door in ("proxy", "second"):
        target, host = _door(doors, door)
        answer = doors.ask(target, signed(sts_request(host), doors.keys()))
        assert (answer.status, "user/eks-admin" in answer.text) == (200, True)


def _door(doors: Doors, door: str) -> tuple[Target, str]:
    return (doors.aws(STS), STS) if door == "proxy" else (doors.second, f"127.0.0.1:{doors.second.port}")
