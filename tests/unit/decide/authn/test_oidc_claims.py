"""The claims of an id token and the user they make: each rule with both sides of its boundary.

Sources: Kubernetes, "Authenticating", section "OpenID Connect Tokens"; OpenID Connect Core 1.0.
"""

from typing import Any

import pytest

from sekisho.decide.authn.oidc.code import OidcClaim, OidcCode
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import KubeUser
from support.oidc_build import EPOCH, claims, configured, decided, entry

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
