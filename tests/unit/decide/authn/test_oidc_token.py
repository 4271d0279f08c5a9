"""Id tokens: each check with both sides of its boundary, in the order they are made.

Sources: Kubernetes, "Authenticating", section "OpenID Connect Tokens"; OpenID Connect Core 1.0.
"""

import json
from typing import Any

import pytest

from sekisho.decide.authn.oidc.authenticate import (
    ClaimFault,
    ClaimQuestion,
    KeysFault,
    KeysQuestion,
    conclude,
    plan,
    plan_claim,
)
from sekisho.decide.authn.oidc.code import OidcClaim, OidcCode, OidcFix, OidcNear
from sekisho.decide.authn.oidc.model import GOOGLE, GOOGLE_BARE, OidcConfiguration
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.proof.jws_code import JwsCode
from sekisho.decide.values import KubeUser
from support.jwt import compact, encoded, signed
from support.oidc_build import EPOCH, ISSUER, NOW, claims, configured, decided, entry, keys, token

RULE = {"expression": "claims.x == 'x'", "message": "x is missing"}
EMAIL = {"username": {"claim": "email", "prefix": ""}}


def body(text: str) -> str:
    return f"e30.{encoded(text.encode())}.eA"


FOREIGN = {
    "no token": ("x", OidcCode.NOT_A_JWT),
    "an IAM token": ("k8s-aws-v1.aGk", OidcCode.NOT_A_JWT),
    "JSON": ('{"payload": "x.y.z"}', OidcCode.NOT_A_JWT),
    "JSON behind a space": (' {"payload": "x.y.z"}', OidcCode.NOT_A_JWT),
    "no base64": ("a.!.c", OidcCode.NOT_A_JWT),
    "no JSON inside": (body("x"), OidcCode.NOT_A_JWT),
    "the issuer twice": (body(f'{{"iss": "{ISSUER}", "iss": "{ISSUER}"}}'), OidcCode.NOT_A_JWT),
    "a megabyte": ("a" * 1_048_576, OidcCode.NOT_A_JWT),
    "a megabyte of claims": (body("{" + " " * 1_048_576 + "}"), OidcCode.NOT_A_JWT),
    "no issuer": (body("{}"), OidcCode.ISSUER),
    "a list of issuers": (body(f'{{"iss": ["{ISSUER}"]}}'), OidcCode.ISSUER),
    "another issuer": (body('{"iss": "https://other.example"}'), OidcCode.ISSUER),
}


