"""Service account tokens at the API server: a row per check, both sides of each boundary.

Source: kube-apiserver 1.34 ``pkg/serviceaccount`` (order, leeway, what binds a token's life).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sekisho.decide.authn.service_account_claims import (
    ObjectClaim,
    ServiceAccountClaims,
    claims_to_json,
    parse_claims,
)
from sekisho.decide.authn.service_account_code import ServiceAccountCode as Code
from sekisho.decide.authn.service_account_code import ServiceAccountFix
from sekisho.decide.authn.service_account_token import (
    Bearer,
    TokenIssuer,
    authenticate,
    issuer_of,
)
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.proof.jws_code import JwsCode
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.values import Instant, SekishoInputError
from support.jwt import Issuer, compact, encoded, rsa_key, signed

ISSUER = "https://oidc.eks.eu-north-1.amazonaws.com/id/5D0C7A11B0A75ECF"
API = "https://kubernetes.default.svc"
NOW = 1_900_000_000
KEYS = Issuer.shared()
SERVER = TokenIssuer(ISSUER, (API,), parse_key_set(KEYS.jwks()))
ACCOUNT = {"name": "ledger", "uid": "uid-ledger"}
POD = {"name": "web-0", "uid": "uid-web"}
NODE = {"name": "node-1", "uid": "uid-node"}


@dataclass
class Objects:
    """What the cluster holds: (resource, namespace, name) -> uid."""

    uids: dict[tuple[str, str, str], str] = field(
        default_factory=lambda: {
            ("serviceaccounts", "billing", "ledger"): "uid-ledger",
            ("pods", "billing", "web-0"): "uid-web",
            ("secrets", "billing", "kept"): "uid-kept",
            ("nodes", "", "node-1"): "uid-node",
        }
    )

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        return self.uids.get((plural, namespace, name))

    going: dict[str, int] = field(default_factory=dict)
    """Resource -> when its object is to go."""

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        found = self.going.get(plural) if (plural, namespace, name) in self.uids else None
        return None if found is None else Instant.from_epoch(found)

    def without(self, plural: str) -> "Objects":
        return Objects({key: uid for key, uid in self.uids.items() if key[0] != plural})

    def renewed(self, plural: str) -> "Objects":
        return Objects({key: "uid-2" if key[0] == plural else uid for key, uid in self.uids.items()})


def claims(private: Mapping[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """Return a token's claims; a changed one that is None is left out."""
    own = {"namespace": "billing", "serviceaccount": ACCOUNT, **(private or {})}
    usual: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "system:serviceaccount:billing:ledger",
        "aud": [API],
        "iat": NOW - 100,
        "nbf": NOW - 100,
        "exp": NOW + 3600,
        "jti": "8f6ed5f8-8ad5-4eb6-a5a3-39a3a0a39e36",
        "kubernetes.io": own,
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def ask(
    told: Any,
    facts: Objects | None = None,
    audiences: tuple[str, ...] = (),
    token: str | None = None,
) -> Decision[Bearer]:
    text = signed(told, "RS256") if token is None else token
    return authenticate(text, SERVER, facts or Objects(), Instant.from_epoch(NOW), audiences)


def user(decision: Decision[Bearer]) -> Bearer:
    assert decision.value is not None, decision.sentence()
    return decision.value


def codes(decision: Decision[Bearer]) -> list[str]:
    return [str(step.code) for step in decision.decisive]


def test_the_account_of_a_token_is_the_user() -> None:
    found = ask(claims())
    assert codes(found) == [Code.ACCEPTED]
    bearer = user(found)
    assert bearer.user.name == "system:serviceaccount:billing:ledger"
    assert bearer.user.uid == "uid-ledger"
    assert bearer.user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:billing",
        "system:authenticated",
    )
    assert bearer.user.extra == (
        ("authentication.kubernetes.io/credential-id", ("JTI=8f6ed5f8-8ad5-4eb6-a5a3-39a3a0a39e36",)),
    )
    assert (bearer.audiences, bearer.stale_since) == ((API,), None)


