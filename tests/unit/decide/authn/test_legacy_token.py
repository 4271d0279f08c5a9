"""Tokens that stand in Secrets, at the API server: a row per check.

Source: kube-apiserver 1.34 ``pkg/serviceaccount/legacy.go``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sekisho.decide.authn.legacy_token import (
    LEGACY_ISSUER,
    LegacyClaims,
    authenticate_legacy,
    legacy_claims_to_json,
)
from sekisho.decide.authn.service_account_claims import ObjectClaim
from sekisho.decide.authn.service_account_code import ServiceAccountCode as Code
from sekisho.decide.authn.service_account_code import ServiceAccountFix
from sekisho.decide.authn.service_account_token import TokenIssuer
from sekisho.decide.decision import Outcome
from sekisho.decide.proof.jws_code import JwsCode
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.values import Instant, Secret
from support.jwt import Issuer, signed

API = "https://kubernetes.default.svc"
KEYS = Issuer.shared()
SERVER = TokenIssuer("https://issuer.example.com", (API,), parse_key_set(KEYS.jwks()))
CLAIMS = LegacyClaims("billing", "robot-token", ObjectClaim("robot", "uid-robot"))
PREFIX = "kubernetes.io/serviceaccount/"


def token_with(**changed: Any) -> str:
    """Return a signed token; a claim that is None is left out."""
    claims = {
        **legacy_claims_to_json(CLAIMS),
        **{name.replace("__", PREFIX): changed[name] for name in changed},
    }
    return signed({name: value for name, value in claims.items() if value is not None}, "RS256")


TOKEN = token_with()


@dataclass
class Objects:
    """What the cluster holds."""

    accounts: dict[str, str] = field(default_factory=lambda: {"robot": "uid-robot"})
    secrets: dict[str, str] = field(default_factory=lambda: {"robot-token": TOKEN})

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        assert (plural, namespace) == ("serviceaccounts", "billing")
        return self.accounts.get(name)

    going: Instant | None = None
    invalid: str = ""

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        assert (plural, namespace, name) == ("serviceaccounts", "billing", "robot")
        return self.going

    def invalid_since(self, namespace: str, name: str) -> str:
        assert (namespace, name) == ("billing", "robot-token")
        return self.invalid

    def token_of(self, namespace: str, name: str) -> Secret | None:
        held = self.secrets.get(name) if namespace == "billing" else None
        return None if held is None else Secret(held)


def test_a_token_of_a_secret_is_its_account() -> None:
    decision = authenticate_legacy(TOKEN, SERVER, Objects())
    assert decision.allowed
    assert [step.code for step in decision.trace] == [Code.ACCEPTED]
    assert decision.value is not None
    assert decision.value.audiences == (API,)
    user = decision.value.user
    assert (user.name, user.uid, user.extra) == ("system:serviceaccount:billing:robot", "uid-robot", ())
    assert user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:billing",
        "system:authenticated",
    )


ROWS: dict[str, tuple[Callable[[], str], Objects, Code]] = {
    "no token": (lambda: "a.b.c", Objects(), Code.MALFORMED),
    "no secret": (lambda: TOKEN, Objects(secrets={}), Code.BOUND_GONE),
    "the secret holds another token": (
        lambda: TOKEN,
        Objects(secrets={"robot-token": TOKEN + "x"}),
        Code.SECRET_OTHER,
    ),
    "the secret holds none": (lambda: TOKEN, Objects(secrets={"robot-token": ""}), Code.SECRET_OTHER),
    "no account": (lambda: TOKEN, Objects(accounts={}), Code.ACCOUNT_GONE),
    "account to go, however late": (
        lambda: TOKEN,
        Objects(going=Instant.from_epoch(4_000_000_000)),
        Code.ACCOUNT_GONE,
    ),
    "marked as invalid": (lambda: TOKEN, Objects(invalid="2026-11-24"), Code.SECRET_INVALID),
    "account made anew": (lambda: TOKEN, Objects(accounts={"robot": "uid-2"}), Code.ACCOUNT_OTHER),
    "no namespace": (lambda: token_with(__namespace=None), Objects(), Code.CLAIMS),
    "an empty namespace": (lambda: token_with(__namespace=""), Objects(), Code.CLAIMS),
    "a namespace that is no text": (lambda: token_with(__namespace=1), Objects(), Code.CLAIMS),
    "another subject": (
        lambda: token_with(sub="system:serviceaccount:billing:root"),
        Objects(),
        Code.CLAIMS,
    ),
}


@pytest.mark.parametrize(("token", "objects", "code"), ROWS.values(), ids=ROWS.keys())
def test_what_is_refused(token: Callable[[], str], objects: Objects, code: Code) -> None:
    decision = authenticate_legacy(token(), SERVER, objects)
    assert decision.outcome is Outcome.DENY
    assert [step.code for step in decision.decisive] == [code]


def test_a_token_that_another_key_signed_is_refused() -> None:
    head, body, signature = TOKEN.split(".")
    forged = ".".join((head, body, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")))
    decision = authenticate_legacy(forged, SERVER, Objects())
    assert decision.outcome is Outcome.DENY
    assert decision.decisive[0].code is Code.SIGNATURE
    assert isinstance(decision.decisive[1].code, JwsCode)


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [((API,), Outcome.ALLOW), (("x", API), Outcome.ALLOW), (("sts.amazonaws.com",), Outcome.DENY)],
)
def test_such_a_token_is_for_the_api_server_alone(asked: tuple[str, ...], outcome: Outcome) -> None:
    decision = authenticate_legacy(TOKEN, SERVER, Objects(), asked)
    assert decision.outcome is outcome
    if outcome is Outcome.DENY:
        assert decision.decisive[0].code is Code.AUDIENCE
        assert decision.repairs[0].code is ServiceAccountFix.FOR_AUDIENCE


def test_every_cluster_names_the_same_issuer() -> None:
    assert legacy_claims_to_json(CLAIMS)["iss"] == LEGACY_ISSUER == "kubernetes/serviceaccount"
