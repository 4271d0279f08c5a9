"""Laws of id tokens: nothing crashes the rules, and each claim ends in exactly one class."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.authn.oidc.authenticate import KeysQuestion, plan
from sekisho.decide.authn.oidc.code import OidcClaim
from sekisho.decide.authn.oidc.references import claims_read, reads_whole, selects
from sekisho.decide.cel.lexemes import escapes, lexemes
from sekisho.decide.decision import Decision, Outcome
from support.oidc_build import NOW, claims, configured, decided, entry

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "iss",
        "aud",
        "exp",
        "nbf",
        "iat",
        "sub",
        "jti",
        "nonce",
        "email",
        "email_verified",
        "g",
        "x",
        "y",
        "_claim_names",
        "_claim_sources",
    ]
)
FULL = configured(
    entry(
        {
            "username": {"claim": "email", "prefix": "p:"},
            "groups": {"expression": "claims.?g.orValue([])"},
            "extra": [{"key": "a.b/c", "valueExpression": "string(claims.?x.orValue(''))"}],
        },
        claimValidationRules=[{"expression": "!has(claims.y) || claims.y != 'no'"}],
        userValidationRules=[{"expression": "!user.username.startsWith('system:')"}],
    )
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_any_claims_are_decided_and_each_ends_in_one_class(told: dict[str, Any]) -> None:
    complete = {**claims(), "email": "a@b", **told}
    found = decided(complete, FULL, explain=True)
    if found.outcome is Outcome.NO_OPINION:
        return
    named = [dict(step.facts)["claim"] for step in found.trace if isinstance(step.code, OidcClaim)]
    assert sorted(named) == sorted(complete)
    if found.allowed:
        assert found.value is not None
        assert found.value.name.startswith("p:")
        assert len(found.value.name) > 2


@given(st.text() | st.builds(".".join, st.lists(st.text(), min_size=2, max_size=4)))
def test_no_text_crashes_the_plan(text: str) -> None:
    assert isinstance(plan(text, FULL, NOW), Decision | KeysQuestion)


@given(st.text(alphabet="claims.?[]'\"`_ab/\\\nr ", max_size=40))
def test_no_text_crashes_the_reading_of_expressions(text: str) -> None:
    assert isinstance(lexemes(text), tuple)
    assert isinstance(reads_whole(text), bool)
    assert isinstance(selects(text, "claims", "a"), bool)
    assert isinstance(escapes(text), tuple)
    named = claims_read(text)
    assert named is None or all(isinstance(name, str) for name in named)