EXTRAS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a pod on a node": (
        {"pod": POD, "node": NODE},
        {"node-name": "node-1", "node-uid": "uid-node", "pod-name": "web-0", "pod-uid": "uid-web"},
    ),
    "a pod on a node that was not there": (
        {"pod": POD, "node": {"name": "gone"}},
        {"node-name": "gone", "pod-name": "web-0", "pod-uid": "uid-web"},
    ),
    "a pod nowhere yet": ({"pod": POD}, {"pod-name": "web-0", "pod-uid": "uid-web"}),
    "a node alone": ({"node": NODE}, {"node-name": "node-1", "node-uid": "uid-node"}),
    "a secret": ({"secret": {"name": "kept", "uid": "uid-kept"}}, {}),
}


@pytest.mark.parametrize(("private", "expected"), EXTRAS.values(), ids=EXTRAS.keys())
def test_a_bound_object_shows_in_extra(private: dict[str, Any], expected: dict[str, str]) -> None:
    extra = dict(user(ask(claims(private, jti=None))).user.extra)
    assert extra == {f"authentication.kubernetes.io/{key}": (value,) for key, value in expected.items()}


Ask = Callable[[], Decision[Bearer]]
BOUND = {"pod": POD, "node": NODE}
REFUSED: dict[str, tuple[Ask, list[str]]] = {
    "expired by the leeway and a second": (lambda: ask(claims(exp=NOW - 61)), [Code.EXPIRED]),
    "begins after the leeway": (lambda: ask(claims(nbf=NOW + 61)), [Code.NOT_YET]),
    "issued after the leeway": (lambda: ask(claims(iat=NOW + 61, nbf=None)), [Code.NOT_YET]),
    "for STS": (lambda: ask(claims(aud=["sts.amazonaws.com"])), [Code.AUDIENCE]),
    "for nobody": (lambda: ask(claims(aud=[])), [Code.AUDIENCE]),
    "without aud": (lambda: ask(claims(aud=None)), [Code.AUDIENCE]),
    "for the API server, another asked for": (lambda: ask(claims(), None, ("vault",)), [Code.AUDIENCE]),
    "account deleted": (lambda: ask(claims(), Objects().without("serviceaccounts")), [Code.ACCOUNT_GONE]),
    "account made anew": (lambda: ask(claims(), Objects().renewed("serviceaccounts")), [Code.ACCOUNT_OTHER]),
    "pod deleted": (lambda: ask(claims(BOUND), Objects().without("pods")), [Code.BOUND_GONE]),
    "pod made anew": (lambda: ask(claims(BOUND), Objects().renewed("pods")), [Code.BOUND_OTHER]),
    "node deleted": (lambda: ask(claims({"node": NODE}), Objects().without("nodes")), [Code.BOUND_GONE]),
    "node made anew": (lambda: ask(claims({"node": NODE}), Objects().renewed("nodes")), [Code.BOUND_OTHER]),
    "account kept by a finalizer beyond its end": (
        lambda: ask(claims(), Objects(going={"serviceaccounts": NOW - 61})),
        [Code.ACCOUNT_GONE],
    ),
    "pod kept by a finalizer beyond its end": (
        lambda: ask(claims(BOUND), Objects(going={"pods": NOW - 61})),
        [Code.BOUND_GONE],
    ),
    "node kept by a finalizer beyond its end": (
        lambda: ask(claims({"node": NODE}), Objects(going={"nodes": NOW - 61})),
        [Code.BOUND_GONE],
    ),
    "secret kept by a finalizer beyond its end": (
        lambda: ask(
            claims({"secret": {"name": "kept", "uid": "uid-kept"}}), Objects(going={"secrets": NOW - 61})
        ),
        [Code.BOUND_GONE],
    ),
    "secret deleted": (
        lambda: ask(claims({"secret": {"name": "x", "uid": "u"}})),
        [Code.BOUND_GONE],
    ),
    "another key": (
        lambda: ask(None, token=signed(claims(), "RS256", rsa_key(2048, 1))),
        [Code.SIGNATURE, JwsCode.SIGNATURE],
    ),
    "an unknown key id": (
        lambda: ask(None, token=KEYS.token(claims(), "RS256", "unknown_kid")),
        [Code.SIGNATURE, JwsCode.KEY_UNKNOWN],
    ),
    "alg none": (
        lambda: ask(None, token=compact({"alg": "none"}, claims(), lambda _: b"")),
        [Code.SIGNATURE, JwsCode.ALGORITHM],
    ),
    "HMAC with the public key": (
        lambda: ask(None, token=KEYS.token(claims(), "HS256", "hmac_with_public_key")),
        [Code.SIGNATURE, JwsCode.ALGORITHM],
    ),
    "a critical header": (
        lambda: ask(None, token=signed(claims(), "RS256", crit=["b64"])),
        [Code.MALFORMED],
    ),
}