@pytest.mark.parametrize(("text", "code"), FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_no_token_of_a_configured_issuer_is_nobodys(text: str, code: OidcCode) -> None:
    found = plan(text, configured(), NOW)
    assert isinstance(found, Decision)
    assert found.outcome is Outcome.NO_OPINION
    assert [step.code for step in found.decisive] == [code]


NEARLY = {
    f"{ISSUER}/": "the slash at the end",
    ISSUER.upper(): "upper and lower case",
    ISSUER.replace("https", "http"): "the scheme",
}


@pytest.mark.parametrize("issuer", NEARLY)
def test_an_issuer_that_is_all_but_configured_is_named(issuer: str) -> None:
    found = decided(claims(iss=issuer))
    (near,) = found.nearest
    assert near.code is OidcNear.ISSUER
    assert dict(near.facts)["difference"] == NEARLY[issuer]
    assert dict(near.facts)["setting"] == "jwt[0].issuer.url"
    assert found.repairs == ()


def test_an_issuer_that_nobody_named_could_be_added() -> None:
    found = decided(claims(iss="https://other.example"))
    assert [repair.code for repair in found.repairs] == [OidcFix.ADD_ISSUER]
    assert found.nearest == ()
    nobody = plan(token(claims(iss="x")), OidcConfiguration(), NOW)
    assert isinstance(nobody, Decision)
    assert nobody.repairs == ()
    assert "configured are none" in nobody.sentence()


def test_of_many_issuers_a_few_are_listed() -> None:
    entries = [entry(issuer={"url": f"https://n{number}.example"}) for number in range(11)]
    found = decided(claims(), configured(*entries))
    assert found.sentence().endswith("https://n9.example, ...")


def test_google_has_two_names() -> None:
    google = configured(entry(issuer={"url": GOOGLE}))
    assert decided(claims(iss=GOOGLE_BARE), google).allowed
    assert decided(claims(iss=GOOGLE), google).allowed
    bare = decided(claims(iss=GOOGLE_BARE))
    assert bare.outcome is Outcome.NO_OPINION


MALFORMED = {
    "a header that is none": f"e30.{token().split('.')[1]}.eA",
    "padding": token().replace(".", "=.", 1),
    "a demand": token(crit=["exp"]),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_token_of_our_issuer_that_cannot_be_read_is_refused(text: str) -> None:
    found = plan(text, configured(), NOW)
    assert isinstance(found, Decision)
    assert [step.code for step in found.decisive] == [OidcCode.MALFORMED]


@pytest.mark.parametrize("algorithm", ["none", "HS256", "None", ""])
def test_an_algorithm_that_is_not_listed_is_refused_before_anybody_is_asked(algorithm: str) -> None:
    found = plan(compact({"alg": algorithm}, claims(), lambda _: b"x"), configured(), NOW)
    assert isinstance(found, Decision)
    assert [step.code for step in found.decisive] == [OidcCode.ALGORITHM]
    assert found.repairs == ()


def asked(text: str, configuration: OidcConfiguration | None = None) -> KeysQuestion:
    found = plan(text, configuration or configured(), NOW)
    assert isinstance(found, KeysQuestion)
    return found


def test_keys_that_cannot_be_had_leave_it_open() -> None:
    for fault, code in (
        (KeysFault("no connection"), OidcCode.KEYS_UNAVAILABLE),
        (KeysFault("status 503", is_discovery=True), OidcCode.NOT_READY),
    ):
        found = decided(claims(), answer=fault)
        assert found.outcome is Outcome.UNKNOWN
        assert [step.code for step in found.decisive] == [code]
        assert fault.problem in found.sentence()


def test_a_signature_of_another_key_is_refused_with_what_was_published() -> None:
    found = conclude(asked(token(kid="other")), keys())
    assert isinstance(found, Decision)
    assert [step.code for step in found.decisive] == [OidcCode.SIGNATURE, JwsCode.KEY_UNKNOWN]


def test_a_token_that_names_no_key_is_held_against_all() -> None:
    text = signed(claims(), "RS256", kid="")
    assert asked(text).key_id == ""
    found = conclude(asked(text), keys("a", "b"))
    assert isinstance(found, Decision)
    assert found.allowed


def test_a_key_of_one_issuer_does_not_open_another() -> None:
    two = configured(entry(), entry(issuer={"url": "https://two.example"}))
    question = asked(token(claims(iss="https://two.example")), two)
    assert question.issuer == "https://two.example"
    found = conclude(question, ())
    assert isinstance(found, Decision)
    assert not found.allowed


GROUPS = configured(entry({"groups": {"claim": "g", "prefix": "o:"}}))
ELSEWHERE = {
    "_claim_names": {"g": "s"},
    "_claim_sources": {"s": {"endpoint": "https://claims.example/g", "access_token": "at-1"}},
}


def claim_asked(told: dict[str, Any]) -> ClaimQuestion | Decision[KubeUser]:
    return conclude(asked(token(claims(**told)), GROUPS), keys())


def test_groups_that_lie_elsewhere_are_fetched_and_verified() -> None:
    question = claim_asked(ELSEWHERE)
    assert isinstance(question, ClaimQuestion)
    assert question.endpoint == "https://claims.example/g"
    assert question.access_token is not None
    assert question.access_token.matches("at-1")
    assert "at-1" not in repr(question)
    told = claims(iss="https://claims.example", g=["a"])
    second = plan_claim(question, f" {token(told)}\n", NOW)
    assert isinstance(second, KeysQuestion)
    assert second.issuer == "https://claims.example"
    found = conclude(second, keys(), explain=True)
    assert isinstance(found, Decision)
    assert found.value == KubeUser("mira", ("o:a",))
    used = {dict(step.facts)["claim"] for step in found.trace if step.code is OidcClaim.USED}
    assert used == {"sub", "_claim_names", "_claim_sources"}


NO_QUESTION: dict[str, dict[str, Any]] = {
    "the claim is here": {**ELSEWHERE, "g": ["b"]},
    "an aggregated claim": {**ELSEWHERE, "_claim_sources": {"s": {"JWT": "a.b.c"}}},
    "another claim": {**ELSEWHERE, "_claim_names": {"other": "s"}},
    "nothing": {},
}


@pytest.mark.parametrize("told", NO_QUESTION.values(), ids=NO_QUESTION.keys())
def test_nobody_is_asked_for_what_is_not_needed(told: dict[str, Any]) -> None:
    found = claim_asked(told)
    assert isinstance(found, Decision)
    assert found.allowed
    plain = conclude(asked(token(claims(**told))), keys())
    assert isinstance(plain, Decision)


@pytest.mark.parametrize("case", ["another claim", "the claim is here"])
def test_a_source_that_is_not_asked_is_not_told_to_be_used(case: str) -> None:
    found = conclude(asked(token(claims(**NO_QUESTION[case])), GROUPS), keys(), explain=True)
    assert isinstance(found, Decision)
    used = {dict(step.facts)["claim"] for step in found.trace if step.code is OidcClaim.USED}
    assert used.isdisjoint({"_claim_names", "_claim_sources"})


def test_a_source_without_a_token_is_asked_without() -> None:
    question = claim_asked({**ELSEWHERE, "_claim_sources": {"s": {"endpoint": "https://c.example"}}})
    assert isinstance(question, ClaimQuestion)
    assert question.access_token is None


NO_CLAIM: dict[str, Any] = {
    "the source is silent": ClaimFault("no connection"),
    "no token": "x",
    "no address for an issuer": token(claims(iss="http://claims.example")),
    "another audience": token(claims(iss="https://claims.example", aud="web", g=["a"])),
    "expired": token(claims(iss="https://claims.example", exp=1, g=["a"])),
    "not readable": f"e30.{token(claims(iss='https://claims.example')).split('.')[1]}.eA",
}


@pytest.mark.parametrize("answer", NO_CLAIM.values(), ids=NO_CLAIM.keys())
def test_an_answer_that_holds_no_claim_refuses_the_token(answer: Any) -> None:
    question = claim_asked(ELSEWHERE)
    assert isinstance(question, ClaimQuestion)
    found = plan_claim(question, answer, NOW)
    assert isinstance(found, Decision)
    assert found.outcome is Outcome.DENY
    assert [step.code for step in found.decisive] == [OidcCode.DISTRIBUTED]


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"g": ["a"]}, KeysFault("no connection")),
        ({"g": ["a"]}, ()),
        ({}, None),
    ],
    ids=["no keys", "not its key", "not in it"],
)
def test_an_answer_that_is_not_believed_refuses_the_token(told: dict[str, Any], answer: Any) -> None:
    question = claim_asked(ELSEWHERE)
    assert isinstance(question, ClaimQuestion)
    second = plan_claim(question, token(claims(iss="https://claims.example", **told)), NOW)
    assert isinstance(second, KeysQuestion)
    found = conclude(second, keys() if answer is None else answer)
    assert isinstance(found, Decision)
    assert [step.code for step in found.decisive] == [OidcCode.DISTRIBUTED]


REPAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], OidcFix, str]] = {
    "audience": ({}, {"aud": "web"}, OidcFix.ADD_AUDIENCE, "add `web` to jwt[0].issuer.audiences"),
    "expiry": ({}, {"exp": 1}, OidcFix.NEW_TOKEN, f"get a new token from {ISSUER}"),
    "beginning": ({}, {"nbf": EPOCH + 99}, OidcFix.CLOCKS, "compare the clocks"),
    "missing claim": ({}, {"sub": ...}, OidcFix.RELEASE_CLAIM, "jwt[0].claimMappings.username.claim"),
    "address": (
        {"mappings": EMAIL},
        {"email": "a@b", "email_verified": False},
        OidcFix.VERIFY_EMAIL,
        "verify",
    ),
    "rule": (
        {"claimValidationRules": [RULE]},
        {"x": "y"},
        OidcFix.CHANGE_RULE,
        "jwt[0].claimValidationRules[0]",
    ),
}


@pytest.mark.parametrize(("settings", "told", "code", "said"), REPAIRS.values(), ids=REPAIRS.keys())
def test_a_refusal_says_what_would_admit_the_token(
    settings: dict[str, Any], told: dict[str, Any], code: OidcFix, said: str
) -> None:
    found = decided(claims(**told), configured(entry(**settings)))
    assert [repair.code for repair in found.repairs] == [code]
    assert said in found.repairs[0].sentence()


def test_an_algorithm_that_could_be_listed_is_told() -> None:
    from sekisho.decide.authn.oidc.flags import OidcFlags, read_flags

    flags = read_flags(OidcFlags(ISSUER, "kube"))
    found = plan(token(algorithm="RS384"), flags, NOW)
    assert isinstance(found, Decision)
    assert [repair.code for repair in found.repairs] == [OidcFix.ALLOW_ALGORITHM]
    assert "--oidc-signing-algs" in found.sentence()
    other = plan(token(claims(iss=f"{ISSUER}/")), flags, NOW)
    assert isinstance(other, Decision)
    assert dict(other.nearest[0].facts)["setting"] == "--oidc-issuer-url"


def test_a_refusal_names_claim_value_rule_and_setting_and_never_the_token() -> None:
    rules = configured(entry(claimValidationRules=[RULE]))
    text = token(claims(x="y", secret="s3cr3t"))
    found = conclude(asked(text, rules), keys())
    assert isinstance(found, Decision)
    assert found.sentence() == (
        'jwt[0].claimValidationRules[0].expression is false for the claims (x = "y"): x is missing'
    )
    shown = json.dumps([[dict(step.facts), step.sentence()] for step in found.trace])
    assert all(part not in shown for part in text.split("."))
    assert "s3cr3t" not in shown


def test_a_long_value_is_cut() -> None:
    found = decided(claims(aud="x" * 5000))
    assert len(found.sentence()) < 400
