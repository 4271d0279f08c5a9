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
OPTIONAL = {"expression": "claims.?x.orValue('')"}
GROUPED = {"mappings": {"groups": {"claim": "g", "prefix": ""}}}
EXTRA = {"mappings": {"extra": [{"key": "a.b/c", "valueExpression": "claims.x"}]}}
EMAIL = {"username": {"claim": "email", "prefix": ""}}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], OidcCode | KubeUser]] = {
    "a good token": ({}, {}, KubeUser("mira")),
    "the audience among others": ({}, {"aud": ["web", "kube"]}, KubeUser("mira")),
    "another audience": ({}, {"aud": "web"}, OidcCode.AUDIENCE),
    "other audiences": ({}, {"aud": ["web"]}, OidcCode.AUDIENCE),
    "no audience": ({}, {"aud": ...}, OidcCode.AUDIENCE),
    "null for an audience": ({}, {"aud": None}, OidcCode.AUDIENCE),
    "a number for an audience": ({}, {"aud": 1}, OidcCode.CLAIM_TYPE),
    "a number among audiences": ({}, {"aud": ["kube", 1]}, OidcCode.CLAIM_TYPE),
    "ends now": ({}, {"exp": EPOCH}, KubeUser("mira")),
    "ended a second ago": ({}, {"exp": EPOCH - 1}, OidcCode.EXPIRED),
    "ends within this second": ({}, {"exp": EPOCH + 0.9}, KubeUser("mira")),
    "ends as text": ({}, {"exp": str(EPOCH + 60)}, KubeUser("mira")),
    "ends as text with a fraction": ({}, {"exp": f"{EPOCH + 60}.5"}, KubeUser("mira")),
    "ends never": ({}, {"exp": ...}, OidcCode.EXPIRY_MISSING),
    "ends at null": ({}, {"exp": None}, OidcCode.CLAIM_TYPE),
    "ends at true": ({}, {"exp": True}, OidcCode.CLAIM_TYPE),
    "ends at a word": ({}, {"exp": "soon"}, OidcCode.CLAIM_TYPE),
    "ends at a long number": ({}, {"exp": "1" * 41}, OidcCode.CLAIM_TYPE),
    "ends after all numbers": ({}, {"exp": 2**63}, OidcCode.CLAIM_TYPE),
    "ends before all years": ({}, {"exp": -(2**62)}, OidcCode.EXPIRED),
    "ends after all years": ({}, {"exp": 2**62}, KubeUser("mira")),
    "begins in a minute": ({}, {"nbf": EPOCH + 60}, KubeUser("mira")),
    "begins in a minute and a second": ({}, {"nbf": EPOCH + 61}, OidcCode.NOT_YET),
    "begins at null": ({}, {"nbf": None}, KubeUser("mira")),
    "begins at a word": ({}, {"nbf": "now"}, OidcCode.CLAIM_TYPE),
    "issued in the future": ({}, {"iat": EPOCH + 9999}, KubeUser("mira")),
    "issued at null": ({}, {"iat": None}, OidcCode.CLAIM_TYPE),
    "a number for a nonce": ({}, {"nonce": 1}, OidcCode.CLAIM_TYPE),
    "no user name": ({}, {"sub": ...}, OidcCode.CLAIM_MISSING),
    "null for a user name": ({}, {"sub": None}, OidcCode.USERNAME_EMPTY),
    "an empty user name": ({}, {"sub": ""}, OidcCode.USERNAME_EMPTY),
    "an empty name behind a prefix": (
        {"mappings": {"username": {"claim": "x", "prefix": "p:"}}}, {"x": ""}, OidcCode.USERNAME_EMPTY
    ),
    "a prefix": ({"mappings": {"username": {"claim": "sub", "prefix": "p:"}}}, {}, KubeUser("p:mira")),
    "a number for a user name": (
        {"mappings": {"username": {"claim": "x", "prefix": ""}}}, {"x": 1}, OidcCode.CLAIM_TYPE
    ),
    "a name by expression": (
        {"mappings": {"username": {"expression": "'p:' + claims.x"}}}, {"x": "a"}, KubeUser("p:a")
    ),
    "no name by expression": ({"mappings": {"username": OPTIONAL}}, {}, OidcCode.USERNAME_EMPTY),
    "a number by expression": ({"mappings": {"username": OPTIONAL}}, {"x": 1}, OidcCode.EXPRESSION_TYPE),
    "an expression without its claim": (
        {"mappings": {"username": {"expression": "claims.x"}}}, {}, OidcCode.EXPRESSION
    ),
    "a verified address": ({"mappings": EMAIL}, {"email": "a@b", "email_verified": True}, KubeUser("a@b")),
    "an address of unknown standing": ({"mappings": EMAIL}, {"email": "a@b"}, KubeUser("a@b")),
    "an address not verified": (
        {"mappings": EMAIL}, {"email": "a@b", "email_verified": False}, OidcCode.EMAIL_UNVERIFIED
    ),
    "an address verified by a word": (
        {"mappings": EMAIL}, {"email": "a@b", "email_verified": "true"}, OidcCode.CLAIM_TYPE
    ),
    "an address verified by null": (
        {"mappings": EMAIL}, {"email": "a@b", "email_verified": None}, OidcCode.CLAIM_TYPE
    ),
    "groups": ({"mappings": {"groups": {"claim": "g", "prefix": "o:"}}}, {"g": ["a", "b"]},
               KubeUser("mira", ("o:a", "o:b"))),
    "one group": (GROUPED, {"g": "a"}, KubeUser("mira", ("a",))),
    "no groups": (GROUPED, {}, KubeUser("mira")),
    "null for groups": (GROUPED, {"g": None}, KubeUser("mira")),
    "a number for groups": (
        GROUPED, {"g": 1}, OidcCode.CLAIM_TYPE
    ),
    "a number among groups": (
        GROUPED, {"g": ["a", 1]}, OidcCode.CLAIM_TYPE
    ),
    "groups by expression": (
        {"mappings": {"groups": {"expression": "claims.g"}}}, {"g": ["", "a"]}, KubeUser("mira", ("a",))
    ),
    "one group by expression": (
        {"mappings": {"groups": {"expression": "claims.g"}}}, {"g": "a"}, KubeUser("mira", ("a",))
    ),
    "no group by expression": (
        {"mappings": {"groups": {"expression": "claims.g"}}}, {"g": ""}, KubeUser("mira")
    ),
    "null groups by expression": (
        {"mappings": {"groups": {"expression": "claims.g"}}}, {"g": None}, KubeUser("mira")
    ),
    "a number for groups by expression": (
        {"mappings": {"groups": {"expression": "claims.g"}}}, {"g": 1}, OidcCode.EXPRESSION_TYPE
    ),
    "a uid": ({"mappings": {"uid": {"claim": "u"}}}, {"u": "7"}, KubeUser("mira", (), "7")),
    "no uid": ({"mappings": {"uid": {"claim": "u"}}}, {}, OidcCode.CLAIM_MISSING),
    "a uid by expression": ({"mappings": {"uid": {"expression": "claims.u"}}}, {"u": "7"},
                            KubeUser("mira", (), "7")),
    "an id of the token": ({}, {"jti": "t"}, KubeUser("mira", (), "", ((
        "authentication.kubernetes.io/credential-id", ("JTI=t",)),))),
    "an id that is a number": ({}, {"jti": 1}, KubeUser("mira")),
    "extra": (
        EXTRA, {"x": ["v"]},
        KubeUser("mira", (), "", (("a.b/c", ("v",)),)),
    ),
    "empty extra": (
        EXTRA, {"x": ""}, KubeUser("mira")
    ),
    "a required value": (
        {"claimValidationRules": [{"claim": "x", "requiredValue": "v"}]}, {"x": "v"}, KubeUser("mira")
    ),
    "another value": (
        {"claimValidationRules": [{"claim": "x", "requiredValue": "v"}]}, {"x": "w"}, OidcCode.REQUIRED_VALUE
    ),
    "no required value": (
        {"claimValidationRules": [{"claim": "x", "requiredValue": "v"}]}, {}, OidcCode.REQUIRED_MISSING
    ),
    "null for an empty value": ({"claimValidationRules": [{"claim": "x"}]}, {"x": None}, KubeUser("mira")),
    "a number for a required value": (
        {"claimValidationRules": [{"claim": "x", "requiredValue": "1"}]}, {"x": 1}, OidcCode.CLAIM_TYPE
    ),
    "a rule that holds": ({"claimValidationRules": [RULE]}, {"x": "x"}, KubeUser("mira")),
    "a rule that does not": ({"claimValidationRules": [RULE]}, {"x": "y"}, OidcCode.CLAIM_RULE),
    "a rule without its claim": ({"claimValidationRules": [RULE]}, {}, OidcCode.EXPRESSION),
    "a rule over any claim": (
        {"claimValidationRules": [{"expression": "claims[claims.x] == 'y'"}]},
        {"x": "sub"},
        OidcCode.CLAIM_RULE,
    ),
    "a rule for users that holds": (
        {"userValidationRules": [{"expression": "user.username == 'mira'"}]}, {}, KubeUser("mira")
    ),
    "a rule for users that does not": (
        {"userValidationRules": [{"expression": "user.username == 'x'"}]}, {}, OidcCode.USER_RULE
    ),
    "a rule for users that fails": (
        {"userValidationRules": [{"expression": "user.groups[0] == 'x'"}]}, {}, OidcCode.EXPRESSION
    ),
    "a source that is not there": ({}, {"_claim_names": {"g": "s"}}, OidcCode.CLAIM_SOURCE),
    "a source without a name": (
        {}, {"_claim_names": {"g": ""}, "_claim_sources": {"": {}}}, OidcCode.CLAIM_SOURCE
    ),
    "names that are none": ({}, {"_claim_names": ["g"]}, OidcCode.CLAIM_TYPE),
    "names that are numbers": ({}, {"_claim_names": {"g": 1}}, OidcCode.CLAIM_TYPE),
    "sources that are none": ({}, {"_claim_sources": ["s"]}, OidcCode.CLAIM_TYPE),
    "a source that is text": ({}, {"_claim_sources": {"s": "t"}}, OidcCode.CLAIM_TYPE),
    "a token that is a number": ({}, {"_claim_sources": {"s": {"access_token": 1}}}, OidcCode.CLAIM_TYPE),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "told", "wanted"), CASES.values(), ids=CASES.keys())