@pytest.mark.parametrize(("ask_", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_token_that_does_not_hold_is_denied_for_its_reason(ask_: Ask, expected: list[str]) -> None:
    found = ask_()
    assert found.outcome is Outcome.DENY
    assert found.value is None
    assert codes(found) == expected


HOLDS: dict[str, tuple[dict[str, Any], Objects]] = {
    "expired within the leeway": (claims(exp=NOW - 60), Objects()),
    "begins within the leeway": (claims(nbf=NOW + 60, iat=NOW + 60), Objects()),
    "the node of a pod is gone": (claims(BOUND), Objects().without("nodes")),
    "the account is to go within the leeway": (claims(), Objects(going={"serviceaccounts": NOW - 60})),
    "the pod is given time to end": (claims(BOUND), Objects(going={"pods": NOW + 30})),
    "the node of a pod is to go": (claims(BOUND), Objects(going={"nodes": NOW - 61})),
    "one audience of several": (claims(aud=["vault", API]), Objects()),
    "a single audience as text": (claims(aud=API), Objects()),
}


@pytest.mark.parametrize(("told", "facts"), HOLDS.values(), ids=HOLDS.keys())
def test_a_token_holds_up_to_the_boundary(told: dict[str, Any], facts: Objects) -> None:
    assert user(ask(told, facts)).audiences == (API,)


def test_a_review_may_ask_for_other_audiences() -> None:
    assert user(ask(claims(aud=["vault", API]), None, ("vault", "x"))).audiences == ("vault",)


def test_a_token_of_extended_life_is_stale_after_its_first_hour() -> None:
    at_the_edge, later = (ask(claims({"warnafter": NOW - seconds})) for seconds in (0, 1))
    assert user(at_the_edge).stale_since is None
    assert user(later).stale_since == Instant.from_epoch(NOW - 1)
    assert codes(later) == [Code.ACCEPTED, Code.STALE]


def test_refusals_say_how_to_get_a_token_that_holds() -> None:
    own = (("namespace", "billing"), ("name", "ledger"))
    (fix,) = ask(claims(exp=NOW - 61)).repairs
    assert (fix.code, fix.facts) == (ServiceAccountFix.NEW_TOKEN, own)
    (fix,) = ask(claims(aud=["vault"])).repairs
    assert (fix.code, fix.facts) == (ServiceAccountFix.FOR_AUDIENCE, (*own, ("audience", API)))


TWICE = b'{"iss":"a","iss":"b"}'
OTHERS = {
    "of another cluster": (signed(claims(iss=f"{ISSUER}0"), "RS256"), f"{ISSUER}0"),
    "a slash at the end": (signed(claims(iss=f"{ISSUER}/"), "RS256"), f"{ISSUER}/"),
    "no issuer": (signed(claims(iss=None), "RS256"), ""),
    "an issuer that is a number": (signed(claims(iss=1), "RS256"), ""),
    "claims that are a list": (signed([1], "RS256"), ""),
    "an IAM token": ("k8s-aws-v1.aHR0cHM", None),
    "not base64": ("a.*.c", None),
    "not JSON": (f"a.{encoded(b'x')}.c", None),
    "not UTF-8": (f"a.{encoded(bytes([0xFF, 0xFE]))}.c", None),
    "a claim twice": (f"a.{encoded(TWICE)}.c", None),
    "nested": (signed(claims(), "RS256") + ".x.y", None),
    "too long": (f"a.{'A' * 65_536}.c", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("token", "issuer"), OTHERS.values(), ids=OTHERS.keys())
def test_tokens_of_others_are_nobodys_business_here(token: str, issuer: str | None) -> None:
    assert issuer_of(token) == issuer
    found = authenticate(token, SERVER, Objects(), Instant.from_epoch(NOW))
    assert (found.outcome, codes(found)) == (Outcome.NO_OPINION, [Code.ISSUER])


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no private claims": ({**claims(), "kubernetes.io": None}, "/claims/kubernetes.io"),
    "private claims of text": ({**claims(), "kubernetes.io": "x"}, "/claims/kubernetes.io"),
    "no namespace": (claims({"namespace": 1}), "/claims/kubernetes.io/namespace"),
    "no account": (claims({"serviceaccount": None}), "/claims/kubernetes.io/serviceaccount"),
    "account without uid": (
        claims({"serviceaccount": {"name": "x"}}),
        "/claims/kubernetes.io/serviceaccount",
    ),
    "account without name": (
        claims({"serviceaccount": {"name": "", "uid": "u"}}),
        "/claims/kubernetes.io/serviceaccount",
    ),
    "uid of a number": (
        claims({"pod": {"name": "x", "uid": 1}}),
        "/claims/kubernetes.io/pod/uid",
    ),
    "pod of text": (claims({"pod": "x"}), "/claims/kubernetes.io/pod"),
    "audience of a number": (claims(aud=[1]), "/claims/aud"),
    "audience of an object": (claims(aud={}), "/claims/aud"),
    "no expiry": (claims(exp=None), "/claims/exp"),
    "expiry of text": (claims(exp="1"), "/claims/exp"),
    "expiry that is true": (claims(exp=True), "/claims/exp"),
    "expiry out of reach": (claims(exp=1e30), "/claims/exp"),
    "no issue": (claims(iat=None), "/claims/iat"),
    "warning of text": (claims({"warnafter": "x"}), "/claims/kubernetes.io/warnafter"),
}


@pytest.mark.parametrize(("told", "place"), MALFORMED.values(), ids=MALFORMED.keys())
def test_signed_nonsense_is_named(told: dict[str, Any], place: str) -> None:
    found = ask(told)
    assert (found.outcome, codes(found)) == (Outcome.DENY, [Code.CLAIMS])
    assert found.decisive[0].at.pointer == place
    with pytest.raises(SekishoInputError):
        parse_claims(told)


def moment(seconds: int) -> Instant:
    return Instant.from_epoch(NOW + seconds)


WRITTEN = ServiceAccountClaims(
    issuer=ISSUER,
    audiences=(API, "vault"),
    issued=moment(0),
    not_before=moment(0),
    expires=moment(7_776_000),
    token_id="t-1",
    namespace="billing",
    account=ObjectClaim("ledger", "uid-ledger"),
    pod=ObjectClaim("web-0", "uid-web"),
    node=ObjectClaim("node-1"),
    warn_after=moment(3607),
)


def test_claims_are_written_as_kube_apiserver_writes_them() -> None:
    assert json.dumps(claims_to_json(WRITTEN), separators=(",", ":")) == (
        f'{{"aud":["{API}","vault"],"exp":1907776000,"iat":1900000000,"iss":"{ISSUER}","jti":"t-1",'
        '"kubernetes.io":{"namespace":"billing","node":{"name":"node-1"},'
        '"pod":{"name":"web-0","uid":"uid-web"},'
        '"serviceaccount":{"name":"ledger","uid":"uid-ledger"},"warnafter":1900003607},'
        '"nbf":1900000000,"sub":"system:serviceaccount:billing:ledger"}'
    )


def test_claims_are_read_as_they_were_written() -> None:
    assert parse_claims(claims_to_json(WRITTEN)) == WRITTEN
    plain = parse_claims(claims(jti=7))
    assert (plain.token_id, plain.pod, plain.node, plain.secret, plain.warn_after) == (
        "",
        None,
        None,
        None,
        None,
    )
    assert parse_claims(claims_to_json(plain)) == plain
