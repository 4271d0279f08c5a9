"""Temporary credentials in a running lab, with real boto3: whole, spoilt, expired, of principals now gone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from e2e.hostile_wire import token_of, token_url
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Secret
from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    Caller,
    assuming,
    codes_of,
    delete_role,
    delete_user,
    last_refusal,
    new_role,
    new_user,
    policy,
    profile,
    trust,
)

MAY_STS = policy("sts:*", Resource="*")
TARGET = policy("s3:ListAllMyBuckets", "eks:DescribeCluster", "eks:ListClusters", Resource="*")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def ci(home: Caller) -> Caller:
    """Return a user who may do anything of STS."""
    return new_user(home, "ci", MAY_STS)


@pytest.fixture(scope="module")
def hub(home: Caller, ci: Caller) -> Caller:
    """Return a session of a role."""
    new_role(home, "hub", trust(HOME), MAY_STS)
    return ci.assume("hub", HOME, "first")


def fresh(name: str) -> str:
    """Return a name that no other test uses."""
    return f"{name}-{next(_NUMBERS)}"


Spoil = Callable[[Caller], Caller]
TOKENS: dict[str, tuple[Spoil, str]] = {
    "a wrong token": (
        lambda caller: replace(caller, token=f"{caller.token}"[:-1] + "!"),
        "proof.token-wrong",
    ),
    "a shortened token": (lambda caller: replace(caller, token=f"{caller.token}"[:-1]), "proof.token-wrong"),
    "no token": (lambda caller: replace(caller, token=None), "proof.token-missing"),
    "a wrong secret": (lambda caller: replace(caller, secret="B" * 40), "proof.signature-mismatch"),
    "a key that was never given out": (
        lambda caller: replace(caller, key_id="ASIA" + "Q" * 16),
        "proof.key-unknown",
    ),
}
UNKNOWN = {"sts": "InvalidClientTokenId", "iam": "InvalidClientTokenId", "eks": "UnrecognizedClientException"}
CALLS = {"sts": "get_caller_identity", "iam": "list_users", "eks": "list_clusters"}


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("case", TOKENS)
def test_credentials_that_are_not_whole_are_refused(
    lab: RunningLab, hub: Caller, service: str, case: str
) -> None:
    spoil, code = TOKENS[case]
    told = spoil(hub).refused(service, CALLS[service])
    assert last_refusal(lab)["code"] == code
    assert told.status == 403
    if code != "proof.signature-mismatch":
        assert told.code == UNKNOWN[service]


def test_the_token_of_one_session_is_none_of_another(lab: RunningLab, away: Caller, ci: Caller) -> None:
    name = fresh("two")
    new_role(away, name, trust(HOME))
    one, two = ci.assume(name), ci.assume(name)
    told = replace(one, token=two.token).refused("sts", "get_caller_identity")
    assert (told.code, last_refusal(lab)["code"]) == ("InvalidClientTokenId", "proof.token-wrong")


def signed_by(caller: Caller, age: timedelta = timedelta(0)) -> str:
    """Return a token for the cluster, signed ``age`` ago."""
    keys = SigningKeys(caller.key_id, Secret(caller.secret), Secret(f"{caller.token}"))
    return token_of(token_url(keys, age=age))


def verdict(lab: RunningLab, token: str) -> tuple[str, str]:
    """Return the last link that a cluster's token reaches, and its code."""
    link = lab.client.post("/explain-token", {"token": token, "cluster": "eks-clu"})["links"][-1]
    return link["link"], link["decisive"][0]["code"]


def test_a_session_signs_tokens_of_a_cluster_as_long_as_its_role_is_there(
    lab: RunningLab, home: Caller, ci: Caller
) -> None:
    name = fresh("token")
    new_role(home, name, trust(HOME))
    session = ci.assume(name, HOME)
    taken = signed_by(session)
    assert verdict(lab, taken) == ("mapping", "mapping.not-mapped")
    assert verdict(lab, signed_by(replace(session, token="x" * 300))) == ("signature", "proof.token-wrong")
    delete_role(home, name)
    for token in (taken, signed_by(session, timedelta(minutes=1))):
        assert verdict(lab, token) == ("signature", "proof.key-unknown")
    new_role(home, name, trust(HOME))
    assert verdict(lab, taken) == ("signature", "proof.key-unknown")


def test_a_token_that_was_taken_ends_with_its_session(sekisho_lab: RunningLab) -> None:
    home = profile(sekisho_lab, "default")
    new_role(home, "short", trust(HOME))
    session = home.assume("short", HOME, DurationSeconds=900)
    sekisho_lab.client.post("/clock", {"seconds": 600})
    taken = signed_by(session)
    assert verdict(sekisho_lab, taken) == ("mapping", "mapping.not-mapped")
    sekisho_lab.client.post("/clock", {"seconds": 300})
    assert verdict(sekisho_lab, taken) == ("signature", "proof.session-expired")


def test_sessions_of_a_deleted_role_and_of_one_made_anew_are_unknown(
    lab: RunningLab, away: Caller, ci: Caller
) -> None:
    name = fresh("gone")
    new_role(away, name, trust(HOME), TARGET)
    old = ci.assume(name)
    delete_role(away, name)
    assert old.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    assert last_refusal(lab)["code"] == "proof.key-unknown"
    assert ci.refused("sts", "assume_role", **assuming(name)).code == "AccessDenied"
    assert last_refusal(lab)["code"] == "sts.role-unknown"
    new_role(away, name, trust(HOME), TARGET)
    assert old.refused("s3", "list_buckets").code == "InvalidAccessKeyId"
    assert ci.assume(name).ask("s3", "list_buckets")["Buckets"] == []