def test_claims(settings: dict[str, Any], told: dict[str, Any], wanted: OidcCode | KubeUser) -> None:
    found = decided(claims(**told), configured(entry(**settings)))
    if isinstance(wanted, KubeUser):
        assert found.value == wanted
        assert [step.code for step in found.decisive] == [OidcCode.AUTHENTICATED]
    else:
        assert found.outcome is Outcome.DENY
        assert [step.code for step in found.decisive] == [wanted]


def test_every_check_has_a_case() -> None:
    elsewhere = {OidcCode.NOT_A_JWT, OidcCode.ISSUER, OidcCode.MALFORMED, OidcCode.ALGORITHM}
    elsewhere |= {OidcCode.NOT_READY, OidcCode.KEYS_UNAVAILABLE, OidcCode.SIGNATURE, OidcCode.DISTRIBUTED}
    here = {wanted for _, _, wanted in CASES.values() if isinstance(wanted, OidcCode)}
    assert set(OidcCode) == here | elsewhere | {OidcCode.AUTHENTICATED}


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


def classes(found: Decision[KubeUser]) -> dict[str, list[OidcClaim]]:
    told: dict[str, list[OidcClaim]] = {}
    for step in found.trace:
        if isinstance(step.code, OidcClaim):
            told.setdefault(dict(step.facts)["claim"], []).append(step.code)
    return told