def test_a_user_made_anew_is_not_the_one_that_was_trusted(
    lab: RunningLab, home: Caller, away: Caller
) -> None:
    name = fresh("anew")
    first = new_user(home, name, MAY_STS)
    session = first.with_credentials(first.ask("sts", "get_session_token"))
    new_role(away, name, trust(f"arn:aws:iam::{HOME}:user/{name}"))
    assert first.assume(name).arn.endswith(f"{name}/s-1")
    delete_user(home, name)
    assert session.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    again = new_user(home, name, MAY_STS)
    assert session.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    who = f"arn:aws:iam::{HOME}:user/{name}"
    assert again.refused("sts", "assume_role", **assuming(name)).code == "AccessDenied"
    assert "iam.no-resource-policy-allows" in codes_of(last_refusal(lab))
    away.ask("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=trust(who))
    assert again.assume(name).arn.endswith(f"{name}/s-1")


@pytest.mark.parametrize("fate", ["deleted", "renamed"])
def test_a_federated_user_is_known_as_long_as_its_user_is_there(
    lab: RunningLab, home: Caller, fate: str
) -> None:
    name = fresh("voucher")
    caller = new_user(home, name, MAY_STS, TARGET)
    guest = caller.with_credentials(caller.ask("sts", "get_federation_token", Name="guest", Policy=TARGET))
    assert guest.ask("s3", "list_buckets")["Buckets"] == []
    if fate == "deleted":
        delete_user(home, name)
    else:
        home.ask("iam", "update_user", UserName=name, NewUserName=f"{name}-now")
    assert guest.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    new_user(home, name, MAY_STS, TARGET)
    assert guest.refused("s3", "list_buckets").code == "InvalidAccessKeyId"
    assert last_refusal(lab)["code"] == "proof.key-unknown"


def test_a_role_made_anew_is_not_the_one_that_was_trusted(
    lab: RunningLab, home: Caller, away: Caller, ci: Caller
) -> None:
    name = fresh("hop-anew")
    arn = new_role(home, name, trust(HOME), MAY_STS)
    new_role(away, name, trust(arn))
    assert ci.assume(name, HOME).assume(name).arn.endswith(f"{name}/s-1")
    delete_role(home, name)
    new_role(home, name, trust(HOME), MAY_STS)
    assert ci.assume(name, HOME).refused("sts", "assume_role", **assuming(name)).code == "AccessDenied"
    assert last_refusal(lab)["code"] == "sts.not-authorized"


def test_iam_takes_no_calls_from_sessions_that_keys_alone_obtained(lab: RunningLab, home: Caller) -> None:
    everything = policy("*", Resource="*")
    again = home.with_credentials(home.ask("sts", "get_session_token"))
    guest = home.with_credentials(home.ask("sts", "get_federation_token", Name="guest", Policy=everything))
    for caller, code in ((again, "session"), (guest, "federated-user")):
        assert caller.ask("eks", "list_clusters")["clusters"] == ["eks-clu"]
        told = caller.refused("iam", "list_users")
        assert (told.code, told.status) == ("InvalidClientTokenId", 403)
        assert last_refusal(lab)["code"] == f"sts.{code}-not-for-iam"


def test_a_session_ends_by_the_lab_s_clock_and_survives_a_restart(sekisho_lab: RunningLab) -> None:
    home, away = profile(sekisho_lab, "default"), profile(sekisho_lab, "target-env")
    new_role(away, "spoke", trust(HOME), TARGET)
    session = home.assume("spoke", DurationSeconds=900)
    sekisho_lab.stop()
    sekisho_lab.start()
    assert session.ask("s3", "list_buckets")["Buckets"] == []
    sekisho_lab.client.post("/clock", {"seconds": 880})
    assert session.arn == f"arn:aws:sts::{AWAY}:assumed-role/spoke/s-1"
    sekisho_lab.client.post("/clock", {"seconds": 20})
    expired = {"sts": "ExpiredToken", "iam": "ExpiredToken", "eks": "ExpiredTokenException"}
    for service, call in CALLS.items():
        told = session.refused(service, call)
        assert (told.code, told.status) == (expired[service], 403), service
        assert last_refusal(sekisho_lab)["code"] == "proof.session-expired"
    assert session.refused("s3", "list_buckets").code == "ExpiredToken"
    sekisho_lab.client.post("/clock", {"seconds": 3700})
    home.assume("spoke")
    assert session.refused("sts", "get_caller_identity").code == "InvalidClientTokenId"
    assert last_refusal(sekisho_lab)["code"] == "proof.key-unknown"


def test_no_secret_of_a_session_is_told_by_anything_but_its_answer(sekisho_lab: RunningLab) -> None:
    home, away = profile(sekisho_lab, "default"), profile(sekisho_lab, "target-env")
    new_role(away, "spoke", trust(HOME), TARGET)
    session = home.assume("spoke")
    guest = home.with_credentials(home.ask("sts", "get_federation_token", Name="guest"))
    session.ask("s3", "list_buckets")
    session.refused("iam", "list_users")
    guest.refused("sts", "assume_role", **assuming("spoke"))
    replace(session, token="x" * len(str(session.token))).refused("sts", "get_caller_identity")
    journal = json.dumps(sekisho_lab.client.get("/journal"))
    facts = json.dumps(sekisho_lab.client.get("/facts"))
    status = json.dumps(sekisho_lab.client.get("/status"))
    log = sekisho_lab.state.log.read_text(encoding="utf-8", errors="replace")
    assert session.key_id in facts
    for caller in (session, guest):
        for secret in (caller.secret, caller.token):
            assert secret
            for place in (journal, facts, status, log):
                assert secret not in place
                assert secret.replace("/", "\\/") not in place
    assert "Traceback" not in log