def test_each_claim_is_used_checked_or_ignored() -> None:
    mappings = {
        "username": {"expression": "claims.name"},
        "groups": {"claim": "g", "prefix": ""},
        "uid": {"claim": "u"},
        "extra": [{"key": "a.b/c", "valueExpression": "claims.x"}],
    }
    rules = [{"claim": "tenant", "requiredValue": "t"}, {"expression": "claims.mfa == true"}]
    settings = configured(entry(mappings, claimValidationRules=rules))
    told = claims(name="n", g=[], u="1", x="v", tenant="t", mfa=True, nbf=EPOCH, iat=EPOCH, jti="j", other=1)
    found = classes(decided(told, settings, explain=True))
    used, checked, ignored = [OidcClaim.USED], [OidcClaim.CHECKED], [OidcClaim.IGNORED]
    assert found == {
        **dict.fromkeys(("iss", "aud", "exp", "tenant", "mfa", "nbf"), checked),
        **dict.fromkeys(("name", "g", "u", "x", "jti"), used),
        **dict.fromkeys(("sub", "iat", "other"), ignored),
    }


def test_an_address_is_used_and_its_standing_checked() -> None:
    told = claims(email="a@b", email_verified=True)
    found = classes(decided(told, configured(entry(EMAIL)), explain=True))
    assert found["email"] == [OidcClaim.USED]
    assert found["email_verified"] == [OidcClaim.CHECKED]
    plain = classes(decided(told, explain=True))
    assert plain["email_verified"] == [OidcClaim.IGNORED]


def test_an_expression_that_works_names_out_may_read_any_claim() -> None:
    rules = [{"expression": "claims[claims.x] == 'mira'"}]
    found = classes(
        decided(claims(x="sub", y=1), configured(entry(claimValidationRules=rules)), explain=True)
    )
    assert found["y"] == [OidcClaim.CHECKED]
    assert found["sub"] == [OidcClaim.USED]


def test_claims_are_told_only_where_somebody_looks() -> None:
    assert classes(decided(claims())) == {}
    assert classes(decided(claims(aud="web"))) != {}
